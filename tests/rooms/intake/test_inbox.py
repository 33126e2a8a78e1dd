"""The inbox keeps what was found and what was decided; decisions are never edited or deleted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.foundation.database import engine_for
from gateway.foundation.errors import InvalidInput
from gateway.intake.inbox import MOST_WAITING, Inbox, Sighting
from gateway.vocabulary.classifications import Classification, ColumnDecision
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.findings import ColumnFinding, ColumnKind
from gateway.vocabulary.names import DecisionId, FieldId, SourceId

AT = dt.datetime(2026, 7, 1, 9, tzinfo=dt.UTC)
SHOP = SourceId("shop")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = engine_for(tmp_path / "operational.sqlite")
    yield engine
    engine.dispose()


def finding(column: str, kind: FieldKind | ColumnKind | None = None) -> ColumnFinding:
    return ColumnFinding(column, "unknown", kind, FieldId("city"), 0.5, ("words",), "Art. 9(1) GDPR", ("health",))


def file(inbox: Inbox, *columns: str, at: dt.datetime = AT) -> None:
    sightings = {column: Sighting(finding(column), filled=True) for column in columns}
    inbox.file(SHOP, sightings, at=at, since=at - dt.timedelta(days=30))


def decided(inbox: Inbox, column: str, number: int) -> ColumnDecision:
    (entry,) = [entry for entry in inbox.entries() if entry.finding.column == column]
    made = ColumnDecision(
        DecisionId(f"dec_{number}"), SHOP, column, Classification.IGNORED, None, None, proposed=False, by="Olli", at=AT
    )
    inbox.decide(entry.id, made)
    return made


@pytest.mark.parametrize("kind", [*FieldKind, *ColumnKind, None])
def test_a_finding_comes_back_as_it_was(engine: sa.Engine, kind: FieldKind | ColumnKind | None) -> None:
    inbox = Inbox(engine)
    given = finding("a\u202e'\";--\x1b", kind)
    inbox.file(SHOP, {given.column: Sighting(given, filled=True)}, at=AT, since=AT)
    (entry,) = Inbox(engine).entries()
    assert entry.finding == given
    assert inbox.get(entry.id) == entry


def test_the_last_decision_of_each_entry_counts(engine: sa.Engine) -> None:
    inbox = Inbox(engine)
    file(inbox, "a", "b")
    made = [decided(inbox, column, number) for number, column in enumerate("aba")]
    assert inbox.in_force() == (made[1], made[2])
    assert {e.finding.column: e.decisions for e in inbox.entries()} == {"a": (made[0], made[2]), "b": (made[1],)}


@pytest.mark.parametrize("statement", ["UPDATE inbox_decision SET by = 'x'", "DELETE FROM inbox_decision"])
def test_decisions_are_append_only(engine: sa.Engine, statement: str) -> None:
    inbox = Inbox(engine)
    file(inbox, "a")
    decided(inbox, "a", 1)
    with engine.begin() as connection, pytest.raises(sa.exc.IntegrityError, match="a later one supersedes it"):
        connection.exec_driver_sql(statement)
    assert len(inbox.in_force()) == 1


def test_there_is_an_end_to_names_made_up(engine: sa.Engine) -> None:
    inbox = Inbox(engine)
    names = [f"c{number}" for number in range(MOST_WAITING)]
    file(inbox, *names)
    inbox.check_room(SHOP, names)
    inbox.check_room(SourceId("other"), ["d"])
    with pytest.raises(InvalidInput, match="undeclared columns"):
        inbox.check_room(SHOP, ["d"])
    file(inbox, "d", at=AT + dt.timedelta(days=31))
    assert [entry.finding.column for entry in inbox.entries()] == ["d"]
