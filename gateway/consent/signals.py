"""What a browser or a tracking call says of a person's choices, in the words of the pack's purposes."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.consent import tcf
from gateway.vocabulary.catalogue import Signals
from gateway.vocabulary.consents import ConsentStatus
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

    The notice is ``tcf-`` and the version of the policies; the evidence is the string's digest, since the string itself
    is personal data. Raises ``TcfUnreadable``.
    """
    read = tcf.decode(text)
    digest = f"tcf:sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    for purpose, numbers in signals.tcf.items():
        yes = bool(numbers) and all(read.consents(number, signals.tcf_vendor) for number in numbers)
        status = ConsentStatus.GIVEN if yes else ConsentStatus.REFUSED
        yield Signalled(purpose, status, TCF, read.updated, f"tcf-{read.policy}", read.language, digest)
