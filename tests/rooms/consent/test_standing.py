"""The ledger's columns against the plain fold over a plain list."""

import datetime as dt
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.consent import ConsentLedger, standing_of, status_at
from gateway.foundation.arrays import BLOCK
from gateway.foundation.database import engine_for
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus, ExpressedBy

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LATER = START + dt.timedelta(days=30)
SUBJECTS = [bytes([n]) * 16 for n in (0, 7, 255)]
CHOICES = [status for status in ConsentStatus if status is not ConsentStatus.UNKNOWN]
ENDS = [ConsentStatus.RESTRICTED, ConsentStatus.LIFTED]
PURPOSES = ["direct_marketing", "product_analytics"]

ABOUT = st.one_of(
    st.tuples(st.sampled_from(PURPOSES), st.sampled_from(CHOICES)),
    st.tuples(st.just(ALL_PURPOSES), st.sampled_from(ENDS)),
)


@st.composite
def events(draw: st.DrawFn) -> ConsentEvent:
    purpose, status = draw(ABOUT)
    at = START + dt.timedelta(days=draw(st.integers(-3, 6)))
    notice = draw(st.sampled_from([None, "notice-1", "notice-2"]))
    given = status is ConsentStatus.GIVEN
    by = draw(st.sampled_from([ExpressedBy.SELF, ExpressedBy.GUARDIAN, *([] if given else [ExpressedBy.CONTROLLER])]))
    until = draw(st.sampled_from([None, LATER, LATER + dt.timedelta(days=1)])) if given else None
    subject, evidence = draw(st.sampled_from(SUBJECTS)), draw(st.sampled_from([None, "doc-1"]))
    return ConsentEvent(subject, purpose, status, at, LATER, notice, "webshop", "fi", evidence, by, until)


def spoken(*words: str) -> list[ConsentEvent]:
    """Choices of one person, a day apart."""
    return [
        ConsentEvent(SUBJECTS[0], PURPOSES[0], ConsentStatus(word), START + dt.timedelta(days=day), LATER, None, "api")
        for day, word in enumerate(words)
    ]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("", "unknown"),
        ("given", "given"),
        ("given withdrawn", "withdrawn"),
        ("withdrawn given", "given"),
        ("objected withdrawn", "objected"),
        ("objected refused expired", "objected"),
        ("objected given", "given"),
        ("objected given withdrawn", "withdrawn"),
        ("given restricted given", "restricted"),
        ("given restricted lifted", "given"),
        ("objected restricted lifted", "objected"),
        ("restricted lifted restricted", "restricted"),
        ("lifted", "lifted"),
        ("requested", "requested"),
        ("given requested", "given"),
        ("withdrawn requested", "withdrawn"),
        ("lifted requested", "requested"),
        ("given invalidated", "invalidated"),
        ("given invalidated given", "given"),
        ("objected invalidated", "objected"),
    ],
)
def test_where_words_leave_a_person(words: str, left: str) -> None:
    assert status_at(spoken(*words.split()), PURPOSES[0], LATER) == left


def test_a_restriction_of_everything_comes_before_every_choice() -> None:
    given_first = spoken("given")
    everything = ConsentEvent(SUBJECTS[0], ALL_PURPOSES, ConsentStatus.RESTRICTED, START, LATER, None, "subject-desk")
    assert status_at([*given_first, everything], PURPOSES[0], LATER) is ConsentStatus.RESTRICTED
    assert status_at([*given_first, everything], PURPOSES[0], START - dt.timedelta(days=1)) is ConsentStatus.UNKNOWN


@settings(deadline=None)
@given(st.lists(events(), max_size=8), st.sampled_from(["withdrawn", "invalidated", "objected", "restricted"]))
def test_the_latest_no_always_ends_a_yes(said: list[ConsentEvent], word: str) -> None:
    last = ConsentEvent(SUBJECTS[0], PURPOSES[0], ConsentStatus(word), LATER, LATER, None, "api")
    mine = [e for e in said if e.subject == SUBJECTS[0]]
    assert status_at([*mine, last], PURPOSES[0], LATER) is not ConsentStatus.GIVEN


@settings(deadline=None)
@given(st.lists(events(), max_size=8))
def test_who_never_said_yes_has_not_given(said: list[ConsentEvent]) -> None:
    silent = [e for e in said if e.status is not ConsentStatus.GIVEN]
    assert all(e.status is not ConsentStatus.GIVEN for e in standing_of(silent, LATER).values())


@settings(deadline=None)
@given(st.lists(events(), max_size=8).flatmap(lambda said: st.tuples(st.just(said), st.permutations(said))))
def test_the_order_of_learning_changes_nothing(both: tuple[list[ConsentEvent], list[ConsentEvent]]) -> None:
    first, second = (
        {p: (e.status, e.at) for p, e in standing_of([e for e in said if e.subject == SUBJECTS[0]], LATER).items()}
        for said in both
    )
    assert first == second


class Ledger(RuleBasedStateMachine):
    """Single events, batches kept, dropped and undone, and erasures, beside a naive list."""

    @initialize()
    def start(self) -> None:
        self.folder = TemporaryDirectory()
        self.engine = engine_for(Path(self.folder.name) / "operational.sqlite")
        self.ledger = ConsentLedger(self.engine, purposes=PURPOSES)
        self.events: list[ConsentEvent] = []
        self.batches = 0

    @rule(event=events())
    def record(self, event: ConsentEvent) -> None:
        self.ledger.record(event)
        self._expect([event])

    @rule(batch=st.lists(events(), max_size=6), end=st.sampled_from(["settle", "undo", "rollback"]))
    def write(self, batch: list[ConsentEvent], end: str) -> None:
        self.batches += 1
        name = f"batch-{self.batches}"
        kept = list(self.events)
        with self.ledger.write(name) as session:
            session.add(
                pa.array([e.subject for e in batch], BLOCK), _table(batch), recorded_at=LATER, channel="webshop"
            )
            self._expect(batch)
            self._compare(session.standing(pa.array(SUBJECTS, BLOCK)))
            if end != "rollback":
                session.commit()
        if end == "settle":
            self.ledger.settle(name)
            return
        self.ledger.undo(name)
        self.events = kept

    @rule(subject=st.sampled_from(SUBJECTS))
    def erase(self, subject: bytes) -> None:
        assert self.ledger.erase(subject) == sum(e.subject == subject for e in self.events)
        self.events = [e for e in self.events if e.subject != subject]

    @invariant()
    def columns_and_fold_agree(self) -> None:
        self._compare(self.ledger.standing())
        self._compare(self.ledger.standing(pa.array(SUBJECTS, BLOCK)))
        for subject in SUBJECTS:
            history = self.ledger.history(subject)
            assert len(history) == len(set(history))
            assert set(history) == {e for e in self.events if e.subject == subject}

    def _expect(self, more: list[ConsentEvent]) -> None:
        self.events += [e for e in dict.fromkeys(more) if e not in self.events]

    def _compare(self, table: pa.Table) -> None:
        found = {(r["subject"], r["purpose"]): r for r in table.to_pylist()}
        assert len(found) == table.num_rows
        wanted = {
            (subject, purpose): event
            for subject in SUBJECTS
            for purpose, event in standing_of([e for e in self.events if e.subject == subject], LATER).items()
        }
        assert found.keys() == wanted.keys()
        for key, event in wanted.items():
            row = found[key]
            assert (row["status"], row["at"]) == (event.status, event.at)
            assert (row["by"], row["valid_until"]) == (event.by, event.valid_until)
            same = [e for e in self.events if (e.subject, e.purpose, e.status, e.at) == (*key, event.status, event.at)]
            assert row["notice"] in {e.notice for e in same}

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()
            self.folder.cleanup()


def _table(batch: list[ConsentEvent]) -> pa.Table:
    return pa.table(
        {
            "row": pa.array(range(len(batch)), pa.int64()),
            "purpose": pa.array([e.purpose for e in batch], pa.string()),
            "status": pa.array([e.status.value for e in batch], pa.string()),
            "at": pa.array([e.at for e in batch], pa.timestamp("us", "UTC")),
            "notice": pa.array([e.notice for e in batch], pa.string()),
            "language": pa.array([e.language for e in batch], pa.string()),
            "evidence": pa.array([e.evidence for e in batch], pa.string()),
            "by": pa.array([e.by.value for e in batch], pa.string()),
            "valid_until": pa.array([e.valid_until for e in batch], pa.timestamp("us", "UTC")),
        }
    )


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=30, stateful_step_count=12, deadline=None)
