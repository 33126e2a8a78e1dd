"""Columnar batches on their way in: raw, and pseudonymised. Two types, so that the store can refuse the first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gateway.vocabulary.contracts import SourceKind
from gateway.vocabulary.names import BatchId, SourceId


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that could not be read. ``raw`` goes to sealed quarantine only; ``reason`` holds no value."""

    line: int  # physical line in the file where the row starts, the header is line 1
    reason: str  # reason code, for example wrong_number_of_columns, not_a_number:total_spend
    raw: bytes


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Rows as they came: every column text (``pa.string()``, null where empty), under the source's own column names."""

    source: SourceId
    table: pa.Table
    lines: npt.NDArray[np.int64]  # physical line of each row
    quarantined: tuple[QuarantinedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class PseudonymisedBatch:
    """Rows that may be stored.

    ``table`` has ``subject`` (``pa.binary(16)``, the subject reference), one column per attribute under its stored
    name and type, and for events ``event`` (text) and ``at`` (timestamp[us, UTC]).
    """

    source: SourceId
    batch: BatchId
    kind: SourceKind
    table: pa.Table


@dataclass(frozen=True, slots=True)
class Refusals:
    """What people said in rows that are otherwise unreadable, and that is not a yes: a no is never lost.

    ``identifiers`` has the subject identifiers of those rows by field id, ``consents`` is as in a ``ParsedBatch``.
    """

    identifiers: pa.Table
    consents: pa.Table


@dataclass(frozen=True, slots=True)
class ParsedBatch:
    """A batch whose declared columns have been read into catalogue fields; still raw personal data.

    ``fields`` has one column per declared field, named by field id and typed as the catalogue says (null where empty).
    ``consents`` has ``row`` (int64, index into ``fields``), ``purpose``, ``status`` (text), ``at`` (timestamp[us, UTC],
    null where the source gives none), ``notice``, and what shows the choice: ``language``, ``evidence``, ``by`` (text)
    and ``valid_until`` (as ``at``); all four may be null. ``at`` holds the events' instants.
    ``undeclared`` has the columns that no contract declares, as text. All of the same rows; rows that could not be
    read are in ``quarantined`` only. ``event`` is the contract's name for what a row of an events source is.
    """

    source: SourceId
    kind: SourceKind
    fields: pa.Table
    consents: pa.Table
    at: pa.Array | None  # timestamp[us, UTC], for events
    undeclared: pa.Table
    lines: npt.NDArray[np.int64]
    quarantined: tuple[QuarantinedRow, ...]
    event: str | None = None
    refusals: Refusals | None = None
