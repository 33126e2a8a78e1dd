"""The classification inbox: which undeclared columns wait for an officer, what they seem to hold, and what was decided.

It holds names of columns and evidence in words, never a value. The decisions are append-only.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlmodel import Session, col, select

from gateway.foundation.errors import InvalidInput, NotFound
from gateway.foundation.identifiers import new_id
from gateway.intake.inbox_rows import DecisionRow, EntryRow, create
from gateway.vocabulary.classifications import Classification, ColumnDecision
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.findings import ColumnFinding, ColumnKind
from gateway.vocabulary.names import DecisionId, FieldId, SourceId

MOST_WAITING = 4_000  # columns of one source; a sender that makes up names stops here


@dataclass(frozen=True, slots=True)
class Sighting:
    """What detection found in an undeclared column of one batch, and whether there was any value to look at."""

    finding: ColumnFinding
    filled: bool


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One undeclared column of a source; ``decisions`` are all that were made, the one in force last."""

    id: str
    source: SourceId
    finding: ColumnFinding
    first_seen: dt.datetime
    last_seen: dt.datetime
    batches: int
    decisions: tuple[ColumnDecision, ...]

    @property
    def in_force(self) -> ColumnDecision | None:
        """The decision that counts: the last one."""
        return self.decisions[-1] if self.decisions else None


class Inbox:
    """The inbox in the operational database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        create(engine)

    def file(self, source: SourceId, sightings: Mapping[str, Sighting], *, at: dt.datetime, since: dt.datetime) -> None:
        """Enter the undeclared columns of a batch taken in at ``at``.

        What was found last stands in an entry, unless the column was empty. Entries that nobody decided about and that
        no batch has had since ``since`` go: nothing of theirs is in quarantine any more.
        """
        with Session(self._engine) as session:
            known = {row.column: row for row in session.exec(select(EntryRow).where(EntryRow.source == source))}
            for column, sighting in sightings.items():
                row = known.get(column)
                if row is None:
                    row = EntryRow(
                        id=new_id("inb"), source=source, column=column, finding="", first_seen=at, last_seen=at,
                        batches=0,
                    )  # fmt: skip
                if sighting.filled or not row.finding:
                    row.finding = _encoded(sighting.finding)
                row.last_seen, row.batches = at, row.batches + 1
                session.add(row)
            decided = set(session.exec(select(DecisionRow.entry)))
            for row in known.values():
                if row.last_seen < since and row.id not in decided:
                    session.delete(row)
            session.commit()

    def check_room(self, source: SourceId, columns: Iterable[str]) -> None:
        """Raise ``InvalidInput`` where a source has more undeclared columns than anybody could decide about."""
        with Session(self._engine) as session:
            known = set(session.exec(select(EntryRow.column).where(EntryRow.source == source)))
        if len(known.union(columns)) > MOST_WAITING:
            raise InvalidInput(
                f"the source has more than {MOST_WAITING:,} different undeclared columns: correct the export",
                reasons=("inbox_full",),
            )

    def entries(self, source: SourceId | None = None) -> tuple[InboxEntry, ...]:
        """Return the entries, of all sources or of one, by source and column."""
        query = select(EntryRow).order_by(col(EntryRow.source), col(EntryRow.column))
        if source is not None:
            query = query.where(EntryRow.source == source)
        with Session(self._engine) as session:
            rows = session.exec(query).all()
            decisions = defaultdict[str, list[DecisionRow]](list)
            for decision in session.exec(select(DecisionRow).order_by(col(DecisionRow.position))):
                decisions[decision.entry].append(decision)
            return tuple(_entry(row, decisions[row.id]) for row in rows)

    def get(self, entry: str) -> InboxEntry:
        """Return an entry; raises ``NotFound`` where there is none."""
        with Session(self._engine) as session:
            row = session.get(EntryRow, entry)
            if row is None:
                raise NotFound("the inbox has no such entry: list it again", reasons=("unknown_entry",))
            query = select(DecisionRow).where(DecisionRow.entry == entry).order_by(col(DecisionRow.position))
            return _entry(row, session.exec(query).all())

    def decide(self, entry: str, decision: ColumnDecision) -> None:
        """Keep a decision about an entry; from now on it is the one that counts."""
        row = DecisionRow(
            id=decision.id, entry=entry, classification=decision.classification.value, field=decision.field,
            format=decision.format, proposed=decision.proposed, by=decision.by, at=decision.at, note=decision.note,
            confirmed_by=decision.confirmed_by,
        )  # fmt: skip
        with Session(self._engine) as session:
            session.add(row)
            session.commit()

    def in_force(self) -> tuple[ColumnDecision, ...]:
        """Return the decision that counts of each entry, the earliest first."""
        with Session(self._engine) as session:
            last = select(sa.func.max(DecisionRow.position)).group_by(col(DecisionRow.entry))
            query = (
                select(DecisionRow, EntryRow)
                .join(EntryRow)
                .where(col(DecisionRow.position).in_(last))
                .order_by(col(DecisionRow.position))
            )
            return tuple(_decision(decision, entry) for decision, entry in session.exec(query))


def _encoded(finding: ColumnFinding) -> str:
    return msgspec.json.encode(finding).decode()


def _finding(text: str) -> ColumnFinding:
    raw = msgspec.json.decode(text)
    kinds: dict[str, FieldKind | ColumnKind] = {**FieldKind.__members__, **ColumnKind.__members__}
    raw["kind"] = kinds[raw["kind"].upper()] if raw["kind"] else None
    return ColumnFinding(**raw | {name: tuple(raw[name]) for name in ("evidence", "reveals")})


def _entry(row: EntryRow, decisions: Iterable[DecisionRow]) -> InboxEntry:
    return InboxEntry(
        row.id, SourceId(row.source), _finding(row.finding), row.first_seen, row.last_seen, row.batches,
        tuple(_decision(each, row) for each in decisions),
    )  # fmt: skip


def _decision(row: DecisionRow, entry: EntryRow) -> ColumnDecision:
    return ColumnDecision(
        DecisionId(row.id), SourceId(entry.source), entry.column, Classification(row.classification),
        FieldId(row.field) if row.field else None, row.format, row.proposed, row.by, row.at, row.note,
        row.confirmed_by,
    )  # fmt: skip
