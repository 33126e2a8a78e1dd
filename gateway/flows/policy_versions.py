"""The life of a version of the policy: drafted, simulated, approved by a second person, in force, superseded."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.flows.four_eyes import FourEyes, Heard, Officer, ProposalShown, check_decided
from gateway.flows.going_back import GoingBack
from gateway.flows.house import House
from gateway.flows.policy_in_force import load_version
from gateway.flows.policy_pack import load_draft
from gateway.flows.received import check_holders_kept
from gateway.flows.take_policy import TakePolicy
from gateway.foundation.errors import Conflict, IntegrityFailure, InvalidInput
from gateway.policy import Pack, check
from gateway.versions import PolicyVersion, Step, Taken, Versions, VersionState, read_folder
from gateway.versions.registry import RESTORE
from gateway.versions.steps import schedule, state_of
from gateway.vocabulary.decisions import END_OF_TIME
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import RequestId
from gateway.vocabulary.purposes import Purpose

__all__ = ["Officer", "PolicyVersions", "Step", "VersionShown", "VersionState", "begin_registry"]

OPERATOR = Actor("operator", "cli")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ACTIONS = {step: AuditAction(f"policy.{step.value}") for step in Step}


@dataclass(frozen=True, slots=True)
class VersionShown:
    """A version as it is told: what it is, where it stands, and what was decided about it."""

    version: PolicyVersion
    state: VersionState
    starts: dt.datetime | None  # when it last came, or comes next, into force
    steps: tuple[Taken, ...]
    proposal: ProposalShown | None = None  # to go back to it: what waits for a second person


@dataclass(frozen=True)
class PolicyVersions:
    """Submit drafts; take the steps that put one in force; say which is."""

    house: House
    four_eyes: FourEyes

    def list(self) -> tuple[VersionShown, ...]:
        """Return every version, in the order in which they were drafted."""
        return tuple(map(self._shown, self.house.versions.all()))

    def get(self, version: str) -> VersionShown:
        """Return a version by its number; raises ``NotFound``."""
        return self._shown(self.house.versions.get(version))

    def files(self, version: str) -> dict[str, str]:
        """Return the texts of a version by path; raises ``NotFound``."""
        return self.house.versions.files(version)

    def pack(self, version: str) -> Pack:
        """Return a version as a pack; raises ``NotFound``, ``IntegrityFailure`` for other texts than were drafted."""
        return load_version(self.house.versions, version)

    def draft(
        self, files: Mapping[str, str], officer: Officer, *, note: str | None = None, dry_run: bool = False
    ) -> VersionShown:
        """Submit the texts of a pack as a draft; the same texts again are the draft that is there.

        Raises ``InvalidInput`` naming file, line and remedy, or the case that fails; ``Conflict`` for a number that is
        taken, for a purpose on another's bit, for a column of another type. What is in force stays in force.
        """
        check_decided(officer, note)
        pack = load_draft(files)
        _check_cases(pack)
        with self.house.writing:
            draft = version_of(pack, officer, self._now(), note)
            known = {version.label for version in self.house.versions.all()}
            if draft.label not in known:
                self._fits(pack)
                self.house.versions.check(draft, files)
                if not dry_run:
                    self._on_record(AuditAction.POLICY_DRAFTED, officer, draft)
                    self.house.versions.submit(draft, files)
            return self.get(draft.version) if not dry_run or draft.label in known else self._shown(draft)

    def record_simulation(self, version: str, report_digest: str, officer: Officer) -> VersionShown:
        """Say that a draft's effect was worked out; ``report_digest`` is the sha256 (hex) of the report."""
        if not _DIGEST.fullmatch(report_digest):
            raise InvalidInput("the digest of a report is a sha256 in hex", reasons=("unfit_digest",))
        return self._step(version, Step.SIMULATED, officer, report=report_digest)

    def approve(self, version: str, officer: Officer, *, note: str | None = None) -> VersionShown:
        """Approve a simulated draft; with ``four_eyes`` somebody else than who drafted it."""
        return self._step(version, Step.APPROVED, officer, note=note)

    def activate(
        self, version: str, officer: Officer, *, at: dt.datetime | None = None, note: str | None = None
    ) -> VersionShown:
        """Put an approved version in force from an instant (now where none is given), not before it is effective."""
        found = self.house.versions.get(version)
        with self.house.writing:
            now = self._now()
            starts = max(at or now, found.effective_from)
            if starts >= END_OF_TIME:
                raise InvalidInput("the instant lies too far in the future: name one before the year 9000")
            taken = Taken(version, Step.ACTIVATED, officer.name, officer.actor.ref, now, starts, note=note)
            self._check(taken, officer)
            pack = self.pack(version)
            self._fits(pack)
            check_holders_kept(self.house, pack.catalogue)
            self.house.store.prepare(pack.catalogue)
            return self._take(taken, officer)

    def roll_back(self, version: str, officer: Officer, *, reason: str) -> VersionShown:
        """Put a version that was in force before in force again at once; what was still to come is called off.

        It was approved before: where it allows no more than what is in force, nobody approves it again. Where it allows
        more, another person gives the same command before it takes effect (``proposal`` of what is returned).
        """
        with self.house.writing:
            now, going = self._now(), self._going_back
            taken = Taken(version, Step.ROLLED_BACK, officer.name, officer.actor.ref, now, now, note=reason)
            self._check(taken, officer)
            back = self.pack(version)
            heard = going.hear(back, officer, reason)
            if heard is not None and heard.waits:
                return self._propose(heard, officer)
            self.house.store.prepare(back.catalogue)
            return self._take(taken, officer, heard)

    def withdraw(self, version: str, officer: Officer, *, note: str | None = None) -> VersionShown:
        """Take a version back that never came into force: it never will."""
        return self._step(version, Step.WITHDRAWN, officer, note=note)

    @property
    def _going_back(self) -> GoingBack:
        return GoingBack(self.house, self.four_eyes)

    def _check(self, taken: Taken, officer: Officer) -> None:
        """Raise where a step may not be taken; to be called before it changes anything, the store's columns too."""
        check_decided(officer, taken.note)
        self.house.versions.check_step(taken, four_eyes=self.four_eyes.on)

    def _propose(self, heard: Heard, officer: Officer) -> VersionShown:
        """Let a way back wait for a second person."""
        version = self.house.versions.get(heard.proposal.content)
        if heard.is_new:
            self._on_record(AuditAction.POLICY_PROPOSED, officer, version, heard)
            self.house.proposals.propose(heard.proposal)
        return self._shown(version)

    def _take(self, taken: Taken, officer: Officer, heard: Heard | None = None) -> VersionShown:
        """Take a step: allowed, on record, in the registry, and in force where its instant has come."""
        self._check(taken, officer)
        versions = self.house.versions
        self._on_record(_ACTIONS[taken.step], officer, versions.get(taken.version), heard)
        self.house.policy.ask_again()
        if taken.step is Step.ROLLED_BACK:
            taken = self._going_back.end(taken, heard, officer)
        versions.record(taken, four_eyes=self.four_eyes.on)
        TakePolicy(self.house)()
        return self.get(taken.version)

    def _step(
        self, version: str, step: Step, officer: Officer, *, report: str | None = None, note: str | None = None
    ) -> VersionShown:
        with self.house.writing:
            ref, now = officer.actor.ref, self._now()
            return self._take(Taken(version, step, officer.name, ref, now, report=report, note=note), officer)

    def _now(self) -> dt.datetime:
        return self.house.versions.not_before(self.house.clock.now())

    def _on_record(
        self, action: AuditAction, officer: Officer, version: PolicyVersion, heard: Heard | None = None
    ) -> None:
        """Put version and digest in the log, and nothing that anybody typed."""
        name = RequestId(heard.proposal.id) if heard else None
        event = GatewayEvent(officer.actor, action, "permit", policy=version.label, request=name)
        self.house.recorder.record(event, at=self.house.clock.now())

    def _fits(self, pack: Pack) -> None:
        """A purpose keeps its bit for ever: masks are read by it, also after a way back."""
        started = {start.version for start in schedule(self.house.versions.steps())}
        for version in sorted(started):
            _check_bits(pack.catalogue.purposes.values(), self.pack(version).catalogue.purposes.values())

    def _shown(self, version: PolicyVersion) -> VersionShown:
        steps, now = self.house.versions.steps(), self._now()
        starts = [start.starts for start in schedule(steps) if start.version == version.version]
        own = tuple(taken for taken in steps if taken.version == version.version)
        waits = self._going_back.waiting(version.version)
        proposal = self._going_back.shown(waits, self.pack(version.version)) if waits else None
        state = state_of(version.version, steps, now)
        return VersionShown(version, state, starts[-1] if starts else None, own, proposal)


def begin_registry(versions: Versions, folder: Path, at: dt.datetime, *, new: bool) -> None:
    """Put a new home's first version in force from the folder; a home that has versions is left as it is.

    Raises ``IntegrityFailure`` for a home that is not new and has none: what is in force is never taken from a folder.
    """
    if versions.all():
        return
    if not new:
        raise IntegrityFailure(f"operational.sqlite has no version of the policy, and the home is not new: {RESTORE}")
    files = read_folder(folder)
    versions.begin(version_of(load_draft(files), Officer(OPERATOR, OPERATOR.ref), at, "initial"), files)


def version_of(pack: Pack, officer: Officer, at: dt.datetime, note: str | None) -> PolicyVersion:
    """Return a pack as a version that an officer drafts."""
    return PolicyVersion(
        pack=pack.catalogue.pack,
        version=pack.catalogue.version,
        digest=pack.digest,
        effective_from=pack.effective_from,
        supersedes=pack.supersedes,
        drafted_by=officer.name,
        drafted_ref=officer.actor.ref,
        drafted_at=at,
        note=note,
    )


def _check_cases(pack: Pack) -> None:
    failed = sorted(result.case for result in check(pack) if not result.passed)
    if failed:
        named = ", ".join(f"`{case}`" for case in failed[:5])
        raise InvalidInput(
            f"{len(failed)} of the draft's own cases fail ({named}): `gateway policy check` says why",
            reasons=("cases_fail",),
        )


def _check_bits(coming: Iterable[Purpose], known: Iterable[Purpose]) -> None:
    bits = {purpose.bit: purpose.id for purpose in known}
    ids = {name: bit for bit, name in bits.items()}
    for purpose in coming:
        if bits.get(purpose.bit, purpose.id) != purpose.id or ids.get(purpose.id, purpose.bit) != purpose.bit:
            raise Conflict(
                f"the purpose `{purpose.id}` has another bit than before, or another purpose's: give it one of its own",
                reasons=("bit_reused",),
            )
