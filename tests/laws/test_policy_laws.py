"""Laws of policy that hold for all requests, rules and histories."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from random import Random

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.policy import Pack, decide, of_age_from, permission_masks
from gateway.policy.explaining import as_data, explain
from gateway.policy.masks import AGE_UNKNOWN, INSTANT
from gateway.policy.pack import Condition, People, Rule, RuleKind
from gateway.policy.remedies import REMEDIES
from gateway.policy.standing import FOREVER
from gateway.policy.wording import SENTENCES
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.decisions import Action, Decision, Deny, Permit, ProcessingRequest
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.languages import LANGUAGES
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, RuleId, SourceId
from gateway.vocabulary.purposes import LegalBasis, Purpose
from tests.rooms.policy.packs import AT, baseline, with_rules

PACK = baseline()
FIELDS = sorted(PACK.catalogue.fields)
PURPOSES = sorted(PACK.catalogue.purposes)
SOURCES = sorted(PACK.catalogue.sources)
RECIPIENTS = sorted(PACK.catalogue.recipients)
FEWER = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LAW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

fields = st.frozensets(st.sampled_from(FIELDS), max_size=6)
requests = st.builds(
    ProcessingRequest,
    action=st.sampled_from(Action),
    purpose=st.sampled_from([*PURPOSES, PurposeId("unknown")]),
    at=st.sampled_from([AT, PACK.effective_from, PACK.effective_from - dt.timedelta(seconds=1),
                        AT + dt.timedelta(days=500)]),
    fields=st.none() | fields | fields.map(lambda known: known | {FieldId("unknown")}),
    source=st.sampled_from([None, *SOURCES, SourceId("unknown")]),
    recipient=st.sampled_from([None, *RECIPIENTS, RecipientId("unknown")]),
    chosen_by=st.just(frozenset()) | fields,
    received=st.just(frozenset()) | fields,
)  # fmt: skip


COUNTRIES = ["FI", "HU", "IE", "US"]


def limits(names: list[str]) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from(names), min_size=1)


conditions = st.builds(
    Condition, actions=limits(list(Action)), purposes=limits(PURPOSES), sources=limits(SOURCES),
    recipients=limits(RECIPIENTS), jurisdictions=limits(COUNTRIES), outside_jurisdictions=limits(COUNTRIES),
)  # fmt: skip


@st.composite
def rules(draw: st.DrawFn, kind: RuleKind, name: str) -> Rule:
    together = kind is RuleKind.PROHIBITION and draw(st.booleans())
    named = draw(st.frozensets(st.sampled_from(FIELDS), min_size=2 if together else 0, max_size=12))
    whole = kind is RuleKind.OBLIGATION or (kind is RuleKind.PROHIBITION and not together and draw(st.booleans()))
    size = draw(st.none() | st.integers(5, 1000)) if kind is RuleKind.OBLIGATION else None
    look_back = draw(st.none() | st.integers(1, 2000).map(lambda days: dt.timedelta(days=days)))
    about = draw(st.none() | people(kind)) if kind is not RuleKind.OBLIGATION else None
    made = Rule(RuleId(name), kind, "5(1)", {"en": "a law"}, draw(conditions), None if whole else named, together, size)
    return dataclasses.replace(made, people=about, look_back=look_back if kind is RuleKind.OBLIGATION else None)


def people(kind: RuleKind) -> st.SearchStrategy[People]:
    age, purposes = st.none() | st.integers(1, 90), limits(["direct_marketing"])
    if kind is RuleKind.PERMISSION:
        return st.builds(People, minimum_age=age, regions=limits(COUNTRIES), consents=purposes)
    return st.builds(People, younger_than=age, regions=limits(COUNTRIES), without_consents=purposes)


@st.composite
def packs(draw: st.DrawFn) -> Pack:
    kept = draw(st.lists(st.sampled_from(PACK.rules), unique_by=lambda rule: rule.id, min_size=4))
    made = [draw(rules(draw(st.sampled_from(RuleKind)), f"made-{i}")) for i in range(draw(st.integers(0, 3)))]
    return with_rules(PACK, [*kept, *made])


def no_wider(after: Decision, before: Decision) -> None:
    """Assert that nothing is open after that was closed before."""
    if isinstance(before, Deny):
        assert isinstance(after, Deny)
    elif isinstance(after, Permit):
        assert set(after.columns) <= set(before.columns)
        assert after.identifiers <= before.identifiers
        assert after.minimum_size >= before.minimum_size
        assert after.rows.mask == before.rows.mask
        assert all(after.columns[name].retention <= before.columns[name].retention for name in after.columns)
        if after.columns.keys() == before.columns.keys():
            assert set(after.rows.people) >= set(before.rows.people)
            assert after.rows.profiles_for <= before.rows.profiles_for
            assert after.rows.events_for <= before.rows.events_for
        assert after.valid_until <= before.valid_until


@LAW
@given(packs(), rules(RuleKind.PROHIBITION, "further"), requests)
def test_a_further_prohibition_never_opens_anything(pack: Pack, rule: Rule, request: ProcessingRequest) -> None:
    no_wider(decide(request, with_rules(pack, [*pack.rules, rule])), decide(request, pack))


@LAW
@given(packs(), rules(RuleKind.OBLIGATION, "further"), requests)
def test_a_further_obligation_never_opens_anything(pack: Pack, rule: Rule, request: ProcessingRequest) -> None:
    no_wider(decide(request, with_rules(pack, [*pack.rules, rule])), decide(request, pack))


@LAW
@given(packs(), requests, st.data())
def test_removing_a_permission_never_opens_anything(
    pack: Pack, request: ProcessingRequest, data: st.DataObject
) -> None:
    permissions = [rule for rule in pack.rules if rule.kind is RuleKind.PERMISSION]
    if permissions:
        gone = data.draw(st.sampled_from(permissions))
        no_wider(decide(request, with_rules(pack, [r for r in pack.rules if r is not gone])), decide(request, pack))


@LAW
@given(packs(), requests)
def test_no_permit_opens_a_direct_identifier_or_a_segment_on_free_text(pack: Pack, request: ProcessingRequest) -> None:
    answer = decide(request, pack)
    if not isinstance(answer, Permit):
        return
    catalogue = pack.catalogue.fields
    kinds = {catalogue[column.field].kind for column in answer.columns.values()}
    assert FieldKind.DIRECT_IDENTIFIER not in kinds
    if request.action is not Action.STORE:
        assert FieldKind.FREE_TEXT not in kinds
        assert not answer.identifiers
    if request.fields is not None:
        assert {column.field for column in answer.columns.values()} <= request.fields
    assert all(column.retention > dt.timedelta(0) for column in answer.columns.values())


@LAW
@given(packs(), requests)
def test_every_denial_says_why_and_every_permit_by_which_permission(pack: Pack, request: ProcessingRequest) -> None:
    match decide(request, pack):
        case Deny(reasons=reasons):
            assert reasons
            assert all(reason.rule is None or reason.article for reason in reasons)
            ids = {rule.id for rule in pack.rules}
            assert all(reason.rule in ids if reason.rule else reason.code in REMEDIES for reason in reasons)
        case Permit(rules=named):
            known = {rule.id: rule for rule in pack.rules}
            assert any(known[rule].kind is RuleKind.PERMISSION for rule in named)
            assert all(known[rule].kind is not RuleKind.PROHIBITION or known[rule].people for rule in named)


@FEWER
@given(packs(), requests, fields)
def test_what_was_received_before_never_opens_anything(
    pack: Pack, request: ProcessingRequest, more: frozenset[FieldId]
) -> None:
    later = dataclasses.replace(request, received=request.received | more)
    no_wider(decide(later, pack), decide(request, pack))


@FEWER
@given(packs(), requests, st.frozensets(st.sampled_from(FIELDS), min_size=2, max_size=4), st.data())
def test_a_combination_is_not_reached_by_asking_in_parts(
    pack: Pack, request: ProcessingRequest, together: frozenset[FieldId], data: st.DataObject
) -> None:
    """Whatever a recipient gets one after the other, it never holds all fields of a set that one request may not."""
    closing = Rule(
        RuleId("closing"), RuleKind.PROHIBITION, "5(1)(c)", {"en": "a law"}, Condition(), together, together=True
    )
    opening = Rule(RuleId("opening"), RuleKind.PERMISSION, "6(1)(a)", {"en": "a law"}, Condition(), frozenset(FIELDS))
    pack = with_rules(pack, [*pack.rules, closing, opening])
    received: frozenset[FieldId] = frozenset()
    for part in data.draw(st.permutations(sorted(together))):
        # Segments, because contracts let hardly anything out; what chose a segment's members counts as received.
        asked = dataclasses.replace(request, action=Action.SEGMENT, fields=frozenset({part}), received=received)
        match decide(asked, pack):
            case Permit(columns=columns):
                received |= {column.field for column in columns.values()}
    assert not together <= received


@FEWER
@given(packs(), requests, st.randoms(use_true_random=False))
def test_a_decision_does_not_hang_on_the_order_of_rules_or_on_what_was_asked_before(
    pack: Pack, request: ProcessingRequest, random: Random
) -> None:
    answer = decide(request, pack)
    assert decide(request, pack) == answer
    shuffled = list(pack.rules)
    random.shuffle(shuffled)
    assert same_but_order(decide(request, dataclasses.replace(pack, rules=tuple(shuffled))), answer)
    assert decide(request, with_rules(pack, shuffled)) == answer


def same_but_order(one: Decision, other: Decision) -> bool:
    match one, other:
        case Deny(reasons=found), Deny(reasons=expected):
            return set(found) == set(expected)
        case Permit() as found, Permit() as expected:
            rows = dataclasses.replace(found.rows, people=expected.rows.people)
            left_out = set(found.withheld) == set(expected.withheld)
            return left_out and dataclasses.replace(found, rows=rows, withheld=expected.withheld) == expected
    return False


@FEWER
@given(packs(), requests, st.frozensets(st.sampled_from(["health", "religion"])))
def test_a_special_category_needs_a_purpose_whose_explicit_consent_names_it(
    pack: Pack, request: ProcessingRequest, named: frozenset[str]
) -> None:
    """Also where a pack has no prohibition of its own: the engine closes what nobody thought of."""
    purposes = {
        purpose.id: dataclasses.replace(purpose, explicit_consent=tuple(named))
        for purpose in pack.catalogue.purposes.values()
    }
    pack = dataclasses.replace(pack, catalogue=dataclasses.replace(pack.catalogue, purposes=purposes))
    pack = with_rules(pack, [rule for rule in pack.rules if rule.kind is not RuleKind.PROHIBITION])
    match decide(request, pack):
        case Permit(columns=columns, identifiers=identifiers):
            for name in {column.field for column in columns.values()} | identifiers:
                field = pack.catalogue.fields[name]
                assert {field.special, *field.reveals} - {None} <= named


@FEWER
@given(packs(), requests, st.sampled_from([*LANGUAGES, "de"]))
def test_every_answer_can_be_told_in_every_language(pack: Pack, request: ProcessingRequest, language: str) -> None:
    answer = decide(request, pack)
    lines = explain(answer, pack, language)
    reasons = answer.reasons if isinstance(answer, Deny) else answer.withheld
    assert len(lines) == len(reasons) + isinstance(answer, Permit)
    for line, reason in zip(reversed(lines), reversed(reasons), strict=False):
        told = SENTENCES[reason.code][language if language in LANGUAGES else "en"]
        assert told in line
        assert reason.rule is None or f"`{reason.rule}`" in line
    assert json.loads(json.dumps(as_data(answer)))["decision"] == ("deny" if isinstance(answer, Deny) else "permit")


def test_every_code_has_its_words_and_its_remedy() -> None:
    assert REMEDIES.keys() == SENTENCES.keys() - {"permitted"}
    for texts in (*SENTENCES.values(), *REMEDIES.values()):
        assert set(texts) == set(LANGUAGES)
        assert all(texts.values())


# Masks: what each person has said, as a table of few people and every kind of history.

BASES = {purpose.id: purpose for purpose in PACK.catalogue.purposes.values()}
CONTRACT = dataclasses.replace(
    BASES[PurposeId("product_analytics")], id=PurposeId("delivery"), bit=62, legal_basis=LegalBasis.CONTRACT
)
MASKED = dataclasses.replace(
    PACK, catalogue=dataclasses.replace(PACK.catalogue, purposes={**PACK.catalogue.purposes, CONTRACT.id: CONTRACT})
)
WORDS = [*map(str, ConsentStatus), "maybe"]
ENDING = [ConsentStatus.WITHDRAWN, ConsentStatus.OBJECTED, ConsentStatus.RESTRICTED, ConsentStatus.REFUSED]
SPOKEN = [*MASKED.catalogue.purposes, "*", "unknown"]

Said = tuple[str, dt.datetime | None, str | None]  # status, at, notice
History = dict[tuple[int, str], Said]

moments = st.integers(-1000, 5).map(lambda days: AT + dt.timedelta(days=days)) | st.sampled_from(
    [AT, AT - dt.timedelta(days=730), AT - dt.timedelta(days=730) + dt.timedelta(microseconds=1)]
)
said = st.tuples(
    st.sampled_from(WORDS), st.none() | moments, st.sampled_from([None, "webshop-2026-05", "webshop-2025-01"])
)
histories = st.dictionaries(st.tuples(st.integers(0, 4), st.sampled_from(SPOKEN)), said, max_size=15)
ages = st.lists(
    st.none() | st.integers(-400, 400).map(lambda d: AT.date() + dt.timedelta(days=d)), min_size=4, max_size=4
)


def reference(person: int) -> bytes:
    return bytes([person]) * 16


def masks(history: History, of_age: list[dt.date | None]) -> list[tuple[int, dt.datetime]]:
    rows = [(reference(who), purpose, *words) for (who, purpose), words in history.items()]
    schema = [("subject", pa.binary(16)), ("purpose", pa.string()), ("status", pa.string()), ("at", INSTANT),
              ("notice", pa.string())]  # fmt: skip
    columns = list(zip(*rows, strict=True)) or [()] * 5
    standing = pa.table([pa.array(c, f[1]) for c, f in zip(columns, schema, strict=True)], schema=pa.schema(schema))
    people = pa.array([reference(who) for who in range(len(of_age))], pa.binary(16))
    table = permission_masks(MASKED, people, standing, pa.array(of_age, pa.date32()), AT)
    return list(zip(table["permits"].to_pylist(), table["permits_until"].to_pylist(), strict=True))


def one_person(who: int, history: History, of_age: dt.date | None) -> tuple[int, dt.datetime]:
    """Return what the law says of one person, read slowly and in order."""
    mask, until = 0, FOREVER
    everything = history.get((who, "*"))
    if everything and not (everything[0] == "lifted" and everything[1] and everything[1] <= AT):
        return 0, FOREVER
    for purpose in MASKED.catalogue.purposes.values():
        words = history.get((who, purpose.id))
        allowed, end = allows(purpose, words, of_age)
        mask |= allowed << purpose.bit
        until = min(until, end) if allowed else until
    return mask, until


def allows(purpose: Purpose, words: Said | None, of_age: dt.date | None) -> tuple[bool, dt.datetime]:
    if purpose.legal_basis is LegalBasis.CONTRACT:
        return words is None or words[0] not in {"restricted", "maybe"}, FOREVER
    if purpose.legal_basis is LegalBasis.LEGITIMATE_INTERESTS:
        return words is None or words[0] in {"given", "unknown", "requested", "expired", "lifted"}, FOREVER
    if words is None or words[0] != "given" or words[1] is None or words[1] > AT:
        return False, FOREVER
    assert purpose.consent_valid_for is not None
    end = words[1] + purpose.consent_valid_for
    return end > AT and words[2] in purpose.notices and (of_age is None or of_age <= AT.date()), end


@LAW
@given(histories, ages)
def test_masks_are_what_the_law_says_of_each_person(history: History, of_age: list[dt.date | None]) -> None:
    assert masks(history, of_age) == [one_person(who, history, day) for who, day in enumerate(of_age)]


@LAW
@given(histories, ages, st.tuples(st.integers(0, 3), st.sampled_from(SPOKEN)), st.sampled_from(ENDING), moments)
def test_saying_no_never_sets_a_bit(
    history: History, of_age: list[dt.date | None], where: tuple[int, str], word: ConsentStatus, at: dt.datetime
) -> None:
    before = masks(history, of_age)
    if where[1] == "*" or (where in history and history[where][0] in {"restricted", "maybe"}):
        word = ConsentStatus.RESTRICTED
    after = masks({**history, where: (word, at, None)}, of_age)
    assert all(new & ~old == 0 for (new, _), (old, _) in zip(after, before, strict=True))


@LAW
@given(histories, ages, histories)
def test_of_two_rows_for_one_purpose_the_stricter_counts(
    history: History, of_age: list[dt.date | None], further: History
) -> None:
    rows = [(reference(who), purpose, *words) for part in (history, further) for (who, purpose), words in part.items()]
    columns = list(zip(*rows, strict=True)) or [()] * 5
    types = [pa.binary(16), pa.string(), pa.string(), INSTANT, pa.string()]
    names = ["subject", "purpose", "status", "at", "notice"]
    standing = pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=names)
    people = pa.array([reference(who) for who in range(4)], pa.binary(16))
    both = permission_masks(MASKED, people, standing, pa.array(of_age, pa.date32()), AT)["permits"].to_pylist()
    first, second = masks({**further, **history}, of_age), masks({**history, **further}, of_age)
    assert all(b & ~x == 0 and b & ~y == 0 for b, (x, _), (y, _) in zip(both, first, second, strict=True))


days = st.dates(dt.date(1900, 1, 1), dt.date(2027, 12, 31))


@LAW
@given(st.lists(st.none() | days, max_size=5), st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31)))
def test_the_day_of_age_is_kept_only_for_the_young_and_only_by_month(
    births: list[dt.date | None], today: dt.date
) -> None:
    at = dt.datetime.combine(today, dt.time(12), dt.UTC)
    found = of_age_from(PACK, pa.array(births, pa.date32()), at).to_pylist()
    for birth, kept in zip(births, found, strict=True):
        if birth is None:
            assert kept == AGE_UNKNOWN
        elif (birth.year + 16, birth.month, birth.day) <= (today.year, today.month, today.day):
            assert kept is None
        else:
            assert kept is not None
            assert kept.day == 1
            assert kept > today
            months = (kept.year - birth.year) * 12 + kept.month - birth.month
            assert months == 16 * 12 + 1
