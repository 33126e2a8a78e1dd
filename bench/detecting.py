"""The one place that knows the detector's doors: what the corpus asks of it, and its answers in the corpus's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from bench.corpus import LabelledNote, LabelledTable
from gateway.detection import Detector
from gateway.foundation.settings import Settings
from gateway.wiring import read_pack

_DIRECT = "direct_identifier"
_PERSONAL_KINDS = frozenset({_DIRECT, "indirect_identifier", "free_text", "special_category"})
_PERSONAL = frozenset({"city", "country", "language", "gender", "income"})  # attributes that are a person's
_COUNTRIES = frozenset({"fi", "hu", "ua", "gb", "se", "de"})
ANY_COUNTRY = "any"
_NAMES = frozenset({"person", "given_name", "family_name", "full_name", "patronymic"})
# What a row's own column is called at the detector's door, where it differs.
_DOOR = {"patronymic": "full_name", "card": "card_number", "ip": "ip_address"}
_CORPUS = {"card_number": "card", "ip_address": "ip", "person": "full_name"}


@dataclass(frozen=True, slots=True)
class Said:
    """What the detector says of a column."""

    category: str
    direct: bool
    personal: bool
    national: str | None  # the country of a national identifier, or ANY_COUNTRY
    special: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A place in a note; ``name``: it is said to be a person's name."""

    start: int
    end: int
    category: str
    name: bool


def make_detector() -> Detector:
    """Return a detector under the baseline catalogue."""
    detector = Detector(read_pack(Settings().policies).catalogue)
    # Models load when a text first needs them; the baseline has loaded its own before it is timed, too.
    detector.redact(pa.array(["We met Xylander there"]), {}, pa.array(["en"]))
    return detector


def arrow(table: LabelledTable) -> pa.Table:
    """Return a corpus table as the detector takes it: text, null where empty."""
    columns = [pa.array([value or None for value in column.values], pa.string()) for column in table.columns]
    return pa.table(columns, names=[column.header for column in table.columns])


def columns(detector: Detector, table: pa.Table) -> list[Said]:
    """Classify a table; one answer for each column."""
    findings: Mapping[str, Any] = detector.classify(table)
    return [_said(findings[name]) for name in table.column_names]


def _said(finding: Any) -> Said:
    kind = str(finding.kind) if finding.kind is not None else ""
    direct = kind == _DIRECT
    special = kind == "special_category"
    personal = kind in _PERSONAL_KINDS or finding.category in _PERSONAL
    return Said(finding.category, direct, personal, _country(finding.category) if direct else None, special)


def _country(category: str) -> str | None:
    start = category.partition("_")[0]
    if start in _COUNTRIES:
        return start
    return ANY_COUNTRY if start == "national" else None


def redacted(detector: Detector, notes: Sequence[LabelledNote]) -> list[str]:
    """Redact notes, each with its row's own identifiers."""
    answers: list[str | None] = detector.redact(*asked(notes)).texts.to_pylist()
    return [answer or "" for answer in answers]


def spans(detector: Detector, notes: Sequence[LabelledNote]) -> list[list[Found]]:
    """Return what is found in each note."""
    return [
        [Found(one.start, one.end, _plain(one.category), one.category in _NAMES) for one in found]
        for found in detector.find(*asked(notes))
    ]


def _plain(category: str) -> str:
    """The corpus's word for a category of the detector's, where the corpus has one."""
    return "national_id" if _country(category) else _CORPUS.get(category, category)


def asked(notes: Sequence[LabelledNote]) -> tuple[pa.Array, dict[str, pa.Array], pa.Array]:
    """Return notes as the detector is asked about them: texts, their rows' own identifiers, languages."""
    texts = pa.array([note.text for note in notes], pa.string())
    categories = dict.fromkeys(category for note in notes for category in note.own)
    own = {
        _DOOR.get(category, category): pa.array([note.own.get(category) for note in notes], pa.string())
        for category in categories
    }
    return texts, own, pa.array([note.language for note in notes], pa.string())
