"""What the store can say about its own health."""

from __future__ import annotations

from typing import Any

from gateway.store.meta import ERASED_SINCE, read_meta

_LAWS = {
    "one_row_per_person": "SELECT 2 * count(*) - count(DISTINCT subject) - count(DISTINCT person) FROM profile_rows",
    "references_are_16_bytes": "SELECT count(*) FROM profile_rows WHERE octet_length(subject) <> 16",
    "masks_are_complete": "SELECT count(*) FROM profile_rows WHERE permits IS NULL",
    "events_have_a_person": "SELECT count(*) FROM event_rows ANTI JOIN profile_rows USING (person)",
    "members_have_a_person": "SELECT count(*) FROM snapshot_members ANTI JOIN profile_rows USING (person)",
    "released_have_a_person": "SELECT count(*) FROM release_members ANTI JOIN profile_rows USING (person)",
}


def doctor(cursor: Any) -> tuple[str, ...]:
    """Check the laws of the tables by counting; return what does not hold. Nothing of a row is shown."""
    found = []
    for name, sql in _LAWS.items():
        broken = int(cursor.execute(sql).fetchone()[0])
        if broken:
            found.append(f"{name}: {broken} rows break it; restore the file from a backup")
    erased = int(read_meta(cursor, ERASED_SINCE) or 0)
    if erased:
        found.append(
            f"erased_bytes_are_gone: {erased} erased deleted rows and values wait in the file: sweep, or erase again"
        )
    return tuple(found)
