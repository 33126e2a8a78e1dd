"""Where a person's events leave them: the fold that the ledger's SQL must agree with.

Three questions in this order, per purpose:

1. restricted, and no later ``lifted``: the restriction governs (Art. 18; its end does not wipe what was chosen before);
2. objected, and no later ``given``: the objection governs (Art. 21(3): a refusal or an expiry does not replace it);
3. otherwise the latest choice governs; of choices at one instant the most restrictive.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus
from gateway.vocabulary.names import PurposeId

# From the least to the most restrictive: the place in this list is the code in the ledger.
STATUSES = (
    ConsentStatus.LIFTED,
    ConsentStatus.GIVEN,
    ConsentStatus.EXPIRED,
    ConsentStatus.REFUSED,
    ConsentStatus.WITHDRAWN,
    ConsentStatus.OBJECTED,
    ConsentStatus.RESTRICTED,
)
CODES = {status: code for code, status in enumerate(STATUSES)}
FOR_ALL_PURPOSES = frozenset({ConsentStatus.RESTRICTED, ConsentStatus.LIFTED})


def governing(events: Sequence[ConsentEvent]) -> ConsentEvent:
    """Return the event that governs among events of one purpose, given in the order of the ledger; at least one."""

    def latest(*statuses: ConsentStatus) -> ConsentEvent | None:
        ranked = [(e.at, CODES[e.status], i) for i, e in enumerate(events) if e.status in statuses]
        return events[max(ranked)[2]] if ranked else None

    restriction = latest(ConsentStatus.RESTRICTED, ConsentStatus.LIFTED)
    if restriction and restriction.status is ConsentStatus.RESTRICTED:
        return restriction
    objection, yes = latest(ConsentStatus.OBJECTED), latest(ConsentStatus.GIVEN)
    if objection and (yes is None or objection.at >= yes.at):
        return objection
    choice = latest(*STATUSES[1:6]) or restriction
    if choice is None:
        msg = "no event, no governing event"
        raise ValueError(msg)
    return choice


def standing_of(events: Iterable[ConsentEvent], at: dt.datetime) -> dict[PurposeId, ConsentEvent]:
    """Return the governing event per purpose (and ``*``) at an instant; the events in the order of the ledger."""
    by_purpose: dict[PurposeId, list[ConsentEvent]] = {}
    for event in events:
        if event.at <= at:
            by_purpose.setdefault(event.purpose, []).append(event)
    return {purpose: governing(chosen) for purpose, chosen in by_purpose.items()}


def status_at(events: Iterable[ConsentEvent], purpose: PurposeId, at: dt.datetime) -> ConsentStatus:
    """Return one person's status for one purpose at an instant; a restriction of everything comes first."""
    standing = standing_of(events, at)
    everything, here = standing.get(ALL_PURPOSES), standing.get(purpose)
    if everything and everything.status is ConsentStatus.RESTRICTED:
        return ConsentStatus.RESTRICTED
    return here.status if here else ConsentStatus.UNKNOWN
