import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.foundation.arrays import BLOCK
from gateway.foundation.database import engine_for
from gateway.foundation.errors import Conflict
from gateway.release import Disclosure, Disclosures, SegmentTooSmall, diff, scope_label
from gateway.release.scopes import epoch_ends
from gateway.release.sizes import minimum_size_met, require_minimum, rounded
from gateway.vocabulary.contracts import RecipientContract, ScopeMode

AT = dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)
FIRST = Disclosure(
    release="rel_1", segment="loyal", snapshot="snap_1", recipient="mailer", purpose="direct_marketing",
    scope="epoch-230", format="csv", kind="snapshot", previous=None, size=120, entered=120, left=0,
    at=AT, policy="baseline@1:0", sha256="0" * 64,
)  # fmt: skip
BLOCKS = st.lists(st.binary(min_size=16, max_size=16), unique=True, max_size=30)
# Few values for each half, so that halves meet without the whole being equal.
ALIKE = st.lists(st.sampled_from([bytes([a]) * 8 + bytes([b]) * 8 for a in range(6) for b in range(3)]), unique=True)


def blocks(*numbers: int) -> pa.Array:
    return pa.array([bytes([n]) * 16 for n in numbers], BLOCK)


def release(number: int, segment: str = "loyal", **changes: Any) -> Disclosure:
    return dataclasses.replace(FIRST, release=f"rel_{number}", segment=segment, **changes)


@pytest.fixture
def ledger(tmp_path: Path) -> Disclosures:
    return Disclosures(engine_for(tmp_path / "operational.sqlite"))


def test_what_is_recorded_is_read_back(ledger: Disclosures) -> None:
    ledger.record(FIRST)
    assert ledger.get("rel_1") == FIRST
    ledger.record(FIRST)
    assert ledger.list() == (FIRST,)
    with pytest.raises(Conflict):
        ledger.record(dataclasses.replace(FIRST, size=121))
    assert ledger.get("rel_2") is None


def test_latest_is_per_segment_recipient_and_scope(ledger: Disclosures) -> None:
    second = release(2, kind="delta", previous="rel_1")
    others = [release(3, "other"), release(4, recipient="ads"), release(5, scope="epoch-231")]
    for disclosure in (FIRST, second, *others):
        ledger.record(disclosure)
    assert ledger.latest("loyal", "mailer", "epoch-230") == second
    assert ledger.latest("loyal", "nobody", "epoch-230") is None
    assert ledger.latest("loyal", "mailer", None) == others[2]
    assert ledger.list(recipient="ads") == (others[1],)


def test_each_list_is_told_of_an_erased_member_while_it_starts_from_before(ledger: Disclosures) -> None:
    ledger.record(FIRST)
    for segment in ("loyal", "other"):
        ledger.add_tombstones("epoch-230", segment, blocks(2, 1), at=AT)
        ledger.add_tombstones("epoch-230", segment, blocks(2), at=AT)
    ledger.record(release(2))  # of the same instant: the order of the ledger counts, not the clock
    for _ in range(2):
        assert ledger.pending_tombstones("epoch-230", "loyal", "rel_1") == blocks(1, 2)
    assert len(ledger.pending_tombstones("epoch-230", "loyal", "rel_2")) == 0
    assert len(ledger.pending_tombstones("epoch-231", "loyal", "rel_1")) == 0
    assert ledger.pending_tombstones("epoch-230", "loyal", "rel_unknown") == blocks(1, 2)


def test_a_tombstone_goes_when_a_newer_release_has_been_worked_in(ledger: Disclosures) -> None:
    ledger.record(FIRST)
    for segment in ("loyal", "other"):
        ledger.add_tombstones("epoch-230", segment, blocks(1), at=AT)
    ledger.record(release(2))
    ledger.add_tombstones("epoch-230", "loyal", blocks(3), at=AT)
    assert ledger.drop_tombstones("epoch-230", "loyal", "rel_1") == 0
    assert ledger.drop_tombstones("epoch-230", "loyal", "rel_2") == 1
    assert ledger.pending_tombstones("epoch-230", "loyal", "rel_1") == blocks(3)
    assert ledger.pending_tombstones("epoch-230", "other", "rel_1") == blocks(1)
    assert ledger.forget_scope("epoch-230") == 2


@settings(deadline=None)
@given(BLOCKS | ALIKE, BLOCKS | ALIKE)
def test_a_delta_leads_from_one_snapshot_to_the_next(previous: list[bytes], current: list[bytes]) -> None:
    delta = diff(pa.array(previous, BLOCK), pa.array(current, BLOCK))
    entered, left = set(delta.entered.to_pylist()), set(delta.left.to_pylist())
    assert (set(previous) - left) | entered == set(current)
    assert not entered & set(previous)
    assert left <= set(previous)


def test_a_large_delta() -> None:
    data = np.random.default_rng(1).integers(0, 256, (450_000, 16), np.uint8)
    everybody = pa.FixedSizeBinaryArray.from_buffers(BLOCK, 450_000, [None, pa.py_buffer(data.tobytes())])
    delta = diff(everybody[:400_000], everybody[50_000:])
    assert delta.entered == everybody[400_000:]
    assert delta.left == everybody[:50_000]


@settings(deadline=None)
@given(st.one_of(st.none(), st.integers(0, 99)))
def test_nothing_tells_how_small(size: int | None) -> None:
    assert not minimum_size_met(size, 100)
    assert rounded(size, 100) is None
    with pytest.raises(SegmentTooSmall) as caught:
        require_minimum(size, 100)
    assert caught.value.message == SegmentTooSmall().message


@pytest.mark.parametrize(
    ("size", "minimum", "shown"), [(100, 100, 100), (104, 100, 100), (105, 100, 110), (4, 1, None), (5, 1, 10)]
)
def test_sizes_are_rounded_to_tens(size: int, minimum: int, shown: int | None) -> None:
    assert rounded(size, minimum) == shown


def contract(mode: ScopeMode) -> RecipientContract:
    return RecipientContract("mailer", {}, (), (), mode, 90, 100, dt.date(2027, 12, 31), "officer", "FI")


def test_scopes_by_their_mode() -> None:
    relationship = contract(ScopeMode.RELATIONSHIP)
    assert scope_label(relationship, AT, "snap_1") == "epoch-230"
    ends = epoch_ends(relationship, AT)
    assert scope_label(relationship, ends, "snap_1") == "epoch-231"
    assert scope_label(relationship, ends - dt.timedelta(microseconds=1), "snap_1") == "epoch-230"
    assert scope_label(contract(ScopeMode.TRANSACTION), AT, "snap_1") == "snap_1"
    assert epoch_ends(contract(ScopeMode.TRANSACTION), AT) is None
    with pytest.raises(ValueError, match="time zone"):
        scope_label(relationship, AT.replace(tzinfo=None), "snap_1")
