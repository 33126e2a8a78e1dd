"""Packs that differ from the baseline in their purposes alone, and a plain reading of who permits what under one.

The reading takes one person's events one after the other, in Python: no columns, no masks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import yaml

from gateway.foundation.arrays import BLOCK
from gateway.foundation.settings import Settings
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId, SubjectReference
from gateway.vocabulary.purposes import LegalBasis, Purpose
from gateway.wiring import Gateway
from tests.versions import approved, following, renumbered

NOTICE, LATER_NOTICE = "webshop-2026-05", "webshop-2027-01"
MARKETING, ANALYTICS = PurposeId("direct_marketing"), PurposeId("product_analytics")
REMINDERS = PurposeId("reminders")  # a purpose that versions have or lack
BY_COUNTRY = {"FI": 13, "HU": 16, "UA": 16, "default": 16}
OLDER = {"FI": 15, "HU": 18, "UA": 18, "default": 18}
Permitted = frozenset[PurposeId]


@dataclass(frozen=True)
class Variant:
    """What one version says of its purposes; what is not said is as in the baseline."""

    valid_days: int = 730
    notices: tuple[str, ...] = (NOTICE,)
    older: bool = False  # it asks for a higher age, in each country
    analytics: str = "6(1)(f)"
    reminders: str | None = None  # their legal basis; None: no such purpose


def purposes_of(variant: Variant, text: str) -> str:
    """Return a purposes.yaml that is changed as the variant says."""
    data = yaml.safe_load(text)
    _, marketing, analytics = data["purposes"]
    marketing["consent"] |= {
        "valid_days": variant.valid_days, "notices": list(variant.notices),
        "minimum_age": OLDER if variant.older else BY_COUNTRY,
    }  # fmt: skip
    analytics["legal_basis"] = variant.analytics
    if variant.reminders is not None:
        data["purposes"].append(_reminders(variant.reminders))
    return yaml.safe_dump(data, allow_unicode=True)


def _reminders(basis: str) -> dict[str, Any]:
    title = dict.fromkeys(("en", "fi", "hu", "uk"), "Reminders")
    consent = {"consent": {"valid_days": 90, "notices": [NOTICE], "minimum_age": 13}} if basis == "6(1)(a)" else {}
    return {"id": REMINDERS, "bit": 3, "title": title, "legal_basis": basis, "dpv": "dpv:DirectMarketing",
            "profiling": False} | consent  # fmt: skip


def approve(gateway: Gateway, variant: Variant) -> str:
    """Draft a variant against the version in force and approve it; return its number."""
    files = renumbered(Settings().policies, *following(gateway))
    return approved(gateway, files | {"purposes.yaml": purposes_of(variant, files["purposes.yaml"])})


def permitted(
    events: Sequence[ConsentEvent], purposes: Iterable[Purpose], adult: Callable[[Purpose], bool], now: dt.datetime
) -> Permitted:
    """Return what a person permits at an instant by all that is on record of them."""
    told = [event for event in events if event.at <= now or event.status not in MAY_GIVE]
    if _last(told, ALL_PURPOSES).restricted:
        return frozenset()
    return frozenset(each.id for each in purposes if _of_purpose(each, _last(told, each.id), adult(each), now))


MAY_GIVE = {ConsentStatus.GIVEN, ConsentStatus.REQUESTED, ConsentStatus.LIFTED}


@dataclass
class _Last:
    """Where a person's events have led for one purpose."""

    restricted: bool = False
    objected: bool = False
    choice: ConsentEvent | None = None
    no: bool = False  # somebody said no, before the choice or by it
    guardian: ConsentEvent | None = None  # the guardian's yes that no no has ended


_SEVERITY = ("lifted", "requested", "given", "expired", "invalidated", "refused", "withdrawn", "objected", "restricted")


def _order(event: ConsentEvent) -> tuple[dt.datetime, int, float, bool, list[int]]:
    """By instant; of one instant the stricter later: an earlier end, a child's own word, an older notice."""
    end = event.valid_until.timestamp() if event.valid_until else float("inf")
    newest_first = [-ord(letter) for letter in event.notice or ""] + [1]
    return event.at, _SEVERITY.index(event.status), -end, event.by is not ExpressedBy.GUARDIAN, newest_first


def _last(events: Iterable[ConsentEvent], purpose: PurposeId) -> _Last:
    last = _Last()
    for event in sorted((event for event in events if event.purpose == purpose), key=_order):
        match event.status:
            case ConsentStatus.RESTRICTED | ConsentStatus.LIFTED:
                last.restricted = event.status is ConsentStatus.RESTRICTED
            case ConsentStatus.REQUESTED:
                pass
            case ConsentStatus.OBJECTED:
                last.objected, last.choice, last.guardian, last.no = True, event, None, True
            case ConsentStatus.GIVEN:
                last.objected, last.choice = False, event
                last.guardian = event if event.by is ExpressedBy.GUARDIAN else last.guardian
            case ConsentStatus.EXPIRED:
                last.guardian = None
                if last.choice is None or last.choice.status is ConsentStatus.GIVEN:
                    last.choice = event
            case _:
                last.choice, last.guardian, last.no = event, None, True
    return last


def _of_purpose(purpose: Purpose, last: _Last, adult: bool, now: dt.datetime) -> bool:  # noqa: FBT001 - a fact
    """Art. 6(1), 7, 8, 18 and 21, read one after the other."""
    if last.restricted:
        return False
    status = last.choice.status if last.choice else ConsentStatus.REQUESTED
    match purpose.legal_basis:
        case LegalBasis.CONTRACT:
            return True
        case LegalBasis.LEGITIMATE_INTERESTS:
            return not last.no or (last.choice is not None and _counts(last, adult, now))
    assert purpose.legal_basis is LegalBasis.CONSENT
    if last.objected or status != "given":
        return False
    yes = _yes(last, adult)
    if yes is None or yes.notice not in purpose.notices:
        return False
    assert purpose.consent_valid_for is not None
    return _counts(last, adult, now) and now < yes.at + purpose.consent_valid_for


def _yes(last: _Last, adult: bool) -> ConsentEvent | None:  # noqa: FBT001 - a fact
    """Return the word that governs: of age the own last one, before that the guardian's where it stands."""
    return last.choice if adult or last.guardian is None else last.guardian


def _counts(last: _Last, adult: bool, now: dt.datetime) -> bool:  # noqa: FBT001 - a fact
    """Whether what governs is a yes that lasts, of somebody who may give it."""
    yes = _yes(last, adult)
    if last.objected or yes is None or yes.status is not ConsentStatus.GIVEN:
        return False
    return (adult or yes.by is ExpressedBy.GUARDIAN) and (yes.valid_until is None or now < yes.valid_until)


def email(number: int) -> tuple[str, str]:
    return "email", f"person.{number}@example.org"


def rows_of(gateway: Gateway, numbers: Iterable[int]) -> dict[SubjectReference, dict[str, Any]]:
    """Return what the store holds of each person of ``tests.builders`` that can be found, with their number."""
    found = {who: number for number in numbers if (who := gateway.house.find(email(number))) is not None}
    rows = gateway.house.store.permissions(pa.array(list(found), BLOCK)).to_pylist()
    return {SubjectReference(row["subject"]): row | {"number": found[row["subject"]]} for row in rows}


def read(gateway: Gateway, who: SubjectReference, row: dict[str, Any], now: dt.datetime) -> Permitted:
    """Return what a person permits by the ledger under the pack in force, event by event."""
    if who in gateway.house.requests.being_erased():
        return frozenset()

    def adult(_: Purpose) -> bool:
        return row["of_age_from"] is None or row["of_age_from"] <= now.date()

    return permitted(gateway.house.ledger.history(who), gateway.house.catalogue.purposes.values(), adult, now)


def stored(gateway: Gateway, row: dict[str, Any], now: dt.datetime) -> Permitted:
    """Return what a query would see of a person."""
    mask = row["permits"] if row["permits_until"] > now else 0
    return frozenset(each.id for each in gateway.house.catalogue.purposes.values() if mask >> each.bit & 1)


def differing(gateway: Gateway, numbers: Iterable[int], now: dt.datetime) -> list[tuple[Permitted, Permitted]]:
    """Return mask and ledger of those of whom they say different things."""
    both = ((stored(gateway, row, now), read(gateway, who, row, now)) for who, row in rows_of(gateway, numbers).items())
    return [(seen, right) for seen, right in both if seen != right]
