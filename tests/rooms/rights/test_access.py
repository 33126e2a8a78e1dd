import dataclasses
import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gateway.rights import access_package
from gateway.rights.errors import ForeignData, LanguageNotOffered
from gateway.rights.parts import Consultation, HeldCell, HeldField, Membership, PersonParts, ReleasedTo
from gateway.rights.schema import ACCESS_PACKAGE
from gateway.rights.texts import LANGUAGES, RIGHTS, texts_in
from gateway.vocabulary.catalogue import Catalogue, Controller, Retention
from gateway.vocabulary.consents import ConsentEvent, ConsentStatus
from gateway.vocabulary.contracts import RecipientContract, ScopeMode, SourceContract, SourceKind
from gateway.vocabulary.fields import AgeBand, Field, FieldKind, Keep, ValueType
from gateway.vocabulary.purposes import LegalBasis, Purpose

AT = dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)
ANNA, OTHER = b"a" * 16, b"b" * 16
EMAIL = Field(
    "email", {"en": "E-mail", "fi": "Sähköposti"}, "user.contact.email", "pd:EmailAddress",
    FieldKind.DIRECT_IDENTIFIER, ValueType.TEXT, None, Keep(), identifier="email",
)  # fmt: skip
BIRTH = Field(
    "birth_date", {"en": "Date of birth"}, "user.demographic.age", "pd:BirthDate",
    FieldKind.INDIRECT_IDENTIFIER, ValueType.DATE, "age_band", AgeBand(5),
)  # fmt: skip
MARKETING = Purpose(
    "direct_marketing", {"en": "Direct marketing", "fi": "Suoramarkkinointi"}, LegalBasis.CONSENT, 1,
    "dpv:DirectMarketing", profiling=True,
)  # fmt: skip
MAILER = RecipientContract(
    "mailer", {"en": "Mailer Ltd"}, ("direct_marketing",), (), ScopeMode.RELATIONSHIP, 90, 100,
    dt.date(2027, 12, 31), "officer", "IE",
)  # fmt: skip
CATALOGUE = Catalogue(
    pack="baseline",
    version="1",
    digest="0" * 64,
    controller=Controller("Esimerkki Oy", "privacy@example.org", "FI", "dpo@example.org", "Tietosuojavaltuutettu"),
    purposes={"direct_marketing": MARKETING},
    fields={"email": EMAIL, "birth_date": BIRTH},
    sources={"webshop": SourceContract("webshop", {"en": "Web shop"}, SourceKind.PROFILES, (), (), {})},
    recipients={"mailer": MAILER},
    retention=(Retention("birth_date", "direct_marketing", dt.timedelta(days=730)),),
)  # fmt: skip


def consent(subject: bytes) -> ConsentEvent:
    return ConsentEvent(subject, "direct_marketing", ConsentStatus.GIVEN, AT, AT, "notice-1", "webshop")


PERSON = PersonParts(
    subject=ANNA,
    request="req_1",
    identifiers=[HeldField("email", "anna@example.org"), HeldField("old_field", "kept-value")],
    held=[HeldCell("webshop", "x_score", "7", AT)],
    profile={"subject": ANNA, "age_band": "35-39", "total_spend": 812.4, "collected_at": AT.replace(tzinfo=None)},
    events=[{"subject": ANNA, "event": "purchase", "at": AT, "amount": 12.5, "on": dt.date(2026, 5, 2)}],
    permitted=frozenset({"direct_marketing"}),
    sources=["webshop", "gone_source"],
    memberships=[Membership("loyal", "Loyal customers", "spent at least 500", "direct_marketing", "snap_1", AT)],
    releases=[ReleasedTo("rel_1", "former_tool", "loyal", "direct_marketing", "snapshot", AT, "p_anna")],
    consents=[consent(ANNA)],
    consultations=[
        Consultation(AT, "segment.released", "permit", "client", "direct_marketing", "mailer", ("pseudonym",), 7)
    ],
)


def test_every_part_that_is_given_appears() -> None:
    package = access_package(PERSON, CATALOGUE, at=AT)
    text = json.dumps(package)
    for word in (
        "anna@example.org", "kept-value", "x_score", "35-39", "812.4", "12.5", "2026-05-02", "gone_source",
        "spent at least 500", "former_tool", "p_anna", "notice-1", "segment.released", "Mailer Ltd", "Esimerkki Oy",
        "Tietosuojavaltuutettu", "730", "user.contact.email", "user.demographic.age", "6(1)(a)", "req_1",
    ):  # fmt: skip
        assert word in text
    assert package["found"]
    assert {r["id"]: r["received"] for r in package["recipients"]} == {"former_tool": True, "mailer": False}


def test_the_reference_stays_inside() -> None:
    text = json.dumps(access_package(PERSON, CATALOGUE, at=AT))
    assert ANNA.decode() not in text
    assert "subject" not in json.loads(text)["data"]["events"][0]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("person", [PERSON, None])
def test_the_package_is_what_its_schema_says(language: str, person: PersonParts | None) -> None:
    Draft202012Validator.check_schema(ACCESS_PACKAGE)
    Draft202012Validator(ACCESS_PACKAGE).validate(access_package(person, CATALOGUE, at=AT, language=language))


def test_somebody_unknown_gets_the_same_shape_and_no_person() -> None:
    package = access_package(None, CATALOGUE, at=AT)
    assert not package["found"]
    assert package["data"] == {"identifiers": [], "profile": [], "events": [], "undecided": []}
    assert package.keys() == access_package(PERSON, CATALOGUE, at=AT).keys()
    assert package["explanations"]["confirmation"] == texts_in("en")["nothing_held"]


def test_titles_are_in_the_language_or_in_english() -> None:
    package = access_package(PERSON, CATALOGUE, at=AT, language="fi")
    assert package["purposes"][0]["title"] == "Suoramarkkinointi"
    assert package["recipients"][1]["title"] == "Mailer Ltd"
    with pytest.raises(LanguageNotOffered):
        access_package(PERSON, CATALOGUE, at=AT, language="sv")


@pytest.mark.parametrize(
    "foreign",
    [{"profile": {"subject": OTHER}}, {"events": [{"subject": OTHER}]}, {"consents": [consent(ANNA), consent(OTHER)]}],
)
def test_another_persons_part_stops_the_package(foreign: dict[str, object]) -> None:
    with pytest.raises(ForeignData) as caught:
        access_package(dataclasses.replace(PERSON, **foreign), CATALOGUE, at=AT)
    assert OTHER.decode() not in str(caught.value)


VALUES = st.one_of(st.none(), st.integers(), st.booleans(), st.dates(), st.floats(allow_nan=False), st.text())


@settings(deadline=None)
@given(st.dictionaries(st.text(min_size=1), VALUES), st.lists(st.dictionaries(st.text(min_size=1), VALUES), max_size=3))
def test_no_row_is_lost(profile: dict[str, object], events: list[dict[str, object]]) -> None:
    profile.pop("subject", None)
    events = [{key: value for key, value in event.items() if key != "subject"} for event in events]
    person = dataclasses.replace(PERSON, profile=profile, events=events)
    package = json.loads(json.dumps(access_package(person, CATALOGUE, at=AT)))
    assert {item["name"] for item in package["data"]["profile"]} == set(profile)
    assert [set(event) for event in package["data"]["events"]] == [set(event) for event in events]


def test_every_text_is_in_every_language() -> None:
    for language in LANGUAGES:
        assert all(texts_in(language).values())
        assert RIGHTS[language].keys() == RIGHTS["en"].keys()
    assert len({json.dumps(texts_in(language)) for language in LANGUAGES}) == 4
