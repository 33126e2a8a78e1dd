"""A segment leaves: a second Permit at that moment, pseudonyms of one scope, the log first, then the bytes."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa

from gateway.accountability import Released
from gateway.flows.build_segment import BuildSegment, Segments
from gateway.flows.end_scopes import EndScopes
from gateway.flows.house import House
from gateway.flows.received import AskForRelease, Chosen
from gateway.foundation.arrays import BLOCK, to_blocks
from gateway.foundation.errors import GatewayError, NotFound, NotPermitted
from gateway.foundation.identifiers import new_id
from gateway.release import Disclosure, SegmentTooSmall, delta_package, diff, package, scope_label
from gateway.release.deltas import Delta
from gateway.release.entries import Exposure
from gateway.release.sizes import minimum_size_met
from gateway.vault import pseudonym_text
from gateway.vocabulary.contracts import RecipientContract, ScopeMode
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, ReleaseId, ScopeId, SegmentId, SnapshotId

Format = Literal["csv", "ndjson", "parquet"]


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """Who wants which segment in which form."""

    segment: SegmentId
    recipient: RecipientId
    format: Format = "csv"
    delta: bool = False
    since: ReleaseId | None = None  # delta: compare with this release; the newest when not given


@dataclass(frozen=True, slots=True)
class ReleasePackage:
    """The list, or what changed in it, as the recipient gets it. ``etag`` is the content's digest."""

    disclosure: Disclosure
    data: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Who may be in the list now, and what the log and the ledgers will say of it."""

    contract: RecipientContract
    purpose: PurposeId
    snapshot: SnapshotId
    scope: ScopeId
    at: dt.datetime
    members: pa.Array  # subject references
    extra: pa.Table | None  # the agreed attributes beside the pseudonym, in the members' order; usually none
    chosen_by: frozenset[FieldId] | None  # None: nobody is chosen, it only tells who left
    event: GatewayEvent


@dataclass(frozen=True)
class ReleaseSegment:
    """Give a recipient the pseudonyms of a segment's members, as a snapshot or as what changed since its last one."""

    house: House
    build: BuildSegment

    def __call__(self, request: ReleaseRequest, actor: Actor) -> Released[ReleasePackage]:
        """Return the package. Raises ``NotPermitted`` or ``SegmentTooSmall``; the refusal is on record."""
        with self.house.writing:
            try:
                return self._release(request, actor)
            except GatewayError as error:
                self._refused(request, actor, error)
                raise

    def _release(self, request: ReleaseRequest, actor: Actor) -> Released[ReleasePackage]:
        EndScopes(self.house)()
        contract = self._contract(request)
        try:
            prepared = self._permitted(request, contract, actor)
        except (NotPermitted, NotFound) as refusal:
            if not request.delta:
                raise
            prepared = self._nobody(request, contract, refusal, actor)
        return self._delta(request, prepared) if request.delta else self._whole(request, prepared)

    def _permitted(self, request: ReleaseRequest, contract: RecipientContract, actor: Actor) -> _Prepared:
        """Ask policy a second time, now about this recipient; under the minimum a delta has no members."""
        snapshot, built = self.build.snapshot(request.segment, actor)
        chosen = Chosen(built.request.purpose, built.request.fields or frozenset())
        permit = AskForRelease(self.house).permit(chosen, contract)
        at = permit.request.at
        members = self.house.store.members(snapshot.id, permit, at)
        if not minimum_size_met(len(members), max(contract.minimum_size, permit.minimum_size)):
            if not request.delta:  # before a scope is opened: what is too small leaves no key behind
                raise SegmentTooSmall
            members = pa.array([], BLOCK)
        said = self._event(request, actor, permit.rules)
        event = replace(
            said,
            legal_basis=permit.legal_basis,
            fields=("pseudonym", *sorted(contract.fields)),
            query=snapshot.query_digest,
        )
        extra = self.house.store.attributes(members, permit, at) if contract.fields and not request.delta else None
        scope = self.house.vault.open_scope(contract.id, chosen.purpose, scope_label(contract, at, snapshot.id))
        about = (contract, chosen.purpose, snapshot.id, scope, at)
        return _Prepared(*about, members, extra, chosen.fields, event)

    def _nobody(
        self, request: ReleaseRequest, contract: RecipientContract, refusal: GatewayError, actor: Actor
    ) -> _Prepared:
        """Nobody may be in the list any more: whoever has one is told that they all left. Else raise the refusal."""
        last = self._previous(request)
        if last is None:
            raise refusal
        event = self._event(request, actor, ("leaves_only", refusal.slug))
        about = (contract, last.purpose, last.snapshot, last.scope, self.house.clock.now())
        return _Prepared(*about, pa.array([], BLOCK), None, None, event)

    def _contract(self, request: ReleaseRequest) -> RecipientContract:
        contract = self.house.catalogue.recipients.get(request.recipient)
        if contract is None:
            raise NotPermitted("no contract with this recipient", reasons=("unknown_recipient",))
        if request.format not in contract.formats:
            raise NotPermitted("the contract does not name this format", reasons=("format_not_agreed",))
        if request.delta and contract.mode is ScopeMode.TRANSACTION:
            raise NotPermitted(
                "a transaction scope has no deltas: each list has pseudonyms of its own", reasons=("no_stable_scope",)
            )
        return contract

    def _whole(self, request: ReleaseRequest, prepared: _Prepared) -> Released[ReleasePackage]:
        pseudonyms = self._pseudonyms(prepared.scope, prepared.members)
        sink = io.BytesIO()
        digest = package(pseudonyms, prepared.extra, format=request.format, sink=sink).sha256
        disclosure = self._disclosure(request, prepared, digest)
        return self._leave(ReleasePackage(disclosure, sink.getvalue(), digest), prepared, prepared.members)

    def _delta(self, request: ReleaseRequest, prepared: _Prepared) -> Released[ReleasePackage]:
        """Say who entered and who left; where nobody may be in the list all leave, since a no must get through."""
        previous = self._previous(request, prepared.scope)
        if previous is None:
            raise NotPermitted(
                "no release to compare with in this scope: pull the whole segment first",
                reasons=("no_previous_release",),
            )
        before = self.house.store.release_members(previous.release)
        change = diff(before, prepared.members)
        tombstones = self.house.disclosures.pending_tombstones(prepared.scope, request.segment, previous.release)
        texts = self._texts(prepared.scope, change, tombstones)
        sink = io.BytesIO()
        digest = delta_package(*texts, format=request.format, sink=sink).sha256
        disclosure = replace(
            self._disclosure(request, prepared, digest),
            kind="delta",
            previous=previous.release,
            entered=len(texts[0]),
            left=len(texts[1]),
        )
        concerned = pa.concat_arrays([change.entered, change.left])
        released = self._leave(ReleasePackage(disclosure, sink.getvalue(), digest), prepared, concerned)
        if request.since is not None:  # named, so it has arrived: whoever was erased before it need not be told again
            self.house.disclosures.drop_tombstones(prepared.scope, request.segment, request.since)
        return released

    def _previous(self, request: ReleaseRequest, scope: ScopeId | None = None) -> Disclosure | None:
        """The release to compare with: the recipient's own, of this segment and this or any living scope, or none."""
        disclosures = self.house.disclosures
        if request.since is None:
            found = disclosures.latest(request.segment, request.recipient, scope)
        else:
            found = disclosures.get(request.since)
        if found is None or disclosures.exposures.is_deleted(found.release) or EndScopes(self.house).is_over(found):
            return None
        same = (found.segment, found.recipient) == (request.segment, request.recipient)
        return found if same and scope in {None, found.scope} else None

    def _texts(self, scope: ScopeId, change: Delta, tombstones: pa.Array) -> tuple[pa.Array, pa.Array]:
        left = pa.concat_arrays([self._blocks(scope, change.left), tombstones])
        return self._pseudonyms(scope, change.entered), pseudonym_text(left)

    def _blocks(self, scope: ScopeId, refs: pa.Array) -> pa.Array:
        return self.house.vault.pseudonyms(scope, refs)

    def _pseudonyms(self, scope: ScopeId, refs: pa.Array) -> pa.Array:
        return pseudonym_text(self._blocks(scope, refs))

    def _disclosure(self, request: ReleaseRequest, prepared: _Prepared, digest: str) -> Disclosure:
        return Disclosure(
            release=ReleaseId(new_id("rel")),
            segment=request.segment,
            snapshot=prepared.snapshot,
            recipient=request.recipient,
            purpose=prepared.purpose,
            scope=prepared.scope,
            format=request.format,
            kind="snapshot",
            previous=None,
            size=len(prepared.members),
            entered=len(prepared.members),
            left=0,
            at=prepared.at,
            policy=self.house.catalogue.label,
            sha256=digest,
        )

    def _leave(self, package: ReleasePackage, prepared: _Prepared, concerned: pa.Array) -> Released[ReleasePackage]:
        """Make the entry durable, then the ledger of disclosures; only then may the bytes go."""
        entry, disclosure = self.house.recorder.new_entry_id(), package.disclosure
        event = replace(
            prepared.event, purpose=disclosure.purpose, snapshot=disclosure.snapshot, members=len(concerned)
        )
        with self.house.recorder.bulk_tags(entry) as tags:
            tags.add(to_blocks(self.house.vault.tags(concerned, entry)))
            receipt = self.house.recorder.record(event, at=self.house.clock.now(), entry_id=entry, tags=tags.seal())
        if prepared.chosen_by is not None:
            # What it tells counts from here on, also where a crash keeps the bytes back.
            self.house.disclosures.exposures.record(_exposure(disclosure, prepared.contract, prepared.chosen_by))
        # Members first: a disclosure without them would be a base from which nobody can leave any more.
        self.house.store.record_release(disclosure.release, prepared.members)
        self.house.disclosures.record(disclosure)
        self.house.recorder.checkpoint()
        return Released(receipt, package)

    def _event(self, request: ReleaseRequest, actor: Actor, reasons: tuple[str, ...]) -> GatewayEvent:
        return GatewayEvent(
            actor=actor,
            action=AuditAction.SEGMENT_RELEASED,
            decision="permit",
            reasons=reasons,
            recipient=request.recipient,
            segment=request.segment,
            fields=("pseudonym",),
            policy=self.house.catalogue.label,
        )

    def _refused(self, request: ReleaseRequest, actor: Actor, error: GatewayError) -> None:
        known = request.recipient in self.house.catalogue.recipients
        known_segments = {definition.id for definition in Segments(self.house).all()}
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.SEGMENT_RELEASED,
            decision="deny",
            reasons=(error.slug,),
            recipient=request.recipient if known else None,
            segment=request.segment if request.segment in known_segments else None,
            policy=self.house.catalogue.label,
        )
        self.house.recorder.record(event, at=self.house.clock.now())


def _exposure(disclosure: Disclosure, contract: RecipientContract, chosen_by: frozenset[FieldId]) -> Exposure:
    """Return what the recipient learns: a delta has no attributes, but tells who is chosen."""
    return Exposure(
        release=disclosure.release,
        segment=disclosure.segment,
        recipient=disclosure.recipient,
        legal_entity=contract.holder,
        purpose=disclosure.purpose,
        beside=frozenset(contract.fields if disclosure.kind == "snapshot" else ()),
        chosen_by=chosen_by,
        at=disclosure.at,
    )
