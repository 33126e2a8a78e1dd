"""Mistakes that would break a promise, put into a copy of the code: a test must fail for each of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.crash import FIGURES, FULL, ROOT, scratch

_POWER: Final = "tests/crash/test_power_loss.py"
_FAULTS: Final = "tests/crash/test_faults.py"
_LOG: Final = "tests/audit_log/test_log.py"
_RELEASED: Final = "tests/rooms/accountability/test_released.py"
_LOOPS: Final = "tests/audit_log/test_loops.py"
_VERIFY: Final = "tests/audit_log/test_verify.py"
_RUN: Final = """
import sys, {package}
assert {package}.__file__.startswith(sys.argv[1]), {package}.__file__
import pytest
sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *sys.argv[2:]]))
"""


@dataclass(frozen=True)
class Mutant:
    """A mistake: in ``file`` the text ``old``, which stands there once, becomes ``new``. ``killers`` must notice."""

    name: str
    file: str
    old: str
    new: str
    killers: tuple[str, ...]

    def put_into(self, home: Path) -> None:
        """Copy the package to ``home`` with the mistake in it."""
        package = self.file.partition("/")[0]
        shutil.copytree(ROOT / package, home / package, ignore=shutil.ignore_patterns("__pycache__"))
        path = home / self.file
        text = path.read_text()
        assert text.count(self.old) == 1, f"{self.name}: the text to change stands {text.count(self.old)} times"
        path.write_text(text.replace(self.old, self.new))

    def dies_by(self, killer: str, home: Path) -> str:
        """Run a test against the mistake; return an empty text where it fails as it must, else what was said."""
        package = self.file.partition("/")[0]
        command = [sys.executable, "-P", "-c", _RUN.format(package=package), str(home), killer]
        environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
        environment["HYPOTHESIS_STORAGE_DIRECTORY"] = str(home / "hypothesis")  # what fails here is no news elsewhere
        done = subprocess.run(  # noqa: S603 - our own interpreter and tests
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        died = done.returncode == pytest.ExitCode.TESTS_FAILED and "1 failed" in done.stdout
        return "" if died else f"{killer}: {done.stdout[-2000:]}{done.stderr[-500:]}"


MUTANTS: Final = [
    Mutant(
        "acknowledge before the sync",
        "audit/journal.py",
        "        self._disk.write(segment.handle, frame, segment.end)\n        self._disk.sync_data(segment.handle)\n",
        "        self._disk.sync_data(segment.handle)\n        self._disk.write(segment.handle, frame, segment.end)\n",
        (_POWER,),
    ),
    Mutant(
        "skip the compare-and-swap",
        "audit/lockstore.py",
        "        if done != 1:\n            raise LogFailed(",
        "        if done < 0:\n            raise LogFailed(",
        (f"{_LOG}::test_of_two_copies_only_one_publishes", "tests/crash/test_hammer.py::test_a_stale_writer_stops"),
    ),
    Mutant(
        "publish before the compare-and-swap",
        "audit/publisher.py",
        "        self._head = desk.lock.swap(self._head, checkpoint, note)\n"
        "        path = desk.folder / layout.CHECKPOINT_FILE\n"
        "        desk.disk.put_durably(path, note.encode())\n",
        "        path = desk.folder / layout.CHECKPOINT_FILE\n"
        "        desk.disk.put_durably(path, note.encode())\n"
        "        self._head = desk.lock.swap(self._head, checkpoint, note)\n",
        (_POWER, f"{_LOG}::test_of_two_copies_only_one_publishes"),
    ),
    Mutant(
        "a receipt before the group is written",
        "audit/log.py",
        "                for part in parts(group.entries):\n",
        "                self._acknowledge(group)\n                for part in parts(group.entries):\n",
        (f"{_LOG}::test_after_a_failed_group_nothing_is_acknowledged_or_tried_again",),
    ),
    Mutant(
        "a receipt without waiting for who writes",
        "audit/log.py",
        "        with self._writing:\n            if not pending.done:\n",
        "        if not self._writing.locked():\n            if not pending.done:\n",
        ("tests/audit_log/test_log.py::test_nothing_is_acknowledged_before_the_sync_returns",),
    ),
    Mutant(
        "swallow the exception of the sync",
        "audit/journal.py",
        "        self._disk.sync_data(segment.handle)\n",
        "        try:\n            self._disk.sync_data(segment.handle)\n        except OSError:\n            pass\n",
        (f"{_LOG}::test_after_a_failed_group_nothing_is_acknowledged_or_tried_again", _POWER),
    ),
    Mutant(
        "swallow the error of the system",
        "audit/disk.py",
        "        os.fdatasync(handle)\n",
        "        try:\n            os.fdatasync(handle)\n        except OSError:\n            pass\n",
        (_FAULTS,),
    ),
    Mutant(
        "try a failed write again",
        "audit/log.py",
        '            self._failure = f"a write or sync failed ({error.strerror or type(error).__name__})"\n',
        "            del error\n",
        (f"{_LOG}::test_after_a_failed_group_nothing_is_acknowledged_or_tried_again", _POWER),
    ),
    Mutant(
        "trust the pages of a sync that failed",
        "audit/journal.py",
        "                self._disk.write(handle, os.pread(handle, min(_CHUNK, stop - at), at), at)\n",
        "                pass\n",
        (_POWER,),
    ),
    Mutant(
        "a new segment whose name is not on disk",
        "audit/journal.py",
        "                self._disk.replace(ahead, path)\n                self._disk.sync_folder(self._folder)\n",
        "                self._disk.replace(ahead, path)\n",
        (_POWER,),
    ),
    Mutant(
        "leave the partial tiles as a crash left them",
        "audit/log.py",
        "            tiles.mend(self._head.checkpoint.size)\n",
        "",
        (_POWER, f"{_LOG}::test_what_was_not_synced_before_the_checkpoint_is_written_again"),
    ),
    Mutant(
        "a full tile that is not on disk before its checkpoint",
        "audit/publisher.py",
        "            self._disk.put(path, file.data(TILE_WIDTH))\n",
        "            self._disk.put(path, file.data(TILE_WIDTH), sync=False)\n",
        (_POWER,),
    ),
    Mutant(
        "a torn tail that is not cut",
        "audit/journal.py",
        "            self._disk.write(segment.handle, bytes(used), segment.end)\n",
        "            pass\n",
        (_POWER,),
    ),
    Mutant(
        "tags that are named before they are on disk",
        "audit/tags.py",
        "            self._disk.sync(self._handle)\n",
        "",
        (_POWER,),
    ),
    Mutant(
        "off by one: the index of a bundle",
        "audit/publisher.py",
        "enumerate(range(0, whole, TILE_WIDTH), bundle)",
        "enumerate(range(0, whole, TILE_WIDTH), bundle + 1)",
        (f"{_LOG}::test_what_was_not_synced_before_the_checkpoint_is_written_again", _POWER),
    ),
    Mutant(
        "off by one: the index of a tile",
        "audit/merkle.py",
        "self._full.append((tile_level, self._next[tile_level], ",
        "self._full.append((tile_level, self._next[tile_level] + 1, ",
        (f"{_LOG}::test_a_checkpoint_that_reached_only_the_lock_store_is_published",),
    ),
    Mutant(
        "off by one: the width of a partial tile",
        "audit/publisher.py",
        "            path = self._folder / file.path(len(file.units))\n",
        "            path = self._folder / file.path(max(1, len(file.units) - 1))\n",
        (f"{_LOG}::test_a_reopened_log_goes_on",),
    ),
    Mutant(
        "a partial tile is hashed into the level above",
        "audit/merkle.py",
        "        rows = zip(self._next, self._rows, strict=True)\n",
        "        rows = list(zip(self._next, self._rows, strict=True))\n"
        "        rows[1:] = [(at, row + sha256(rows[0][1]).digest()) for at, row in rows[1:]]\n",
        (f"{_LOG}::TestLogMachine", "tests/audit_log/test_merkle.py"),
    ),
    Mutant(
        "no comparison of the journal with the lock store: the root",
        "audit/log.py",
        "        if tiles.root() != published.root:\n",
        "        if False:\n",
        (f"{_LOG}::test_a_journal_that_differs_from_what_was_published_is_refused",),
    ),
    Mutant(
        "no comparison of the journal with the lock store: the size",
        "audit/log.py",
        "        if tiles.size < published.size:\n",
        "        if False:\n",
        (f"{_LOG}::test_a_journal_shorter_than_what_was_published_is_refused",),
    ),
    Mutant(
        "the verifier looks at no tile",
        "audit/verifier.py",
        "        check_tree(tree, published, self._note_tags, self._progress)\n",
        "",
        (_VERIFY,),
    ),
    Mutant(
        "the verifier looks at no journal",
        "audit/verifier.py",
        "        beyond = self._check_journal(tree, found)\n",
        "        beyond = 0\n",
        (_VERIFY,),
    ),
    Mutant(
        "a shard that was begun and not linked stays so",
        "audit/trail.py",
        "            if earlier and log.size == 0:\n",
        "            if earlier and log.size == 0 and left is not None:\n",
        ("tests/audit_log/test_trail.py",),
    ),
    Mutant(
        "a checkpoint that nobody signed",
        "audit/policy.py",
        "        if not any(log.key in keys and log.key.name == found.origin for log in self.logs):\n",
        "        if False:\n",
        ("tests/audit_log/test_policy.py",),
    ),
    Mutant(
        "a proof that leads elsewhere",
        "audit/merkle.py",
        '    _need(value == root, place, "it does not lead to the root")\n',
        "",
        ("tests/audit_log/test_merkle.py", "tests/audit_log/test_proof.py"),
    ),
    Mutant(
        "drop the await: the answer goes while its entry is on its way",
        "gateway/api/releasing.py",
        "            return (await answer.durable()).value\n",
        "            return answer._value\n",
        (
            "tests/api/test_releasing.py::test_what_is_on_its_way_goes_once_it_is_durable",
            "tests/api/test_releasing.py::test_what_does_not_become_durable_is_a_503_without_a_byte_of_it",
        ),
    ),
    Mutant(
        "a value that does not wait for its receipt",
        "gateway/accountability/released.py",
        "        _ = self.receipt\n        return self._value\n",
        "        return self._value\n",
        (f"{_RELEASED}::test_what_is_on_its_way_is_prepared_and_opens_only_when_it_is_durable",),
    ),
    Mutant(
        "a coroutine that goes on before its answer",
        "audit/connection.py",
        "            await future\n",
        "            await asyncio.sleep(0)\n",
        (f"{_LOOPS}::test_nothing_is_durable_before_it_is_on_disk_and_the_loop_goes_on",),
    ),
    Mutant(
        "the rest of a request goes behind the next one",
        "audit/connection.py",
        "memoryview(self._rest + self._take())",
        "memoryview(self._take() + self._rest)",
        (f"{_LOOPS}::test_the_rest_of_a_request_goes_before_the_next",),
    ),
    Mutant(
        "tags in the order of the rows",
        "gateway/accountability/bulk.py",
        'np.unique(np.frombuffer(b"".join(parts), f"V{TAG_BYTES}"))',
        'np.frombuffer(b"".join(parts), f"V{TAG_BYTES}")',
        ("tests/rooms/accountability/test_bulk.py",),
    ),
    Mutant(
        "tags that do not depend on the entry",
        "gateway/vault/tags.py",
        "_hmac_all(keys[~missing], _DOMAIN + entry_id.encode())",
        "_hmac_all(keys[~missing], _DOMAIN)",
        ("tests/rooms/vault/test_enrolment.py",),
    ),
]
_QUICK: Final = {"acknowledge before the sync", "a receipt before the group is written"}


@pytest.mark.parametrize(
    "mutant", [mutant for mutant in MUTANTS if FULL or mutant.name in _QUICK], ids=lambda m: m.name
)
def test_a_mistake_is_noticed(mutant: Mutant) -> None:
    with scratch() as home:
        mutant.put_into(Path(home))
        survived = [said for killer in mutant.killers if (said := mutant.dies_by(killer, Path(home)))]
    assert not survived, "\n".join(survived)
    FIGURES.append(f"mutant killed: {mutant.name}")


def test_the_table_fits_the_code() -> None:
    """Each text that a mistake changes stands exactly once in its file, also when only some mistakes are tried."""
    for mutant in MUTANTS:
        assert (ROOT / mutant.file).read_text().count(mutant.old) == 1, mutant.name
