"""What an officer and a person wait for: a simulation over a million people, a withdrawal's effect among ten million.

``simulate_s`` is one whole simulation of a draft that touches everybody and each of 20 segments: both packs' masks from
the ledger (one choice a person), each segment counted on both sides, decisions, recalls, unused fields.
``consent_effect_ms_10m`` is the time from the call of ``RecordConsent`` with a withdrawal or a new yes to its return:
the choice is in the log and in the ledger then, and its mask in the store, as the very next query sees (checked each
time). The other people are stored in bulk, without vault or ledger entries. Both are the best of some runs, with the
slowest beside.
"""

from __future__ import annotations

import datetime as dt
import io
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gateway.flows.policy_pack import load_draft
from gateway.flows.record_consent import Choice
from gateway.flows.simulate_policy import SimulatePolicy
from gateway.foundation.settings import Settings
from gateway.policy import decide
from gateway.vocabulary.batches import PseudonymisedBatch
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.contracts import SourceKind
from gateway.vocabulary.decisions import Action, Permit, ProcessingRequest
from gateway.vocabulary.events import Actor
from gateway.vocabulary.names import BatchId, PurposeId, SourceId
from gateway.wiring import Gateway, initialise, open_gateway, read_folder

PACK = Path(__file__).parents[1] / "policies" / "baseline"
BENCH, MARKETING = Actor("operator", "bench"), PurposeId("direct_marketing")
NOTICE, CHUNK, SEGMENTS, PURCHASES_EACH = "webshop-2026-05", 131_072, 20, 3
SOMEBODY = ("customer_number", "C00001")
CUSTOMER = (
    "customer_no,email,phone,given_name,family_name,street_address,postcode,city,country,language,birth_date,"
    "national_id,registered_on,loyalty_tier,marketing_consent,analytics_choice,note\n"
    "C00001,person.1@example.org,,Aino,Esimerkki,,00530,Helsinki,FI,fi,1987-03-14,,2025-02-03,gold,kyllä 2026-05-02,,\n"
)
_SEGMENT = """
id: bench_{n}
purpose: {purpose}
title: {{en: Bench {n}, fi: Mittaus {n}, hu: Mérés {n}, uk: Вимір {n}}}
where:
  all:
    - {{field: country, in: [{countries}]}}
    - {condition}
"""
_MANY = """
INSERT INTO profile_rows BY NAME
SELECT 1000 + i AS person, unhex(md5(i::VARCHAR)) AS subject, (hash(i) % 8)::UBIGINT AS permits,
TIMESTAMPTZ '9999-12-31 00:00:00+00' AS permits_until, 'bench' AS source, 'bench' AS batch, {now} AS collected_at,
['FI', 'HU', 'UA', 'DE'][1 + (hash(i + 1) % 4)::INTEGER] AS country, {now} AS collected_country
FROM range({people}) AS made(i)
"""


def simulate(people: int, runs: int = 2) -> dict[str, float]:
    """Return the seconds of a simulation over so many people and 20 segments."""
    with _home() as (gateway, folder):
        _fill(gateway, people)
        draft = load_draft(_draft(folder))
        simulating = SimulatePolicy(gateway.house, gateway.policies)
        seconds = [_seconds(lambda: simulating(draft, BENCH)) for _ in range(runs)]
    return {"simulate_s": round(min(seconds), 2), "simulate_slowest_s": round(max(seconds), 2)}


def consent_effect(people: int, runs: int = 10) -> dict[str, float]:
    """Return the milliseconds until a choice bites in a store of so many people."""
    with _home() as (gateway, _):
        gateway.ingest(io.BytesIO(CUSTOMER.encode()), SourceId("webshop_customers"), BENCH, name="one.csv")
        _say(f"storing {people} people")
        now = f"make_timestamptz({int(gateway.house.clock.now().timestamp() * 1e6)})"
        many = _MANY.format(now=now, people=people)
        gateway.house.store._in_transaction(lambda cursor: cursor.execute(many))  # noqa: SLF001 - in bulk, past the door
        times = []
        for run in range(runs):
            yes = bool(run % 2)
            choice = Choice(MARKETING, ConsentStatus.GIVEN if yes else ConsentStatus.WITHDRAWN, notice=NOTICE)
            times.append(1000 * _seconds(lambda choice=choice: gateway.record_consent(SOMEBODY, choice, BENCH)))
            if _takes_part(gateway) is not yes:
                raise AssertionError("the next query does not see the choice")
    return {"consent_effect_ms_10m": round(min(times), 1), "consent_effect_slowest_ms_10m": round(max(times), 1)}


@contextmanager
def _home() -> Iterator[tuple[Gateway, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pack"
        shutil.copytree(PACK, folder)
        for path in folder.glob("segments/*.yaml"):
            path.unlink()
        for n in range(SEGMENTS):
            (folder / "segments" / f"bench_{n}.yaml").write_text(_segment(n), encoding="utf-8")
        settings = Settings(home=Path(name) / "home", policies=folder)
        initialise(settings)
        with open_gateway(settings) as gateway:
            yield gateway, folder


def _segment(n: int) -> str:
    condition = f"{{event: purchase, count: {{gte: {1 + n % 3}}}, within: P{60 + 10 * n}D}}"
    if n % 2:
        condition = '{field: age_band, in: ["20-24", "25-29", "30-34"]}'
    purpose = MARKETING if n % 4 < 2 else "product_analytics"
    countries = ", ".join(["FI", "HU", "UA"][: 1 + n % 3])
    return _SEGMENT.format(n=n, purpose=purpose, countries=countries, condition=condition)


def _draft(folder: Path) -> dict[str, str]:
    """A draft under which consents age sooner, and analytics no longer asks anybody."""
    files = read_folder(folder)
    purposes = files["purposes.yaml"].replace("valid_days: 730", "valid_days: 365")
    head, _, tail = purposes.partition("id: product_analytics")
    files["purposes.yaml"] = head + "id: product_analytics" + tail.replace("6(1)(f)", "6(1)(b)", 1)
    files["pack.yaml"] = files["pack.yaml"].replace("version: 1.0.0", "version: 2.0.0\nsupersedes: 1.0.0")
    return files


def _fill(gateway: Gateway, people: int) -> None:
    """Store people with a choice each, their masks by the pack in force, and their purchases."""
    house, rng, now = gateway.house, np.random.default_rng(7), gateway.house.clock.now()
    batch, source = BatchId("people"), SourceId("webshop_customers")
    with house.ledger.write(batch) as ledger, house.store.write(batch, source, now) as store:
        for first in range(0, people, CHUNK):
            count = min(CHUNK, people - first)
            subjects = _subjects(first, count)
            ledger.add(subjects, _choices(rng, count, now), recorded_at=now, channel="bench")
            store.add(PseudonymisedBatch(source, batch, SourceKind.PROFILES, _profiles(rng, subjects)))
            _say(f"{first + count} people")
        store.commit("people", people, now, ledger.commit())
    house.ledger.settle(batch)
    batch, source = BatchId("purchases"), SourceId("webshop_purchases")
    with house.store.write(batch, source, now) as store:
        for first in range(0, people * PURCHASES_EACH, CHUNK):
            count = min(CHUNK, people * PURCHASES_EACH - first)
            store.add(PseudonymisedBatch(source, batch, SourceKind.EVENTS, _purchases(rng, people, count, now)))
        store.commit("purchases", people * PURCHASES_EACH, now, house.ledger.position)


def _subjects(first: int, count: int) -> Any:
    return _as_subjects(np.arange(first, first + count))


def _as_subjects(numbers: Any) -> Any:
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    blocks = np.stack([mixed ^ (mixed >> np.uint64(29)), numbers.astype(np.uint64)], axis=1)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(numbers), [None, pa.py_buffer(blocks.tobytes())])


def _choices(rng: np.random.Generator, count: int, now: dt.datetime) -> pa.Table:
    ago = rng.integers(0, 700 * 86_400 * 10**6, count)
    at = pa.array(int(now.timestamp() * 1e6) - ago).cast(pa.timestamp("us", "UTC"))
    status = _words(rng, ["given", "given", "given", "withdrawn", "objected"], count)
    return pa.table(
        {
            "row": pa.array(np.arange(count)),
            "purpose": _words(rng, [MARKETING, MARKETING, "product_analytics"], count),
            "status": status,
            "at": at,
            "notice": pa.array([NOTICE]).take(pa.array(np.zeros(count, np.int64))),
        }
    )


def _profiles(rng: np.random.Generator, subjects: Any) -> pa.Table:
    count = len(subjects)
    bands = ["20-24", "25-29", "30-34", "35-39", "40-44", "50-54", "60-64"]
    return pa.table(
        {
            "subject": subjects,
            "country": _words(rng, ["FI", "HU", "UA", "DE"], count),
            "age_band": _words(rng, bands, count),
            "loyalty_tier": _words(rng, ["gold", "silver", "bronze"], count),
        }
    )


def _purchases(rng: np.random.Generator, people: int, count: int, now: dt.datetime) -> pa.Table:
    ago = rng.integers(0, 600 * 86_400 * 10**6, count)
    return pa.table(
        {
            "subject": _as_subjects(rng.integers(0, people, count)),
            "event": _words(rng, ["purchase"], count),
            "at": pa.array(int(now.timestamp() * 1e6) - ago).cast(pa.timestamp("us", "UTC")),
            "amount": pa.array(np.round(rng.random(count) * 200, 2)),
        }
    )


def _takes_part(gateway: Gateway) -> bool:
    """Whether the next query sees the one person."""
    house, at = gateway.house, gateway.house.clock.now()
    subject = house.find(SOMEBODY)
    match decide(ProcessingRequest(Action.SEGMENT, MARKETING, at), house.pack):
        case Permit() as permit:
            return len(house.store.permitted(pa.array([subject], pa.binary(16)), permit, at)) == 1
        case _:
            raise AssertionError("the baseline permits segments for marketing")


def _words(rng: np.random.Generator, words: list[Any], count: int) -> pa.Array:
    return pa.array(words, pa.string()).take(pa.array(rng.integers(0, len(words), count)))


def _seconds(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
