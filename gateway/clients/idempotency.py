"""Idempotency keys: the same call again gives the same answer; the same key for another body is refused.

Draft-07 of the HTTPAPI working group's Idempotency-Key header. Kept: the SHA-256 of client and key, of the body, and an
answer of counts; never a body.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, delete

from gateway.foundation.database import Instant
from gateway.foundation.errors import InvalidInput

KEPT_FOR = dt.timedelta(hours=24)


class IdempotencyRow(SQLModel, table=True):
    """One answered call."""

    __tablename__ = "idempotency_keys"

    key_digest: bytes = Field(sa_column=sa.Column(sa.LargeBinary(32), primary_key=True))
    body_digest: str
    answer: str
    at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))


class IdempotencyKeys:
    """The answers of the last 24 hours."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        SQLModel.metadata.create_all(engine, tables=[IdempotencyRow.__table__])  # type: ignore[attr-defined] # SQLModel does not declare it

    def answer(self, client: str, key: str, body_digest: str) -> dict[str, Any] | None:
        """Return the earlier answer to this call; raises ``InvalidInput`` for the key of another body."""
        with Session(self._engine) as session:
            row = session.get(IdempotencyRow, _digest(client, key))
        if row is None:
            return None
        if row.body_digest != body_digest:
            raise InvalidInput("this Idempotency-Key belongs to another body: use a new key", reasons=("key_reused",))
        answer: dict[str, Any] = json.loads(row.answer)
        return answer

    def keep(self, client: str, key: str, body_digest: str, answer: dict[str, Any], *, at: dt.datetime) -> None:
        """Keep an answer, and drop those that are too old."""
        row = IdempotencyRow(
            key_digest=_digest(client, key), body_digest=body_digest, answer=json.dumps(answer, default=str), at=at
        )
        with Session(self._engine) as session:
            session.exec(delete(IdempotencyRow).where(sa.column("at") < sa.bindparam("o", at - KEPT_FOR, Instant)))
            session.merge(row)
            session.commit()


def _digest(client: str, key: str) -> bytes:
    return hashlib.sha256(f"{client}\0{key}".encode()).digest()
