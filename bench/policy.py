"""What a decision costs, one at a time and for a million people at once.

``decide_us`` is the slowest of six kinds of requests to a warm pack (the first request of a kind works out what the
rules come to for it: ``first_us``). ``decide_1m_ms`` is the permission masks of a million people, one governing event
each, in the ledger's order and with its words as dictionary codes; ``decide_1m_plain_ms`` is the same with plain texts,
and ``decide_1m_unsorted_ms`` with people and events in no order. ``bench/policy_effect.py`` says what ``simulate_s``
and ``consent_effect_ms_10m`` are, ``bench/segment.py`` what is compared in ``overhead_event`` and
``overhead_attribute``.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bench.arguments import Arguments
from bench.policy_effect import consent_effect, simulate
from bench.segment import overheads
from gateway.policy import Pack, decide, load_pack, permission_masks
from gateway.policy.masks import STANDING
from gateway.vocabulary.decisions import Action, ProcessingRequest
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, SourceId

FOLDER = Path(__file__).parents[1] / "policies" / "baseline"
AT = dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)
MILLION = 1_000_000
CALLS = 2_000
RUNS = 7


def run(_arguments: Arguments) -> dict[str, Any]:
    """Return the figures; the number of people is the mark's own."""
    files = {
        path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8")
        for path in (*FOLDER.rglob("*.yaml"), *FOLDER.glob("*.md"))
    }
    pack = load_pack(files)
    first = [_seconds(partial(decide, asked, pack)) for asked in requests()]
    each = [_best(partial(_repeated, asked, pack)) / CALLS for asked in requests()]
    deciding = {"decide_us": round(max(each) * 1e6, 1), **masks(pack), "first_us": round(max(first) * 1e6)}
    return {**deciding, **simulate(MILLION), **consent_effect(10 * MILLION), **overheads(MILLION)}


def requests() -> list[ProcessingRequest]:
    """Return one request of each kind that the gateway makes, and two that are refused."""
    marketing, analytics = PurposeId("direct_marketing"), PurposeId("product_analytics")
    customers, insights = SourceId("webshop_customers"), RecipientId("insights")
    return [
        ProcessingRequest(Action.SEGMENT, marketing, AT, _fields("birth_date", "country", "amount")),
        ProcessingRequest(Action.SEGMENT, PurposeId("customer_segmentation"), AT),
        ProcessingRequest(Action.STORE, PurposeId("customer_segmentation"), AT, source=customers),
        ProcessingRequest(
            Action.RELEASE, analytics, AT, _fields("country"), recipient=insights, received=_fields("birth_date")
        ),
        ProcessingRequest(Action.SEGMENT, marketing, AT, _fields("gender", "health_note")),
        ProcessingRequest(
            Action.RELEASE, analytics, AT, _fields("birth_date"), recipient=insights,
            received=_fields("postcode", "gender"),
        ),
    ]  # fmt: skip


def masks(pack: Pack) -> dict[str, float]:
    """Return the milliseconds of a million masks."""
    rng = np.random.default_rng(7)
    blocks = np.frombuffer(rng.bytes(16 * MILLION), ">u8").reshape(-1, 2)
    blocks = blocks[np.lexsort((blocks[:, 1], blocks[:, 0]))]
    ages = pa.array(np.full(MILLION, 21_000, np.int32), mask=rng.random(MILLION) < 0.95).cast(pa.date32())  # 5 % young
    plain = standing(rng, blocks)
    coded = plain
    for name in ("purpose", "status", "notice"):
        place = coded.schema.get_field_index(name)
        coded = coded.set_column(place, name, coded[name].combine_chunks().dictionary_encode())
    mixed = rng.permutation(MILLION)

    def asked(people: Any, said: pa.Table) -> float:
        return round(_best(lambda: permission_masks(pack, people, said, ages, AT)) * 1000, 1)

    return {
        "decide_1m_ms": asked(_references(blocks), coded),
        "decide_1m_plain_ms": asked(_references(blocks), plain),
        "decide_1m_unsorted_ms": asked(_references(blocks[mixed]), coded.take(pa.array(rng.permutation(MILLION)))),
    }


def standing(rng: np.random.Generator, blocks: Any) -> pa.Table:
    """Return one governing event for each person, most of them a yes to marketing."""
    ago = rng.integers(0, 800 * 86_400 * 10**6, MILLION)
    columns = [
        _references(blocks),
        _words(rng, ["direct_marketing", "direct_marketing", "direct_marketing", "product_analytics"]),
        _words(rng, ["given", "given", "given", "withdrawn", "objected"]),
        pa.array(int(AT.timestamp() * 1e6) - ago).cast(pa.timestamp("us", "UTC")),
        _words(rng, ["webshop-2026-05", "webshop-2025-01"]),
    ]
    return pa.table(columns, schema=STANDING)


def _fields(*names: str) -> frozenset[FieldId]:
    return frozenset(map(FieldId, names))


def _references(blocks: Any) -> Any:
    data = pa.py_buffer(np.ascontiguousarray(blocks).tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(blocks), [None, data])


def _words(rng: np.random.Generator, words: list[str]) -> pa.Array:
    return pa.array(words).take(pa.array(rng.integers(0, len(words), MILLION)))


def _repeated(asked: ProcessingRequest, pack: Pack) -> None:
    for _ in range(CALLS):
        decide(asked, pack)


def _best(work: Callable[[], Any]) -> float:
    return min(_seconds(work) for _ in range(RUNS))


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
