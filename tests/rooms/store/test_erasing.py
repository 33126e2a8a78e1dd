"""Erasure is real: rows go everywhere, the file is rewritten, and the bytes are in no file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from gateway.foundation.errors import InvalidInput, NotFound, NotPermitted
from gateway.store import ErasedRows, Store, compaction
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.names import PurposeId, ReleaseId, RequestId, SegmentId, SnapshotId
from gateway.vocabulary.relations import SegmentSnapshot
from tests.rooms.store import kit

MARKER = "Marker-of-somebody-fictional-7c1f"


def snapshot(name: str, size: int) -> SegmentSnapshot:
    return SegmentSnapshot(
        SnapshotId(name), SegmentId("seg"), "direct_marketing", kit.AT, size, "d" * 64, "q" * 64, "test@1"
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with kit.opened(tmp_path) as opened:
        numbers = list(range(200))
        cities = [MARKER if n == 3 else f"city {n}" for n in numbers]
        kit.load(opened, kit.profiles(numbers, city=cities), kit.masks(numbers, [2] * 200))
        kit.load(opened, kit.events([3, 4, 3], [1, 1, 2], product_category=[MARKER + "e", "books", "music"]))
        opened.save_snapshot(snapshot("s1", 2), pa.array([3, 4]))
        opened.record_release(ReleaseId("r1"), kit.refs([3, 4]))
        yield opened


def found_in_files(folder: Path, needle: bytes) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file() and needle in path.read_bytes()]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_erased_bytes_are_in_no_file_after_compaction(store: Store, tmp_path: Path) -> None:
    store.compact()
    assert found_in_files(tmp_path, MARKER.encode()), "the marker has to be there first, or the test proves nothing"
    assert found_in_files(tmp_path, kit.ref(3))
    assert store.count_rows(kit.ref(3)) == ErasedRows(1, 2, 1, 1)
    assert store.erase(kit.refs([3, 777])) == ErasedRows(1, 2, 1, 1)
    assert store.compaction_due()
    assert any("erased_bytes" in finding for finding in store.doctor())
    store.compact()
    assert not store.compaction_due()
    assert store.doctor() == ()
    for needle in (MARKER.encode(), (MARKER + "e").encode(), bytes(kit.ref(3))):
        assert found_in_files(tmp_path, needle) == []
    assert store.release_members(ReleaseId("r1")).to_pylist() == [kit.ref(4)]
    assert store.events_of(kit.ref(4), on_behalf=RequestId("r")).num_rows == 1
    assert store.erase(kit.refs([3])).total == 0


@pytest.mark.parametrize("step", ["_copy_table", "_check_complete", "_sync", "sync_directory"])
def test_a_rewrite_that_breaks_off_leaves_one_whole_file(
    store: Store, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    store.erase(kit.refs([3]))
    with monkeypatch.context() as patch:
        patch.setattr(compaction, step, stop)
        with pytest.raises(KeyboardInterrupt):
            store.compact()
    assert store.count_rows(kit.ref(4)).profiles == 1
    assert names(tmp_path) == ["store.duckdb", "store.duckdb.lock"]
    assert store.compact().bytes_after > 0
    assert store.doctor() == ()


def test_leftovers_of_a_crash_are_removed_when_the_store_opens(store: Store, tmp_path: Path) -> None:
    store.close()
    (tmp_path / ".store.duckdb.new").write_bytes(b"half")
    (tmp_path / ".store.duckdb.new.wal").write_bytes(b"half")
    (tmp_path / "store.duckdb.tmp").mkdir()
    (tmp_path / "store.duckdb.tmp" / "spill").write_bytes(MARKER.encode())
    with kit.opened(tmp_path) as again:
        assert again.count_rows(kit.ref(4)).profiles == 1
    assert names(tmp_path) == ["store.duckdb", "store.duckdb.lock"]


def test_the_file_is_private(store: Store, tmp_path: Path) -> None:
    store.compact()
    assert (tmp_path / "store.duckdb").stat().st_mode & 0o077 == 0


def test_members_are_checked_again_at_release(store: Store) -> None:
    release = kit.permit(action=Action.RELEASE)
    assert store.members(SnapshotId("s1"), release, kit.AT).to_pylist() == [kit.ref(3), kit.ref(4)]
    store.set_permissions(kit.masks([3], [1]))
    assert store.members(SnapshotId("s1"), release, kit.AT).to_pylist() == [kit.ref(4)]
    assert store.permitted(kit.refs([4, 3, 5]), release, kit.AT).to_pylist() == [kit.ref(4), kit.ref(5)]
    shown = store.attributes(kit.refs([4, 3]), kit.permit(action=Action.RELEASE, columns=("city",)), kit.AT)
    assert shown.to_pylist() == [{"city": "city 4"}, {"city": None}]
    with pytest.raises(NotPermitted, match="purpose_differs"):
        store.members(SnapshotId("s1"), kit.permit(purpose=PurposeId("product_analytics")), kit.AT)
    with pytest.raises(NotFound):
        store.members(SnapshotId("none"), release, kit.AT)


def test_snapshots_and_releases_know_their_people(store: Store) -> None:
    store.save_snapshot(snapshot("s2", 1), pa.array([4]))
    latest = store.latest_snapshot(SegmentId("seg"))
    assert latest == snapshot("s2", 1)
    assert store.latest_snapshot(SegmentId("other")) is None
    assert store.subject_snapshots(kit.ref(4)) == ("s1", "s2")
    assert store.subject_releases(kit.ref(4)) == ("r1",)
    assert store.subject_releases(kit.ref(5)) == ()
    for members in ([4, 4], [4], [4, 999_999]):
        with pytest.raises(InvalidInput):
            store.save_snapshot(snapshot("s3", 2), pa.array(members))
    store.save_snapshot(snapshot("s0", 0), pa.array([], pa.int64()))
    assert store.members(SnapshotId("s0"), kit.permit(), kit.AT).to_pylist() == []


def test_events_stay_sorted_by_person(store: Store, tmp_path: Path) -> None:
    assert store.sort_needed()
    store.compact()
    assert not store.sort_needed()
    with store._reading() as cursor:
        people = [row[0] for row in cursor.execute("SELECT person FROM event_rows").fetchall()]
    assert people == sorted(people)
    assert tmp_path.is_dir()
