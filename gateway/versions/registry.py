"""The registry of versions in the operational database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zlib
from collections.abc import Mapping

import msgspec
import sqlalchemy as sa
from sqlmodel import Session, col, select

from gateway.foundation.errors import Conflict, IntegrityFailure, InvalidInput, NotFound
from gateway.versions import laws
from gateway.versions.folders import MAX_PACK_BYTES
from gateway.versions.rows import StepRow, VersionRow, create
from gateway.versions.steps import PolicyVersion, Start, Step, Taken, in_force, schedule

_REGISTRY_IN_FORCE = "no version of the policy is in force: activate one"


class Versions:
    """Versions and steps; one pack, one writer at a time."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        create(engine)

    def submit(self, draft: PolicyVersion, files: Mapping[str, str]) -> PolicyVersion:
        """Keep a draft; the same texts under the same number again are the version that is there already.

        Raises ``Conflict`` for a number that is taken, another pack's draft, or one that supersedes no version of this
        registry; ``InvalidInput`` for one too large, or effective before the version that it supersedes.
        """
        if (known := self.check(draft, files)) is not None:
            return known
        packed = zlib.compress(msgspec.json.encode(dict(files)), 9)
        with Session(self._engine) as session:
            session.add(VersionRow(**dataclasses.asdict(draft), files=packed))
            session.commit()
        return draft

    def check(self, draft: PolicyVersion, files: Mapping[str, str]) -> PolicyVersion | None:
        """Raise what ``submit`` raises; return the version that is there already, or ``None``. Nothing is kept."""
        if sum(len(text.encode()) for text in files.values()) > MAX_PACK_BYTES:
            raise InvalidInput(f"a policy pack is larger than {MAX_PACK_BYTES} bytes", reasons=("pack_too_large",))
        versions = {version.version: version for version in self.all()}
        known = versions.get(draft.version)
        if known is not None and known.label == draft.label:
            return known
        _check_draft(draft, versions)
        return None

    def record(self, taken: Taken, *, four_eyes: bool) -> None:
        """Keep a step; raises what ``check_step`` raises."""
        self.check_step(taken, four_eyes=four_eyes)
        self._append(taken)

    def check_step(self, taken: Taken, *, four_eyes: bool) -> None:
        """Raise where a step may not be taken (``laws.check``), ``NotFound`` for an unknown version."""
        laws.check(self.get(taken.version), taken, self.steps(), four_eyes=four_eyes)

    def begin(self, first: PolicyVersion, files: Mapping[str, str]) -> None:
        """Put a new home's first version in force: drafted, approved and activated by whoever makes the home.

        Raises ``Conflict`` where there is a version already.
        """
        if self.all():
            raise Conflict("the registry has versions already: draft another", reasons=("not_the_first",))
        self.submit(first, files)
        for step in (Step.APPROVED, Step.ACTIVATED):
            starts = first.drafted_at if step is Step.ACTIVATED else None
            self._append(
                Taken(
                    first.version, step, first.drafted_by, first.drafted_ref, first.drafted_at, starts, note="initial"
                )
            )

    def all(self) -> tuple[PolicyVersion, ...]:
        """Return every version, in the order in which they were drafted."""
        with Session(self._engine) as session:
            return tuple(map(_version, session.exec(select(VersionRow).order_by(col(VersionRow.position)))))

    def get(self, version: str) -> PolicyVersion:
        """Return a version by its number; raises ``NotFound``."""
        return _version(self._row(version))

    def files(self, version: str) -> dict[str, str]:
        """Return the texts of a version; raises ``NotFound``, ``IntegrityFailure`` for bytes that cannot be read."""
        packed = self._row(version).files
        try:
            whole = zlib.decompressobj()
            texts = whole.decompress(packed, 8 * MAX_PACK_BYTES)
            return msgspec.json.decode(texts, type=dict[str, str])
        except (zlib.error, msgspec.DecodeError):
            raise IntegrityFailure("a stored version of the policy cannot be read: restore a backup") from None

    def steps(self) -> tuple[Taken, ...]:
        """Return every step, in the order in which they were taken."""
        with Session(self._engine) as session:
            return tuple(map(_taken, session.exec(select(StepRow).order_by(col(StepRow.position)))))

    def not_before(self, at: dt.datetime) -> dt.datetime:
        """Return the instant, or the last step's where the clock stands before that."""
        return max([at, *(taken.at for taken in self.steps())])

    def in_force(self, at: dt.datetime) -> PolicyVersion:
        """Return the version in force at an instant; raises ``IntegrityFailure`` where there is none.

        No earlier than the last step: a clock that was set back revives no version.
        """
        number = in_force(self.steps(), self.not_before(at))
        if number is None:
            raise IntegrityFailure(_REGISTRY_IN_FORCE)
        return self.get(number)

    def next_start(self, at: dt.datetime) -> Start | None:
        """Return which version comes into force next after an instant."""
        return next((start for start in schedule(self.steps()) if start.starts > at), None)

    def _row(self, version: str) -> VersionRow:
        with Session(self._engine) as session:
            row = session.exec(select(VersionRow).where(VersionRow.version == version)).first()
            if row is None:
                raise NotFound("the registry has no such version: list them again", reasons=("unknown_version",))
            return row

    def _append(self, taken: Taken) -> None:
        with Session(self._engine) as session:
            session.add(StepRow(**dataclasses.asdict(taken)))
            session.commit()


def _check_draft(draft: PolicyVersion, known: Mapping[str, PolicyVersion]) -> None:
    if draft.version in known:
        raise Conflict(
            "this number is taken by other texts: a version never changes, give the draft a new number in pack.yaml",
            reasons=("version_taken",),
        )
    if any(each.pack != draft.pack for each in known.values()):
        raise Conflict("the draft is of another pack: a home keeps to one pack", reasons=("another_pack",))
    if not known:
        return
    older = known.get(draft.supersedes or "")
    if older is None:
        raise Conflict(
            "name the version that the draft is to replace in pack.yaml, as `supersedes`", reasons=("supersedes_none",)
        )
    if draft.effective_from < older.effective_from:
        raise InvalidInput(
            "the draft is effective before the version that it supersedes: correct effective_from in pack.yaml",
            reasons=("overlapping_versions",),
        )


def _version(row: VersionRow) -> PolicyVersion:
    return PolicyVersion(
        row.pack, row.version, row.digest, row.effective_from, row.supersedes, row.drafted_by, row.drafted_ref,
        row.drafted_at, row.note,
    )  # fmt: skip


def _taken(row: StepRow) -> Taken:
    return Taken(row.version, Step(row.step), row.by, row.ref, row.at, row.starts, row.report, row.note)
