"""Which past releases another pack would not have permitted: what publishing it would have recipients delete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.policy import Pack, decide
from gateway.release.entries import Exposure
from gateway.vocabulary.decisions import Action, Deny, Permit, ProcessingRequest, Reason
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, ReleaseId, SegmentId


@dataclass(frozen=True, slots=True)
class Recall:
    """A release that a pack does not permit, and why."""

    release: ReleaseId
    segment: SegmentId
    recipient: RecipientId
    purpose: PurposeId
    at: dt.datetime  # when it left
    reasons: tuple[Reason, ...]


def recalls(exposures: Iterable[Exposure], pack: Pack, at: dt.datetime) -> tuple[Recall, ...]:
    """Return the releases that ``pack``, taken as in force at ``at``, would not permit, the oldest first.

    ``exposures`` are ``house.disclosures.exposures.all()``. Each release is asked about as if made anew, knowing what
    its recipient keeps of the earlier ones: of a combination the release that completed it is to be recalled, not the
    first of its parts. What a recipient may not keep does not count for the later ones.
    """
    kept: dict[str, frozenset[FieldId]] = {}
    found = []
    for exposure in _whole(exposures):
        holder = _holder(exposure, pack)
        held = kept.get(holder, frozenset())
        reasons = _refused(exposure, held, pack, at)
        if reasons:
            about = (exposure.release, exposure.segment, exposure.recipient, exposure.purpose, exposure.at)
            found.append(Recall(*about, reasons))
        else:
            kept[holder] = held | exposure.fields
    return tuple(found)


def _whole(exposures: Iterable[Exposure]) -> tuple[Exposure, ...]:
    """Put together what was learned of one release at different times."""
    found: dict[ReleaseId, Exposure] = {}
    for exposure in exposures:
        known = found.setdefault(exposure.release, exposure)
        found[exposure.release] = replace(
            known, beside=known.beside | exposure.beside, chosen_by=known.chosen_by | exposure.chosen_by
        )
    return tuple(found.values())


def _holder(exposure: Exposure, pack: Pack) -> str:
    contract = pack.catalogue.recipients.get(exposure.recipient)
    return contract.holder if contract is not None else exposure.legal_entity


def _refused(exposure: Exposure, held: frozenset[FieldId], pack: Pack, at: dt.datetime) -> tuple[Reason, ...]:
    about = ProcessingRequest(Action.SEGMENT, exposure.purpose, at, fields=exposure.chosen_by)
    released = replace(
        about,
        action=Action.RELEASE,
        fields=exposure.beside,
        recipient=exposure.recipient,
        received=held | exposure.chosen_by,
    )
    reasons: tuple[Reason, ...] = ()
    for request in (about, released):
        match decide(request, pack):
            case Deny() as denial:
                reasons += denial.reasons
            case Permit():
                pass
    return tuple(dict.fromkeys(reasons))
