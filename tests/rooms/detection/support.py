"""Made-up people, right and wrong identifiers, and a small catalogue."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from gateway.vocabulary.batches import RawBatch
from gateway.vocabulary.catalogue import Catalogue, Controller
from gateway.vocabulary.contracts import Column, FieldColumn, SourceContract, SourceKind
from gateway.vocabulary.fields import Field, FieldKind, Keep, ValueType
from gateway.vocabulary.names import FieldId, PurposeId, SourceId

_DIRECT = {
    "customer_number": "customer_number", "email": "email", "phone": "phone", "national_id": "national_id",
    "given_name": None, "family_name": None, "street_address": None, "iban": None, "card_number": None,
    "ip_address": None,
}  # fmt: skip
_OTHERS = {
    "birth_date": FieldKind.INDIRECT_IDENTIFIER, "postcode": FieldKind.INDIRECT_IDENTIFIER,
    "registered_on": FieldKind.INDIRECT_IDENTIFIER, "city": FieldKind.ATTRIBUTE, "country": FieldKind.ATTRIBUTE,
    "language": FieldKind.ATTRIBUTE, "gender": FieldKind.ATTRIBUTE, "loyalty_tier": FieldKind.ATTRIBUTE,
    "total_spend": FieldKind.ATTRIBUTE, "feedback": FieldKind.FREE_TEXT, "amount": FieldKind.EVENT_PROPERTY,
    "quantity": FieldKind.EVENT_PROPERTY, "product_category": FieldKind.EVENT_PROPERTY,
}  # fmt: skip


def field(name: str, kind: FieldKind, identifier: str | None = None) -> Field:
    return Field(
        FieldId(name), {"en": name.replace("_", " ")}, f"user.{name}", "pd:PersonalData", kind, ValueType.TEXT, None,
        Keep(), identifier=identifier,
    )  # fmt: skip


def catalogue() -> Catalogue:
    fields = {FieldId(n): field(n, FieldKind.DIRECT_IDENTIFIER, identifier) for n, identifier in _DIRECT.items()}
    fields |= {FieldId(n): field(n, kind) for n, kind in _OTHERS.items()}
    controller = Controller("Webshop", "privacy@example.org", "FI", "dpo@example.org", "Tietosuojavaltuutettu")
    return Catalogue("test", "1", "0" * 64, controller, {}, fields, {}, {}, ())


def contract(columns: dict[str, str], time: str | None = None) -> SourceContract:
    declared: dict[str, Column] = {name: FieldColumn(FieldId(field)) for name, field in columns.items()}
    return SourceContract(
        SourceId("webshop"), {}, SourceKind.PROFILES, (PurposeId("customer_segmentation"),), (), declared, time=time
    )


def batch(**columns: Iterable[str | None]) -> RawBatch:
    table = pa.table({name: pa.array(list(values), pa.string()) for name, values in columns.items()})
    return RawBatch(SourceId("webshop"), table, np.arange(2, table.num_rows + 2))


def hetu(rng: random.Random) -> str:
    born = dt.date(1930, 1, 1) + dt.timedelta(days=rng.randrange(34_000))
    sign = rng.choice("-YXWVU") if born.year < 2000 else rng.choice("ABCDEF")
    serial = f"{rng.randrange(2, 900):03}"
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(f"{born:%d%m%y}{serial}") % 31]
    return f"{born:%d%m%y}{sign}{serial}{check}"


def hu_tax_id(rng: random.Random) -> str:
    while True:
        digits = [8, *(rng.randrange(10) for _ in range(8))]
        check = sum(digit * place for place, digit in enumerate(digits, 1)) % 11
        if check < 10:
            return "".join(map(str, [*digits, check]))


def hu_taj(rng: random.Random) -> str:
    digits = [rng.randrange(10) for _ in range(8)]
    check = sum(digit * weight for digit, weight in zip(digits, [3, 7] * 4, strict=True)) % 10
    return "".join(map(str, [*digits, check]))


def ua_rntrc(rng: random.Random) -> str:
    digits = [int(digit) for digit in f"{rng.randrange(10_000, 40_000)}{rng.randrange(10_000):04}"]
    total = sum(digit * weight for digit, weight in zip(digits, (-1, 5, 7, 9, 4, 6, 10, 5, 7), strict=True))
    return "".join(map(str, [*digits, total % 11 % 10]))


def nino(rng: random.Random) -> str:
    return f"{rng.choice(['AB', 'CE', 'JG', 'PX', 'SR'])}{rng.randrange(10**6):06}{rng.choice('ABCD')}"


def iban(rng: random.Random) -> str:
    account = f"FI00{rng.randrange(10**13):013}"
    digits = [int(digit) for digit in account[4:]]
    doubled = sum(sum(divmod(digit * (2 - place % 2), 10)) for place, digit in enumerate(digits))
    body = account[4:] + str(-doubled % 10)
    return f"FI{98 - int(body + '151800') % 97:02}{body}"


def card(rng: random.Random) -> str:
    digits = [4, *(rng.randrange(10) for _ in range(14))]
    doubled = sum(sum(divmod(digit * (2 - place % 2), 10)) for place, digit in enumerate(digits))
    return "".join(map(str, [*digits, -doubled % 10]))


def cell(random_source: random.Random, *choices: str) -> str:
    return random_source.choice(choices)
