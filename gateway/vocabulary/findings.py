"""What detection says of a column and of the spans in a text."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.names import FieldId


class ColumnKind(enum.StrEnum):
    """What a column is to a person beside the kinds of the catalogue's fields."""

    SPECIAL_CATEGORY = "special_category"  # Art. 9 or 10, or data that reveals it: denied until a person decides
    TECHNICAL = "technical"  # of a thing, not of a person


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """What a column seems to hold.

    ``category`` is detection's own word (``email``, ``phone``, ``iban``, ``card``, ``ip``, ``birth_date``,
    ``given_name``, ``family_name``, ``address``, ``postcode``, ``city``, ``fi_hetu``, ``hu_tax_id``, ``hu_taj``,
    ``ua_rntrc``, ``free_text``, ``amount``, ``date``, ``consent``, ``diet`` …,
    ``technical``, ``unknown``); ``evidence`` is words and
    counts, never a value.
    """

    column: str
    category: str
    kind: FieldKind | ColumnKind | None
    field: FieldId | None  # the catalogue field it fits best, if any
    confidence: float  # 0 to 1
    evidence: tuple[str, ...]
    article: str | None = None  # of the GDPR, where the column is of a special category or reveals one
    reveals: tuple[str, ...] = ()  # which special categories


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A declared column whose content says otherwise: the batch stops."""

    column: str
    declared: FieldId
    found: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in one batch, measured against the source's contract."""

    columns: Mapping[str, ColumnFinding]
    undeclared: tuple[str, ...]
    contradictions: tuple[Contradiction, ...]
