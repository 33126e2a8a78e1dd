"""The register of subject requests: what was asked, until when it is due, what became of it."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from gateway.foundation.identifiers import new_id
from gateway.rights.deadlines import deadline, local_date
from gateway.rights.errors import IllegalStep, ReasonNeeded, UnknownRequest
from gateway.rights.rows import SubjectRequestRow, create
from gateway.vocabulary.names import RequestId, SubjectReference


class RequestKind(enum.StrEnum):
    """Which right (Chapter III)."""

    ACCESS = "access"  # Art. 15
    RECTIFICATION = "rectification"  # Art. 16
    ERASURE = "erasure"  # Art. 17
    RESTRICTION = "restriction"  # Art. 18
    PORTABILITY = "portability"  # Art. 20
    OBJECTION = "objection"  # Art. 21


class RequestState(enum.StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    IDENTIFIED = "identified"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    REFUSED = "refused"


class ReasonCode(enum.StrEnum):
    """Why a request was refused or extended; the words of the law, never free text."""

    COMPLEX = "complex"  # Art. 12(3), extension
    MANY_REQUESTS = "many_requests"  # Art. 12(3), extension
    NOT_IDENTIFIED = "not_identified"  # Art. 11(2), 12(6)
    EXCESSIVE = "excessive"  # Art. 12(5)
    UNFOUNDED = "unfounded"  # Art. 12(5)
    LEGAL_OBLIGATION = "legal_obligation"  # Art. 17(3)(b)
    LEGAL_CLAIMS = "legal_claims"  # Art. 17(3)(e)
    COMPELLING_GROUNDS = "compelling_grounds"  # Art. 21(1)


_STEPS = {
    RequestState.RECEIVED: (RequestState.IDENTIFIED, RequestState.REFUSED),
    RequestState.IDENTIFIED: (RequestState.IN_PROGRESS, RequestState.REFUSED),
    RequestState.IN_PROGRESS: (RequestState.COMPLETED, RequestState.REFUSED),
    RequestState.COMPLETED: (),
    RequestState.REFUSED: (),
}
_EXTENSIONS = frozenset({ReasonCode.COMPLEX, ReasonCode.MANY_REQUESTS})
_ENDED = (RequestState.COMPLETED, RequestState.REFUSED)


@dataclass(frozen=True, slots=True)
class SubjectRequest:
    """A request as it stands; ``subject`` is ``None`` until somebody is identified, and again once erased."""

    id: RequestId
    kind: RequestKind
    state: RequestState
    country: str
    subject: SubjectReference | None
    received_at: dt.datetime
    due: dt.date
    extended: bool
    completed_at: dt.datetime | None
    reason: ReasonCode | None


class Requests:
    """The register; every step is checked against the states."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        create(engine)

    @staticmethod
    def new_id() -> RequestId:
        """Return a name for a request that is yet to be registered: the log's entry names it first."""
        return RequestId(new_id("req"))

    def open(
        self,
        request: RequestId,
        kind: RequestKind,
        subject: SubjectReference | None,
        *,
        at: dt.datetime,
        country: str,
        answered: dt.datetime | None = None,
    ) -> SubjectRequest:
        """Register, under a name of ``new_id``, a request received at an instant by a controller in a country.

        With ``answered``, the instant of its answer, it is completed in the same step: no crash leaves it open.
        """
        state = RequestState.RECEIVED if answered is None else RequestState.COMPLETED
        row = SubjectRequestRow(
            id=request, kind=kind.value, state=state.value, country=country, subject=subject, received_at=at,
            due=deadline(at, country), completed_at=answered,
        )  # fmt: skip
        with Session(self._engine) as session:
            session.add(row)
            session.commit()
            return _request(row)

    def advance(self, request: RequestId, state: RequestState, *, at: dt.datetime) -> SubjectRequest:
        """Take one step that is not a refusal; ``IllegalStep`` when the state does not lead there."""
        if state is RequestState.REFUSED:
            raise ReasonNeeded("a refusal has a reason: use refuse")
        return self._step(request, state, at=at)

    def complete(self, request: RequestId, *, at: dt.datetime) -> SubjectRequest:
        """Take all steps that are left, for a request that is answered at once."""
        found = self.get(request)
        while found.state is not RequestState.COMPLETED:
            found = self._step(request, (*_STEPS[found.state], RequestState.COMPLETED)[0], at=at)
        return found

    def refuse(self, request: RequestId, reason: ReasonCode, *, at: dt.datetime) -> SubjectRequest:
        """Refuse with a reason (Art. 12(4)); a human decides that, never the gateway."""
        if reason in _EXTENSIONS:
            raise ReasonNeeded("this reason extends a request, it does not refuse one")
        return self._step(request, RequestState.REFUSED, at=at, reason=reason)

    def extend(self, request: RequestId, reason: ReasonCode, *, at: dt.datetime) -> SubjectRequest:
        """Take two further months (Art. 12(3)): with a reason, once, within the first month."""
        if reason not in _EXTENSIONS:
            raise ReasonNeeded("only complexity or the number of requests extends one")
        with Session(self._engine) as session:
            row = _row(session, request)
            late = local_date(at, row.country) > row.due
            if row.extended or late or RequestState(row.state) in _ENDED:
                raise IllegalStep("a request is extended once, before it is due and answered")
            row.extended, row.reason = True, reason.value
            row.due = deadline(row.received_at, row.country, extended=True)
            session.add(row)
            session.commit()
            return _request(row)

    def get(self, request: RequestId) -> SubjectRequest:
        """Return a request; ``UnknownRequest`` when there is none."""
        with Session(self._engine) as session:
            return _request(_row(session, request))

    def list(self, *, state: RequestState | None = None, kind: RequestKind | None = None) -> tuple[SubjectRequest, ...]:
        """Return requests, those due first before others."""
        query = select(SubjectRequestRow).order_by(col(SubjectRequestRow.due), col(SubjectRequestRow.received_at))
        if state is not None:
            query = query.where(SubjectRequestRow.state == state.value)
        if kind is not None:
            query = query.where(SubjectRequestRow.kind == kind.value)
        with Session(self._engine) as session:
            return tuple(_request(row) for row in session.exec(query))

    def being_erased(self) -> tuple[SubjectReference, ...]:
        """Return whose erasure has begun and not ended: whatever comes in meanwhile permits nothing of theirs."""
        query = select(SubjectRequestRow.subject).where(
            SubjectRequestRow.kind == RequestKind.ERASURE.value,
            col(SubjectRequestRow.subject).is_not(None),
            col(SubjectRequestRow.state).not_in([state.value for state in _ENDED]),
        )
        with Session(self._engine) as session:
            return tuple(SubjectReference(found) for found in session.exec(query) if found is not None)

    def overdue(self, at: dt.datetime) -> tuple[SubjectRequest, ...]:
        """Return requests that are neither completed nor refused and were due before the day of an instant."""
        return tuple(r for r in self.list() if r.state not in _ENDED and r.due < local_date(at, r.country))

    def forget(self, subject: SubjectReference) -> int:
        """Remove an erased person's reference from all requests; the requests stay as evidence (Art. 17(3)(e))."""
        with Session(self._engine) as session:
            rows = session.exec(select(SubjectRequestRow).where(SubjectRequestRow.subject == subject)).all()
            for row in rows:
                row.subject = None
                session.add(row)
            session.commit()
            return len(rows)

    def _step(
        self, request: RequestId, state: RequestState, *, at: dt.datetime, reason: ReasonCode | None = None
    ) -> SubjectRequest:
        with Session(self._engine) as session:
            row = _row(session, request)
            if state not in _STEPS[RequestState(row.state)]:
                raise IllegalStep(f"a request that is {row.state} does not become {state.value}")
            row.state, row.reason = state.value, reason.value if reason else row.reason
            row.completed_at = at if state in _ENDED else None
            session.add(row)
            session.commit()
            return _request(row)


def _row(session: Session, request: RequestId) -> SubjectRequestRow:
    row = session.get(SubjectRequestRow, request)
    if row is None:
        raise UnknownRequest("there is no such request")
    return row


def _request(row: SubjectRequestRow) -> SubjectRequest:
    return SubjectRequest(
        RequestId(row.id), RequestKind(row.kind), RequestState(row.state), row.country,
        SubjectReference(row.subject) if row.subject is not None else None, row.received_at, row.due, row.extended,
        row.completed_at, ReasonCode(row.reason) if row.reason else None,
    )  # fmt: skip
