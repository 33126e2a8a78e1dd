"""The table of subject requests; its rows never leave this room."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from gateway.foundation.database import Instant


class _Rights(SQLModel, registry=registry()):
    """Base of this room's tables, with metadata of their own."""


class SubjectRequestRow(_Rights, table=True):
    """One request."""

    __tablename__ = "rights_request"

    id: str = Field(primary_key=True)
    kind: str
    state: str
    country: str
    subject: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary(16), index=True))
    received_at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    due: dt.date
    extended: bool = False
    completed_at: dt.datetime | None = Field(default=None, sa_column=sa.Column(Instant))
    reason: str | None = None


def create(engine: sa.Engine) -> None:
    """Make the tables that are not there yet."""
    _Rights.metadata.create_all(engine)
