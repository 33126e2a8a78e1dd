"""The tags of a bulk entry: what is sealed depends on nothing but whose they are."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit
from audit.disk import Disk
from gateway.accountability.bulk import BulkTags
from gateway.accountability.errors import EventRefused, LogUnwritable
from gateway.vocabulary.names import EntryId

ENTRY = EntryId("a" * 26)
EDGES = st.sampled_from([b"\x00", b"\x7f", b"\x80", b"\xff"])
TAGS = st.one_of(st.binary(min_size=16, max_size=16), st.builds(lambda a, b: a * 15 + b, EDGES, EDGES))


def collecting(folder: Path, most_held: int = 2**21) -> BulkTags:
    return BulkTags(ENTRY, audit.TagFile(folder, lambda _root, _count: None), folder, most_held)


@given(tags=st.lists(TAGS, unique=True, max_size=40), data=st.data(), most_held=st.integers(1, 50))
def test_order_repetition_and_chunks_show_nowhere(tags: list[bytes], data: st.DataObject, most_held: int) -> None:
    """Else the i-th tag of one entry and the i-th of another would be one person's, told without any key."""
    again = data.draw(st.lists(st.sampled_from(tags), max_size=20)) if tags else []
    added = data.draw(st.permutations(tags + again))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(added)), max_size=6)))
    with tempfile.TemporaryDirectory() as name, collecting(folder := Path(name), most_held) as collected:
        for start, end in zip([0, *cuts], [*cuts, len(added)], strict=True):
            collected.add(b"".join(added[start:end]))
        sealed = collected.seal()
        assert [path.name for path in folder.iterdir()] == [sealed.root]
        assert (folder / sealed.root).read_bytes() == b"".join(sorted(tags))
    assert (sealed.entry_id, sealed.count) == (ENTRY, len(tags))


def test_columns_are_taken_as_bytes_are(tmp_path: Path) -> None:
    blocks = np.frombuffer(os.urandom(16 * 1000), np.uint8).reshape(-1, 16)
    with collecting(tmp_path) as columns, collecting(tmp_path, most_held=7) as texts:
        columns.add(blocks)
        columns.add(blocks[::-2])
        texts.add(blocks.tobytes())
        assert columns.seal() == texts.seal()


def test_what_is_not_sealed_leaves_nothing(tmp_path: Path) -> None:
    with collecting(tmp_path, most_held=1) as collected:
        collected.add(bytes(range(64)))
    assert list(tmp_path.iterdir()) == []


def test_part_of_a_tag_is_refused(tmp_path: Path) -> None:
    with collecting(tmp_path) as collected, pytest.raises(EventRefused, match="16 bytes"):
        collected.add(bytes(17))


def test_nothing_is_added_once_it_is_sealed_or_discarded(tmp_path: Path) -> None:
    with collecting(tmp_path) as collected:
        collected.add(bytes(16))
        collected.seal()
        later: list[Callable[[], object]] = [lambda: collected.add(bytes(16)), collected.seal]
        for action in later:
            with pytest.raises(EventRefused, match="sealed or discarded"):
                action()
    for action in later:
        with pytest.raises(EventRefused, match="sealed or discarded"):
            action()


def test_no_room_for_what_memory_does_not_hold_is_a_named_error(tmp_path: Path) -> None:
    file = audit.TagFile(tmp_path, lambda _root, _count: None)
    with BulkTags(ENTRY, file, tmp_path / "gone", 1) as collected, pytest.raises(LogUnwritable, match="nothing may"):
        collected.add(bytes(32))


class Failing(Disk):
    """A disk that does everything but make a file durable."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def sync(self, handle: int) -> None:  # noqa: ARG002 - the file is not to become durable
        raise self._error


@pytest.mark.parametrize("error", [OSError(28, "No space left"), audit.LogFailed("the log cannot be written")])
def test_a_disk_that_fails_at_the_seal_is_a_named_error(tmp_path: Path, error: Exception) -> None:
    file = audit.TagFile(tmp_path, lambda _root, _count: None, disk=Failing(error))
    with BulkTags(ENTRY, file, tmp_path) as collected:
        collected.add(bytes(16))
        with pytest.raises(LogUnwritable, match="nothing may leave"):
            collected.seal()
    assert list(tmp_path.iterdir()) == []
