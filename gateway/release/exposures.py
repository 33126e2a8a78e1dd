"""What each recipient has learned so far, by field: the ledger on which combinations are measured. It only grows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from gateway.release.entries import ConfirmedDeletion, Exposure, Link
from gateway.release.rows import DeletionRow, DisclosureRow, ExposureRow, LinkRow
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, ReleaseId, SegmentId

# Stands for what an older gateway released without writing down the fields; no field can have this id.
UNRECORDED = FieldId("?")


class Exposures:
    """Append and read; nothing is taken away but by a recipient's confirmed deletion, which is appended as well."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def record(self, exposure: Exposure) -> None:
        """Keep an exposure; the same fields of the same release again change nothing. Durable when it returns."""
        row = {
            "release": exposure.release,
            "segment": exposure.segment,
            "recipient": exposure.recipient,
            "legal_entity": exposure.legal_entity,
            "purpose": exposure.purpose,
            "beside": " ".join(sorted(exposure.beside)),
            "chosen_by": " ".join(sorted(exposure.chosen_by)),
            "at": exposure.at,
        }
        with self._engine.begin() as connection:
            connection.execute(sa.insert(ExposureRow).prefix_with("OR IGNORE"), row)
            _link(connection, [(exposure.recipient, exposure.legal_entity)])

    def link(self, links: Iterable[Link]) -> None:
        """Keep who recipients are in law from now on. What they were before stays: once one company, counted as one."""
        with self._engine.begin() as connection:
            _link(connection, links)

    def links(self) -> frozenset[Link]:
        """Return every legal entity that each recipient is or once was."""
        with Session(self._engine) as session:
            return frozenset((RecipientId(row.recipient), row.legal_entity) for row in session.exec(select(LinkRow)))

    def all(self) -> tuple[Exposure, ...]:
        """Return every exposure that no confirmed deletion has ended, the oldest first."""
        return self._standing(lambda _: sa.true())

    def of(self, recipients: Iterable[RecipientId], known: Iterable[RecipientId]) -> tuple[Exposure, ...]:
        """Return what recipients hold, the oldest first: for any purpose and scope.

        What was received by one that is not among the ``known`` counts as theirs: nobody says who that is today.
        """
        named, contracts = sorted(recipients), sorted(known)
        return self._standing(lambda recipient: sa.or_(recipient.in_(named), recipient.not_in(contracts)))

    def confirm_deletion(self, deletion: ConfirmedDeletion) -> None:
        """Let what the recipient has received until now count no more."""
        newest = {
            "disclosures": sa.select(sa.func.coalesce(sa.func.max(DisclosureRow.position), 0)).scalar_subquery(),
            "exposures": sa.select(sa.func.coalesce(sa.func.max(ExposureRow.position), 0)).scalar_subquery(),
        }
        said = {"recipient": deletion.recipient, "evidence": deletion.evidence, "at": deletion.at}
        with self._engine.begin() as connection:
            connection.execute(sa.insert(DeletionRow).values(**said, **newest))

    def deletions(self, recipient: RecipientId) -> tuple[ConfirmedDeletion, ...]:
        """Return what a recipient has confirmed, the oldest first."""
        query = select(DeletionRow).where(DeletionRow.recipient == recipient).order_by(col(DeletionRow.position))
        with Session(self._engine) as session:
            return tuple(
                ConfirmedDeletion(RecipientId(row.recipient), row.evidence, row.at) for row in session.exec(query)
            )

    def is_deleted(self, release: ReleaseId) -> bool:
        """Whether the recipient of a release has confirmed since that it deleted what it had."""
        query = sa.select(col(DisclosureRow.release)).where(col(DisclosureRow.release) == release, ~_KEPT_DISCLOSURE)
        with Session(self._engine) as session:
            return session.execute(query).first() is not None

    def _standing(self, concerned: Callable[[Any], Any]) -> tuple[Exposure, ...]:
        """Return what is exposed, after what was disclosed before exposures were written down."""
        exposed, disclosed = concerned(col(ExposureRow.recipient)), concerned(col(DisclosureRow.recipient))
        rows = select(ExposureRow).where(_KEPT_EXPOSURE, exposed).order_by(col(ExposureRow.position))
        written = sa.exists().where(col(ExposureRow.release) == col(DisclosureRow.release))
        told = sa.or_(col(DisclosureRow.size) > 0, col(DisclosureRow.entered) > 0)  # else only that they all left
        older = select(DisclosureRow).where(_KEPT_DISCLOSURE, ~written, told, disclosed)
        with Session(self._engine) as session:
            unrecorded = [_unrecorded(row) for row in session.exec(older.order_by(col(DisclosureRow.position)))]
            return (*unrecorded, *(_entry(row) for row in session.exec(rows)))


def _link(connection: sa.Connection, links: Iterable[Link]) -> None:
    rows = [{"recipient": recipient, "legal_entity": entity} for recipient, entity in links]
    if rows:
        connection.execute(sa.insert(LinkRow).prefix_with("OR IGNORE"), rows)


def _ended(recipient: Any, upto: Any) -> Any:
    """The position up to which a recipient's confirmed deletions reach; 0 where there is none."""
    furthest = sa.select(sa.func.max(upto)).where(col(DeletionRow.recipient) == recipient).scalar_subquery()
    return sa.func.coalesce(furthest, 0)


_KEPT_EXPOSURE = col(ExposureRow.position) > _ended(ExposureRow.recipient, DeletionRow.exposures)
_KEPT_DISCLOSURE = col(DisclosureRow.position) > _ended(DisclosureRow.recipient, DeletionRow.disclosures)


def _entry(row: ExposureRow) -> Exposure:
    return Exposure(
        release=ReleaseId(row.release),
        segment=SegmentId(row.segment),
        recipient=RecipientId(row.recipient),
        legal_entity=row.legal_entity,
        purpose=PurposeId(row.purpose),
        beside=frozenset(map(FieldId, row.beside.split())),
        chosen_by=frozenset(map(FieldId, row.chosen_by.split())),
        at=row.at,
    )


def _unrecorded(row: DisclosureRow) -> Exposure:
    return Exposure(
        release=ReleaseId(row.release),
        segment=SegmentId(row.segment),
        recipient=RecipientId(row.recipient),
        legal_entity=row.recipient,
        purpose=PurposeId(row.purpose),
        beside=frozenset(),
        chosen_by=frozenset({UNRECORDED}),
        at=row.at,
    )
