"""A trail: shards by quarter, each beginning with the end of the one before."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit
from audit import format as layout
from audit.__main__ import main
from audit.note import parse_note
from audit.shards import previous_of, shard_end, shard_of
from tests.audit_log.stopping import StoppingDisk
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

    def next_quarter(self) -> None:
        self.now = shard_end(self.now)

    def copied(self, name: str) -> World:
        """Return a world with a copy of all that is on disk: what goes on when the process is killed."""
        other = World(self.directory.parent / name)
        other.now = self.now
        shutil.copytree(self.directory, other.directory)
        lock = "trail.lock.sqlite"
        if (self.directory.parent / lock).exists():
            shutil.copy(self.directory.parent / lock, other.directory.parent / lock)
        return other

    def bulk(self, trail: audit.Trail, tags: bytes, name: str) -> bytes:
        """Seal tags and return an entry that names them."""
        with trail.tag_file() as file:
            file.add(tags)
            root, members = file.seal()
        return json.dumps({"id": name, "tags_root": root, "members": members}).encode()

    def tag_files(self, shard: str) -> set[str]:
        return {path.name for path in (self.directory / shard / "tags").iterdir()}


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


# -- what is sent again, and tag files, over the end of a quarter --------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True])
def test_what_was_written_before_the_end_of_the_quarter_and_is_sent_again_is_not_written_again(
    world: World, *, restarted: bool
) -> None:
    trail = world.open()
    entry = world.bulk(trail, bytes(32), "a")
    receipts = trail.append([entry, b'{"id":"b"}'])
    world.now = WINTER
    if restarted:
        trail.close()
        trail = world.open()
    for _ in range(2):
        assert trail.append([b'{"id":"b"}', entry]) == receipts[::-1]
        trail.append([b"winter"])
    with pytest.raises(audit.EntryRefused, match="same id"):
        trail.append([b'{"id":"a"}'])
    trail.close()
    with world.open() as trail:
        assert trail.append([entry]) == receipts[:1]
    assert [(found.size, found.tag_files) for found in audit.verify_trail(world.directory)] == [(2, 1), (3, 0)]
    audit.prune(world.directory / "2026q3", "kept for a day")


def test_tags_that_an_entry_of_the_shard_before_names_may_be_named_once_more(world: World) -> None:
    """Those of nobody have one root always: each shard has its own file, which is pruned with it."""
    with world.open() as trail:
        trail.append([world.bulk(trail, b"", "a")])
        later = world.bulk(trail, b"", "b")
        world.now = WINTER
        trail.append([later])
    assert [found.tag_files for found in audit.verify_trail(world.directory)] == [1, 1]
    audit.prune(world.directory / "2026q3", "kept for a day")
    assert audit.verify_trail(world.directory)[1].tag_files == 1


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("end", ["closed", "killed", "two quarters later"])
def test_what_was_begun_before_the_end_of_a_quarter_and_left_is_removed(
    world: World, end: str, *, sealed: bool
) -> None:
    trail = world.open()
    kept = world.bulk(trail, bytes(48), "a")
    trail.append([kept])
    begun = trail.tag_file()
    begun.add(bytes(16))
    other = audit.TagFile(world.directory / "2026q3" / "tags", lambda _root, _count: None)  # of another process
    other.add(bytes(32))
    world.now = WINTER
    trail.append([b"winter"])
    if sealed:
        begun.seal()
        other.seal()
    assert len(world.tag_files("2026q3")) == 3
    if end == "killed":
        world = world.copied("killed")
        trail.close()
        with world.open() as again:
            again.append([b"after"])
    elif end == "two quarters later":
        world.next_quarter()
        trail.append([b"spring"])
        audit.verify_directory(world.directory / "2026q3")
    trail.close()
    assert world.tag_files("2026q3") == {json.loads(kept)["tags_root"]}
    assert [found.tag_files for found in audit.verify_trail(world.directory)][:2] == [1, 0]


@pytest.mark.parametrize("name", ["checkpoint", "policy", "journal/00000000000000000000"])
def test_a_closed_shard_that_is_damaged_keeps_nobody_from_writing_the_next(world: World, name: str) -> None:
    with world.open() as trail:
        trail.append([world.bulk(trail, bytes(48), "a"), b'{"id":"b"}'])
        world.now = WINTER
        trail.append([b"winter"])
    path = world.directory / "2026q3" / name
    (world.directory / "2026q3" / "tags" / ("0" * 64)).write_bytes(bytes(16))  # left by somebody
    for damage in (b"\xff" + path.read_bytes()[1:], None):
        path.write_bytes(damage) if damage else path.unlink()
        files = world.tag_files("2026q3")
        with world.open() as trail:
            trail.append([b"on"])
        assert world.tag_files("2026q3") == files
        with pytest.raises(audit.VerificationFailed, match="2026q3"):
            audit.verify_trail(world.directory)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["seal", "begin", "name", "again"]), st.integers(0, 3)),
        st.tuples(st.sampled_from(["quarter", "reopen", "kill"]), st.just(0)),
    ),
    max_size=14,
)


class Life:
    """A trail in a world, and what its callers know."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.trail = world.open()
        self.written: list[tuple[bytes, audit.Receipt]] = []
        self.sealed: dict[int, bytes] = {}  # in the life of this process, in this quarter, and not named yet
        self.older: dict[int, bytes] = {}  # as those, in the quarter before
        self.steps = 0

    def write(self, entry: bytes) -> None:
        self.written.append((entry, self.trail.append([entry])[0]))

    def seal(self, members: int) -> None:
        self.sealed[members] = self.world.bulk(self.trail, bytes(16 * members), f"{self.steps}")

    def begin(self, members: int) -> None:
        self.trail.tag_file().add(bytes(16 * members))

    def name(self, members: int) -> None:
        for sealed in (self.older, self.sealed):
            if members in sealed:
                self.write(sealed.pop(members))

    def again(self, _: int) -> None:
        for entry, receipt in self.written[-2:]:
            assert self.trail.append([entry]) == [receipt]

    def quarter(self, _: int) -> None:
        self.world.next_quarter()
        self.older, self.sealed = self.sealed, {}
        self.write(b'{"id":"%d"}' % self.steps)

    def reopen(self, _: int) -> None:
        self.trail.close()
        self.open_again()

    def kill(self, _: int) -> None:
        running, self.world = self.trail, self.world.copied(f"{self.steps}")
        running.close()
        self.open_again()

    def open_again(self) -> None:
        self.trail, self.sealed, self.older = self.world.open(), {}, {}


@given(STEPS)
@settings(max_examples=40, deadline=None)  # each syncs a disk
def test_whatever_the_order_each_id_stands_once_and_each_shard_has_the_tag_files_that_it_names(
    steps: list[tuple[str, int]],
) -> None:
    with scratch() as home:
        life = Life(World(Path(home)))
        for life.steps, (action, members) in enumerate(steps):
            getattr(life, action)(members)
        life.trail.close()
        shards = [shard.origin.rpartition("/")[2] for shard in audit.verify_trail(life.world.directory)]
        entries = {shard: life.world.entries(shard) for shard in shards}
        for entry, receipt in life.written:
            assert sum(each.count(entry) for each in entries.values()) == 1
            assert entries[receipt.origin.rpartition("/")[2]][receipt.index] == entry
        for shard in shards:
            named = {json.loads(entry).get("tags_root") for entry in entries[shard]}
            assert life.world.tag_files(shard) == named - {None}


# -- shards that a crash left empty ---------------------------------------------------------------------------------


class Photographs(StoppingDisk):
    """Keeps a copy of all that is on disk before each change, once it is told of which world."""

    world: World | None = None
    taken: list[World]

    def _count(self) -> None:
        if self.world is not None:
            self.taken.append(self.world.copied(f"state{len(self.taken)}"))


def test_a_crash_at_any_step_of_a_new_quarter_leaves_no_empty_shard_behind(world: World) -> None:
    """The process is not started again before a third quarter, in which it may crash at any step once more."""
    with world.open() as trail:
        trail.append([b"autumn"])
    for _ in range(2):
        states = photographed(world)
        empty = [state for state in states if empty_shards(state)]
        assert len(empty) > 3
        world = empty[len(empty) // 2].copied("again")
        for state in states:
            with state.open() as trail:
                trail.append([b"much later"])
            whole(state)


def photographed(world: World) -> list[World]:
    """Start in a quarter, and return what is on disk before each change of the start, with a clock of the next one."""
    world.next_quarter()
    disk = world.disk = Photographs()
    disk.taken, disk.world = [], world
    world.open().close()
    disk.world = None
    for state in disk.taken:
        state.next_quarter()
    return disk.taken


def empty_shards(world: World) -> list[str]:
    return [path.name for path in world.directory.iterdir() if not any((path / "tile").glob("entries/*"))]


def whole(world: World) -> None:
    shards = audit.verify_trail(world.directory)
    audit.check_links(audit.PublishedTrail(world.directory).shards())
    assert all(shard.size for shard in shards)
    for shard in shards[:-1]:
        aside = world.directory.parent / "aside"
        (world.directory / shard.origin.rpartition("/")[2]).rename(aside)
        with pytest.raises(audit.VerificationFailed):
            audit.verify_trail(world.directory)
        aside.rename(world.directory / shard.origin.rpartition("/")[2])


@pytest.mark.parametrize("running", [False, True])
def test_a_first_shard_in_which_nothing_was_written_says_that_the_log_began(world: World, *, running: bool) -> None:
    trail = world.open()
    if not running:
        trail.close()
    world.now = WINTER
    trail = trail if running else world.open()
    trail.append([b"winter"])
    trail.close()
    assert [found.size for found in audit.verify_trail(world.directory)] == [1, 2]
    (began,) = world.entries("2026q3")
    assert json.loads(began)["action"] == "shard_begun"
    assert "previous" not in json.loads(began)
    whole(world)


def test_a_trail_that_has_failed_does_not_come_back_in_the_next_quarter(world: World) -> None:
    trail = world.open()
    trail.append([b"autumn"])
    world.disk.left = 1  # the write, not the sync
    with pytest.raises(audit.LogFailed):
        trail.append([b"never acknowledged"])
    world.disk.left = None
    world.now = WINTER
    for _ in range(2):
        with pytest.raises(audit.LogFailed):
            trail.append([b"winter"])
    trail.close()
    assert not (world.directory / "2026q4").exists()
    with world.open() as again:
        again.append([b"winter"])
    whole(world)


def test_tags_that_fail_in_the_folder_of_the_quarter_before_end_the_trail(world: World) -> None:
    trail = world.open()
    trail.append([b"autumn"])
    begun = trail.tag_file()
    begun.add(bytes(16))
    world.now = WINTER
    trail.append([b"winter"])
    world.disk.left = 0
    with pytest.raises(audit.LogFailed, match="Input/output"):
        begun.seal()
    world.disk.left = None
    with pytest.raises(audit.LogFailed, match="Input/output"):
        trail.append([b"never"])
    trail.close()


def test_tags_that_cannot_be_taken_over_end_the_trail(world: World) -> None:
    trail = world.open()
    trail.append([b"autumn"])
    begun = trail.tag_file()
    world.now = WINTER
    trail.append([b"winter"])
    entry = json.dumps(dict(zip(("tags_root", "members"), begun.seal(), strict=True))).encode()
    world.disk.left = 1  # the renaming, not the sync of the folder
    with pytest.raises(audit.LogFailed, match="Input/output"):
        trail.append([entry])
    world.disk.left = None
    with pytest.raises(audit.LogFailed, match="Input/output"):
        trail.append([entry])
    trail.close()
    assert world.disk.failures == 1
    with world.open() as again:
        again.append([b"well again"])
    whole(world)
