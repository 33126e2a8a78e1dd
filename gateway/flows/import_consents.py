"""A file of choices: all of them on record and in force at the next query, or none, each bad row with its reason."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gateway.accountability.bulk import BulkTags
from gateway.consent import LedgerSession
from gateway.flows.house import House
from gateway.flows.permissions import catch_up
from gateway.flows.recover import Recover
from gateway.foundation.arrays import BLOCK, to_blocks
from gateway.foundation.errors import InvalidInput
from gateway.foundation.files import write_durably
from gateway.foundation.identifiers import new_id
from gateway.intake.choices import WORDS, ChoiceRows, read_choices_file
from gateway.vault import VaultSession
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import BatchId, EntryId

MOST_FAULTS = 100  # told one by one; the rest is counted
MOST_WORDS = 100  # notices and channels of one file, each
CHANNEL = "import"


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that cannot be recorded: its line in the file, a code, and what to do; never what stood there."""

    line: int
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ConsentImport:
    """What became of a file. ``recorded`` is false where a row is at fault, or where it was only tried."""

    recorded: bool
    rows: int
    events: int  # that the ledger did not have yet
    unknown: int  # rows of people who are not known: counted, kept nowhere
    faulty: int
    faults: tuple[RowFault, ...]  # the first hundred
    reasons: dict[str, int]
    dry_run: bool


@dataclass
class _Tally:
    rows: int = 0
    events: int = 0
    unknown: int = 0
    people: list[pa.Array] = field(default_factory=list)  # whom each chunk concerns
    faulty: int = 0
    faults: list[RowFault] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    words: dict[str, set[str]] = field(default_factory=lambda: {"notice": set(), "channel": set()})

    def note(self, lines: npt.NDArray[np.int64], reason: str, remedy: str) -> None:
        if not len(lines):
            return
        self.faulty += len(lines)
        self.reasons[reason] += len(lines)
        self.faults += [RowFault(line, reason, remedy) for line in lines[:MOST_FAULTS].tolist()]
        self.faults = sorted(self.faults, key=lambda fault: fault.line)[:MOST_FAULTS]


@dataclass(frozen=True, slots=True)
class _Sessions:
    vault: VaultSession
    ledger: LedgerSession
    tags: BulkTags
    entry: EntryId
    at: dt.datetime


@dataclass(frozen=True)
class ImportConsents:
    """Take in a CSV or JSON lines file with the columns of ``gateway.intake.choices``."""

    house: House

    def __call__(self, stream: BinaryIO, actor: Actor, *, name: str, dry_run: bool = False) -> ConsentImport:
        """Record the choices of the whole file, or of none of it where any row is at fault, and let them bite.

        ``name`` stands for the stream in errors. ``InvalidInput`` where the file as a whole cannot be read. A row
        without ``at`` counts from now, if it differs from what its channel said last.
        """
        with self.house.writing:
            try:
                return self._import(stream, actor, name, dry_run=dry_run)
            finally:
                if self.house.pending.exists():  # a commit that failed half way, for example on a full disk
                    Recover(self.house)()

    def _import(self, stream: BinaryIO, actor: Actor, name: str, *, dry_run: bool) -> ConsentImport:
        at, tally = self.house.clock.now(), _Tally()
        catch_up(self.house, at)
        batch = BatchId(new_id("bat"))
        with self._sessions(batch, at) as sessions:
            for rows in read_choices_file(stream, self._identifier_types(), name=name, now=at):
                self._take(rows, sessions, tally)
            recorded = not dry_run and not tally.faulty and tally.rows > 0
            people = _distinct(tally.people)
            if recorded:
                write_durably(self.house.pending, batch.encode())
                self._on_record(actor, batch, sessions, tally.rows)
                sessions.ledger.commit()
        if recorded:
            self.house.pending.unlink()  # the commit point: what no file names is not undone any more
            self.house.ledger.settle(batch)
            catch_up(self.house, at, whom=people)
        return _report(tally, recorded=recorded, dry_run=dry_run)

    @contextlib.contextmanager
    def _sessions(self, batch: BatchId, at: dt.datetime) -> Iterator[_Sessions]:
        """Open the ledger for writing and the vault for looking people up; nothing that is not committed stays."""
        entry = self.house.recorder.new_entry_id()
        with contextlib.ExitStack() as stack:
            vault = self.house.vault.write(batch)
            stack.callback(vault.rollback)
            ledger = stack.enter_context(self.house.ledger.write(batch))
            tags = stack.enter_context(self.house.recorder.bulk_tags(entry))
            yield _Sessions(vault, ledger, tags, entry, at)

    def _identifier_types(self) -> frozenset[str]:
        fields = self.house.catalogue.fields.values()
        return frozenset(str(each.identifier) for each in fields if each.identifier)

    def _take(self, rows: ChoiceRows, sessions: _Sessions, tally: _Tally) -> None:
        tally.rows += len(rows.lines) + len(rows.unread)
        self._judge(rows, sessions.at, tally)
        if tally.faulty or not len(rows.lines):
            return
        refs = self._subjects(rows, sessions.vault)
        known = pc.is_valid(refs)
        subjects, said = refs.filter(known), rows.consents.filter(known)
        tally.unknown += len(refs) - len(subjects)
        people = pc.unique(subjects)
        tally.people.append(people)
        sessions.tags.add(to_blocks(sessions.vault.tags(people, sessions.entry)))
        dated = pc.is_valid(said["at"])
        for part in (dated, pc.invert(dated)):  # the dated first: what they say stands before what only stands today
            tally.events += _add(sessions, subjects.filter(part.combine_chunks()), said.filter(part))

    def _judge(self, rows: ChoiceRows, at: dt.datetime, tally: _Tally) -> None:
        """Note each bad row once, under the first reason found."""
        for line, reason in rows.unread:
            tally.note(np.array([line]), reason, "write the row as the header says")
        found = [(wrong, reason, WORDS[reason]) for wrong, reason in rows.faults]
        found += [
            (_flags(wrong), reason, words) for wrong, reason, words in self.house.ledger.faults(rows.consents, at)
        ]
        fine = np.ones(len(rows.lines), np.bool_)
        for wrong, reason, remedy in found:
            tally.note(rows.lines[wrong & fine], reason, remedy)
            fine &= ~wrong
        for column, words in tally.words.items():
            words.update(pc.unique(rows.consents[column]).drop_null().slice(0, MOST_WORDS + 1).to_pylist())
            if len(words) > MOST_WORDS:
                raise InvalidInput(
                    f"more than {MOST_WORDS} values of `{column}`: split the file", reasons=(f"many_{column}s",)
                )

    def _subjects(self, rows: ChoiceRows, vault: VaultSession) -> pa.Array:
        kinds = sorted(pc.unique(rows.kinds).to_pylist())
        nobody = pa.scalar(None, pa.string())
        identifiers = {kind: pc.if_else(pc.equal(rows.kinds, kind), rows.identifiers, nobody) for kind in kinds}
        country = pa.array([self.house.catalogue.controller.country])
        regions = country.take(pa.array(np.zeros(len(rows.lines), np.int32)))
        return vault.enrol(identifiers, pa.table({}), None, regions, create=False).refs

    def _on_record(self, actor: Actor, batch: BatchId, sessions: _Sessions, rows: int) -> None:
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.CONSENT_RECORDED,
            decision="permit",
            batch=batch,
            rows=rows,
            policy=self.house.catalogue.label,
        )
        self.house.recorder.record(event, at=self.house.clock.now(), entry_id=sessions.entry, tags=sessions.tags.seal())


def _distinct(people: list[pa.Array]) -> pa.Array:
    return pc.unique(pa.chunked_array(people, BLOCK))


def _report(tally: _Tally, *, recorded: bool, dry_run: bool) -> ConsentImport:
    return ConsentImport(
        recorded, tally.rows, tally.events, tally.unknown, tally.faulty, tuple(tally.faults), dict(tally.reasons),
        dry_run,
    )  # fmt: skip


def _flags(wrong: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.fill_null(wrong, False).to_numpy(zero_copy_only=False)
    return found


def _add(sessions: _Sessions, subjects: pa.Array, said: pa.Table) -> int:
    """Add choices channel by channel; return how many were new."""
    channels = pc.fill_null(said["channel"], CHANNEL)
    new = 0
    for channel in pc.unique(channels).to_pylist():
        here = pc.equal(channels, channel)
        new += sessions.ledger.add(
            subjects.filter(here.combine_chunks()), said.filter(here), recorded_at=sessions.at, channel=channel
        )
    return new
