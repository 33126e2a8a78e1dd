"""The tables of the registry and of the proposals; all are append-only."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from gateway.foundation.database import Instant


class _Policy(SQLModel, registry=registry()):
    """Base of these tables, with metadata of their own."""


class VersionRow(_Policy, table=True):
    """One version of the pack, with its texts."""

    __tablename__ = "policy_version"

    position: int | None = Field(default=None, primary_key=True)
    version: str = Field(unique=True)
    pack: str
    digest: str
    effective_from: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    supersedes: str | None
    drafted_by: str
    drafted_ref: str
    drafted_at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    note: str | None
    files: bytes  # JSON by path, compressed


class StepRow(_Policy, table=True):
    """One step that somebody took with a version."""

    __tablename__ = "policy_step"

    position: int | None = Field(default=None, primary_key=True)
    version: str = Field(foreign_key="policy_version.version", index=True)
    step: str
    by: str
    ref: str
    at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    starts: dt.datetime | None = Field(default=None, sa_column=sa.Column(Instant))
    report: str | None
    note: str | None
    confirmed_by: str | None


class ProposalRow(_Policy, table=True):
    """What somebody proposed and another person may confirm."""

    __tablename__ = "policy_proposal"

    position: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    matter: str = Field(index=True)
    content: str
    opens: str
    under: str
    by: str
    ref: str
    at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    note: str | None


class EndingRow(_Policy, table=True):
    """How a proposal ended, and by whom."""

    __tablename__ = "policy_proposal_ending"

    proposal: str = Field(foreign_key="policy_proposal.id", primary_key=True)
    ending: str
    by: str
    ref: str
    at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))


_TRIGGERS = tuple(
    f"""CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, '{words}'); END"""
    for table, words in (
        ("policy_version", "a version of the policy never changes: draft a new one"),
        ("policy_step", "a step is never taken back: take another"),
        ("policy_proposal", "a proposal never changes: make another"),
        ("policy_proposal_ending", "a proposal that ended stays ended: make another"),
    )
    for verb in ("UPDATE", "DELETE")
)


def create(engine: sa.Engine) -> None:
    """Make the tables and triggers that are not there yet."""
    _Policy.metadata.create_all(engine)
    with engine.begin() as connection:
        for trigger in _TRIGGERS:
            connection.exec_driver_sql(trigger)
