"""Side files of bulk entries: one 16-byte subject tag after another, under the name of their RFC 6962 root."""

from __future__ import annotations

import contextlib
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from audit import format as layout
from audit import inventory, merkle
from audit.disk import Disk
from audit.errors import AuditError, EntryRefused, LogBusy, LogFailed, VerificationFailed

_CHUNK = 65_536  # tags hashed at a time
_BUFFER = 1024 * 1024  # bytes written at a time
_ROOTS = re.compile(rb"[0-9a-f]{64}")


def hash_tags(tags: merkle.Accumulator | merkle.Tree, blocks: bytes) -> None:
    """Add the leaf hashes of whole tags to a tree."""
    width = layout.TAG_BYTES
    for start in range(0, len(blocks), width * _CHUNK):
        part = blocks[start : start + width * _CHUNK]
        tags.extend(merkle.leaf_hashes([part[at : at + width] for at in range(0, len(part), width)]))


class TagFile:
    """Collects the tags of one bulk entry: ``add`` as they come, ``seal`` before the entry is appended.

    As a context manager it discards what was not sealed. A write or sync that fails is the log's last: ``LogFailed``.
    """

    def __init__(
        self,
        folder: Path,
        on_sealed: Callable[[str, int], None],
        disk: Disk | None = None,
        on_failed: Callable[[OSError], object] | None = None,
    ) -> None:
        """Begin a file in ``folder``. Raises ``LogBusy`` where none can be made: nothing is lost by that."""
        self._folder = folder
        self._on_sealed = on_sealed
        self._on_failed = on_failed
        self._disk = disk or Disk()
        self._path = folder / f".{secrets.token_hex(16)}.new"
        try:
            self._handle = self._disk.open(self._path, create=True)
        except OSError as error:
            raise LogBusy(f"a tag file cannot be begun ({_reason(error)}): try again in a moment") from error
        self._buffer = bytearray()
        self._written = 0  # bytes
        self._tree = merkle.Accumulator()

    @property
    def count(self) -> int:
        """Tags added so far."""
        return self._tree.size

    def add(self, blocks: bytes) -> None:
        """Add tags of 16 bytes each, in any number. Raises ``EntryRefused``, ``LogFailed``."""
        self._need_open()
        if len(blocks) % layout.TAG_BYTES:
            raise EntryRefused(f"a tag has {layout.TAG_BYTES} bytes")
        self._buffer += blocks
        if len(self._buffer) >= _BUFFER:
            with self._last_error():
                self._write()
        hash_tags(self._tree, blocks)

    def _need_open(self) -> None:
        if self._handle < 0:
            raise AuditError("this tag file is sealed or discarded")

    def _write(self) -> None:
        self._disk.write(self._handle, bytes(self._buffer), self._written)
        self._written += len(self._buffer)
        self._buffer.clear()

    def _close(self) -> None:
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            self._disk.close(handle)

    @contextlib.contextmanager
    def _last_error(self) -> Iterator[None]:
        """Let the log know of an error: an entry must not name what may not be on disk, now or at a second try."""
        try:
            yield
        except OSError as error:
            if self._on_failed is not None:
                self._on_failed(error)
            self.discard()
            raise LogFailed(f"the log cannot be written: {_why(error)}") from error

    def seal(self) -> tuple[str, int]:
        """Make the file durable under its root; return (root in hex, number of tags) for the entry.

        Raises ``LogFailed``.
        """
        self._need_open()
        root = self._tree.root().hex()
        with self._last_error():
            self._write()
            self._disk.sync(self._handle)
            self._close()
            self._disk.replace(self._path, self._folder / root)
            self._disk.sync_folder(self._folder)
        self._on_sealed(root, self.count)
        return root, self.count

    def discard(self) -> None:
        """Remove what was collected; does nothing to a sealed file."""
        with contextlib.suppress(OSError):  # what stays is removed when the log is closed or opened
            self._close()
            self._disk.remove(self._path)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Discard unless sealed."""
        self.discard()


def prove_tag(directory: Path, root: str, index: int) -> list[bytes]:
    """Return the inclusion proof of the tag at ``index`` in the side file of ``root``; its leaf is the tag itself.

    Reads and hashes the whole file (about 1 s for a million tags). Raises ``VerificationFailed`` when the file is not
    what its name says.
    """
    place = f"{layout.TAGS_FOLDER}/{root}"
    tree = merkle.Tree()
    for blocks in _blocks(directory, root):
        hash_tags(tree, blocks)
    if tree.root().hex() != root:
        raise VerificationFailed(place, "its tags do not have this root")
    if not 0 <= index < tree.size:
        raise VerificationFailed(place, "there is no such tag")
    return tree.inclusion(index, tree.size)


class TagFolder:
    """Which side files there are, how many tags each holds, and which a durable entry names.

    A file that is named stays so, also when its tags are sealed once more: those of nobody have one root always.
    """

    def __init__(self, directory: Path, disk: Disk) -> None:
        self._folder = directory / layout.TAGS_FOLDER
        self._disk = disk
        self._before: TagFolder | None = None  # of the shard before, where files may have been sealed for this one
        self._failure: str | None = None
        self._counts: dict[str, int] = {}
        self._named: set[str] = set()
        for path in self._folder.iterdir():
            if not layout.ROOT_NAME.fullmatch(path.name):
                disk.remove(path)  # left by a crash
            elif (count := _count(path)) is not None:
                self._counts[path.name] = count

    def new_file(self) -> TagFile:
        """Begin a side file. Raises ``LogBusy``."""
        return TagFile(self._folder, self._sealed, self._disk, self._fail)

    def _sealed(self, root: str, count: int) -> None:
        self._counts[root] = count

    @property
    def failure(self) -> str | None:
        """Why nothing may be written any more: a tag file could not be, here or in the folder of the shard before."""
        return self._failure or (self._before.failure if self._before is not None else None)

    def _fail(self, error: OSError) -> str:
        self._failure = self._failure or _why(error)
        return self._failure

    def expect(self, root: str, count: int) -> None:
        """Raise ``EntryRefused`` unless a sealed file of this root and count is there, ``LogFailed`` for good."""
        try:
            if root not in self._counts:
                self._look(root)
        except OSError as error:
            raise LogFailed(f"the log cannot be written: {self._fail(error)}") from error
        if self._counts.get(root) != count:
            raise EntryRefused("the entry names a tag file that is not sealed here, or with another number of tags")

    def _look(self, root: str) -> None:
        """Find a file that another process sealed, here or, when the shard has just changed, in the one before."""
        path = self._folder / root
        if self._before is not None and _count(path) is None:
            self._before.hand_on(root, path)
        count = _count(path)
        if count is not None:
            self._disk.sync_folder(self._folder)  # whoever sealed it may have been killed before
            self._sealed(root, count)

    def hand_on(self, root: str, path: Path) -> None:
        """Give a file to the shard after; what an entry of this one names is copied, as it is pruned with this one."""
        own = self._folder / root
        if _count(own) is None:
            return
        if root in self._named:
            self._disk.put(path, own.read_bytes())
        else:
            self._disk.replace(own, path)
            self._counts.pop(root, None)

    def named(self, root: str) -> None:
        """Note that a durable entry names the file."""
        self._named.add(root)

    def follow(self, before: TagFolder) -> None:
        """Take over what no entry names in the folder of the shard before, which takes no more entries.

        What is sealed there later, by who began it in time, may be named here as long as this shard is open.
        """
        if before._before is not None:
            before._before.clean()
            before._before = None
        self._before = before
        for root in sorted(set(before._counts) - before._named):
            self._look(root)

    def clean(self) -> None:
        """Remove all that no entry names, whoever left it, here and in the folder of the shard before."""
        with contextlib.suppress(FileNotFoundError):  # the folder went when the shard was pruned
            for path in list(self._folder.iterdir()):
                if path.name not in self._named:
                    self._disk.remove(path)
                    self._counts.pop(path.name, None)
        if self._before is not None:
            self._before.clean()


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _why(error: OSError) -> str:
    return f"a tag file could not be written ({_reason(error)})"


def _count(path: Path) -> int | None:
    """Return the number of tags in a file; None where there is none, or not one of whole tags."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    is_whole = stat.S_ISREG(found.st_mode) and found.st_size % layout.TAG_BYTES == 0
    return found.st_size // layout.TAG_BYTES if is_whole else None


def seems_littered(directory: Path) -> bool:
    """Say whether a closed log seems to hold tag files that none of its published entries names.

    It is a glance, at some gigabytes a second; only opening the log tells for certain, and removes them.
    """
    folder = directory / layout.TAGS_FOLDER
    left = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    for bundle in directory.glob("tile/entries/**/*"):
        if not left:
            break
        if bundle.is_file() and b'"tags_root"' in (entries := bundle.read_bytes()):
            left.difference_update(root.decode() for root in _ROOTS.findall(entries))
    return bool(left)


def read_tags(directory: Path, root: str) -> Iterator[bytes]:
    """Walk the tags of a side file in chunks of whole tags; nothing is shown before the walk has ended.

    Raises ``VerificationFailed`` for a file that cannot be read, and at the end for one whose tags do not have this
    root.
    """
    tree = merkle.Accumulator()
    for blocks in _blocks(directory, root):
        hash_tags(tree, blocks)
        yield blocks
    if tree.root().hex() != root:
        raise VerificationFailed(f"{layout.TAGS_FOLDER}/{root}", "its tags do not have this root")


def _blocks(directory: Path, root: str) -> Iterator[bytes]:
    """Walk the tags of a side file, unverified. Raises ``VerificationFailed`` unless it is a file of whole tags."""
    if not layout.ROOT_NAME.fullmatch(root):
        raise VerificationFailed(layout.TAGS_FOLDER, "a root is 64 hex digits")
    place = f"{layout.TAGS_FOLDER}/{root}"
    try:
        with inventory.open_file(directory, place) as file:
            while blocks := file.read(layout.TAG_BYTES * _CHUNK):
                if len(blocks) % layout.TAG_BYTES:
                    raise VerificationFailed(place, "it ends within a tag")
                yield blocks
    except OSError:
        raise VerificationFailed(place, "it cannot be read") from None
