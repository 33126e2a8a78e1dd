"""What ends processing on which legal basis: a table of the Regulation, cell by cell."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from types import MappingProxyType

import pyarrow as pa
import pytest

from gateway.policy import Pack, permission_masks
from gateway.policy.masks import AGE_UNKNOWN
from gateway.vocabulary.purposes import LegalBasis, MinimumAge

from .packs import AT, baseline

WHO = b"a" * 16
DAY = dt.timedelta(days=1)
NO, YES = False, True
STATES = (
    "none", "requested", "given", "refused", "withdrawn", "expired", "invalidated", "objected", "restricted", "lifted",
)  # fmt: skip
_ONLY_A_YES = "given"
_ALL_BUT_A_NO = "none requested given expired lifted"
_ALL_BUT_A_RESTRICTION = "none requested given refused withdrawn expired invalidated objected lifted"
# Per basis: the states in which it may go on, and the article that ends it in each other one.
TABLE = {
    "consent-6(1)(a)": (LegalBasis.CONSENT, _ONLY_A_YES, "7(1)"),
    "explicit-consent-9(2)(a)": (LegalBasis.CONSENT, _ONLY_A_YES, "9(1)"),
    "contract-6(1)(b)": (LegalBasis.CONTRACT, _ALL_BUT_A_RESTRICTION, "18(2)"),
    "legal-obligation-6(1)(c)": (LegalBasis.LEGAL_OBLIGATION, _ALL_BUT_A_RESTRICTION, "18(2)"),
    "vital-interests-6(1)(d)": (LegalBasis.VITAL_INTERESTS, _ALL_BUT_A_RESTRICTION, "18(2)"),
    "public-task-6(1)(e)": (LegalBasis.PUBLIC_TASK, _ALL_BUT_A_NO, "21(1)"),
    "legitimate-interests-6(1)(f)": (LegalBasis.LEGITIMATE_INTERESTS, _ALL_BUT_A_NO, "21(1)"),
}
ENDS = {
    "withdrawn": "7(3)", "refused": "7(1)", "invalidated": "7(1)", "restricted": "18(2)", "expired": "5(1)(e)",
    "requested": "4(11)", "none": "4(11)", "lifted": "4(11)", "objected": "21(3)",
}  # fmt: skip


def cells() -> Iterator[object]:
    for name, (basis, goes_on, article) in TABLE.items():
        for state in STATES:
            open_ = state in goes_on.split()
            why = name.split("-")[-1] if open_ else ENDS[state] if basis is LegalBasis.CONSENT else article
            if state == "restricted":
                why = "18(2)"
            yield pytest.param(name, basis, state, open_, id=f"{name}-{state}-{'yes' if open_ else 'no'}-Art.{why}")


def one_purpose(name: str, basis: LegalBasis) -> Pack:
    pack = baseline()
    marketing = next(each for each in pack.catalogue.purposes.values() if each.id == "direct_marketing")
    consent = basis is LegalBasis.CONSENT
    changed = dataclasses.replace(
        marketing,
        legal_basis=basis,
        consent_valid_for=marketing.consent_valid_for if consent else None,
        notices=marketing.notices if consent else (),
        minimum_age=MinimumAge(16) if consent else None,
        explicit_consent=("health",) if name.startswith("explicit") else (),
    )
    catalogue = dataclasses.replace(pack.catalogue, purposes=MappingProxyType({changed.id: changed}))
    return dataclasses.replace(pack, catalogue=catalogue)


def permits(pack: Pack, *said: tuple[str, str, str], of_age: dt.date | None = None) -> bool:
    rows = [(WHO, purpose, status, AT - DAY, "webshop-2026-05", by, None) for purpose, status, by in said]
    instant = pa.timestamp("us", "UTC")
    types = [pa.binary(16), pa.string(), pa.string(), instant, pa.string(), pa.string(), instant]
    names = ["subject", "purpose", "status", "at", "notice", "by", "valid_until"]
    columns = list(zip(*rows, strict=True)) or [()] * 7
    table = pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=names)
    found = permission_masks(pack, pa.array([WHO], pa.binary(16)), table, pa.array([of_age], pa.date32()), AT)
    return bool(found["permits"].to_pylist() != [0])


@pytest.mark.parametrize(("name", "basis", "state", "goes_on"), list(cells()))
def test_each_basis_in_each_state(name: str, basis: LegalBasis, state: str, *, goes_on: bool) -> None:
    purpose = "*" if state in {"restricted", "lifted"} else "direct_marketing"
    said = [] if state == "none" else [(purpose, state, "self")]
    assert permits(one_purpose(name, basis), *said) is goes_on


@pytest.mark.parametrize("basis", [LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.PUBLIC_TASK])
def test_marketing_falls_to_an_objection_absolutely_art_21_2_and_3(basis: LegalBasis) -> None:
    """On consent an objection counts as a withdrawal; no balance of interests is asked on any of these bases."""
    pack = one_purpose("", basis)
    assert permits(pack, ("direct_marketing", "given", "self"))
    assert not permits(pack, ("direct_marketing", "objected", "self"))


@pytest.mark.parametrize("name", list(TABLE), ids=list(TABLE))
def test_a_restriction_ends_use_on_every_basis_art_18_2(name: str) -> None:
    """Storing goes on: no row is deleted, only the bit that lets a row be used is gone."""
    pack = one_purpose(name, TABLE[name][0])
    given = ("direct_marketing", "given", "self")
    assert permits(pack, given)
    assert not permits(pack, given, ("*", "restricted", "controller"))
    assert permits(pack, given, ("*", "lifted", "controller"))


YOUNG, NOW_OF_AGE = AT.date() + 400 * DAY, AT.date()


@pytest.mark.parametrize(
    ("by", "of_age", "goes_on"),
    [
        pytest.param("self", YOUNG, NO, id="child-own-yes-no-Art.8(1)"),
        pytest.param("self", AGE_UNKNOWN, NO, id="unknown-age-own-yes-no-Art.8(2)"),
        pytest.param("guardian", YOUNG, YES, id="child-guardian-yes-Art.8(1)"),
        pytest.param("guardian", AGE_UNKNOWN, YES, id="unknown-age-guardian-yes-Art.8(1)"),
        pytest.param("self", NOW_OF_AGE, YES, id="of-age-own-yes-Art.8(1)"),
        pytest.param("guardian", NOW_OF_AGE, YES, id="of-age-guardian-yes-stays-EDPB-05/2020-149"),
    ],
)
def test_children(by: str, of_age: dt.date, *, goes_on: bool) -> None:
    pack = one_purpose("", LegalBasis.CONSENT)
    assert permits(pack, ("direct_marketing", "given", by), of_age=of_age) is goes_on


def test_a_child_may_withdraw_what_a_guardian_gave_art_7_3() -> None:
    assert not permits(one_purpose("", LegalBasis.CONSENT), ("direct_marketing", "withdrawn", "self"), of_age=YOUNG)
