"""Checks every byte of what a log directory publishes. Knows nothing of the writer."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit import format as layout
from audit import inventory, manifest, merkle, note
from audit.checkpoint import Checkpoint
from audit.crosscheck import JournalCheck, check_ahead
from audit.errors import VerificationFailed
from audit.inventory import Inventory, read_file, read_if_there, read_text, shown
from audit.policy import Policy
from audit.published import Minimum
from audit.shards import EMPTY_BETWEEN, SHARD_NAME, names_a_shard, previous_of, shard_names
from audit.treecheck import Progress, PublishedTree, check_extra_tiles, check_tree, named_tags

_CHUNK: Final = layout.TAG_BYTES * 65_536
_TRIES: Final = 3
_NEXT_MINIMUM: Final = f".{layout.MINIMUM_FILE}.new"  # pruning writes it, or left it at a crash; no writer is there
_KIT_NAMES: Final = {inventory.MANIFEST_FILE, inventory.README_FILE, inventory.TOOLS_FOLDER}
_SHARDS: Final = re.compile(rf"{SHARD_NAME.pattern}|{inventory.TOOLS_FOLDER}", re.ASCII)
_BESIDE_SHARDS: Final = re.compile(
    rf"{SHARD_NAME.pattern}\.lock\.sqlite(-wal|-shm|-journal)?|{inventory.MANIFEST_FILE}|{inventory.README_FILE}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What held.

    ``entries_beyond_checkpoint`` are durable and not published yet; ``tag_files`` are named by entries and there, of
    those that are not, ``tag_files_absent`` were left out of a kit or pruned; ``witnesses`` cosigned the checkpoint;
    entries below ``minimum`` are pruned.
    """

    origin: str
    size: int
    root: bytes
    entries_beyond_checkpoint: int
    tag_files: int
    witnesses: tuple[str, ...] = ()
    minimum: int = 0
    tag_files_absent: int = 0
    tiles_beyond_checkpoint: int = 0


def silent(_done: int, _all: int) -> None:
    """Tell nobody."""


def verify_directory(
    directory: Path, policy: Policy | None = None, *, progress: Progress = silent, in_kit: bool = False
) -> Verified:
    """Check every byte of a log directory: a writer's, also while it is written or pruned, a kit, or a pruned one.

    Without ``policy`` the directory's own is taken: then the log agrees with itself, and whose it is remains to be
    shown. ``progress`` is told (entries done, entries in all). ``in_kit`` says that the folder around it is a kit,
    which may leave the tag files out. Raises ``VerificationFailed`` with the place.
    """
    for _ in range(_TRIES - 1):
        state = _state(directory)
        try:
            return _Check(directory, state[0], policy, progress).run(in_kit=in_kit)
        except VerificationFailed:
            if _state(directory) == state:
                raise
    return _Check(directory, _state(directory)[0], policy, progress).run(in_kit=in_kit)


def _state(directory: Path) -> tuple[str, bytes | None]:
    """Return what the directory says of itself: a log that grew, or that is pruned meanwhile, is looked at again."""
    return read_text(directory, layout.CHECKPOINT_FILE), read_if_there(directory, layout.MINIMUM_FILE)


def read_checkpoint(directory: Path, signed: str, policy: Policy | None) -> tuple[Checkpoint, tuple[str, ...]]:
    """Check a signed checkpoint; return it and the names of the witnesses that cosigned it.

    All keys of the directory's own policy must have signed it, and ``policy`` (or else the own one) must hold. Raises
    ``VerificationFailed``.
    """
    own = read_own_policy(directory)
    deciding = own if policy is None else policy
    published = deciding.check(signed)
    keys = [line.key for line in own.logs]
    if any(key.name != published.origin for key in keys):
        raise VerificationFailed(layout.POLICY_FILE, "it names a key of another log")
    _, signers = note.verified_keys(signed, keys)
    if missing := [key for key in keys if key not in signers]:
        why = f"the key {missing[0].name}+{missing[0].key_id.hex()} of the log's own policy did not sign it"
        raise VerificationFailed(layout.CHECKPOINT_FILE, why)
    return published, tuple(sorted(deciding.cosigned(signed)))


def read_own_policy(directory: Path) -> Policy:
    """Read the policy that the log states for itself; raises ``VerificationFailed``, also when it is not canonical."""
    data = read_file(directory, layout.POLICY_FILE)
    own = Policy.parse(data)
    if own.text.encode("utf-8", "surrogateescape") != data or not own.logs:
        raise VerificationFailed(layout.POLICY_FILE, "it is not in its canonical form, or names no key")
    return own


class _Check:
    """One walk through a directory against one checkpoint."""

    def __init__(self, directory: Path, signed: str, policy: Policy | None, progress: Progress) -> None:
        self._directory = directory
        self._progress = progress
        self._published, self._witnesses = read_checkpoint(directory, signed, policy)
        self._named: dict[str, tuple[int, int]] = {}  # tag file -> (number of tags, the last entry that names it)
        self._is_written = functools.cache(lambda: inventory.is_written(directory))

    def run(self, *, in_kit: bool) -> Verified:
        """Check all; raises ``VerificationFailed``."""
        published = self._published
        pruned = Minimum.read(self._directory)
        tree = PublishedTree(self._directory, published.size, pruned.minimum if pruned else 0)
        if tree.minimum > published.size:
            raise VerificationFailed(layout.MINIMUM_FILE, "it lies beyond the published entries")
        found = inventory.take_inventory(self._directory, published.size)
        unfinished = [path for path in found.unfinished if path != _NEXT_MINIMUM]
        if unfinished and not self._is_written():
            raise VerificationFailed(shown(unfinished[0]), "it does not belong here")
        if found.kit:
            manifest.check_manifest(self._directory)
        check_tree(tree, published, self._note_tags, self._progress)
        beyond = self._check_journal(tree, found)
        beyond_tiles = check_extra_tiles(tree, found.extra_tiles, beyond_allowed=found.has_journal)
        left_out = not found.tags and (in_kit or bool(found.kit))
        present, absent = self._check_tags(found, tree.minimum, left_out=left_out)
        return Verified(
            published.origin, published.size, published.root, beyond, present, self._witnesses, tree.minimum, absent,
            beyond_tiles,
        )  # fmt: skip

    def _check_journal(self, tree: PublishedTree, found: Inventory) -> int:
        if found.has_ahead:
            check_ahead(self._directory, self._published.origin, self._is_written)
        segments = found.segments
        while found.has_journal and (segments or not tree.minimum):
            try:
                return JournalCheck(tree, self._published.origin, self._is_written, self._note_tags).run(segments)
            except VerificationFailed:
                left = inventory.take_inventory(self._directory, self._published.size).segments
                if not set(left) < set(segments):
                    raise
                segments = left  # the log is being pruned
        return 0

    def _note_tags(self, first: int, entries: list[bytes]) -> None:
        for index, entry in enumerate(entries, first):
            if bulk := named_tags(index, entry):
                root, count = bulk
                if self._named.get(root, (count, 0))[0] != count:
                    why = "it gives a tag file another number of tags than an earlier entry"
                    raise VerificationFailed(f"entry {index}", why)
                self._named[root] = (count, index)

    def _check_tags(self, found: Inventory, minimum: int, *, left_out: bool) -> tuple[int, int]:
        """Return (tag files that are there, those that are not and need not be)."""
        folder = layout.TAGS_FOLDER
        absent = 0
        for root, (count, last) in self._named.items():
            tree = tag_tree(self._directory, root)
            if tree is None and (left_out or last < minimum):
                absent += 1
            elif tree is None:
                raise VerificationFailed(f"{folder}/{root}", "it is not there")
            elif tree.size != count or tree.root().hex() != root:
                raise VerificationFailed(f"{folder}/{root}", "its tags do not have this root and number")
        for root in sorted(found.tags.difference(self._named)):
            self._check_unnamed(root, minimum)
        return len(self._named) - absent, absent

    def _check_unnamed(self, root: str, minimum: int) -> None:
        """Check a tag file of an entry that is still to come, or that is pruned."""
        place = f"{layout.TAGS_FOLDER}/{root}"
        if not minimum and not self._is_written():
            raise VerificationFailed(place, "no entry names it")
        tree = tag_tree(self._directory, root)
        if tree is not None and tree.root().hex() != root:
            raise VerificationFailed(place, "its tags do not have this root")


def tag_blocks(directory: Path, root: str) -> Iterator[bytes]:
    """Walk a side file in chunks of whole tags. Raises ``OSError``, and ``VerificationFailed`` for what is none."""
    place = f"{layout.TAGS_FOLDER}/{root}"
    with inventory.open_file(directory, place) as file:
        while blocks := file.read(_CHUNK):
            if len(blocks) % layout.TAG_BYTES:
                raise VerificationFailed(place, "it ends within a tag")
            yield blocks


def tag_tree(directory: Path, root: str) -> merkle.Accumulator | None:
    """Return the tree over the tags of a side file, None when it is not there. Raises ``VerificationFailed``."""
    width = layout.TAG_BYTES
    place = f"{layout.TAGS_FOLDER}/{root}"
    tree = merkle.Accumulator()
    try:
        for blocks in tag_blocks(directory, root):
            tree.extend(merkle.leaf_hashes([blocks[at : at + width] for at in range(0, len(blocks), width)]))
    except FileNotFoundError:
        return None
    except OSError:
        raise VerificationFailed(place, "it cannot be read") from None
    return tree


def verify_trail(directory: Path, policy: Policy | None = None, *, progress: Progress = silent) -> list[Verified]:
    """Check a folder of shards, or a kit of one: each of them, and that each begins where the one before ended.

    A shard whose first entry is pruned no longer shows what came before it; the newest one is never pruned, and only
    that one may be empty. A shard of this trail that ``policy`` names must be there. Raises ``VerificationFailed``.
    """
    names = shard_names(directory)
    is_kit = _check_trail_names(directory)
    if not names:
        raise VerificationFailed(shown(directory.name), "it holds neither a log nor shards")
    if is_kit:
        manifest.check_manifest(directory)
    found: list[Verified] = []
    for name in names:
        try:
            found.append(verify_directory(directory / name, policy, progress=progress, in_kit=is_kit))
            _check_link(directory / name, found, is_newest=name == names[-1])
        except VerificationFailed as failure:
            raise VerificationFailed(f"{name}/{failure.place}", failure.why) from None
    if found[-1].minimum:
        raise VerificationFailed(f"{names[-1]}/{layout.MINIMUM_FILE}", "the newest shard is never pruned")
    if policy is not None:
        _check_named(found[-1].origin.rpartition("/")[0], names, policy)
    return found


def _check_named(base: str, names: list[str], policy: Policy) -> None:
    """Check that each shard of the trail ``base`` whose key is believed is there: nobody can take one away."""
    for vkey in policy.vkeys:
        origin, _, name = vkey.partition("+")[0].rpartition("/")
        if origin == base and SHARD_NAME.fullmatch(name) and name not in names:
            raise VerificationFailed(name, "the policy names this shard, and it is not there")


def _check_trail_names(directory: Path) -> bool:
    """Check the names in the folder of a trail; say whether it is a kit."""
    found: set[str] = set()
    try:
        for path in directory.iterdir():
            if not (_BESIDE_SHARDS if path.is_file() else _SHARDS).fullmatch(path.name) or path.is_symlink():
                raise VerificationFailed(shown(path.name), "it does not belong here")
            found.add(path.name)
    except OSError:
        raise VerificationFailed(shown(directory.name), "it cannot be read") from None
    if found & _KIT_NAMES and inventory.MANIFEST_FILE not in found:
        raise VerificationFailed(inventory.MANIFEST_FILE, "it is not there")
    return inventory.MANIFEST_FILE in found


def _check_link(directory: Path, found: list[Verified], *, is_newest: bool) -> None:
    """Check the name of the last shard, and that it begins where the one before ended."""
    shard = found[-1]
    before = found[-2] if len(found) > 1 else None
    base, _, name = shard.origin.rpartition("/")
    if name != directory.name or (before and before.origin.rpartition("/")[0] != base):
        raise VerificationFailed(layout.CHECKPOINT_FILE, "it is of another trail or shard")
    if not shard.size and not is_newest:
        raise VerificationFailed(layout.CHECKPOINT_FILE, EMPTY_BETWEEN)
    if not shard.size or shard.minimum:
        return
    first = (PublishedTree(directory, shard.size, 0).entries(0) or [b""])[0]
    if before is not None:
        if previous_of(first) != Checkpoint(before.origin, before.size, before.root):
            raise VerificationFailed("entry 0", "it does not name the last checkpoint of the shard before")
    elif names_a_shard(first):
        raise VerificationFailed("entry 0", "it names a shard before it, which is not there")
