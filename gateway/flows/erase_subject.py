"""A person asks to be erased (Art. 17): frozen at once, rows and keys gone, recipients told, and a certificate.

Each step is idempotent, so that an erasure that a crash interrupted is taken up again by ``recover``.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from gateway.flows.house import House
from gateway.foundation.arrays import BLOCK
from gateway.rights import CertificateFacts, RequestKind, certificate_text, erasure_plan
from gateway.vault import normalised
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import RequestId, ScopeId, SubjectReference

FAR = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class ErasureAnswer:
    """What was done. ``certificate`` is a signed note; ``nonce`` is the person's alone and is kept nowhere."""

    request: RequestId | None
    found: bool
    plan: dict[str, Any]
    rows: int
    certificate: str | None
    nonce: str | None
    found_after: bool


@dataclass(frozen=True)
class EraseSubject:
    """Erase one person everywhere, and show it."""

    house: House

    def __call__(
        self, identifier: tuple[str, str], actor: Actor, *, suppress: bool = True, dry_run: bool = False
    ) -> ErasureAnswer:
        """Erase the person whom ``identifier`` (type, value) names; with ``dry_run`` only say what would go."""
        house = self.house
        with house.writing:
            subject = house.vault.find(*identifier)
            plan = self._plan(subject)
            if dry_run:
                return ErasureAnswer(None, subject is not None, plan, 0, None, None, found_after=subject is not None)
            at = house.clock.now()
            request = house.requests.open(
                RequestKind.ERASURE, subject, at=at, country=house.catalogue.controller.country
            )
            self._intend(request.id, actor, at)
            if subject is None:
                house.requests.complete(request.id, at=at)
                return ErasureAnswer(request.id, False, plan, 0, None, None, found_after=False)
            facts = self._erase(subject, suppress=suppress, at=at)
            found_after = house.vault.find(*identifier) is not None
            nonce = secrets.token_bytes(32)
            certificate = self._certify(identifier, request.id, facts, nonce, at, found_after=found_after)
            house.requests.complete(request.id, at=house.clock.now())
            return ErasureAnswer(
                request.id, True, plan, facts["rows"], certificate, nonce.hex(), found_after=found_after
            )

    def _plan(self, subject: SubjectReference | None) -> dict[str, Any]:
        if subject is None:
            return erasure_plan(None, recipients=(), catalogue=self.house.catalogue)
        counts = self.house.store.count_rows(subject)
        recipients = [self.house.disclosures.get(r) for r in self.house.store.subject_releases(subject)]
        names = sorted({release.recipient for release in recipients if release is not None})
        return erasure_plan(counts, recipients=tuple(names), catalogue=self.house.catalogue)

    def _intend(self, request: RequestId, actor: Actor, at: dt.datetime) -> None:
        """The intent is on record first; the entry carries no tag, so that it points at nobody afterwards."""
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.SUBJECT_ERASED,
            decision="permit",
            reasons=("intent",),
            policy=self.house.catalogue.label,
            request=request,
        )
        self.house.recorder.record(event, at=at)

    def _erase(self, subject: SubjectReference, *, suppress: bool, at: dt.datetime) -> dict[str, Any]:
        house = self.house
        ref = pa.array([subject], BLOCK)
        self._freeze(ref)
        recipients = self._tell_recipients(subject, at)
        erased = house.store.erase(ref)
        house.store.compact()
        consents = house.ledger.erase(subject)
        receipt = house.vault.shred(subject, suppress=suppress, at=at)
        return {
            "rows": erased.total + consents,
            "erased": erased,
            "consents": consents,
            "recipients": recipients,
            "receipt": receipt,
        }

    def _freeze(self, ref: pa.Array) -> None:
        """Out of every query from this instant on, whatever happens to the steps that follow."""
        permissions = pa.table(
            {
                "subject": ref,
                "permits": pa.array(np.zeros(1, np.uint64)),
                "permits_until": pa.array([FAR], pa.timestamp("us", "UTC")),
                "of_age_from": pa.nulls(1, pa.date32()),
            }
        )
        self.house.store.set_permissions(permissions)

    def _tell_recipients(self, subject: SubjectReference, at: dt.datetime) -> tuple[str, ...]:
        """Leave a tombstone for the next delta of each scope that knows the person (Art. 19)."""
        house = self.house
        releases = [house.disclosures.get(release) for release in house.store.subject_releases(subject)]
        known = {(r.scope, r.segment): r.recipient for r in releases if r is not None}
        for scope, segment in known:
            pseudonyms = house.vault.pseudonyms(ScopeId(scope), pa.array([subject], BLOCK))
            house.disclosures.add_tombstones(ScopeId(scope), segment, pseudonyms, at=at)
        return tuple(sorted(set(known.values())))

    def _certify(
        self,
        identifier: tuple[str, str],
        request: RequestId,
        facts: dict[str, Any],
        nonce: bytes,
        at: dt.datetime,
        *,
        found_after: bool,
    ) -> str:
        house = self.house
        done = house.clock.now()
        event = GatewayEvent(
            actor=Actor("system", "erasure"),
            action=AuditAction.SUBJECT_ERASED,
            decision="permit",
            reasons=("done",),
            rows=facts["rows"],
            policy=house.catalogue.label,
            request=request,
        )
        house.recorder.record(event, at=done)
        size, root = house.recorder.published()
        body = certificate_text(
            CertificateFacts(
                request=request,
                controller=house.catalogue.controller.name,
                received_at=at,
                executed_at=done,
                erased=facts["erased"],
                consents=facts["consents"],
                receipt=facts["receipt"],
                recipients=facts["recipients"],
                probes={"lookup_by_identifier": "found" if found_after else "none"},
                log=(size, root),
            ),
            identifier=normalised(*identifier),
            nonce=nonce,
        )
        return house.recorder.sign(body)
