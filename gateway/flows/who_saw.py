"""Who saw my data (Art. 15(1)(c); CJEU C-579/21): every entry that concerns a person, each with its proof.

Two levels of detail. By default the answer says when, for what purpose, in which role and to which recipient; who the
employee was stands behind a random name. Whether the person is told is decided by an officer and put on record, and
that very entry opens the second level.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gateway.accountability import EntryAbout, Receipt, Released
from gateway.accountability.access import Searched
from gateway.flows.house import House
from gateway.foundation.errors import NotFound
from gateway.foundation.identifiers import new_id
from gateway.rights import RequestKind
from gateway.rights.requests import SubjectRequest
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
        name = house.requests.new_id()
        # Looked up before the entry, so that this says whether it was permitted; no decision is made meanwhile.
        permit = wanted.decision is None or _decided(self._about(subject)[0], wanted.decision)
        event = GatewayEvent(actor, AuditAction.SUBJECT_ACCESSED, "permit", fields=_asked(wanted), request=name)
        if not permit:
            event = replace(event, decision="deny", reasons=("no_such_decision",))
        receipt = self._on_record(subject, event)
        if not permit:
            self._register(name, subject, at)  # it ends with this no
            raise NotFound("no decision of that name lets this person be told who looked: an officer makes one")
        identities, found = wanted.decision is not None, self._about(subject)
        entries = [self._entry(each, identities=identities) for each in found[0]]
        searched = [{"shard": s.shard, "from": s.minimum, "to": s.size, "checkpoint": s.checkpoint} for s in found[1]]
        key = self._key(subject, name) if wanted.with_key else None
        due = self._register(name, subject, at).due
        return Released(receipt, WhoSawAnswer(name, due, identities, entries, searched, key))

    def _about(self, subject: SubjectReference | None) -> tuple[list[EntryAbout], list[Searched]]:
        """Try every entry of the log, for somebody unknown too."""
        tags_of = self.house.vault.tags_of
        return self.house.recorder.about(lambda ids: tags_of(subject, ids) if subject else b"\0" * 16 * len(ids))

    def _register(self, name: RequestId, subject: SubjectReference | None, at: dt.datetime) -> SubjectRequest:
        """Register the request with its answer: one that failed on the way is asked again; nobody could end it."""
        house = self.house
        country, answered = house.catalogue.controller.country, house.clock.now()
        return house.requests.open(name, RequestKind.ACCESS, subject, at=at, country=country, answered=answered)

    def decide(self, identifier: tuple[str, str], actor: Actor, *, permit: bool, reason: str) -> RequestId:
        """Put on record whether this person is told which employees looked; return the decision's name.

        ``reason`` is a code (``needed_for_rights``, ``protects_employee``), never free text. The answer is the same
        for somebody unknown.
        """
        with self.house.writing:  # none comes between an answer's look at the decisions and its entry
            subject = self.house.find(identifier)
            decision = RequestId(new_id("dec"))
            event = GatewayEvent(
                actor,
                AuditAction.IDENTITIES_DECIDED,
                "permit" if permit else "deny",
                reasons=(reason,),
                fields=("audit_log",),
                request=decision,
            )
            self._on_record(subject, event)
            return decision

    def _on_record(self, subject: SubjectReference | None, event: GatewayEvent) -> Receipt:
        house, entry = self.house, self.house.recorder.new_entry_id()
        about = replace(event, members=int(subject is not None), policy=house.catalogue.label)
        tags = house.vault.tags_of(subject, [entry]) if subject is not None else None
        return house.recorder.record(about, at=house.clock.now(), entry_id=entry, tags=tags)

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


def _asked(wanted: WhoSawRequest) -> tuple[str, ...]:
    """Name what is asked for beside the entries: who looked, and the key that finds them again."""
    identities = ("identities",) if wanted.decision is not None else ()
    return ("audit_log", *identities, *(("audit_key",) if wanted.with_key else ()))


def _decided(found: list[EntryAbout], decision: RequestId) -> bool:
    """Whether an officer's yes of that name stands among the entries about this very person, and no later no."""
    told = False
    for about in found:
        if about.entry["action"] == AuditAction.IDENTITIES_DECIDED:
            permit = about.entry["decision"] == "permit"
            told = permit and (told or about.entry.get("request") == decision)
    return told
