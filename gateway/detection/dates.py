"""A row's own date found in its text: the numbers in any order, or the month by its name in any of the languages."""

# ruff: noqa: RUF001 -- Ukrainian words

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from gateway.detection.folding import fold
from gateway.detection.searching import Places, code

_NUMBERS = re.compile(r"(?<![0-9])[0-9]{1,4}[./\- ]{1,3}[0-9]{1,2}[./\- ]{1,3}[0-9]{1,4}(?![0-9])")
_MONTHS = (
    "jan tammi січ", "feb helmi febr лют", "mar maalis marc берез", "apr huhti квіт", "may touko maj mai трав",
    "jun kesa juni черв", "jul heina juli лип", "aug elo серп", "sep syys szept вер", "oct loka okt жовт",
    "nov marras лист", "dec joulu груд",
)  # fmt: skip
_STEMS = {fold(stem): month for month, stems in enumerate(_MONTHS, 1) for stem in stems.split()}
_ALTERNATIVES = "|".join(sorted(_STEMS, key=len, reverse=True))
_NAMED = re.compile(rf"(?<![^\W\d_])({_ALTERNATIVES})[^\W\d_]{{0,9}}")
_DAY_BEFORE = re.compile(
    r"(?:(?<![0-9])([0-9]{2,4})[ .,\-]{1,3})?(?<![0-9])([0-9]{1,2})(?:st|nd|rd|th|\.|-?(?:го|е|ого))?"
    r"[ \-.]{0,2}(?:of )?$"
)
_DAY_AFTER = re.compile(r"[ .,\-]{1,3}(?:the )?([0-9]{1,2})(?![0-9])(?:st|nd|rd|th|\.|-?[^\W\d_]{1,6})?")
_YEAR_AFTER = re.compile(r"[ .,\-]{1,3}(?:of )?'?([0-9]{4}|[0-9]{2})(?![0-9])")
_YEAR_BEFORE = re.compile(r"(?<![0-9])[0-9]{4}[ .,\-]{1,3}$")
_NEAR = 14  # characters before a month in which its day stands
_CENTURY = 100
_LAST_DAY = 31


@lru_cache(maxsize=65_536)
def _numbers_of(date: str) -> tuple[int, ...]:
    """The first three numbers of a folded date, a month by its name among them."""
    numbers = [int(part[:4]) for part in re.findall("[0-9]+", date)]
    named = _NAMED.search(date) if len(numbers) == 2 else None  # noqa: PLR2004 -- a day and a year
    return (*numbers[:3], *([] if named is None else [_STEMS[named.group(1)]]))


def date_keys(date: str) -> tuple[str, ...]:
    """Return the numbers one of which stands in every form of a folded date."""
    return tuple(str(number) for number in _numbers_of(date) if number <= _LAST_DAY)


def dates(folded: str, date: str) -> Places:
    """Return the places of the same day, with its year or, beside the month's name, without."""
    wanted = _numbers_of(date)
    found = [match.span() for match in _NUMBERS.finditer(folded) if _same(_numbers_of(match.group()), wanted)]
    day_and_month = {(one, other) for one in wanted for other in wanted if one != other or wanted.count(one) > 1}
    for named in _NAMED.finditer(folded):
        place = _worded(folded, named, day_and_month)
        if place is not None:
            found.append(place)
    return code(folded, date) + found


def _same(numbers: Iterable[int], wanted: Iterable[int]) -> bool:
    return sorted(one % _CENTURY for one in numbers) == sorted(one % _CENTURY for one in wanted)


def _worded(folded: str, named: re.Match[str], wanted: set[tuple[int, int]]) -> tuple[int, int] | None:
    month = _STEMS[named.group(1)]
    start, end = named.span()
    before = _DAY_BEFORE.search(folded, max(0, start - _NEAR), start)
    if before is not None and (int(before.group(2)), month) in wanted:
        year = _YEAR_AFTER.match(folded, end)
        return before.start(), year.end() if year is not None else end
    after = _DAY_AFTER.match(folded, end)
    if after is None or (int(after.group(1)), month) not in wanted:
        return None
    year = _YEAR_AFTER.match(folded, after.end())
    earlier = _YEAR_BEFORE.search(folded, max(0, start - _NEAR), start)
    return earlier.start() if earlier is not None else start, year.end() if year is not None else after.end()
