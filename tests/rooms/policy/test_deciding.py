from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from gateway.policy import decide
from gateway.policy.pack import Condition, Pack, Rule, RuleKind
from gateway.vocabulary.catalogue import Retention
from gateway.vocabulary.decisions import END_OF_TIME, Action, Decision, Deny, Permit, RowRule
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, RuleId, SourceId

from .packs import AT, ask, baseline, with_rules

DAY = dt.timedelta(days=1)


def codes(decision: Decision) -> list[tuple[str, str | None]]:
    assert isinstance(decision, Deny)
    return [(reason.code, reason.field) for reason in decision.reasons]


def permit(decision: Decision) -> Permit:
    assert isinstance(decision, Permit)
    return decision


def prohibition(when: Condition, fields: set[str] | None = None, *, together: bool = False) -> Rule:
    named = None if fields is None else frozenset(map(FieldId, fields))
    return Rule(RuleId("test"), RuleKind.PROHIBITION, "5(1)", {"en": "a test"}, when, named, together)


def with_extra(*rules: Rule) -> Pack:
    return with_rules(baseline(), [*baseline().rules, *rules])


def with_retention(*entries: tuple[str, str, int]) -> Pack:
    retention = tuple(Retention(FieldId(f), PurposeId(p), dt.timedelta(days=days)) for f, p, days in entries)
    catalogue = dataclasses.replace(baseline().catalogue, retention=retention)
    return dataclasses.replace(baseline(), catalogue=catalogue)


@pytest.mark.parametrize("hours", [-12, -5, 0, 14])
def test_the_end_of_the_calendar_is_no_instant(hours: int) -> None:
    zone = dt.timezone(dt.timedelta(hours=hours))
    last = dt.datetime(9999, 12, 31, 23, 59, tzinfo=zone)
    for at in (last, END_OF_TIME):
        assert codes(decide(ask("segment", "direct_marketing", at=at), baseline())) == [("instant_too_late", None)]
    first = dt.datetime(1, 1, 1, tzinfo=zone)
    assert codes(decide(ask("segment", "direct_marketing", at=first), baseline())) == [("pack_not_effective", None)]
    permit(decide(ask("segment", "direct_marketing", at=END_OF_TIME - DAY), baseline()))


@pytest.mark.parametrize("request_", [ask("segment", "direct_marketing", ["city"]), ask("segment", "nothing")])
def test_a_decision_has_no_truth_value(request_: object) -> None:
    decision = decide(request_, baseline())  # type: ignore[arg-type]  # parametrised as object
    with pytest.raises(TypeError, match="match"):
        bool(decision)


def test_a_permit_says_by_what_and_for_how_long() -> None:
    answer = permit(decide(ask("segment", "direct_marketing", ["birth_date", "amount"]), baseline()))
    assert answer.pack == "baseline@1.0.0"
    assert answer.pack_digest == baseline().digest
    assert answer.rules == ("marketing-looks-two-years-back", "minimum-size", "segment-marketing")
    assert answer.legal_basis == "6(1)(a)"
    assert answer.rows == RowRule(1 << 1, profiles_for=1095 * DAY, events_for=730 * DAY)
    assert answer.columns["age_band"].retention == 1095 * DAY
    assert answer.columns["age_band"].type == "text"
    assert answer.identifiers == frozenset()
    assert answer.valid_until == AT + dt.timedelta(hours=1)


def test_a_permit_cannot_be_widened_afterwards() -> None:
    answer = permit(decide(ask("segment", "direct_marketing", ["city"]), baseline()))
    with pytest.raises(TypeError):
        answer.columns["gender"] = answer.columns["city"]  # type: ignore[index]  # the point of the test
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.minimum_size = 1  # type: ignore[misc]  # the point of the test


def test_a_permit_ends_with_the_contract() -> None:
    late = dt.datetime(2027, 12, 31, 23, 30, tzinfo=dt.UTC)
    answer = permit(decide(ask("release", "direct_marketing", recipient="mailer", at=late), baseline()))
    assert answer.valid_until == dt.datetime(2028, 1, 1, tzinfo=dt.UTC)


def test_refused_fields_each_have_their_reason_with_rule_article_and_remedy() -> None:
    answer = decide(ask("segment", "direct_marketing", ["gender", "health_note", "city"]), baseline())
    assert codes(answer) == [("no_rule_permits", "gender"), ("prohibited", "health_note")]
    assert isinstance(answer, Deny)
    assert str(answer.reasons[1]) == (
        "prohibited; field `health_note`; rule `special-categories-default` (Art. 9(1)); "
        "remedy: an explicit-consent purpose"
    )
    assert all(reason.remedy for reason in answer.reasons)


def test_all_that_is_unknown_is_told_at_once() -> None:
    answer = decide(ask("release", "x", ["y", "city", "a"], recipient="z", source="w"), baseline())
    assert codes(answer) == [
        ("unknown_purpose", None),
        ("unknown_source", None),
        ("unknown_recipient", None),
        ("unknown_field", "a"),
        ("unknown_field", "y"),
    ]


def test_an_instant_without_zone_is_refused() -> None:
    naive = dt.datetime(2026, 11, 21)  # noqa: DTZ001 - the point of the test
    assert codes(decide(ask("segment", "direct_marketing", ["city"], at=naive), baseline())) == [
        ("instant_without_zone", None)
    ]


def test_an_empty_set_of_fields_opens_no_column() -> None:
    answer = permit(decide(ask("segment", "direct_marketing", []), baseline()))
    assert not dict(answer.columns)
    assert answer.rows.events_for == 730 * DAY


def test_a_pack_without_rules_permits_nothing() -> None:
    empty = with_rules(baseline(), [])
    for request in (ask("segment", "direct_marketing", []), ask("release", "direct_marketing", recipient="ads")):
        assert codes(decide(request, empty)) == [("no_rule_permits", None)]


def test_a_prohibition_without_fields_closes_the_whole_request() -> None:
    pack = with_extra(prohibition(Condition(recipients=frozenset({RecipientId("ads")}))))
    assert codes(decide(ask("release", "direct_marketing", recipient="ads"), pack)) == [("prohibited", None)]
    permit(decide(ask("release", "direct_marketing", recipient="mailer"), pack))


def test_a_prohibition_that_cannot_be_measured_denies() -> None:
    when = Condition(sources=frozenset({SourceId("webshop_purchases")}))
    pack = with_extra(prohibition(when, {"amount"}))
    asked = ask("segment", "direct_marketing", ["amount"])
    assert codes(decide(asked, pack)) == [("indeterminate", "amount")]
    permit(decide(dataclasses.replace(asked, fields=frozenset({FieldId("city")})), pack))
    assert "amount" not in permit(decide(ask("segment", "direct_marketing"), pack)).columns
    limited = with_extra(prohibition(dataclasses.replace(when, actions=frozenset({Action.STORE})), {"amount"}))
    permit(decide(asked, limited))
    assert codes(decide(asked, with_extra(prohibition(when)))) == [("indeterminate", None)]


def test_a_permission_that_cannot_be_measured_does_not_open() -> None:
    when = Condition(sources=frozenset({SourceId("webshop_customers")}))
    named = frozenset({FieldId("gender")})
    pack = with_extra(Rule(RuleId("test"), RuleKind.PERMISSION, "6(1)(a)", {"en": "a test"}, when, named))
    asked = ask("segment", "direct_marketing", ["gender"])
    assert codes(decide(asked, pack)) == [("no_rule_permits", "gender")]


def test_a_pack_permits_from_its_very_first_instant() -> None:
    permit(decide(ask("segment", "direct_marketing", ["city"], at=baseline().effective_from), baseline()))


def test_never_together_leaves_the_whole_set_out_of_an_open_request() -> None:
    together = prohibition(Condition(), {"city", "postcode"}, together=True)
    pack = with_extra(together)
    opened = permit(decide(ask("segment", "direct_marketing"), pack))
    assert {"city", "postcode3"}.isdisjoint(opened.columns)
    permit(decide(ask("segment", "direct_marketing", ["city", "country"]), pack))
    asked = ask("segment", "direct_marketing", ["city", "postcode", "country"])
    assert codes(decide(asked, pack)) == [("never_together", "city"), ("never_together", "postcode")]


def test_a_further_prohibition_does_not_open_a_set_that_was_closed() -> None:
    pair = prohibition(Condition(), {"city", "postcode"}, together=True)
    single = dataclasses.replace(prohibition(Condition(), {"city"}), id=RuleId("test-2"))
    opened = permit(decide(ask("segment", "direct_marketing"), with_extra(pair, single)))
    assert {"city", "postcode3"}.isdisjoint(opened.columns)


def test_the_largest_minimum_holds_and_never_less_than_the_floor() -> None:
    larger = Rule(RuleId("larger"), RuleKind.OBLIGATION, "25(1)", {"en": "a test"}, Condition(), minimum_size=250)
    asked = ask("release", "direct_marketing", recipient="mailer")
    assert permit(decide(asked, with_extra(larger))).minimum_size == 250
    none = [rule for rule in baseline().rules if rule.kind is not RuleKind.OBLIGATION]
    assert permit(decide(ask("segment", "direct_marketing", []), with_rules(baseline(), none))).minimum_size == 5
    assert permit(decide(asked, with_rules(baseline(), none))).minimum_size == 100  # the contract's own


def test_a_field_without_a_period_is_not_opened() -> None:
    pack = with_retention(("city", "direct_marketing", 30))
    assert codes(decide(ask("segment", "direct_marketing", ["city", "country"]), pack)) == [("no_retention", "country")]
    answer = permit(decide(ask("segment", "direct_marketing", ["city"]), pack))
    assert answer.rows == RowRule(2, profiles_for=30 * DAY, events_for=0 * DAY)


def test_rows_live_no_longer_than_the_shortest_period_of_what_is_opened() -> None:
    pack = with_retention(("city", "direct_marketing", 30), ("country", "direct_marketing", 90))
    both = permit(decide(ask("segment", "direct_marketing", ["city", "country"]), pack))
    assert both.rows.profiles_for == 30 * DAY
    assert permit(decide(ask("segment", "direct_marketing", ["country"]), pack)).rows.profiles_for == 90 * DAY
    assert permit(decide(ask("segment", "direct_marketing", []), pack)).rows.profiles_for == 90 * DAY


def test_store_leaves_out_what_it_may_not_keep_and_says_so() -> None:
    pack = with_extra(prohibition(Condition(actions=frozenset({Action.STORE})), {"feedback", "national_id"}))
    answer = permit(decide(ask("store", "customer_segmentation", source="webshop_customers"), pack))
    assert [(r.code, r.field, r.rule) for r in answer.withheld] == [
        ("prohibited", "feedback", "test"),
        ("prohibited", "national_id", "test"),
    ]
    assert "feedback" not in answer.columns
    assert "national_id" not in answer.identifiers
    assert {"customer_number", "birth_date"} <= answer.identifiers


def test_store_is_refused_when_nobody_could_be_found_again() -> None:
    pack = with_extra(prohibition(Condition(), {"customer_number"}))
    asked = ask("store", "customer_segmentation", source="webshop_purchases")
    assert codes(decide(asked, pack)) == [("prohibited", "customer_number"), ("no_subject_identifier", None)]
    everything = {str(field) for field in pack.catalogue.fields}
    refused = codes(decide(asked, with_extra(prohibition(Condition(), everything))))
    assert refused == [("prohibited", "amount"), ("prohibited", "customer_number"), ("prohibited", "quantity")]
