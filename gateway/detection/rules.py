"""Rules for identifiers in text whoever they belong to: addresses, numbers with check digits, phone numbers.

Patterns run on folded text (lower case, ASCII digits) and repeat within bounds only, so that no text makes them slow.
"""

# ruff: noqa: RUF001 -- Ukrainian letters

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

import phonenumbers

from gateway.detection.national_ids import is_valid
from gateway.detection.spans import Rank, Span, uncovered

_DIGIT = re.compile("[0-9]")
_FEWEST = 5  # digits that an identifier has, but for an internet address
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_EMAIL_SPELT = re.compile(
    r"[\w.+-]{1,64} ?[\[(] ?(?:at|a|@|kukac|miukumauku|собака) ?[\])] ?[\w-]{1,63}"
    r"(?: ?(?:\.|[\[(] ?(?:dot|piste|pont|крапка) ?[\])]) ?[\w-]{1,63}){1,4}"
)
_URL = re.compile(r"(?:\b[a-z]{2,8}://|\bwww\.)[^\s<>\"]{2,2000}")
_IBAN = re.compile(r"\b[a-z]{2}[0-9]{2}(?: ?[a-z0-9]{1,4}){3,8}\b")
_BASE_36 = {ord(letter): str(value) for value, letter in enumerate("abcdefghijklmnopqrstuvwxyz", 10)}
_SHORTEST_IBAN = 15  # Norway's
_HETU = re.compile(r"(?<![0-9a-z])[0-3][0-9][01][0-9]{3}[-+a-fu-y][0-9]{3}[0-9a-fhj-npr-y](?![0-9a-z])")
_NINO = re.compile(r"\b[a-z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[a-d]\b")
_IPV4 = re.compile(r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\.?[0-9])")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])")
_INTERNET = ((_IPV4, ".", 3), (_IPV6, ":", 2))
_DATE = re.compile(
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}[-./] ?[01]?[0-9][-./] ?[0-3]?[0-9]"
    r"|[0-3]?[0-9][-./] ?[01]?[0-9][-./] ?(?:19|20)[0-9]{2})(?![0-9])"
)
_UNZR = re.compile(r"(?<![0-9a-z-])(?:19|20)[0-9]{6}-[0-9]{5}(?![0-9a-z])")
_UA_PASSPORT = re.compile(r"(?<![^\W_])[а-яіїе]{2} ?[0-9]{6}(?![^\W_])")
_HU_CARD = re.compile(r"(?:szig|szemelyi|igazolvany|okmany)[^0-9\n]{0,24}([0-9]{6} ?[a-z]{2})(?![^\W_])")
_CALLED = re.compile(
    r"(?:puh|tel|num|nro|phone|ring|call|mobil|text|gsm|soit|hiv|szam|keres|тел|номер|дзвон|моб|viber|whats)"
)
_NEAR = 28  # characters before a bare local number in which a word must say that it is one
_LOCAL_DIGITS = 9
# A run that letters lead into is a code; tel. and puh. are written so, too.
_RUN = re.compile(r"(?:(?<![^\W_])|(?<=tel)|(?<=puh)|(?<=тел))\+?\(?[0-9](?:[ \n().\-/]{0,3}[0-9]){5,60}")
_GROUP = re.compile(r"\+?\(?[0-9]+")
_NUMBERS = {9: ("hu_taj",), 10: ("hu_tax_id", "ua_rntrc"), 11: ("hu_personal_number",)}
_CARD_DIGITS = range(12, 20)
_PHONE_DIGITS = range(7, 16)
_WINDOWS = 40  # ways of cutting one run of digits that are tried
_REGIONS = {"fi": ("FI",), "hu": ("HU",), "uk": ("UA",), "en": ("GB", "US"), "sv": ("SE", "FI")}
_ANYWHERE = ("FI", "HU", "UA", "GB")


def rule_spans(folded: str, language: str | None) -> list[Span]:
    """Return what the rules find in a folded text."""
    spans: list[Span] = []
    if "@" in folded:
        spans += _all(_EMAIL, folded, "email")
    if "(" in folded or "[" in folded:
        spans += _all(_EMAIL_SPELT, folded, "email")
    if "://" in folded or "www." in folded:
        spans += _all(_URL, folded, "url")
    digits = len(_DIGIT.findall(folded))
    if digits >= _FEWEST:
        spans += _with_digits(folded, language, spans)
    elif digits or "::" in folded:
        spans += _addresses(folded)
    return spans


def _all(pattern: re.Pattern[str], folded: str, category: str, rank: Rank = Rank.RULE) -> list[Span]:
    return [Span(match.start(), match.end(), category, rank) for match in pattern.finditer(folded)]


def _with_digits(folded: str, language: str | None, known: list[Span]) -> list[Span]:
    spans = [*_ibans(folded), *_addresses(folded)]
    spans += [span for span in _all(_HETU, folded, "national_id", Rank.CHECKED) if _holds("fi_hetu", folded, span)]
    spans += [span for span in _all(_NINO, folded, "national_id", Rank.CHECKED) if _holds("gb_nino", folded, span)]
    if not folded.isascii():
        spans += _all(_UA_PASSPORT, folded, "national_id")
    spans += [Span(*match.span(1), "national_id", Rank.RULE) for match in _HU_CARD.finditer(folded)]
    spans += [span for span in _all(_UNZR, folded, "national_id", Rank.CHECKED) if _holds("ua_unzr", folded, span)]
    # Dates look like phone numbers to every numbering plan.
    rest = uncovered(folded, [*known, *spans, *_all(_DATE, folded, "date")])
    for run in _RUN.finditer(rest):
        called = _CALLED.search(rest, max(0, run.start() - _NEAR), run.start()) is not None
        spans += _numbers(run, language, called=called)
    return spans


def _holds(kind: str, folded: str, span: Span) -> bool:
    return is_valid(kind, folded[span.start : span.end])


def _ibans(folded: str) -> list[Span]:
    """Candidates are cut back word by word: an IBAN may be followed by an ordinary word."""
    spans = []
    for match in _IBAN.finditer(folded):
        end = match.end()
        while end - match.start() >= _SHORTEST_IBAN:
            if _adds_up(folded[match.start() : end]) and is_valid("iban", folded[match.start() : end]):
                spans.append(Span(match.start(), end, "iban", Rank.CHECKED))
                break
            end = folded.rfind(" ", match.start(), end)
    return spans


def _adds_up(iban: str) -> bool:
    """The remainder alone (ISO 7064, modulo 97): it costs a tenth of the whole test, and most candidates fail it."""
    compact = iban.replace(" ", "")
    return int((compact[4:] + compact[:4]).translate(_BASE_36)) % 97 == 1


def _addresses(folded: str) -> list[Span]:
    spans = []
    patterns = [pattern for pattern, mark, count in _INTERNET if folded.count(mark) >= count]
    for pattern in patterns:
        for span in _all(pattern, folded, "ip_address"):
            try:
                ipaddress.ip_address(folded[span.start : span.end])
            except ValueError:
                continue
            spans.append(span)
    return spans


def _numbers(run: re.Match[str], language: str | None, *, called: bool) -> Iterator[Span]:
    """The first way of cutting a run of digits into something known, then the rest of the run."""
    text, offset = run.group(), run.start()
    groups = [match.span() for match in _GROUP.finditer(text)]
    first = 0
    tried = 0
    while first < len(groups):
        for last in range(len(groups) - 1, first - 1, -1):
            tried += 1
            low, high = groups[first][0], groups[last][1]
            leads = first == 0 and (called or not text[low:high].isdigit() or high - low >= _LOCAL_DIGITS)
            found = _name_number(text[low:high], language, leads=leads) if tried <= _WINDOWS else None
            if found is not None:
                yield Span(offset + low, offset + high, *found)
                first = last
                break
        first += 1


def _name_number(text: str, language: str | None, *, leads: bool) -> tuple[str, Rank] | None:
    digits = "".join(character for character in text if character.isdigit())
    plus = text.lstrip("(").startswith("+")
    if not plus:
        kinds = _NUMBERS.get(len(digits), ())
        if any(is_valid(kind, digits) for kind in kinds) or (language == "en" and _nhs(digits)):
            return "national_id", Rank.CHECKED
        if len(digits) in _CARD_DIGITS and is_valid("card", digits):
            return "card_number", Rank.CHECKED
    if len(digits) not in _PHONE_DIGITS:
        return None
    if plus or digits.startswith("0"):
        return "phone", Rank.RULE
    return ("phone", Rank.RULE) if leads and _in_a_plan(text, language) else None


def _nhs(digits: str) -> bool:
    """NHS number: ten digits, weights 10 to 2, 11 less the sum modulo 11 is the tenth (NHS Data Dictionary)."""
    if len(digits) != 10 or digits[0] not in "4679":  # noqa: PLR2004 -- the number's length; ranges in issue
        return False
    check = -sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check == int(digits[9])


def _in_a_plan(text: str, language: str | None) -> bool:
    for region in _REGIONS.get(language or "", _ANYWHERE):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
