"""What one person has proposed and takes effect when another confirms it; append-only, like the versions."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.versions.persons import Person
from gateway.versions.rows import EndingRow, ProposalRow, create


class Ending(enum.StrEnum):
    """How a proposal ended."""

    CONFIRMED = "confirmed"  # by a second person
    DROPPED = "dropped"  # another decision, or another proposal, took its place


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody wants to open; it never changes, and is void as soon as it would open anything else."""

    id: str
    matter: str  # what it is about: of one matter one proposal waits
    content: str  # what is to be decided, for whoever proposed it to read again
    opens: str  # sha256 hex over exactly what would be open afterwards
    under: str  # label of the version in force
    by: str
    ref: str
    at: dt.datetime
    note: str | None = None

    @property
    def person(self) -> Person:
        """Who proposed it."""
        return Person(self.by, self.ref)

    def is_void(self, opens: str, under: str) -> bool:
        """Whether the same would open something else by now, or under another version than was read."""
        return (self.opens, self.under) != (opens, under)


_FIELDS = tuple(field.name for field in dataclasses.fields(Proposal))


class Proposals:
    """Proposals in the operational database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        create(engine)

    def propose(self, proposal: Proposal) -> None:
        """Let a proposal wait, in place of any other of its matter."""
        with Session(self._engine) as session:
            self._end(session, proposal.matter, Ending.DROPPED, proposal.person, proposal.at)
            session.add(ProposalRow(**{name: getattr(proposal, name) for name in _FIELDS}))
            session.commit()

    def end(self, matter: str, ending: Ending, person: Person, *, at: dt.datetime) -> None:
        """Let nothing wait of a matter any more. To be called before what was decided takes effect."""
        with Session(self._engine) as session:
            self._end(session, matter, ending, person, at)
            session.commit()

    def waiting(self, matter: str) -> Proposal | None:
        """Return what waits of a matter; ``None`` where nothing does."""
        with Session(self._engine) as session:
            row = session.exec(_waiting().where(col(ProposalRow.matter) == matter)).first()
            return _proposal(row) if row else None

    def all_waiting(self, beginning: str) -> tuple[Proposal, ...]:
        """Return what waits of the matters whose names begin so, the earliest first."""
        query = _waiting().where(col(ProposalRow.matter).startswith(beginning, autoescape=True))
        with Session(self._engine) as session:
            return tuple(map(_proposal, session.exec(query.order_by(col(ProposalRow.position)))))

    @staticmethod
    def _end(session: Session, matter: str, ending: Ending, person: Person, at: dt.datetime) -> None:
        for row in session.exec(_waiting().where(col(ProposalRow.matter) == matter)):
            session.add(EndingRow(proposal=row.id, ending=ending.value, by=person.name, ref=person.ref, at=at))


def _waiting() -> SelectOfScalar[ProposalRow]:
    ended = sa.exists().where(col(EndingRow.proposal) == col(ProposalRow.id))
    return select(ProposalRow).where(~ended)


def _proposal(row: ProposalRow) -> Proposal:
    return Proposal(**{name: getattr(row, name) for name in _FIELDS})
