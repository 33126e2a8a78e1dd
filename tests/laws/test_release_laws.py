"""What a release tells by whom it chooses, and a combination that is limited to a part of what a company receives."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.policy import Pack, decide, load_pack
from gateway.policy.pack import Condition, People, Rule, RuleKind
from gateway.vocabulary.decisions import Action, Decision, Deny, Permit, ProcessingRequest
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, RuleId
from tests.apart import CONTRACTS, NEVER, PURPOSES, texts
from tests.laws.test_policy_laws import FEWER, FIELDS, LAW, PACK, fields, no_wider, packs, requests, rules
from tests.rooms.policy.packs import AT, with_rules

COMPANY = load_pack(texts(2))
TOGETHER = sorted(NEVER[0])


@FEWER
@given(packs(), requests, fields)
def test_choosing_by_more_never_opens_anything(
    pack: Pack, request: ProcessingRequest, more: frozenset[FieldId]
) -> None:
    finer = dataclasses.replace(request, chosen_by=request.chosen_by | more)
    no_wider(decide(finer, pack), decide(request, pack))


releases = st.sampled_from(
    [
        ProcessingRequest(Action.RELEASE, purpose, AT, recipient=contract.id)
        for contract in PACK.catalogue.recipients.values()
        for purpose in contract.purposes
    ]
)


@FEWER
@given(packs(), rules(RuleKind.PROHIBITION, "further"), releases, st.sampled_from(FIELDS))
def test_what_a_rule_forbids_to_give_chooses_nobody_for_a_recipient(
    pack: Pack, rule: Rule, request: ProcessingRequest, field: FieldId
) -> None:
    opening = Rule(RuleId("opening"), RuleKind.PERMISSION, "6(1)(a)", {"en": "a law"}, Condition(), frozenset())
    rule = dataclasses.replace(rule, fields=None if rule.fields is None else rule.fields | {field})
    pack = with_rules(pack, [*pack.rules, rule, opening])
    given_it = decide(dataclasses.replace(request, fields=frozenset({field})), pack)
    chosen_by_it = decide(dataclasses.replace(request, fields=frozenset(), chosen_by=frozenset({field})), pack)
    assert forbidding(given_it, field) <= forbidding(chosen_by_it, field)


def forbidding(decision: Decision, field: FieldId) -> set[str | None]:
    reasons = decision.reasons if isinstance(decision, Deny) else ()
    return {
        reason.rule for reason in reasons if reason.field == field and reason.code in {"prohibited", "indeterminate"}
    }


def test_children_are_left_out_of_what_is_chosen_by_a_field_that_is_not_for_them() -> None:
    """A prohibition of some people bites on a field that chooses as on one that is given."""
    minors = Rule(
        RuleId("minors"), RuleKind.PROHIBITION, "8", {"en": "a law"}, Condition(actions=frozenset({Action.RELEASE})),
        frozenset({FieldId("postcode")}), people=People(younger_than=18),
    )  # fmt: skip
    asked = ProcessingRequest(
        Action.RELEASE, PurposeId("direct_marketing"), AT, frozenset(), recipient=RecipientId("mailer")
    )
    pack = with_rules(PACK, [*PACK.rules, minors])
    for chosen_by, left_out in ((frozenset({FieldId("postcode")}), True), (frozenset({FieldId("city")}), False)):
        answer = decide(dataclasses.replace(asked, chosen_by=chosen_by), pack)
        assert isinstance(answer, Permit)
        assert (bool(answer.rows.people), "minors" in answer.rules) == (left_out, left_out)


def of_two(names: list[str]) -> st.SearchStrategy[Any]:
    return st.none() | st.frozensets(st.sampled_from(names), min_size=1)


steps = st.lists(st.tuples(st.sampled_from(sorted(CONTRACTS)), st.frozensets(st.sampled_from(TOGETHER))), max_size=8)


@LAW
@given(of_two([f"{sort}_0" for sort in CONTRACTS]), of_two(sorted(PURPOSES.values())), steps)
def test_a_combination_limited_to_some_contracts_or_purposes_holds_for_the_whole_company(
    recipients: frozenset[RecipientId] | None, purposes: frozenset[PurposeId] | None, parts: Any
) -> None:
    """Through whichever contract, for whichever purpose, and in whichever order its parts come."""
    when = Condition(actions=frozenset({Action.RELEASE}), recipients=recipients, purposes=purposes)
    heard = any(
        (recipients is None or f"{sort}_0" in recipients) and (purposes is None or PURPOSES[short] in purposes)
        for sort, (short, _) in CONTRACTS.items()
    )
    limited = Rule(
        RuleId("limited"), RuleKind.PROHIBITION, "5(1)(c)", {"en": "a law"}, when, NEVER[0], together=True
    )  # fmt: skip
    pack = with_rules(COMPANY, [*(rule for rule in COMPANY.rules if not rule.together), limited])
    learned: frozenset[FieldId] = frozenset()
    for sort, chosen in parts:
        given = frozenset(map(FieldId, CONTRACTS[sort][1]))
        asked = ProcessingRequest(
            Action.RELEASE, PurposeId(PURPOSES[CONTRACTS[sort][0]]), AT, given, recipient=RecipientId(f"{sort}_0"),
            chosen_by=frozenset(map(FieldId, chosen)), received=learned,
        )  # fmt: skip
        if isinstance(decide(asked, pack), Permit):
            learned |= given | asked.chosen_by
    assert not (heard and NEVER[0] <= learned)
    whole = ProcessingRequest(
        Action.RELEASE, PurposeId("direct_marketing"), AT, frozenset(), recipient=RecipientId("plain_1"),
        chosen_by=frozenset(map(FieldId, TOGETHER)),
    )  # fmt: skip
    if recipients is not None:  # another company is none of its business
        assert isinstance(decide(whole, pack), Permit)
