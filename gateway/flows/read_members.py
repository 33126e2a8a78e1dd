"""A recipient reads a release page by page; whoever withdrew or was erased since is left out of what follows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gateway.accountability import Released
from gateway.flows.end_scopes import EndScopes
from gateway.flows.house import House
from gateway.flows.received import AskForRelease, Chosen
from gateway.foundation.arrays import to_blocks
from gateway.foundation.errors import GatewayError, NotFound, NotPermitted
from gateway.release import Disclosure, SegmentTooSmall
from gateway.release.entries import Exposure
from gateway.vault import pseudonym_text
from gateway.vocabulary.contracts import RecipientContract
from gateway.vocabulary.decisions import Permit
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import FieldId, RecipientId, ReleaseId, SegmentId


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Who wants which page: ``limit`` members after the pseudonym ``after`` ('' for the first page)."""

    release: ReleaseId
    segment: SegmentId
    recipient: RecipientId
    after: str
    limit: int


@dataclass(frozen=True, slots=True)
class MembersPage:
    """Members after the cursor, in order of their pseudonyms, each with the agreed attributes.

    ``after`` is the next cursor's place, ``None`` on the last page.
    """

    disclosure: Disclosure
    members: list[dict[str, Any]]
    after: str | None


@dataclass(frozen=True)
class ReadMembers:
    """Read what has been released, under the Permit of this moment."""

    house: House

    def page(self, request: PageRequest, actor: Actor) -> Released[MembersPage]:
        """Return a page; its entry is durable before. Raises ``NotFound``, ``NotPermitted``, ``SegmentTooSmall``."""
        try:
            return self._page(request, actor)
        except GatewayError as error:
            self._refused(request, actor, error)
            raise

    def _page(self, request: PageRequest, actor: Actor) -> Released[MembersPage]:
        disclosure = self.house.disclosures.get(request.release)
        if disclosure is None or (disclosure.recipient, disclosure.segment) != (request.recipient, request.segment):
            raise NotFound("no such release: ask for the segment's members without a cursor")
        if self.house.disclosures.exposures.is_deleted(disclosure.release):
            raise NotFound("this release is confirmed as deleted: ask for the segment's members without a cursor")
        if EndScopes(self.house).is_over(disclosure):
            raise NotFound("the scope of this release has ended: ask for the segment's members without a cursor")
        contract, permits = self._permits(disclosure)
        permit, allowed = permits[-1], self.house.store.release_members(request.release)
        for each in permits:
            allowed = self.house.store.permitted(allowed, each, each.request.at)
        if len(allowed) < max(contract.minimum_size, permit.minimum_size):
            raise SegmentTooSmall  # so many left since the first page that the rest may not go
        page, more = self._slice(disclosure, allowed, request)
        on_record = self._on_record(disclosure, contract, permit, page, actor)
        return on_record.map(lambda page: MembersPage(disclosure, self._rows(page, contract, permit), more))

    def _slice(self, disclosure: Disclosure, refs: pa.Array, request: PageRequest) -> tuple[pa.Table, str | None]:
        texts = pseudonym_text(self.house.vault.pseudonyms(disclosure.scope, refs))
        table = pa.table({"subject": refs, "pseudonym": texts})
        following = table.filter(pc.greater(table.column("pseudonym"), request.after)).sort_by("pseudonym")
        page = following.slice(0, request.limit)
        more = following.num_rows > request.limit
        return page, page.column("pseudonym")[-1].as_py() if more else None

    def _rows(self, page: pa.Table, contract: RecipientContract, permit: Permit) -> list[dict[str, Any]]:
        """Put the agreed attributes, usually none, beside the pseudonyms."""
        rows = page.select(["pseudonym"])
        if contract.fields:
            subjects = page.column("subject").combine_chunks()
            extra = self.house.store.attributes(subjects, permit, permit.request.at)
            for name in extra.column_names:
                rows = rows.append_column(name, extra.column(name))
        found: list[dict[str, Any]] = rows.to_pylist()
        return found

    def _permits(self, disclosure: Disclosure) -> tuple[RecipientContract, tuple[Permit, ...]]:
        """Ask policy again; what a contract has come to agree on since the release is received with the page."""
        contract = self.house.catalogue.recipients.get(disclosure.recipient)
        if contract is None:
            raise NotPermitted("no contract with this recipient", reasons=("unknown_recipient",))
        permits, more = self._asked(disclosure, contract)
        if more:
            with self.house.writing:  # no release may come between the question and the record
                permits, more = self._asked(disclosure, contract)
                self.house.disclosures.exposures.record(_exposure(disclosure, contract, more, permits[-1].request.at))
        return contract, permits

    def _asked(
        self, disclosure: Disclosure, contract: RecipientContract
    ) -> tuple[tuple[Permit, ...], frozenset[FieldId]]:
        """Return the Permits, and the agreed fields that the recipient does not have by this release yet.

        Members are chosen anew with each page: by a Permit for the fields that once chose them, then one to release.
        """
        asking = AskForRelease(self.house)
        told = [held for held in asking.held(contract) if held.release == disclosure.release]
        chosen = Chosen(disclosure.purpose, frozenset[FieldId]().union(*(held.chosen_by for held in told)))
        permits = (asking.to_choose(chosen), asking.permit(chosen, contract))
        return permits, frozenset(contract.fields).difference(*(held.beside for held in told))

    def _on_record(
        self, disclosure: Disclosure, contract: RecipientContract, permit: Permit, page: pa.Table, actor: Actor
    ) -> Released[pa.Table]:
        """Begin the entry, and return the page of those whom it names, to be opened when it is durable."""
        entry = self.house.recorder.new_entry_id()
        made = self.house.vault.tags(page.column("subject").combine_chunks(), entry)
        page = page.filter(made.is_valid())  # no tag: erased in this instant
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.RELEASE_READ,
            decision="permit",
            reasons=permit.rules,
            purpose=disclosure.purpose,
            legal_basis=permit.legal_basis,
            recipient=disclosure.recipient,
            segment=disclosure.segment,
            snapshot=disclosure.snapshot,
            fields=("pseudonym", *sorted(contract.fields)),
            members=page.num_rows,
            policy=self.house.catalogue.label,
        )
        with self.house.recorder.bulk_tags(entry) as tags:
            tags.add(to_blocks(made.drop_null()))
            on_its_way = self.house.recorder.begin(event, at=self.house.clock.now(), entry_id=entry, tags=tags.seal())
        return Released(on_its_way, page)

    def _refused(self, request: PageRequest, actor: Actor, error: GatewayError) -> None:
        known = {str(each) for each in self.house.pack.catalogue.recipients}
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.RELEASE_READ,
            decision="deny",
            reasons=(error.slug,),
            recipient=request.recipient if request.recipient in known else None,
            policy=self.house.catalogue.label,
        )
        self.house.recorder.record(event, at=self.house.clock.now())


def _exposure(
    disclosure: Disclosure, contract: RecipientContract, beside: frozenset[FieldId], at: dt.datetime
) -> Exposure:
    return Exposure(
        release=disclosure.release,
        segment=disclosure.segment,
        recipient=disclosure.recipient,
        legal_entity=contract.holder,
        purpose=disclosure.purpose,
        beside=beside,
        chosen_by=frozenset(),  # on record since the release
        at=at,
    )
