"""What comes of enrolling one chunk."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from gateway.vault.resolution import Flags


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who the rows of a chunk are."""

    refs: pa.Array  # binary(16), null where suppressed or unresolved
    new: int
    suppressed: Flags
    unresolved: Flags  # no usable identifier, or unknown where nobody may be created
    conflicts: int  # identifiers that belong to somebody else and stayed there
