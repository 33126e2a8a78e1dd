"""From which day people are of age, by what a file tells of them and what is stored (Art. 8; docs/adr/0010)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute

from gateway.policy import Pack, of_age_from
from gateway.policy.ages import ages_in, oldest_age
from gateway.policy.masks import AGE_UNKNOWN
from gateway.policy.people import region_field
from gateway.vocabulary.batches import ParsedBatch
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.fields import AgeBand
from gateway.vocabulary.purposes import MinimumAge

pc: Any = pyarrow.compute  # its functions are made at import, where no type checker sees them

# Subjects, and the stored column of where they live → subject, of_age_from, country of those who are known.
KnownAges = Callable[[pa.Array, str | None], pa.Table]


def told_of(catalogue: Catalogue, parsed: ParsedBatch, refs: pa.Array, rows: pa.Table) -> pa.Table:
    """Return each person of a chunk once: ``subject``, the latest date of ``birth`` told, and ``country``.

    ``rows`` are the chunk's as they will be stored: what of where somebody lives is not kept counts for nothing.
    """
    births = pa.nulls(parsed.fields.num_rows, pa.date32())
    for name in parsed.fields.column_names:
        if isinstance(catalogue.fields[name].transform, AgeBand):
            births = parsed.fields.column(name).combine_chunks()
    people = pa.table({"subject": refs, "birth": births}).filter(pc.is_valid(refs))
    told = people.group_by("subject").aggregate([("birth", "max")])
    subjects, home = told.column("subject").combine_chunks(), _home_column(catalogue)
    countries = pa.nulls(len(subjects), pa.string())
    if home in rows.column_names:
        places = pc.index_in(subjects, value_set=rows.column("subject").combine_chunks())
        countries = rows.column(home).combine_chunks().take(places)
    return pa.table(
        {"subject": subjects, "birth": told.column("birth_max").combine_chunks(), "country": countries}
    )  # fmt: skip


def coming_of_age(pack: Pack, told: pa.Table, known_ages: KnownAges, at: dt.datetime) -> pa.Array:
    """Return from which day each person that ``told_of`` tells of is of age, as the store keeps it.

    Silence changes nothing: it makes nobody of age, nor a minor again. Who moved to a country that asks for a higher
    age, and whose date of birth is not told with it, may be a child there: unknown, until a file says.
    """
    asked, home = oldest_age(pack.catalogue), _home_column(pack.catalogue)
    subjects, births, countries = (column.combine_chunks() for column in told.columns)
    if asked is None:
        return pa.nulls(len(subjects), pa.date32())
    silent = pc.or_(births.is_null(), countries.is_null()) if home else births.is_null()
    if not pc.any(silent, min_count=0).as_py():
        return of_age_from(pack, births, at, ages_in(asked, countries) if home else None)
    stored = known_ages(subjects.filter(silent), home)
    place = pc.index_in(subjects, value_set=stored.column("subject").combine_chunks())
    kept = stored.column("of_age_from").combine_chunks().take(place)
    kept = pc.if_else(place.is_valid(), kept, pa.scalar(AGE_UNKNOWN, pa.date32()))
    if home is None:
        return pc.if_else(births.is_valid(), of_age_from(pack, births, at), kept)
    before = stored.column("country").combine_chunks().take(place)
    kept = pc.if_else(_asked_more(asked, countries, before), pa.scalar(AGE_UNKNOWN, pa.date32()), kept)
    fresh = of_age_from(pack, births, at, ages_in(asked, pc.coalesce(countries, before)))
    return pc.if_else(births.is_valid(), fresh, kept)


def _asked_more(asked: MinimumAge, now: pa.Array, before: pa.Array) -> pa.Array:
    """Whether a country that is told asks for a higher age than the one that was known before."""
    return pc.and_(now.is_valid(), pc.greater(ages_in(asked, now), ages_in(asked, before)))


def _home_column(catalogue: Catalogue) -> str | None:
    """Return the stored column of where people live, where any age depends on it."""
    asked = oldest_age(catalogue)
    field = region_field(catalogue.fields.values()) if asked is not None and asked.countries else None
    return None if field is None else field.column
