"""An officer's decision adds a column to a source, and nothing else: the rules and the pack's own columns stand."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy import Pack, decide, load_pack
from gateway.policy.amending import amend
from gateway.policy.pack import Condition, Rule, RuleKind
from gateway.vocabulary.classifications import Classification, ColumnDecision
from gateway.vocabulary.contracts import FieldColumn, IgnoredColumn
from gateway.vocabulary.decisions import Action, Deny, Permit
from gateway.vocabulary.names import DecisionId, FieldId, PurposeId, RuleId, SourceId
from tests.rooms.policy.packs import ask, baseline, baseline_texts, with_rules

CUSTOMERS, PURCHASES = SourceId("webshop_customers"), SourceId("webshop_purchases")
AT = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
NUMBERS = itertools.count()
FIELDS = sorted(baseline().catalogue.fields)


def decision(column: str, field: str | None = None, source: str = CUSTOMERS, **changes: object) -> ColumnDecision:
    kind = Classification.FIELD if field else Classification.IGNORED
    made = ColumnDecision(
        DecisionId(f"dec_{next(NUMBERS)}"), SourceId(source), column, kind, FieldId(field) if field else None, None,
        proposed=False, by="Olli", at=AT,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type] # fields of the decision


def opened(pack: Pack, source: str = CUSTOMERS) -> frozenset[str]:
    match decide(ask("store", "customer_segmentation", source=source), pack):
        case Permit() as permit:
            return permit.identifiers | {column.field for column in permit.columns.values()}
        case Deny():
            return frozenset()


def test_a_field_that_the_rules_permit_is_read_and_named() -> None:
    amended = amend(baseline(), [decision("sukupuoli", "gender")]).pack
    assert amended.catalogue.sources[CUSTOMERS].columns["sukupuoli"] == FieldColumn(FieldId("gender"))
    assert opened(amended) == opened(baseline()) | {"gender"}
    assert amended.label != baseline().label
    assert amended.rules == baseline().rules
    assert amended.catalogue.sources[PURCHASES] == baseline().catalogue.sources[PURCHASES]


def test_without_a_decision_it_is_the_pack_itself() -> None:
    assert amend(baseline(), []).pack is baseline()
    sealed = decision("x", classification=Classification.KEPT_SEALED)
    assert amend(baseline(), [sealed]).pack is baseline()


def test_the_digest_names_what_was_decided_and_not_who_or_when_or_in_which_order() -> None:
    one, two = decision("sukupuoli", "gender"), decision("kulutus", "total_spend")
    later = [dataclasses.replace(d, by="Maija", at=AT + dt.timedelta(days=1), note="seen") for d in (two, one)]
    assert amend(baseline(), [one, two]).pack == amend(baseline(), later).pack
    labels = {
        amend(baseline(), [d]).pack.digest
        for d in (one, two, decision("sukupuoli"), decision("sukupuoli", "total_spend"),
                  decision("kulutus", "total_spend", format="1.234,5"))
    }  # fmt: skip
    assert len(labels) == 5


@pytest.mark.parametrize("column", ["email", "registered_on", "marketing_consent"])
def test_what_the_pack_declares_takes_precedence(column: str) -> None:
    made = decision(column, "gender")
    amended = amend(baseline(), [made])
    assert amended.pack is baseline()
    assert "declares this column itself" in amended.unfit[made.id]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (decision("x", "no_such_field"), "no field of that id"),
        (decision("x", "gender", source="no_such_source"), "no source of that id"),
        (decision("x", "email"), "another column of this source holds the field `email`"),
        (decision("purchased_at", "gender", source=PURCHASES), "declares this column itself"),
        (decision("x", "gender", format="%d.%m.%Y"), "no date, instant or number"),
    ],
)
def test_what_cannot_be_changes_nothing(made: ColumnDecision, words: str) -> None:
    amended = amend(baseline(), [made])
    assert amended.pack is baseline()
    assert words in amended.unfit[made.id]


def test_a_field_taken_twice_goes_to_the_earlier_decision() -> None:
    first, second = decision("a", "gender"), decision("b", "gender")
    amended = amend(baseline(), [first, second])
    assert set(amended.unfit) == {second.id}
    assert "b" not in amended.pack.catalogue.sources[CUSTOMERS].columns


@pytest.mark.parametrize("field", ["health_note", "diet", "iban", "ip_address"])
def test_a_field_that_the_rules_refuse_stays_sealed_with_their_reasons(field: str) -> None:
    made = decision("x", field)
    amended = amend(baseline(), [made])
    assert amended.pack is baseline()
    assert amended.refused[made.id]


def test_a_decision_may_not_close_what_was_open() -> None:
    """Two fields that are never to be together: the second would drive the first out of the store."""
    rule = Rule(
        RuleId("never"), RuleKind.PROHIBITION, "5(1)(c)", {"en": "too much together"}, Condition(),
        frozenset({FieldId("gender"), FieldId("city")}), together=True,
    )  # fmt: skip
    pack = with_rules(baseline(), [*baseline().rules, rule])
    made = decision("sukupuoli", "gender")
    amended = amend(pack, [made])
    assert amended.pack is pack
    assert any("never" in reason for reason in amended.refused[made.id])


def test_not_even_for_one_of_several_purposes() -> None:
    files = baseline_texts()
    files["sources.yaml"] = files["sources.yaml"].replace(
        "purposes: [customer_segmentation]", "purposes: [customer_segmentation, product_analytics]", 1
    )
    files["retention.yaml"] = files["retention.yaml"].replace(
        "fields: [birth_date, country, language, registered_on]",
        "fields: [birth_date, country, language, registered_on, gender, customer_number]",
    )
    pack = load_pack(files)
    when = Condition(purposes=frozenset({PurposeId("product_analytics")}))
    both = frozenset({FieldId("gender"), FieldId("country")})
    opening = Rule(
        RuleId("open"), RuleKind.PERMISSION, "6(1)(f)", {"en": "x"}, when, both | {FieldId("customer_number")}
    )
    never = Rule(RuleId("never"), RuleKind.PROHIBITION, "5(1)(c)", {"en": "x"}, when, both, together=True)
    made = decision("sukupuoli", "gender")
    assert amend(with_rules(pack, [*pack.rules, opening]), [made]).refused == {}
    amended = amend(with_rules(pack, [*pack.rules, opening, never]), [made])
    assert any("never" in reason for reason in amended.refused[made.id])


def test_phones_and_texts_are_guided_by_columns_that_came_later() -> None:
    text = baseline_texts()
    text["sources.yaml"] = (
        text["sources.yaml"]
        .replace("      phone: {field: phone, region_column: country}\n", "")
        .replace("      country: country\n", "")
        .replace("subject: [customer_number, email, phone]", "subject: [customer_number, email]")
    )
    pack = load_pack(text)
    made = [decision("puhelin", "phone"), decision("maa", "country")]
    columns = amend(pack, made).pack.catalogue.sources[CUSTOMERS].columns
    assert columns["puhelin"] == FieldColumn(FieldId("phone"), region_column="maa")
    assert amend(pack, made).pack == amend(pack, made[::-1]).pack


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([*FIELDS, None])), max_size=6))
def test_no_decision_opens_what_the_rules_do_not_or_closes_anything(wanted: list[tuple[str, str | None]]) -> None:
    made = [decision(column, field) for column, field in dict(wanted).items()]
    amended = amend(baseline(), made)
    asked = {d.field for d in made if d.id not in amended.unfit and d.id not in amended.refused}
    assert opened(baseline()) <= opened(amended.pack) == opened(baseline()) | (asked - {None})
    columns = amended.pack.catalogue.sources[CUSTOMERS].columns
    assert baseline().catalogue.sources[CUSTOMERS].columns.items() <= columns.items()
    assert all(isinstance(columns[d.column], IgnoredColumn) for d in made if d.field is None)
    held = [column.field for column in columns.values() if isinstance(column, FieldColumn)]
    assert len(held) == len(set(held))


CLOSED = ("gender", "total_spend", "city", "feedback", "loyalty_tier")


def forbidding(name: str, fields: set[str], *, together: bool) -> Rule:
    """Return a prohibition of storing these fields, each or together."""
    named = frozenset(map(FieldId, fields))
    return Rule(RuleId(name), RuleKind.PROHIBITION, "5(1)(c)", {"en": "a law"}, STORING, named, together=together)


STORING = Condition(actions=frozenset({Action.STORE}))
sets = st.sets(st.sampled_from(CLOSED), min_size=2, max_size=3)


@given(st.lists(sets, max_size=3), st.none() | st.sets(st.sampled_from(CLOSED)), st.permutations(CLOSED))
def test_a_further_prohibition_lets_no_decision_in(
    apart: list[set[str]], closed: set[str] | None, order: list[str]
) -> None:
    """Not even where it closes the other part of a combination, which was decided earlier."""
    pack = without_columns(*CLOSED)
    rules = [*pack.rules, *(forbidding(f"apart-{n}", one, together=True) for n, one in enumerate(apart))]
    further = forbidding("further", closed or set(), together=False)
    further = dataclasses.replace(further, fields=None) if closed is None else further
    made = [decision(f"column_{name}", name) for name in order]
    before, after = amend(with_rules(pack, rules), made), amend(with_rules(pack, [*rules, further]), made)
    assert opened(after.pack) <= opened(before.pack)
    assert set(before.refused) <= set(after.refused)


def without_columns(*fields: str) -> Pack:
    """Return the baseline whose source of customers declares none of these fields."""
    pack = baseline()
    source = pack.catalogue.sources[CUSTOMERS]
    left = {name: c for name, c in source.columns.items() if not (isinstance(c, FieldColumn) and c.field in fields)}
    sources = {**pack.catalogue.sources, CUSTOMERS: dataclasses.replace(source, columns=left)}
    return dataclasses.replace(pack, catalogue=dataclasses.replace(pack.catalogue, sources=sources))
