"""Which past releases another pack would not have permitted: what publishing it would have recipients delete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.flows.received import links_of
from gateway.policy import Pack, decide
from gateway.release.entries import Exposure, of_one_entity
from gateway.release.exposures import Exposures
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


def recalls(ledger: Exposures, pack: Pack, at: dt.datetime) -> tuple[Recall, ...]:
    """Return the releases that ``pack``, taken as in force at ``at``, would not permit, the oldest first.

    Each release is asked about as if made anew, knowing what its recipient keeps of the earlier ones: of a combination
    the release that completed it is to be recalled, not the first of its parts. What a recipient may not keep does not
    count for the later ones.
    """
    links = ledger.links() | links_of(pack.catalogue)
    kept: dict[frozenset[RecipientId], frozenset[FieldId]] = {}
    found = []
    for exposure in _whole(ledger.all()):
        holder = of_one_entity(exposure.recipient, links)
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


def _refused(exposure: Exposure, held: frozenset[FieldId], pack: Pack, at: dt.datetime) -> tuple[Reason, ...]:
    about = ProcessingRequest(Action.SEGMENT, exposure.purpose, at, fields=exposure.chosen_by)
    released = replace(
        about,
        action=Action.RELEASE,
        fields=exposure.beside,
        recipient=exposure.recipient,
        chosen_by=exposure.chosen_by,
        received=held,
    )
    reasons: tuple[Reason, ...] = ()
    for request in (about, released):
        match decide(request, pack):
            case Deny() as denial:
                reasons += denial.reasons
            case Permit():
                pass
    return tuple(dict.fromkeys(reasons))
