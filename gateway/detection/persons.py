"""Other people's names in a text, by rules: known names and name-like words under a capital, titles and cues.

A capital alone is never enough, and a name that is also a word needs a second sign. The work grows with the text's
length only.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.detection.names import KnownNames, Lexicon, Role, lexicon
from gateway.detection.spans import Rank, Span

PERSON = "person"
LANGUAGES = ("fi", "hu", "uk", "en")
_TOKEN = re.compile(r"([^\W\d_]+(?:['’ʼ‘`\-‑][^\W\d_]+)*)")  # noqa: RUF001 -- apostrophes that people type
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_ENDS = ".!?:;\n•"
_END = re.compile(f"[{_ENDS}]")
_OPENS = '«„"“'
_ARTICLES = {"en": frozenset({"the", "a", "an", "our", "this", "these", "those"}), "hu": frozenset({"a", "az", "egy"})}
_FROM = frozenset({"from", "in", "at"})
_MOST = 4  # words of a name
_SHORT = 3
_LOWEST = 4  # letters of a name that stands alone in lower case
_NAMED = Role.KNOWN | Role.LIKE
_OPEN = Role.STOP | Role.COMPANY | Role.TITLE | Role.AFTER


class _Token(NamedTuple):
    """A tuple, since there are millions: a frozen dataclass takes three times as long to make."""

    start: int
    end: int
    word: str
    role: int
    capital: bool
    first: bool  # of a sentence, so that its capital says nothing
    gap: str  # what stands before it


def person_spans(text: str, folded: str, language: str | None, names: KnownNames | None = None) -> list[Span]:
    """Return the names of people that the rules find in a text; ``folded`` is the same text, folded."""
    return Reading(text, folded, language, names).spans


class Reading:
    """One text read for names: what was found, and whether capitals remain that the rules cannot explain."""

    def __init__(self, text: str, folded: str, language: str | None, names: KnownNames | None = None) -> None:
        spoken = language if language in LANGUAGES else "uk" if _CYRILLIC.search(text) else "en"
        self._words = lexicon(spoken, names)
        self._articles = _ARTICLES.get(spoken, frozenset())
        self._sparing = spoken != "en"  # with capitals
        self._capitals = text != text.lower()
        self._shouts = self._capitals and text.isupper()
        self._tokens = _tokens(text, folded, self._words)
        found = [place for run in self._runs() for place in self._named(run)]
        self.spans = [
            Span(self._tokens[low].start, self._tokens[high].end, PERSON, Rank.NAME)
            for low, high in sorted({*found, *self._companions(found)})
        ]

    def _companions(self, found: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """A stranger under a capital, joined to a name found by a word for and."""
        tokens = self._tokens
        for low, high in found:
            for joint, other in ((low - 1, low - 2), (high + 1, high + 2)):
                if 0 <= other < len(tokens) and tokens[joint].role & Role.AND:
                    one = tokens[other]
                    plain = tokens[max(joint, other)].gap == " " and one.capital and not one.first
                    if plain and not one.role & (_OPEN | Role.PLACE | Role.CUE):
                        yield other, other

    @property
    def puzzles(self) -> tuple[int, ...]:
        """Where words under a capital, inside a sentence, are not words known; names found may be among them."""
        explained = _OPEN | Role.PLACE | Role.KNOWN | Role.ORDINARY | Role.CUE
        return tuple(
            token.start
            for token in self._tokens
            if token.capital and not token.first and not token.role & explained
            if len(token.word) > 1
        )

    def _runs(self) -> Iterator[range]:
        """Words side by side that may be the parts of one name."""
        run = range(0)
        for place, token in enumerate(self._tokens):
            if not (token.capital or token.role & _NAMED) or not self._may_be(token):
                continue
            if run and place == run.stop and len(run) < _MOST and self._joins(token, self._tokens[place - 1]):
                run = range(run.start, place + 1)
                continue
            if run:
                yield run
            run = range(place, place + 1)
        if run:
            yield run

    def _joins(self, token: _Token, before: _Token) -> bool:
        """A blank between them, or a full stop after an initial."""
        return token.gap in {" ", "\u00a0"} or (token.gap == ". " and len(before.word) == 1)

    def _may_be(self, token: _Token) -> bool:
        role = token.role
        if role & _OPEN and not (role & Role.KNOWN and token.capital and not token.first and not role & Role.STOP):
            return False
        if token.capital and not self._shouts:
            return not (role & Role.PLACE and not role & Role.KNOWN)
        if role & (Role.CUE | Role.SAYS | Role.WITH | Role.AND) or (role & Role.RARE and self._capitals):
            return False
        return bool(role & (Role.KNOWN | (Role.LIKE if not self._capitals or self._shouts else Role.NONE)))

    def _named(self, run: range) -> Iterator[tuple[int, int]]:
        tokens = self._tokens
        if self._in_company(run):
            return
        known = [place for place in run if self._known(tokens[place])]
        if not known:
            if self._strangers(run):
                yield run.start, run.stop - 1
            return
        low, high = max(run.start, known[0] - 1), min(run.stop - 1, known[-1] + 1)
        if low < known[0] and not self._leads(tokens[low]):
            low += 1
        if low < high and self._together(range(low, high + 1)):
            yield low, high
            return
        yield from ((place, place) for place in known if self._alone(place))

    def _strangers(self, run: range) -> bool:
        """Names that no list has: introduced, or two capitals side by side where only names have capitals."""
        tokens = [self._tokens[place] for place in run]
        if not all(token.capital and not token.role & (Role.CUE | Role.SAYS) for token in tokens) or self._shouts:
            return False
        if self._introduced(run.start):
            return bool(tokens[0].gap) and tokens[0].gap[:1] not in _ENDS
        pair = len(tokens) == 2 and min(len(token.word) for token in tokens) >= _SHORT  # noqa: PLR2004 -- a pair
        if tokens[0].first or not pair or self._article(run.start):
            return False
        return self._sparing or self._beside(run.start)

    def _beside(self, place: int) -> bool:
        return place > 0 and bool(self._tokens[place - 1].role & Role.WITH) and self._tokens[place].gap == " "

    def _known(self, token: _Token) -> bool:
        return bool(token.role & (Role.KNOWN | Role.LIKE))

    def _leads(self, token: _Token) -> bool:
        """An unknown word before a known name is part of it, unless it only begins the sentence."""
        return token.capital and not token.first and not token.role & (Role.CUE | Role.SAYS | Role.PLACE)

    def _in_company(self, run: range) -> bool:
        tokens = self._tokens
        around = range(max(0, run.start - 1), min(len(tokens), run.stop + 2))
        for place in around:
            token = tokens[place]
            if not token.role & Role.COMPANY or (token.role & Role.KNOWN and token.capital):
                continue
            between = tokens[run.stop : place + 1] if place >= run.stop else tokens[run.start : run.start + 1]
            if place in run or all(one.gap.strip("& ") == "" for one in between):
                return True
        opening = tokens[run.start].gap.rstrip(" ")[-1:]
        return bool(opening) and opening in _OPENS

    def _together(self, run: range) -> bool:
        tokens = [self._tokens[place] for place in run]
        roles = [token.role for token in tokens]
        firm = [role for role in roles if role & (Role.KNOWN | Role.LIKE) and not role & Role.RARE]
        if all(token.capital for token in tokens) and not self._shouts:
            return bool(firm) or not self._article(run.start)
        if not all(role & (Role.KNOWN | Role.LIKE) for role in roles):
            return False
        plain = any(not role & Role.ORDINARY for role in firm)
        return plain and any(
            one & Role.GIVEN and other & (Role.FAMILY | Role.LIKE) for one, other in itertools.permutations(roles, 2)
        )

    def _alone(self, place: int) -> bool:
        token = self._tokens[place]
        if token.role & Role.STOP:
            return False
        introduced = self._introduced(place)
        if not token.capital or self._shouts:
            return self._quiet(token, introduced=introduced)
        if introduced:
            return True
        acts = self._acts(place)
        if self._article(place) or (token.role & Role.PLACE and not (acts and token.first)):
            return False
        doubtful = bool(token.role & (Role.ORDINARY | Role.RARE))
        if token.first:
            return acts or (bool(token.role & Role.KNOWN) and not doubtful)
        return not (token.role & Role.RARE and token.role & Role.ORDINARY) or acts or self._beside(place)

    def _quiet(self, token: _Token, *, introduced: bool) -> bool:
        """A name in lower case: only where the whole text is, or after a word such as wife."""
        role = token.role
        if role & (Role.ORDINARY | Role.RARE) or len(token.word) < _LOWEST:
            return introduced and bool(role & Role.KNOWN) and not role & Role.RARE
        if introduced:
            return bool(role & (Role.KNOWN | Role.LIKE)) and not role & Role.PLACE
        return (
            not (self._capitals and not self._shouts)
            and bool(role & (Role.GIVEN | Role.LIKE))
            and not role & Role.PLACE
        )

    def _acts(self, place: int) -> bool:
        """People say and do; and Pat from Leeds is one."""
        if place + 1 >= len(self._tokens):
            return self._tokens[place].first and place > 0  # a signature
        after = self._tokens[place + 1]
        if after.word in _FROM and place + 2 < len(self._tokens):
            return self._tokens[place + 2].capital or self._tokens[place + 2].word in self._articles
        return bool(after.role & Role.SAYS) and after.gap == " "

    def _article(self, place: int) -> bool:
        """The Charlotte dress, a Dorka modell: a thing of that name."""
        if place == 0 or self._tokens[place].gap != " " or self._tokens[place - 1].word not in self._articles:
            return False
        after = self._tokens[place + 1] if place + 1 < len(self._tokens) else None
        return after is not None and after.gap == " " and not after.capital

    def _introduced(self, place: int) -> bool:
        """A title or a word such as wife stands before the name, or úr behind it."""
        if place + 1 < len(self._tokens):
            after = self._tokens[place + 1]
            if after.role & Role.AFTER and after.gap == " ":
                return True
        if place == 0:
            return False
        before, gap = self._tokens[place - 1], self._tokens[place].gap
        if before.role & Role.TITLE:
            return gap in {" ", ". ", "."}
        return bool(before.role & Role.CUE) and gap in {" ", ", ", ": ", ". ", "\n", ",\n", " - ", " – "}  # noqa: RUF001


def _tokens(text: str, folded: str, words: Lexicon) -> list[_Token]:
    pieces = _TOKEN.split(text)
    tokens: list[_Token] = []
    role = words.role
    end = 0
    for gap, written in zip(pieces[::2], pieces[1::2], strict=False):
        start = end + len(gap)
        first = not end or (gap != " " and _END.search(gap) is not None)
        end = start + len(written)
        word, cut = folded[start:end], end
        if word.endswith("'s"):  # an English possessive is no part of the name
            word, cut = word[:-2], end - 2
        capital = written[0].isupper() and not _in_code(text, start, end) and _each_capital(text[start:cut])
        tokens.append(_Token(start, cut, word, role(word), capital, first, gap))
    return tokens


def _in_code(text: str, start: int, end: int) -> bool:
    return text[end : end + 1].isdigit() or text[start - 1 : start].isdigit()


def _each_capital(written: str) -> bool:
    """Anna-Liisa, not Aino-kaulakoru; an ending after a hyphen (Kiss-sel) is no word."""
    if written.isalpha():
        return True
    parts = re.split("[-‑]", written)  # noqa: RUF001 -- a hyphen that does not break
    return all(part[:1].isupper() or len(part) <= _LOWEST for part in parts)
