"""What the ledger takes: known purposes and statuses, and choices that have been made already."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from gateway.consent.errors import ConsentRefused
from gateway.consent.state import BY_CODES, CODES, FAR, FOR_ALL_PURPOSES
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus, ExpressedBy

_WORDS = {
    "bad_subject": "a subject reference has 16 bytes",
    "unknown_purpose": "unknown purpose: use an id from the policy pack's purposes.yaml",
    "unknown_status": f"unknown status: use {', '.join(map(str, CODES))}",
    "not_for_all_purposes": "only a restriction or its end concerns every purpose: record others purpose by purpose",
    "in_the_future": "the choice is dated after the instant at which it was recorded: correct the date",
    "unknown_expresser": "`by` is self, guardian or controller",
    "not_by_controller": "a controller gives no consent: name who expressed it, self or guardian",
    "bad_language": "`language` is a code of two small letters (ISO 639-1)",
    "bad_evidence": "`evidence` is a reference of at most 96 letters, digits and . _ : / -, never a name or an address",
    "bad_validity": "`valid_until` stands with a dated `given` and comes after its instant, before 9999-12-31",
}
_SKEW = dt.timedelta(minutes=5)  # between the source's clock and ours
_BYTES = 16
_LANGUAGE, _EVIDENCE = r"^[a-z]{2}$", r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,95}$"
INSTANT = pa.timestamp("us", "UTC")
OPTIONAL = {"language": pa.string(), "evidence": pa.string(), "by": pa.string(), "valid_until": INSTANT}


def check_event(event: ConsentEvent, purposes: Collection[str]) -> None:
    """Refuse a single event that cannot be; ``ConsentRefused``."""
    for wrong, reason in _faults(event, purposes):
        if wrong:
            raise ConsentRefused(_WORDS[reason], reasons=(reason,))


def _faults(event: ConsentEvent, purposes: Collection[str]) -> Iterator[tuple[bool, str]]:
    given, until = event.status is ConsentStatus.GIVEN, event.valid_until
    yield len(event.subject) != _BYTES, "bad_subject"
    yield event.purpose != ALL_PURPOSES and event.purpose not in purposes, "unknown_purpose"
    yield event.status not in CODES, "unknown_status"
    yield event.purpose == ALL_PURPOSES and event.status not in FOR_ALL_PURPOSES, "not_for_all_purposes"
    yield event.at > event.recorded_at + _SKEW, "in_the_future"
    yield event.by not in BY_CODES, "unknown_expresser"
    yield given and event.by is ExpressedBy.CONTROLLER, "not_by_controller"
    yield event.language is not None and not re.match(_LANGUAGE + r"\Z", event.language), "bad_language"
    yield event.evidence is not None and not re.match(_EVIDENCE + r"\Z", event.evidence), "bad_evidence"
    yield until is not None and not (given and event.at < until < FAR), "bad_validity"


def with_optional(consents: pa.Table) -> pa.Table:
    """Return the table with the columns that a batch may leave out, null where it does."""
    for name, kind in OPTIONAL.items():
        if name not in consents.column_names:
            consents = consents.append_column(name, pa.nulls(consents.num_rows, kind))
    return consents


def check_columns(consents: pa.Table, subjects: int, recorded_at: dt.datetime, purposes: Collection[str]) -> None:
    """Refuse a batch in which any row cannot be; the message names the first such row, never its content."""
    if consents.num_rows != subjects:
        raise ConsentRefused("subjects and choices are not of the same rows", reasons=("bad_rows",))
    for wrong, reason in wrong_rows(consents, recorded_at, purposes):
        if pc.any(wrong).as_py():
            row = consents["row"].filter(wrong)[0].as_py()
            raise ConsentRefused(f"row {row} of the batch: {_WORDS[reason]}", reasons=(reason,))


def wrong_rows(
    consents: pa.Table, recorded_at: dt.datetime, purposes: Collection[str]
) -> Iterator[tuple[pa.ChunkedArray, str]]:
    """Give for each rule which rows break it, with the reason's code; ``consents`` as ``with_optional`` gives it."""
    purpose, status, at = consents["purpose"], consents["status"], consents["at"]
    given = pc.equal(status, ConsentStatus.GIVEN.value)
    yield _not_in(purpose, {*purposes, ALL_PURPOSES}), "unknown_purpose"
    yield _not_in(status, CODES), "unknown_status"
    yield pc.and_(pc.equal(purpose, ALL_PURPOSES), _not_in(status, FOR_ALL_PURPOSES)), "not_for_all_purposes"
    yield pc.greater(at, pa.scalar(recorded_at + _SKEW, INSTANT)), "in_the_future"
    by, until = consents["by"], consents["valid_until"]
    if by.null_count < len(by):
        yield pc.and_(by.is_valid(), _not_in(by, BY_CODES)), "unknown_expresser"
        yield pc.and_(given, pc.equal(by, ExpressedBy.CONTROLLER.value)), "not_by_controller"
    for name, pattern in (("language", _LANGUAGE), ("evidence", _EVIDENCE)):
        if consents[name].null_count < len(by):
            yield pc.invert(pc.match_substring_regex(consents[name], pattern)), f"bad_{name}"
    if until.null_count < len(until):
        fine = pc.and_(pc.and_(given, pc.greater(until, at)), pc.less(until, pa.scalar(FAR, INSTANT)))
        yield pc.and_(until.is_valid(), pc.invert(pc.fill_null(fine, False))), "bad_validity"


def explained(reason: str) -> str:
    """Return what a reason's code means and what to do."""
    return _WORDS[reason]


def _not_in(column: pa.ChunkedArray, known: Collection[str]) -> pa.ChunkedArray:
    return pc.invert(pc.is_in(column, value_set=pa.array(sorted(known), pa.string())))
