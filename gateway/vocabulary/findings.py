"""What detection says of a column and of the spans in a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.names import FieldId


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """What a column seems to hold.

    ``category`` is detection's own word (``email``, ``phone``, ``iban``, ``card``, ``ip``, ``birth_date``,
    ``given_name``, ``family_name``, ``address``, ``postcode``, ``city``, ``fi_hetu``, ``hu_tax_id``, ``hu_taj``,
    ``ua_rntrc``, ``free_text``, ``amount``, ``date``, ``consent`` …, ``unknown``); ``evidence`` is words and
    counts, never a value.
    """

    column: str
    category: str
    kind: FieldKind | None
    field: FieldId | None  # the catalogue field it fits best, if any
    confidence: float  # 0 to 1
    evidence: tuple[str, ...]


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
