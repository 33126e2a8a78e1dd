"""A file of choices: one row says what one person chose for one purpose, and how that can be shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gateway.foundation.errors import InvalidInput
from gateway.intake.encodings import SAMPLE_BYTES
from gateway.intake.formats import describe
from gateway.intake.moments import INSTANT, days_alone, ended_days, instants
from gateway.intake.reading import read_batches
from gateway.intake.texts import Mask, clean, mask
from gateway.vocabulary.batches import RawBatch
from gateway.vocabulary.consents import MAY_GIVE, WORD
from gateway.vocabulary.contracts import IgnoredColumn, SourceContract, SourceKind
from gateway.vocabulary.names import SourceId

REQUIRED = ("identifier_type", "identifier", "purpose", "status")
FURTHER = ("at", "notice", "language", "channel", "evidence", "by", "valid_until")
_WORD = rf"^{WORD}$"
_ROW = "row"
# What the readers of sources ask for; the content is read here.
_FORM = SourceContract(
    SourceId("consent_import"), {}, SourceKind.PROFILES, (), (), dict.fromkeys(REQUIRED, IgnoredColumn())
)

WORDS = {
    "no_identifier": "name the person by identifier_type and identifier",
    "unknown_identifier_type": "identifier_type is not one of the pack's",
    "no_purpose": "name the purpose",
    "no_status": "name the status",
    "not_an_instant": "`at` and `valid_until` are days or instants in ISO 8601",
    "bad_word": "`notice` and `channel` are at most 64 small letters, digits, _ and -",
}


@dataclass(frozen=True, slots=True)
class ChoiceRows:
    """Choices as columns, all of the same rows: ``consents`` as the ledger takes them, and who chose, raw.

    ``faults`` are the rows that cannot be read: where, and the reason's code.
    """

    consents: pa.Table  # row, purpose, status, at, notice, language, evidence, by, valid_until, channel
    kinds: pa.Array
    identifiers: pa.Array
    lines: npt.NDArray[np.int64]
    faults: tuple[tuple[Mask, str], ...]
    unread: tuple[tuple[int, str], ...]  # line and code of rows that are no rows


def read_choices_file(
    stream: BinaryIO, identifier_types: frozenset[str], *, name: str, now: dt.datetime
) -> Iterator[ChoiceRows]:
    """Read CSV or JSON lines in bounded memory; ``InvalidInput`` for a file that as a whole cannot be read.

    Of a day alone in ``at`` a yes counts from its beginning and a no from its end, or from ``now`` if that is earlier.
    """
    sample = stream.read(SAMPLE_BYTES)
    stream.seek(0)
    layout = describe(sample, _FORM, name=name)
    missing = [column for column in REQUIRED if column not in layout.header]
    if missing:
        raise InvalidInput(f"{name}: the columns {', '.join(missing)} are missing", reasons=("missing_column",))
    for raw in read_batches(stream, layout, _FORM, name=name):
        yield _rows(raw, identifier_types, name, now)


def _rows(raw: RawBatch, identifier_types: frozenset[str], name: str, now: dt.datetime) -> ChoiceRows:
    _refuse_unknown(raw, name)
    columns = {each: _column(raw, each) for each in (*REQUIRED, *FURTHER)}
    at, unread_at = instants(columns["at"], None)
    no = ~mask(pc.is_in(columns["status"], value_set=pa.array(sorted(MAY_GIVE))))
    at = ended_days(at, no & days_alone(columns["at"]), now)
    until, endless = instants(columns["valid_until"], None)
    kinds, identifiers = columns.pop("identifier_type"), columns.pop("identifier")
    foreign = ~mask(pc.is_in(kinds, value_set=pa.array(sorted(identifier_types), pa.string())))
    faults = (
        (mask(pc.or_(kinds.is_null(), identifiers.is_null())), "no_identifier"),
        (foreign, "unknown_identifier_type"),
        (mask(columns["purpose"].is_null()), "no_purpose"),
        (mask(columns["status"].is_null()), "no_status"),
        (unread_at | endless, "not_an_instant"),
        (_odd(columns["notice"]) | _odd(columns["channel"]), "bad_word"),
    )
    columns |= {"at": at, "valid_until": until.cast(INSTANT)}
    consents = pa.table({_ROW: np.arange(len(kinds)), **columns})
    unread = tuple((row.line, row.reason) for row in raw.quarantined)
    return ChoiceRows(consents, kinds, identifiers, raw.lines, faults, unread)


def _refuse_unknown(raw: RawBatch, name: str) -> None:
    unknown = [n for n, column in enumerate(raw.table.column_names, 1) if column not in {*REQUIRED, *FURTHER}]
    if unknown:
        msg = f"{name}: column {unknown[0]} is none of {', '.join((*REQUIRED, *FURTHER))}: rename or remove it"
        raise InvalidInput(msg, reasons=("unknown_column",))


def _column(raw: RawBatch, name: str) -> pa.Array:
    there = name in raw.table.column_names
    return clean(raw.table.column(name)) if there else pa.nulls(raw.table.num_rows, pa.string())


def _odd(texts: pa.Array) -> Mask:
    return mask(pc.invert(pc.match_substring_regex(texts, _WORD)))
