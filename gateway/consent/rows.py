"""The ledger's tables and the triggers that keep it append-only."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class _Consent(SQLModel, registry=registry()):
    """Base of this room's tables, with metadata of their own."""


class ConsentEventRow(_Consent, table=True):
    """One event. Purpose, notice, language and channel are ids of words (0: none); times microseconds since 1970.

    The key is the event itself: the same one again adds nothing, and one person's events lie side by side, of those at
    one instant the most restrictive last. What is seldom said is 0 or empty and takes a byte.
    """

    __tablename__ = "consent_event"
    __table_args__ = {"sqlite_with_rowid": False}

    subject: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    purpose: int = Field(primary_key=True)
    at: int = Field(sa_column=sa.Column(sa.BigInteger, primary_key=True))
    status: int = Field(primary_key=True)
    # How much earlier than 9999-12-31 the yes ends: the earlier, the later in the key. 0: nothing was said.
    shortening: int = Field(sa_column=sa.Column(sa.BigInteger, primary_key=True))
    by: int = Field(primary_key=True)
    notice: int = Field(primary_key=True)
    channel: int = Field(primary_key=True)
    language: int = Field(primary_key=True)
    evidence: str = Field(primary_key=True)
    position: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))
    recorded_at: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))


class ConsentPositionRow(_Consent, table=True):
    """The position given last; one row. A position is never given twice, also after an undo or an erasure."""

    __tablename__ = "consent_position"

    id: int = Field(primary_key=True)
    last: int


class ConsentWordRow(_Consent, table=True):
    """A purpose, notice, channel or language by its text."""

    __tablename__ = "consent_word"

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(unique=True)


class ConsentPurposeRow(_Consent, table=True):
    """A purpose that the ledger was ever open for: what takes a permission away is taken for it for good."""

    __tablename__ = "consent_purpose"

    purpose: str = Field(primary_key=True)


class ConsentBatchRow(_Consent, table=True):
    """A batch that is written here but not yet known to be kept elsewhere: the only one that can be undone."""

    __tablename__ = "consent_batch"

    batch: str = Field(primary_key=True)
    position: int


class ConsentRemovalRow(_Consent, table=True):
    """What may be deleted, for as long as the transaction that deletes it: one data subject or one batch."""

    __tablename__ = "consent_removal"

    id: int | None = Field(default=None, primary_key=True)
    subject: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary(16)))
    position: int | None = None


TRIGGERS = (
    """CREATE TRIGGER IF NOT EXISTS consent_event_no_update BEFORE UPDATE ON consent_event
    BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS consent_event_no_delete BEFORE DELETE ON consent_event
    WHEN NOT EXISTS (SELECT 1 FROM consent_removal AS r WHERE r.subject = OLD.subject OR r.position = OLD.position)
    BEGIN SELECT RAISE(ABORT, 'the consent ledger is append-only'); END""",
)


def create(engine: sa.Engine) -> None:
    """Make the tables and triggers that are not there yet."""
    with engine.begin() as connection:
        _Consent.metadata.create_all(connection)
        for trigger in TRIGGERS:
            connection.exec_driver_sql(trigger)
        connection.exec_driver_sql("INSERT OR IGNORE INTO consent_position VALUES (1, 0)")
