"""A pack as plain data, for a person to read and a machine to print."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from typing import Any

from gateway.policy.pack import Pack
from gateway.vocabulary.fields import AgeBand, Band, Bucket, Prefix, Rounded, TopCode, Transform
from gateway.vocabulary.purposes import Purpose


def describe(pack: Pack) -> dict[str, Any]:
    """Return the pack as dictionaries, lists, texts and numbers only; lists are in a fixed order.

    Whatever an entry says is told: what ``plain`` makes of it, so that no new key can be forgotten here.
    """
    catalogue = pack.catalogue
    return {
        "pack": catalogue.pack,
        "version": catalogue.version,
        "digest": catalogue.digest,
        "label": pack.label,
        "title": dict(pack.title),
        "languages": list(pack.languages),
        "effective_from": pack.effective_from.isoformat(),
        "supersedes": pack.supersedes,
        "controller": plain(catalogue.controller),
        "signals": plain(catalogue.signals),
        "purposes": [_purpose(purpose, pack) for purpose in catalogue.purposes.values()],
        "fields": [plain(field) for field in catalogue.fields.values()],
        "sources": [plain(source) for source in catalogue.sources.values()],
        "recipients": [plain(recipient) for recipient in catalogue.recipients.values()],
        "rules": [plain(rule) for rule in pack.rules],
        "cases": len(pack.cases),
        "segments": sorted(pack.written_in("segments")),
        "traits": sorted(pack.written_in("traits")),
    }


def _purpose(purpose: Purpose, pack: Pack) -> dict[str, Any]:
    retention = {item.field: plain(item.period) for item in pack.catalogue.retention if item.purpose == purpose.id}
    return {**plain(purpose), "retention": retention}


def transform_name(transform: Transform) -> str:
    """Return the transform in a word, for example ``age_band(5)``."""
    match transform:
        case AgeBand(years=years):
            return f"age_band({years})"
        case Prefix(length=length):
            return f"prefix({length})"
        case Band(edges=edges):
            return f"band({', '.join(map(str, edges))})"
        case Rounded(step=step):
            return f"round({step})"
        case TopCode(limit=limit):
            return f"top_code({limit})"
        case Bucket(buckets=buckets):
            return f"bucket({buckets})"
        case _:
            return type(transform).__name__.lower()


def plain(value: Any) -> Any:
    """Return a value of a pack as plain data: sets in order, periods in days, instants in ISO 8601."""
    if isinstance(value, Transform):
        return transform_name(value)
    if dataclasses.is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    return _plain_collection(value)


def _plain_collection(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(plain, value), key=str)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, dt.timedelta):
        return f"{value.days} days"
    if isinstance(value, dt.date):
        return value.isoformat()
    return value.value if isinstance(value, enum.Enum) else value
