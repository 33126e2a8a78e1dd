"""What the ledger takes: known purposes and statuses, and choices that have been made already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from gateway.consent.errors import ConsentRefused
from gateway.consent.state import CODES, FOR_ALL_PURPOSES
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent

_PURPOSE = "unknown purpose: use an id from the policy pack's purposes.yaml"
_STATUS = "unknown status: use given, refused, withdrawn, expired, objected, restricted or lifted"
_EVERYTHING = "only a restriction or its end concerns every purpose: record other choices purpose by purpose"
_FUTURE = "the choice is dated after the instant at which it was recorded: correct the date"
_SKEW = dt.timedelta(minutes=5)  # between the source's clock and ours
_BYTES = 16


def check_event(event: ConsentEvent, purposes: Collection[str]) -> None:
    """Refuse a single event that cannot be; ``ConsentRefused``."""
    if len(event.subject) != _BYTES:
        raise ConsentRefused("a subject reference has 16 bytes", reasons=("bad_subject",))
    if event.purpose != ALL_PURPOSES and event.purpose not in purposes:
        raise ConsentRefused(_PURPOSE, reasons=("unknown_purpose",))
    if event.status not in CODES:
        raise ConsentRefused(_STATUS, reasons=("unknown_status",))
    if event.purpose == ALL_PURPOSES and event.status not in FOR_ALL_PURPOSES:
        raise ConsentRefused(_EVERYTHING, reasons=("not_for_all_purposes",))
    if event.at > event.recorded_at + _SKEW:
        raise ConsentRefused(_FUTURE, reasons=("in_the_future",))


def check_columns(consents: pa.Table, subjects: int, recorded_at: dt.datetime, purposes: Collection[str]) -> None:
    """Refuse a batch in which any row cannot be; the message names the first such row, never its content."""
    if consents.num_rows != subjects:
        raise ConsentRefused("subjects and choices are not of the same rows", reasons=("bad_rows",))
    purpose, status = consents["purpose"], consents["status"]
    known = pa.array(sorted({*purposes, ALL_PURPOSES}), pa.string())
    _refuse(consents, pc.invert(pc.is_in(purpose, value_set=known)), _PURPOSE, "unknown_purpose")
    words = pa.array([str(word) for word in CODES])
    _refuse(consents, pc.invert(pc.is_in(status, value_set=words)), _STATUS, "unknown_status")
    for_all = pa.array(sorted(FOR_ALL_PURPOSES), pa.string())
    wrong = pc.and_(pc.equal(purpose, ALL_PURPOSES), pc.invert(pc.is_in(status, value_set=for_all)))
    _refuse(consents, wrong, _EVERYTHING, "not_for_all_purposes")
    late = pc.greater(consents["at"], pa.scalar(recorded_at + _SKEW, pa.timestamp("us", "UTC")))
    _refuse(consents, late, _FUTURE, "in_the_future")


def _refuse(consents: pa.Table, wrong: pa.ChunkedArray, message: str, reason: str) -> None:
    if not pc.any(wrong).as_py():
        return
    row = consents["row"].filter(wrong)[0].as_py()
    raise ConsentRefused(f"row {row} of the batch: {message}", reasons=(reason,))
