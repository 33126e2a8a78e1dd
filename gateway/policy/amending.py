"""A pack with what officers decided about undeclared columns: the same rules, more columns in its sources.

What the pack says itself comes first. A decision that does not fit the pack, or that its rules refuse, changes nothing:
the column stays undeclared, and sealed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.policy.applying import RequestKind
from gateway.policy.compiling import Compiled, compiled
from gateway.policy.engine import decide
from gateway.policy.pack import Pack
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.classifications import Classification, ColumnDecision
from gateway.vocabulary.contracts import Column, FieldColumn, IgnoredColumn, SourceContract
from gateway.vocabulary.decisions import Action, Deny, Permit, ProcessingRequest, Reason
from gateway.vocabulary.fields import FieldKind, ValueType
from gateway.vocabulary.names import DecisionId, FieldId, SourceId

_COUNTRY, _LANGUAGE = FieldId("country"), FieldId("language")
_FORMATTED = {ValueType.DATE, ValueType.INSTANT, ValueType.NUMBER}


@dataclass(frozen=True, slots=True)
class Amended:
    """A pack as amended, and which decisions changed nothing: for they do not fit it, or its rules refuse them."""

    pack: Pack
    unfit: Mapping[DecisionId, str]  # the remedy
    refused: Mapping[DecisionId, tuple[str, ...]]  # each reason on a line


def amend(pack: Pack, decisions: Iterable[ColumnDecision]) -> Amended:
    """Return ``pack`` with the decisions that it can take, at most one for a column, the earliest first.

    Its digest is that of the pack and of what was amended, whoever decided it and when; with nothing amended it is the
    pack itself.
    """
    current, wanted, taken = pack, pack, list[ColumnDecision]()
    unfit: dict[DecisionId, str] = {}
    refused: dict[DecisionId, tuple[str, ...]] = {}
    for decision in decisions:
        if problem := _problem(current.catalogue, decision):
            unfit[decision.id] = problem
        elif decision.classification is not Classification.KEPT_SEALED:
            # What is refused counts in combinations: else a new prohibition on one field would let another one in.
            wanted = _extended(wanted, decision)
            if reasons := _refusals(wanted, decision):
                refused[decision.id] = reasons
            else:
                current, taken = _extended(current, decision), [*taken, decision]
    return Amended(_named(pack, current, taken), MappingProxyType(unfit), MappingProxyType(refused))


def _problem(catalogue: Catalogue, decision: ColumnDecision) -> str | None:
    """Say in one line why a decision cannot be taken with this pack."""
    contract = catalogue.sources.get(decision.source)
    if contract is None:
        return "the pack has no source of that id: `gateway policy show` lists them"
    if decision.column in contract.columns or decision.column == contract.time:
        return "the source's contract declares this column itself: change it in sources.yaml"
    return _field_problem(catalogue, contract, decision) if decision.classification is Classification.FIELD else None


def _field_problem(catalogue: Catalogue, contract: SourceContract, decision: ColumnDecision) -> str | None:
    field = catalogue.fields.get(decision.field) if decision.field is not None else None
    if field is None:
        return "the catalogue has no field of that id: `gateway policy show` lists them"
    if any(isinstance(column, FieldColumn) and column.field == field.id for column in contract.columns.values()):
        return f"another column of this source holds the field `{field.id}` already: decide about that one first"
    if decision.format is not None and field.type not in _FORMATTED:
        return f"the field `{field.id}` is no date, instant or number: leave the format out"
    return None


def _extended(pack: Pack, decision: ColumnDecision) -> Pack:
    added: Column = IgnoredColumn()
    if decision.classification is Classification.FIELD and decision.field is not None:
        added = FieldColumn(decision.field, format=decision.format)
    contract = pack.catalogue.sources[decision.source]
    return _with(pack, {contract.id: {**contract.columns, decision.column: added}})


def _with(pack: Pack, changed: Mapping[SourceId, Mapping[str, Column]], digest: str | None = None) -> Pack:
    """Return the pack with other columns in some of its sources."""
    catalogue = pack.catalogue
    contracts = {
        name: dataclasses.replace(catalogue.sources[name], columns=MappingProxyType(dict(columns)))
        for name, columns in changed.items()
    }
    sources = MappingProxyType({**catalogue.sources, **contracts})
    amended = dataclasses.replace(catalogue, sources=sources, digest=digest or catalogue.digest)
    return dataclasses.replace(pack, catalogue=amended)


def _refusals(pack: Pack, decision: ColumnDecision) -> tuple[str, ...]:
    """Return why the rules do not let the field in; nor may it complete what is never together for any purpose."""
    if decision.classification is not Classification.FIELD:
        return ()
    contract = pack.catalogue.sources[decision.source]
    told: list[Reason] = []
    stored = completes = False
    for purpose in contract.purposes:
        kind = RequestKind(Action.STORE, purpose, contract.id, None)
        completes = completes or _completes(decision.field, compiled(kind, pack))
        match decide(ProcessingRequest(Action.STORE, purpose, pack.effective_from, source=contract.id), pack):
            case Permit(columns=columns, identifiers=identifiers, withheld=reasons):
                stored = stored or decision.field in identifiers | {column.field for column in columns.values()}
            case Deny(reasons=reasons):
                pass
        told += [reason for reason in reasons if reason.field in {None, decision.field}]
    return () if stored and not completes else tuple(dict.fromkeys(map(str, told)))


def _completes(field: FieldId | None, rules: Compiled) -> bool:
    sets = [rule.fields for rule in rules.combinations if rule.fields is not None]
    return any(field in together and together <= rules.asked for together in sets)


def _named(base: Pack, amended: Pack, taken: Iterable[ColumnDecision]) -> Pack:
    """Give the amended pack the digest of its parts, and its columns an order that no history shows in."""
    changes = sorted([d.source, d.column, d.classification, d.field, d.format] for d in taken)
    if not changes:
        return base
    total = hashlib.sha256(b"segmentation-gateway amended policy pack v1\n")
    total.update(f"{base.digest}\n".encode())
    total.update(json.dumps(changes, separators=(",", ":")).encode())
    columns = {name: _added(base.catalogue.sources[name], amended, name) for name in {d.source for d in taken}}
    return _with(base, columns, total.hexdigest())


def _added(declared: SourceContract, amended: Pack, name: SourceId) -> Mapping[str, Column]:
    columns = amended.catalogue.sources[name].columns
    holding = {column.field: key for key, column in sorted(columns.items()) if isinstance(column, FieldColumn)}
    added = sorted(columns.keys() - declared.columns.keys())
    return {**declared.columns, **{key: _guided(amended.catalogue, columns[key], holding) for key in added}}


def _guided(catalogue: Catalogue, column: Column, holding: Mapping[FieldId, str]) -> Column:
    """Let the source's columns of countries and languages guide phone numbers and free texts, as in a proposal."""
    if not isinstance(column, FieldColumn):
        return column
    field = catalogue.fields[column.field]
    region = holding.get(_COUNTRY) if field.identifier == "phone" else None
    language = holding.get(_LANGUAGE) if field.kind is FieldKind.FREE_TEXT else None
    return dataclasses.replace(column, region_column=region, language_column=language)
