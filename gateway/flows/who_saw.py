"""Who saw my data (Art. 15(1)(c); CJEU C-579/21): every entry that concerns a person, each with its proof.

Two levels of detail. By default the answer says when, for what purpose, in which role and to which recipient; who the
employee was stands behind a random name. Whether the person is told is decided by an officer and put on record, and
that very entry opens the second level.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.accountability import EntryAbout, Receipt, Released
from gateway.flows.house import House
from gateway.foundation.errors import NotFound
from gateway.foundation.identifiers import new_id
from gateway.rights import RequestKind
from gateway.vault import ReidentificationWarrant
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import RequestId, SubjectReference

_SHOWN = (
    "ts",
    "action",
    "decision",
    "reasons",
    "purpose",
    "basis",
    "recipient",
    "source",
    "segment",
    "fields",
    "request",
)


@dataclass(frozen=True, slots=True)
class WhoSawRequest:
    """Whose entries. ``decision`` names the officer's decision on identities; ``with_key`` asks for the audit key."""

    identifier: tuple[str, str]
    decision: RequestId | None = None
    with_key: bool = False


@dataclass(frozen=True, slots=True)
class WhoSawAnswer:
    """The entries, and what was searched, so that anybody with the person's audit key can repeat the search.

    For somebody unknown the same shape with no entry in it. ``identities`` says which level of detail this is.
    """

    request: RequestId
    due: dt.date
    identities: bool
    entries: list[dict[str, Any]]
    searched: list[dict[str, Any]]
    audit_key: str | None  # hex; ``python -m audit scan`` finds the same entries with it


@dataclass(frozen=True)
class WhoSaw:
    """Answer the question, on record as every access is."""

    house: House
    reference_of: Callable[[str], str | None]

    def __call__(self, wanted: WhoSawRequest, actor: Actor) -> Released[WhoSawAnswer]:
        """Return the entries about the person; raises ``NotFound`` for a decision that is not on record."""
        with self.house.writing:
            return self._answer(wanted, actor)

    def _answer(self, wanted: WhoSawRequest, actor: Actor) -> Released[WhoSawAnswer]:
        house, at = self.house, self.house.clock.now()
        subject = house.find(wanted.identifier)
        request = house.requests.open(RequestKind.ACCESS, subject, at=at, country=house.catalogue.controller.country)
        receipt = self._on_record(subject, actor, AuditAction.SUBJECT_ACCESSED, request.id)
        found = house.recorder.about(
            lambda ids: house.vault.tags_of(subject, ids) if subject else b"\0" * 16 * len(ids)
        )
        if wanted.decision is not None and not _decided(found[0], wanted.decision):
            house.requests.complete(request.id, at=house.clock.now())  # with this no; nobody could end it later
            raise NotFound("no decision of that name lets this person be told who looked: an officer makes one")
        identities = wanted.decision is not None
        answer = WhoSawAnswer(
            request=request.id,
            due=request.due,
            identities=identities,
            entries=[self._entry(each, identities=identities) for each in found[0]],
            searched=[
                {"shard": s.shard, "from": s.minimum, "to": s.size, "checkpoint": s.checkpoint} for s in found[1]
            ],
            audit_key=self._key(subject, request.id) if wanted.with_key else None,
        )
        house.requests.complete(request.id, at=house.clock.now())
        return Released(receipt, answer)

    def decide(self, identifier: tuple[str, str], actor: Actor, *, permit: bool, reason: str) -> RequestId:
        """Put on record whether this person is told which employees looked; return the decision's name.

        ``reason`` is a code (``needed_for_rights``, ``protects_employee``), never free text. The answer is the same
        for somebody unknown.
        """
        subject = self.house.find(identifier)
        decision = RequestId(new_id("dec"))
        self._on_record(subject, actor, AuditAction.IDENTITIES_DECIDED, decision, permit=permit, reasons=(reason,))
        return decision

    def _on_record(
        self,
        subject: SubjectReference | None,
        actor: Actor,
        action: AuditAction,
        request: RequestId,
        *,
        permit: bool = True,
        reasons: tuple[str, ...] = (),
    ) -> Receipt:
        house, entry = self.house, self.house.recorder.new_entry_id()
        event = GatewayEvent(
            actor=actor,
            action=action,
            decision="permit" if permit else "deny",
            reasons=reasons,
            fields=("audit_log",),
            members=int(subject is not None),
            policy=house.catalogue.label,
            request=request,
        )
        tags = house.vault.tags_of(subject, [entry]) if subject is not None else None
        return house.recorder.record(event, at=house.clock.now(), entry_id=entry, tags=tags)

    def _entry(self, about: EntryAbout, *, identities: bool) -> dict[str, Any]:
        """Return an entry for its person: what it says, and all that proves it to a stranger."""
        actor = about.entry["actor"]
        who = {"type": actor["type"], "role": actor["role"]}
        if identities:
            who["reference"] = self.reference_of(actor["ref"]) or actor["ref"]
        shown = {name: about.entry[name] for name in _SHOWN if about.entry.get(name)}
        return shown | {
            "actor": who,
            "shard": about.shard,
            "index": about.index,
            "entry": base64.b64encode(about.leaf).decode(),
            "proof": about.proof_file,
            "tag": about.tag.hex(),
            "tag_proof": self._tag_proof(about),
        }

    def _tag_proof(self, about: EntryAbout) -> dict[str, Any] | None:
        """Return how the tag leads to the root that a bulk entry names; None where the tag stands in the entry."""
        if about.tag_index is None:
            return None
        hashes = [step.hex() for step in self.house.recorder.tag_proof(about)]
        return {"index": about.tag_index, "of": about.entry["members"], "hashes": hashes}

    def _key(self, subject: SubjectReference | None, request: RequestId) -> str | None:
        if subject is None:
            return None
        warrant = ReidentificationWarrant(reason="audit key for its owner, Art. 15", request=request)
        return self.house.vault.audit_key(subject, warrant).hex()


def _decided(found: list[EntryAbout], decision: RequestId) -> bool:
    """Whether an officer's yes of that name stands among the entries about this very person, and no later no."""
    told = False
    for about in found:
        if about.entry["action"] == AuditAction.IDENTITIES_DECIDED:
            permit = about.entry["decision"] == "permit"
            told = permit and (told or about.entry.get("request") == decision)
    return told
