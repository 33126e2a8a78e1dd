"""Where a person's events leave them: the fold that the ledger's SQL must agree with.

Four questions in this order, per purpose:

1. restricted, and no later ``lifted``: the restriction governs (Art. 18; its end does not wipe what was chosen before);
2. objected, and no later ``given``: the objection governs (Art. 21(3): a refusal or an expiry does not replace it);
3. chosen: the latest choice governs; of choices at one instant the most restrictive;
4. only asked: ``requested``. To ask again changes nothing that was chosen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from gateway.foundation.database import to_micros
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId

# From the least to the most restrictive: the place in this list is the code in the ledger.
STATUSES = (
    ConsentStatus.LIFTED,
    ConsentStatus.REQUESTED,
    ConsentStatus.GIVEN,
    ConsentStatus.EXPIRED,
    ConsentStatus.INVALIDATED,
    ConsentStatus.REFUSED,
    ConsentStatus.WITHDRAWN,
    ConsentStatus.OBJECTED,
    ConsentStatus.RESTRICTED,
)
CODES = {status: code for code, status in enumerate(STATUSES)}
FOR_ALL_PURPOSES = frozenset({ConsentStatus.RESTRICTED, ConsentStatus.LIFTED})
CHOSEN = STATUSES[STATUSES.index(ConsentStatus.GIVEN) : STATUSES.index(ConsentStatus.OBJECTED) + 1]
# Of two like events at one instant the child's own yes is the stricter: it may not count (Art. 8(1)).
EXPRESSED = (ExpressedBy.GUARDIAN, ExpressedBy.SELF, ExpressedBy.CONTROLLER)
BY_CODES = {by: code for code, by in enumerate(EXPRESSED)}
FAR = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
_FAR_US = to_micros(FAR)


def shortening(valid_until: dt.datetime | None) -> int:
    """Return by how many microseconds a yes ends before ``FAR``: the more, the stricter; 0 when no end was said."""
    return 0 if valid_until is None else _FAR_US - to_micros(valid_until)


def governing(events: Sequence[ConsentEvent]) -> ConsentEvent:
    """Return the event that governs among events of one purpose, given in the order of the ledger; at least one."""

    def latest(*statuses: ConsentStatus) -> ConsentEvent | None:
        ranked = [(*_rank(event), place) for place, event in enumerate(events) if event.status in statuses]
        return events[max(ranked)[-1]] if ranked else None

    restriction = latest(ConsentStatus.RESTRICTED, ConsentStatus.LIFTED)
    if restriction and restriction.status is ConsentStatus.RESTRICTED:
        return restriction
    objection, yes = latest(ConsentStatus.OBJECTED), latest(ConsentStatus.GIVEN)
    if objection and (yes is None or objection.at >= yes.at):
        return objection
    choice = latest(*CHOSEN) or latest(ConsentStatus.REQUESTED) or restriction
    if choice is None:
        msg = "no event, no governing event"
        raise ValueError(msg)
    return choice


def _rank(event: ConsentEvent) -> tuple[dt.datetime, int, int, int]:
    return event.at, CODES[event.status], shortening(event.valid_until), BY_CODES[event.by]


def standing_of(events: Iterable[ConsentEvent], at: dt.datetime) -> dict[PurposeId, ConsentEvent]:
    """Return the governing event per purpose (and ``*``) at an instant; the events in the order of the ledger."""
    by_purpose: dict[PurposeId, list[ConsentEvent]] = {}
    for event in events:
        if event.at <= at:
            by_purpose.setdefault(event.purpose, []).append(event)
    return {purpose: governing(chosen) for purpose, chosen in by_purpose.items()}


def ends_at(event: ConsentEvent, valid_for: dt.timedelta | None) -> dt.datetime | None:
    """Return when a yes ends by itself: by its own end or the purpose's, whichever comes first; None for never."""
    ends = [event.valid_until] if event.valid_until else []
    if valid_for is not None:
        ends.append(event.at + valid_for if valid_for <= FAR - event.at else FAR)
    return min(ends) if ends and event.status is ConsentStatus.GIVEN else None


def status_at(
    events: Iterable[ConsentEvent], purpose: PurposeId, at: dt.datetime, valid_for: dt.timedelta | None = None
) -> ConsentStatus:
    """Return one person's status for one purpose at an instant; a restriction of everything comes first.

    ``valid_for`` is how long a yes counts for the purpose: one that is over is ``expired``.
    """
    standing = standing_of(events, at)
    everything, here = standing.get(ALL_PURPOSES), standing.get(purpose)
    if everything and everything.status is ConsentStatus.RESTRICTED:
        return ConsentStatus.RESTRICTED
    if here is None:
        return ConsentStatus.UNKNOWN
    end = ends_at(here, valid_for)
    return ConsentStatus.EXPIRED if end is not None and end <= at else here.status
