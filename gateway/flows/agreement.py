"""What the stores and the log say of one another: one that was lost, or put back from an older copy, opens nothing."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

from gateway.flows.house import House
from gateway.foundation.errors import IntegrityFailure
from gateway.versions import PolicyVersion, Step
from gateway.versions.registry import RESTORE
from gateway.vocabulary.events import AuditAction

_RECENT = 1000  # entries, read first: what comes into force was mostly activated a moment ago
_OF_FORCE = {AuditAction.POLICY_ACTIVATED, AuditAction.POLICY_ROLLED_BACK, AuditAction.GATEWAY_INITIALISED}


def check_agreement(house: House) -> None:
    """Raise ``IntegrityFailure`` where the operational database lacks what the store has taken in from it.

    Choices that it forgot would permit again (Art. 7(3), 21), and so would an older version of the policy. A store that
    is behind is brought up to the ledger; the other way round there is nothing to go by.
    """
    followed, versions = house.store.policy, house.versions
    behind = house.store.ledger_position > house.ledger.position
    if followed is not None:
        behind = behind or followed.steps > versions.position
        behind = behind or followed.label not in {version.label for version in versions.all()}
    if behind:
        raise IntegrityFailure(
            f"operational.sqlite lacks choices or versions of the policy that store.duckdb has followed: {RESTORE}"
        )


def check_activated(house: House, version: PolicyVersion) -> None:
    """Raise ``IntegrityFailure`` for a version that the log does not know as put in force with these very texts.

    What was put in force before the oldest entry that is kept (the log is pruned) cannot be looked up any more.
    """
    if not _is_activated(house, version):
        raise IntegrityFailure(
            f"the log knows nothing of an activation of policy version {version.version} with these texts: {RESTORE}"
        )


def _is_activated(house: House, version: PolicyVersion) -> bool:
    recent = house.recorder.shown(_RECENT)
    if _tells_of(iter(recent), version):
        return True
    entries = house.recorder.entries()
    first = next(entries, None)
    if first is None:  # a home that is being made
        return True
    if first["action"] != AuditAction.GATEWAY_INITIALISED and _since(house, version) < _instant(first):
        return True
    return _tells_of(itertools.chain([first], entries), version)


def _tells_of(entries: Iterator[dict[str, Any]], version: PolicyVersion) -> bool:
    return any(entry["action"] in _OF_FORCE and entry["policy"] == version.label for entry in entries)


def _since(house: House, version: PolicyVersion) -> dt.datetime:
    """Return when somebody last put the version in force."""
    of_force = {Step.ACTIVATED, Step.ROLLED_BACK}
    return max(t.at for t in house.versions.steps() if t.version == version.version and t.step in of_force)


def _instant(entry: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(entry["ts"])
