"""The decision. INVARIANT: the only module that makes a ``Permit``; tests/architecture/test_makers.py holds it to that.

Order: what is unknown or over, then contracts, then rules on the whole request, then each field. A prohibition beats a
permission; what nothing permits is denied. Reasons come in a fixed order and never depend on the order of rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gateway.policy.applying import Applicable, candidates, field_refusals, whole_refusals
from gateway.policy.pack import Pack
from gateway.policy.reasons import gap
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.contracts import RecipientContract
from gateway.vocabulary.decisions import (
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


def decide(request: ProcessingRequest, pack: Pack) -> Decision:
    """Answer a request by a pack: ``Permit`` for just what is permitted, or ``Deny`` with every reason of its stage.

    Store, and any request with ``fields=None``, leaves refused fields out and lists them in ``Permit.withheld``;
    explicit fields of segment and release are all or nothing.
    """
    reasons = _gaps(request, pack) or _contract_reasons(request, pack.catalogue)
    if reasons:
        return _deny(request, pack, reasons)
    rules = Applicable.to(request, pack)
    reasons = whole_refusals(rules)
    if reasons:
        return _deny(request, pack, reasons)
    asked = candidates(request, pack.catalogue)
    refused = field_refusals(request, pack.catalogue, rules, asked)
    withheld = tuple(reason for field in sorted(refused) for reason in refused[field])
    opened = asked - refused.keys()
    partial = request.action is Action.STORE or request.fields is None
    if refused and not partial:
        return _deny(request, pack, withheld)
    if asked and not opened:
        return _deny(request, pack, withheld or (gap("nothing_remains"),))
    lost = _lost_subject(request, pack.catalogue, opened)
    if lost:
        return _deny(request, pack, (*withheld, *lost))
    return _permit(request, pack, rules, opened, withheld)


def _deny(request: ProcessingRequest, pack: Pack, reasons: Iterable[Reason]) -> Deny:
    catalogue = pack.catalogue
    return Deny(request, f"{catalogue.pack}@{catalogue.version}", catalogue.digest, tuple(reasons))


def _gaps(request: ProcessingRequest, pack: Pack) -> list[Reason]:
    """Return what the request names that the pack does not know, or does not know yet."""
    if request.at.tzinfo is None or request.at.utcoffset() is None:
        return [gap("instant_without_zone")]
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
    unknown = sorted((request.fields or frozenset()) - catalogue.fields.keys())
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
    request: ProcessingRequest, pack: Pack, rules: Applicable, opened: frozenset[FieldId], withheld: tuple[Reason, ...]
) -> Permit:
    catalogue = pack.catalogue
    purpose = catalogue.purposes[request.purpose]
    contract = catalogue.recipients[request.recipient] if request.recipient is not None else None
    periods = {entry.field: entry.period for entry in catalogue.retention if entry.purpose == request.purpose}
    used = {rule.id for field in opened for rule in rules.opening(field)} or {rule.id for rule in rules.permissions}
    sealed = {field for field in opened if catalogue.fields[field].kind in _SEALED}
    sizes = [rule.minimum_size for rule in rules.obligations if rule.minimum_size is not None]
    return Permit(
        request=request,
        pack=f"{catalogue.pack}@{catalogue.version}",
        pack_digest=catalogue.digest,
        rules=tuple(sorted(used | {rule.id for rule in rules.obligations})),
        legal_basis=purpose.legal_basis.value,
        columns=_columns(catalogue, opened, periods),
        identifiers=frozenset(sealed) if request.action is Action.STORE else frozenset(),
        rows=_row_rule(1 << purpose.bit, catalogue, opened, periods),
        valid_until=min(_ends(request.at, contract)),
        minimum_size=max(MINIMUM_SIZE_FLOOR, *sizes, contract.minimum_size if contract else 0),
        withheld=withheld,
    )


def _ends(at: dt.datetime, contract: RecipientContract | None) -> list[dt.datetime]:
    hour = at + VALID_FOR
    return [hour] if contract is None else [hour, contract_end(contract)]


def _columns(
    catalogue: Catalogue, opened: frozenset[FieldId], periods: Mapping[FieldId, dt.timedelta]
) -> Mapping[str, PermittedColumn]:
    columns = {}
    for name in opened:
        field = catalogue.fields[name]
        if field.column is not None and field.kind is not FieldKind.DIRECT_IDENTIFIER:
            columns[field.column] = PermittedColumn(
                field.column, field.id, field.stored_type, field.transform, periods[field.id]
            )
    return MappingProxyType(dict(sorted(columns.items())))


def _row_rule(
    mask: int, catalogue: Catalogue, opened: frozenset[FieldId], periods: Mapping[FieldId, dt.timedelta]
) -> RowRule:
    def period(*, of_events: bool) -> dt.timedelta:
        """Return the shortest period of what is opened; of nothing opened, the longest that any such row may live."""
        there = {
            field: length
            for field, length in periods.items()
            if catalogue.fields[field].column is not None
            and (catalogue.fields[field].kind is FieldKind.EVENT_PROPERTY) == of_events
        }
        shortest = min((length for field, length in there.items() if field in opened), default=None)
        return shortest if shortest is not None else max(there.values(), default=_NO_TIME)

    return RowRule(mask, profiles_for=period(of_events=False), events_for=period(of_events=True))
