"""Checks a whole log directory, and makes proof files from one. Knows nothing of the writer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit import format as layout
from audit import merkle, reader
from audit.checkpoint import Checkpoint, format_proof
from audit.errors import VerificationFailed

_CHUNK: Final = layout.TAG_BYTES * 65_536


@dataclass(frozen=True, slots=True)
class Verified:
    """What held: the published tree, whole frames behind it that are not published yet, and the tag files."""

    size: int
    root: bytes
    entries_beyond_checkpoint: int
    tag_files: int


def verify_directory(directory: Path, vkey: str | None = None) -> Verified:
    """Check every byte of a log directory.

    Without ``vkey`` the log's own key is taken: then the log agrees with itself, and whose it is remains to be shown.
    Entries behind the checkpoint must be whole but are not published yet; a log that was closed has none. A log that is
    being written at this moment may fail. Raises ``VerificationFailed`` with the place.
    """
    tag_files = reader.check_names(directory)
    key = reader.read_key(directory, vkey)
    published, _ = reader.read_checkpoint(directory, key)
    size, named = _check_journal(directory, published)
    _check_tags(directory, tag_files, named)
    return Verified(published.size, published.root, size - published.size, len(named))


def _check_journal(directory: Path, published: Checkpoint) -> tuple[int, dict[str, int]]:
    """Compare the journal with the checkpoint; return its size, and the tag files that it names with their counts."""
    tree = merkle.Accumulator()
    named: dict[str, int] = {}
    root = merkle.EMPTY_ROOT
    for entries in reader.read_entries(directory, published.origin):
        leaves = merkle.leaf_hashes(entries)
        before = published.size - tree.size
        _note_tags(entries, tree.size, named)
        if 0 < before <= len(leaves):
            tree.extend(leaves[:before])
            root = tree.root()
            tree.extend(leaves[before:])
        else:
            tree.extend(leaves)
    if tree.size < published.size:
        why = f"it has {tree.size} entries, and {published.size} were published"
        raise VerificationFailed(layout.JOURNAL_FILE, why)
    if root != published.root:
        why = f"the first {published.size} entries are not those that were published"
        raise VerificationFailed(layout.JOURNAL_FILE, why)
    return tree.size, named


def _note_tags(entries: list[bytes], first: int, named: dict[str, int]) -> None:
    for index, entry in enumerate(entries, first):
        try:
            bulk = layout.bulk_reference(entry)
        except ValueError as error:
            raise VerificationFailed(f"{layout.JOURNAL_FILE}, entry {index}", str(error)) from None
        if bulk and named.setdefault(*bulk) != bulk[1]:
            why = "it gives a tag file another number of tags than an earlier entry"
            raise VerificationFailed(f"{layout.JOURNAL_FILE}, entry {index}", why)


def _check_tags(directory: Path, found: set[str], named: dict[str, int]) -> None:
    folder = layout.TAGS_FOLDER
    for root in sorted(found.symmetric_difference(named)):
        raise VerificationFailed(f"{folder}/{root}", "no entry names it" if root in found else "it is not there")
    for root, count in named.items():
        tree = _tag_tree(directory / folder / root)
        if tree.size != count or tree.root().hex() != root:
            raise VerificationFailed(f"{folder}/{root}", "its tags do not have this root and number")


def _tag_tree(path: Path) -> merkle.Accumulator:
    width = layout.TAG_BYTES
    tree = merkle.Accumulator()
    try:
        with path.open("rb") as file:
            while blocks := file.read(_CHUNK):
                if len(blocks) % width:
                    raise VerificationFailed(f"{layout.TAGS_FOLDER}/{path.name}", "it ends within a tag")
                tree.extend(merkle.leaf_hashes([blocks[at : at + width] for at in range(0, len(blocks), width)]))
    except OSError:
        raise VerificationFailed(f"{layout.TAGS_FOLDER}/{path.name}", "it cannot be read") from None
    return tree


def prove(directory: Path, index: int, vkey: str | None = None) -> tuple[bytes, str]:
    """Return an entry and its offline proof file (c2sp.org/tlog-proof) against the published checkpoint.

    Raises ``VerificationFailed`` when the journal is not what was published, or has no such published entry.
    """
    published, signed = reader.read_checkpoint(directory, reader.read_key(directory, vkey))
    place = f"{layout.JOURNAL_FILE}, entry {index}"
    if not 0 <= index < published.size:
        raise VerificationFailed(place, f"the checkpoint covers {published.size} entries")
    tree = merkle.Tree()
    wanted = b""
    for entries in reader.read_entries(directory, published.origin):
        if tree.size <= index < tree.size + len(entries):
            wanted = entries[index - tree.size]
        tree.extend(merkle.leaf_hashes(entries))
    if tree.size < published.size or tree.root(published.size) != published.root:
        raise VerificationFailed(place, "the journal is not what was published")
    return wanted, format_proof(index, tree.inclusion(index, published.size), signed)
