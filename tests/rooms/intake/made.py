"""A small catalogue and two contracts, made by hand for the tests of this room."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

from gateway.intake import describe, parse, read_batches
from gateway.vocabulary.batches import ParsedBatch, RawBatch
from gateway.vocabulary.catalogue import Catalogue, Controller
from gateway.vocabulary.contracts import (
    Column,
    ConsentColumn,
    ConsentForm,
    FieldColumn,
    IgnoredColumn,
    SourceContract,
    SourceKind,
)
from gateway.vocabulary.fields import AgeBand, Field, FieldKind, Keep, Month, Prefix, Redacted, Transform, ValueType
from gateway.vocabulary.names import FieldId, PurposeId, SourceId

AT = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
MARKETING = PurposeId("direct_marketing")


def field(
    name: str,
    kind: FieldKind,
    value: ValueType = ValueType.TEXT,
    column: str | None = None,
    transform: Transform | None = None,
) -> Field:
    identifier = name if kind is FieldKind.DIRECT_IDENTIFIER else None
    return Field(
        FieldId(name), {"en": name}, f"user.{name}", "pd:Data", kind, value, column, transform or Keep(), identifier
    )


FIELDS = (
    field("customer_number", FieldKind.DIRECT_IDENTIFIER),
    field("email", FieldKind.DIRECT_IDENTIFIER),
    field("phone", FieldKind.DIRECT_IDENTIFIER),
    field("given_name", FieldKind.DIRECT_IDENTIFIER),
    field("birth_date", FieldKind.INDIRECT_IDENTIFIER, ValueType.DATE, "age_band", AgeBand(5)),
    field("postcode", FieldKind.INDIRECT_IDENTIFIER, ValueType.TEXT, "postcode3", Prefix(3)),
    field("registered_on", FieldKind.INDIRECT_IDENTIFIER, ValueType.DATE, "registered_month", Month()),
    field("city", FieldKind.ATTRIBUTE, ValueType.TEXT, "city"),
    field("total_spend", FieldKind.ATTRIBUTE, ValueType.NUMBER, "total_spend"),
    field("member", FieldKind.ATTRIBUTE, ValueType.BOOLEAN, "member"),
    field("seen_at", FieldKind.ATTRIBUTE, ValueType.INSTANT, "seen_at"),
    field("feedback", FieldKind.FREE_TEXT, ValueType.TEXT, "feedback", Redacted()),
    field("quantity", FieldKind.EVENT_PROPERTY, ValueType.INTEGER, "quantity"),
    field("amount", FieldKind.EVENT_PROPERTY, ValueType.NUMBER, "amount"),
)
CATALOGUE = Catalogue(
    pack="made",
    version="1",
    digest="0" * 64,
    controller=Controller("Example Ltd", "privacy@example.org", "FI", "dpo@example.org", "Example Authority"),
    purposes={},
    fields={each.id: each for each in FIELDS},
    sources={},
    recipients={},
    retention=(),
)


def is_field(name: str, **more: Any) -> FieldColumn:
    return FieldColumn(FieldId(name), **more)


def consent(form: ConsentForm = ConsentForm.YES_DATE, purpose: PurposeId = MARKETING) -> ConsentColumn:
    return ConsentColumn(purpose, form, "webshop-2026-05")


def profiles(columns: Mapping[str, Column], **more: Any) -> SourceContract:
    subject = tuple(FieldId(name) for name in ("customer_number", "email", "phone"))
    return SourceContract(
        SourceId("webshop_customers"), {"en": "Customers"}, SourceKind.PROFILES, (MARKETING,), subject, columns, **more
    )


CUSTOMERS = profiles(
    {
        "no": is_field("customer_number"),
        "email": is_field("email"),
        "born": is_field("birth_date"),
        "postcode": is_field("postcode"),
        "city": is_field("city"),
        "spend": is_field("total_spend"),
        "registered": is_field("registered_on"),
        "yes": consent(),
        "internal": IgnoredColumn(),
    }
)
PURCHASES = SourceContract(
    SourceId("webshop_purchases"),
    {"en": "Purchases"},
    SourceKind.EVENTS,
    (MARKETING,),
    (FieldId("customer_number"),),
    {"no": is_field("customer_number"), "quantity": is_field("quantity"), "amount": is_field("amount")},
    event="purchase",
    time="when",
)


def read(data: bytes, contract: SourceContract | None = None, *, rows: int = 131_072) -> list[RawBatch]:
    layout = describe(data[: 256 * 1024], contract, name="made.csv")
    return list(read_batches(io.BytesIO(data), layout, contract or SourceId("made"), name="made.csv", rows=rows))


def parsed(data: bytes, contract: SourceContract, at: dt.datetime = AT) -> ParsedBatch:
    (batch,) = read(data, contract)
    return parse(batch, contract, CATALOGUE, at=at)


def one_column(values: list[str], column: Column, **more: Any) -> ParsedBatch:
    """Parse values of one column beside a customer number."""
    lines = ["no;value", *(f'{number};"{value}"' for number, value in enumerate(values))]
    return parsed("\n".join(lines).encode(), profiles({"no": is_field("customer_number"), "value": column}, **more))


def reasons(batch: ParsedBatch) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in batch.quarantined]
