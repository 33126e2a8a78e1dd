"""The record of processing activities says what the pack says, all of it, and nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt

from gateway.accountability import processing_activities, processing_activities_markdown
from gateway.vocabulary.catalogue import Catalogue, Controller, Retention
from gateway.vocabulary.contracts import FieldColumn, RecipientContract, ScopeMode, SourceContract, SourceKind
from gateway.vocabulary.fields import AgeBand, Field, FieldKind, Keep, ValueType
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, SourceId
from gateway.vocabulary.purposes import LegalBasis, Purpose

MARKETING, ANALYTICS = PurposeId("direct_marketing"), PurposeId("product_analytics")
EMAIL, BIRTH, DIET = FieldId("email"), FieldId("birth_date"), FieldId("diet")
SHOP, MAILER, INSIGHTS = SourceId("shop"), RecipientId("mailer"), RecipientId("insights")


def field(name: FieldId, kind: FieldKind, column: str | None) -> Field:
    transform = AgeBand(5) if name == BIRTH else Keep()
    return Field(name, {"en": f"The {name}"}, f"user.{name}", f"pd:{name}", kind, ValueType.TEXT, column, transform)


def recipient(name: RecipientId, purpose: PurposeId, country: str) -> RecipientContract:
    return RecipientContract(
        name, {"en": f"{name} | Ltd"}, (purpose,), (), ScopeMode.RELATIONSHIP, 90, 100, dt.date(2027, 12, 31),
        "officer", country,
    )  # fmt: skip


CATALOGUE = Catalogue(
    pack="baseline", version="1", digest="a" * 64,
    controller=Controller("Example Shop", "privacy@example.org", "FI", "dpo@example.org", "Example Authority"),
    purposes={
        ANALYTICS: Purpose(
            ANALYTICS, {"en": "Analytics"}, LegalBasis.LEGITIMATE_INTERESTS, 2, "dpv:A", profiling=False,
        ),
        MARKETING: Purpose(
            MARKETING, {"en": "Marketing", "fi": "Markkinointi"}, LegalBasis.CONSENT, 1, "dpv:M", profiling=True,
            consent_valid_for=dt.timedelta(days=730), notices=("webshop-2026-05",),
        ),
    },
    fields={
        EMAIL: field(EMAIL, FieldKind.DIRECT_IDENTIFIER, None),
        BIRTH: field(BIRTH, FieldKind.INDIRECT_IDENTIFIER, "age_band"),
        DIET: field(DIET, FieldKind.ATTRIBUTE, "diet"),
    },
    sources={
        SHOP: SourceContract(
            SHOP, {"en": "Customers of the shop"}, SourceKind.PROFILES, (MARKETING,), (EMAIL,),
            {"email": FieldColumn(EMAIL), "born": FieldColumn(BIRTH), "diet": FieldColumn(DIET)},
        ),
    },
    recipients={MAILER: recipient(MAILER, MARKETING, "FI"), INSIGHTS: recipient(INSIGHTS, MARKETING, "US")},
    retention=(Retention(BIRTH, MARKETING, dt.timedelta(days=1095)),),
)  # fmt: skip


def test_each_purpose_is_an_activity_in_the_order_of_its_bit() -> None:
    record = processing_activities(CATALOGUE)
    assert [activity["purpose"] for activity in record["activities"]] == [MARKETING, ANALYTICS]
    assert record["controller"]["name"] == "Example Shop"
    assert record["pack"] == CATALOGUE.label
    assert record["security_measures"]


def test_an_activity_names_people_data_recipients_transfers_and_periods() -> None:
    marketing, analytics = processing_activities(CATALOGUE)["activities"]
    assert marketing["legal_basis"] == "Art. 6(1)(a)"
    assert marketing["data_subjects"] == ["Customers of the shop"]
    assert [one["recipient"] for one in marketing["recipients"]] == [MAILER, INSIGHTS]
    assert [one["country"] for one in marketing["transfers"]] == ["US"]
    kept = {f["field"]: (f["kept_as"], f["retention_days"]) for group in marketing["data"] for f in group["fields"]}
    assert kept == {BIRTH: ("age_band", 1095), EMAIL: ("sealed identifier, apart from the store", None)}
    assert analytics["data"] == analytics["recipients"] == analytics["transfers"] == []


def test_a_country_inside_the_area_is_no_transfer() -> None:
    for country, transfers in (("NO", 0), ("IS", 0), ("GR", 0), ("GB", 1), ("CH", 1)):
        changed = dataclasses.replace(CATALOGUE, recipients={MAILER: recipient(MAILER, MARKETING, country)})
        assert len(processing_activities(changed)["activities"][0]["transfers"]) == transfers


def test_titles_come_in_the_language_asked_for_else_in_english() -> None:
    activities = processing_activities(CATALOGUE, "fi")["activities"]
    assert [activity["title"] for activity in activities] == ["Markkinointi", "Analytics"]


def test_the_markdown_has_every_activity_and_field_and_keeps_its_tables() -> None:
    text = processing_activities_markdown(processing_activities(CATALOGUE))
    assert "## Marketing" in text
    assert "## Analytics" in text
    assert "| user.birth_date | The birth_date | indirect_identifier | age_band | 1095 days |" in text
    assert "insights \\| Ltd (US)" in text
    rows = [line for line in text.splitlines() if line.startswith("| user")]
    assert all(line.replace("\\|", "").count("|") == 6 for line in rows)
