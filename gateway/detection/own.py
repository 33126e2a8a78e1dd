"""A row's own identifiers, found again in its free text: names in any form, numbers in any grouping."""

# ruff: noqa: RUF001 -- Ukrainian words

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from gateway.detection.folding import fold, tidy
from gateway.detection.inflection import Forms, forms_of
from gateway.detection.near import SHORTEST, is_near
from gateway.detection.spans import Rank, Span

_SEPARATORS = " \n\t-./()_:,'"
_DROP = str.maketrans("", "", _SEPARATORS)
_RUN = re.compile(r"\+?[ (]{0,2}[0-9](?:[ \n\t().\-/]{0,4}[0-9])*")
_NO_DIGIT = re.compile("[^0-9]")
_LETTERS = re.compile(r"[^\W\d_]+")
_TAIL = 7  # digits by which a phone number is known, whatever stands before them
_BLANKS = (1, 2, 3)  # characters between the words of a street
_FEWEST_DIGITS = 5
_GLUED = 6  # a number of so many characters is found inside a longer one, too
_BESIDE = (1, 2)  # characters between the parts of a name
NAMES = frozenset({"given_name", "family_name", "full_name"})
_DATES = re.compile(r"[0-9]{1,4}[./\- ]{1,2}[0-9]{1,2}[./\- ]{1,2}[0-9]{1,4}")
_COMMON_LOCALS = frozenset(
    {"info", "mail", "email", "sales", "office", "admin", "contact", "hello", "posti", "webshop"}
)
_STREET_TEXT = """street st road rd avenue ave lane drive close court way place gardens square utca ut utja ter korut
    koz вул вулиця вулиці вулицею просп проспект проспекту бул бульвар пров провулок площа пл буд кв м tie katu kuja as
    asunto apt flat em emelet ajto fszt hsz"""
_STREET_WORDS = frozenset(fold(word) for word in _STREET_TEXT.split())
_HOUSE = re.compile(r"(?:[ ,.]{1,2}(?:[^\W\d_]{1,8}\.?[ ,]{1,2})?[0-9]{1,4}(?:[ /\-]?[a-zа-яіїє](?![^\W\d_]))?)?")


def own_spans(folded: str, identifiers: Mapping[str, str | None], text: str | None = None) -> list[Span]:
    """Return where a row's identifiers, by category, stand in its folded text.

    With the ``text`` itself at hand, its capitals tell where a name may be meant that has a slip in it.
    """
    found: list[Span] = []
    near: list[tuple[str, str]] = []
    for category, value in identifiers.items():
        wanted = fold(tidy(value)).strip() if value is not None else ""
        if wanted:  # tidied first: invisible characters alone are nothing to look for
            places = _FINDERS.get(category, _code)(folded, wanted)
            found += [Span(start, end, category, Rank.OWN) for start, end in places]
            if text is not None and not places and category in NAMES:
                near.append((category, wanted))
    return found + _slips(folded, text, near, found) if near and text is not None else found


def _slips(folded: str, text: str, wanted: list[tuple[str, str]], found: list[Span]) -> list[Span]:
    taken = [(span.start, span.end) for span in found]
    spans: list[Span] = []
    for word in _LETTERS.finditer(folded):
        start, end = word.span()
        if end - start < SHORTEST or any(low < end and start < high for low, high in taken):
            continue
        beside = text[start].isupper() or any(start - high in _BESIDE or low - end in _BESIDE for low, high in taken)
        spans += [
            Span(start, end, category, Rank.OWN)
            for category, name in wanted
            if is_near(word.group(), name, beside=beside)
        ]
    return spans


Places = list[tuple[int, int]]


@lru_cache(maxsize=65_536)
def _name_words(name: str) -> tuple[Forms, ...]:
    words = dict.fromkeys([*_LETTERS.findall(name), *_LETTERS.findall(name.replace("'", "").replace("-", ""))])
    return tuple(forms for word in words if len(word) > 1 for forms in forms_of(word))


def _names(folded: str, name: str) -> Places:
    return [place for forms in _name_words(name) for place in _words(folded, forms)]


def _words(folded: str, forms: Forms) -> Places:
    places: Places = []
    at = folded.find(forms.prefix)
    while at >= 0:
        if at and folded[at - 1].isalpha():
            at = folded.find(forms.prefix, at + 1)
            continue
        word = _LETTERS.match(folded, at)
        end = word.end() if word is not None else at + 1
        if forms.holds(folded[at:end]):
            places.append((at, end))
        at = folded.find(forms.prefix, end)
    return places


def _address(folded: str, address: str) -> Places:
    """The street's own words as one phrase, with the house number that follows."""
    words = [word for word in _LETTERS.findall(address.partition(",")[0]) if len(word) > 2]  # noqa: PLR2004 -- letters
    words = [word for word in words if word not in _STREET_WORDS] or words
    places = _code(folded, address) if len(address) >= _GLUED else []
    if not words:
        return places
    starts = _names(folded, words[0])
    for word in words[1:]:
        following = dict(_names(folded, word))
        starts = [(low, following[high + gap]) for low, high in starts for gap in _BLANKS if high + gap in following]
    for low, high in starts:
        house = _HOUSE.match(folded, high)
        end = house.end() if house is not None else high
        # One short word is a street only beside its number: a High Street's customer may write of high prices.
        if len(words) > 1 or len(words[0]) > 4 or end > high:  # noqa: PLR2004 -- letters
            places.append((low, end))
    return places


def _email(folded: str, email: str) -> Places:
    places = _exact(folded, email)
    local = email.partition("@")[0]
    if len(local) > 3 and local not in _COMMON_LOCALS:  # noqa: PLR2004 -- shorter ones are words
        places += [(low, high) for low, high in _exact(folded, local) if _apart(folded, low, high)]
    return places


def _exact(folded: str, value: str) -> Places:
    places: Places = []
    if not value:  # nothing stands everywhere: the search would never end
        return places
    at = folded.find(value)
    while at >= 0:
        places.append((at, at + len(value)))
        at = folded.find(value, at + len(value))
    return places


def _phone(folded: str, phone: str) -> Places:
    digits = "".join(re.findall("[0-9]", phone))
    if len(digits) < _FEWEST_DIGITS:
        return _code(folded, phone)
    significant = digits.lstrip("0")
    tail = significant[-_TAIL:] if len(significant) > _TAIL + 1 else significant[-(_TAIL - 1) :]
    return [run.span() for run in _RUN.finditer(folded) if tail in _NO_DIGIT.sub("", run.group())]


def _code(folded: str, value: str) -> Places:
    """Letters and digits in order, whatever separators stand between them."""
    code = value.translate(_DROP)
    if not code:
        return []
    if len(code) < 4:  # noqa: PLR2004 -- too short to be looked for across separators
        return [(low, high) for low, high in _exact(folded, value) if _apart(folded, low, high)]
    bare = _bare(folded)
    if code not in bare:
        return []
    kept = [place for place, character in enumerate(folded) if character not in _SEPARATORS]
    found = [(kept[low], kept[high - 1] + 1) for low, high in _exact(bare, code)]
    return [(low, high) for low, high in found if len(code) >= _GLUED or _apart(folded, low, high)]


@lru_cache(maxsize=4)
def _bare(folded: str) -> str:
    """The text without separators, kept for the next of the row's identifiers."""
    return folded.translate(_DROP)


def _apart(folded: str, low: int, high: int) -> bool:
    """Tell whether the text does not run on, letter to letter or digit to digit, at either end."""
    before = folded[low - 1 : low] + folded[low]
    after = folded[high - 1] + folded[high : high + 1]
    return not any(len(pair) == 2 and (pair.isalpha() or pair.isdigit()) for pair in (before, after))  # noqa: PLR2004 -- a pair


def _date(folded: str, date: str) -> Places:
    """The same day in any order of its numbers."""
    wanted = sorted(int(part) for part in re.findall("[0-9]+", date)[:3])
    found = [(match.start(), match.end()) for match in _DATES.finditer(folded)]
    return _code(folded, date) + [
        (low, high) for low, high in found if sorted(int(p) for p in re.findall("[0-9]+", folded[low:high])) == wanted
    ]


Finder = Callable[[str, str], Places]
_FINDERS: dict[str, Finder] = {
    "given_name": _names,
    "family_name": _names,
    "full_name": _names,
    "city": _names,
    "street_address": _address,
    "address": _address,
    "email": _email,
    "phone": _phone,
    "birth_date": _date,
}


def row_of(own: Mapping[str, Sequence[str | None]], row: int) -> dict[str, str | None]:
    """Return one row of the identifier columns."""
    return {category: values[row] for category, values in own.items()}
