"""What leaves this room holds no direct identifier, no raw indirect one, and nothing that the Permit does not name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import string

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pseudonymisation import IdentifierKept, NotRedacted, pseudonymise
from gateway.pseudonymisation.transforms import age_bands, generalise
from gateway.vocabulary.batches import ParsedBatch, PseudonymisedBatch
from gateway.vocabulary.contracts import SourceKind
from gateway.vocabulary.decisions import Action, Permit, PermittedColumn, ProcessingRequest, RowRule
from gateway.vocabulary.fields import AgeBand, Keep, Month, Prefix, Redacted, Transform, ValueType
from gateway.vocabulary.names import BatchId, FieldId, PurposeId, RuleId, SourceId

AT = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
BATCH = BatchId("bat_made")
YEAR = dt.timedelta(days=365)
TEXT, DATE, NUMBER = ValueType.TEXT, ValueType.DATE, ValueType.NUMBER

# field, Arrow type, stored column, stored type, transform; without a column it is a direct identifier
FIELDS: list[tuple[str, pa.DataType, str | None, ValueType, Transform]] = [
    ("email", pa.string(), None, TEXT, Keep()),
    ("given_name", pa.string(), None, TEXT, Keep()),
    ("birth_date", pa.date32(), "age_band", TEXT, AgeBand(5)),
    ("postcode", pa.string(), "postcode3", TEXT, Prefix(3)),
    ("registered_on", pa.date32(), "registered_month", DATE, Month()),
    ("city", pa.string(), "city", TEXT, Keep()),
    ("total_spend", pa.float64(), "total_spend", NUMBER, Keep()),
    ("feedback", pa.string(), "feedback", TEXT, Redacted()),
]
STORED = {
    column: PermittedColumn(column, FieldId(field), kind, transform, YEAR)
    for field, _, column, kind, transform in FIELDS
    if column
}


def permit(names: set[str] | None = None) -> Permit:
    columns = {name: column for name, column in STORED.items() if names is None or name in names}
    request = ProcessingRequest(Action.STORE, PurposeId("customer_segmentation"), AT, source=SourceId("made"))
    return Permit(
        request, "made@1", "0" * 64, (RuleId("made"),), "6(1)(f)", columns, frozenset({FieldId("email")}),
        RowRule(1, YEAR, YEAR), AT + YEAR, 100,
    )  # fmt: skip


def batch_of(rows: list[dict[str, object]], kind: SourceKind = SourceKind.PROFILES) -> ParsedBatch:
    schema = pa.schema([(name, arrow) for name, arrow, *_ in FIELDS])
    count = len(rows)
    at = pa.array([AT] * count, pa.timestamp("us", "UTC")) if kind is SourceKind.EVENTS else None
    return ParsedBatch(
        SourceId("made"), kind, pa.Table.from_pylist(rows, schema), pa.table({}), at, pa.table({}),
        np.arange(count, dtype=np.int64), (), "purchase" if at is not None else None,
    )  # fmt: skip


def refs(*numbers: int | None) -> pa.Array:
    return pa.array([None if number is None else number.to_bytes(16, "big") for number in numbers], pa.binary(16))


def run(parsed: ParsedBatch, who: pa.Array, names: set[str] | None = None) -> PseudonymisedBatch:
    redacted = {FieldId("feedback"): pa.array(["[REDACTED]"] * parsed.fields.num_rows, pa.string())}
    return pseudonymise(parsed, who, redacted, permit(names), batch=BATCH, at=AT)


ROW: dict[str, object] = {
    "email": "aino.esimerkki@example.org",
    "given_name": "Aino",
    "birth_date": dt.date(1987, 3, 14),
    "postcode": "00530",
    "registered_on": dt.date(2024, 2, 29),
    "city": "Helsinki",
    "total_spend": 812.4,
    "feedback": "Aino wrote this",
}


def test_one_row_through() -> None:
    done = run(batch_of([ROW]), refs(7))
    assert (done.source, done.batch, done.kind) == ("made", BATCH, SourceKind.PROFILES)
    assert done.table.schema.field("subject").type == pa.binary(16)
    assert done.table.to_pylist() == [
        {
            "subject": (7).to_bytes(16, "big"),
            "age_band": "35-39",
            "postcode3": "005",
            "registered_month": dt.date(2024, 2, 1),
            "city": "Helsinki",
            "total_spend": 812.4,
            "feedback": "[REDACTED]",
        }
    ]


marked = st.fixed_dictionaries(
    {
        "email": st.uuids().map(lambda value: f"{value}@example.org"),
        "given_name": st.text(string.ascii_uppercase, min_size=8, max_size=12),
        "birth_date": st.none() | st.dates(dt.date(1900, 1, 1), AT.date()),
        "postcode": st.none() | st.text(string.digits, min_size=5, max_size=5),
        "registered_on": st.none() | st.dates(dt.date(2000, 1, 2), AT.date()).filter(lambda day: day.day > 1),
        "city": st.none() | st.just("city"),
        "total_spend": st.none() | st.just(1.0),
        "feedback": st.none() | st.text(string.ascii_uppercase, min_size=8, max_size=12),
    }
)
subjects = st.none() | st.integers(0, 3)


@given(
    st.lists(st.tuples(marked, subjects), max_size=8),
    st.sets(st.sampled_from(sorted(STORED))),
    st.sampled_from(SourceKind),
)
def test_nothing_but_what_the_permit_names_and_never_the_raw_value(
    rows: list[tuple[dict[str, object], int | None]], names: set[str], kind: SourceKind
) -> None:
    parsed = batch_of([row for row, _ in rows], kind)
    done = run(parsed, refs(*(subject for _, subject in rows)), names)
    own = {"subject"} | ({"event", "at"} if kind is SourceKind.EVENTS else set())
    assert set(done.table.column_names) == own | names
    kept = {value for row in done.table.to_pylist() for value in row.values()}
    raw = ("email", "given_name", "birth_date", "postcode", "registered_on", "feedback")
    assert not kept & {row[name] for row, _ in rows for name in raw if row[name] is not None}


@given(st.lists(subjects, max_size=12))
def test_of_several_profiles_of_one_subject_the_last_stays(who: list[int | None]) -> None:
    rows = [{**ROW, "total_spend": float(place)} for place in range(len(who))]
    done = run(batch_of(rows), refs(*who))
    last = {subject: float(place) for place, subject in enumerate(who) if subject is not None}
    found = {int.from_bytes(row["subject"], "big"): row["total_spend"] for row in done.table.to_pylist()}
    assert found == last
    assert done.table.num_rows == len(last)
    assert done.table.column("total_spend").to_pylist() == sorted(last.values())


@given(st.lists(subjects, max_size=12))
def test_all_events_of_known_subjects_stay(who: list[int | None]) -> None:
    done = run(batch_of([ROW] * len(who), SourceKind.EVENTS), refs(*who))
    assert [int.from_bytes(ref, "big") for ref in done.table.column("subject").to_pylist()] == [
        subject for subject in who if subject is not None
    ]
    assert set(done.table.column("event").to_pylist()) <= {"purchase"}
    assert done.table.schema.field("at").type == pa.timestamp("us", "UTC")


def naive_band(birth: dt.date, day: dt.date, years: int) -> str | None:
    age = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    if age < 0:
        return None
    if age >= 90:
        return "90+"
    ages = [other for other in range(90) if other // years == age // years]
    return f"{ages[0]}-{ages[-1]}" if len(ages) > 1 else f"{ages[0]}"


dates = st.dates(dt.date(1880, 1, 1), dt.date(2030, 12, 31))


@given(st.lists(st.none() | dates), dates, st.integers(1, 40))
def test_age_bands_are_those_of_a_naive_reader(births: list[dt.date | None], day: dt.date, years: int) -> None:
    expected = [None if birth is None else naive_band(birth, day, years) for birth in births]
    assert age_bands(pa.array(births, pa.date32()), years, day).to_pylist() == expected


def test_age_bands_at_their_edges() -> None:
    births = [
        dt.date(1991, 5, 20),
        dt.date(1991, 5, 21),
        dt.date(1936, 5, 20),
        dt.date(1936, 5, 21),
        dt.date(2026, 5, 21),
    ]
    found = age_bands(pa.array([*births, dt.date(2024, 2, 29)]), 5, AT.date()).to_pylist()
    assert found == ["35-39", "30-34", "90+", "85-89", None, "0-4"]
    leap = pa.array([dt.date(2000, 2, 29)])
    assert age_bands(leap, 1, dt.date(2025, 2, 28)).to_pylist() == ["24"]
    assert age_bands(leap, 1, dt.date(2025, 3, 1)).to_pylist() == ["25"]


def test_a_free_text_without_its_redacted_form_is_refused() -> None:
    with pytest.raises(NotRedacted, match="feedback") as caught:
        pseudonymise(batch_of([ROW]), refs(1), {}, permit(), batch=BATCH, at=AT)
    assert "Aino" not in str(caught.value)
    with pytest.raises(TypeError):
        generalise(pa.array(["x"]), Redacted(), AT.date())


def test_an_identifier_is_never_kept_as_it_is_even_when_a_permit_says_so() -> None:
    """The catalogue and the rules decide; this room does not rely on them alone."""
    wrong = PermittedColumn("email", FieldId("email"), TEXT, Keep(), YEAR)
    permitted = dataclasses.replace(permit(set()), columns={"email": wrong})
    with pytest.raises(IdentifierKept, match="email"):
        pseudonymise(batch_of([ROW]), refs(1), {}, permitted, batch=BATCH, at=AT)


def test_columns_of_unequal_length_are_refused() -> None:
    short = {FieldId("feedback"): pa.array(["x"])}
    with pytest.raises(ValueError, match="as long as"):
        pseudonymise(batch_of([ROW, ROW]), refs(1, 2), short, permit(), batch=BATCH, at=AT)


def test_a_field_that_the_source_does_not_have_gives_no_column() -> None:
    parsed = batch_of([ROW])
    fewer = ParsedBatch(
        parsed.source, parsed.kind, parsed.fields.select(["email", "city"]), parsed.consents, None, parsed.undeclared,
        parsed.lines, (),
    )  # fmt: skip
    assert run(fewer, refs(1)).table.column_names == ["subject", "city"]


def test_the_input_stays_as_it_was() -> None:
    parsed = batch_of([ROW])
    before = parsed.fields.to_pylist()
    run(parsed, refs(1))
    assert parsed.fields.to_pylist() == before
