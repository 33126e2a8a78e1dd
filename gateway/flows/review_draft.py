"""What a draft says about what was done before, without looking at anybody: unused fields, releases grown too small."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.foundation.errors import InvalidInput
from gateway.policy import Pack, decide
from gateway.release.entries import Disclosure, Exposure
from gateway.release.sizes import minimum_size_met
from gateway.segmentation import fields_of
from gateway.segmentation.loading import load_segments
from gateway.vocabulary.contracts import FieldColumn
from gateway.vocabulary.decisions import Action, Permit, ProcessingRequest, StoredAmong
from gateway.vocabulary.fields import AgeBand
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, ReleaseId


@dataclass(frozen=True, slots=True)
class UnusedField:
    """A stored field that is collected and serves nothing (Art. 5(1)(c)): ``no_rule_opens`` or ``never_used``."""

    field: FieldId
    column: str
    sources: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class UndersizedRelease:
    """A release that its recipient still holds and that is under the minimum size which a draft asks for."""

    release: ReleaseId
    recipient: RecipientId
    purpose: PurposeId
    minimum: int


def unused_fields(pack: Pack, exposures: Iterable[Exposure], at: dt.datetime) -> tuple[UnusedField, ...]:
    """Return the stored fields that no rule opens to anybody, or that no segment, contract or release has ever used.

    A date of birth that an age limit needs is used, and so is a column by which a rule chooses people.
    """
    opened, needed = _opened(pack, at)
    used = needed | _named(pack) | {field for exposure in exposures for field in exposure.fields}
    found = []
    for field, sources in sorted(_collected(pack).items()):
        column = pack.catalogue.fields[field].column
        if column is not None and field not in used:
            found.append(UnusedField(field, column, sources, "never_used" if field in opened else "no_rule_opens"))
    return tuple(found)


def undersized(
    pack: Pack, disclosures: Iterable[Disclosure], exposures: Iterable[Exposure], at: dt.datetime
) -> tuple[UndersizedRelease, ...]:
    """Return the releases that recipients hold and whose size no longer meets the minimum, the oldest first."""
    held = {exposure.release for exposure in exposures}
    found = []
    for disclosure in sorted(disclosures, key=lambda each: each.at):
        minimum = _minimum(pack, disclosure, at)
        if disclosure.release in held and minimum and not minimum_size_met(disclosure.size, minimum):
            about = (disclosure.release, disclosure.recipient, disclosure.purpose)
            found.append(UndersizedRelease(*about, minimum))
    return tuple(found)


def _minimum(pack: Pack, disclosure: Disclosure, at: dt.datetime) -> int | None:
    """The minimum for such a release; ``None`` where it is not permitted at all, which is for recalls to tell."""
    fields = frozenset[FieldId]()
    contract = pack.catalogue.recipients.get(disclosure.recipient)
    if contract is not None:
        fields = frozenset(contract.fields)
    request = ProcessingRequest(Action.RELEASE, disclosure.purpose, at, fields=fields, recipient=disclosure.recipient)
    match decide(request, pack):
        case Permit(minimum_size=minimum):
            return minimum
        case _:
            return None


def _collected(pack: Pack) -> dict[FieldId, tuple[str, ...]]:
    found: dict[FieldId, tuple[str, ...]] = {}
    for source in pack.catalogue.sources.values():
        for column in source.columns.values():
            if isinstance(column, FieldColumn):
                found[column.field] = (*found.get(column.field, ()), str(source.id))
    return found


def _named(pack: Pack) -> set[FieldId]:
    """What the pack's segments and contracts name, and what its age limits need."""
    catalogue = pack.catalogue
    found = {field for contract in catalogue.recipients.values() for field in contract.fields}
    for definition in load_segments(pack.segments).values():
        try:
            found |= fields_of(definition, catalogue)
        except InvalidInput:  # told where segments are compared
            continue
    if any(purpose.minimum_age is not None for purpose in catalogue.purposes.values()):
        found |= {field.id for field in catalogue.fields.values() if isinstance(field.transform, AgeBand)}
    return found


def _opened(pack: Pack, at: dt.datetime) -> tuple[set[FieldId], set[FieldId]]:
    """Return the fields that some purpose or recipient may see, and those by whose columns rules choose people."""
    opened: set[FieldId] = set()
    needed: set[FieldId] = set()
    columns = {field.column: field.id for field in pack.catalogue.fields.values() if field.column is not None}
    for request in _requests(pack, at):
        match decide(request, pack):
            case Permit() as permit:
                opened |= {column.field for column in permit.columns.values()}
                conditions = (each for group in permit.rows.people for every in group for each in every)
                needed |= {columns[each.column] for each in conditions if isinstance(each, StoredAmong)}
            case _:
                continue
    return opened, needed


def _requests(pack: Pack, at: dt.datetime) -> Iterator[ProcessingRequest]:
    for purpose in pack.catalogue.purposes:
        yield ProcessingRequest(Action.SEGMENT, purpose, at)
    for contract in pack.catalogue.recipients.values():
        for purpose in contract.purposes:
            yield ProcessingRequest(Action.RELEASE, purpose, at, recipient=contract.id)
