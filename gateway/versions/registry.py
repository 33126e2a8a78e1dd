"""The registry of versions in the operational database."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import zlib
from collections.abc import Iterator, Mapping

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlmodel import Session, col, select

from gateway.foundation.errors import Conflict, IntegrityFailure, InvalidInput, NotFound
from gateway.versions import laws
from gateway.versions.folders import MAX_PACK_BYTES
from gateway.versions.rows import StepRow, VersionRow, create
from gateway.versions.steps import PolicyVersion, Start, Step, Taken, in_force, schedule

_UNREADABLE = "the registry of the policy's versions cannot be read"
_NONE_IN_FORCE = "the registry puts no version of the policy in force"
RESTORE = "restore operational.sqlite and store.duckdb from one backup"


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
        with Session(self._engine) as session:
            session.add(_packed(draft, files))
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
        approved = Taken(
            first.version, Step.APPROVED, first.drafted_by, first.drafted_ref, first.drafted_at, note="initial"
        )
        activated = dataclasses.replace(approved, step=Step.ACTIVATED, starts=first.drafted_at)
        with Session(self._engine) as session:  # all of it or nothing: half a registry opens no home
            session.add(_packed(first, files))
            session.flush()
            session.add_all(StepRow(**dataclasses.asdict(taken)) for taken in (approved, activated))
            session.commit()

    def all(self) -> tuple[PolicyVersion, ...]:
        """Return every version, in the order in which they were drafted."""
        with self._reading() as session:
            return tuple(map(_version, session.exec(select(VersionRow).order_by(col(VersionRow.position)))))

    def get(self, version: str) -> PolicyVersion:
        """Return a version by its number; raises ``NotFound``."""
        with self._reading() as session:
            return _version(_row(session, version))

    def files(self, version: str) -> dict[str, str]:
        """Return the texts of a version; raises ``NotFound``, ``IntegrityFailure`` for bytes that cannot be read."""
        with self._reading() as session:
            texts = zlib.decompressobj().decompress(_row(session, version).files, 8 * MAX_PACK_BYTES)
            return msgspec.json.decode(texts, type=dict[str, str])

    def steps(self) -> tuple[Taken, ...]:
        """Return every step, in the order in which they were taken."""
        with self._reading() as session:
            return tuple(map(_taken, session.exec(select(StepRow).order_by(col(StepRow.position)))))

    @property
    def position(self) -> int:
        """How many steps were taken; it never falls."""
        return len(self.steps())

    def not_before(self, at: dt.datetime, followed: str | None = None) -> dt.datetime:
        """Return the instant, or that of the last step or of the start of ``followed`` where the clock stands before.

        ``followed`` is the label of a version that is known to have come into force: a clock that was set back revives
        no version before it.
        """
        steps = self.steps()
        numbers = {version.version for version in self.all() if version.label == followed} if followed else set()
        starts = [start.starts for start in schedule(steps) if start.version in numbers]
        return max([at, *(taken.at for taken in steps), *starts])

    def in_force(self, at: dt.datetime) -> PolicyVersion:
        """Return the version in force at an instant; raises ``IntegrityFailure`` where there is none.

        No earlier than the last step: a clock that was set back revives no version.
        """
        number = in_force(self.steps(), self.not_before(at))
        with contextlib.suppress(NotFound):
            if number is not None:
                return self.get(number)
        raise IntegrityFailure(f"{_NONE_IN_FORCE}: {RESTORE}")

    def next_start(self, at: dt.datetime) -> Start | None:
        """Return which version comes into force next after an instant."""
        return next((start for start in schedule(self.steps()) if start.starts > at), None)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Session]:
        """Read; raises ``IntegrityFailure`` for what no registry ever wrote."""
        try:
            with Session(self._engine) as session:
                yield session
        except OperationalError:  # in use, or no room: nothing is wrong with what is stored
            raise
        except (DatabaseError, zlib.error, msgspec.DecodeError, ValueError, TypeError, OverflowError):
            raise IntegrityFailure(f"{_UNREADABLE}: {RESTORE}") from None

    def _append(self, taken: Taken) -> None:
        with Session(self._engine) as session:
            session.add(StepRow(**dataclasses.asdict(taken)))
            session.commit()


def _row(session: Session, version: str) -> VersionRow:
    row = session.exec(select(VersionRow).where(VersionRow.version == version)).first()
    if row is None:
        raise NotFound("the registry has no such version: list them again", reasons=("unknown_version",))
    return row


def _packed(version: PolicyVersion, files: Mapping[str, str]) -> VersionRow:
    return VersionRow(**dataclasses.asdict(version), files=zlib.compress(msgspec.json.encode(dict(files)), 9))


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
    return Taken(
        row.version, Step(row.step), row.by, row.ref, row.at, row.starts, row.report, row.note, row.confirmed_by
    )
