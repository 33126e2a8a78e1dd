"""The closed schema of an entry: names from the catalogue, codes, counts and digests, and no place for a value.

The leaf is msgspec's deterministic JSON of ``Entry``; what is hashed is the stored bytes, never a re-serialisation.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from gateway.accountability.errors import EventRefused, LogDamaged
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, LogHead, Role
from gateway.vocabulary.names import EntryId

MAX_TAGS: Final = 1000  # in one entry; more lie in a side file
TAG_BYTES: Final = 16

_ID = r"[a-z][a-z0-9_.:-]{0,63}"
_CODE = r"[a-z][a-z0-9_.:/-]{0,127}"
_HEX32 = r"[0-9a-f]{64}"


def _text(pattern: str) -> msgspec.Meta:
    return msgspec.Meta(pattern=rf"^(?:{pattern})\Z")


Id = Annotated[str, _text(_ID)]
PurposeName = Annotated[str, _text(rf"\*|{_ID}")]
Code = Annotated[str, _text(_CODE)]
Origin = Annotated[str, _text(r"[A-Za-z0-9][A-Za-z0-9._~/-]{0,199}")]
Digest = Annotated[str, _text(_HEX32)]
Tag = Annotated[str, _text(r"[0-9a-f]{32}")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Basis = Annotated[str, _text(r"[0-9]{1,2}(?:\([0-9]\))?(?:\([a-z]\))?")]
Policy = Annotated[str, _text(rf"[a-z0-9][a-z0-9_.-]{{0,63}}@[0-9A-Za-z][0-9A-Za-z_.-]{{0,31}}:(?:sha256:)?{_HEX32}")]
Time = Annotated[str, _text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")]


class EntryActor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who asked: a role and a pseudonymous reference."""

    type: Literal["operator", "client", "system"]
    role: Role
    ref: Id


class EntryPrevious(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The head of the log that this one goes on from."""

    origin: Origin
    size: Count
    root: Digest


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One leaf of the log. The order of the fields is the order of the bytes: new ones go to the end, under a new v."""

    v: Literal[1]
    id: Annotated[str, _text(r"[a-z2-7]{26}")]
    ts: Time
    actor: EntryActor
    action: AuditAction
    decision: Literal["permit", "deny"]
    reasons: Annotated[tuple[Code, ...], msgspec.Meta(max_length=100)] = ()
    purpose: PurposeName | None = None
    basis: Basis | None = None
    recipient: Id | None = None
    source: Id | None = None
    segment: Id | None = None
    snapshot: Id | None = None
    batch: Id | None = None
    fields: Annotated[tuple[Id, ...], msgspec.Meta(max_length=500)] = ()
    rows: Count | None = None
    members: Count | None = None
    policy: Policy
    query: Digest | None = None
    request: Id | None = None
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=MAX_TAGS)] = ()
    tags_root: Digest | None = None
    previous: EntryPrevious | None = None


@dataclass(frozen=True, slots=True)
class SealedTags:
    """A side file of tags that is on disk, made under one entry's id."""

    entry_id: EntryId
    root: str  # hex
    count: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the recorder adds to an event."""

    id: EntryId
    ts: str
    policy: str


class _Outline(msgspec.Struct):
    """What can be relied on in every entry that is walked past; checking all of it takes five times as long."""

    id: str
    ts: Time
    action: str
    policy: str


Read = TypeVar("Read")

_encoder = msgspec.json.Encoder(order="deterministic")
_whole = msgspec.json.Decoder(Entry)
_outline = msgspec.json.Decoder(_Outline)
_mapping = msgspec.json.Decoder(dict[str, Any])
_PLACE: Final = re.compile(r"at `\$\.([a-z_]+)")


def written(at: dt.datetime) -> str:
    """Return an aware instant as it stands in entries: UTC, microseconds; such texts sort by time."""
    if at.tzinfo is None:
        raise EventRefused("an entry needs an aware instant: pass one in UTC")
    return at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def leaf(event: GatewayEvent, stamp: Stamp, tags: bytes | SealedTags | None) -> bytes:
    """Return the bytes of an event's entry; raises ``EventRefused`` naming the field that does not fit."""
    raw: dict[str, Any] = {
        "v": 1, "id": stamp.id, "ts": stamp.ts, "actor": _actor(event),
        "action": event.action, "decision": event.decision, "reasons": event.reasons, "purpose": event.purpose,
        "basis": event.legal_basis, "recipient": event.recipient, "source": event.source, "segment": event.segment,
        "snapshot": event.snapshot, "batch": event.batch, "fields": event.fields, "rows": event.rows,
        "members": event.members, "policy": event.policy or stamp.policy, "query": event.query,
        "request": event.request, "previous": _previous(event),
    }  # fmt: skip
    raw.update(_tags(event, stamp, tags))
    try:
        entry = msgspec.convert(raw, Entry)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        field = place.group(1) if place else "an entry"
        raise EventRefused(
            f"field `{field}` does not fit the closed schema of audit entries: pass a catalogue id, a code, a count or "
            "a digest, never a value"
        ) from None
    return _encoder.encode(entry)


def _actor(event: GatewayEvent) -> dict[str, str]:
    return {"type": event.actor.type, "role": event.actor.role, "ref": event.actor.ref}


def _previous(event: GatewayEvent) -> dict[str, Any] | None:
    match event.previous, event.action:
        case LogHead(origin=origin, size=size, root=root), AuditAction.LOG_CONTINUED:
            return {"origin": origin, "size": size, "root": root}
        case None, action if action != AuditAction.LOG_CONTINUED:
            return None
        case _:
            raise EventRefused("field `previous` belongs to `log.continued`, and that has one")


def _tags(event: GatewayEvent, stamp: Stamp, tags: bytes | SealedTags | None) -> dict[str, Any]:
    match tags:
        case None:
            return {}
        case SealedTags(entry_id=entry_id, root=root, count=count):
            if entry_id != stamp.id:
                raise EventRefused("the tags were made under another entry's id")
            if event.members not in {None, count}:
                raise EventRefused("field `members` is not the number of tags")
            return {"tags_root": root, "members": count}
        case _:
            if len(tags) % TAG_BYTES or len(tags) > TAG_BYTES * MAX_TAGS:
                raise EventRefused(
                    f"tags have {TAG_BYTES} bytes each and are at most {MAX_TAGS}: use bulk_tags for more"
                )
            text, width = tags.hex(), 2 * TAG_BYTES
            parts = {text[at : at + width] for at in range(0, len(text), width)}
            return {"tags": tuple(sorted(parts))}  # a tag's place would say whose it is


def decoded(decoder: msgspec.json.Decoder[Read], leaf: bytes) -> Read:
    """Decode a leaf; raises ``LogDamaged`` for one that is not an entry of the gateway's: others reach the log too."""
    try:
        return decoder.decode(leaf)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise LogDamaged(
            "the audit log has an entry that is not one of the gateway's: an export as csv says which"
        ) from None


def shown(leaf: bytes) -> dict[str, Any]:
    """Return an entry to be shown, checked against the closed schema. Raises ``LogDamaged``."""
    decoded(_whole, leaf)
    return decoded(_mapping, leaf)


def walked(leaf: bytes) -> dict[str, Any]:
    """Return an entry that has an id, a time, an action and a policy, the rest unchecked. Raises ``LogDamaged``."""
    decoded(_outline, leaf)
    return decoded(_mapping, leaf)


def link_template(label: str) -> bytes:
    """Return the first entry of a shard but for its id, its time and the head of the shard before (``previous``)."""
    event = GatewayEvent(
        Actor("system", "log", Role.SYSTEM), AuditAction.LOG_CONTINUED, "permit", policy=label,
        previous=LogHead("log", 0, "0" * 64),
    )  # fmt: skip
    stamp = Stamp(EntryId("a" * 26), "2000-01-01T00:00:00.000000Z", label)
    return leaf(event, stamp, None)
