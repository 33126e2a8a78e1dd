"""Views for other people's tools: valid in the published schemas, whole, in bounded memory, safe in a spreadsheet."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_args

import jsonschema
import msgspec
import pytest
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from gateway.accountability import entries, ocsf, views
from gateway.accountability.errors import EventRefused, LogDamaged
from gateway.accountability.views import LogPart, export
from gateway.clients import Scope
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, LogHead, Role
from gateway.vocabulary.names import (
    BatchId,
    EntryId,
    PurposeId,
    RecipientId,
    RequestId,
    SegmentId,
    SnapshotId,
    SourceId,
)

ORIGIN = "gateway.example/log/2026q4"
LABEL = "baseline@1:" + "a" * 64
STAMP = entries.Stamp(EntryId("a" * 26), "2026-11-21T10:00:00.123456Z", LABEL)
HEAD = LogHead("gateway.example/log/2026q3", 12, "c" * 64)
OPERATOR = Actor("operator", "cli")
ACTORS = (OPERATOR, Actor("client", "mailer", Role.RECIPIENT), Actor("system", "recovery", Role.SYSTEM))


def bare(action: AuditAction, actor: Actor = OPERATOR) -> GatewayEvent:
    previous = HEAD if action is AuditAction.LOG_CONTINUED else None
    return GatewayEvent(actor, action, "permit", previous=previous)


def full(action: AuditAction, actor: Actor) -> GatewayEvent:
    """An event with every field that there is."""
    return GatewayEvent(
        actor, action, "deny", ("no_rule_permits", "not_a_number:total_spend"), PurposeId("direct_marketing"),
        "6(1)(a)", RecipientId("mailer"), SourceId("webshop_customers"), SegmentId("loyal_buyers"),
        SnapshotId("sna_abc"), BatchId("bat_abc"), ("pseudonym", "age_band"), 4, 1, LABEL, "b" * 64,
        RequestId("req_abc"), HEAD if action is AuditAction.LOG_CONTINUED else None,
    )  # fmt: skip


def leaf(event: GatewayEvent, tags: bytes | None = None) -> bytes:
    return entries.leaf(event, STAMP, tags)


def every_sort() -> list[bytes]:
    """Each action by each sort of actor, with as little and with as much as an entry can hold."""
    return [
        made
        for action, actor in itertools.product(AuditAction, ACTORS)
        for made in (leaf(bare(action, actor)), leaf(full(action, actor), bytes(16)))
    ]


def lines(leaves: list[bytes], form: views.Form, start: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export([LogPart(ORIGIN, leaves, start)], form)]


# -- OCSF -------------------------------------------------------------------------------------------------------------


@cache
def ocsf_validator() -> jsonschema.Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=ocsf.VERSION))
    name = schema.lookup_class_name_from_uid(class_uid=ocsf.CLASS)
    return jsonschema.Draft202012Validator(schema.get_class_schema(class_name=name, profiles=["security_control"]))


@cache
def captions(attribute: str) -> dict[int, str]:
    """The published words for an attribute's numbers."""
    published = get_ocsf_schema(version=ocsf.VERSION)["classes"]["datastore_activity"]["attributes"]
    return {int(number): each["caption"] for number, each in published[attribute]["enum"].items()}


def test_every_entry_is_a_valid_datastore_activity() -> None:
    for event in lines(every_sort(), "ocsf"):
        ocsf_validator().validate(event)
        assert event["metadata"]["version"] == "1.8.0"
        assert event["type_uid"] == 600500 + event["activity_id"]


def test_the_schema_would_see_a_wrong_event() -> None:
    (event,) = lines([leaf(bare(AuditAction.LOG_READ))], "ocsf")
    for change in ({"activity_id": 77}, {"time": "now"}, {"segment": "loyal_buyers"}, {"actor": {}}):
        assert list(ocsf_validator().iter_errors(event | change))


def test_numbers_have_the_published_words() -> None:
    for event in lines(every_sort(), "ocsf"):
        for attribute in ("status", "severity", "action", "disposition"):
            assert event[attribute] == captions(f"{attribute}_id")[event[f"{attribute}_id"]]
        known = captions("activity_id")[event["activity_id"]]
        assert event["activity_name"] == (known if known != "Other" else event["metadata"]["event_code"])
        assert event["type_name"] == f"Datastore Activity: {known}"


def test_every_action_has_a_row() -> None:
    assert set(ocsf.ACTIVITIES) == set(AuditAction)


@pytest.mark.parametrize(
    ("action", "activity"),
    [
        (AuditAction.RELEASE_READ, "Read"), (AuditAction.SEGMENT_BUILT, "Query"),
        (AuditAction.SUBJECT_ERASED, "Delete"), (AuditAction.CONSENT_RECORDED, "Update"),
        (AuditAction.BATCH_ACCEPTED, "Write"),
    ],
)  # fmt: skip
def test_actions_are_what_a_reader_expects(action: AuditAction, activity: str) -> None:
    (event,) = lines([leaf(bare(action))], "ocsf")
    assert event["activity_name"] == activity


def test_an_ocsf_event_tells_what_the_entry_does() -> None:
    (event,) = lines([leaf(full(AuditAction.RELEASE_READ, ACTORS[1]), bytes(16))], "ocsf", start=41)
    assert event["metadata"]["uid"] == STAMP.id
    assert (event["metadata"]["log_name"], event["metadata"]["sequence"]) == (ORIGIN, 41)
    assert dt.datetime.fromtimestamp(event["time"] / 1000, dt.UTC) == dt.datetime(
        2026, 11, 21, 10, 0, 0, 123000, tzinfo=dt.UTC
    )
    assert event["actor"]["user"]["uid"] == "mailer"
    assert event["actor"]["user"]["groups"] == [{"name": "recipient"}]
    assert (event["status"], event["disposition"], event["status_code"]) == ("Failure", "Blocked", "no_rule_permits")
    assert event["dst_endpoint"] == {"svc_name": "mailer"}
    assert event["policy"]["uid"] == LABEL
    assert event["unmapped"] == {
        "purpose": "direct_marketing", "basis": "6(1)(a)", "source": "webshop_customers", "segment": "loyal_buyers",
        "snapshot": "sna_abc", "batch": "bat_abc", "fields": ["pseudonym", "age_band"], "rows": 4, "members": 1,
        "query": "b" * 64,
    }  # fmt: skip


# -- CloudEvents ------------------------------------------------------------------------------------------------------


def test_every_entry_is_a_valid_cloud_event() -> None:
    for line in export([LogPart(ORIGIN, every_sort())], "cloudevents"):
        event = JSONFormat().read(CloudEvent, line)  # raises for an event that breaks the specification
        entry: Any = event.get_data()
        assert event.get_specversion() == "1.0"
        assert event.get_type() == f"org.example.segmentation-gateway.{entry['action']}"
        assert (event.get_id(), event.get_source()) == (entry["id"], ORIGIN)
        assert event.get_time() == dt.datetime.fromisoformat(entry["ts"])


def test_the_reader_would_see_a_wrong_event() -> None:
    (event,) = lines([leaf(bare(AuditAction.LOG_READ))], "cloudevents")
    for change in ({"id": ""}, {"specversion": "2.0"}, {"Log-Index": 1}):
        with pytest.raises((CloudEventValidationError, TypeError, ValueError)):
            JSONFormat().read(CloudEvent, json.dumps(event | change))


def test_a_cloud_event_carries_the_entry_and_no_subject_who_is_a_person() -> None:
    made = [leaf(full(AuditAction.SUBJECT_ACCESSED, ACTORS[1]), bytes(16)), leaf(bare(AuditAction.LOG_READ))]
    first, second = lines(made, "cloudevents", start=7)
    assert first["subject"] == "segments/loyal_buyers"
    assert "subject" not in second
    assert (first["sequence"], second["sequence"]) == (f"{7:020}", f"{8:020}")
    assert first["data"] == {key: value for key, value in json.loads(made[0]).items() if key != "tags"}


# -- CSV --------------------------------------------------------------------------------------------------------------


def test_a_line_of_csv_has_every_field_of_the_schema_but_the_tags() -> None:
    text = b"".join(export([LogPart(ORIGIN, every_sort(), 5)], "csv")).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    told = set(entries.Entry.__struct_fields__) - {"v", "tags", "actor"} | {"actor_type", "actor_role", "actor_ref"}
    assert set(rows[0]) == told | {"log", "index"}
    assert [int(row["index"]) for row in rows] == list(range(5, 5 + len(rows)))
    assert {row["log"] for row in rows} == {ORIGIN}
    assert {row["actor_role"] for row in rows} == {"operator", "recipient", "system"}
    cells = [cell for row in rows for cell in row.values() if cell]
    assert all(cell[0].isalnum() for cell in cells)  # none is a formula
    continued = [row for row in rows if row["action"] == "log.continued"]
    assert {row["previous"] for row in continued} == {f"{HEAD.origin} {HEAD.size} {HEAD.root}"}


def patterns() -> Iterator[str]:
    """Every pattern that a text of the closed schema matches."""
    for module_level in vars(entries).values():
        for meta in get_args(module_level)[1:]:
            if isinstance(meta, msgspec.Meta) and meta.pattern:
                yield meta.pattern


@pytest.mark.parametrize("pattern", sorted(set(patterns())))
@given(data=st.data())
@settings(max_examples=15)
def test_no_text_of_the_schema_is_a_formula(pattern: str, data: st.DataObject) -> None:
    """What begins with = + - @ or a control character is a formula to some spreadsheet."""
    cell = data.draw(st.from_regex(pattern))
    assert cell[0].isascii()
    assert cell[0].isalnum() or cell == "*"
    assert cell.isprintable()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", '"', ";"])
def test_and_no_event_makes_it_one(start: str) -> None:
    for event in (
        GatewayEvent(OPERATOR, AuditAction.LOG_READ, "deny", reasons=(f"{start}cmd()",)),
        GatewayEvent(OPERATOR, AuditAction.LOG_READ, "deny", purpose=PurposeId(f"{start}1")),
        GatewayEvent(Actor("operator", f"{start}a"), AuditAction.LOG_READ, "deny"),
        GatewayEvent(OPERATOR, AuditAction.LOG_CONTINUED, "permit", previous=LogHead(f"{start}a", 1, "c" * 64)),
    ):
        with pytest.raises(EventRefused):
            leaf(event)


# -- all of them ------------------------------------------------------------------------------------------------------


def test_ndjson_is_the_bytes_that_are_hashed() -> None:
    made = every_sort()
    assert list(export([LogPart(ORIGIN, made)], "ndjson")) == [each + b"\n" for each in made]


@pytest.mark.parametrize("form", ["csv", "ocsf", "cloudevents"])
def test_no_view_for_tools_holds_a_tag(form: views.Form) -> None:
    tag = bytes(range(16))
    made = [leaf(bare(AuditAction.SUBJECT_ACCESSED), tag * 3)]
    assert tag.hex() in made[0].decode()
    assert tag.hex() not in b"".join(export([LogPart(ORIGIN, made)], form)).decode()


@pytest.mark.parametrize("form", ["csv", "ocsf", "cloudevents"])
@pytest.mark.parametrize(
    "foreign", [b"", b"{}", b"not json", b"\xff", leaf(bare(AuditAction.LOG_READ)).replace(b'"cli"', b'"=1+1"')]
)
def test_what_is_no_entry_of_ours_is_not_exported_as_one(form: views.Form, foreign: bytes) -> None:
    walk = export([LogPart(ORIGIN, [leaf(bare(AuditAction.LOG_READ)), foreign], 3)], form)
    with pytest.raises(LogDamaged, match="entry 4") as refusal:
        b"".join(walk)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("form", get_args(views.Form))
def test_several_logs_are_one_export(form: views.Form) -> None:
    one = leaf(bare(AuditAction.LOG_READ))
    parts = [LogPart("gateway.example/2026q3", [one] * 3, 90), LogPart("gateway.example/2026q4", [one])]
    told = b"".join(export(parts, form)).decode()
    assert told.count("\n") == 4 + (form == "csv")
    assert ("2026q3" in told) == (form != "ndjson")


@pytest.mark.parametrize("form", get_args(views.Form))
def test_an_export_is_walked_in_bounded_memory(form: views.Form) -> None:
    one = leaf(full(AuditAction.RELEASE_READ, ACTORS[1]), bytes(16))
    walk = export([LogPart(ORIGIN, itertools.repeat(one, 3000))], form)
    next(walk)
    tracemalloc.start()
    try:
        assert sum(1 for _ in walk) >= 2999
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


# -- roles and heads --------------------------------------------------------------------------------------------------


def test_a_clients_role_is_its_scope() -> None:
    clients = set(Role) - {Role.OPERATOR, Role.SYSTEM, Role.UNKNOWN}
    assert {role.value for role in clients} == {scope.value for scope in Scope}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Actor("client", "mailer"),
        lambda: Actor("system", "recovery"),
        lambda: Actor("operator", "cli", Role.OFFICER),
        lambda: Actor("client", "mailer", Role.SYSTEM),
    ],
)
def test_nobody_has_another_types_role(make: Callable[[], Actor]) -> None:
    with pytest.raises(ValueError, match="role"):
        make()


@pytest.mark.parametrize(
    "event",
    [
        GatewayEvent(OPERATOR, AuditAction.LOG_CONTINUED, "permit"),
        GatewayEvent(OPERATOR, AuditAction.LOG_READ, "permit", previous=HEAD),
        GatewayEvent(OPERATOR, AuditAction.LOG_CONTINUED, "permit", previous=LogHead("a b", 1, "c" * 64)),
        GatewayEvent(OPERATOR, AuditAction.LOG_CONTINUED, "permit", previous=LogHead(HEAD.origin, -1, "c" * 64)),
        GatewayEvent(OPERATOR, AuditAction.LOG_CONTINUED, "permit", previous=LogHead(HEAD.origin, 1, "c")),
    ],
)
def test_only_a_log_that_goes_on_names_where_it_goes_on_from(event: GatewayEvent) -> None:
    with pytest.raises(EventRefused, match="`previous`"):
        leaf(event)


def test_the_head_of_the_log_before_stands_at_the_end_of_the_entry() -> None:
    made = leaf(bare(AuditAction.LOG_CONTINUED))
    assert made.endswith(b'"previous":{"origin":"gateway.example/log/2026q3","size":12,"root":"%b"}}' % (b"c" * 64))
