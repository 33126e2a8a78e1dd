"""What differs between two packs is told, each way, and what widens is marked."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policy import Pack, decide, load_pack
from gateway.policy import deciding_again as again
from gateway.policy.deciding_again import coarser
from gateway.policy.diff import PackDiff, diff, diff_data, diff_words
from gateway.policy.pack import Condition, Rule, RuleKind
from gateway.policy.why import Question, because_data, because_words, why
from gateway.vocabulary.decisions import Action, Permit
from gateway.vocabulary.fields import AgeBand, Bucket, Keep, Month, Prefix, Rounded
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, RuleId, SourceId

from .packs import AT, baseline, changed, with_rules

OLD = baseline()


def against(file: str, old: str, new: str) -> PackDiff:
    return diff(OLD, load_pack(changed(file, old, new)), AT)


def reverse(file: str, old: str, new: str) -> PackDiff:
    return diff(load_pack(changed(file, old, new)), OLD, AT)


def entries(found: PackDiff) -> list[tuple[str, str, str, bool]]:
    return [(each.section, each.id, each.change, each.widens) for each in found.entries]


def test_a_pack_and_itself_do_not_differ() -> None:
    found = diff(OLD, OLD, AT)
    assert (found.entries, found.answers.changes, found.widens) == ((), (), False)
    assert diff_words(found) == ["  the two are the same"]
    assert found.answers.complete


def test_a_comment_changes_the_digest_and_no_decision() -> None:
    found = against("fields.yaml", "# Attributes.", "# Attributes of people.")
    assert (found.entries, found.answers.changes, found.widens) == ((), (), False)
    assert diff_words(found) == ["  only words that decide nothing differ"]


def test_a_permission_that_gains_a_field_widens_and_the_way_back_does_not() -> None:
    change = ("rules/permissions.yaml", "[birth_date, country, language, registered_on, amount",
              "[birth_date, country, language, registered_on, postcode, amount")  # fmt: skip
    retained = changed(*change)
    retained["retention.yaml"] = retained["retention.yaml"].replace(
        "fields: [birth_date, country, language, registered_on]",
        "fields: [birth_date, country, language, registered_on, postcode]",
    )
    new = load_pack(retained)
    there, back = diff(OLD, new, AT), diff(new, OLD, AT)
    assert entries(there) == [
        ("retention", "product_analytics, postcode", "added", True),
        ("rules", "segment-analytics", "changed", True),
    ]
    whole, alone = there.answers.changes
    assert (whole.change, [each.name for each in whole.differences]) == ("permit_changed", ["postcode3"])
    assert (alone.change, alone.request.fields) == ("deny_to_permit", {"postcode"})
    assert there.widens
    assert all(change.widens for change in there.answers.changes)
    assert not back.widens
    assert [change.change for change in back.answers.changes] == ["permit_changed", "permit_to_deny"]
    assert back.answers.changes[1].reasons == ("no_rule_permits",)


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("purposes.yaml", "valid_days: 730", "valid_days: 1000", "consent_valid_for"),
        ("purposes.yaml", "notices: [webshop-2026-05]", "notices: [webshop-2026-05, other]", "notices"),
        ("purposes.yaml", "notices: [webshop-2026-05]", "notices: []", "notices"),
        ("purposes.yaml", "{FI: 13, HU: 16", "{FI: 13, HU: 14", "minimum_age"),
        ("recipients.yaml", "expires: 2027-12-31", "expires: 2028-12-31", "expires"),
        ("recipients.yaml", "epoch_days: 90", "epoch_days: 180", "epoch_days"),
        ("recipients.yaml", "minimum_size: 100", "minimum_size: 50", "minimum_size"),
        ("retention.yaml", "days: 730", "days: 900", "period"),
        ("rules/obligations.yaml", "minimum_size: 100", "minimum_size: 50", "minimum_size"),
        ("rules/prohibitions.yaml", "never_together: [postcode, birth_date, gender]",
         "never_together: [postcode, birth_date, gender, city]", "fields"),
        ("fields.yaml", "reveals: [health, religion]", "reveals: [religion]", "reveals"),
        ("sources.yaml", "purposes: [customer_segmentation]", "purposes: [customer_segmentation, direct_marketing]",
         "purposes"),
        ("pack.yaml", "2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "effective_from"),
    ],
)  # fmt: skip
def test_a_key_that_widens_is_marked_one_way_only(file: str, old: str, new: str, key: str) -> None:
    for found, widens in ((against(file, old, new), True), (reverse(file, old, new), False)):
        marks = {each.key: each.widens for entry in found.entries for each in entry.keys}
        assert marks[key] is widens


def test_a_prohibition_that_goes_opens_what_it_closed() -> None:
    without = with_rules(OLD, [rule for rule in OLD.rules if rule.id != "minimum-size"])
    found = diff(OLD, without, AT)
    assert ("rules", "minimum-size", "removed", True) in entries(found)
    # Releases keep the minimum of their contracts; segments fall to the floor, told once for each purpose.
    sizes = [each for change in found.answers.changes for each in change.differences if each.what == "minimum_size"]
    assert {(each.old, each.new, each.widens) for each in sizes} == {(100, 5, True)}


def test_a_field_that_is_lost_takes_its_own_limits_on_people_with_it() -> None:
    closed = "      - ids: [product_category]\n\n  # The Union"
    files = changed("rules/prohibitions.yaml", closed, closed.replace("product_category", "product_category, quantity"))
    files["rules/prohibitions.yaml"] = files["rules/prohibitions.yaml"].replace("    people: {younger_than: 18}\n", "")
    found = diff(OLD, load_pack(files), AT)
    whole = next(change for change in found.answers.changes if change.request.fields is None)
    assert [(each.what, each.name) for each in whole.differences] == [
        ("column lost", "product_category"), ("column lost", "quantity"),
    ]  # fmt: skip
    assert not any(change.widens for change in found.answers.changes)
    # Who was left out for the field's sake alone may be seen again where only the people condition goes.
    wider = diff(OLD, with_rules(OLD, [rule for rule in OLD.rules if rule.people is None]), AT)
    assert any(each.what == "people" and each.widens for change in wider.answers.changes for each in change.differences)


def test_why_a_column_is_ignored_is_told_and_opens_nothing() -> None:
    old = load_pack(changed("sources.yaml", "      note: {", "      x: {ignored: not needed}\n      note: {"))
    new = load_pack(changed("sources.yaml", "      note: {", "      x: {ignored: not asked for}\n      note: {"))
    ((key,),) = [entry.keys for entry in diff(old, new, AT).entries]
    assert (key.key, key.widens) == ("columns", False)
    assert (key.old, key.new) == ({"x": {"reason": "not needed"}}, {"x": {"reason": "not asked for"}})
    assert diff(old, load_pack(changed("sources.yaml", "      note: {", "      x: gender\n      note: {")), AT).widens


def test_a_coarser_transform_does_not_widen_and_a_finer_one_does() -> None:
    def transforms(found: PackDiff) -> set[bool]:
        changes = [each for change in found.answers.changes for each in change.differences]
        return {each.widens for each in changes if each.what == "transform"}

    assert transforms(against("fields.yaml", "years: 5", "years: 10")) == {False}
    assert transforms(against("fields.yaml", "years: 5", "years: 4")) == {True}
    assert transforms(against("fields.yaml", "length: 3", "length: 2")) == {False}


def test_coarser_is_surely_no_finer() -> None:
    assert coarser(AgeBand(5), AgeBand(10))
    assert not coarser(AgeBand(5), AgeBand(7))
    assert coarser(Rounded(10), Rounded(50))
    assert coarser(Bucket(10), Bucket(10))
    assert not coarser(Prefix(2), Prefix(3))
    assert coarser(Keep(), Month())
    assert not coarser(Month(), Keep())


def test_too_many_requests_are_told_and_count_as_widening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "MOST", 50)
    found = diff(OLD, OLD, AT)
    assert not found.answers.complete
    assert found.widens
    assert any("not complete" in line for line in diff_words(found))


def test_a_difference_is_plain_data() -> None:
    new = with_rules(OLD, [])
    data = diff_data(diff(OLD, new, AT))
    assert json.loads(json.dumps(data)) == data
    assert {item["change"] for item in data["decisions"]} == {"permit_to_deny"}


FIELDS = sorted(OLD.catalogue.fields)
rules = st.builds(
    Rule,
    id=st.just(RuleId("another")),
    kind=st.sampled_from([RuleKind.PERMISSION, RuleKind.PROHIBITION]),
    article=st.just("6(1)(f)"),
    rationale=st.just({"en": "A test."}),
    when=st.builds(
        Condition,
        actions=st.frozensets(st.sampled_from(Action), min_size=1),
        purposes=st.frozensets(st.sampled_from(sorted(OLD.catalogue.purposes)), min_size=1),
    ),
    fields=st.frozensets(st.sampled_from(FIELDS), max_size=4),
)


@settings(max_examples=40)
@given(rules)
def test_a_prohibition_more_never_widens_and_a_permission_more_never_narrows(rule: Rule) -> None:
    found = diff(OLD, with_rules(OLD, [*OLD.rules, rule]), AT).answers.changes
    if rule.kind is RuleKind.PROHIBITION:
        assert not any(change.widens for change in found)
    else:
        assert not any(change.change == "permit_to_deny" for change in found)
        assert not any(each.what == "column lost" for change in found for each in change.differences)


@settings(max_examples=40)
@given(rules, st.sampled_from(FIELDS), st.sampled_from(sorted(OLD.catalogue.purposes)))
def test_every_single_field_that_flips_is_told(rule: Rule, field: FieldId, purpose: PurposeId) -> None:
    new = with_rules(OLD, [*OLD.rules, rule])
    changes = diff(OLD, new, AT).answers.changes
    for because, other in zip(
        why(Question(frozenset({field}), purpose=purpose), OLD, AT),
        why(Question(frozenset({field}), purpose=purpose), new, AT),
        strict=True,
    ):
        flipped = isinstance(because.decision, Permit) is not isinstance(other.decision, Permit)
        told = [change for change in changes if change.request == because.request]
        assert flipped == any(change.change != "permit_changed" for change in told)


class TestWhy:
    """A question becomes every request that it may mean, and the engine answers each."""

    def test_a_field_is_asked_about_everywhere(self) -> None:
        answers = why(Question(frozenset({FieldId("diet")})), OLD, AT)
        catalogue = OLD.catalogue
        each = len(catalogue.sources) + 1 + len(catalogue.recipients)
        assert len(answers) == len(catalogue.purposes) * each
        assert not any(isinstance(answer.decision, Permit) for answer in answers)
        assert all(decide(answer.request, OLD) == answer.decision for answer in answers)

    def test_a_recipient_is_about_releases_and_a_source_about_storing(self) -> None:
        to = why(Question(recipient=RecipientId("insights")), OLD, AT)
        assert {answer.request.action for answer in to} == {Action.RELEASE}
        permitted = [answer.request.purpose for answer in to if isinstance(answer.decision, Permit)]
        assert permitted == ["product_analytics"]
        come = why(Question(source=SourceId("webshop_customers")), OLD, AT)
        assert {answer.request.action for answer in come} == {Action.STORE}

    def test_an_unknown_name_is_answered_as_unknown(self) -> None:
        for question, code in (
            (Question(purpose=PurposeId("x"), action=Action.SEGMENT), "unknown_purpose"),
            (Question(recipient=RecipientId("x"), purpose=PurposeId("direct_marketing")), "unknown_recipient"),
        ):
            (answer,) = why(question, OLD, AT)
            assert [reason.code for reason in answer.decision.reasons] == [code]  # type: ignore[union-attr] # a Deny

    @pytest.mark.parametrize(
        ("language", "word"), [("en", "rule"), ("fi", "sääntö"), ("hu", "szabály"), ("uk", "правило")]
    )
    def test_the_answer_is_told_in_each_language(self, language: str, word: str) -> None:
        (answer,) = why(Question(frozenset({FieldId("diet")}), Action.SEGMENT, PurposeId("direct_marketing")), OLD, AT)
        data = because_data(answer, OLD, language)
        assert data["decision"] == "deny"
        assert data["reasons"][0]["rule"] == "special-categories-default"
        assert word in data["words"][0]
        assert because_words(answer, OLD, language)[1].strip() == data["words"][0]


def test_two_packs_that_begin_later_are_compared_when_both_have_begun() -> None:
    later: Pack = dataclasses.replace(OLD, effective_from=AT.replace(year=2027))
    found = diff(OLD, later, AT)
    assert found.at == later.effective_from
    assert found.answers.changes == ()


def test_what_a_field_is_expected_to_show_is_looked_at_again() -> None:
    found = against("fields.yaml", "finding: city", "finding: postcode")
    assert entries(found) == [("fields", "city", "changed", True)]
    assert found.widens


def test_a_recipient_that_goes_takes_along_what_it_holds() -> None:
    without = dataclasses.replace(
        OLD,
        catalogue=dataclasses.replace(
            OLD.catalogue, recipients={k: v for k, v in OLD.catalogue.recipients.items() if k != "insights"}
        ),
    )
    found = diff(OLD, without, AT)
    assert ("recipients", "insights", "removed", True) in entries(found)
    assert any(line.startswith("! recipients: insights removed") for line in diff_words(found))


LOYAL = "segments/loyal_buyers.yaml"


@pytest.mark.parametrize(
    ("old", "new", "key", "widens"),
    [
        ("count: {gte: 3}", "count: {gte: 2}", "where", True),
        ("count: {gte: 3}", "count: {gte: 9}", "where", True),  # nobody can tell from the text that it narrows
        ("purpose: direct_marketing", "purpose: product_analytics", "purpose", True),
        ("en: ", "en: Really ", "title", False),
        ("purpose: direct_marketing", "purpose: direct_marketing # why", "text", False),
        ("count: {gte: 3}", "count: {gte: yes}", "text", True),
    ],
)
def test_another_condition_of_a_segment_is_marked_and_another_word_is_not(
    old: str,
    new: str,
    key: str,
    widens: bool,  # noqa: FBT001 - a case
) -> None:
    found = against(LOYAL, old, new)
    ((each,),) = [entry.keys for entry in found.entries]
    assert (each.key, each.widens, found.widens) == (key, widens, widens)
    assert any(line.startswith("! segments: ") for line in diff_words(found)) is widens


def test_a_segment_more_is_a_list_more() -> None:
    files = changed(LOYAL, "id: loyal_buyers", "id: other_buyers")
    more = load_pack(changed(LOYAL, "id: loyal_buyers", "id: loyal_buyers") | {"segments/other.yaml": files[LOYAL]})
    assert ("segments", "segments/other.yaml", "added", True) in entries(diff(OLD, more, AT))
    assert not diff(more, OLD, AT).widens
