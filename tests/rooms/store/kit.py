"""A small catalogue, permits and batches for the store's tests."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from gateway.store import Store
from gateway.vocabulary.batches import PseudonymisedBatch
from gateway.vocabulary.catalogue import Catalogue, Controller
from gateway.vocabulary.contracts import SourceContract, SourceKind
from gateway.vocabulary.decisions import Action, Permit, PermittedColumn, ProcessingRequest, RowRule
from gateway.vocabulary.fields import Field, FieldKind, Keep, ValueType
from gateway.vocabulary.names import BatchId, FieldId, PurposeId, SourceId, SubjectReference

AT = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
FAR = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
LONG = dt.timedelta(days=3650)
CRM = SourceId("crm")
SHOP = SourceId("shop")
MARKETING = PurposeId("direct_marketing")


def field(name: str, kind: FieldKind, value: ValueType, column: str | None = "") -> Field:
    return Field(FieldId(name), {}, "user", "pd:Data", kind, value, name if column == "" else column, Keep())


FIELDS = (
    field("email", FieldKind.DIRECT_IDENTIFIER, ValueType.TEXT, None),
    field("city", FieldKind.ATTRIBUTE, ValueType.TEXT),
    field("diet", FieldKind.ATTRIBUTE, ValueType.TEXT),
    field("total_spend", FieldKind.ATTRIBUTE, ValueType.NUMBER),
    field("visits", FieldKind.ATTRIBUTE, ValueType.INTEGER),
    field("registered_on", FieldKind.INDIRECT_IDENTIFIER, ValueType.DATE, "registered_month"),
    field("subscriber", FieldKind.ATTRIBUTE, ValueType.BOOLEAN),
    field("amount", FieldKind.EVENT_PROPERTY, ValueType.NUMBER),
    field("quantity", FieldKind.EVENT_PROPERTY, ValueType.INTEGER),
    field("product_category", FieldKind.EVENT_PROPERTY, ValueType.TEXT),
)
OPEN = ("city", "total_spend", "visits", "registered_month", "subscriber", "amount", "quantity", "product_category")


def catalogue(*more: Field) -> Catalogue:
    shop = SourceContract(SHOP, {}, SourceKind.EVENTS, (MARKETING,), (), {}, event="purchase")
    view = SourceContract(SourceId("site"), {}, SourceKind.EVENTS, (MARKETING,), (), {}, event="visit")
    return Catalogue(
        pack="test",
        version="1",
        digest="0" * 64,
        controller=Controller("Example Oy", "privacy@example.org", "FI", "Example", "Example"),
        purposes={},
        fields={item.id: item for item in (*FIELDS, *more)},
        sources={shop.id: shop, view.id: view},
        recipients={},
        retention=(),
    )


def permit(  # noqa: PLR0913 - a kit of defaults
    *,
    mask: int = 2,
    columns: tuple[str, ...] = OPEN,
    action: Action = Action.SEGMENT,
    purpose: PurposeId = MARKETING,
    at: dt.datetime = AT,
    retention: Mapping[str, dt.timedelta] | None = None,
    kept: dt.timedelta = LONG,
) -> Permit:
    by_column = {item.column: item for item in FIELDS}
    opened = {
        name: PermittedColumn(
            name, by_column[name].id, by_column[name].stored_type, Keep(), (retention or {}).get(name, kept)
        )
        for name in columns
    }
    return Permit(
        request=ProcessingRequest(action, purpose, at),
        pack="test@1",
        pack_digest="0" * 64,
        rules=(),
        legal_basis="6(1)(a)",
        columns=opened,
        identifiers=frozenset(),
        rows=RowRule(mask, kept, kept),
        valid_until=at + dt.timedelta(minutes=5),
        minimum_size=1,
    )


def ref(number: int) -> SubjectReference:
    """Return a reference that sorts as its number does and occurs nowhere by chance."""
    return SubjectReference(number.to_bytes(4, "big") + hashlib.sha256(str(number).encode()).digest()[:12])


def refs(numbers: list[int]) -> Any:
    return pa.array([ref(number) for number in numbers], pa.binary(16))


def profiles(numbers: list[int], batch: str = "b1", **columns: list[Any]) -> PseudonymisedBatch:
    table = pa.table({"subject": refs(numbers), **{name: pa.array(values) for name, values in columns.items()}})
    return PseudonymisedBatch(CRM, BatchId(batch), SourceKind.PROFILES, table)


def events(numbers: list[int], days_ago: list[float], batch: str = "e1", **columns: list[Any]) -> PseudonymisedBatch:
    names = columns.pop("event", ["purchase"] * len(numbers))
    instants = [AT - dt.timedelta(days=days) for days in days_ago]
    table = pa.table(
        {
            "subject": refs(numbers),
            "event": pa.array(names, pa.string()),
            "at": pa.array(instants, pa.timestamp("us", "UTC")),
            **{name: pa.array(values) for name, values in columns.items()},
        }
    )
    return PseudonymisedBatch(SHOP, BatchId(batch), SourceKind.EVENTS, table)


def masks(numbers: list[int], permits: list[int], until: dt.datetime = FAR, of_age: dt.date | None = None) -> pa.Table:
    return pa.table(
        {
            "subject": refs(numbers),
            "permits": pa.array(permits, pa.uint64()),
            "permits_until": pa.array([until] * len(numbers), pa.timestamp("us", "UTC")),
            "of_age_from": pa.array([of_age] * len(numbers), pa.date32()),
            "age_reached": pa.nulls(len(numbers), pa.int64()),
        }
    )


def load(store: Store, batch: PseudonymisedBatch, permissions: pa.Table | None = None, at: dt.datetime = AT) -> None:
    with store.write(batch.batch, batch.source, at) as session:
        session.add(batch)
        if permissions is not None:
            session.set_permissions(permissions)
        session.commit(digest=f"d-{batch.batch}", rows=batch.table.num_rows, at=at, ledger_position=1)


def opened(folder: Path, *more: Field) -> Store:
    return Store.open(folder / "store.duckdb", catalogue(*more))
