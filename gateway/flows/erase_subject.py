"""A person asks to be erased (Art. 17): frozen at once, rows and keys gone, recipients told, and a certificate.

Each step is idempotent, so that an erasure that a crash interrupted is taken up again by ``recover``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from gateway.accountability import Receipt, Released
from gateway.flows.house import House
from gateway.flows.set_aside import FAR, clear_set_aside
from gateway.foundation.arrays import BLOCK
from gateway.foundation.errors import Unavailable
from gateway.foundation.files import write_durably
from gateway.rights import CertificateFacts, RequestKind, certificate_text, erasure_plan
from gateway.rights.certificates import NONCE_BYTES, RecipientNotice, concerns
from gateway.rights.erasure import DataClass
from gateway.rights.requests import SubjectRequest
from gateway.store import ErasedRows
from gateway.vault.errors import ScopeUnknown
from gateway.vault.normalise import normalised
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, Role
from gateway.vocabulary.names import RequestId, ScopeId, SubjectReference

SYSTEM = Actor("system", "erasure", Role.SYSTEM)
NOBODY = "nobody"  # a commitment for a certificate that a crash parted from the identifier that was asked with


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


@dataclass(frozen=True, slots=True)
class _Erased:
    classes: tuple[DataClass, ...]
    recipients: tuple[RecipientNotice, ...]
    suppressed: bool
    key_epoch: int
    probes: dict[str, str]

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.classes)


@dataclass(frozen=True)
class EraseSubject:
    """Erase one person everywhere, and show it."""

    house: House

    def __call__(
        self, identifier: tuple[str, str], actor: Actor, *, suppress: bool = True, dry_run: bool = False
    ) -> Released[ErasureAnswer]:
        """Erase the person whom ``identifier`` (type, value) names; with ``dry_run`` only say what would go."""
        house = self.house
        with house.writing:
            subject = house.find(identifier)
            plan = self._plan(subject, suppress=suppress)
            found = subject is not None
            if dry_run:
                answer = ErasureAnswer(None, found, plan, 0, None, None, found_after=found)
                return Released(self._look(subject, actor), answer)
            at, country, name = house.clock.now(), house.catalogue.controller.country, house.requests.new_id()
            # Before the request: what stands in the register is carried out at the next start, whatever came between.
            intended = self._intend(name, actor)
            answered = at if subject is None else None
            request = house.requests.open(name, RequestKind.ERASURE, subject, at=at, country=country, answered=answered)
            if subject is None:
                return Released(intended, ErasureAnswer(request.id, found, plan, 0, None, None, found_after=False))
            erased = self._erase(subject, request.id, suppress=suppress, at=at)
            still = house.find(identifier) is not None
            erased = replace(erased, probes=erased.probes | {"lookup_by_identifier": "found" if still else "none"})
            nonce = secrets.token_bytes(NONCE_BYTES)
            certified = self._certify(normalised(*identifier, country), request, erased, nonce)
            self._finish(request.id, subject)
            return certified.map(
                lambda note: ErasureAnswer(request.id, found, plan, erased.rows, note, nonce.hex(), found_after=still)
            )

    def resume(self, request: SubjectRequest) -> None:
        """Finish an erasure that a crash interrupted; its certificate waits in the home folder for the subject desk.

        That it is taken up again is on record first, by whom: the system. A request without a subject was certified
        before the crash.
        """
        if request.subject is None:
            self.house.requests.complete(request.id, at=self.house.clock.now())
            return
        self._intend(request.id, SYSTEM, "resumed")
        erased = self._erase(request.subject, request.id, suppress=True, at=self.house.clock.now())
        self._certify(NOBODY, request, erased, secrets.token_bytes(NONCE_BYTES))
        self._finish(request.id, request.subject)

    def _finish(self, request: RequestId, subject: SubjectReference) -> None:
        """The request stays as evidence; whom it was about goes (Art. 17(3)(e))."""
        self.house.requests.forget(subject)
        self.house.requests.complete(request, at=self.house.clock.now())
        with contextlib.suppress(Unavailable):  # a reader is in the way: the log is cut when the last one closes
            self.house.rest()

    def _plan(self, subject: SubjectReference | None, *, suppress: bool) -> dict[str, Any]:
        if subject is None:
            return erasure_plan((), recipients=(), suppression=suppress)
        house = self.house
        recipients = [house.disclosures.get(release) for release in house.store.subject_releases(subject)]
        names = [release.recipient for release in recipients if release is not None]
        consents = len(house.ledger.history(subject))
        classes = (*_stored(house.store.count_rows(subject)), _consents(consents), *_vault(1, 1))
        return erasure_plan(classes, recipients=names, suppression=suppress)

    def _look(self, subject: SubjectReference | None, actor: Actor) -> Receipt:
        """A plan tells what is held about somebody: that look is on record like any other."""
        entry = self.house.recorder.new_entry_id()
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.SUBJECT_ACCESSED,
            decision="permit",
            fields=("erasure_plan",),
            members=int(subject is not None),
            policy=self.house.catalogue.label,
        )
        tags = self.house.vault.tags_of(subject, [entry]) if subject is not None else None
        return self.house.recorder.record(event, at=self.house.clock.now(), entry_id=entry, tags=tags)

    def _intend(self, request: RequestId, actor: Actor, *more: str) -> Receipt:
        """The intent is on record first; the entry carries no tag, so that it points at nobody afterwards."""
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.SUBJECT_ERASED,
            decision="permit",
            reasons=("intent", *more),
            policy=self.house.catalogue.label,
            request=request,
        )
        return self.house.recorder.record(event, at=self.house.clock.now())

    def _erase(self, subject: SubjectReference, request: RequestId, *, suppress: bool, at: dt.datetime) -> _Erased:
        house = self.house
        ref = pa.array([subject], BLOCK)
        self._freeze(ref)
        notices, pseudonyms = self._tell_recipients(subject, at)
        rows = house.store.erase(ref)
        house.store.compact()
        consents = house.ledger.erase(subject)
        set_aside = 0
        if house.vault.exists(subject):  # false where a crash came between the shredding and the end of the request
            set_aside = clear_set_aside(house, subject, request)
            receipt = house.vault.shred(subject, suppress=suppress, at=at)
            removed = _vault(receipt.identifiers_removed, receipt.names_released)
            epoch, suppressed = receipt.key_epoch, receipt.suppressed > 0
        else:
            removed, epoch, suppressed = _vault(0, 0), 0, suppress
        classes = (*_stored(rows), _consents(consents), DataClass("quarantine", "rows", set_aside), *removed)
        return _Erased(classes, notices, suppressed, epoch, self._probes(subject, pseudonyms))

    def _freeze(self, ref: pa.Array) -> None:
        """Out of every query from this instant on, whatever happens to the steps that follow."""
        permissions = pa.table(
            {
                "subject": ref,
                "permits": pa.array(np.zeros(1, np.uint64)),
                "permits_until": pa.array([FAR], pa.timestamp("us", "UTC")),
                "of_age_from": pa.nulls(1, pa.date32()),
                "age_reached": pa.nulls(1, pa.int64()),
            }
        )
        self.house.store.set_permissions(permissions)

    def _tell_recipients(
        self, subject: SubjectReference, at: dt.datetime
    ) -> tuple[tuple[RecipientNotice, ...], dict[ScopeId, pa.Array]]:
        """Leave a tombstone for the next delta of each list that knows the person (Art. 19)."""
        house = self.house
        releases = [house.disclosures.get(release) for release in house.store.subject_releases(subject)]
        lists = {(r.recipient, r.scope, r.segment) for r in releases if r is not None}
        pseudonyms = self._pseudonyms(subject, {scope for _, scope, _ in lists})
        for _, scope, segment in sorted(lists):
            if scope in pseudonyms:
                house.disclosures.add_tombstones(scope, segment, pseudonyms[scope], at=at)
        notices = [
            RecipientNotice(name, tuple(sorted({s for r, s, _ in lists if r == name})), at)
            for name in sorted({recipient for recipient, _, _ in lists})
        ]
        return tuple(notices), pseudonyms

    def _pseudonyms(self, subject: SubjectReference, scopes: set[ScopeId]) -> dict[ScopeId, pa.Array]:
        """The person's pseudonym in each scope that still has a key."""
        found: dict[ScopeId, pa.Array] = {}
        for scope in scopes:
            with contextlib.suppress(ScopeUnknown):
                found[scope] = self.house.vault.pseudonyms(scope, pa.array([subject], BLOCK))
        return found

    def _probes(self, subject: SubjectReference, pseudonyms: dict[ScopeId, pa.Array]) -> dict[str, str]:
        """Look for what must be gone, and say how it came out."""
        house = self.house
        resolved = [house.vault.references(scope, block).null_count == 0 for scope, block in pseudonyms.items()]
        return {
            "subject_key": "found" if house.vault.exists(subject) else "none",
            "stored_rows": str(house.store.count_rows(subject).total),
            "consent_events": str(len(house.ledger.history(subject))),
            "old_pseudonyms_resolvable": str(sum(resolved)),
        }

    def _certify(self, identifier: str, request: SubjectRequest, erased: _Erased, nonce: bytes) -> Released[str]:
        house, done = self.house, self.house.clock.now()
        event = GatewayEvent(
            actor=SYSTEM,
            action=AuditAction.SUBJECT_ERASED,
            decision="permit",
            reasons=("done",),
            rows=erased.rows,
            policy=house.catalogue.label,
            request=request.id,
        )
        receipt = house.recorder.record(event, at=done)
        size, root = house.recorder.checkpoint().split("\n", 3)[1:3]
        facts = CertificateFacts(
            request=request.id,
            controller=house.catalogue.controller.name,
            received_at=request.received_at,
            executed_at=done,
            classes=erased.classes,
            key_destroyed_at=done,
            recipients=erased.recipients,
            probes=erased.probes,
            log_size=int(size),
            log_root=root,
            suppression=erased.suppressed,
            irrecoverable_after=None,  # the end of backups of the key store is the operator's to state
            key_reference=f"kek-epoch-{erased.key_epoch}",
        )
        certificate = house.recorder.sign(certificate_text(facts, identifier=identifier, nonce=nonce) + "\n")
        folder = house.home / "certificates"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_durably(folder / f"{request.id}.note", certificate.encode())  # it names nobody
        return Released(receipt, certificate)


def certificate_concerns(body: Mapping[str, Any], identifier: tuple[str, str], nonce: bytes, region: str) -> bool:
    """Whether a certificate is about the person with this identifier (type, value) and nonce.

    ``region`` is the controller's country, in which a phone without a country code is read.
    """
    return concerns(body, identifier=normalised(*identifier, region), nonce=nonce)


def written_as_hashed(kind: str, value: str, region: str | None = None) -> str:
    """The one form of an identifier that the vault hashes: what to look for when nothing of it may be left."""
    return normalised(kind, value, region)


def _stored(rows: ErasedRows) -> tuple[DataClass, ...]:
    counts = {"profile": rows.profiles, "events": rows.events, "memberships": rows.snapshots, "releases": rows.releases}
    return tuple(DataClass("store", name, count) for name, count in counts.items())


def _vault(identifiers: int, names: int) -> tuple[DataClass, ...]:
    """The person's identifiers, and the counts of the names that they bear."""
    return DataClass("vault", "identifiers", identifiers), DataClass("vault", "known_names", names)


def _consents(count: int) -> DataClass:
    return DataClass("consent", "consents", count)
