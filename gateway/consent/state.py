"""Where a person's events leave them: the fold that the ledger's SQL must agree with.

What is dated ahead of the instant (a source's clock may be minutes before ours) has not happened: only what takes away
counts at once. Then four questions in this order, per purpose:

1. restricted, and no later ``lifted``: the restriction governs (Art. 18; its end does not wipe what was chosen before);
2. objected, and no later ``given``: the objection governs (Art. 21(3): a refusal or an expiry does not replace it);
3. chosen: the latest choice governs; of choices at one instant the most restrictive, and of two like yeses that under
   the older notice, by its text; ``expired`` ends a yes and replaces no other choice;
4. only asked: ``requested``. To ask again changes nothing that was chosen.

A guardian's yes stands behind the person's own later one until a no of anybody comes. For a child it goes on to govern:
consent is then the guardian's to give (Art. 8(1)), and a yes that the child may not give cannot replace it; but the
child's own no ends it, since to withdraw is the data subject's own right (Art. 7(3)). Of age, the person's own word is
all that counts. Who is a child only the policy knows, so the ledger tells both.

A yes that does not count ends no no: one that has run out, or that a child expressed alone. The no before it governs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from gateway.foundation.database import to_micros
from gateway.vocabulary.consents import ALL_PURPOSES, MAY_GIVE, ConsentEvent, ConsentStatus, ExpressedBy
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
LIFTED, REQUESTED, GIVEN, EXPIRED, OBJECTED, RESTRICTED = (
    CODES[status]
    for status in (
        ConsentStatus.LIFTED, ConsentStatus.REQUESTED, ConsentStatus.GIVEN, ConsentStatus.EXPIRED,
        ConsentStatus.OBJECTED, ConsentStatus.RESTRICTED,
    )
)  # fmt: skip
FOR_ALL_PURPOSES = frozenset({ConsentStatus.RESTRICTED, ConsentStatus.LIFTED})
CHOSEN = STATUSES[STATUSES.index(ConsentStatus.GIVEN) : STATUSES.index(ConsentStatus.OBJECTED) + 1]
YES = (ConsentStatus.GIVEN, ConsentStatus.EXPIRED)
NOES = tuple(status for status in CHOSEN if status not in YES)
# Of two like events at one instant the child's own yes is the stricter: it may not count (Art. 8(1)).
EXPRESSED = (ExpressedBy.GUARDIAN, ExpressedBy.SELF, ExpressedBy.CONTROLLER)
BY_CODES = {by: code for code, by in enumerate(EXPRESSED)}
FAR = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
_FAR_US = to_micros(FAR)


def shortening(valid_until: dt.datetime | None) -> int:
    """Return by how many microseconds a yes ends before ``FAR``: the more, the stricter; 0 when no end was said."""
    return 0 if valid_until is None else _FAR_US - to_micros(valid_until)


def guardians_yes(events: Sequence[ConsentEvent]) -> ConsentEvent | None:
    """Return the guardian's yes that no no has ended, among events of one purpose."""
    found = _latest(event for event in events if _is_guardians(event))
    ended = found is not None and any(event.status in CHOSEN[1:] and event.at >= found.at for event in events)
    return None if ended else found


def _is_guardians(event: ConsentEvent) -> bool:
    return event.status is ConsentStatus.GIVEN and event.by is ExpressedBy.GUARDIAN


def governing(events: Sequence[ConsentEvent]) -> ConsentEvent:
    """Return the event that governs among events of one purpose, given in the order of the ledger; at least one."""

    def latest(*statuses: ConsentStatus) -> ConsentEvent | None:
        return _latest(event for event in events if event.status in statuses)

    restriction = latest(ConsentStatus.RESTRICTED, ConsentStatus.LIFTED)
    if restriction and restriction.status is ConsentStatus.RESTRICTED:
        return restriction
    objection, yes = latest(ConsentStatus.OBJECTED), latest(ConsentStatus.GIVEN)
    if objection and (yes is None or objection.at >= yes.at):
        return objection
    choice, end = latest(ConsentStatus.GIVEN, *NOES), latest(ConsentStatus.EXPIRED)
    if end and (choice is None or (choice.status is ConsentStatus.GIVEN and end.at >= choice.at)):
        return end
    choice = choice or latest(ConsentStatus.REQUESTED) or restriction
    if choice is None:
        msg = "no event, no governing event"
        raise ValueError(msg)
    return choice


def _latest(events: Iterable[ConsentEvent]) -> ConsentEvent | None:
    """Return the last event by instant, then strictness, then the age of its notice; None of none."""
    return max(sorted(events, key=lambda event: event.notice or ""), key=_rank, default=None)


def _rank(event: ConsentEvent) -> tuple[dt.datetime, int, int, int]:
    return event.at, CODES[event.status], shortening(event.valid_until), BY_CODES[event.by]


def standing_of(
    events: Iterable[ConsentEvent], at: dt.datetime, *, child: bool = False
) -> dict[PurposeId, ConsentEvent]:
    """Return the governing event per purpose (and ``*``) at an instant; the events in the order of the ledger.

    For a ``child`` a guardian's yes governs where it stands behind the child's own.
    """
    by_purpose: dict[PurposeId, list[ConsentEvent]] = {}
    for event in events:
        if event.at <= at or (event.status not in MAY_GIVE and event.recorded_at <= at):
            by_purpose.setdefault(event.purpose, []).append(event)
    return {purpose: _for(governing(chosen), chosen, at, child=child) for purpose, chosen in by_purpose.items()}


def _for(word: ConsentEvent, events: Sequence[ConsentEvent], at: dt.datetime, *, child: bool) -> ConsentEvent:
    if word.status not in YES:
        return word
    guardians = guardians_yes(events) if child and word.status is ConsentStatus.GIVEN else None
    yes = guardians or word
    ran_out = yes.status is ConsentStatus.EXPIRED or (yes.valid_until is not None and yes.valid_until <= at)
    if not ran_out and (yes.by is ExpressedBy.GUARDIAN or not child):
        return yes
    before = [event for event in events if event.status in NOES]
    return governing(before) if before else yes


def ends_at(event: ConsentEvent, valid_for: dt.timedelta | None) -> dt.datetime | None:
    """Return when a yes ends by itself: by its own end or the purpose's, whichever comes first; None for never."""
    ends = [event.valid_until] if event.valid_until else []
    if valid_for is not None:
        ends.append(event.at + valid_for if valid_for <= FAR - event.at else FAR)
    return min(ends) if ends and event.status is ConsentStatus.GIVEN else None


def status_at(
    events: Iterable[ConsentEvent],
    purpose: PurposeId,
    at: dt.datetime,
    valid_for: dt.timedelta | None = None,
    *,
    child: bool = False,
) -> ConsentStatus:
    """Return one person's status for one purpose at an instant; a restriction of everything comes first.

    ``valid_for`` is how long a yes counts for the purpose: one that is over is ``expired``. ``child`` as in
    ``standing_of``.
    """
    standing = standing_of(events, at, child=child)
    everything, here = standing.get(ALL_PURPOSES), standing.get(purpose)
    if everything and everything.status is ConsentStatus.RESTRICTED:
        return ConsentStatus.RESTRICTED
    if here is None:
        return ConsentStatus.UNKNOWN
    end = ends_at(here, valid_for)
    return ConsentStatus.EXPIRED if end is not None and end <= at else here.status
