"""Consents and requests over HTTP."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.wiring import verify_certificate
from tests.api.conftest import MEMBERS, Caller, choice, is_problem, subject


def ask(call: Caller, kind: str, number: int, **more: Any) -> dict[str, Any]:
    answer = call.post("desk", "/v1/requests", json={"kind": kind, "subject": subject(number)} | more)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def size(call: Caller) -> int:
    found: int = call.get("mailer", MEMBERS).json()["size"]
    return found


def shape(value: Any) -> Any:
    """What an answer looks like, without what it says."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value).__name__


def test_a_choice_bites_at_once_and_is_shown(filled_call: Caller) -> None:
    assert size(filled_call) == 150
    answer = filled_call.post("desk", "/v1/consents", json=choice(1))
    assert answer.status_code == 202
    assert answer.json()["recorded"] is True
    assert size(filled_call) == 149
    events = filled_call.post("desk", "/v1/consents/query", json={"subject": subject(1)}).json()["events"]
    assert [event["status"] for event in events if event["purpose"] == "direct_marketing"] == ["given", "withdrawn"]
    assert events[-1]["channel"] == "api"
    entry = filled_call.entries()[-1]
    assert (entry["action"], len(entry["tags"])) == ("subject.accessed", 1)


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1969-12-31T00:00:00Z"])
def test_an_instant_that_utc_cannot_say_is_refused_before_anything_is_looked_at(filled_call: Caller, at: str) -> None:
    answer = filled_call.post("desk", "/v1/consents/query", json={"subject": subject(1), "at": at})
    is_problem(answer, 422, "invalid-input")
    assert "subject.accessed" not in {entry["action"] for entry in filled_call.entries()}


def test_nobodys_existence_is_told(filled_call: Caller) -> None:
    ask(filled_call, "erasure", 2)
    for kind in ("erasure", "access", "restriction", "objection"):
        unknown, erased = (shape(ask(filled_call, kind, number)) for number in (999, 2))
        assert unknown == erased
    known, unknown, erased = (
        filled_call.post("desk", "/v1/consents", json=choice(number)) for number in (1, 999, 2)
    )  # fmt: skip
    assert known.json() == unknown.json() == erased.json()
    for number in (999, 2):
        query = filled_call.post("desk", "/v1/consents/query", json={"subject": subject(number)}).json()
        assert query["events"] == []
        assert set(query["standing"].values()) == {"unknown"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"purpose": "mind_reading"}, "unknown_purpose"),
        ({"at": "2099-01-01T00:00:00Z"}, "consent_in_future"),
        ({"at": "2026-01-01T00:00:00"}, "malformed_request"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "malformed_request"),
        ({"status": "expired"}, "malformed_request"),
        ({"subject": {"type": "name", "value": "x"}}, "malformed_request"),
        ({"subject": {"type": "email", "value": ""}}, "malformed_request"),
    ],
)
def test_a_choice_that_cannot_be_recorded(call: Caller, change: dict[str, Any], reason: str) -> None:
    assert is_problem(call.post("desk", "/v1/consents", json=choice(1) | change), 422)["reasons"] == [reason]


def test_access(filled_call: Caller) -> None:
    answer = ask(filled_call, "access", 1, language="fi")
    text = json.dumps(answer["package"], ensure_ascii=False)
    assert "person.1@example.org" in text
    assert "person.2@example.org" not in text
    assert answer["request"].startswith("req_")
    assert "person.1@" not in json.dumps(ask(filled_call, "access", 999))


def test_erasure_gives_a_certificate_that_verifies(filled_call: Caller, settings: Settings) -> None:
    plan = ask(filled_call, "erasure", 1, dry_run=True)
    assert (plan["certificate"], plan["request"]) == (None, None)
    assert filled_call.gateway.house.vault.find("email", "person.1@example.org") is not None
    done = ask(filled_call, "erasure", 1)
    assert done["rows"] > 0
    assert "person.1@" not in verify_certificate(settings, done["certificate"])
    assert filled_call.gateway.house.vault.find("email", "person.1@example.org") is None
    assert size(filled_call) == 149


def test_restriction_and_objection_bite_at_once(filled_call: Caller, clock: FrozenClock) -> None:
    assert ask(filled_call, "restriction", 1, dry_run=True)["recorded"] is False
    assert size(filled_call) == 150
    assert ask(filled_call, "restriction", 1) == {"recorded": True, "status": "restricted", "purposes": ["*"]}
    assert size(filled_call) == 149
    clock.advance(dt.timedelta(seconds=1))
    assert ask(filled_call, "restriction", 1, lift=True)["status"] == "lifted"
    assert size(filled_call) == 150
    assert ask(filled_call, "objection", 2, purpose="direct_marketing")["purposes"] == ["direct_marketing"]
    assert size(filled_call) == 149
    assert len(ask(filled_call, "objection", 3)["purposes"]) == len(filled_call.gateway.house.catalogue.purposes)
    assert size(filled_call) == 148


def test_an_objection_to_an_unknown_purpose(call: Caller) -> None:
    body = {"kind": "objection", "subject": subject(1), "purpose": "mind_reading"}
    for dry_run in (True, False):
        is_problem(call.post("desk", "/v1/requests", json=body | {"dry_run": dry_run}), 422, "invalid-input")


def test_a_file_of_choices_and_its_bad_rows(filled_call: Caller) -> None:
    header = "identifier_type,identifier,purpose,status\n"
    row = "email,person.{}@example.org,direct_marketing,{}\n"
    sent = {"headers": {"Content-Type": "text/csv"}}
    bad = filled_call.post(
        "desk", "/v1/consents/import", content=header + row.format(1, "withdrawn") + row.format(2, "agreed"), **sent
    )
    assert is_problem(bad, 422, "invalid-input")["errors"] == [{"place": "line 3", "code": "unknown_status"}]
    assert size(filled_call) == 150
    good = header + row.format(1, "withdrawn") + row.format(999, "withdrawn")
    answer = filled_call.post("desk", "/v1/consents/import", content=good, **sent)
    assert (answer.status_code, answer.json()) == (202, {"recorded": True, "rows": 2})
    assert size(filled_call) == 149


def test_a_receipt_and_its_absence(filled_call: Caller, settings: Settings) -> None:
    made = filled_call.post("desk", "/v1/consents/receipt", json={"subject": subject(1)}).json()
    assert "dpv:ConsentGiven" in verify_certificate(settings, made["receipt"])
    nobody = filled_call.post("desk", "/v1/consents/receipt", json={"subject": subject(999)})
    is_problem(nobody, 404, "not-found")


def test_a_receipt_shows_about_whom_it_is(filled_call: Caller) -> None:
    made = filled_call.post("desk", "/v1/consents/receipt", json={"subject": subject(1)}).json()

    def shown(receipt: str, number: int | None = None, nonce: str = made["nonce"]) -> Any:
        holder = {} if number is None else {"holder": {"subject": subject(number), "nonce": nonce}}
        answer = filled_call.post("desk", "/v1/consents/receipt/verify", json={"receipt": receipt} | holder)
        return answer.json() if answer.status_code == 200 else answer

    assert shown(made["receipt"]) == {"verified": True, "concerns": None}
    assert shown(made["receipt"], 1) == {"verified": True, "concerns": True}
    assert shown(made["receipt"], 2) == {"verified": True, "concerns": False}
    assert shown(made["receipt"], 1, "0" * 64) == {"verified": True, "concerns": False}
    assert shown(made["receipt"].replace("ConsentGiven", "ConsentRefused"), 1) == {"verified": False, "concerns": None}
    assert shown("rubbish") == {"verified": False, "concerns": None}
    is_problem(shown(made["receipt"], 1, "zq"), 422, "invalid-input")


@pytest.mark.parametrize("values", [["1"], ["0", "1"], ["1", "0"], ["0, 1"]])
def test_one_gpc_header_of_several_is_enough(filled_call: Caller, values: list[str]) -> None:
    headers = [("Authorization", f"Bearer {filled_call.key('desk')}"), *(("Sec-GPC", value) for value in values)]
    answer = filled_call.http.post("/v1/consents/signals", headers=headers, json={"subject": subject(1)})
    assert answer.json()["choices"] == {"direct_marketing": "objected"}
    headers = [headers[0], ("Sec-GPC", "0"), ("Sec-GPC", "10")]
    silent = filled_call.http.post("/v1/consents/signals", headers=headers, json={"subject": subject(1)})
    assert silent.json()["choices"] == {}


def test_signals_mean_nothing_that_the_pack_does_not_say(filled_call: Caller) -> None:
    body = {"subject": subject(1), "categoryPreferences": {"fonts": False}, "tcf": "rubbish"}
    answer = filled_call.post("desk", "/v1/consents/signals", json=body, headers={"Sec-GPC": "1"})
    assert answer.status_code == 202, answer.text
    objected = {"direct_marketing": "objected"}
    assert answer.json() == {"choices": objected, "ignored": 1, "unread": "tcf_without_disclosed_vendors"}
    loose = body | {"categoryPreferences": {"fonts": "false"}}
    is_problem(filled_call.post("desk", "/v1/consents/signals", json=loose), 422)
