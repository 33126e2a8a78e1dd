import datetime as dt
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.foundation.database import engine_for
from gateway.foundation.errors import GatewayError
from gateway.rights import RequestKind, Requests
from gateway.rights.errors import IllegalStep, ReasonNeeded, UnknownRequest
from gateway.rights.requests import ReasonCode, RequestState, SubjectRequest

AT = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
ANNA = b"a" * 16


@pytest.fixture
def requests(tmp_path: Path) -> Requests:
    return Requests(engine_for(tmp_path / "operational.sqlite"))


def opened_by(
    requests: Requests, kind: RequestKind = RequestKind.ACCESS, subject: bytes | None = ANNA
) -> SubjectRequest:
    return requests.open(requests.new_id(), kind, subject, at=AT, country="FI")


def test_a_request_that_is_answered_at_once_was_never_open(requests: Requests) -> None:
    name, later = requests.new_id(), AT + dt.timedelta(seconds=1)
    done = requests.open(name, RequestKind.ACCESS, ANNA, at=AT, country="FI", answered=later)
    assert done == requests.get(name)
    assert (done.id, done.state, done.received_at, done.completed_at) == (name, RequestState.COMPLETED, AT, later)
    assert requests.list(state=RequestState.RECEIVED) == ()
    with pytest.raises(IllegalStep):
        requests.refuse(name, ReasonCode.EXCESSIVE, at=AT)


def test_a_request_from_receipt_to_completion(requests: Requests) -> None:
    opened = opened_by(requests)
    assert (opened.state, opened.due) == (RequestState.RECEIVED, dt.date(2026, 12, 2))
    for state in (RequestState.IDENTIFIED, RequestState.IN_PROGRESS, RequestState.COMPLETED):
        assert requests.advance(opened.id, state, at=AT).state is state
    assert requests.get(opened.id).completed_at == AT


def test_no_step_is_skipped_or_taken_back(requests: Requests) -> None:
    request = opened_by(requests, RequestKind.ERASURE).id
    for state in (RequestState.RECEIVED, RequestState.IN_PROGRESS, RequestState.COMPLETED):
        with pytest.raises(IllegalStep):
            requests.advance(request, state, at=AT)
    requests.complete(request, at=AT)
    with pytest.raises(IllegalStep):
        requests.refuse(request, ReasonCode.EXCESSIVE, at=AT)


def test_a_refusal_has_a_reason(requests: Requests) -> None:
    request = opened_by(requests, RequestKind.ERASURE, None).id
    with pytest.raises(ReasonNeeded):
        requests.advance(request, RequestState.REFUSED, at=AT)
    with pytest.raises(ReasonNeeded):
        requests.refuse(request, ReasonCode.COMPLEX, at=AT)
    assert requests.refuse(request, ReasonCode.NOT_IDENTIFIED, at=AT).reason is ReasonCode.NOT_IDENTIFIED
    with pytest.raises(IllegalStep):
        requests.complete(request, at=AT)


def test_an_extension_comes_once_and_in_time(requests: Requests) -> None:
    request = opened_by(requests).id
    with pytest.raises(ReasonNeeded):
        requests.extend(request, ReasonCode.EXCESSIVE, at=AT)
    with pytest.raises(IllegalStep):
        requests.extend(request, ReasonCode.COMPLEX, at=AT + dt.timedelta(days=31))
    assert requests.extend(request, ReasonCode.COMPLEX, at=AT).due == dt.date(2027, 2, 2)
    with pytest.raises(IllegalStep):
        requests.extend(request, ReasonCode.COMPLEX, at=AT)


def test_overdue_begins_the_day_after(requests: Requests) -> None:
    request = opened_by(requests)
    answered = opened_by(requests)
    requests.complete(answered.id, at=AT)
    assert requests.overdue(dt.datetime(2026, 12, 2, 21, 59, tzinfo=dt.UTC)) == ()
    assert requests.overdue(dt.datetime(2026, 12, 2, 22, 1, tzinfo=dt.UTC)) == (request,)


def test_an_erased_person_leaves_the_register_and_the_file(requests: Requests, tmp_path: Path) -> None:
    subject = b"\xfe\xed" * 8
    request = opened_by(requests, RequestKind.ERASURE, subject)
    opened_by(requests)
    assert requests.forget(subject) == 1
    assert requests.get(request.id).subject is None
    assert [r.subject for r in requests.list(kind=RequestKind.ACCESS)] == [ANNA]
    with requests._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert all(subject not in path.read_bytes() for path in tmp_path.iterdir())


def test_an_unknown_request_is_not_found(requests: Requests) -> None:
    with pytest.raises(UnknownRequest):
        requests.get("req_none")


class Register(RuleBasedStateMachine):
    """Whatever is tried, in whatever order: an ended request stays as it ended."""

    @initialize()
    def start(self) -> None:
        self.requests = Requests(engine_for(Path(":memory:")))
        self.id = opened_by(self.requests).id
        self.ended: object = None

    @rule(state=st.sampled_from(RequestState), reason=st.sampled_from(ReasonCode), verb=st.sampled_from("arce"))
    def attempt(self, state: RequestState, reason: ReasonCode, verb: str) -> None:
        attempts = {
            "a": lambda: self.requests.advance(self.id, state, at=AT),
            "r": lambda: self.requests.refuse(self.id, reason, at=AT),
            "c": lambda: self.requests.complete(self.id, at=AT),
            "e": lambda: self.requests.extend(self.id, reason, at=AT),
        }
        try:
            attempts[verb]()
        except GatewayError:
            return

    @invariant()
    def ended_stays_ended(self) -> None:
        now = self.requests.get(self.id)
        if self.ended is not None:
            assert now == self.ended
        if now.state in {RequestState.COMPLETED, RequestState.REFUSED}:
            assert now.completed_at == AT
            self.ended = now

    def teardown(self) -> None:
        self.requests._engine.dispose()


TestRegister = Register.TestCase
TestRegister.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
