"""What closes a purpose for a person is told exactly where the permission mask has no bit."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy import permission_masks
from gateway.policy.masks import AGE_UNKNOWN, FURTHER, STANDING
from gateway.policy.person_why import SENTENCES, Person, closing
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus, ExpressedBy
from gateway.vocabulary.languages import LANGUAGES
from gateway.vocabulary.names import PurposeId, SubjectReference

from .packs import AT, baseline

PACK = baseline()
SOMEBODY = SubjectReference(bytes(15) + b"\x07")
CHOICES = [status for status in ConsentStatus if status not in {ConsentStatus.RESTRICTED, ConsentStatus.LIFTED}]


def event(purpose: str, status: ConsentStatus, days: int, notice: str | None, by: ExpressedBy) -> ConsentEvent:
    at = AT - dt.timedelta(days=days)
    return ConsentEvent(SOMEBODY, PurposeId(purpose), status, at, at, notice, "test", by=by)


days = st.integers(0, 900)
persons = st.builds(
    lambda chosen, everything, of_age: Person(
        {each.purpose: each for each in [*chosen, everything] if each is not None}, of_age
    ),
    st.lists(
        st.builds(
            event, st.sampled_from(sorted(PACK.catalogue.purposes)), st.sampled_from(CHOICES), days,
            st.sampled_from([None, "webshop-2026-05", "older"]), st.sampled_from(ExpressedBy),
        )
    ),
    st.none() | st.builds(
        event, st.just(str(ALL_PURPOSES)), st.sampled_from([ConsentStatus.RESTRICTED, ConsentStatus.LIFTED]), days,
        st.none(), st.just(ExpressedBy.SELF),
    ),
    st.sampled_from([None, AGE_UNKNOWN, AT.date() - dt.timedelta(days=1), AT.date() + dt.timedelta(days=1)]),
)  # fmt: skip


def mask(person: Person) -> int:
    rows = [
        {"subject": SOMEBODY, "purpose": e.purpose, "status": e.status.value, "at": e.at, "notice": e.notice,
         "by": e.by.value, "valid_until": e.valid_until}
        for e in person.standing.values()
    ]  # fmt: skip
    standing = pa.Table.from_pylist(rows, pa.schema([*STANDING, *FURTHER.items()]))
    subjects, ages = pa.array([SOMEBODY], pa.binary(16)), pa.array([person.of_age_from], pa.date32())
    return int(permission_masks(PACK, subjects, standing, ages, AT).column("permits")[0].as_py())


@given(persons)
def test_nothing_closes_a_purpose_just_where_the_bit_is_set(person: Person) -> None:
    permits = mask(person)
    for purpose in PACK.catalogue.purposes.values():
        codes = closing(purpose, person, PACK, AT)
        assert (not codes) == bool(permits & (1 << purpose.bit))
        assert set(codes) <= SENTENCES.keys()


def test_every_code_has_words_in_every_language() -> None:
    for words in SENTENCES.values():
        assert set(words) == set(LANGUAGES)
        assert all(words.values())


def reasons(*chosen: ConsentEvent, of_age_from: dt.date | None = None) -> tuple[str, ...]:
    person = Person({each.purpose: each for each in chosen}, of_age_from)
    return closing(PACK.catalogue.purposes[PurposeId("direct_marketing")], person, PACK, AT)


def test_each_cause_is_told_by_its_name() -> None:
    def said(status: ConsentStatus, ago: int = 1, notice: str = "webshop-2026-05") -> ConsentEvent:
        return event("direct_marketing", status, ago, notice, ExpressedBy.SELF)

    yes = said(ConsentStatus.GIVEN)
    assert reasons() == ("unknown",)
    assert reasons(yes) == ()
    assert reasons(said(ConsentStatus.GIVEN, 800)) == ("expired",)
    assert reasons(said(ConsentStatus.GIVEN, notice="older")) == ("notice_outdated",)
    for status in ("requested", "refused", "withdrawn", "invalidated", "objected", "expired"):
        assert reasons(said(ConsentStatus(status))) == (status,)
    assert reasons(yes, of_age_from=AGE_UNKNOWN) == ("age_unknown",)
    assert reasons(yes, of_age_from=AT.date() + dt.timedelta(days=1)) == ("under_age",)
    restriction = event("*", ConsentStatus.RESTRICTED, 1, None, ExpressedBy.SELF)
    assert reasons(yes, restriction, of_age_from=AGE_UNKNOWN) == ("restricted", "age_unknown")
    by_guardian = event("direct_marketing", ConsentStatus.GIVEN, 1, "webshop-2026-05", ExpressedBy.GUARDIAN)
    assert reasons(by_guardian, of_age_from=AGE_UNKNOWN) == ()
