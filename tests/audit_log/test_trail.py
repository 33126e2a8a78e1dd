"""A trail: shards by quarter, each beginning with the end of the one before."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import audit
from audit import format as layout
from audit.__main__ import main
from audit.disk import Disk
from audit.note import parse_note
from audit.shards import previous_of, shard_end, shard_of
from tests.crash import scratch

BASE = "log.example.org/trail"
AUTUMN = dt.datetime(2026, 9, 30, 23, 59, tzinfo=dt.UTC)
WINTER = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)


class World:
    """A clock that moves when told, a disk that fails when told, and the trail on them."""

    def __init__(self, home: Path) -> None:
        self.directory = home / "trail"
        self.now = AUTUMN
        self.disk = StoppingDisk()

    def open(self) -> audit.Trail:
        around = audit.Surroundings(clock=lambda: self.now, disk=self.disk)
        link = audit.link_from(b'{"action":"shard_begun"}', lambda: self.now)
        return audit.Trail.open(self.directory, BASE, lambda origin: audit.Signer(origin, bytes(32)), link, around)

    def entries(self, shard: str) -> list[bytes]:
        return list(audit.PublishedLog(self.directory / shard).entries())


class StoppingDisk(Disk):
    """Fails at the write, sync or renaming of this number, counted from when it is set, and at all that follow."""

    left: int | None = None
    failures = 0

    def _count(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.failures += 1
                raise OSError(5, "Input/output error")

    def write(self, handle: int, data: bytes | memoryview, at: int) -> None:
        self._count()
        super().write(handle, data, at)

    def sync(self, handle: int) -> None:
        self._count()
        super().sync(handle)

    def sync_data(self, handle: int) -> None:
        self._count()
        super().sync_data(handle)

    def replace(self, old: Path, new: Path) -> None:
        self._count()
        super().replace(old, new)

    def sync_folder(self, path: Path) -> None:
        self._count()
        super().sync_folder(path)


@pytest.fixture
def world() -> Iterator[World]:
    with scratch() as name:
        yield World(Path(name))


def test_a_quarter_ends_at_its_instant_in_utc() -> None:
    east = dt.timezone(dt.timedelta(hours=5))
    assert shard_of(dt.datetime(2026, 10, 1, 4, 59, tzinfo=east)) == "2026q3"
    assert shard_of(dt.datetime(2026, 10, 1, 5, tzinfo=east)) == "2026q4"
    assert shard_end(AUTUMN) == WINTER
    assert shard_end(WINTER) == dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


def test_entries_go_to_the_shard_of_the_quarter(world: World) -> None:
    with world.open() as trail:
        assert trail.append([b"autumn"])[0] == audit.Receipt(0, audit.leaf_hash(b"autumn"), f"{BASE}/2026q3")
        world.now = WINTER
        assert trail.append([b"winter"])[0] == audit.Receipt(1, audit.leaf_hash(b"winter"), f"{BASE}/2026q4")
        assert trail.origin == f"{BASE}/2026q4"
        assert trail.size == 2
    end = audit.Checkpoint.parse(parse_note((world.directory / "2026q3" / "checkpoint").read_text())[0])
    first, second = world.entries("2026q4")
    assert previous_of(first) == end
    assert json.loads(first)["action"] == "shard_begun"
    assert second == b"winter"
    assert [found.size for found in audit.verify_trail(world.directory)] == [1, 2]


def test_quarters_without_an_entry_have_no_shard(world: World) -> None:
    with world.open() as trail:
        trail.append([b"autumn"])
        world.now = dt.datetime(2028, 2, 29, tzinfo=dt.UTC)
        trail.append([b"two years later"])
    assert [found.origin for found in audit.verify_trail(world.directory)] == [f"{BASE}/2026q3", f"{BASE}/2028q1"]


def test_a_reopened_trail_goes_on_in_its_last_shard(world: World) -> None:
    for now, size in ((AUTUMN, 1), (WINTER, 2), (WINTER, 3)):
        world.now = now
        with world.open() as trail:
            trail.append([b"x"])
            assert trail.size == size
    assert [found.size for found in audit.verify_trail(world.directory)] == [1, 3]


def test_a_clock_that_goes_back_opens_no_earlier_shard(world: World) -> None:
    world.now = WINTER
    with world.open() as trail:
        trail.append([b"winter"])
        world.now = AUTUMN
        assert trail.append([b"still"])[0].origin == f"{BASE}/2026q4"
    with world.open() as trail:
        assert trail.append([b"again"])[0].index == 2
    assert [found.origin for found in audit.verify_trail(world.directory)] == [f"{BASE}/2026q4"]


def test_what_waits_when_the_quarter_ends_is_written_where_it_was_queued(world: World) -> None:
    with world.open() as trail:
        waiting = trail.submit([b"queued in autumn"])
        world.now = WINTER
        assert trail.append([b"winter"])[0].index == 1
        assert waiting.wait()[0].origin == f"{BASE}/2026q3"
    assert world.entries("2026q3") == [b"queued in autumn"]


def test_tags_sealed_before_the_end_of_the_quarter_may_be_named_after_it(world: World) -> None:
    with world.open() as trail:
        trail.append([b"autumn"])
        with trail.tag_file() as file:
            file.add(bytes(160))
            root, members = file.seal()
        with trail.tag_file() as unnamed:
            unnamed.add(bytes(16))
            unnamed.seal()
        world.now = WINTER
        trail.append([json.dumps({"tags_root": root, "members": members}).encode()])
    assert [found.tag_files for found in audit.verify_trail(world.directory)] == [0, 1]
    assert not list((world.directory / "2026q3" / "tags").iterdir())


def test_a_second_writer_is_refused(world: World) -> None:
    with world.open(), pytest.raises(audit.LogRefused, match="open in another"):
        world.open()


def test_a_pruned_shard_ends_no_trail(world: World) -> None:
    with world.open() as trail:
        trail.append([b"%d" % number for number in range(600)])
        world.now = WINTER
        trail.append([b"winter"])
    (world.directory / "2026q3" / layout.MINIMUM_FILE).write_bytes(b'{"minimum":512,"policy":"a quarter"}\n')
    with world.open() as trail:
        assert trail.append([b"on"])[0].index == 2


@pytest.mark.parametrize("step", range(70))
def test_a_disk_that_fails_at_the_end_of_a_quarter_ends_the_trail_and_a_new_start_mends_it(
    world: World, step: int
) -> None:
    trail = world.open()
    trail.append([b"autumn"])
    acknowledged = 1
    world.now, world.disk.left = WINTER, step
    try:
        trail.append([b"winter"])
    except audit.LogFailed:
        failures = world.disk.failures
        world.disk.left = None
        for action in (lambda: trail.append([b"later"]), trail.tag_file):
            with pytest.raises(audit.LogFailed):
                action()
        assert world.disk.failures == failures
    else:
        world.disk.left = None
        acknowledged += 2  # with the link
    trail.close()
    with world.open() as again:
        again.append([b"after"])
    shards = audit.verify_trail(world.directory)
    assert sum(shard.size for shard in shards) >= acknowledged + 1
    assert world.entries("2026q3") == [b"autumn"]
    assert previous_of(world.entries("2026q4")[0]).size == 1


def test_who_searches_a_trail_notices_a_shard_that_is_gone(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.open() as trail:
        for world.now in (AUTUMN, WINTER, WINTER + dt.timedelta(days=92), WINTER + dt.timedelta(days=182)):
            trail.append([b"{}"])
    (key := tmp_path / "key").write_text("00" * 32)
    scan = ["scan", str(world.directory), "--key-file", str(key)]
    assert main(scan) == 0
    assert "complete: yes" in capsys.readouterr().out
    for gone in ("2026q3", "2026q4", "2027q1"):
        aside = world.directory.rename(world.directory.parent / "aside")
        shutil.copytree(aside, world.directory, ignore=shutil.ignore_patterns(gone))
        with pytest.raises(audit.VerificationFailed, match="the shard before it"):
            audit.check_links(audit.PublishedTrail(world.directory).shards())
        assert main(scan) == 1
        shutil.rmtree(world.directory)
        aside.rename(world.directory)
    audit.check_links(audit.PublishedTrail(world.directory).shards())
    audit.prune(world.directory / "2026q3", "kept for a day")
    audit.check_links(audit.PublishedTrail(world.directory).shards())
