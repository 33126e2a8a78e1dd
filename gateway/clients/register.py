"""Machine clients and their hashed API keys."""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from gateway.foundation.database import Instant
from gateway.foundation.errors import Conflict, InvalidInput, NotFound
from gateway.foundation.identifiers import new_id

_REFERENCE = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")  # what fits into an entry of the log


class Scope(enum.StrEnum):
    """What a client may do; one scope a client."""

    SOURCE = "source"  # send batches of the source that its reference names
    RECIPIENT = "recipient"  # pull segments under the contract that its reference names
    OFFICER = "officer"  # policy, consents, segments
    SUBJECT_DESK = "subject-desk"  # people's requests and consents
    AUDITOR = "auditor"  # checkpoints, proofs, the log


@dataclass(frozen=True, slots=True)
class Client:
    """A known caller. For a source or recipient ``reference`` is the id of its contract.

    ``actor`` is how the audit log knows it: the contract's id, or, where a person may stand behind the key, a random
    name that only this register can lead back.
    """

    reference: str
    scope: Scope
    actor: str


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client with its key, which is shown this once."""

    client: Client
    key: str = field(repr=False)


_CONTRACTS = frozenset({Scope.SOURCE, Scope.RECIPIENT})  # their references name systems


class ClientRow(SQLModel, table=True):
    """One client; the key itself is not kept."""

    __tablename__ = "clients"

    key_digest: bytes = Field(sa_column=sa.Column(sa.LargeBinary(32), primary_key=True))
    reference: str
    scope: str
    actor: str
    created_at: dt.datetime = Field(sa_column=sa.Column(Instant, nullable=False))
    revoked_at: dt.datetime | None = Field(default=None, sa_column=sa.Column(Instant, nullable=True))


class ClientRegister:
    """The register of clients in the operational database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        SQLModel.metadata.create_all(engine, tables=[ClientRow.__table__])  # type: ignore[attr-defined] # SQLModel does not declare it

    @contextlib.contextmanager
    def adding(self, reference: str, scope: Scope, *, at: dt.datetime) -> Iterator[NewClient]:
        """Make a client that is live once the block has ended; of a block that raises no client stays.

        Raises ``InvalidInput`` for a reference that is not a lower-case letter, then such letters, digits, ``-`` and
        ``_``; ``Conflict`` where a live client of that reference and scope exists.
        """
        if not _REFERENCE.match(reference):
            raise InvalidInput(
                "a client's reference begins with a lower-case letter; letters, digits, - and _ may follow"
            )
        key = f"gw_{secrets.token_urlsafe(32)}"
        with self._alone() as session:
            if self._live(session, reference, scope):
                raise Conflict("a client of that reference and scope exists: revoke it first")
            row = ClientRow(
                key_digest=_digest(key),
                reference=reference,
                scope=scope.value,
                actor=reference if scope in _CONTRACTS else new_id("act"),
                created_at=at,
            )
            session.add(row)
            session.flush()  # a disk that has no room for it says so before the block
            yield NewClient(_client(row), key)

    @contextlib.contextmanager
    def revoking(self, reference: str, scope: Scope, *, at: dt.datetime) -> Iterator[list[Client]]:
        """End a client's access once the block has ended; after a block that raises it is what it was.

        Gives the clients whose access ends. Raises ``NotFound`` where there is none.
        """
        with self._alone() as session:
            rows = self._live(session, reference, scope)
            if not rows:
                raise NotFound("no live client of that reference and scope")
            for row in rows:
                row.revoked_at = at
                session.add(row)
            session.flush()
            yield list(map(_client, rows))

    def identify(self, key: str) -> Client | None:
        """Return the live client of a key, or ``None``; the look-up is by digest, so timing tells nothing of a key."""
        with Session(self._engine) as session:
            row = session.get(ClientRow, _digest(key))
            return None if row is None or row.revoked_at else _client(row)

    def reference_of(self, actor: str) -> str | None:
        """Return the reference of the client, live or not, that the audit log knows as ``actor``."""
        with Session(self._engine) as session:
            row = session.exec(select(ClientRow).where(ClientRow.actor == actor)).first()
            return row.reference if row else None

    def all(self) -> list[tuple[Client, dt.datetime, bool]]:
        """Return every client with when it was added and whether it is live."""
        with Session(self._engine) as session:
            rows = session.exec(select(ClientRow)).all()
            return sorted(
                ((_client(row), row.created_at, row.revoked_at is None) for row in rows),
                key=lambda entry: (entry[0].scope, entry[0].reference),
            )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Session]:
        """Change the register as the only one, other processes included; all of it or, of what raises, nothing."""
        with Session(self._engine) as session:
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            yield session
            session.commit()

    @staticmethod
    def _live(session: Session, reference: str, scope: Scope) -> list[ClientRow]:
        rows = session.exec(select(ClientRow).where(ClientRow.reference == reference, ClientRow.scope == scope.value))
        return [row for row in rows if row.revoked_at is None]


def _client(row: ClientRow) -> Client:
    return Client(row.reference, Scope(row.scope), row.actor)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
