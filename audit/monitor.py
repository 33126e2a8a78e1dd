"""A monitor: keeps the last checkpoint of each log it watches, and lets none replace it that does not continue it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from audit import merkle
from audit.beneath import read_beneath
from audit.checkpoint import Checkpoint
from audit.disk import Disk
from audit.encoding import encode_base64
from audit.errors import AuditError, VerificationFailed
from audit.note import parse_note, verified_keys
from audit.policy import Policy
from audit.shards import EMPTY_BETWEEN, SHARD_NAME
from audit.sources import Place, Source
from audit.tiles import TileSource, TileTree, tile_path

MAX_STATE: Final = 64 * 1024 * 1024  # bytes
AHEAD: Final = 300  # seconds by which the clock of a witness may be ahead of ours


class Misbehaviour(VerificationFailed):
    """A log signed two checkpoints that cannot both be true (a fork), or shows less than before (a rollback).

    ``evidence``: the two notes and, for a fork between two sizes, the proof: what they are -> text.
    """

    def __init__(self, origin: str, why: str, evidence: Mapping[str, str]) -> None:
        super().__init__(origin, why)
        self.evidence = evidence


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a checkpoint may be: at ``now`` (POSIX seconds), ``max_age`` seconds."""

    now: int
    max_age: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Whose logs and witnesses are believed, and what is checked beyond that a log continues what was kept."""

    policy: Policy
    start: int = 0
    """Entries before it are not fetched."""
    freshness: Freshness | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a log published, once it holds."""

    origin: str
    size: int
    root: bytes
    kept_size: int | None
    """The size kept from the run before; None at first contact."""
    entries: int
    """How many entries were fetched and compared with the tree: all since the run before."""
    unchecked: int
    """How many new ones were not, because they are pruned or lie before the start that was asked for."""
    witnesses: tuple[str, ...]
    """Those of the policy whose cosignature the checkpoint carries."""
    at: int
    """The newest time that a witness, or without any the log itself, states in it (POSIX seconds); 0 for none."""
    note: str


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last checkpoint of a log that held, and the place where it was."""

    place: str
    note: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    logs: dict[str, _Kept]


class State:
    """The file that a monitor keeps between two runs: by origin, the last checkpoint that held.

    Its notes are not verified again (the policy may have moved on): keep it where only the monitor writes.
    """

    def __init__(self, path: Path) -> None:
        """Read the file; there may be none yet. Raises ``VerificationFailed``."""
        self._path = path
        self._file = _File(1, {})
        with contextlib.suppress(FileNotFoundError):
            data = read_beneath(path.parent, path.name, MAX_STATE)
            try:
                self._file = msgspec.json.decode(data, type=_File)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                raise VerificationFailed(path.name, "it is not the state file of a monitor") from None
        if self._file.version != 1:
            raise VerificationFailed(path.name, "it is of another version")

    def note(self, origin: str) -> str | None:
        """Return the kept note of a log."""
        kept = self._file.logs.get(origin)
        return kept.note if kept else None

    def origins(self, place: str) -> set[str]:
        """Return the logs that were at a place."""
        return {origin for origin, kept in self._file.logs.items() if kept.place == place}

    def keep(self, seen: Seen, place: str) -> None:
        """Replace what is kept of a log, durably."""
        self._file.logs[seen.origin] = _Kept(place, seen.note)
        Disk().put_durably(self._path, msgspec.json.format(msgspec.json.encode(self._file)) + b"\n")


def monitor(place: Place, watch: Watch, path: Path) -> list[Seen]:
    """Check the logs at a place against what the file at ``path`` keeps of them, and keep what holds.

    A log that does not hold leaves what is kept of it as it is. Raises ``VerificationFailed`` once all logs were
    checked, also for an empty shard that others follow, and for a ``Misbehaviour`` writes both notes beside ``path``.
    One run at a time: others wait.
    """
    seen: list[Seen] = []
    failures: list[AuditError] = []
    with _alone(path):
        state = State(path)
        for source in place.sources:
            try:
                found = check(source, watch, state.note)
                state.keep(found, place.name)
                seen.append(found)
            except Misbehaviour as failure:
                failures.append(_write_evidence(failure, path))
            except AuditError as failure:
                failures.append(failure)
        gone = state.origins(place.name) - {found.origin for found in seen}
    failures += _empty_between(seen)
    if not failures and gone:
        failures.append(VerificationFailed(min(gone), f"it was at {place.name} before and is not any more"))
    if len(failures) > 1:
        raise VerificationFailed(f"{len(failures)} of {len(place.sources)} logs", "; ".join(map(str, failures)))
    if failures:
        raise failures[0]
    return seen


def check(source: Source, watch: Watch, kept_note: Callable[[str], str | None]) -> Seen:
    """Check one log; ``kept_note`` returns the note kept of an origin. Raises ``AuditError``, ``Misbehaviour``."""
    minimum = source.minimum()  # before the checkpoint: it may grow as soon as the log has grown
    note = source.note()
    found = watch.policy.check(note)
    before = kept_note(found.origin)
    kept = None if before is None else Checkpoint.parse(parse_note(before)[0])
    if kept is not None:
        _need_growth(kept, found, {"kept": before or "", "seen": note})
    at = _stated_time(note, watch)
    tree = TileTree(source.fetch, found.size, root=found.root, minimum=minimum)
    if kept is not None:
        _need_prefix(kept, found, tree, {"kept": before or "", "seen": note})
    old = kept.size if kept else 0
    start = min(max(old, minimum, watch.start), found.size)
    _check_entries(TileSource(source.fetch, minimum), tree, start)
    return Seen(
        origin=found.origin,
        size=found.size,
        root=found.root,
        kept_size=kept.size if kept else None,
        entries=found.size - start,
        unchecked=start - old,
        witnesses=tuple(sorted(watch.policy.cosigned(note))),
        at=at,
        note=note,
    )


def _empty_between(seen: Sequence[Seen]) -> list[VerificationFailed]:
    """Refuse the empty shards that others of their trail follow."""
    trails: dict[str, dict[str, Seen]] = {}
    for found in seen:
        base, _, name = found.origin.rpartition("/")
        if SHARD_NAME.fullmatch(name):
            trails.setdefault(base, {})[name] = found
    followed = (found for trail in trails.values() for name, found in trail.items() if name < max(trail))
    return [VerificationFailed(found.origin, EMPTY_BETWEEN) for found in followed if not found.size]


def _need_growth(kept: Checkpoint, found: Checkpoint, notes: Mapping[str, str]) -> None:
    """Refuse what the two checkpoints alone give away."""
    if found.size < kept.size:
        raise Misbehaviour(found.origin, f"a rollback: it had {kept.size} entries and shows {found.size}", notes)
    if found.size == kept.size and found.root != kept.root:
        raise Misbehaviour(found.origin, f"a fork: two roots of size {found.size}, both signed", notes)


def _need_prefix(kept: Checkpoint, found: Checkpoint, tree: TileTree, notes: Mapping[str, str]) -> None:
    """Refuse a tree that does not begin with the kept one.

    That it begins with another one is proved to itself first: damaged tiles are no fork.
    """
    prefix = tree.root(kept.size)
    proof = tree.consistency(kept.size, found.size)
    merkle.verify_consistency(kept.size, prefix, found.size, found.root, proof)
    if prefix != kept.root:
        shown = {"size": kept.size, "root": encode_base64(prefix), "proof": [encode_base64(value) for value in proof]}
        evidence = {**notes, "proof": f"{json.dumps(shown, indent=2)}\n"}
        raise Misbehaviour(found.origin, f"a fork: the kept tree of {kept.size} is no beginning of it", evidence)


def _check_entries(source: TileSource, tree: TileTree, start: int) -> None:
    """Compare the entries from ``start`` on, by whole bundles, with the leaves of the tree."""
    for number in range(start // merkle.TILE_WIDTH, -(-tree.size // merkle.TILE_WIDTH)):
        if start >= tree.size:
            return
        leaves = tree.leaves(number)
        width = len(leaves) // merkle.HASH_BYTES
        if b"".join(merkle.leaf_hashes(source.bundle(number, width))) != leaves:
            raise VerificationFailed(tile_path(None, number, width), "its entries are not those of the tree")


def _stated_time(note: str, watch: Watch) -> int:
    """Return the newest time stated in a note; refuse one that is too old, where that is asked for."""
    logs = [line.key for line in watch.policy.logs]
    times = watch.policy.cosigned(note).values() or verified_keys(note, logs)[1].values()
    at = max(times, default=0)
    if watch.freshness is not None:
        age = watch.freshness.now - at
        if at == 0:
            raise VerificationFailed("checkpoint", "nobody states a time in it, so it may be of any age")
        if age > watch.freshness.max_age:
            raise VerificationFailed("checkpoint", f"it is {age} s old: the log stands still, or this is an old view")
        if age < -AHEAD:
            raise VerificationFailed("checkpoint", f"its time lies {-age} s in the future")
    return at


def _write_evidence(failure: Misbehaviour, path: Path) -> Misbehaviour:
    """Put the evidence beside the state file, once however often it is found."""
    name = sha256("".join(parse_note(failure.evidence[what])[0] for what in ("kept", "seen")).encode()).hexdigest()[:16]
    files = {what: path.with_name(f"{path.name}.{name}.{what}") for what in failure.evidence}
    for what, text in failure.evidence.items():
        Disk().put_durably(files[what], text.encode())
    told = Misbehaviour(failure.place, f"{failure.why}; the evidence is in {path.name}.{name}.*", failure.evidence)
    return told.with_traceback(failure.__traceback__)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock beside the state file: a slower run must not put back what a faster one has kept."""
    try:
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as failure:
        raise AuditError(f"the state file {path.name} cannot be kept there") from failure
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
