"""The pack's own cases: what the officer expects, run against what the engine answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.policy.engine import decide
from gateway.policy.pack import Case, Expectation, Pack, Rule, RuleKind
from gateway.vocabulary.decisions import Decision, Deny, Permit, Reason


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case, or of the demand that a rule has its cases (``case`` is then ``rule <id>``)."""

    case: str
    file: str
    passed: bool
    problems: tuple[str, ...] = ()


def check(pack: Pack) -> tuple[CaseResult, ...]:
    """Run all cases of a pack, then ask of each rule whether a permitting and a denying case show it."""
    answers = [(case, decide(case.request, pack)) for case in pack.cases]
    results = [_result(case, answer) for case, answer in answers]
    results += [_shown(rule, answers) for rule in pack.rules]
    return tuple(results)


def _result(case: Case, answer: Decision) -> CaseResult:
    problems = tuple(_differences(case.expect, answer))
    return CaseResult(case.id, case.file, not problems, problems)


def _differences(expect: Expectation, answer: Decision) -> Iterator[str]:
    match answer:
        case Permit() if expect.permit:
            yield from _permit_differences(expect, answer)
        case Deny() if not expect.permit:
            yield from _set_difference("reason", map(_key, expect.reasons or ()), map(_key, answer.reasons))
        case Permit():
            yield "expected deny, the engine permits"
        case Deny():
            yield f"expected permit, the engine denies: {'; '.join(_key(reason) for reason in answer.reasons)}"


def _permit_differences(expect: Expectation, answer: Permit) -> Iterator[str]:
    if expect.columns is not None:
        yield from _set_difference("column", expect.columns, answer.columns)
    if expect.identifiers is not None:
        yield from _set_difference("identifier", expect.identifiers, answer.identifiers)
    if expect.withheld is not None:
        withheld = {reason.field for reason in answer.withheld if reason.field is not None}
        yield from _set_difference("withheld field", expect.withheld, withheld)
    if expect.minimum_size is not None and expect.minimum_size != answer.minimum_size:
        yield f"expected minimum size {expect.minimum_size}, the engine asks {answer.minimum_size}"
    if expect.rules is not None:
        yield from _set_difference("rule", expect.rules, answer.rules)
    for name, days in (expect.days or {}).items():
        if name not in answer.columns or answer.columns[name].retention.days != days:
            yield f"expected column {name} to be seen {days} days back"


def _set_difference(word: str, expected: Iterable[str], found: Iterable[str]) -> Iterator[str]:
    wanted, given = set(expected), set(found)
    yield from (f"missing {word}: {name}" for name in sorted(wanted - given))
    yield from (f"unexpected {word}: {name}" for name in sorted(given - wanted))


def _key(reason: Reason) -> str:
    words = [reason.code, f"field {reason.field}" if reason.field else "", f"rule {reason.rule}" if reason.rule else ""]
    return ", ".join(word for word in words if word)


def _shown(rule: Rule, answers: Iterable[tuple[Case, Decision]]) -> CaseResult:
    """Ask for a case each way that names the rule; the one in which the rule speaks must have it in its answer.

    A prohibition of some people denies nothing: it speaks in a permit, which it narrows.
    """
    named = [answer for case, answer in answers if rule.id in case.rules]
    permits = [answer for answer in named if isinstance(answer, Permit)]
    denials = [answer for answer in named if isinstance(answer, Deny)]
    speaks_in_denial = rule.kind is RuleKind.PROHIBITION and rule.people is None
    permitted = any(speaks_in_denial or rule.id in answer.rules for answer in permits)
    denied = any(not speaks_in_denial or any(r.rule == rule.id for r in answer.reasons) for answer in denials)
    problems = [] if permitted else ["no case that permits shows this rule: add one that names it in `rules`"]
    problems += [] if denied else ["no case that denies shows this rule: add one that names it in `rules`"]
    return CaseResult(f"rule {rule.id}", "rules/", not problems, tuple(problems))
