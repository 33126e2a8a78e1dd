"""From which day people are of age, by what a file tells of them and what is stored (Art. 8; docs/adr/0010)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute

from gateway.policy import Pack
from gateway.policy.ages import oldest_age
from gateway.policy.keeping import keeping_periods
from gateway.policy.people import age_field, region_field
from gateway.policy.reaching import reached, told
from gateway.store.permissions import Texts
from gateway.vocabulary.batches import ParsedBatch
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.fields import AgeBand

pc: Any = pyarrow.compute  # its functions are made at import, where no type checker sees them

# Subjects, and what is to stand beside their permissions → both, of those who are known.
KnownAges = Callable[[pa.Array, Texts], pa.Table]


def told_of(catalogue: Catalogue, parsed: ParsedBatch, refs: pa.Array, rows: pa.Table) -> pa.Table:
    """Return each person of a chunk once: ``subject``, the latest date of ``birth`` told, and ``country``.

    ``rows`` are the chunk's as they will be stored: what of where somebody lives is not kept counts for nothing.
    """
    births = pa.nulls(parsed.fields.num_rows, pa.date32())
    for name in parsed.fields.column_names:
        if isinstance(catalogue.fields[name].transform, AgeBand):
            births = parsed.fields.column(name).combine_chunks()
    people = pa.table({"subject": refs, "birth": births}).filter(pc.is_valid(refs))
    told_by = people.group_by("subject").aggregate([("birth", "max")])
    subjects, home = told_by.column("subject").combine_chunks(), _home_column(catalogue)
    countries = pa.nulls(len(subjects), pa.string())
    if home in rows.column_names:
        places = pc.index_in(subjects, value_set=rows.column("subject").combine_chunks())
        countries = rows.column(home).combine_chunks().take(places)
    return pa.table(
        {"subject": subjects, "birth": told_by.column("birth_max").combine_chunks(), "country": countries}
    )  # fmt: skip


def coming_of_age(pack: Pack, people: pa.Table, known_ages: KnownAges, at: dt.datetime) -> pa.Table:
    """Return ``of_age_from`` and ``age_reached`` of each person that ``told_of`` tells of, as the store keeps them.

    Silence makes nobody older or younger: whoever moves, and does not tell the date of birth with it, is of age where
    what is stored shows that they have reached the age which is asked there.
    """
    subjects, births, countries = (column.combine_chunks() for column in people.columns)
    if oldest_age(pack.catalogue) is None:
        return told(pack, births, countries, at)
    home = _home_column(pack.catalogue)
    silent = pc.or_(births.is_null(), countries.is_null()) if home else births.is_null()
    if not pc.any(silent, min_count=0).as_py():
        return told(pack, births, countries, at)
    stored = known_ages(subjects.filter(silent), telling(pack.catalogue, at))
    place = pc.index_in(subjects, value_set=stored.column("subject").combine_chunks())
    known = stored.select(["of_age_from", "age_reached", "country", "band"]).take(place)
    lives = pc.coalesce(countries, known.column("country").combine_chunks())
    kept = reached(pack.catalogue, known.set_column(2, "country", lives), at)
    fresh = told(pack, births, lives, at)
    columns = [pc.if_else(births.is_valid(), *pair) for pair in zip(fresh.columns, kept.columns, strict=True)]
    return pa.table(columns, names=fresh.column_names)


def telling(catalogue: Catalogue, at: dt.datetime) -> Texts:
    """Return what is stored that tells ages: where people live, and age bands; none that may not be kept any longer."""
    asked, periods = oldest_age(catalogue), keeping_periods(catalogue)
    home = None if asked is None else _home_column(catalogue)
    band = None if asked is None else age_field(catalogue.fields.values())
    columns = {"country": home, "band": band.column if band is not None else None}
    return {
        name: (column, at - periods[column]) if column is not None and column in periods else None
        for name, column in columns.items()
    }


def _home_column(catalogue: Catalogue) -> str | None:
    """Return the stored column of where people live, where any age depends on it."""
    asked = oldest_age(catalogue)
    field = region_field(catalogue.fields.values()) if asked is not None and asked.countries else None
    return None if field is None else field.column
