"""One file from its bytes to the store: all of it, or nothing.

Every store holds a transaction open until the whole file has been read. The log says first that the batch is accepted;
then the vault commits, then the ledger, then the store. The store's commit is the commit point: after a crash a batch
that the store does not know is undone by ``recover`` (docs/adr/0006).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO, BinaryIO, Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gateway.accountability.recorder import BulkTags
from gateway.consent import LedgerSession
from gateway.flows.held_columns import held
from gateway.flows.house import House
from gateway.flows.permissions import Minors, catch_up, masks_for
from gateway.flows.recover import Recover
from gateway.foundation.arrays import to_blocks
from gateway.foundation.errors import GatewayError, InvalidInput, NotPermitted
from gateway.foundation.files import write_durably
from gateway.foundation.identifiers import new_id
from gateway.intake import Sealing, describe, parse, read_batches
from gateway.policy import decide
from gateway.pseudonymisation import pseudonymise
from gateway.store import StoreSession
from gateway.vault import Enrolment, VaultSession
from gateway.vocabulary.batches import ParsedBatch, PseudonymisedBatch, QuarantinedRow, RawBatch
from gateway.vocabulary.contracts import FieldColumn, SourceContract, SourceKind
from gateway.vocabulary.decisions import Action, Deny, Permit, ProcessingRequest
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.findings import Contradiction
from gateway.vocabulary.names import BatchId, EntryId, FieldId, SourceId

SAMPLE = 256 * 1024
SHOWN_LINES = 100
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of a file: counts only."""

    source: SourceId
    batch: BatchId | None
    rows: int  # rows stored
    quarantined: Mapping[str, int]  # reason → rows
    quarantined_lines: tuple[int, ...]  # the first hundred
    undeclared_columns: tuple[str, ...]
    withheld_fields: Mapping[str, str]  # field → why it is not stored
    new_subjects: int
    suppressed: int  # rows of people who asked never to come back
    unresolved: int  # events of people we do not know
    conflicts: int  # weaker identifiers that belong to somebody else
    already_ingested: bool = False


@dataclass
class _Tally:
    rows: int = 0
    new: int = 0
    suppressed: int = 0
    unresolved: int = 0
    conflicts: int = 0
    undeclared: tuple[str, ...] = ()
    quarantined: Counter[str] = field(default_factory=Counter)
    lines: list[int] = field(default_factory=list)

    def quarantine(self, rows: Sequence[QuarantinedRow]) -> None:
        self.quarantined.update(row.reason for row in rows)
        self.lines.extend(row.line for row in rows[: max(0, SHOWN_LINES - len(self.lines))])

    def add(self, enrolment: Enrolment, stored: int) -> None:
        self.rows += stored
        self.new += enrolment.new
        self.suppressed += int(np.count_nonzero(enrolment.suppressed))
        self.unresolved += int(np.count_nonzero(enrolment.unresolved))
        self.conflicts += enrolment.conflicts


@dataclass(frozen=True, slots=True)
class _Sessions:
    vault: VaultSession
    ledger: LedgerSession
    store: StoreSession
    quarantine: Sealing
    tags: BulkTags
    beside: _Beside
    minors: Minors


@dataclass(frozen=True, slots=True)
class _Journey:
    batch: BatchId
    contract: SourceContract
    permits: tuple[Permit, ...]
    at: dt.datetime


@dataclass(frozen=True)
class IngestBatch:
    """Carry a file from its bytes to the store, or to quarantine."""

    house: House

    def __call__(
        self, stream: BinaryIO, source: SourceId, actor: Actor, *, name: str, progress: Progress | None = None
    ) -> IngestReport:
        """Ingest the bytes of ``stream`` under the contract of ``source``.

        ``name`` stands for the stream in errors. Raises ``NotPermitted`` (policy refuses the source), ``InvalidInput``
        (unreadable, or content that contradicts the contract); nothing is kept then, and the refusal is on record.
        """
        with self.house.writing:
            try:
                return self._ingest(stream, source, actor, name, progress)
            except GatewayError as error:
                self._refused(source, actor, error)
                raise
            finally:
                if self.house.pending.exists():  # a commit that failed half way, for example on a full disk
                    Recover(self.house)()

    def _ingest(
        self, stream: BinaryIO, source: SourceId, actor: Actor, name: str, progress: Progress | None
    ) -> IngestReport:
        at = self.house.clock.now()
        if self.house.quarantine.expired(at):
            Recover(self.house).expire()
        contract = self._contract(source)
        permits, _ = self._permits(contract, at)
        catch_up(self.house, at)
        reader = _Digesting(stream)
        journey = _Journey(BatchId(new_id("bat")), contract, permits, at)
        entry = self.house.recorder.new_entry_id()
        tally = _Tally()
        with self._sessions(journey, entry) as sessions:
            for raw in self._batches(reader, contract, name):
                self._carry(raw, journey, sessions, tally, entry)
                if progress:
                    progress(tally.rows)
            sessions.beside.wait()
            digest = reader.digest()
            known = self.house.store.batch_with_digest(source, digest)
            if known is not None:
                return _report(journey, tally, already=known)
            _some_row_usable(tally, name)
            self._accepted(journey, actor, tally, sessions, entry)
            self._commit(journey, sessions, digest, tally)
            return _report(journey, tally)

    def _contract(self, source: SourceId) -> SourceContract:
        contract = self.house.catalogue.sources.get(source)
        if contract is None:
            raise NotPermitted(
                "no contract for this source: `gateway policy show` lists them", reasons=("unknown_source",)
            )
        return contract

    def _permits(self, contract: SourceContract, at: dt.datetime) -> tuple[tuple[Permit, ...], tuple[Deny, ...]]:
        """Ask policy first: where every purpose is denied, no identity comes into being."""
        permits: list[Permit] = []
        denials: list[Deny] = []
        for purpose in contract.purposes:
            match decide(ProcessingRequest(Action.STORE, purpose, at, source=contract.id), self.house.pack):
                case Permit() as permit:
                    permits.append(permit)
                case Deny() as denial:
                    denials.append(denial)
        if not permits:
            reasons = tuple(str(reason) for denial in denials for reason in denial.reasons)
            raise NotPermitted(
                f"the source `{contract.id}` may not be stored: {'; '.join(reasons)}", reasons=_codes(denials)
            )
        return tuple(permits), tuple(denials)

    def _batches(self, reader: _Digesting, contract: SourceContract, name: str) -> Iterator[RawBatch]:
        sample = reader.peek(SAMPLE)
        yield from read_batches(cast("BinaryIO", reader), describe(sample, contract, name=name), contract, name=name)

    @contextlib.contextmanager
    def _sessions(self, journey: _Journey, entry: EntryId) -> Iterator[_Sessions]:
        """Open one transaction in each store; whatever goes wrong, roll all of them back."""
        house, batch = self.house, journey.batch
        expiry = journey.at + dt.timedelta(days=journey.contract.quarantine_days)
        key = house.vault.batch_key(batch, expiry)
        with contextlib.ExitStack() as stack:
            stack.callback(_forget_key, house, batch)
            yield _Sessions(
                self._writing(stack, batch),
                stack.enter_context(house.ledger.write(batch)),
                stack.enter_context(house.store.write(batch, journey.contract.id, journey.at)),
                stack.enter_context(house.quarantine.sealing(batch, key, expires=expiry)),
                stack.enter_context(house.recorder.bulk_tags(entry)),
                stack.enter_context(_Beside()),
                Minors(),
            )

    def _writing(self, stack: contextlib.ExitStack, batch: BatchId) -> VaultSession:
        session = self.house.vault.write(batch)
        stack.callback(_roll_back, self.house, batch, session)
        return session

    def _carry(self, raw: RawBatch, journey: _Journey, sessions: _Sessions, tally: _Tally, entry: EntryId) -> None:
        """Take one chunk through the rooms."""
        findings = self.house.detector.check(raw, journey.contract)
        if findings.contradictions:
            raise _contradicted(findings.contradictions, journey.contract)
        parsed = parse(raw, journey.contract, self.house.catalogue, at=journey.at)
        sessions.quarantine.add(parsed.quarantined)
        tally.quarantine(parsed.quarantined)
        tally.undeclared = tuple(parsed.undeclared.column_names)
        if parsed.fields.num_rows == 0:
            return
        enrolment = self._enrol(parsed, journey, sessions.vault)
        stored = self._store(parsed, enrolment, journey, sessions)
        tally.add(enrolment, stored.table.num_rows)
        people = pc.unique(pc.drop_null(enrolment.refs))
        sessions.tags.add(to_blocks(sessions.vault.tags(people, entry)))

    def _enrol(self, parsed: ParsedBatch, journey: _Journey, vault: VaultSession) -> Enrolment:
        """Identifiers go in, references come out."""
        fields, permitted = self.house.catalogue.fields, journey.permits[0].identifiers
        identifiers = {
            str(fields[f].identifier): parsed.fields.column(f)
            for f in journey.contract.subject
            if f in permitted and f in parsed.fields.column_names
        }
        sealed = parsed.fields.select([f for f in parsed.fields.column_names if f in permitted])
        return vault.enrol(
            identifiers,
            sealed,
            held(parsed.undeclared, journey.contract, journey.at),
            _regions(parsed, journey.contract),
            create=journey.contract.kind is SourceKind.PROFILES,
        )

    def _store(
        self, parsed: ParsedBatch, enrolment: Enrolment, journey: _Journey, sessions: _Sessions
    ) -> PseudonymisedBatch:
        """Generalise and redact, store, and say what is permitted for whom."""
        redacted = self._redact(parsed, journey.contract)
        batch = _merged(
            pseudonymise(parsed, enrolment.refs, redacted, permit, batch=journey.batch, at=journey.at)
            for permit in journey.permits
        )
        permissions: pa.Table | None = None
        if journey.contract.kind is SourceKind.PROFILES:
            subjects = enrolment.refs.take(parsed.consents.column("row").combine_chunks())
            kept = pc.is_valid(subjects)  # whoever asked never to come back has no reference
            consents = parsed.consents.filter(kept)
            sessions.ledger.add(subjects.filter(kept), consents, recorded_at=journey.at, channel=journey.contract.id)
            permissions = masks_for(self.house, sessions.ledger, sessions.minors, parsed, enrolment.refs, journey.at)
        sessions.beside(lambda: _shelve(sessions.store, batch, permissions))
        return batch

    def _redact(self, parsed: ParsedBatch, contract: SourceContract) -> dict[FieldId, pa.Array]:
        """Replace what identifies anybody in the free texts, beginning with the row's own identifiers."""
        fields = self.house.catalogue.fields
        names = [FieldId(n) for n in parsed.fields.column_names]
        texts = [n for n in names if fields[n].kind is FieldKind.FREE_TEXT]
        own = {
            str(n): parsed.fields.column(n).combine_chunks()
            for n in names
            if fields[n].kind is FieldKind.DIRECT_IDENTIFIER
        }
        result: dict[FieldId, pa.Array] = {}
        for text in texts:
            languages = _languages(parsed, contract, text)
            result[text] = self.house.detector.redact(parsed.fields.column(text).combine_chunks(), own, languages).texts
        return result

    def _accepted(self, journey: _Journey, actor: Actor, tally: _Tally, sessions: _Sessions, entry: EntryId) -> None:
        """Say in the log, durably, what is about to be kept."""
        permit = journey.permits[0]
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.BATCH_ACCEPTED,
            decision="permit",
            reasons=permit.rules,
            purpose=permit.request.purpose,
            legal_basis=permit.legal_basis,
            source=journey.contract.id,
            batch=journey.batch,
            fields=tuple(sorted({c.field for p in journey.permits for c in p.columns.values()})),
            rows=tally.rows,
            policy=self.house.catalogue.label,
        )
        self.house.recorder.record(event, at=journey.at, entry_id=entry, tags=sessions.tags.seal())

    def _commit(self, journey: _Journey, sessions: _Sessions, digest: str, tally: _Tally) -> None:
        """Commit store by store; the analytical store's commit is the point of no return."""
        write_durably(self.house.pending, journey.batch.encode())
        sessions.quarantine.commit()
        sessions.vault.commit()
        position = sessions.ledger.commit()
        sessions.store.commit(digest, tally.rows, journey.at, position)
        with contextlib.suppress(GatewayError):  # the batch is kept: what fails from here on is no refusal of it
            self.house.vault.settle(journey.batch)
            self.house.ledger.settle(journey.batch)
            self.house.pending.unlink()
            self.house.recorder.checkpoint()

    def _refused(self, source: SourceId, actor: Actor, error: GatewayError) -> None:
        """Put a refusal on record; the source is named only where the pack knows it."""
        known = source in self.house.catalogue.sources
        self.house.recorder.record(
            GatewayEvent(
                actor=actor,
                action=AuditAction.BATCH_REFUSED,
                decision="deny",
                reasons=error.reasons or (error.slug,),
                source=source if known else None,
                policy=self.house.catalogue.label,
            ),
            at=self.house.clock.now(),
        )


class _Beside:
    """Lets the store take a chunk in while the next one is read and sealed; one chunk waits at most."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._job: Future[None] | None = None

    def __call__(self, work: Callable[[], None]) -> None:
        self.wait()
        self._job = self._worker.submit(work)

    def wait(self) -> None:
        """Return when nothing is under way; raises what went wrong with it."""
        job, self._job = self._job, None
        if job is not None:
            job.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):  # a job that failed is what is being rolled back
            self.wait()
        self._worker.shutdown()


def _shelve(store: StoreSession, batch: PseudonymisedBatch, permissions: pa.Table | None) -> None:
    store.add(batch)
    if permissions is not None:
        store.set_permissions(permissions)


class _Digesting:
    """A stream that is hashed as it is read, and whose head can be looked at first."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._head = b""
        self._hash = hashlib.sha256()

    def peek(self, size: int) -> bytes:
        while len(self._head) < size and (more := self._stream.read(size - len(self._head))):
            self._head += more
        return self._head

    def read(self, size: int = -1) -> bytes:
        if self._head:
            cut = len(self._head) if size < 0 else min(size, len(self._head))
            data, self._head = self._head[:cut], self._head[cut:]
            if size < 0:
                data += self._stream.read()
        else:
            data = self._stream.read(size)
        self._hash.update(data)
        return data

    def digest(self) -> str:
        while self.read(1 << 20):
            pass
        return self._hash.hexdigest()


def _roll_back(house: House, batch: BatchId, session: VaultSession) -> None:
    """Undo in the vault what did not come to the commit point."""
    if not house.store.has_batch(batch):
        session.rollback()


def _forget_key(house: House, batch: BatchId) -> None:
    """Destroy the quarantine's key where the batch did not come to its commit."""
    if not house.store.has_batch(batch):
        house.vault.destroy_batch_key(batch)


def _codes(denials: list[Deny]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason.code for denial in denials for reason in denial.reasons))


def _contradicted(contradictions: Sequence[Contradiction], contract: SourceContract) -> InvalidInput:
    places = "; ".join(
        f"column `{c.column}` is declared as `{c.declared}` but holds {c.found} ({', '.join(c.evidence)})"
        for c in contradictions
    )
    return InvalidInput(
        f"the batch stops, its content contradicts the contract `{contract.id}`: {places}; "
        "remedy: correct the column's field in sources.yaml, or the export",
        reasons=("contradicted_contract",),
    )


def _some_row_usable(tally: _Tally, name: str) -> None:
    """A file of which every row is set aside is a broken file, or under the wrong contract: nothing of it is kept."""
    if not tally.quarantined or tally.rows or tally.suppressed or tally.unresolved:
        return
    reasons = ", ".join(f"{reason.replace('_', ' ')} {rows}" for reason, rows in sorted(tally.quarantined.items()))
    raise InvalidInput(
        f"{name}: no row can be taken in ({reasons}), the first at line {min(tally.lines)}; "
        "correct the export, or the source's contract",
        reasons=("no_usable_row",),
    )


def _regions(parsed: ParsedBatch, contract: SourceContract) -> pa.Array | None:
    """The country per row that phone numbers without a country code are read in."""
    for column in contract.columns.values():
        if isinstance(column, FieldColumn) and (column.region or column.region_column):
            if column.region_column is None:
                return pa.array([column.region]).take(pa.array(np.zeros(parsed.fields.num_rows, np.int32)))
            named = contract.columns.get(column.region_column)
            if isinstance(named, FieldColumn) and named.field in parsed.fields.column_names:
                return parsed.fields.column(named.field).combine_chunks()
    return None


def _languages(parsed: ParsedBatch, contract: SourceContract, text: FieldId) -> pa.Array | None:
    """The language per row of a free text, where the contract tells."""
    for column in contract.columns.values():
        if isinstance(column, FieldColumn) and column.field == text:
            if column.language:
                return pa.array([column.language]).take(pa.array(np.zeros(parsed.fields.num_rows, np.int32)))
            named = contract.columns.get(column.language_column or "")
            if isinstance(named, FieldColumn) and named.field in parsed.fields.column_names:
                return parsed.fields.column(named.field).combine_chunks()
    return None


def _merged(batches: Iterator[PseudonymisedBatch]) -> PseudonymisedBatch:
    """One batch with the columns that any of the source's purposes permits."""
    first, *others = batches
    table = first.table
    for other in others:
        for name in other.table.column_names:
            if name not in table.column_names:
                table = table.append_column(name, other.table.column(name))
    return PseudonymisedBatch(first.source, first.batch, first.kind, table)


def _report(journey: _Journey, tally: _Tally, already: BatchId | None = None) -> IngestReport:
    return IngestReport(
        source=journey.contract.id,
        batch=already or journey.batch,
        rows=0 if already else tally.rows,
        quarantined=dict(tally.quarantined),
        quarantined_lines=tuple(tally.lines),
        undeclared_columns=tally.undeclared,
        withheld_fields={str(r.field): str(r) for p in journey.permits for r in p.withheld if r.field},
        new_subjects=0 if already else tally.new,
        suppressed=tally.suppressed,
        unresolved=tally.unresolved,
        conflicts=tally.conflicts,
        already_ingested=already is not None,
    )
