"""Enforced segments beside the best raw DuckDB query on the same tables, interleaved in one run.

The raw queries are written by hand, without any permission: the attribute filter is found once and pushed into the
scan of events by a semi join. Both sides run on the same sorted tables; the enforced one answers for fewer people,
those who permit (``members`` beside ``members_raw``). Ratios count the time of the query alone; building and
judging it is told beside them (``build_ms``).
"""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bench.arguments import Arguments
from gateway.segmentation import build_query, load_segment
from gateway.store import Store
from gateway.vocabulary.batches import PseudonymisedBatch
from gateway.vocabulary.catalogue import Catalogue, Controller
from gateway.vocabulary.contracts import SourceContract, SourceKind
from gateway.vocabulary.decisions import Action, Permit, PermittedColumn, ProcessingRequest, RowRule
from gateway.vocabulary.fields import Field, FieldKind, Keep, ValueType
from gateway.vocabulary.names import BatchId, FieldId, PurposeId, SourceId

NOW = dt.datetime(2026, 8, 24, tzinfo=dt.UTC)
FAR = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
KEPT = dt.timedelta(days=3650)
CHUNK = 131_072
EVENTS_A_PERSON = 5
RUNS = 25
PURPOSE = PurposeId("direct_marketing")
MASK = 2
TEXT, INTEGER = ValueType.TEXT, ValueType.INTEGER
ATTRIBUTES = {
    "age": INTEGER, "gender": TEXT, "country": TEXT, "city": TEXT, "language": TEXT, "device_type": TEXT,
    "income_band": INTEGER, "occupation": TEXT, "family_status": TEXT, "signup_month": ValueType.DATE,
}  # fmt: skip
PROPERTIES = {"amount": ValueType.NUMBER, "product": INTEGER}
DEVICES = ["mobile", "desktop", "tablet", "tv"]
COUNTRIES = [
    "DE",
    "FR",
    "IT",
    "ES",
    "PL",
    "NL",
    "BE",
    "SE",
    "AT",
    "DK",
    "FI",
    "IE",
    "PT",
    "CZ",
    "GR",
    "HU",
    "RO",
    "BG",
    "HR",
    "SK",
]
KINDS = ["view"] * 4 + ["cart_add"] * 2 + ["checkout"] + ["purchase"] * 2 + ["email_open", "email_click", "login"]

ATTRIBUTE = """
id: five_attributes
purpose: direct_marketing
title: {en: Five attribute conditions}
where:
  all:
    - {field: age, between: [25, 44]}
    - {field: country, in: [DE, FR, IT, ES]}
    - {field: device_type, eq: mobile}
    - {field: gender, in: [f, m]}
    - {field: income_band, gte: 5}
"""
EVENT = """
id: attributes_and_events
purpose: direct_marketing
title: {en: Three attribute and two event conditions}
where:
  all:
    - {field: age, between: [25, 44]}
    - {field: country, in: [DE, FR, IT, ES]}
    - {field: device_type, eq: mobile}
    - {event: purchase, count: {gte: 1}, within: P180D}
    - {event: cart_add, count: {gte: 1}, within: P90D}
"""
RAW_ATTRIBUTE = """
SELECT person FROM profile_rows
WHERE age BETWEEN 25 AND 44 AND country IN ('DE', 'FR', 'IT', 'ES') AND device_type = 'mobile'
AND gender IN ('f', 'm') AND income_band >= 5
"""
RAW_EVENT = """
WITH chosen AS MATERIALIZED (
    SELECT person FROM profile_rows
    WHERE age BETWEEN 25 AND 44 AND country IN ('DE', 'FR', 'IT', 'ES') AND device_type = 'mobile'
)
SELECT person FROM event_rows
WHERE "at" > TIMESTAMPTZ '2026-02-25 00:00:00+00' AND "at" <= TIMESTAMPTZ '2026-08-24 00:00:00+00'
AND event IN ('purchase', 'cart_add') AND person IN (SELECT person FROM chosen)
GROUP BY person
HAVING count(*) FILTER (WHERE event = 'purchase') >= 1
AND count(*) FILTER (WHERE event = 'cart_add' AND "at" > TIMESTAMPTZ '2026-05-26 00:00:00+00') >= 1
"""


def run(arguments: Arguments) -> dict[str, Any]:
    """Return the figures for so many people with five events each."""
    people = arguments.people
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store.duckdb", catalogue()) as store:
        loading = load(store, people)
        _say("measuring")
        attribute = compare(store, ATTRIBUTE, RAW_ATTRIBUTE)
        event = compare(store, EVENT, RAW_EVENT)
    return {
        "people": people,
        "events": people * EVENTS_A_PERSON,
        **loading,
        **{f"{name}_attribute": value for name, value in attribute.items()},
        **{f"{name}_event": value for name, value in event.items()},
    }


def overheads(people: int) -> dict[str, float]:
    """Return what enforcement costs over the best raw query, of attributes only and with events."""
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store.duckdb", catalogue()) as store:
        load(store, people)
        attribute, event = compare(store, ATTRIBUTE, RAW_ATTRIBUTE), compare(store, EVENT, RAW_EVENT)
    return {"overhead_event": event["overhead"], "overhead_attribute": attribute["overhead"]}


def compare(store: Store, definition: str, raw: str) -> dict[str, float]:
    """Run the enforced and the raw query in turn; return the best times in milliseconds and their ratio."""
    segment = load_segment(definition, name="bench")
    relation = store.relation(permit(), NOW)
    builds = [_milliseconds(lambda: relation.prepare(build_query(segment, relation, at=NOW))) for _ in range(RUNS)]
    prepared = relation.prepare(build_query(segment, relation, at=NOW))
    enforced, bare = [], []
    with store._reading() as cursor:  # noqa: SLF001 - the raw side of the comparison has no Permit
        for _ in range(RUNS):
            bare.append(_milliseconds(lambda: cursor.execute(raw).to_arrow_table()))
            enforced.append(_milliseconds(lambda: relation.execute(prepared)))
        unrestricted = cursor.execute(raw).to_arrow_table().num_rows
    return {
        "overhead": round(min(enforced) / min(bare), 3),
        "enforced_ms": round(min(enforced), 2),
        "raw_ms": round(min(bare), 2),
        "build_ms": round(statistics.median(builds), 2),
        "members": relation.execute(prepared).num_rows,
        "members_raw": unrestricted,
    }


def load(store: Store, people: int) -> dict[str, float]:
    """Store the people, their permissions (70 % permit) and their events."""
    rng = np.random.default_rng(7)
    start = time.perf_counter()
    with store.write(BatchId("people"), SourceId("crm"), NOW) as session:
        for first, count in _chunks(people):
            session.add(PseudonymisedBatch(SourceId("crm"), BatchId("people"), SourceKind.PROFILES,
                                           profiles(rng, first, count)))  # fmt: skip
            session.set_permissions(permissions(rng, first, count))
            _say(f"{first + count} people")
        session.commit("people", people, NOW, 1)
    middle = time.perf_counter()
    with store.write(BatchId("events"), SourceId("shop"), NOW) as session:
        for first, count in _chunks(people * EVENTS_A_PERSON):
            session.add(PseudonymisedBatch(SourceId("shop"), BatchId("events"), SourceKind.EVENTS,
                                           events(rng, people, count)))  # fmt: skip
            _say(f"{first + count} events")
        session.commit("events", people * EVENTS_A_PERSON, NOW, 1)
    end = time.perf_counter()
    return {"load_people_s": round(middle - start, 2), "load_events_s": round(end - middle, 2)}


def references(numbers: Any) -> Any:
    """Return subject references, as mixed as those of a cipher, for person numbers."""
    low = numbers.astype(np.uint64)
    mixed = (low + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    blocks = np.stack([mixed ^ (mixed >> np.uint64(29)), low], axis=1)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(numbers), [None, pa.py_buffer(blocks.tobytes())])


def profiles(rng: np.random.Generator, first: int, count: int) -> pa.Table:
    """Return ``count`` people with ten attributes, skewed as customers are."""
    country = (20 * rng.random(count) ** 2).astype(int)
    month = np.datetime64("2020-01", "M") + rng.integers(0, 70, count)
    return pa.table(
        {
            "subject": references(np.arange(first, first + count)),
            "age": pa.array(18 + rng.integers(0, 62, count)),
            "gender": _words(["f", "m", "x", "u"], np.minimum(3, rng.integers(0, 100, count) // 48)),
            "country": _words(COUNTRIES, country),
            "city": _words([f"city_{i}" for i in range(500)], rng.integers(0, 500, count)),
            "language": _words(["de", "en", "fr", "it", "es", "pl", "nl", "sv"], rng.integers(0, 8, count)),
            "device_type": _words(
                ["mobile", "desktop", "tablet", "tv"], np.minimum(3, rng.integers(0, 100, count) // 33)
            ),
            "income_band": pa.array(rng.integers(0, 10, count)),
            "occupation": _words([f"occ_{i}" for i in range(25)], rng.integers(0, 25, count)),
            "family_status": _words(["single", "married", "partner", "divorced", "widowed"], rng.integers(0, 5, count)),
            "signup_month": pa.array(month.astype("datetime64[D]")),
        }
    )


def permissions(rng: np.random.Generator, first: int, count: int) -> pa.Table:
    """Return masks: seven of ten permit the purpose."""
    granted = np.where(rng.random(count) < 0.7, MASK, 0).astype(np.uint64)
    return pa.table(
        {
            "subject": references(np.arange(first, first + count)),
            "permits": pa.array(granted),
            "permits_until": pa.array(np.full(count, np.datetime64(FAR.replace(tzinfo=None), "us"))).cast(
                pa.timestamp("us", "UTC")
            ),
            "of_age_from": pa.nulls(count, pa.date32()),
            "age_reached": pa.nulls(count, pa.int64()),
        }
    )


def events(rng: np.random.Generator, people: int, count: int) -> pa.Table:
    """Return events over 600 days; few people do much."""
    seconds = rng.integers(0, 600 * 86_400, count)
    at = np.datetime64("2025-01-01", "us") + seconds.astype("timedelta64[s]")
    return pa.table(
        {
            "subject": references((people * rng.random(count) ** 1.6).astype(np.int64) % people),
            "event": _words(KINDS, rng.integers(0, len(KINDS), count)),
            "at": pa.array(at).cast(pa.timestamp("us", "UTC")),
            "amount": pa.array(np.round(5 + rng.integers(0, 20_000, count) / 100, 2)),
            "product": pa.array(rng.integers(0, 5000, count)),
        }
    )


def catalogue() -> Catalogue:
    """Return a catalogue of the benchmark's columns."""
    kinds = [(FieldKind.ATTRIBUTE, ATTRIBUTES), (FieldKind.EVENT_PROPERTY, PROPERTIES)]
    fields = {
        FieldId(name): Field(FieldId(name), {}, "user", "pd:Data", kind, value, name, Keep())
        for kind, columns in kinds
        for name, value in columns.items()
    }
    shop = SourceContract(SourceId("shop"), {}, SourceKind.EVENTS, (PURPOSE,), (), {}, event="purchase")
    controller = Controller("Example Oy", "privacy@example.org", "FI", "Example", "Example")
    return Catalogue("bench", "1", "0" * 64, controller, {}, fields, {shop.id: shop}, {}, ())


def permit() -> Permit:
    """Return a Permit for every column."""
    columns = {
        name: PermittedColumn(name, FieldId(name), value, Keep(), KEPT)
        for name, value in {**ATTRIBUTES, **PROPERTIES}.items()
    }
    return Permit(
        request=ProcessingRequest(Action.SEGMENT, PURPOSE, NOW),
        pack="bench@1",
        pack_digest="0" * 64,
        rules=(),
        legal_basis="6(1)(a)",
        columns=columns,
        identifiers=frozenset(),
        rows=RowRule(MASK, KEPT, KEPT),
        valid_until=NOW + dt.timedelta(minutes=5),
        minimum_size=1,
    )


def _words(words: list[str], picks: Any) -> Any:
    return pa.array(words).take(pa.array(picks))


def _chunks(total: int) -> Iterator[tuple[int, int]]:
    for first in range(0, total, CHUNK):
        yield first, min(CHUNK, total - first)


def _milliseconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
