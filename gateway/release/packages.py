"""Packages: pseudonyms in the order of their bytes, which tells nothing, in one of three formats."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gateway.release import text_formats
from gateway.release.errors import PackageRefused, UnknownFormat

_ROWS = 65_536  # rows in memory as text at a time
_PSEUDONYM = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"  # no formula, no separator, nothing to quote
_OWN = ("pseudonym", "change")


class Packaged(NamedTuple):
    """What was written: the file's sha256 (hex) and its rows."""

    sha256: str
    rows: int


class _Hashed(io.RawIOBase):
    """A sink that hashes what passes through; closing it leaves the real sink open."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        """Say yes: Parquet's writer asks."""
        return True

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]  # the base takes any buffer
        """Hash and pass on."""
        self.digest.update(data)
        self._sink.write(data)
        return len(data)


def package(
    pseudonyms: pa.Array | pa.ChunkedArray, extra: pa.Table | None = None, *, format: str, sink: BinaryIO  # noqa: A002 - the contract's word
) -> Packaged:  # fmt: skip
    """Write the members of a snapshot: ``pseudonym`` and the permitted generalised columns of the same rows."""
    names = extra.column_names if extra is not None else []
    columns = [pseudonyms, *(extra.columns if extra is not None else [])]
    if len(set(names)) < len(names) or set(names) & set(_OWN):
        raise PackageRefused("a column has a name that is taken: rename it in the catalogue")
    table = pa.table(columns, names=["pseudonym", *names])
    return _write(_checked(table), format, sink)


def delta_package(
    entered: pa.Array | pa.ChunkedArray, left: pa.Array | pa.ChunkedArray, *, format: str, sink: BinaryIO  # noqa: A002 - the contract's word
) -> Packaged:  # fmt: skip
    """Write who entered and who left: ``change`` and ``pseudonym``, both kinds in one order.

    Somebody who is in ``left`` twice (went, and was erased) is written once.
    """
    gone = pc.unique(left)
    words = pa.array(["entered"] * len(entered) + ["left"] * len(gone), pa.string())
    both = pa.concat_arrays([_flat(entered), _flat(gone)])
    return _write(_checked(pa.table([words, both], names=["change", "pseudonym"])), format, sink)


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.cast(pa.string()).chunks or [pa.array([], pa.string())]) if isinstance(
        column, pa.ChunkedArray
    ) else column.cast(pa.string())  # fmt: skip


def _checked(table: pa.Table) -> pa.Table:
    """Sort by pseudonym; refuse what must never leave."""
    for column in table.schema:
        if pa.types.is_fixed_size_binary(column.type) or pa.types.is_binary(column.type):
            raise PackageRefused("a column of references cannot leave: only pseudonyms as text and permitted columns")
    pseudonyms = table["pseudonym"]
    if pseudonyms.null_count or not pc.all(pc.match_substring_regex(pseudonyms, _PSEUDONYM), min_count=0).as_py():
        raise PackageRefused("a pseudonym is empty or has characters other than letters, digits, - and _")
    ordered = table.take(pc.sort_indices(pseudonyms))
    names = ordered["pseudonym"].combine_chunks()
    if len(names) > 1 and pc.any(pc.equal(names[1:], names[:-1])).as_py():
        raise PackageRefused("a pseudonym occurs twice: a member is in the list twice, or both entered and left")
    return ordered.replace_schema_metadata(None)


def _write(table: pa.Table, name: str, sink: BinaryIO) -> Packaged:
    writers: dict[str, Callable[[pa.Table, _Hashed], None]] = {"csv": _csv, "ndjson": _ndjson, "parquet": _parquet}
    if name not in writers:
        raise UnknownFormat("unknown format: use csv, ndjson or parquet")
    hashed = _Hashed(sink)
    writers[name](table, hashed)
    return Packaged(hashed.digest.hexdigest(), table.num_rows)


def _csv(table: pa.Table, sink: _Hashed) -> None:
    sink.write(text_formats.csv_header(table.column_names))
    for batch in table.to_batches(max_chunksize=_ROWS):
        sink.write(text_formats.lines_of(text_formats.csv_lines(batch)))


def _ndjson(table: pa.Table, sink: _Hashed) -> None:
    for batch in table.to_batches(max_chunksize=_ROWS):
        sink.write(text_formats.lines_of(text_formats.ndjson_lines(batch)))


def _parquet(table: pa.Table, sink: _Hashed) -> None:
    with pq.ParquetWriter(sink, table.schema, store_schema=False) as writer:
        writer.write_table(table, row_group_size=_ROWS)
