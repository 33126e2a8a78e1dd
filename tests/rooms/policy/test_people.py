"""Rules about some people only, about where a recipient is, and about how far back is looked."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from gateway.policy import decide
from gateway.policy.countries import COUNTRIES
from gateway.policy.pack import Condition, Pack, People, Rule, RuleKind
from gateway.vocabulary.decisions import Action, Decision, Deny, Permit, PermitsAlso, StoredAmong
from gateway.vocabulary.fields import AgeBand
from gateway.vocabulary.names import FieldId, PurposeId, RuleId

from .packs import ask, baseline, with_rules

THREE_YEARS = dt.timedelta(days=1095)
READING = Condition(actions=frozenset({Action.SEGMENT, Action.RELEASE}))
SEGMENT = ask("segment", "direct_marketing", ["city"])
ADULT_BANDS = (*(f"{age}-{age + 4}" for age in range(20, 90, 5)), "90+")
ADULTS = StoredAmong("age_band", ADULT_BANDS, THREE_YEARS)


def rule(kind: RuleKind, name: str = "test", when: Condition = READING, **about: object) -> Rule:
    made = Rule(RuleId(name), kind, "5(1)", {"en": "a test"}, when)
    return dataclasses.replace(made, **about)  # type: ignore[arg-type]  # a kit of parts


def prohibition(**about: object) -> Rule:
    return rule(RuleKind.PROHIBITION, **about)  # type: ignore[arg-type]  # as above


def with_extra(*rules: Rule) -> Pack:
    return with_rules(baseline(), [*baseline().rules, *rules])


def only_people(people: People, *fields: str) -> Pack:
    """Return the baseline with one permission of marketing segments, for some people."""
    others = [other for other in baseline().rules if other.id != "segment-marketing"]
    when = Condition(actions=frozenset({Action.SEGMENT}), purposes=frozenset({PurposeId("direct_marketing")}))
    permission = rule(RuleKind.PERMISSION, when=when, people=people, fields=frozenset(map(FieldId, fields)))
    return with_rules(baseline(), [*others, permission])


def permit(decision: Decision) -> Permit:
    assert isinstance(decision, Permit)
    return decision


def codes(decision: Decision) -> list[tuple[str, str | None]]:
    assert isinstance(decision, Deny)
    return [(reason.code, reason.field) for reason in decision.reasons]


def test_a_permission_for_some_people_opens_their_rows_only() -> None:
    people = People(minimum_age=18, regions=frozenset({"FI"}), consents=frozenset({PurposeId("direct_marketing")}))
    answer = permit(decide(SEGMENT, only_people(people, "city")))
    country = StoredAmong("country", ("FI",), THREE_YEARS)
    assert answer.rows.people == (((ADULTS, country, PermitsAlso(2)),),)


def test_of_two_permissions_one_must_be_for_the_person_and_one_for_everybody_is_enough() -> None:
    pack = only_people(People(minimum_age=18), "city")
    first = next(rule for rule in pack.rules if rule.id == "test")
    finns = dataclasses.replace(first, id=RuleId("test-2"), people=People(regions=frozenset({"FI"})))
    both = permit(decide(SEGMENT, with_rules(pack, [*pack.rules, finns])))
    assert both.rows.people == (((ADULTS,), (StoredAmong("country", ("FI",), THREE_YEARS),)),)
    everybody = dataclasses.replace(first, id=RuleId("test-3"), people=None)
    assert permit(decide(SEGMENT, with_rules(pack, [*pack.rules, finns, everybody]))).rows.people == ()


def test_a_field_for_some_narrows_all_that_is_opened_with_it() -> None:
    pack = only_people(People(minimum_age=18), "city")
    wide = next(rule for rule in baseline().rules if rule.id == "segment-marketing")
    wide = dataclasses.replace(wide, fields=frozenset({FieldId("country")}))
    pack = with_rules(pack, [*pack.rules, wide])
    asked = ask("segment", "direct_marketing", ["city", "country"])
    assert permit(decide(asked, pack)).rows.people == (((ADULTS,),),)
    assert permit(decide(ask("segment", "direct_marketing", ["country"]), pack)).rows.people == ()


def test_a_prohibition_of_some_people_leaves_them_out_and_is_named() -> None:
    answer = permit(decide(SEGMENT, with_extra(prohibition(people=People(younger_than=18)))))
    assert answer.rows.people == (((ADULTS,),),)
    assert "test" in answer.rules


def test_who_fits_only_one_part_of_a_prohibition_stays() -> None:
    people = People(regions=frozenset({"HU"}), without_consents=frozenset({PurposeId("direct_marketing")}))
    elsewhere = StoredAmong("country", tuple(sorted(COUNTRIES - {"HU"})), THREE_YEARS)
    answer = permit(decide(SEGMENT, with_extra(prohibition(people=people))))
    assert answer.rows.people == (((elsewhere,), (PermitsAlso(2),)),)


def test_a_prohibition_of_fields_for_some_people_bites_where_a_field_is_opened() -> None:
    pack = with_extra(prohibition(people=People(younger_than=18), fields=frozenset({FieldId("country")})))
    assert permit(decide(SEGMENT, pack)).rows.people == ()
    assert permit(decide(ask("segment", "direct_marketing", ["city", "country"]), pack)).rows.people == (((ADULTS,),),)


def test_an_age_inside_a_band_takes_the_next_one() -> None:
    answer = permit(decide(SEGMENT, with_extra(prohibition(people=People(younger_than=21)))))
    assert answer.rows.people == (((dataclasses.replace(ADULTS, values=ADULT_BANDS[1:]),),),)
    assert AgeBand(5).from_age(18) == ADULT_BANDS
    assert AgeBand(7).from_age(84) == ("84-89", "90+")
    assert AgeBand(7).from_age(91) == ()


def test_what_the_purpose_may_not_keep_cannot_be_asked_of_a_person() -> None:
    catalogue = baseline().catalogue
    kept = tuple(e for e in catalogue.retention if e.field != "birth_date")
    bare = dataclasses.replace(catalogue, retention=kept)
    pack = dataclasses.replace(with_extra(prohibition(people=People(younger_than=18))), catalogue=bare)
    assert codes(decide(SEGMENT, pack)) == [("indeterminate", None)]
    pack = dataclasses.replace(only_people(People(minimum_age=18), "city"), catalogue=bare)
    assert codes(decide(SEGMENT, pack)) == [("no_rule_permits", None)]


def test_with_two_countries_of_a_person_nobody_knows_which_one_counts() -> None:
    catalogue = baseline().catalogue
    home = catalogue.fields[FieldId("country")]
    other = dataclasses.replace(home, id=FieldId("billing_country"), column="billing_country")
    both = dataclasses.replace(catalogue, fields={**catalogue.fields, other.id: other})
    pack = with_extra(prohibition(people=People(regions=frozenset({"HU"}))))
    permit(decide(SEGMENT, pack))
    assert codes(decide(SEGMENT, dataclasses.replace(pack, catalogue=both))) == [("indeterminate", None)]


def test_people_are_not_told_apart_when_data_are_stored() -> None:
    pack = with_extra(prohibition(people=People(younger_than=18), when=Condition()))
    asked = ask("store", "customer_segmentation", source="webshop_customers")
    assert codes(decide(asked, pack)) == [("indeterminate", None)]


@pytest.mark.parametrize(
    ("when", "to_hungary", "to_finland"),
    [
        (Condition(jurisdictions=frozenset({"HU"})), "prohibited", None),
        (Condition(outside_jurisdictions=frozenset({"FI", "IE"})), "prohibited", None),
        (Condition(jurisdictions=frozenset({"US"})), None, None),
    ],
)
def test_a_rule_may_ask_where_the_recipient_is(when: Condition, to_hungary: str | None, to_finland: str | None) -> None:
    pack = with_extra(prohibition(when=dataclasses.replace(when, actions=frozenset({Action.RELEASE}))))
    asked = (
        (to_hungary, ask("release", "product_analytics", recipient="insights")),
        (to_finland, ask("release", "direct_marketing", recipient="mailer")),
    )
    for code, request in asked:
        answer = decide(request, pack)
        assert codes(answer) == [(code, None)] if code else isinstance(answer, Permit)


def test_without_a_recipient_nobody_knows_where_the_data_go() -> None:
    pack = with_extra(prohibition(when=Condition(outside_jurisdictions=frozenset({"FI"}))))
    assert codes(decide(SEGMENT, pack)) == [("indeterminate", None)]


def test_a_look_back_shortens_what_is_seen_and_never_lengthens_it() -> None:
    asked = ask("segment", "direct_marketing", ["city", "amount"])

    def seen(days: int, *fields: str) -> tuple[int, int, int, int]:
        named = frozenset(map(FieldId, fields)) or None
        duty = rule(RuleKind.OBLIGATION, look_back=dt.timedelta(days=days), fields=named)
        answer = permit(decide(asked, with_extra(duty)))
        columns = answer.columns["city"].retention, answer.columns["amount"].retention
        city, amount, profiles, events = (p.days for p in (*columns, answer.rows.profiles_for, answer.rows.events_for))
        return city, amount, profiles, events

    assert seen(90, "amount") == (1095, 90, 1095, 90)
    assert seen(90, "city") == (90, 730, 90, 730)
    assert seen(90) == (90, 90, 90, 90)
    assert seen(900) == (900, 730, 900, 730)


# What a recipient has received before

RELEASE = ask("release", "product_analytics", ["birth_date"], recipient="insights")


def received(*fields: str) -> Decision:
    return decide(dataclasses.replace(RELEASE, received=frozenset(map(FieldId, fields))), baseline())


def test_a_combination_is_measured_over_everything_received() -> None:
    permit(received())
    permit(received("postcode", "city"))
    answer = received("postcode", "gender")
    assert codes(answer) == [("combination_reached", "birth_date")]
    assert isinstance(answer, Deny)
    assert answer.reasons[0].rule == "no-place-age-and-gender-together"
    assert answer.reasons[0].combination == ("birth_date", "gender", "postcode")
    assert "combination of `birth_date`, `gender`, `postcode`" in str(answer.reasons[0])


def test_a_combination_that_is_there_already_ends_every_release() -> None:
    whole = {FieldId(name) for name in ("postcode", "birth_date", "gender")}
    asked = ask("release", "direct_marketing", recipient="mailer")
    answer = decide(dataclasses.replace(asked, received=frozenset(whole)), baseline())
    assert codes(answer) == [("combination_reached", name) for name in sorted(whole)]


def test_an_open_request_leaves_out_what_completes_a_combination() -> None:
    asked = dataclasses.replace(RELEASE, fields=None, received=frozenset(map(FieldId, ("postcode", "gender"))))
    answer = permit(decide(asked, baseline()))
    assert set(answer.columns) == {"country"}
    assert [reason.code for reason in answer.withheld] == ["combination_reached"]


def test_a_received_field_that_nobody_knows_any_more_cannot_be_measured() -> None:
    assert codes(received("shoe_size", "city")) == [("unknown_received_field", "shoe_size")]
    none = [rule for rule in baseline().rules if not rule.together]
    asked = dataclasses.replace(RELEASE, received=frozenset({FieldId("shoe_size")}))
    permit(decide(asked, with_rules(baseline(), none)))
