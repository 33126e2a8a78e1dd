"""What could not be read, or is not declared yet, kept sealed until it expires; never in clear on disk."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Self

import msgspec
import pyarrow as pa

from gateway.foundation.errors import InvalidInput, NotFound, Unavailable
from gateway.foundation.files import sync_directory
from gateway.intake.sealing import END, ROWS, TABLE, Header, Sealer, read_header, unseal
from gateway.vocabulary.batches import QuarantinedRow
from gateway.vocabulary.names import BatchId

KEY_BYTES = 32
CHUNK_ROWS = 10_000

_SUFFIX, _UNFINISHED = ".sealed", ".sealing"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Sealing:
    """One batch's sealed file while it is written. It counts only after ``commit``.

    As a context manager it discards what was not committed when the block is left.
    """

    def __init__(self, path: Path, key: bytes, header: Header) -> None:
        self._path = path
        self._beside = path.with_suffix(_UNFINISHED)
        self._committed = False
        handle = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._sealer = Sealer(self._file, key, header)

    def add(self, rows: Sequence[QuarantinedRow]) -> None:
        """Seal rows that could not be read."""
        with _disk():
            for start in range(0, len(rows), CHUNK_ROWS):
                self._sealer.write(ROWS, msgspec.msgpack.encode(rows[start : start + CHUNK_ROWS]))

    def add_columns(self, table: pa.Table) -> None:
        """Seal columns that no contract declares."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        with _disk():
            self._sealer.write(TABLE, sink.getvalue().to_pybytes())

    def commit(self) -> None:
        """Make the file durable and put it in place."""
        with _disk():
            self._sealer.write(END, b"")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._beside.replace(self._path)
            sync_directory(self._path.parent)
        self._committed = True

    def discard(self) -> None:
        """Leave nothing of the batch behind, also after ``commit`` (another store could not follow)."""
        with contextlib.suppress(OSError):  # a full disk: what is still buffered need not be written
            self._file.close()
        self._beside.unlink(missing_ok=True)
        if self._committed:
            self._path.unlink(missing_ok=True)
            self._committed = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Discard what was not committed."""
        if not self._committed:
            self.discard()


class Quarantine:
    """A folder of sealed files, one a batch. Keys are given; the vault makes, keeps and destroys them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def sealing(self, batch: BatchId, key: bytes, *, expires: dt.datetime) -> Sealing:
        """Open the batch's file for writing.

        Raises Unavailable when the disk does not take it.
        """
        if len(key) != KEY_BYTES or expires.tzinfo is None:
            msg = "sealing needs a key of 32 bytes and an expiry with its time zone"
            raise ValueError(msg)
        with _disk():
            return Sealing(self._path(batch), key, Header(batch, expires))

    def rows(self, batch: BatchId, key: bytes) -> Iterator[QuarantinedRow]:
        """Return the rows that could not be read; IntegrityFailure for another key or a changed file."""
        for chunk in self._chunks(batch, key, ROWS):
            yield from msgspec.msgpack.decode(chunk, type=list[QuarantinedRow])

    def columns(self, batch: BatchId, key: bytes) -> Iterator[pa.Table]:
        """Return the undeclared columns, in the pieces in which they were added."""
        for chunk in self._chunks(batch, key, TABLE):
            yield pa.ipc.open_stream(chunk).read_all()

    def forget(self, batch: BatchId, key: bytes, values: Sequence[str]) -> int:
        """Seal a batch anew without the rows in which one of ``values`` stands, whatever its case; return their number.

        A value counts where it stands alone: `C7` is not in `C70`. A crash leaves the old file or the new one, whole.
        """
        named = re.compile(
            "|".join(rf"(?<!\w){re.escape(each.casefold())}(?!\w)" for each in values if each) or r"(?!)"
        )
        with self._open(batch) as file:
            header, _ = read_header(file)
        gone = 0
        with self.sealing(batch, key, expires=header.expires) as anew:
            for chunk in self._chunks(batch, key, ROWS):
                rows = msgspec.msgpack.decode(chunk, type=list[QuarantinedRow])
                kept = [row for row in rows if not named.search(row.raw.decode("utf-8", "replace").casefold())]
                gone += len(rows) - len(kept)
                anew.add(kept)
            for table in self.columns(batch, key):
                anew.add_columns(table)
            if gone:
                anew.commit()
        return gone

    def batches(self) -> tuple[BatchId, ...]:
        """Return all batches with a file here, also an unfinished one that a crash left."""
        found = {path.stem for path in self._files()}
        return tuple(BatchId(name) for name in sorted(found))

    def expired(self, now: dt.datetime) -> tuple[BatchId, ...]:
        """Return the batches whose time is over."""
        over: list[BatchId] = []
        for path in self._files():
            if path.suffix == _SUFFIX:
                with path.open("rb") as file:
                    header, _ = read_header(file)
                if header.expires <= now:
                    over.append(BatchId(path.stem))
        return tuple(sorted(over))

    def remove(self, batch: BatchId) -> None:
        """Remove a batch's file, finished or not; one that is not there is no error."""
        path = self._path(batch)
        path.unlink(missing_ok=True)
        path.with_suffix(_UNFINISHED).unlink(missing_ok=True)
        sync_directory(self._directory)

    def _chunks(self, batch: BatchId, key: bytes, kind: bytes) -> Iterator[bytes]:
        with self._open(batch) as file:
            yield from unseal(file, key, kind)

    def _open(self, batch: BatchId) -> BinaryIO:
        try:
            return self._path(batch).open("rb")
        except FileNotFoundError:
            raise NotFound(f"batch {batch} has nothing in quarantine") from None

    def _files(self) -> Iterable[Path]:
        return (path for path in self._directory.iterdir() if path.suffix in {_SUFFIX, _UNFINISHED})

    def _path(self, batch: BatchId) -> Path:
        if not _NAME.fullmatch(batch):
            raise InvalidInput("a batch id has letters, digits, `_` and `-` only")
        return self._directory / f"{batch}{_SUFFIX}"


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"the quarantine cannot be written ({error.strerror}); nothing of the batch was kept"
        raise Unavailable(msg, reasons=("quarantine_unwritable",)) from None
