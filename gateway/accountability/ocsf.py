"""An entry as an event of the Open Cybersecurity Schema Framework (schema.ocsf.io), 1.8.0: Datastore Activity, 6005."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import msgspec

from gateway import __version__
from gateway.accountability.entries import Entry
from gateway.vocabulary.events import AuditAction

VERSION: Final = "1.8.0"
CLASS: Final = 6005
_PRODUCT: Final = {"name": "Segmentation Gateway", "version": __version__}
_DATABASE: Final = {"name": "segmentation-gateway", "type_id": 1, "type": "Relational"}
_CAPTIONS: Final = {1: "Read", 2: "Update", 4: "Query", 5: "Write", 6: "Create", 7: "Delete", 99: "Other"}
_OTHER: Final = 99

# Closed: an action that is not here cannot be exported (a test asks for all).
ACTIVITIES: Final[dict[AuditAction, int]] = {
    AuditAction.GATEWAY_INITIALISED: 6,
    AuditAction.BATCH_ACCEPTED: 5,
    AuditAction.BATCH_REFUSED: 5,
    AuditAction.BATCH_ROLLED_BACK: 7,
    AuditAction.INBOX_READ: 1,
    AuditAction.COLUMN_PROPOSED: _OTHER,
    AuditAction.COLUMN_CLASSIFIED: 2,
    AuditAction.POLICY_DRAFTED: 6,
    AuditAction.POLICY_SIMULATED: _OTHER,
    AuditAction.POLICY_APPROVED: _OTHER,
    AuditAction.POLICY_ACTIVATED: 2,
    AuditAction.POLICY_PROPOSED: _OTHER,
    AuditAction.POLICY_ROLLED_BACK: 2,
    AuditAction.POLICY_WITHDRAWN: 2,
    AuditAction.POLICY_SUPERSEDED: 2,
    AuditAction.CONSENT_RECORDED: 2,
    AuditAction.RETENTION_ENFORCED: 7,
    AuditAction.VALUES_COARSENED: 2,
    AuditAction.SEGMENT_CHECKED: _OTHER,
    AuditAction.SEGMENT_BUILT: 4,
    AuditAction.SEGMENT_EXPLAINED: 1,
    AuditAction.SEGMENT_RELEASED: 1,
    AuditAction.SCOPE_ENDED: 7,
    AuditAction.DELETION_PROPOSED: _OTHER,
    AuditAction.DELETION_CONFIRMED: _OTHER,
    AuditAction.RELEASE_READ: 1,
    AuditAction.SUBJECT_ACCESSED: 1,
    AuditAction.SUBJECT_ERASED: 7,
    AuditAction.SUBJECT_RESTRICTED: 2,
    AuditAction.SUBJECT_OBJECTED: 2,
    AuditAction.LOG_READ: 1,
    AuditAction.LOG_EXPORTED: 1,
    AuditAction.LOG_CONTINUED: 6,
    AuditAction.LOG_KEY_ROTATED: 2,
    AuditAction.LOG_PRUNED: 7,
    AuditAction.IDENTITIES_DECIDED: _OTHER,
    AuditAction.CLIENT_ADDED: 6,
    AuditAction.CLIENT_REVOKED: 2,  # the register keeps who was known
    AuditAction.REQUEST_REFUSED: _OTHER,
}
_USERS: Final = {"operator": (2, "Admin"), "client": (4, "Service"), "system": (3, "System")}
# status, severity, action, disposition: id and caption each.
_PERMITTED: Final = {
    "status_id": 1, "status": "Success", "severity_id": 1, "severity": "Informational", "action_id": 1,
    "action": "Allowed", "disposition_id": 1, "disposition": "Allowed",
}  # fmt: skip
_DENIED: Final = {
    "status_id": 2, "status": "Failure", "severity_id": 2, "severity": "Low", "action_id": 2, "action": "Denied",
    "disposition_id": 2, "disposition": "Blocked",
}  # fmt: skip
_MAPPED: Final = ("v", "id", "ts", "actor", "action", "decision", "reasons", "recipient", "policy", "request", "tags")


def datastore_activity(entry: Entry, origin: str, index: int) -> dict[str, Any]:
    """Return the event, with the profile ``security_control``; what OCSF has no word for stands in ``unmapped``."""
    activity = ACTIVITIES[entry.action]
    name = _CAPTIONS[activity]
    event: dict[str, Any] = {
        "category_uid": 6, "category_name": "Application Activity", "class_uid": CLASS,
        "class_name": "Datastore Activity", "activity_id": activity,
        "activity_name": entry.action if activity == _OTHER else name, "type_uid": CLASS * 100 + activity,
        "type_name": f"Datastore Activity: {name}", "time": _milliseconds(entry.ts),
        "metadata": _metadata(entry, origin, index), "actor": _actor(entry),
        # No network address is kept: this says by which way the call came.
        "src_endpoint": {"svc_name": entry.actor.type}, "type_id": 1, "type": "Database", "database": _DATABASE,
        "policy": {"uid": entry.policy, "is_applied": True}, **(_PERMITTED if entry.decision == "permit" else _DENIED),
    }  # fmt: skip
    if entry.reasons:
        event |= {"status_code": entry.reasons[0], "status_detail": " ".join(entry.reasons)}
    if entry.recipient:
        event["dst_endpoint"] = {"svc_name": entry.recipient}
    if unmapped := {key: value for key, value in msgspec.to_builtins(entry).items() if key not in _MAPPED}:
        event["unmapped"] = unmapped
    return event


def _milliseconds(instant: str) -> int:
    """Return the milliseconds since 1970 of an entry's time."""
    return (dt.datetime.fromisoformat(instant) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)


def _metadata(entry: Entry, origin: str, index: int) -> dict[str, Any]:
    known = {
        "version": VERSION, "profiles": ["security_control"], "product": _PRODUCT, "uid": entry.id, "log_name": origin,
        "log_version": str(entry.v), "sequence": index, "event_code": entry.action, "original_time": entry.ts,
    }  # fmt: skip
    return known | ({"correlation_uid": entry.request} if entry.request else {})


def _actor(entry: Entry) -> dict[str, Any]:
    number, caption = _USERS[entry.actor.type]
    groups = [{"name": entry.actor.role}]
    return {"user": {"uid": entry.actor.ref, "type_id": number, "type": caption, "groups": groups}}
