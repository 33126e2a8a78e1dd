"""Who came and who went between two snapshots."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gateway.foundation.arrays import from_blocks, to_blocks


@dataclass(frozen=True, slots=True)
class Delta:
    """Members of the current snapshot only, and of the previous one only."""

    entered: pa.Array
    left: pa.Array


def diff(previous: pa.Array | pa.ChunkedArray, current: pa.Array | pa.ChunkedArray) -> Delta:
    """Compare two columns of 16-byte values (subject references, each once); the order of the inputs is kept."""
    before, after = from_blocks(to_blocks(previous)), from_blocks(to_blocks(current))
    return Delta(
        entered=after.filter(pc.invert(pc.is_in(after, value_set=before))),
        left=before.filter(pc.invert(pc.is_in(before, value_set=after))),
    )
