"""The disclosure ledger: which list went to whom, and who is still to be told that a member was erased (Art. 19)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, cast

import pyarrow as pa
import sqlalchemy as sa
from sqlmodel import Session, col, delete, select

from gateway.foundation.arrays import BLOCK
from gateway.foundation.errors import Conflict
from gateway.release.entries import Disclosure
from gateway.release.exposures import Exposures
from gateway.release.rows import DisclosureRow, TombstoneRow, create
from gateway.vocabulary.names import PurposeId, RecipientId, ReleaseId, ScopeId, SegmentId

_FIELDS = tuple(field.name for field in dataclasses.fields(Disclosure))


class Disclosures:
    """Append and read; a recorded disclosure does not change. ``exposures`` says what its recipient learns by it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        create(engine)
        self.exposures = Exposures(engine)

    def record(self, disclosure: Disclosure) -> None:
        """Keep a disclosure; the same again changes nothing, another one under its id is a ``Conflict``."""
        with Session(self._engine) as session:
            known = _one(session, disclosure.release)
            if known is None:
                session.add(DisclosureRow(**{name: getattr(disclosure, name) for name in _FIELDS}))
                session.commit()
            elif known != disclosure:
                raise Conflict("a release with this id is recorded already: take a new id")

    def get(self, release: ReleaseId) -> Disclosure | None:
        """Return a disclosure; ``None`` when there is none of that id."""
        with Session(self._engine) as session:
            return _one(session, release)

    def latest(self, segment: SegmentId, recipient: RecipientId, scope: ScopeId | None) -> Disclosure | None:
        """Return the newest disclosure of a list, the one that the next delta starts from; of any scope if ``None``."""
        found = self._select(1, segment=segment, recipient=recipient, scope=scope)
        return found[0] if found else None

    def newest(self) -> dict[tuple[RecipientId, PurposeId], Disclosure]:
        """Return the newest disclosure to each recipient for each purpose: a few lines of the ledger."""
        last = select(sa.func.max(DisclosureRow.position)).group_by(
            col(DisclosureRow.recipient), col(DisclosureRow.purpose)
        )
        with Session(self._engine) as session:
            found = [
                _entry(row) for row in session.exec(select(DisclosureRow).where(col(DisclosureRow.position).in_(last)))
            ]
        return {(each.recipient, each.purpose): each for each in found}

    def list(
        self, *, segment: SegmentId | None = None, recipient: RecipientId | None = None, scope: ScopeId | None = None
    ) -> tuple[Disclosure, ...]:
        """Return disclosures, the newest first."""
        return self._select(None, segment=segment, recipient=recipient, scope=scope)

    def add_tombstones(
        self,
        scope: ScopeId,
        segment: SegmentId,
        pseudonyms: pa.Array | pa.ChunkedArray,
        *,
        at: dt.datetime,
        reason: str = "erased",
    ) -> None:
        """Have 16-byte pseudonyms told as ``left`` in the deltas of a segment in a scope; twice is once.

        They are told to every delta that starts from a disclosure recorded before now.
        """
        blocks = pseudonyms.cast(BLOCK).to_pylist()
        if blocks:
            with self._engine.begin() as connection:
                after = connection.execute(sa.select(sa.func.max(DisclosureRow.position))).scalar() or 0
                common = {"scope": scope, "segment": segment, "reason": reason, "at": at, "after": after}
                rows = [common | {"pseudonym": block} for block in blocks]
                connection.execute(sa.insert(TombstoneRow).prefix_with("OR IGNORE"), rows)

    def pending_tombstones(self, scope: ScopeId, segment: SegmentId, base: ReleaseId) -> pa.Array:
        """Return the pseudonyms (``pa.binary(16)``, in their own order) of those erased since the disclosure ``base``.

        The same again for the same base: a recipient that lost a delta asks for it once more.
        """
        query = select(TombstoneRow.pseudonym).where(
            TombstoneRow.scope == scope, TombstoneRow.segment == segment, col(TombstoneRow.after) >= _position(base)
        )
        with Session(self._engine) as session:
            return pa.array(sorted(session.exec(query)), BLOCK)

    def owed_since(self, scope: ScopeId, segment: SegmentId, base: ReleaseId) -> dt.datetime | None:
        """Return the instant of the first erasure since the disclosure ``base``; None where there is none."""
        oldest = sa.select(sa.func.min(TombstoneRow.at)).where(
            col(TombstoneRow.scope) == scope,
            col(TombstoneRow.segment) == segment,
            col(TombstoneRow.after) >= _position(base),
        )
        with Session(self._engine) as session:
            return cast("dt.datetime | None", session.scalar(oldest))

    def drop_tombstones(self, scope: ScopeId, segment: SegmentId, base: ReleaseId) -> int:
        """Remove those erased before ``base``, which the recipient says it has worked in; return their number.

        To be called after ``record``: a crash between the two tells them once more, never once too little.
        """
        here = (col(TombstoneRow.scope) == scope, col(TombstoneRow.segment) == segment)
        return self._delete(*here, col(TombstoneRow.after) < _position(base))

    def forget_scope(self, scope: ScopeId) -> int:
        """Remove the tombstones of a scope whose epoch has ended: no delta starts from it any more."""
        return self._delete(col(TombstoneRow.scope) == scope)

    def _select(self, limit: int | None, **wanted: str | None) -> tuple[Disclosure, ...]:
        query = select(DisclosureRow).order_by(col(DisclosureRow.position).desc()).limit(limit)
        for name, value in wanted.items():
            if value is not None:
                query = query.where(getattr(DisclosureRow, name) == value)
        with Session(self._engine) as session:
            return tuple(_entry(row) for row in session.exec(query))

    def _delete(self, *conditions: Any) -> int:
        with self._engine.begin() as connection:
            gone = connection.execute(delete(TombstoneRow).where(*conditions))
            return cast("sa.CursorResult[Any]", gone).rowcount


def _position(release: ReleaseId) -> Any:
    """The place of a disclosure in the ledger; before all of them where there is none."""
    found = select(DisclosureRow.position).where(DisclosureRow.release == release).scalar_subquery()
    return sa.func.coalesce(found, -1)


def _one(session: Session, release: str) -> Disclosure | None:
    row = session.exec(select(DisclosureRow).where(DisclosureRow.release == release)).first()
    return _entry(row) if row else None


def _entry(row: DisclosureRow) -> Disclosure:
    return Disclosure(**{name: getattr(row, name) for name in _FIELDS})
