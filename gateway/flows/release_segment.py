"""A segment leaves: a second Permit at that moment, pseudonyms of one scope, the log first, then the bytes."""

from __future__ import annotations

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
from gateway.foundation.errors import GatewayError, NotPermitted
from gateway.foundation.identifiers import new_id
from gateway.release import (
    Disclosure,
    delta_package,
    diff,
    package,
    scope_label,
)
from gateway.release.deltas import Delta
from gateway.release.entries import Exposure
from gateway.release.sizes import minimum_size_met, require_minimum
from gateway.vault import pseudonym_text
from gateway.vocabulary.contracts import RecipientContract, ScopeMode
from gateway.vocabulary.decisions import Permit
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import FieldId, RecipientId, ReleaseId, ScopeId, SegmentId
from gateway.vocabulary.relations import SegmentSnapshot

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
    contract: RecipientContract
    permit: Permit
    snapshot: SegmentSnapshot
    scope: ScopeId
    members: pa.Array  # subject references
    chosen_by: frozenset[FieldId]


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
        snapshot, built = self.build.snapshot(request.segment, actor)
        chosen = Chosen(built.request.purpose, built.request.fields or frozenset())
        permit = AskForRelease(self.house).permit(chosen, contract)  # a second time, now about this recipient
        members = self.house.store.members(snapshot.id, permit, permit.request.at)
        if not request.delta:  # before a scope is opened: what is too small leaves no key behind
            require_minimum(len(members), _minimum(contract, permit))
        scope = self._scope(contract, snapshot, permit)
        prepared = _Prepared(contract, permit, snapshot, scope, members, chosen.fields)
        return self._delta(request, prepared, actor) if request.delta else self._whole(request, prepared, actor)

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

    def _scope(self, contract: RecipientContract, snapshot: SegmentSnapshot, permit: Permit) -> ScopeId:
        label = scope_label(contract, permit.request.at, snapshot.id)
        return self.house.vault.open_scope(contract.id, permit.request.purpose, label)  # the open one if there is one

    def _whole(self, request: ReleaseRequest, prepared: _Prepared, actor: Actor) -> Released[ReleasePackage]:
        pseudonyms = self._pseudonyms(prepared.scope, prepared.members)
        sink = io.BytesIO()
        packaged = package(pseudonyms, self._extra(prepared), format=request.format, sink=sink)
        digest = packaged.sha256
        disclosure = self._disclosure(request, prepared, digest)
        return self._leave(ReleasePackage(disclosure, sink.getvalue(), digest), prepared, prepared.members, actor)

    def _delta(self, request: ReleaseRequest, prepared: _Prepared, actor: Actor) -> Released[ReleasePackage]:
        """Say who entered and who left; under the minimum everybody leaves, since withdrawals must get through."""
        enough = minimum_size_met(len(prepared.members), _minimum(prepared.contract, prepared.permit))
        members = prepared.members if enough else pa.array([], BLOCK)
        previous = self._previous(request, prepared.scope)
        if previous is None:
            raise NotPermitted(
                "no release to compare with in this scope: pull the whole segment first",
                reasons=("no_previous_release",),
            )
        before = self.house.store.release_members(previous.release)
        change = diff(before, members)
        tombstones = self.house.disclosures.pending_tombstones(prepared.scope, request.segment, previous.release)
        texts = self._texts(prepared.scope, change, tombstones)
        sink = io.BytesIO()
        digest = delta_package(*texts, format=request.format, sink=sink).sha256
        disclosure = replace(
            self._disclosure(request, prepared, digest),
            kind="delta",
            previous=previous.release,
            size=len(members),
            entered=len(texts[0]),
            left=len(texts[1]),
        )
        released = self._leave(
            ReleasePackage(disclosure, sink.getvalue(), digest),
            replace(prepared, members=members),
            pa.concat_arrays([change.entered, change.left]),
            actor,
        )
        if request.since is not None:  # named, so it has arrived: whoever was erased before it need not be told again
            self.house.disclosures.drop_tombstones(prepared.scope, request.segment, request.since)
        return released

    def _previous(self, request: ReleaseRequest, scope: ScopeId) -> Disclosure | None:
        """The release to compare with: the recipient's own, of this segment and this scope, or none."""
        disclosures = self.house.disclosures
        if request.since is None:
            found = disclosures.latest(request.segment, request.recipient, scope)
        else:
            found = disclosures.get(request.since)
        if found is None or disclosures.exposures.is_deleted(found.release):
            return None
        same = (found.segment, found.recipient, found.scope) == (request.segment, request.recipient, scope)
        return found if same else None

    def _texts(self, scope: ScopeId, change: Delta, tombstones: pa.Array) -> tuple[pa.Array, pa.Array]:
        left = pa.concat_arrays([self._blocks(scope, change.left), tombstones])
        return self._pseudonyms(scope, change.entered), pseudonym_text(left)

    def _blocks(self, scope: ScopeId, refs: pa.Array) -> pa.Array:
        return self.house.vault.pseudonyms(scope, refs)

    def _pseudonyms(self, scope: ScopeId, refs: pa.Array) -> pa.Array:
        return pseudonym_text(self._blocks(scope, refs))

    def _extra(self, prepared: _Prepared) -> pa.Table | None:
        """The agreed attributes beside the pseudonym, in the members' order; usually none."""
        if not prepared.contract.fields:
            return None
        return self.house.store.attributes(prepared.members, prepared.permit, prepared.permit.request.at)

    def _disclosure(self, request: ReleaseRequest, prepared: _Prepared, digest: str) -> Disclosure:
        return Disclosure(
            release=ReleaseId(new_id("rel")),
            segment=request.segment,
            snapshot=prepared.snapshot.id,
            recipient=request.recipient,
            purpose=prepared.permit.request.purpose,
            scope=prepared.scope,
            format=request.format,
            kind="snapshot",
            previous=None,
            size=len(prepared.members),
            entered=len(prepared.members),
            left=0,
            at=prepared.permit.request.at,
            policy=self.house.catalogue.label,
            sha256=digest,
        )

    def _leave(
        self, package: ReleasePackage, prepared: _Prepared, concerned: pa.Array, actor: Actor
    ) -> Released[ReleasePackage]:
        """Make the entry durable, then the ledger of disclosures; only then may the bytes go."""
        entry, disclosure = self.house.recorder.new_entry_id(), package.disclosure
        permit = prepared.permit
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.SEGMENT_RELEASED,
            decision="permit",
            reasons=permit.rules,
            purpose=permit.request.purpose,
            legal_basis=permit.legal_basis,
            recipient=disclosure.recipient,
            segment=disclosure.segment,
            snapshot=disclosure.snapshot,
            fields=("pseudonym", *sorted(prepared.contract.fields)),
            members=len(concerned),
            policy=disclosure.policy,
            query=prepared.snapshot.query_digest,
        )
        with self.house.recorder.bulk_tags(entry) as tags:
            tags.add(to_blocks(self.house.vault.tags(concerned, entry)))
            receipt = self.house.recorder.record(event, at=disclosure.at, entry_id=entry, tags=tags.seal())
        # What it tells counts from here on, also where a crash keeps the bytes back.
        self.house.disclosures.exposures.record(_exposure(disclosure, prepared))
        # Members first: a disclosure without them would be a base from which nobody can leave any more.
        self.house.store.record_release(disclosure.release, prepared.members)
        self.house.disclosures.record(disclosure)
        self.house.recorder.checkpoint()
        return Released(receipt, package)

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


def _exposure(disclosure: Disclosure, prepared: _Prepared) -> Exposure:
    """Return what the recipient learns: a delta has no attributes, but tells who is chosen."""
    whole = disclosure.kind == "snapshot"
    return Exposure(
        release=disclosure.release,
        segment=disclosure.segment,
        recipient=disclosure.recipient,
        legal_entity=prepared.contract.holder,
        purpose=disclosure.purpose,
        beside=frozenset(prepared.contract.fields if whole else ()),
        chosen_by=prepared.chosen_by,
        at=disclosure.at,
    )


def _minimum(contract: RecipientContract, permit: Permit) -> int:
    return max(contract.minimum_size, permit.minimum_size)
