"""What a retention policy may say, and pruning beside those who verify: no word and no moment spoils a log."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import audit
from audit.published import Minimum
from audit.retention import prune
from audit.shards import shard_end, shard_end_of, shard_names, shard_of
from audit.verifier import verify_directory
from tests.audit_log.laid_out import ED25519, lay_out, put_tags
from tests.audit_log.stopping import StoppingDisk

STATED = "entries are kept for twelve months"
TAGS = bytes(range(16)) * 3


def make(folder: Path, size: int = 700) -> None:
    root, count = put_tags(folder, TAGS)
    entries = [b"entry %d" % number for number in range(size - 1)]
    lay_out(folder, [*entries, json.dumps({"tags_root": root, "members": count}).encode()], signer=ED25519)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


anything = st.text(st.characters(exclude_categories=()), max_size=40)


@given(part=anything, times=st.sampled_from([1, 1, 100, 500, 4096, 4097]))
@example("é", 4096)
@example("\0", 4096)
@example("x", 4097)
@example("kept twelve months \udcff", 1)
def test_a_policy_is_stated_as_it_was_given_or_nothing_is_removed(part: str, times: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "log"
        lay_out(folder, [b"one", b"two"], signer=ED25519)
        before, retention = contents(folder), part * times
        for dry_run in (True, False):
            try:
                prune(folder, retention, dry_run=dry_run)
            except audit.VerificationFailed:
                raise
            except audit.AuditError:
                assert contents(folder) == before
            else:
                assert dry_run or Minimum.read(folder) == Minimum(2, retention.strip())
        assert verify_directory(folder).size == 2
        assert audit.PublishedLog(folder).size == 2


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "log"
    make(folder)
    return folder


STEPS = range(18)


def interrupted(folder: Path, step: int) -> None:
    with pytest.raises(OSError, match="Input/output"):
        prune(folder, STATED, disk=StoppingDisk(step))


def test_these_are_all_steps(whole: Path, tmp_path: Path) -> None:
    prune(shutil.copytree(whole, tmp_path / "log"), STATED, disk=StoppingDisk(STEPS.stop))


@pytest.mark.parametrize("step", STEPS)
def test_pruning_that_was_killed_anywhere_leaves_a_log_that_verifies_and_is_pruned_again(
    whole: Path, tmp_path: Path, step: int
) -> None:
    folder = shutil.copytree(whole, tmp_path / "log")
    interrupted(folder, step)
    assert verify_directory(folder).size == 700
    prune(folder, STATED)
    assert set(contents(folder)) == {"checkpoint", "policy", "minimum", "tile/0/002.p/188", "tile/1/000.p/2"}
    assert verify_directory(folder).minimum == 700


@pytest.mark.parametrize("at", [256, 512])
@pytest.mark.parametrize("step", [None, *STEPS])
def test_a_log_verifies_while_it_is_pruned(whole: Path, tmp_path: Path, step: int | None, at: int) -> None:
    """At any step of the pruning the verifier begins, and the rest is done when it has seen so many entries."""
    folder = shutil.copytree(whole, tmp_path / "log")
    if step is not None:
        interrupted(folder, step)
    assert verify_directory(folder, progress=_once(lambda: prune(folder, STATED), at)).size == 700
    assert verify_directory(folder).minimum == 700


def _once(action: Callable[[], object], at: int) -> Callable[[int, int], None]:
    left = [action]

    def progress(done: int, _all: int) -> None:
        if done == at and left:
            left.pop()()

    return progress


def test_the_journal_of_a_pruned_log_is_whole_or_gone(whole: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(whole, tmp_path / "log")
    interrupted(folder, 4)  # the policy is stated, and nothing is removed
    segments = sorted((folder / "journal").iterdir())
    assert len(segments) == 3
    damaged = bytearray(segments[1].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    segments[1].write_bytes(damaged)
    for gone in ([], [segments[0]], [segments[2]]):
        for path in gone:
            path.unlink(missing_ok=True)
        with pytest.raises(audit.VerificationFailed, match="journal"):
            verify_directory(folder)


instants = st.datetimes(timezones=st.just(dt.UTC))


@given(instants)
@example(dt.datetime.max.replace(tzinfo=dt.UTC))
@example(dt.datetime(9999, 9, 30, 23, 59, tzinfo=dt.UTC))
def test_every_instant_of_the_calendar_lies_in_a_shard_that_ends(at: dt.datetime) -> None:
    end = shard_end(at)
    assert end == shard_end_of(shard_of(at))
    assert at < end or at == dt.datetime.max.replace(tzinfo=dt.UTC)


def test_a_year_that_the_calendar_has_not_names_no_shard(tmp_path: Path) -> None:
    for name in ("0000q1", "0001q1", "9999q4"):
        (tmp_path / name).mkdir()
    assert shard_names(tmp_path) == ["0001q1", "9999q4"]
    assert all(shard_end_of(name) for name in shard_names(tmp_path))
