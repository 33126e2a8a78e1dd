"""The journal: whole groups come back, in their order, whatever bytes lie behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import format as layout
from audit import journal, merkle
from audit.disk import Disk
from audit.errors import LogRefused
from audit.journal import Journal, split_payload
from audit.tiles import encode_bundle
from tests.crash import scratch

ORIGIN = "log.example.org/test"


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "FIRST_SEGMENT", 1024)
    monkeypatch.setattr(journal, "LARGEST_SEGMENT", 4096)


def opened(
    folder: Path, published: int = 0, origin: str = ORIGIN, disk: Disk | None = None
) -> tuple[Journal, list[bytes]]:
    found = Journal(folder, origin, disk or Disk())
    entries: list[bytes] = []
    tree = merkle.Accumulator()
    try:
        for group in found.load(published, tree.root):
            entries += group
            tree.extend(merkle.leaf_hashes(group))
        found.settle()
    except BaseException:
        found.close()
        raise
    return found, entries


def write(into: Journal, groups: Sequence[Sequence[bytes]], before: Sequence[bytes] = ()) -> list[bytes]:
    tree = merkle.Accumulator()
    tree.extend(merkle.leaf_hashes(before))
    written = list(before)
    for group in groups:
        into.append(len(group), encode_bundle(group), tree.root)
        tree.extend(merkle.leaf_hashes(group))
        written += group
    return written


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("0*"))


GROUPS = st.lists(st.lists(st.binary(max_size=300), min_size=1, max_size=6), max_size=12)


@given(first=GROUPS, second=GROUPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_appended_comes_back_in_segments_that_name_their_past(
    first: list[list[bytes]], second: list[list[bytes]]
) -> None:
    with scratch() as name:
        folder = Path(name)
        entries: list[bytes] = []
        for groups in (first, second):
            into, found = opened(folder)
            assert found == entries
            entries = write(into, groups, entries)
            assert into.size == len(entries)
            into.allocate_ahead()
            into.close()
        again, found = opened(folder)
        again.close()
        assert found == entries
        for path in segments(folder):
            tree = merkle.Accumulator()
            tree.extend(merkle.leaf_hashes(entries[: int(path.name)]))
            head = layout.segment_header(ORIGIN, int(path.name), tree.root())
            assert path.read_bytes()[: len(head)] == head


@given(torn=st.binary(max_size=200), count=st.integers(0, 5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_behind_the_last_group_are_cut_for_good(torn: bytes, count: int) -> None:
    with scratch() as name:
        folder = Path(name)
        into, _ = opened(folder)
        entries = write(into, [[b"x"], *([[b"%d" % number] for number in range(count)])])
        end = into._current.end if into._current else 0
        into.close()
        with segments(folder)[-1].open("r+b") as segment:
            segment.seek(end)
            segment.write(torn)
        into, found = opened(folder)
        assert found == entries
        assert not segments(folder)[-1].read_bytes()[end:].strip(b"\0")
        entries = write(into, [[b"after"]], entries)
        into.close()
        assert opened(folder)[1] == entries


def torn_behind(folder: Path, group: bytes, size: int) -> bytes:
    """A journal with one entry, and of the next group its first ``size`` bytes; return the last segment."""
    into, _ = opened(folder)
    write(into, [[b"first"]])
    end = into._current.end if into._current else 0
    into.close()
    with segments(folder)[-1].open("r+b") as segment:
        segment.seek(end)
        segment.write(group[:size])
    return segments(folder)[-1].read_bytes()


@given(text=st.text(min_size=1, max_size=60), data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_torn_group_of_text_is_cut_whatever_it_says(text: str, data: st.DataObject) -> None:
    """The mark begins with a byte that no UTF-8 has, so no text, JSON for one, holds a group."""
    entry = layout.group(5, 1, b"\0\1x").decode("utf-8", "ignore").encode() + text.encode() + b"."
    group = layout.group(1, 1, encode_bundle([entry]))
    with scratch() as name:
        torn_behind(Path(name), group, data.draw(st.integers(1, len(group) - 1)))
        into, found = opened(Path(name))
        into.close()
        assert found == [b"first"]


def test_a_torn_group_whose_entry_holds_a_whole_one_is_refused_and_not_cut(folder: Path) -> None:
    """The limit of telling torn from damaged: bytes that are no text may look like what was acknowledged later."""
    entry = b"a" * 100 + layout.group(5, 1, b"\0\1x") + b"b" * 100
    group = layout.group(1, 1, encode_bundle([entry]))
    before = torn_behind(folder, group, len(group) - 50)
    with pytest.raises(LogRefused, match="later group"):
        opened(folder)
    assert segments(folder)[-1].read_bytes() == before


def test_writing_changes_no_size(folder: Path) -> None:
    into, _ = opened(folder)
    write(into, [[b"first"]])
    size = segments(folder)[0].stat().st_size
    assert size == 1024
    write(into, [[b"x" * 50]] * 5, [b"first"])
    assert [path.stat().st_size for path in segments(folder)] == [size]
    into.close()


def test_segments_grow_up_to_a_limit_and_a_large_group_has_one_of_its_own(folder: Path) -> None:
    into, _ = opened(folder)
    entries = write(into, [[b"x" * 400]] * 60)
    entries = write(into, [[b"y" * 60_000] * 3], entries)
    sizes = [path.stat().st_size for path in segments(folder)]
    assert sizes[:3] == [1024, 2048, 4096]
    assert set(sizes[3:-1]) == {4096}
    assert sizes[-1] >= 180_000
    assert all(size % 512 == 0 for size in sizes)
    into.close()
    assert opened(folder)[1] == entries


def test_the_next_segment_is_made_ahead_and_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "FIRST_SEGMENT", 2048)
    into, _ = opened(folder)
    entries = write(into, [[b"x" * 200]])
    into.allocate_ahead()
    assert not (folder / "ahead").exists()
    entries = write(into, [[b"x" * 500]], entries)
    into.allocate_ahead()
    ahead = (folder / "ahead").stat().st_ino
    entries = write(into, [[b"x" * 900]], entries)
    assert segments(folder)[-1].stat().st_ino == ahead
    assert not (folder / "ahead").exists()
    into.close()
    assert opened(folder)[1] == entries


def test_groups_behind_the_checkpoint_are_written_again_at_opening(folder: Path) -> None:
    """After a sync that failed the page cache calls pages clean that are not on disk."""

    class Noting(Disk):
        def __init__(self) -> None:
            self.written: dict[str, set[int]] = {}

        def write(self, handle: int, data: bytes | memoryview, at: int) -> None:
            name = Path(f"/proc/self/fd/{handle}").readlink().name
            self.written.setdefault(name, set()).update(range(at, at + len(data)))
            super().write(handle, data, at)

    into, _ = opened(folder)
    entries = write(into, [[b"%d" % number * 100] for number in range(10)])
    end = into._current.end if into._current else 0
    into.close()
    disk = Noting()
    into, found = opened(folder, published=4, disk=disk)
    into.close()
    assert found == entries
    group = layout.GROUP_HEAD.size + 2 + 100
    first, *others = segments(folder)
    assert set(range(layout.SEGMENT_HEADER_BYTES, layout.SEGMENT_HEADER_BYTES + group)).isdisjoint(
        disk.written.get(first.name, set())
    )
    for path in others:
        start = layout.SEGMENT_HEADER_BYTES + group * max(0, 4 - int(path.name))
        stop = end if path == others[-1] else path.stat().st_size
        assert set(range(start, stop)) <= disk.written[path.name]


@pytest.mark.parametrize("at", [0, 20, 60, 511])
def test_a_header_of_another_log_or_place_is_refused(folder: Path, at: int) -> None:
    into, _ = opened(folder)
    write(into, [[b"x"]])
    into.close()
    data = bytearray(segments(folder)[0].read_bytes())
    if at == 60:
        data[:512] = layout.segment_header(ORIGIN, 7, bytes(32))
    else:
        data[at] ^= 1
    segments(folder)[0].write_bytes(data)
    with pytest.raises(LogRefused, match=r"header.*copy"):
        opened(folder)
    assert segments(folder)[0].read_bytes() == data


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("at", [0, 63])
def test_a_segment_that_names_another_past_is_refused(folder: Path, number: int, at: int) -> None:
    into, _ = opened(folder)
    write(into, [[b"x" * 600]] * 6)
    into.close()
    path = segments(folder)[number]
    data = bytearray(path.read_bytes())
    place = data.index(b"\n%d\n" % int(path.name)) + len(f"\n{int(path.name)}\n") + at
    data[place] = ord("0") if data[place] != ord("0") else ord("1")
    path.write_bytes(data)
    with pytest.raises(LogRefused, match=rf"{path.name}: its header.*copy"):
        opened(folder)
    assert path.read_bytes() == data


def test_a_missing_segment_is_refused(folder: Path) -> None:
    into, _ = opened(folder)
    write(into, [[b"x" * 600]] * 6)
    into.close()
    segments(folder)[1].unlink()
    with pytest.raises(LogRefused, match=r"damaged.*copy"):
        opened(folder)


def test_an_empty_or_short_segment_is_refused(folder: Path) -> None:
    for data in (b"", b"audit-journal/2\n", bytes(2048)):
        (folder / layout.segment_name(0)).write_bytes(data)
        with pytest.raises(LogRefused, match="header"):
            opened(folder)


@given(st.binary(max_size=60))
def test_a_payload_is_entries_or_nothing(payload: bytes) -> None:
    entries = split_payload(payload)
    assert entries is None or encode_bundle(entries) == payload


@given(st.lists(st.binary(max_size=20)))
def test_entries_survive_their_payload(entries: list[bytes]) -> None:
    assert split_payload(encode_bundle(entries)) == entries
