"""What the ledger takes: known purposes and statuses, and choices that have been made already.

Withdrawing is possible for as long as consent may come to count again (Art. 7(3)): what takes a permission away is
taken for any purpose that the ledger was ever open for, what may give one only for a purpose of the pack in force.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gateway.consent.errors import ConsentRefused
from gateway.consent.state import BY_CODES, CODES, FAR, FOR_ALL_PURPOSES
from gateway.vocabulary.consents import ALL_PURPOSES, EVIDENCE, MAY_GIVE, WORD, ConsentEvent, ConsentStatus, ExpressedBy

_WORDS = {
    "bad_subject": "a subject reference has 16 bytes",
    "unknown_purpose": "unknown purpose: `gateway policy show` lists them",
    "purpose_not_in_force": "the policy in force has the purpose no more: what may give a permission is not recorded",
    "unknown_status": f"unknown status: use {', '.join(map(str, CODES))}",
    "not_for_all_purposes": "only a restriction or its end concerns every purpose: record others purpose by purpose",
    "in_the_future": "the choice is dated after the instant at which it was recorded: correct the date",
    "too_long_ago": "the choice is dated before 1970: correct the date",
    "bad_notice": "`notice` is a version of at most 64 small letters, digits, _ and -, never a name or an address",
    "bad_channel": "`channel` is a word of at most 64 small letters, digits, _ and -, never a name or an address",
    "unknown_expresser": "`by` is self, guardian or controller",
    "not_by_controller": "a controller gives no consent: name who expressed it, self or guardian",
    "bad_language": "`language` is a code of two small letters (ISO 639-1)",
    "bad_evidence": "`evidence` is a reference of at most 96 letters, digits and . _ : / -, never a name or an address",
    "bad_validity": "`valid_until` stands with a dated `given` and comes after its instant, before 9999-12-31",
}
_SKEW = dt.timedelta(minutes=5)  # between the source's clock and ours
_BYTES = 16
_PATTERNS = {"notice": WORD, "channel": WORD, "language": "[a-z]{2}", "evidence": EVIDENCE}
_FIRST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # what is older is a slip, and the first years are no instant in UTC
INSTANT = pa.timestamp("us", "UTC")
OPTIONAL = {"language": pa.string(), "evidence": pa.string(), "by": pa.string(), "valid_until": INSTANT}


@dataclass(frozen=True, slots=True)
class Purposes:
    """The purposes of the pack in force, and all that the ledger was ever open for; the former among the latter."""

    in_force: frozenset[str]
    ever: frozenset[str]


def check_event(event: ConsentEvent, purposes: Purposes) -> None:
    """Refuse a single event that cannot be; ``ConsentRefused``."""
    for wrong, reason in _faults(event, purposes):
        if wrong:
            raise ConsentRefused(_WORDS[reason], reasons=(reason,))


def _faults(event: ConsentEvent, purposes: Purposes) -> Iterator[tuple[bool, str]]:
    given, until = event.status is ConsentStatus.GIVEN, event.valid_until
    yield len(event.subject) != _BYTES, "bad_subject"
    yield event.purpose not in {ALL_PURPOSES, *purposes.ever}, "unknown_purpose"
    yield event.status not in CODES, "unknown_status"
    ended = event.purpose in purposes.ever - purposes.in_force
    yield ended and event.status in MAY_GIVE, "purpose_not_in_force"
    yield event.purpose == ALL_PURPOSES and event.status not in FOR_ALL_PURPOSES, "not_for_all_purposes"
    yield event.at > event.recorded_at + _SKEW, "in_the_future"
    yield event.at < _FIRST, "too_long_ago"
    yield event.by not in BY_CODES, "unknown_expresser"
    yield given and event.by is ExpressedBy.CONTROLLER, "not_by_controller"
    for name, pattern in _PATTERNS.items():
        word: str | None = getattr(event, name)
        yield word is not None and re.fullmatch(pattern, word) is None, f"bad_{name}"
    yield until is not None and not (given and event.at < until < FAR), "bad_validity"


def with_optional(consents: pa.Table) -> pa.Table:
    """Return the table with the columns that a batch may leave out, null where it does."""
    for name, kind in OPTIONAL.items():
        if name not in consents.column_names:
            consents = consents.append_column(name, pa.nulls(consents.num_rows, kind))
    return consents


def check_channel(channel: str) -> None:
    """Refuse a channel that is no word: what is recorded survives an erasure as a word of the ledger."""
    if re.fullmatch(_PATTERNS["channel"], channel) is None:
        raise ConsentRefused(_WORDS["bad_channel"], reasons=("bad_channel",))


def check_columns(consents: pa.Table, subjects: int, recorded_at: dt.datetime, purposes: Purposes) -> None:
    """Refuse a batch in which any row cannot be; the message names the first such row, never its content."""
    if consents.num_rows != subjects:
        raise ConsentRefused("subjects and choices are not of the same rows", reasons=("bad_rows",))
    for wrong, reason in wrong_rows(consents, recorded_at, purposes):
        if pc.any(wrong).as_py():
            row = consents["row"].filter(wrong)[0].as_py()
            raise ConsentRefused(f"row {row} of the batch: {_WORDS[reason]}", reasons=(reason,))


def wrong_rows(
    consents: pa.Table, recorded_at: dt.datetime, purposes: Purposes
) -> Iterator[tuple[pa.ChunkedArray, str]]:
    """Give for each rule which rows break it, with the reason's code; ``consents`` as ``with_optional`` gives it."""
    purpose, status, at = consents["purpose"], consents["status"], consents["at"]
    given = pc.equal(status, ConsentStatus.GIVEN.value)
    yield _not_in(purpose, {*purposes.ever, ALL_PURPOSES}), "unknown_purpose"
    yield _not_in(status, CODES), "unknown_status"
    if ended := purposes.ever - purposes.in_force:
        yield pc.and_(_in(purpose, ended), _in(status, MAY_GIVE)), "purpose_not_in_force"
    yield pc.and_(pc.equal(purpose, ALL_PURPOSES), _not_in(status, FOR_ALL_PURPOSES)), "not_for_all_purposes"
    yield pc.greater(at, pa.scalar(recorded_at + _SKEW, INSTANT)), "in_the_future"
    yield pc.less(at, pa.scalar(_FIRST, INSTANT)), "too_long_ago"
    by, until = consents["by"], consents["valid_until"]
    if by.null_count < len(by):
        yield pc.and_(by.is_valid(), _not_in(by, BY_CODES)), "unknown_expresser"
        yield pc.and_(given, pc.equal(by, ExpressedBy.CONTROLLER.value)), "not_by_controller"
    for name, pattern in _PATTERNS.items():
        if name in consents.column_names and consents[name].null_count < len(by):
            yield _unlike(consents[name], pattern), f"bad_{name}"
    if until.null_count < len(until):
        fine = pc.and_(pc.and_(given, pc.greater(until, at)), pc.less(until, pa.scalar(FAR, INSTANT)))
        yield pc.and_(until.is_valid(), pc.invert(pc.fill_null(fine, False))), "bad_validity"


def explained(reason: str) -> str:
    """Return what a reason's code means and what to do."""
    return _WORDS[reason]


def _unlike(column: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    words = pc.unique(column).drop_null()  # thousands of rows name one notice
    odd = words.filter(pc.invert(pc.match_substring_regex(words, rf"\A(?:{pattern})\z")))
    return pc.is_in(column, value_set=odd)


def _not_in(column: pa.ChunkedArray, known: Collection[str]) -> pa.ChunkedArray:
    return pc.invert(_in(column, known))


def _in(column: pa.ChunkedArray, known: Collection[str]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(sorted(known), pa.string()))
