"""The ledger's columns against the plain fold over a plain list."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.consent import ConsentLedger, standing_of, status_at
from gateway.consent.state import NOES, YES, governing, guardians_yes
from gateway.foundation.arrays import BLOCK
from gateway.foundation.database import engine_for
from gateway.vocabulary.consents import ALL_PURPOSES, MAY_GIVE, ConsentEvent, ConsentStatus, ExpressedBy

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LATER = START + dt.timedelta(days=30)
SUBJECTS = [bytes([n]) * 16 for n in (0, 7, 255)]
CHOICES = [status for status in ConsentStatus if status is not ConsentStatus.UNKNOWN]
ENDS = [ConsentStatus.RESTRICTED, ConsentStatus.LIFTED]
PURPOSES = ["direct_marketing", "product_analytics"]

AHEAD = [LATER + dt.timedelta(minutes=minutes) for minutes in (1, 3)]  # a source's clock is ahead of ours
ABOUT = st.one_of(
    st.tuples(st.sampled_from(PURPOSES), st.sampled_from(CHOICES)),
    st.tuples(st.just(ALL_PURPOSES), st.sampled_from(ENDS)),
)


@st.composite
def events(draw: st.DrawFn) -> ConsentEvent:
    purpose, status = draw(ABOUT)
    at = draw(st.sampled_from([*(START + dt.timedelta(days=day) for day in range(-3, 7)), *AHEAD]))
    notice = draw(st.sampled_from([None, "notice-1", "notice-2"]))
    given = status is ConsentStatus.GIVEN
    by = draw(st.sampled_from([ExpressedBy.SELF, ExpressedBy.GUARDIAN, *([] if given else [ExpressedBy.CONTROLLER])]))
    ends = [None, LATER, LATER + dt.timedelta(days=1)] if at < LATER else [None, LATER + dt.timedelta(days=1)]
    until = draw(st.sampled_from(ends)) if given else None
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
        ("given expired", "expired"),
        ("expired", "expired"),
        ("withdrawn expired", "withdrawn"),
        ("refused expired", "refused"),
        ("given expired given", "given"),
        ("objected given expired", "objected"),
        ("withdrawn given expired", "withdrawn"),
    ],
)
def test_where_words_leave_a_person(words: str, left: str) -> None:
    assert status_at(spoken(*words.split()), PURPOSES[0], LATER) == left


def by(who: str, word: str, day: int, **told: Any) -> ConsentEvent:
    at = START + dt.timedelta(days=day)
    word, who = ConsentStatus(word), ExpressedBy(who)
    return ConsentEvent(SUBJECTS[0], PURPOSES[0], word, at, LATER, None, "api", by=who, **told)


@pytest.mark.parametrize(
    ("words", "governs"),
    [
        ("guardian:given self:given", "guardian"),
        ("self:given guardian:given", "guardian"),
        ("guardian:given self:given self:given", "guardian"),
        ("guardian:given self:requested self:given", "guardian"),
        ("guardian:given self:withdrawn self:given", None),
        ("guardian:given self:objected self:given", None),
        ("guardian:given guardian:withdrawn self:given", None),
        ("guardian:objected self:given", None),
        ("guardian:objected guardian:given self:given", "guardian"),
        ("guardian:given controller:expired self:given", "self"),
        ("guardian:given self:withdrawn guardian:given self:given", "guardian"),
        ("self:given", "self"),
        ("guardian:given self:withdrawn", None),
        ("guardian:given self:given self:withdrawn", None),
        ("guardian:given self:given self:refused", None),
        ("guardian:given self:given self:restricted", None),
    ],
)
def test_a_childs_own_yes_does_not_end_the_guardians_and_its_own_no_does(
    tmp_path: Path, words: str, governs: str | None
) -> None:
    """Art. 8(1), 7(3): whose yes governs for a child; of age, the person's own last word does."""
    said = [by(*each.split(":"), day) for day, each in enumerate(words.split())]
    childs = standing_of(said, LATER, child=True)[PURPOSES[0]]
    assert (childs.by if childs.status is ConsentStatus.GIVEN else None) == governs
    assert standing_of(said, LATER)[PURPOSES[0]] == said[-1]
    engine = engine_for(tmp_path / "operational.sqlite")
    ledger = ConsentLedger(engine, purposes=PURPOSES)
    for event in said:
        ledger.record(event)
    [row] = ledger.standing(at=LATER).to_pylist()
    behind = childs.at if governs == "guardian" and said[-1].by is ExpressedBy.SELF else None
    assert row["guardian_at"] == behind
    engine.dispose()


@pytest.mark.parametrize("notices", [("2026-05", "2027-01"), ("2027-01", "2026-05"), ("2026-05", None)])
@pytest.mark.parametrize("who", ["self", "guardian"])
def test_of_two_yeses_at_one_instant_the_older_notice_governs(
    tmp_path: Path, notices: tuple[str | None, ...], who: str
) -> None:
    """Whichever came first, alone or in a batch; none at all is the oldest."""
    older = min(notices, key=lambda notice: notice or "")
    said = [replace(by(who, "given", 0), notice=notice) for notice in notices]
    after = [by("self", "given", 1)] if who == "guardian" else []
    assert standing_of([*said, *after], LATER, child=True)[PURPOSES[0]].notice == older
    engine = engine_for(tmp_path / "operational.sqlite")
    ledger = ConsentLedger(engine, purposes=PURPOSES)
    for event in [*said, *after]:
        ledger.record(event)
    undated = _table(said).set_column(3, "at", pa.nulls(2, pa.timestamp("us", "UTC"))).drop_columns(["by"])
    with ledger.write("batch") as session:
        session.add(pa.array([SUBJECTS[1]] * 2, BLOCK), undated, recorded_at=LATER, channel="webshop")
        session.commit()
    first, second = ledger.standing(at=LATER).to_pylist()
    assert first["guardian_notice" if after else "notice"] == second["notice"] == older
    engine.dispose()


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
    first, second = (standing_of([e for e in said if e.subject == SUBJECTS[0]], LATER) for said in both)
    assert {p: replace(e, evidence=None) for p, e in first.items()} == {
        p: replace(e, evidence=None) for p, e in second.items()
    }


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
            self._compare(session.standing(pa.array(SUBJECTS, BLOCK), LATER))
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
        self._compare(self.ledger.standing(at=LATER))
        self._compare(self.ledger.standing(pa.array(SUBJECTS, BLOCK), at=LATER))
        for subject in SUBJECTS:
            history = self.ledger.history(subject)
            assert len(history) == len(set(history))
            assert set(history) == {e for e in self.events if e.subject == subject}

    def _expect(self, more: list[ConsentEvent]) -> None:
        self.events += [e for e in dict.fromkeys(more) if e not in self.events]

    def _compare(self, table: pa.Table) -> None:
        found = {(r["subject"], r["purpose"]): r for r in table.to_pylist()}
        assert len(found) == table.num_rows
        idle = {e for e in self.events if e.purpose == ALL_PURPOSES and e.at > LATER and e.status in MAY_GIVE}
        assert found.keys() == {(e.subject, e.purpose) for e in self.events if e not in idle}
        for key, row in found.items():
            mine = [e for e in self.events if (e.subject, e.purpose) == key]
            told = [e for e in mine if e.at <= LATER or e.status not in MAY_GIVE]
            assert row["coming"] == min((e.at for e in mine if e not in told), default=None)
            if told:
                self._compare_row(row, told)
            else:
                assert row["at"] > LATER

    def _compare_row(self, row: dict[str, Any], told: list[ConsentEvent]) -> None:
        """What governs, what stands behind it, and that both together are what the fold says of a child and others."""
        event = governing(told)
        assert (row["status"], row["at"], row["notice"]) == (event.status, event.at, event.notice)
        assert (row["by"], row["valid_until"]) == (event.by, event.valid_until)
        noes = [e for e in told if e.status in NOES]
        assert row["no_behind"] is (event.status in YES and bool(noes))
        behind = None
        if event.status is ConsentStatus.GIVEN and event.by is not ExpressedBy.GUARDIAN:
            behind = guardians_yes(told)
        guardians = (row["guardian_at"], row["guardian_notice"], row["guardian_until"])
        assert guardians == ((behind.at, behind.notice, behind.valid_until) if behind else (None, None, None))

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
