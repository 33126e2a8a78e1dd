"""The tables of the classification inbox; decisions are append-only."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from gateway.foundation.database import Instant


class _Inbox(SQLModel, registry=registry()):
    """Base of these tables, with metadata of their own."""


class EntryRow(_Inbox, table=True):
    """One undeclared column of a source, and what detection last found in it; never a value."""

    __tablename__ = "inbox_entry"
    __table_args__ = (sa.UniqueConstraint("source", "column"),)

    id: str = Field(primary_key=True)
    source: str
    column: str
    finding: str  # JSON
    first_seen: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    last_seen: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    batches: int


class DecisionRow(_Inbox, table=True):
    """One decision about an entry."""

    __tablename__ = "inbox_decision"

    position: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    entry: str = Field(foreign_key="inbox_entry.id", index=True)
    classification: str
    field: str | None
    format: str | None
    proposed: bool
    by: str
    at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    note: str | None
    confirmed_by: str | None


_TRIGGERS = (
    """CREATE TRIGGER IF NOT EXISTS inbox_decision_no_update BEFORE UPDATE ON inbox_decision
    BEGIN SELECT RAISE(ABORT, 'a decision is never edited: a later one supersedes it'); END""",
    """CREATE TRIGGER IF NOT EXISTS inbox_decision_no_delete BEFORE DELETE ON inbox_decision
    BEGIN SELECT RAISE(ABORT, 'a decision is never deleted: a later one supersedes it'); END""",
)


def create(engine: sa.Engine) -> None:
    """Make the tables and triggers that are not there yet."""
    _Inbox.metadata.create_all(engine)
    with engine.begin() as connection:
        for trigger in _TRIGGERS:
            connection.exec_driver_sql(trigger)
