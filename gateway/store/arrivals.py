"""When each source last brought something, and how many people permit which purposes: figures for the record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow.compute

from gateway.store.store import Store
from gateway.vocabulary.names import SourceId

pc: Any = pyarrow.compute  # its functions are made at import, where no type checker sees them


def last_batches(store: Store) -> dict[SourceId, dt.datetime]:
    """Return the instant of each source's newest batch."""
    with store._reading() as cursor:  # noqa: SLF001 - a reader of this room # pyright: ignore[reportPrivateUsage]
        rows = cursor.execute('SELECT source, max(epoch_us("at")) FROM batches GROUP BY source').fetchall()
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return {SourceId(source): epoch + dt.timedelta(microseconds=micros) for source, micros in rows}


def count_permitting(store: Store, bits: Iterable[int], at: dt.datetime) -> tuple[int, dict[int, int]]:
    """Return how many people are stored, and for each bit how many permit its purpose at ``at``: exact, not to be told.

    One pass over the masks in bounded batches.
    """
    people, found = 0, dict.fromkeys(bits, 0)
    for batch in store.all_subjects():
        people += batch.num_rows
        lasting = pc.greater(batch.column("permits_until"), at)
        masks = batch.column("permits").filter(lasting).to_numpy(zero_copy_only=False)
        for bit in found:
            found[bit] += int(np.count_nonzero(masks & np.uint64(1 << bit)))
    return people, found
