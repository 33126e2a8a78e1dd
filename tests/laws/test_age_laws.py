"""Ages survive a change of the law: nobody under age is ever let in, nobody gets younger, and a way back restores.

The other side of the comparison knows each true date of birth, which the store never keeps.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import NamedTuple

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.foundation.settings import Settings
from gateway.policy import Pack, load_pack
from gateway.policy.masks import AGE_UNKNOWN
from gateway.policy.people import age_field
from gateway.policy.reaching import reached, told
from gateway.vocabulary.fields import AgeBand
from gateway.vocabulary.names import PurposeId
from gateway.vocabulary.purposes import MinimumAge
from gateway.wiring import read_folder

PACK = load_pack(read_folder(Settings().policies))
MARKETING = PurposeId("direct_marketing")
YEARS = st.integers(13, 18)
HOMES = ["FI", "HU", "SE", "Suomi", None]
START = dt.date(2026, 2, 10)

minimums = st.builds(MinimumAge, YEARS, st.dictionaries(st.sampled_from(["FI", "HU", "SE"]), YEARS))
asked = st.none() | minimums
births = st.dates(dt.date(2005, 1, 1), dt.date(2016, 12, 31)) | st.sampled_from(
    [dt.date(2012, 2, 29), dt.date(2012, 2, 10), dt.date(2010, 3, 1), dt.date(1987, 3, 14)]
)


class Law(NamedTuple):
    """What is asked from so many days after the step before, where the person then lives, and what a file tells."""

    asked: MinimumAge | None
    days: int
    country: str | None
    band_kept: bool  # until then; over its retention period afterwards


laws = st.builds(Law, asked, st.sampled_from([0, 0, 1, 19, 400, 1500]), st.sampled_from(HOMES), st.booleans())


def under(minimum: MinimumAge | None) -> Pack:
    purpose = dataclasses.replace(PACK.catalogue.purposes[MARKETING], minimum_age=minimum)
    catalogue = dataclasses.replace(PACK.catalogue, purposes={MARKETING: purpose})
    return dataclasses.replace(PACK, catalogue=catalogue)


def needed(minimum: MinimumAge, country: str | None) -> int:
    return minimum.of(country) if country in {"FI", "HU", "SE"} else minimum.highest


def years(birth: dt.date, day: dt.date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), dt.UTC)


def band_of(birth: dt.date, day: dt.date) -> str:
    field = age_field(PACK.catalogue.fields.values())
    assert field is not None
    assert isinstance(field.transform, AgeBand)
    return field.transform.label(years(birth, day))


def first(law: Law, birth: dt.date | None) -> pa.Table:
    births, countries = pa.array([birth], pa.date32()), pa.array([law.country], pa.string())
    return told(under(law.asked), births, countries, noon(START))


def after(law: Law, known: pa.Table, band: str | None, day: dt.date) -> pa.Table:
    beside = {"country": law.country, "band": band if law.band_kept else None}
    for name, text in beside.items():
        known = known.append_column(name, pa.array([text], pa.string()))
    return reached(under(law.asked).catalogue, known, noon(day))


def is_open(known: pa.Table, law: Law, day: dt.date) -> bool:
    """Whether a person's own yes counts, as the mask reads what is stored."""
    of_age = known.column("of_age_from")[0].as_py()
    return law.asked is None or of_age is None or of_age <= day


@settings(max_examples=400)
@given(st.none() | births, laws, st.lists(laws, max_size=5))
def test_nobody_under_age_is_ever_let_in(birth: dt.date | None, start: Law, steps: list[Law]) -> None:
    """Whatever law, place and lack of data follow one another; and every day until the next, by day alone."""
    known, day = first(start, birth), START
    band = band_of(birth, START) if birth is not None else None
    for law in (start, *steps):
        if law is not start:
            day += dt.timedelta(days=law.days)
            known = after(law, known, band, day)
        if law.asked is None:
            continue
        asked_here = needed(law.asked, law.country)
        comes = known.column("of_age_from")[0].as_py()
        days = {day, day + dt.timedelta(days=400), *([comes] if comes not in {None, AGE_UNKNOWN} else [])}
        for then in days:
            if is_open(known, law, then):
                assert birth is not None
                assert years(birth, then) >= asked_here


@settings(max_examples=200)
@given(births, minimums, minimums, st.sampled_from(HOMES))
def test_raising_closes_only_whom_nothing_shows_and_going_back_restores(
    birth: dt.date, before: MinimumAge, higher: MinimumAge, country: str | None
) -> None:
    law, raised = (Law(each, 0, country, band_kept=True) for each in (before, higher))
    known = first(law, birth)
    band = band_of(birth, START)
    then = after(raised, known, band, START)
    back = after(law, then, band, START)
    assert is_open(back, law, START) >= is_open(known, law, START)
    least = int(band.split("-", maxsplit=1)[0].rstrip("+"))
    if is_open(known, law, START) and least >= needed(higher, country):
        assert is_open(then, raised, START)
    if needed(higher, country) <= needed(before, country):
        assert is_open(then, raised, START) >= is_open(known, law, START)


@given(asked, asked, st.sampled_from(HOMES))
def test_of_whom_nothing_is_known_nothing_becomes_known(
    before: MinimumAge | None, now: MinimumAge | None, country: str | None
) -> None:
    """No date of birth and no band: also where a pack that asked nobody's age came between."""
    law = Law(now, 1, country, band_kept=False)
    known = after(law, first(Law(before, 0, country, band_kept=False), None), None, START)
    assert now is None or known.column("of_age_from")[0].as_py() == AGE_UNKNOWN
    assert not is_open(known, law, START) or now is None


def test_a_child_by_what_was_told_is_one_whatever_an_older_band_says() -> None:
    law = Law(MinimumAge(13), 0, "FI", band_kept=True)
    known = first(law, dt.date(2015, 8, 20))
    assert not is_open(after(Law(MinimumAge(16), 0, "FI", band_kept=True), known, "35-39", START), law, START)
