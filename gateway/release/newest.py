"""The newest disclosure to each recipient for each purpose: a line of the record, not the whole ledger."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa
from sqlmodel import Session, col, select

from gateway.release.disclosures import Disclosures
from gateway.release.entries import Disclosure
from gateway.release.rows import DisclosureRow
from gateway.vocabulary.names import PurposeId, RecipientId


def newest(disclosures: Disclosures) -> dict[tuple[RecipientId, PurposeId], Disclosure]:
    """Return the newest disclosure by recipient and purpose."""
    last = select(sa.func.max(DisclosureRow.position)).group_by(
        col(DisclosureRow.recipient), col(DisclosureRow.purpose)
    )
    names = [field.name for field in dataclasses.fields(Disclosure)]
    with Session(disclosures._engine) as session:  # noqa: SLF001 - a reader of this room # pyright: ignore[reportPrivateUsage]
        rows = session.exec(select(DisclosureRow).where(col(DisclosureRow.position).in_(last))).all()
        found = [Disclosure(**{name: getattr(row, name) for name in names}) for row in rows]
    return {(each.recipient, each.purpose): each for each in found}
