"""What a browser or a tracking call says of a person's choices, in the words of the pack's purposes."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.consent import tcf
from gateway.consent.state import CODES
from gateway.vocabulary.catalogue import Signals
from gateway.vocabulary.consents import ConsentEvent, ConsentStatus
from gateway.vocabulary.names import PurposeId

GPC, TCF, CATEGORIES = "gpc", "tcf", "tracking"  # the channels


@dataclass(frozen=True, slots=True)
class Told:
    """What one call said. ``categories`` is ``context.consent.categoryPreferences`` of a tracking call."""

    gpc: bool = False  # `Sec-GPC: 1`
    tcf: str | None = None
    categories: Mapping[str, bool] | None = None
    notice: str | None = None  # the version that the categories were chosen under


@dataclass(frozen=True, slots=True)
class Signalled:
    """One choice that a signal makes. ``at`` is null where the signal says only how things are now."""

    purpose: PurposeId
    status: ConsentStatus
    channel: str
    at: dt.datetime | None = None
    notice: str | None = None
    language: str | None = None
    evidence: str | None = None


def unknown_categories(told: Told, signals: Signals) -> int:
    """Return how many categories the pack knows nothing of: they are ignored."""
    return sum(category not in signals.categories for category in told.categories or {})


def of_browser(told: Told, signals: Signals) -> Iterator[Signalled]:
    """Give what the preferences and the Global Privacy Control say; of two categories for a purpose the no counts."""
    said: dict[PurposeId, bool] = {}
    for category, yes in (told.categories or {}).items():
        purpose = signals.categories.get(category)
        if purpose is not None:
            said[purpose] = yes and said.get(purpose, True)
    for purpose, yes in said.items():
        status = ConsentStatus.GIVEN if yes else ConsentStatus.REFUSED
        yield Signalled(purpose, status, CATEGORIES, notice=told.notice)
    if told.gpc:
        yield from (Signalled(purpose, ConsentStatus.OBJECTED, GPC) for purpose in signals.gpc)


def of_tc_string(text: str, signals: Signals) -> Iterator[Signalled]:
    """Give what a TC string says: yes where it consents to all TCF purposes of a purpose, else no.

    Its date is a day: a yes counts from the beginning of that day, a no from when the string is received. The notice is
    ``tcf-`` and the version of the policies; the evidence is the string's digest, since the string itself is personal
    data. Raises ``TcfUnreadable``.
    """
    read = tcf.decode(text)
    digest = f"tcf:sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    for purpose, numbers in signals.tcf.items():
        yes = bool(numbers) and all(read.consents(number, signals.tcf_vendor) for number in numbers)
        status, at = (ConsentStatus.GIVEN, read.updated) if yes else (ConsentStatus.REFUSED, None)
        yield Signalled(purpose, status, TCF, at, f"tcf-{read.policy}", read.language, digest)


def agreed(choices: Sequence[Signalled]) -> list[Signalled]:
    """Return the choices of one call without each yes that another of its signals contradicts."""
    denied = {choice.purpose for choice in choices if choice.status is not ConsentStatus.GIVEN}
    return [choice for choice in choices if choice.status is not ConsentStatus.GIVEN or choice.purpose not in denied]


def strictest(choices: Iterable[Signalled]) -> dict[PurposeId, ConsentStatus]:
    """Return for each purpose the most restrictive of the choices."""
    ranked = sorted(choices, key=lambda choice: CODES[choice.status])
    return {choice.purpose: choice.status for choice in ranked}


def news(choices: Iterable[Signalled], history: Sequence[ConsentEvent], now: dt.datetime) -> Iterator[Signalled]:
    """Give every yes, and each no that the person's ``history`` does not have, dated ``now``.

    A no that is only repeated is new again after any yes, since the signal is still there. A TC string is one choice
    and stays the same one: shown again, it takes back nothing that was chosen since.
    """
    for choice in choices:
        if choice.status is ConsentStatus.GIVEN:
            yield choice
        elif _is_new(choice, [event for event in history if event.purpose == choice.purpose]):
            yield replace(choice, at=now)


def _is_new(no: Signalled, events: Sequence[ConsentEvent]) -> bool:
    """Whether a no says more than ``events`` of its purpose, which are in the order of the ledger."""
    if no.evidence is not None:
        return all((event.evidence, event.status) != (no.evidence, no.status) for event in events)
    said = [place for place, event in enumerate(events) if event.channel == no.channel]
    if not said or events[said[-1]].status is not no.status:
        return True
    last = said[-1]
    yes = ((place, event) for place, event in enumerate(events) if event.status is ConsentStatus.GIVEN)
    return any(place > last or event.at > events[last].at for place, event in yes)
