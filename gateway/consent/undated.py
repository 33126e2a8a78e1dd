"""What an undated choice counts for: it says only what a source holds today, not when anybody chose it.

It is recorded as of now where it differs from what its channel said last; otherwise every import would renew an old
yes, and overrule a withdrawal made elsewhere in between. The notice is no difference: a new one in the contract is not
a new choice. What gives (a yes, the end of a restriction) counts besides only

- where no contrary word of another channel that came after this channel's last one is unanswered, since nobody can
  show which of the two is the later (Art. 7(1)): answered it is by a dated like word after it that still holds and was
  not expressed by somebody less;
- where the same batch does not hold the contrary for the same person and purpose.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gateway.consent.state import CODES, EXPIRED, FAR, GIVEN, LIFTED, OBJECTED, REQUESTED, RESTRICTED
from gateway.foundation.database import to_micros

Numbers = npt.NDArray[np.integer[Any]]

# Of this channel, the last word of the kind that is told now: a choice and a restriction do not replace each other.
_OWN_LAST = f"""FROM consent_event AS l
  WHERE l.subject = ?1 AND l.purpose = ?2 AND l.channel = {{channel}}
  AND (?3 = {REQUESTED} OR l.status <> {REQUESTED}
       AND (l.status IN ({LIFTED}, {RESTRICTED})) = (?3 IN ({LIFTED}, {RESTRICTED})))
  ORDER BY l.position DESC, l.at DESC, l.status DESC LIMIT 1"""
_CHANGED = f"(SELECT l.status * 4 + l.by {_OWN_LAST}) IS NOT ?3 * 4 + {{by}}"
_CONTRADICTED = """EXISTS (SELECT 1 FROM temp.consent_contrary AS c
  WHERE c.subject = ?1 AND c.purpose = ?2 AND c.channel = {channel} AND c.status = ?3)"""
_ANSWERED = f"""EXISTS (SELECT 1 FROM consent_event AS y
  WHERE y.subject = ?1 AND y.purpose = ?2 AND y.status = ?3 AND y.at > n.at AND y.at <= {{recorded}}
  AND y.by <= {{by}} AND y.shortening < {to_micros(FAR)} - {{recorded}})"""
_UNANSWERED = f"""EXISTS (SELECT 1 FROM consent_event AS n
  WHERE n.subject = ?1 AND n.purpose = ?2 AND n.channel <> {{channel}}
  AND CASE ?3 WHEN {GIVEN} THEN n.status BETWEEN {EXPIRED} AND {OBJECTED} ELSE n.status = {RESTRICTED} END
  AND n.at >= coalesce((SELECT l.at {_OWN_LAST}), n.at) AND NOT {_ANSWERED})"""
# A condition on subject (?1), purpose (?2) and status (?3); the places of a batch's constants are still to be filled.
COUNTS = f"{_CHANGED} AND (?3 NOT IN ({GIVEN}, {LIFTED}) OR NOT {_CONTRADICTED} AND NOT {_UNANSWERED})"
# What each undated word of a batch that takes something away is the contrary of.
PREPARE: Final = (
    """CREATE TEMP TABLE IF NOT EXISTS consent_contrary
    (subject BLOB, purpose, channel, status, PRIMARY KEY (subject, purpose, channel, status)) WITHOUT ROWID""",
    "DELETE FROM temp.consent_contrary",
)
NOTE = f"""INSERT OR IGNORE INTO temp.consent_contrary
SELECT ?1, ?2, {{channel}}, CASE ?3 WHEN {RESTRICTED} THEN {LIFTED} ELSE {GIVEN} END"""
TAKES_AWAY: Final = EXPIRED  # and all after it


def kind_and_rank(status: Numbers, by: Numbers) -> tuple[Numbers, Numbers]:
    """Return which words can contradict each other (those of one kind), and of these how strict each is."""
    kinds = np.full(len(CODES), 0)
    kinds[[LIFTED, RESTRICTED]], kinds[REQUESTED] = 1, 2
    return kinds[status], status * 4 + by
