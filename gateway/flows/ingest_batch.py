"""One file from its bytes to the store: all of it, or nothing.

Every store holds a transaction open until the whole file has been read. The log says first that the batch is accepted;
then the vault commits, then the ledger, then the store. The store's commit is the commit point: after a crash a batch
that the store does not know is undone by ``recover`` (docs/adr/0006).
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc

from gateway.flows.held_columns import held
from gateway.flows.house import House
from gateway.flows.ingest_acceptance import Journey
from gateway.flows.ingest_columns import languages_of, regions_of
from gateway.flows.ingest_report import IngestReport, Tally, report_of, some_row_usable
from gateway.flows.ingest_sessions import Sessions, open_sessions, shelve
from gateway.flows.ingest_stream import Digesting, digest_of
from gateway.flows.known_ages import told_of
from gateway.flows.permissions import catch_up, masks_again, masks_for
from gateway.flows.recover import Recover
from gateway.foundation.arrays import BLOCK
from gateway.foundation.errors import GatewayError, InvalidInput, NotPermitted
from gateway.foundation.files import write_durably
from gateway.foundation.identifiers import new_id
from gateway.intake import describe, parse, read_batches
from gateway.intake.encodings import SAMPLE_BYTES
from gateway.policy import decide
from gateway.pseudonymisation import pseudonymise
from gateway.vault import Enrolment, VaultSession
from gateway.vocabulary.batches import ParsedBatch, PseudonymisedBatch, RawBatch, Refusals
from gateway.vocabulary.contracts import SourceContract, SourceKind
from gateway.vocabulary.decisions import Action, Deny, Permit, ProcessingRequest
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.findings import Contradiction
from gateway.vocabulary.names import BatchId, FieldId, SourceId

Progress = Callable[[int], None]


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
        permits = self._permits(contract, at)
        catch_up(self.house, at)
        reader = Digesting(stream)
        journey = Journey(BatchId(new_id("bat")), contract, permits, at)
        tally = Tally()
        with open_sessions(self.house, journey) as sessions:
            for raw in self._batches(reader, contract, name):
                self._carry(raw, journey, sessions, tally)
                if progress:
                    progress(tally.rows)
            sessions.beside.wait()
            digest = digest_of(reader.digest(), contract)
            known = self.house.store.batch_with_digest(source, digest)
            if known is not None:
                return report_of(contract.id, journey.batch, permits, tally, already=known)
            some_row_usable(tally, name)
            self.house.inbox.check_room(source, tally.sightings)
            sessions.acceptance.record(self.house, journey, actor, tally.rows)
            self._commit(journey, sessions, digest, tally)
            return report_of(contract.id, journey.batch, permits, tally)

    def _contract(self, source: SourceId) -> SourceContract:
        contract = self.house.catalogue.sources.get(source)
        if contract is None:
            raise NotPermitted(
                "no contract for this source: `gateway policy show` lists them", reasons=("unknown_source",)
            )
        return contract

    def _permits(self, contract: SourceContract, at: dt.datetime) -> tuple[Permit, ...]:
        """Ask policy first: where one of the contract's purposes is denied, no identity comes into being.

        One row serves all purposes of its source, so a purpose that policy denies cannot be kept out of it: the
        officer takes it off the contract, or permits it.
        """
        permits: list[Permit] = []
        denials: list[Deny] = []
        for purpose in contract.purposes:
            match decide(ProcessingRequest(Action.STORE, purpose, at, source=contract.id), self.house.pack):
                case Permit() as permit:
                    permits.append(permit)
                case Deny() as denial:
                    denials.append(denial)
        if denials:
            reasons = tuple(str(reason) for denial in denials for reason in denial.reasons)
            raise NotPermitted(
                f"the source `{contract.id}` may not be stored: {'; '.join(reasons)}", reasons=_codes(denials)
            )
        return tuple(permits)

    def _batches(self, reader: Digesting, contract: SourceContract, name: str) -> Iterator[RawBatch]:
        sample = reader.peek(SAMPLE_BYTES)
        yield from read_batches(cast("BinaryIO", reader), describe(sample, contract, name=name), contract, name=name)

    def _carry(self, raw: RawBatch, journey: Journey, sessions: Sessions, tally: Tally) -> None:
        """Take one chunk through the rooms."""
        findings = self.house.detector.check(raw, journey.contract)
        if findings.contradictions:
            raise _contradicted(findings.contradictions, journey.contract)
        parsed = parse(raw, journey.contract, self.house.catalogue, at=journey.at)
        sessions.quarantine.add(parsed.quarantined)
        tally.quarantine(parsed.quarantined)
        tally.see(raw, findings)
        people = pa.array([], BLOCK)
        if parsed.fields.num_rows:
            enrolment = self._enrol(parsed, journey, sessions.vault)
            stored = self._store(parsed, enrolment, journey, sessions)
            tally.add(enrolment, stored.table.num_rows)
            people = pc.unique(pc.drop_null(enrolment.refs))
        if parsed.refusals is not None:
            refusing = self._refuse(parsed.refusals, journey, sessions)
            people = pc.unique(pa.concat_arrays([people, refusing]))
        sessions.acceptance.concern(sessions.vault, people)

    def _refuse(self, refusals: Refusals, journey: Journey, sessions: Sessions) -> pa.Array:
        """Let a no bite although the rest of its row cannot be read; return whom it concerns."""
        fields = self.house.catalogue.fields
        identifiers = {
            str(fields[n].identifier): refusals.identifiers.column(n) for n in refusals.identifiers.column_names
        }
        refs = sessions.vault.enrol(identifiers, pa.table({}), None, None, create=False).refs
        subjects = refs.take(refusals.consents.column("row").combine_chunks())
        known = pc.is_valid(subjects)
        subjects, said = subjects.filter(known), refusals.consents.filter(known)
        sessions.ledger.add(subjects, said, recorded_at=journey.at, channel=journey.contract.id)
        people = pc.unique(subjects)
        permissions = masks_again(self.house, sessions.ledger, sessions.ages, people, journey.at)
        sessions.beside(lambda: shelve(sessions.store, None, permissions))
        return people

    def _enrol(self, parsed: ParsedBatch, journey: Journey, vault: VaultSession) -> Enrolment:
        """Identifiers go in, references come out."""
        fields = self.house.catalogue.fields
        permitted = frozenset[FieldId]().union(*(permit.identifiers for permit in journey.permits))
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
            regions_of(parsed, journey.contract),
            create=journey.contract.kind is SourceKind.PROFILES,
        )

    def _store(
        self, parsed: ParsedBatch, enrolment: Enrolment, journey: Journey, sessions: Sessions
    ) -> PseudonymisedBatch:
        """Generalise and redact, store, and say what is permitted for whom."""
        redacted = self._redact(parsed, journey.contract, sessions)
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
            told = told_of(self.house.catalogue, parsed, enrolment.refs, batch.table)
            permissions = masks_for(self.house, sessions.ledger, sessions.ages, told, journey.at)
        sessions.beside(lambda: shelve(sessions.store, batch, permissions))
        return batch

    def _redact(self, parsed: ParsedBatch, contract: SourceContract, sessions: Sessions) -> dict[FieldId, pa.Array]:
        """Replace what identifies anybody in the free texts: the row's own identifiers first, then known names."""
        fields = self.house.catalogue.fields
        names = [FieldId(n) for n in parsed.fields.column_names]
        texts = [n for n in names if fields[n].kind is FieldKind.FREE_TEXT]
        own = {
            str(n): parsed.fields.column(n).combine_chunks()
            for n in names
            if fields[n].kind is FieldKind.DIRECT_IDENTIFIER
        }
        result: dict[FieldId, pa.Array] = {}
        if texts:
            sessions.names.add(sessions.vault.new_names())
        for text in texts:
            written, languages = parsed.fields.column(text).combine_chunks(), languages_of(parsed, contract, text)
            known = sessions.names.mentioned(written)
            result[text] = self.house.detector.redact(written, own, languages, known).texts
        return result

    def _commit(self, journey: Journey, sessions: Sessions, digest: str, tally: Tally) -> None:
        """Commit store by store; the analytical store's commit is the point of no return."""
        write_durably(self.house.pending, journey.batch.encode())
        sessions.quarantine.commit()
        sessions.vault.commit()
        position = sessions.ledger.commit()
        self._file(journey, tally)
        sessions.store.commit(digest, tally.rows, journey.at, position)
        with contextlib.suppress(GatewayError):  # the batch is kept: what fails from here on is no refusal of it
            self.house.vault.settle(journey.batch)
            self.house.ledger.settle(journey.batch)
            self.house.pending.unlink()
            self.house.recorder.checkpoint()
            if self.house.store.sort_needed():  # one person's events stay close together
                self.house.store.compact()

    def _file(self, journey: Journey, tally: Tally) -> None:
        """Enter undeclared columns in the inbox before the commit point: none is sealed that nobody is asked about."""
        if tally.sightings:
            since = journey.at - dt.timedelta(days=journey.contract.quarantine_days)
            self.house.inbox.file(journey.contract.id, tally.sightings, at=journey.at, since=since)

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


def _codes(denials: list[Deny]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason.code for denial in denials for reason in denial.reasons))


def _contradicted(contradictions: Sequence[Contradiction], contract: SourceContract) -> InvalidInput:
    places = "; ".join(
        f"column `{c.column}` is declared as `{c.declared}` but holds {c.found} ({', '.join(c.evidence)})"
        for c in contradictions
    )
    return InvalidInput(
        f"the batch stops, its content contradicts the contract `{contract.id}`: {places}; "
        "remedy: correct the column's field in sources.yaml or in the inbox, or the export",
        reasons=("contradicted_contract",),
    )


def _merged(batches: Iterator[PseudonymisedBatch]) -> PseudonymisedBatch:
    """One batch with the columns that any of the source's purposes permits."""
    first, *others = batches
    table = first.table
    for other in others:
        for name in other.table.column_names:
            if name not in table.column_names:
                table = table.append_column(name, other.table.column(name))
    return PseudonymisedBatch(first.source, first.batch, first.kind, table)
