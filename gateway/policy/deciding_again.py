"""Two packs asked the same: which answers differ. The engine itself is asked, over every request that can be meant."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.policy.applying import RequestKind
from gateway.policy.describing import plain
from gateway.policy.engine import decide
from gateway.policy.pack import Pack
from gateway.vocabulary.decisions import Action, Decision, Deny, Permit, PermittedColumn, ProcessingRequest
from gateway.vocabulary.fields import AgeBand, Bucket, Keep, Prefix, Rounded, Transform
from gateway.vocabulary.names import FieldId, RecipientId, SourceId

MOST = 100_000  # requests put to both packs; beyond it the comparison says that it is not complete


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing about two permits for one request that is not the same."""

    what: str  # column gained, column lost, transform, days, identifiers, minimum_size, people, valid_until, basis
    name: str  # of the column or field; empty where it is about all
    old: object
    new: object
    widens: bool


@dataclass(frozen=True, slots=True)
class DecisionChange:
    """One request that two packs answer differently; ``request.fields`` is None for all that the purpose permits."""

    request: ProcessingRequest
    change: str  # permit_to_deny, deny_to_permit, permit_changed
    differences: tuple[Difference, ...] = ()
    reasons: tuple[str, ...] = ()  # codes and rules of the denial, before or after

    @property
    def widens(self) -> bool:
        """Whether more is permitted than before."""
        return self.change == "deny_to_permit" or any(each.widens for each in self.differences)


@dataclass(frozen=True, slots=True)
class Answers:
    """Which requests are answered differently; ``complete`` is false where there were too many to ask."""

    changes: tuple[DecisionChange, ...]
    asked: int
    complete: bool


def decision_changes(old: Pack, new: Pack, at: dt.datetime) -> Answers:
    """Put to both packs, for each action, purpose, source and recipient: all fields, each field, each combination."""
    found: list[DecisionChange] = []
    asked = 0
    sets = _sets(old, new)
    for kind in _kinds(old, new):
        whole = ProcessingRequest(kind.action, kind.purpose, at, None, kind.source, kind.recipient)
        parts = list(_parts(whole, sets))
        if asked + 1 + len(parts) > MOST:
            return Answers(tuple(found), asked, complete=False)
        asked += 1 + len(parts)
        found += _of_kind(whole, parts, old, new)
    return Answers(tuple(found), asked, complete=True)


def compare(request: ProcessingRequest, old: Pack, new: Pack) -> DecisionChange | None:
    """Return how two packs answer a request differently; None where both deny, or permit the same."""
    before, after = decide(request, old), decide(request, new)
    match before, after:
        case Permit(), Permit():
            differences = (*_columns(before, after), *_rows(_without_lost(before, after, old), after))
            return DecisionChange(request, "permit_changed", differences) if differences else None
        case Permit(), Deny():
            return DecisionChange(request, "permit_to_deny", reasons=_codes(after))
        case Deny(), Permit():
            return DecisionChange(request, "deny_to_permit", tuple(_opened(after)), reasons=_codes(before))
        case _:
            return None


def _without_lost(before: Permit, after: Permit, old: Pack) -> Permit:
    """Return what the old pack says of the columns that are left, where a request without fields has lost some.

    A column's own limits on rows go with it: nobody more is seen in the others than could be seen in them before.
    """
    request = before.request
    lost = before.columns.keys() - after.columns.keys()
    if request.fields is not None or request.action is Action.STORE or not lost:
        return before
    left = frozenset(column.field for name, column in before.columns.items() if name not in lost)
    answer = decide(dataclasses.replace(request, fields=left), old)
    return answer if isinstance(answer, Permit) else before


def _of_kind(
    request: ProcessingRequest, parts: Iterable[ProcessingRequest], old: Pack, new: Pack
) -> Iterator[DecisionChange]:
    whole = compare(request, old, new)
    if whole:
        yield whole
    told = set(whole.differences) if whole else set()
    for part in parts:
        change = compare(part, old, new)
        if change is None:
            continue
        if change.change != "permit_changed":
            yield change
        elif fresh := tuple(each for each in change.differences if each not in told):
            yield dataclasses.replace(change, differences=fresh)  # what holds of all fields is told once


def _parts(request: ProcessingRequest, sets: Iterable[frozenset[FieldId]]) -> Iterator[ProcessingRequest]:
    """Yield the request on each set of fields; of a release also with the people chosen by them."""
    for fields in sets:
        yield dataclasses.replace(request, fields=fields)
        if request.action is Action.RELEASE and fields:
            yield dataclasses.replace(request, fields=frozenset(), chosen_by=fields)


def _kinds(old: Pack, new: Pack) -> list[RequestKind]:
    """Return the kinds of request that a contract of either pack allows; what neither does, both deny."""
    found: dict[RequestKind, None] = {}
    for catalogue in (old.catalogue, new.catalogue):
        for purpose in sorted(catalogue.purposes):
            found[RequestKind(Action.SEGMENT, purpose, None, None)] = None
            for source in catalogue.sources.values():
                if purpose in source.purposes:
                    found[RequestKind(Action.STORE, purpose, SourceId(source.id), None)] = None
            for recipient in catalogue.recipients.values():
                if purpose in recipient.purposes:
                    found[RequestKind(Action.RELEASE, purpose, None, RecipientId(recipient.id))] = None
    return list(found)


def _sets(old: Pack, new: Pack) -> list[frozenset[FieldId]]:
    fields = sorted(old.catalogue.fields.keys() | new.catalogue.fields.keys())
    together = {rule.fields for pack in (old, new) for rule in pack.rules if rule.together and rule.fields}
    return [frozenset(), *(frozenset({field}) for field in fields), *sorted(together, key=sorted)]


def _codes(denial: Decision) -> tuple[str, ...]:
    reasons = denial.reasons if isinstance(denial, Deny) else ()
    return tuple(dict.fromkeys(r.code + (f", rule {r.rule}" if r.rule else "") for r in reasons))


def _opened(permit: Permit) -> Iterator[Difference]:
    yield from (Difference("column gained", name, None, column.field, True) for name, column in permit.columns.items())


def _columns(old: Permit, new: Permit) -> Iterator[Difference]:
    yield from (Difference("column lost", name, old.columns[name].field, None, False)
                for name in old.columns if name not in new.columns)  # fmt: skip
    yield from (Difference("column gained", name, None, new.columns[name].field, True)
                for name in new.columns if name not in old.columns)  # fmt: skip
    for name in old.columns.keys() & new.columns.keys():
        yield from _column(name, old.columns[name], new.columns[name])


def _column(name: str, old: PermittedColumn, new: PermittedColumn) -> Iterator[Difference]:
    if old.retention != new.retention:
        yield Difference("days", name, old.retention.days, new.retention.days, new.retention > old.retention)
    if (old.field, old.type, old.transform) != (new.field, new.type, new.transform):
        wider = old.field != new.field or not coarser(old.transform, new.transform)
        yield Difference("transform", name, plain(old.transform), plain(new.transform), wider)


def coarser(old: Transform, new: Transform) -> bool:
    """Tell whether a transform is surely no finer than another; of two that cannot be compared: no."""
    match old, new:
        case Keep(), _:
            return True
        case (AgeBand(years=before), AgeBand(years=after)) | (Rounded(step=before), Rounded(step=after)):
            return after % before == 0
        case (Prefix(length=before), Prefix(length=after)) | (Bucket(buckets=before), Bucket(buckets=after)):
            return after <= before
        case _:
            return False


def _rows(old: Permit, new: Permit) -> Iterator[Difference]:
    if old.identifiers != new.identifiers:
        widens = not new.identifiers <= old.identifiers
        yield Difference("identifiers", "", tuple(sorted(old.identifiers)), tuple(sorted(new.identifiers)), widens)
    if old.minimum_size != new.minimum_size:
        widens = new.minimum_size < old.minimum_size
        yield Difference("minimum_size", "", old.minimum_size, new.minimum_size, widens)
    if old.rows.people != new.rows.people:  # more conditions leave fewer people; any other change may let more in
        widens = not set(old.rows.people) <= set(new.rows.people)
        yield Difference("people", "", len(old.rows.people), len(new.rows.people), widens)
    if old.rows.mask != new.rows.mask:
        yield Difference("permission bit", "", old.rows.mask, new.rows.mask, widens=True)
    if old.legal_basis != new.legal_basis:
        yield Difference("legal basis", "", old.legal_basis, new.legal_basis, widens=True)
    if old.valid_until != new.valid_until:
        widens = new.valid_until > old.valid_until
        yield Difference("valid_until", "", old.valid_until.isoformat(), new.valid_until.isoformat(), widens)
    yield from _horizons(old, new)


def _horizons(old: Permit, new: Permit) -> Iterator[Difference]:
    for name in ("profiles_for", "events_for"):
        before, after = getattr(old.rows, name), getattr(new.rows, name)
        if before != after:
            yield Difference(name, "", before.days, after.days, after > before)
