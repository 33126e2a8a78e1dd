"""Tables of the disclosure ledger; their rows never leave this room."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from gateway.foundation.database import Instant


class _Release(SQLModel, registry=registry()):
    """Base of this room's tables, with metadata of their own."""


class DisclosureRow(_Release, table=True):
    """One disclosure."""

    __tablename__ = "release_disclosure"

    position: int | None = Field(default=None, primary_key=True)
    release: str = Field(unique=True)
    segment: str = Field(index=True)
    snapshot: str
    recipient: str
    purpose: str
    scope: str = Field(index=True)
    format: str
    kind: str
    previous: str | None
    size: int
    entered: int
    left: int
    at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    policy: str
    sha256: str


class TombstoneRow(_Release, table=True):
    """One erased member's pseudonym, to be told with each delta of one list that starts from before the erasure."""

    __tablename__ = "release_tombstone"

    scope: str = Field(primary_key=True)
    segment: str = Field(primary_key=True)
    pseudonym: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    reason: str
    at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    after: int  # position of the newest disclosure at that instant: an order that no clock can turn round


class ExposureRow(_Release, table=True):
    """The fields of one release, or of a page that adds some to it."""

    __tablename__ = "release_exposure"
    __table_args__ = (sa.UniqueConstraint("release", "beside", "chosen_by"),)

    position: int | None = Field(default=None, primary_key=True)
    release: str = Field(index=True)
    segment: str
    recipient: str = Field(index=True)
    legal_entity: str
    purpose: str
    beside: str  # ids in order, a space between two
    chosen_by: str
    at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))


class LinkRow(_Release, table=True):
    """Who a recipient is, or once was, in law."""

    __tablename__ = "release_link"

    recipient: str = Field(primary_key=True)
    legal_entity: str = Field(primary_key=True)


class DeletionRow(_Release, table=True):
    """A recipient's confirmed deletion: how far the two ledgers had come by then."""

    __tablename__ = "release_deletion"

    position: int | None = Field(default=None, primary_key=True)
    recipient: str = Field(index=True)
    evidence: str
    at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    disclosures: int  # position of the newest disclosure, whoever received it
    exposures: int


def create(engine: sa.Engine) -> None:
    """Make the tables that are not there yet."""
    _Release.metadata.create_all(engine)
