"""The decision. INVARIANT: the only module that makes a ``Permit``; tests/architecture/test_makers.py holds it to that.

Order: what is unknown or over, then contracts, then rules on the whole request, then each field. A prohibition beats a
permission; what nothing permits is denied. Reasons come in a fixed order and never depend on the order of rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from itertools import chain
from operator import attrgetter
from types import MappingProxyType

from gateway.policy.applying import RequestKind
from gateway.policy.compiling import Compiled, compiled
from gateway.policy.pack import Pack, Rule
from gateway.policy.reasons import gap
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.contracts import RecipientContract
from gateway.vocabulary.decisions import (
    END_OF_TIME,
    Action,
    Decision,
    Deny,
    Permit,
    PermittedColumn,
    ProcessingRequest,
    Reason,
    RowRule,
)
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.names import FieldId

VALID_FOR = dt.timedelta(hours=1)
MINIMUM_SIZE_FLOOR = 5  # EDPB Guidelines 01/2025, example 9: no pack goes under it
_SEALED = frozenset({FieldKind.DIRECT_IDENTIFIER, FieldKind.INDIRECT_IDENTIFIER})
_NO_TIME = dt.timedelta(0)
_NAME = attrgetter("name")


def decide(request: ProcessingRequest, pack: Pack) -> Decision:
    """Answer a request by a pack: ``Permit`` for just what is permitted, or ``Deny`` with every reason of its stage.

    Store, and any request with ``fields=None``, leaves refused fields out and lists them in ``Permit.withheld``;
    explicit fields of segment and release are all or nothing.
    """
    reasons: Iterable[Reason] = _gaps(request, pack) or _contract_reasons(request, pack.catalogue)
    if reasons:
        return _deny(request, pack, reasons)
    rules = compiled(RequestKind(request.action, request.purpose, request.source, request.recipient), pack)
    reasons = rules.whole or rules.known_too_well(request)
    if reasons:
        return _deny(request, pack, reasons)
    asked = rules.asked if request.fields is None else request.fields
    refused = rules.refusals(request, asked)
    withheld = tuple(chain.from_iterable(refused.values()))
    partial = request.action is Action.STORE or request.fields is None
    if refused and not partial:
        return _deny(request, pack, withheld)
    opened = asked - refused.keys()
    if asked and not opened:
        return _deny(request, pack, withheld or (gap("nothing_remains"),))
    lost = _lost_subject(request, pack.catalogue, opened)
    if lost:
        return _deny(request, pack, (*withheld, *lost))
    return _permit(request, rules, asked, opened, withheld)


def _deny(request: ProcessingRequest, pack: Pack, reasons: Iterable[Reason]) -> Deny:
    catalogue = pack.catalogue
    return Deny(request, f"{catalogue.pack}@{catalogue.version}", catalogue.digest, tuple(reasons))


def _gaps(request: ProcessingRequest, pack: Pack) -> list[Reason]:
    """Return what the request names that the pack does not know, or does not know yet."""
    if request.at.tzinfo is None or request.at.utcoffset() is None:
        return [gap("instant_without_zone")]
    if request.at >= END_OF_TIME:
        return [gap("instant_too_late")]
    if request.at < pack.effective_from:
        return [gap("pack_not_effective")]
    catalogue = pack.catalogue
    codes = [
        (request.purpose not in catalogue.purposes, "unknown_purpose"),
        (request.action is Action.STORE and request.source is None, "source_missing"),
        (request.source is not None and request.source not in catalogue.sources, "unknown_source"),
        (request.action is Action.RELEASE and request.recipient is None, "recipient_missing"),
        (request.recipient is not None and request.recipient not in catalogue.recipients, "unknown_recipient"),
    ]
    unknown = sorted(((request.fields or frozenset()) | request.chosen_by) - catalogue.fields.keys())
    return [gap(code) for found, code in codes if found] + [gap("unknown_field", field) for field in unknown]


def _contract_reasons(request: ProcessingRequest, catalogue: Catalogue) -> list[Reason]:
    reasons = []
    if request.source is not None and request.purpose not in catalogue.sources[request.source].purposes:
        reasons.append(gap("purpose_not_in_source"))
    if request.recipient is not None:
        contract = catalogue.recipients[request.recipient]
        if request.at >= contract_end(contract):
            reasons.append(gap("contract_expired"))
        if request.purpose not in contract.purposes:
            reasons.append(gap("purpose_not_in_contract"))
    return reasons


def contract_end(contract: RecipientContract) -> dt.datetime:
    """Return the first instant at which the contract holds no more: the end of its last day, UTC."""
    midnight = dt.datetime.combine(contract.expires, dt.time(tzinfo=dt.UTC))
    return midnight + dt.timedelta(days=1) if contract.expires < dt.date.max else midnight


def _lost_subject(request: ProcessingRequest, catalogue: Catalogue, opened: frozenset[FieldId]) -> tuple[Reason, ...]:
    if request.action is not Action.STORE or request.source is None:
        return ()
    return () if opened.intersection(catalogue.sources[request.source].subject) else (gap("no_subject_identifier"),)


def _permit(
    request: ProcessingRequest,
    rules: Compiled,
    asked: frozenset[FieldId],
    opened: frozenset[FieldId],
    withheld: tuple[Reason, ...],
) -> Permit:
    catalogue = rules.catalogue
    purpose = catalogue.purposes[request.purpose]
    contract = catalogue.recipients[request.recipient] if request.recipient is not None else None
    narrowing = rules.narrowing(request, asked, opened)
    used = {rule for field in opened for rule in rules.permissions[field]}
    used = used or {rule.id for rule in rules.rules.permissions}
    used.update(rules.obligations, (rule.id for rule in narrowing))
    store = request.action is Action.STORE
    return Permit(
        request=request,
        pack=f"{catalogue.pack}@{catalogue.version}",
        pack_digest=catalogue.digest,
        rules=tuple(sorted(used)),
        legal_basis=purpose.legal_basis.value,
        columns=_columns(rules, opened),
        identifiers=frozenset(f for f in opened if catalogue.fields[f].kind in _SEALED) if store else frozenset(),
        rows=_row_rule(rules, opened, narrowing),
        valid_until=min(_ends(request.at, contract)),
        minimum_size=max(MINIMUM_SIZE_FLOOR, rules.minimum_size, contract.minimum_size if contract else 0),
        withheld=withheld,
    )


def _ends(at: dt.datetime, contract: RecipientContract | None) -> list[dt.datetime]:
    hour = at + VALID_FOR
    return [hour] if contract is None else [hour, contract_end(contract)]


def _columns(rules: Compiled, opened: frozenset[FieldId]) -> Mapping[str, PermittedColumn]:
    columns = [rules.columns[field] for field in opened if field in rules.columns]
    return MappingProxyType({column.name: column for column in sorted(columns, key=_NAME)})


def _row_rule(rules: Compiled, opened: frozenset[FieldId], narrowing: tuple[Rule, ...]) -> RowRule:
    def period(*, of_events: bool) -> dt.timedelta:
        """Return the shortest period of what is opened; of nothing opened, the longest that any such row may live."""
        there = rules.event_periods if of_events else rules.profile_periods
        shortest = min((there[field] for field in opened if field in there), default=None)
        return shortest if shortest is not None else max(there.values(), default=_NO_TIME)

    return RowRule(
        1 << rules.catalogue.purposes[rules.kind.purpose].bit,
        profiles_for=period(of_events=False),
        events_for=period(of_events=True),
        people=rules.groups(opened, narrowing),
    )
