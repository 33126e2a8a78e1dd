"""What shows a choice (Art. 7(1)): the notice's language, a reference to evidence, who expressed it, until when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gateway.intake.moments import INSTANT, instants
from gateway.intake.texts import Mask, mask
from gateway.vocabulary.consents import EVIDENCE, ExpressedBy
from gateway.vocabulary.contracts import ConsentColumn

SCHEMA = pa.schema(
    [("language", pa.string()), ("evidence", pa.string()), ("by", pa.string()), ("valid_until", INSTANT)]
)
_EVIDENCE = rf"^{EVIDENCE}\z"
_FAR = pa.scalar(dt.datetime(9999, 12, 31, tzinfo=dt.UTC), INSTANT)


@dataclass(frozen=True, slots=True)
class Proofs:
    """What the other columns of a consent column say, without what cannot be; null where they say nothing.

    ``faults`` are by the name of the source's column, and of a yes only.
    """

    columns: Mapping[str, pa.Array]
    faults: tuple[tuple[str, Mask], ...]

    def at(self, rows: npt.NDArray[np.int64], column: ConsentColumn) -> list[pa.Array]:
        """Return the columns of ``SCHEMA`` for some rows."""
        constants = {"language": column.language, "by": None if column.by is ExpressedBy.SELF else str(column.by)}
        return [
            _filled(self.columns[each.name].take(pa.array(rows)), constants.get(each.name))
            if each.name in self.columns
            else pa.repeat(pa.scalar(constants.get(each.name), each.type), len(rows))
            for each in SCHEMA
        ]


def read_proofs(column: ConsentColumn, texts: Mapping[str, pa.Array], given: Mask, at: pa.Array) -> Proofs:
    """Read the columns that ``column.further`` names; ``given`` and ``at`` are of the choices."""
    found: dict[str, pa.Array] = {}
    faults: list[tuple[str, Mask]] = []
    for said, name in column.further.items():
        values, bad = _read(said, texts[said], given, at)
        found[said] = pc.if_else(pa.array(bad), pa.scalar(None, values.type), values) if bad.any() else values
        faults.append((name, bad & given))
    return Proofs(found, tuple(faults))


def _read(said: str, texts: pa.Array, given: Mask, at: pa.Array) -> tuple[pa.Array, Mask]:
    match said:
        case "evidence":
            return texts, mask(pc.invert(pc.match_substring_regex(texts, _EVIDENCE)))
        case "by":
            return _expressed_by(texts, given)
        case _:
            return _validity(texts, given, at)


def _expressed_by(texts: pa.Array, given: Mask) -> tuple[pa.Array, Mask]:
    """Read who chose; a controller gives no consent."""
    values = pc.utf8_lower(texts)
    known = pc.is_in(values, value_set=pa.array([str(by) for by in ExpressedBy]))
    controller = mask(pc.equal(values, ExpressedBy.CONTROLLER.value))
    return values, mask(texts.is_valid()) & ~mask(known) | controller & given


def _validity(texts: pa.Array, given: Mask, at: pa.Array) -> tuple[pa.Array, Mask]:
    """Read until when a yes holds: it is a dated one and ends after its date."""
    values, _ = instants(texts, None)
    fine = mask(pc.and_(pc.greater(values, at), pc.less(values, _FAR)))
    return values, mask(texts.is_valid()) & ~(fine & given)


def _filled(values: pa.Array, constant: str | None) -> pa.Array:
    return values if constant is None else pc.fill_null(values, constant)
