"""A recipient reads a release page by page; whoever withdrew or was erased since is left out of what follows."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gateway.flows.house import House
from gateway.foundation.arrays import to_blocks
from gateway.foundation.errors import NotFound, NotPermitted
from gateway.policy import decide
from gateway.release import Disclosure
from gateway.vault import pseudonym_text
from gateway.vocabulary.decisions import Action, Deny, Permit, ProcessingRequest
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import RecipientId, ReleaseId, SegmentId


@dataclass(frozen=True, slots=True)
class MembersPage:
    """Pseudonyms after the cursor, in order; ``after`` is the next cursor's place, ``None`` on the last page."""

    disclosure: Disclosure
    pseudonyms: list[str]
    after: str | None


@dataclass(frozen=True)
class ReadMembers:
    """Read what has been released, under the Permit of this moment."""

    house: House

    def page(self, release: ReleaseId, recipient: RecipientId, actor: Actor, *, after: str, limit: int) -> MembersPage:
        """Return the page of ``limit`` pseudonyms that follows ``after`` ('' for the first)."""
        disclosure = self.house.disclosures.get(release)
        if disclosure is None or disclosure.recipient != recipient:
            raise NotFound("no such release: ask for the segment's members without a cursor")
        permit = self._permit(disclosure)
        released = self.house.store.release_members(release)
        allowed = self.house.store.permitted(released, permit, permit.request.at)
        page = self._slice(disclosure, allowed, after, limit)
        entry = self.house.recorder.new_entry_id()
        refs = page.column("subject").combine_chunks()
        with self.house.recorder.bulk_tags(entry) as tags:
            tags.add(to_blocks(self.house.vault.tags(refs, entry)))
            self.house.recorder.record(
                self._event(disclosure, actor, permit, len(refs)), at=permit.request.at, entry_id=entry, tags=tags.seal()
            )
        texts = page.column("pseudonym").to_pylist()
        return MembersPage(disclosure, texts, texts[-1] if len(texts) == limit else None)

    def latest(self, segment: SegmentId, recipient: RecipientId) -> Disclosure | None:
        """Return the recipient's newest release of a segment, of whichever scope."""
        return self.house.disclosures.latest(segment, recipient, None)

    def _slice(self, disclosure: Disclosure, refs: pa.Array, after: str, limit: int) -> pa.Table:
        texts = pseudonym_text(self.house.vault.pseudonyms(disclosure.scope, refs))
        table = pa.table({"subject": refs, "pseudonym": texts})
        following = table.filter(pc.greater(table.column("pseudonym"), after))
        return following.sort_by("pseudonym").slice(0, limit)

    def _permit(self, disclosure: Disclosure) -> Permit:
        contract = self.house.catalogue.recipients.get(disclosure.recipient)
        request = ProcessingRequest(
            Action.RELEASE,
            disclosure.purpose,
            self.house.clock.now(),
            fields=frozenset(contract.fields if contract else ()),
            recipient=disclosure.recipient,
        )
        match decide(request, self.house.pack):
            case Permit() as permit:
                return permit
            case Deny() as denial:
                reasons = tuple(str(reason) for reason in denial.reasons)
                raise NotPermitted(f"the release is refused now: {' | '.join(reasons)}", reasons=reasons)

    def _event(self, disclosure: Disclosure, actor: Actor, permit: Permit, members: int) -> GatewayEvent:
        return GatewayEvent(
            actor=actor,
            action=AuditAction.RELEASE_READ,
            decision="permit",
            reasons=permit.rules,
            purpose=disclosure.purpose,
            legal_basis=permit.legal_basis,
            recipient=disclosure.recipient,
            segment=disclosure.segment,
            snapshot=disclosure.snapshot,
            fields=("pseudonym",),
            members=members,
            policy=self.house.catalogue.label,
        )
