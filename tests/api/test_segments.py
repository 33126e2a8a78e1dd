"""Members and deltas: what a recipient pulls."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from gateway.foundation.clock import FrozenClock
from gateway.vocabulary.names import ReleaseId
from tests.api.conftest import DELTA, MEMBERS, Caller, choice, is_problem, subject
from tests.builders import filled


def pages(call: Caller, limit: int, who: str = "mailer") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while not found or cursor:
        query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = call.get(who, MEMBERS, params=query)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        cursor = found[-1]["next"]
    return found


def names(page: dict[str, Any]) -> list[str]:
    return [member["pseudonym"] for member in page["members"]]


def pseudonym_of(call: Caller, number: int) -> str:
    package = call.post("desk", "/v1/requests", json={"kind": "access", "subject": subject(number)}).json()["package"]
    text = json.dumps(package)
    (found,) = [name for name in set(names(call.get("mailer", MEMBERS).json())) if name in text]
    return found


def changes(call: Caller, **query: str) -> dict[str, Any]:
    answer = call.get("mailer", DELTA, params=query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    told: dict[str, Any] = {"entered": [], "left": [], "release": body["release"], "etag": answer.headers["etag"]}
    for change in body["changes"]:
        told[change["change"]].append(change["pseudonym"])
    return told


def tombstones(call: Caller, release: str) -> int:
    """Count those of a release's scope by taking them away."""
    disclosure = call.gateway.house.disclosures.get(ReleaseId(release))
    assert disclosure is not None
    return call.gateway.house.disclosures.forget_scope(disclosure.scope)


@pytest.mark.parametrize(("limit", "lengths"), [(70, [70, 70, 10]), (75, [75, 75]), (1000, [150])])
def test_pages_are_the_list_in_order(filled_call: Caller, limit: int, lengths: list[int]) -> None:
    found = pages(filled_call, limit)
    assert [len(page["members"]) for page in found] == lengths
    everybody = [name for page in found for name in names(page)]
    assert everybody == sorted(set(everybody))
    assert {page["release"] for page in found} == {found[0]["release"]}
    assert found[0]["size"] == 150


def test_whoever_withdraws_or_is_erased_between_two_pages_is_absent_from_the_next(filled_call: Caller) -> None:
    call = filled_call
    whole = names(call.get("mailer", MEMBERS).json())
    first = call.get("mailer", MEMBERS, params={"limit": 50}).json()
    gone = set()
    for number in range(1, 31):
        gone.add(pseudonym_of(call, number))
        assert call.post("desk", "/v1/consents", json=choice(number)).status_code == 202
    gone.add(pseudonym_of(call, 31))
    erased = call.post("desk", "/v1/requests", json={"kind": "erasure", "subject": subject(31)})
    assert erased.status_code == 200
    second = call.get("mailer", MEMBERS, params={"limit": 1000, "cursor": first["next"]}).json()
    assert second["next"] is None
    assert gone & set(whole[50:])
    assert names(second) == [name for name in whole[50:] if name not in gone]


def test_the_rest_of_a_list_that_fell_under_its_minimum_stays(filled_call: Caller) -> None:
    call = filled_call
    first = call.get("mailer", MEMBERS, params={"limit": 10}).json()
    for number in range(1, 52):
        call.post("desk", "/v1/consents", json=choice(number))
    answer = call.get("mailer", MEMBERS, params={"limit": 10, "cursor": first["next"]})
    assert "50" not in is_problem(answer, 409, "too-small")["detail"]
    assert call.entries()[-1]["action"] == "release.read"
    assert call.entries()[-1]["decision"] == "deny"


def test_the_entry_comes_before_the_page(filled_call: Caller) -> None:
    before = len(filled_call.entries())
    page = filled_call.get("mailer", MEMBERS, params={"limit": 20}).json()
    new = filled_call.entries()[before:]
    assert [entry["action"] for entry in new][-2:] == ["segment.released", "release.read"]
    assert [entry["members"] for entry in new[-2:]] == [150, 20]
    filled_call.get("mailer", MEMBERS, params={"limit": 30, "cursor": page["next"]})
    last = filled_call.entries()[-1]
    assert (last["action"], last["members"], last["recipient"], last["actor"]["ref"]) == (
        "release.read", 30, "mailer", "mailer",
    )  # fmt: skip


def test_a_cursor_is_one_recipients_and_one_segments(filled_call: Caller) -> None:
    cursor = filled_call.get("mailer", MEMBERS, params={"limit": 5}).json()["next"]
    is_problem(filled_call.get("ads", MEMBERS, params={"cursor": cursor}), 422, "invalid-input")
    is_problem(filled_call.get("mailer", MEMBERS, params={"cursor": cursor[:-4] + "AAAA"}), 422, "invalid-input")
    other = "/v1/segments/lapsed_buyers/members"
    is_problem(filled_call.get("mailer", other, params={"cursor": cursor}), 404, "not-found")
    assert filled_call.entries()[-1]["decision"] == "deny"


def read_csv(data: bytes) -> list[str]:
    return [row["pseudonym"] for row in csv.DictReader(io.StringIO(data.decode(), newline=""))]


def read_ndjson(data: bytes) -> list[str]:
    return [json.loads(line)["pseudonym"] for line in data.splitlines()]


def read_parquet(data: bytes) -> list[str]:
    found: list[str] = pq.read_table(io.BytesIO(data))["pseudonym"].to_pylist()
    return found


@pytest.mark.parametrize(
    ("accept", "media", "read"),
    [
        ("text/csv", "text/csv", read_csv),
        ("application/x-ndjson", "application/x-ndjson", read_ndjson),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet", read_parquet),
        ("text/*", "text/csv", read_csv),
        ("application/json;q=0.1, text/csv;q=0.5", "text/csv", read_csv),
        ("text/html, application/x-ndjson;q=0.2, application/json;q=0", "application/x-ndjson", read_ndjson),
    ],
)
def test_the_list_in_each_form(filled_call: Caller, accept: str, media: str, read: Any) -> None:
    answer = filled_call.get("mailer", MEMBERS, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media
    assert answer.headers["vary"] == "Accept"
    assert read(answer.content) == names(filled_call.get("mailer", MEMBERS).json())


@pytest.mark.parametrize("accept", ["application/xml", "text/html", "application/json;q=0", "*/*;q=0", "x/y;q=high"])
def test_a_form_that_we_do_not_have(filled_call: Caller, accept: str) -> None:
    before = len(filled_call.gateway.house.disclosures.list())
    is_problem(filled_call.get("mailer", MEMBERS, headers={"Accept": accept}), 406, "invalid-input")
    is_problem(filled_call.get("mailer", DELTA, headers={"Accept": accept}), 406, "invalid-input")
    assert len(filled_call.gateway.house.disclosures.list()) == before


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/x-ndjson"])
def test_an_unchanged_list_is_304(filled_call: Caller, accept: str) -> None:
    headers = {"Accept": accept}
    tag = filled_call.get("mailer", MEMBERS, headers=headers).headers["etag"]
    for held in (tag, f'"other", {tag}', "*", tag.removeprefix("W/")):
        again = filled_call.get("mailer", MEMBERS, headers=headers | {"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["x-release"].startswith("rel_")
    assert filled_call.entries()[-1]["action"] == "segment.released"
    filled_call.post("desk", "/v1/consents", json=choice(7))
    changed = filled_call.get("mailer", MEMBERS, headers=headers | {"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_two_recipients_share_no_pseudonym(filled_call: Caller) -> None:
    mailer, ads = (set(names(filled_call.get(who, MEMBERS).json())) for who in ("mailer", "ads"))
    assert len(mailer) == len(ads) == 150
    assert not mailer & ads


def test_segments_are_listed_by_scope(call: Caller) -> None:
    everything = {segment["id"] for segment in call.get("officer", "/v1/segments").json()["segments"]}
    assert {"loyal_buyers", "lapsed_buyers"} <= everything
    made = {each["id"]: each["uses"] for each in call.get("officer", "/v1/segments").json()["segments"]}
    assert made["lapsed_buyers"] == {"segments": [], "traits": ["last_purchase"]}
    for who, purpose in (("mailer", "direct_marketing"), ("insights", "product_analytics")):
        listed = call.get(who, "/v1/segments").json()["segments"]
        assert {segment["purpose"] for segment in listed} <= {purpose}
        assert {segment["id"] for segment in listed} < everything
        assert all(segment["title"]["en"] for segment in listed)
        assert all(segment["uses"] is None for segment in listed)


def test_a_snapshot_tells_its_size_or_that_it_is_too_small(call: Caller) -> None:
    small = call.post("officer", "/v1/segments/loyal_buyers/snapshots")
    assert small.status_code == 201
    assert small.json()["size"] is None
    filled(call.gateway, 150)
    assert call.post("officer", "/v1/segments/loyal_buyers/snapshots").json()["size"] == 150
    is_problem(call.post("officer", "/v1/segments/no_such/snapshots"), 404, "not-found")


@pytest.mark.parametrize("people", [0, 5, 99])
def test_a_small_segment_stays_and_its_size_is_not_told(call: Caller, people: int) -> None:
    if people:
        filled(call.gateway, people)
    body = is_problem(call.get("mailer", MEMBERS), 409, "too-small")
    assert not any(character.isdigit() for character in body["detail"])
    assert call.entries()[-1]["decision"] == "deny"


def test_a_delta_tells_who_came_and_who_went(filled_call: Caller, clock: FrozenClock) -> None:
    call = filled_call
    first = call.get("mailer", MEMBERS).json()
    call.post("desk", "/v1/consents", json=choice(3))
    told = changes(call)
    assert (len(told["entered"]), len(told["left"])) == (0, 1)
    assert told["left"][0] in names(first)
    clock.advance(dt.timedelta(seconds=1))
    call.post("desk", "/v1/consents", json=choice(3, "given") | {"notice": "webshop-2026-05"})
    back = changes(call)
    assert back["entered"] == told["left"]
    assert changes(call)["left"] == []


@pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson"])
def test_a_delta_as_a_file(filled_call: Caller, accept: str) -> None:
    filled_call.get("mailer", MEMBERS)
    filled_call.post("desk", "/v1/consents", json=choice(3))
    answer = filled_call.get("mailer", DELTA, headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(accept)
    assert answer.headers["x-release"].startswith("rel_")
    assert b"left" in answer.content


def test_a_delta_that_was_lost_is_told_again(filled_call: Caller) -> None:
    """Also of people who have been erased since, until the recipient names a release that is newer than the erasure."""
    call = filled_call
    call.get("mailer", MEMBERS)
    erased = pseudonym_of(call, 1)
    first = call.get("mailer", MEMBERS).json()["release"]
    call.post("desk", "/v1/consents", json=choice(2))
    call.post("desk", "/v1/requests", json={"kind": "erasure", "subject": subject(1)})
    told = changes(call, since=first)
    assert erased in told["left"]
    assert len(told["left"]) == 2
    again = changes(call, since=first)
    assert {**again, "release": ""} == {**told, "release": ""}
    newer = changes(call, since=again["release"])
    assert newer["left"] == newer["entered"] == []
    assert tombstones(call, first) == 0


def test_a_tombstone_waits_for_a_named_release(filled_call: Caller) -> None:
    """Without ``since`` nothing says that the delta before has arrived."""
    call = filled_call
    first = call.get("mailer", MEMBERS).json()["release"]
    call.post("desk", "/v1/requests", json={"kind": "erasure", "subject": subject(1)})
    assert len(changes(call)["left"]) == 1
    assert changes(call)["left"] == []
    assert len(changes(call, since=first)["left"]) == 1


def test_tombstones_end_with_their_epoch(call: Caller, clock: FrozenClock) -> None:
    filled(call.gateway)
    first = call.get("mailer", MEMBERS).json()["release"]
    call.post("desk", "/v1/requests", json={"kind": "erasure", "subject": subject(1)})
    told = call.get("mailer", DELTA, params={"since": first}).json()
    assert [change["change"] for change in told["changes"]] == ["left"]
    clock.advance(dt.timedelta(days=90))
    is_problem(call.get("mailer", DELTA, params={"since": first}), 403, "not-permitted")
    assert call.get("mailer", MEMBERS).json()["size"] == 149
    assert tombstones(call, first) == 0


def test_what_was_never_told_outlives_its_epoch(call: Caller, clock: FrozenClock) -> None:
    filled(call.gateway)
    first = call.get("mailer", MEMBERS).json()["release"]
    call.post("desk", "/v1/requests", json={"kind": "erasure", "subject": subject(1)})
    clock.advance(dt.timedelta(days=90))
    assert call.get("mailer", MEMBERS).json()["size"] == 149
    (owed,) = call.get("officer", "/v1/pending-leaves").json()["pending"]
    assert (owed["release"], owed["by_deletion"]) == (first, True)
    assert tombstones(call, first) == 1


def test_a_delta_under_the_minimum_says_that_everybody_left(filled_call: Caller) -> None:
    call = filled_call
    first = call.get("mailer", MEMBERS).json()
    for number in range(1, 52):
        call.post("desk", "/v1/consents", json=choice(number))
    told = changes(call)
    assert sorted(told["left"]) == names(first)


def test_a_delta_has_a_base_of_ones_own(filled_call: Caller) -> None:
    call = filled_call
    body = is_problem(call.get("mailer", DELTA), 403, "not-permitted")
    assert body["reasons"] == ["no_previous_release"]
    foreign = call.get("ads", MEMBERS).json()["release"]
    is_problem(call.get("mailer", DELTA, params={"since": foreign}), 403, "not-permitted")
    is_problem(call.get("mailer", DELTA, params={"since": "rel_" + "a" * 26}), 403, "not-permitted")
    is_problem(call.get("insights", DELTA), 403, "not-permitted")
