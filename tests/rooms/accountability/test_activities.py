"""The record of processing activities says what the policy answers: all of it, and nothing else."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import itertools
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accountability.activities import processing_activities
from gateway.accountability.facts import Facts, opened
from gateway.accountability.kept_words import CONSENT_WORDS, REQUEST_WORDS
from gateway.accountability.record_forms import Say, count, period, record_csv, record_markdown
from gateway.accountability.record_words import WORDS
from gateway.consent.rows import ConsentEventRow
from gateway.flows.processing_record import configuration_of
from gateway.policy import Pack
from gateway.policy.pack import Condition, Rule, RuleKind
from gateway.rights.rows import SubjectRequestRow
from gateway.vocabulary.catalogue import Catalogue, Retention
from gateway.vocabulary.contracts import TransferSafeguard
from gateway.vocabulary.decisions import Action, Permit
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.languages import LANGUAGES
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, RuleId
from tests.rooms.policy.packs import AT, baseline, with_rules

MARKETING, INSIGHTS, MAILER = PurposeId("direct_marketing"), RecipientId("insights"), RecipientId("mailer")
FACTS = Facts(at=AT)
FIELDS = sorted(baseline().catalogue.fields)
PURPOSES = sorted(baseline().catalogue.purposes)


def record_of(pack: Pack, language: str = "en", facts: Facts = FACTS) -> dict[str, Any]:
    return processing_activities(configuration_of(pack, AT), facts, language)


def activity(record: dict[str, Any], purpose: str) -> dict[str, Any]:
    return next(each for each in record["activities"] if each["purpose"] == purpose)


def with_catalogue(pack: Pack, **changes: Any) -> Pack:
    return dataclasses.replace(pack, catalogue=dataclasses.replace(pack.catalogue, **changes))


def with_recipient(pack: Pack, name: RecipientId, **changes: Any) -> Pack:
    contract = dataclasses.replace(pack.catalogue.recipients[name], **changes)
    return with_catalogue(pack, recipients={**pack.catalogue.recipients, name: contract})


def assert_record_is_configuration(pack: Pack) -> None:
    """The law: worked out here from the engine's answers alone, never from what the record is made of."""
    record = record_of(pack)
    catalogue = pack.catalogue
    assert {each["purpose"] for each in record["activities"]} == set(catalogue.purposes)
    for purpose in catalogue.purposes.values():
        said = activity(record, purpose.id)
        assert said["legal_basis"] == f"Art. {purpose.legal_basis.value}"
        assert said["profiling"] is purpose.profiling
        assert_fields(pack, purpose.id, said)
        named = {c.id for c in catalogue.recipients.values() if purpose.id in c.purposes}
        assert {each["recipient"] for each in said["recipients"]} == named
        abroad = {name for name in named if catalogue.recipients[name].outside_eea}
        assert set(said["transfers"]) == abroad
        gaps = {gap["place"].removeprefix("recipients.yaml: ") for gap in said["missing"]}
        assert gaps == {name for name in abroad if catalogue.recipients[name].safeguard is None}


def assert_fields(pack: Pack, purpose: PurposeId, said: dict[str, Any]) -> None:
    uses: dict[Action, set[FieldId]] = {action: set() for action in Action}
    for decision in configuration_of(pack, AT).decisions:
        if decision.request.purpose == purpose:
            uses[decision.request.action] |= opened(decision)
            if decision.request.recipient is not None:
                receives = next(r for r in said["recipients"] if r["recipient"] == decision.request.recipient)
                expected = ["pseudonym", *sorted(opened(decision))] if isinstance(decision, Permit) else []
                assert receives["receives"] == expected
                assert bool(receives["refused_because"]) is not isinstance(decision, Permit)
    listed = {each["field"]: each for each in said["data"]}
    periods = {entry.field: entry.period.days for entry in pack.catalogue.retention if entry.purpose == purpose}
    assert set(listed) == set().union(*uses.values(), periods)
    assert {name for name, each in listed.items() if each["stored"]} == uses[Action.STORE]
    assert {name for name, each in listed.items() if each["segmented"]} == uses[Action.SEGMENT]
    assert {name for name, each in listed.items() if each["released_to"]} == uses[Action.RELEASE]
    assert {name: each["retention_days"] for name, each in listed.items()} == {n: periods.get(n) for n in listed}


def test_the_baseline_and_its_record_agree() -> None:
    assert_record_is_configuration(baseline())


@dataclass(frozen=True)
class Edit:
    """What an officer may change in a pack."""

    actions: frozenset[Action]
    purposes: frozenset[PurposeId]
    fields: frozenset[FieldId]
    kind: RuleKind
    country: str
    safeguard: TransferSafeguard | None
    expires: dt.date
    kept: frozenset[FieldId]

    def __call__(self, pack: Pack) -> Pack:
        when = Condition(actions=self.actions, purposes=self.purposes)
        rule = Rule(RuleId("drawn"), self.kind, "6(1)(f)", {"en": "drawn"}, when, self.fields)
        taken = {(entry.field, entry.purpose) for entry in pack.catalogue.retention}
        more = set(itertools.product(self.kept, self.purposes)) - taken
        periods = (*pack.catalogue.retention, *(Retention(f, p, dt.timedelta(days=10)) for f, p in sorted(more)))
        changed = with_catalogue(with_rules(pack, [*pack.rules, rule]), retention=periods)
        terms = {"country": self.country, "safeguard": self.safeguard, "expires": self.expires}
        return with_recipient(changed, INSIGHTS, **terms, fields=tuple(sorted(self.fields)))


EDITS = st.builds(
    Edit,
    actions=st.frozensets(st.sampled_from(list(Action)), min_size=1),
    purposes=st.frozensets(st.sampled_from(PURPOSES), min_size=1),
    fields=st.frozensets(st.sampled_from(FIELDS)),
    kind=st.sampled_from([RuleKind.PERMISSION, RuleKind.PROHIBITION]),
    country=st.sampled_from(["FI", "US", "CH"]),
    safeguard=st.sampled_from([None, *TransferSafeguard]),
    expires=st.sampled_from([AT.date() - dt.timedelta(days=1), dt.date(2030, 1, 1)]),
    kept=st.frozensets(st.sampled_from(FIELDS)),
)


@given(edit=EDITS)
def test_the_record_follows_every_change_of_the_policy(edit: Edit) -> None:
    assert_record_is_configuration(edit(baseline()))


@pytest.mark.parametrize("part", ["field", "recipient", "retention", "purpose", "transfer", "use"])
def test_a_record_that_differs_is_noticed(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The law above bites: take one thing out of a true record, and it fails."""
    true = record_of(with_recipient(baseline(), MAILER, country="US"))
    said = activity(true, MARKETING)
    changes: dict[str, Any] = {
        "field": said["data"].pop,
        "recipient": said["recipients"].pop,
        "retention": lambda: said["data"][0].update(retention_days=1),
        "purpose": true["activities"].pop,
        "transfer": said["transfers"].clear,
        "use": lambda: said["data"][0].update(segmented=False),
    }
    changes[part]()
    monkeypatch.setattr(f"{__name__}.record_of", lambda _: true)
    with pytest.raises((AssertionError, StopIteration)):
        assert_record_is_configuration(with_recipient(baseline(), MAILER, country="US"))


def test_a_denial_at_the_end_of_a_contract_is_told_with_its_reason() -> None:
    said = activity(record_of(with_recipient(baseline(), MAILER, expires=dt.date(2026, 1, 1))), MARKETING)
    mailer = next(each for each in said["recipients"] if each["recipient"] == MAILER)
    assert mailer["receives"] == []
    assert mailer["refused_because"] == ["contract_expired"]


def test_a_transfer_without_a_safeguard_is_missing_in_every_form_and_language() -> None:
    pack = with_recipient(baseline(), MAILER, country="US")
    for language in LANGUAGES:
        record = record_of(pack, language)
        assert [gap["place"] for gap in record["missing"]] == ["recipients.yaml: mailer"]
        assert WORDS["safeguard_missing"][language] in record_markdown(record)
        assert WORDS["safeguard_missing"][language] in record_csv(record)
    stated = with_recipient(baseline(), MAILER, country="US", safeguard=TransferSafeguard.STANDARD_CLAUSES)
    assert record_of(stated)["missing"] == []
    assert "standard data protection clauses" in record_markdown(record_of(stated))


def test_every_part_of_article_30_is_there() -> None:
    record = record_of(baseline())
    assert all(value for key, value in record["controller"].items() if key != "joint_controllers")  # (a)
    for said in record["activities"]:
        assert said["purpose"]  # (b)
        assert said["data_subjects"]  # (c)
        assert said["data"]  # (c)
        assert all(each["category"] for each in said["data"])
        assert {"recipients", "transfers"} <= said.keys()  # (d), (e)
        assert all(each["retention_days"] for each in said["data"])  # (f)
    assert record["security_measures"]  # (g)


def test_names_kept_for_texts_are_listed_only_where_there_are_names() -> None:
    assert "known_names" in {each["id"] for each in record_of(baseline())["kept"]}
    configuration = configuration_of(baseline(), AT)
    fields = {name: f for name, f in baseline().catalogue.fields.items() if not name.endswith(("_name", "_address"))}
    nameless = dataclasses.replace(configuration.catalogue, fields=fields)
    without = processing_activities(dataclasses.replace(configuration, catalogue=nameless), FACTS)
    assert "known_names" not in {each["id"] for each in without["kept"]}


def test_what_is_kept_of_choices_and_requests_is_every_column_of_theirs() -> None:
    for row, words in ((ConsentEventRow, CONSENT_WORDS), (SubjectRequestRow, REQUEST_WORDS)):
        assert set(words) == set(row.__table__.columns.keys())  # type: ignore[attr-defined] # SQLAlchemy adds it
    for place, language in enumerate(LANGUAGES):
        kept = {each["id"]: each for each in record_of(baseline(), language)["kept"]}
        assert all(words[place] in kept["consents"]["data"] for words in CONSENT_WORDS.values())
        assert all(words[place] in kept["requests"]["data"] for words in REQUEST_WORDS.values())
        assert all(
            each["why"] and (each["until"] or name in {"audit_log", "quarantine"}) for name, each in kept.items()
        )


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ("about 12,340", "1 day", "2 days", "730 days", "1095 days")),
        ("fi", ("noin 12\u00a0340", "1 päivä", "2 päivää", "730 päivää", "1095 päivää")),
        ("hu", ("körülbelül 12\u00a0340", "1 nap", "2 nap", "730 nap", "1095 nap")),
        ("uk", ("близько 12\u00a0340", "1 день", "2 дні", "730 днів", "1095 днів")),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(language: str, told: tuple[str, ...]) -> None:
    words = Say(language)
    assert (count(words, 12_340), *(period(words, number, "none") for number in (1, 2, 730, 1095))) == told


def test_the_plural_forms_of_ukrainian() -> None:
    forms = {number: period(Say("uk"), number, "none").split()[-1] for number in range(1, 130)}
    assert {n for n, form in forms.items() if form == "день"} == {1, 21, 31, 41, 51, 61, 71, 81, 91, 101, 121}
    assert {n for n, form in forms.items() if form == "дні"} == {
        n for n in range(1, 130) if n % 10 in {2, 3, 4} and n not in {12, 13, 14, 112, 113, 114}
    }


def test_a_direct_identifier_is_never_said_to_be_in_the_store() -> None:
    catalogue: Catalogue = baseline().catalogue
    for said in record_of(baseline())["activities"]:
        for each in said["data"]:
            if catalogue.fields[each["field"]].kind is FieldKind.DIRECT_IDENTIFIER:
                assert each["kept_as"].startswith("sealed")


def values(found: Any) -> set[str]:
    """Every id, title and number of a record."""
    if isinstance(found, dict):
        return set().union(*(values(value) for key, value in found.items() if key not in {"record", "language"}))
    if isinstance(found, list):
        return set().union(*map(values, found))
    return {str(found)} if isinstance(found, (str, int)) and not isinstance(found, bool) and found != "" else set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_documents_hold_what_the_data_hold(language: str) -> None:
    record = record_of(baseline(), language)
    told = json.dumps(record, ensure_ascii=False)
    rows = list(csv.reader(io.StringIO(record_csv(record))))
    cells = " ".join(cell for row in rows for cell in row)
    for purpose in baseline().catalogue.purposes.values():
        assert purpose.title[language] in told
        assert purpose.title[language] in record_markdown(record)
        assert purpose.title[language] in cells
    lost = {v for v in values(record["activities"]) if v not in cells}
    modes = {"pseudonym", "relationship", "transaction", "standard_clauses"}
    assert lost <= modes | {field.dpv for field in baseline().catalogue.fields.values()}
    assert all(len(row) == 4 for row in rows)


def test_every_word_is_there_in_every_language_and_says_something_of_its_own() -> None:
    for texts in WORDS.values():
        assert list(texts) == list(LANGUAGES)
        assert all(texts.values())
        assert all(text.count("{}") == texts["en"].count("{}") for text in texts.values())


WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
HOSTILE = st.text(st.sampled_from([*"=+-@|`*_[]()<>#\\&!~$'\",;\t\r\n ab1\u2028", *WIDE]), min_size=1, max_size=30)


@given(title=HOSTILE, contact=HOSTILE)
def test_no_title_breaks_a_table_or_runs_in_a_spreadsheet(title: str, contact: str) -> None:
    catalogue = baseline().catalogue
    purpose = dataclasses.replace(catalogue.purposes[MARKETING], title={"en": title})
    controller = dataclasses.replace(catalogue.controller, contact=contact)
    pack = with_catalogue(baseline(), purposes={**catalogue.purposes, MARKETING: purpose}, controller=controller)
    plain = record_of(baseline())
    record = record_of(pack)
    for row in csv.reader(io.StringIO(record_csv(record), newline="")):
        assert len(row) == 4
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@", *WIDE)) for cell in row)
        assert not any(cell.startswith(("\t", "\r", "\n")) for cell in row)
    shape, plain_shape = (
        [bare(line).count("|") for line in record_markdown(each).splitlines()] for each in (record, plain)
    )
    assert shape == plain_shape
    assert "<" not in bare(record_markdown(record))


def bare(text: str) -> str:
    """Take out what a backslash escapes."""
    kept, escaped = [], False
    for sign in text:
        if escaped or sign == "\\":
            escaped = not escaped
            continue
        kept.append(sign)
    return "".join(kept)
