"""Versions read over HTTP, and why: of the policy in force, and of one person. One home for all; each test reads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gateway.api.application import create_app
from gateway.flows.classify_columns import Wish
from gateway.flows.read_policy import Question, ReadVersions, why_policy
from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.vocabulary.names import PurposeId
from gateway.wiring import initialise, open_gateway
from tests.api.conftest import Caller, choice, is_problem, subject
from tests.builders import CUSTOMERS, NOW, as_csv, customers, ingest
from tests.versions import LIISA, decided, renumbered, without_stale_cases

CANARY = "zqzqzq"
TAKEN = "          - total_spend\n          - amount\n          - quantity\n"
AFTER = "          - product_category\n\n  - id: segment-analytics"
WHY = "/v1/why"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """Three people, a decided column, and a draft 1.1.0 that takes from direct marketing what a segment needs."""
    folder = tmp_path_factory.mktemp("reading")
    settings, clock = Settings(home=folder / "home"), FrozenClock(NOW)
    pack = Path(shutil.copytree(settings.policies, folder / "pack"))
    rules = (pack / "rules" / "permissions.yaml").read_text(encoding="utf-8")
    assert TAKEN + AFTER in rules
    (pack / "rules" / "permissions.yaml").write_text(rules.replace(TAKEN + AFTER, AFTER), encoding="utf-8")
    without_stale_cases(pack)
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        gateway.policies.draft(renumbered(pack, "1.1.0", "1.0.0"), LIISA)
        gateway.policies.draft(renumbered(settings.policies, "1.2.0", "1.0.0"), LIISA)
        ingest(gateway, as_csv([row | {"sukupuoli": "nainen"} for row in customers(range(1, 4))]))
        decided(gateway, gateway.inbox.find(CUSTOMERS, "sukupuoli"), Wish(None))
        with TestClient(create_app(gateway, settings), follow_redirects=False) as http:
            yield Caller(http, gateway)


def test_a_version_is_linted(home: Caller) -> None:
    clean = home.get("officer", "/v1/policies/1.0.0/lint")
    assert (clean.status_code, clean.json()) == (200, {"findings": [], "errors": 0, "warnings": 0, "words": []})
    found = home.get("officer", "/v1/policies/1.1.0/lint").json()
    assert "segment_denied" in {each["code"] for each in found["findings"]}
    assert found["errors"] + found["warnings"] == len(found["findings"]) == len(found["words"])


def test_a_version_is_linted_beside_those_before_it(home: Caller) -> None:
    """Two drafts that supersede the same version cannot both come into force."""
    for number, codes in (("1.0.0", []), ("1.2.0", ["overlapping_periods"])):
        found = home.get("officer", f"/v1/policies/{number}/lint").json()
        assert [each["code"] for each in found["findings"]] == codes


def test_a_version_is_compared_with_the_one_in_force_or_with_another(home: Caller) -> None:
    told = home.get("officer", "/v1/policies/1.1.0/diff").json()
    assert told == home.get("officer", "/v1/policies/1.1.0/diff", params={"against": "1.0.0"}).json()
    assert told["old"].startswith("baseline@1.0.0:")
    assert told["widens"] is False
    whole = next(each for each in told["decisions"] if each["fields"] is None and each["purpose"] == "direct_marketing")
    assert {"amount", "total_spend"} <= set(whole["columns_lost"])
    assert [each["segment"] for each in told["segments"]] == ["loyal_buyers"]
    back = home.get("officer", "/v1/policies/1.0.0/diff", params={"against": "1.1.0"}).json()
    assert (back["widens"], back["old"], back["new"]) == (True, told["new"], told["old"])
    same = home.get("officer", "/v1/policies/1.0.0/diff").json()
    assert same["words"] == ["  the two are the same"]


@pytest.mark.parametrize("language", ["en", "fi", "hu", "uk"])
def test_why_of_a_field_and_a_recipient(home: Caller, language: str) -> None:
    asked = {"field": "diet", "action": "segment", "purpose": "direct_marketing", "language": language}
    told = home.get("officer", WHY, params=asked).json()
    (answer,) = told["decisions"]
    assert (answer["decision"], answer["reasons"][0]["rule"]) == ("deny", "special-categories-default")
    assert told["words"][1].strip() == answer["words"][0]
    assert told["pack"] == home.gateway.house.catalogue.label
    together = home.get("officer", WHY, params={"field": ["diet", "city"], "purpose": "direct_marketing"}).json()
    assert all(each["fields"] == ["city", "diet"] for each in together["decisions"])
    sent = home.get("officer", WHY, params={"recipient": "insights"}).json()["decisions"]
    assert [each["purpose"] for each in sent if each["decision"] == "permit"] == ["product_analytics"]


def test_why_of_a_segment(home: Caller) -> None:
    told = home.get("officer", WHY, params={"segment": "loyal_buyers"}).json()["decisions"]
    assert [(each["action"], each["recipient"], each["decision"]) for each in told] == [
        ("segment", None, "permit"), ("release", "ads", "permit"), ("release", "mailer", "permit"),
    ]  # fmt: skip
    stored = home.get("officer", WHY, params={"source": "webshop_customers"}).json()["decisions"]
    assert {each["action"] for each in stored} == {"store"}


def test_the_policy_in_force_answers_with_what_officers_decided(home: Caller) -> None:
    """A version that is named is as it was drafted."""
    asked = {"source": "webshop_customers", "purpose": "customer_segmentation"}
    told = home.get("officer", WHY, params=asked).json()
    drafted = ReadVersions(home.gateway.house).pack("1.0.0")
    question = Question(source=CUSTOMERS, purpose=PurposeId("customer_segmentation"))
    ((before,), _) = why_policy(question, drafted, NOW, "en")
    assert told["decisions"][0]["columns"].keys() - before["columns"].keys() == {"gender"}
    assert told["pack"] != drafted.label
    assert home.get("officer", "/v1/policies/1.0.0/diff").json()["old"] == drafted.label


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/v1/policies/9.9.9/lint", 404, "unknown_version"),
        ("/v1/policies/9.9.9/diff", 404, "unknown_version"),
        ("/v1/policies/1.0.0/diff?against=9.9.9", 404, "unknown_version"),
        (f"/v1/policies/1.0.0/diff?against={CANARY}!", 422, "malformed_request"),
        (WHY, 422, "no_question"),
        (f"{WHY}?action=store", 422, "no_question"),
        (f"{WHY}?segment=loyal_buyers&action=store", 422, "segment_alone"),
        (f"{WHY}?segment=loyal_buyers&field=city", 422, "segment_alone"),
        (f"{WHY}?segment={CANARY}", 422, None),
        (f"{WHY}?field={CANARY}@example.org", 422, "malformed_request"),
        (f"{WHY}?{CANARY}=1", 422, "malformed_request"),
        (f"{WHY}?field=city&language={CANARY}", 422, "malformed_request"),
        (f"{WHY}?field=city{'&field=city' * 50}", 422, "malformed_request"),
    ],
)
def test_what_cannot_be_is_a_problem_without_a_value(home: Caller, path: str, status: int, reason: str | None) -> None:
    answer = home.get("officer", path)
    reasons = is_problem(answer, status)["reasons"]
    assert reason is None or reasons == [reason]
    assert CANARY not in answer.text


def test_what_the_policy_does_not_know_is_denied(home: Caller) -> None:
    for unknown in ({"field": "no_such"}, {"purpose": "no_such"}, {"recipient": "no_such"}, {"source": "no_such"}):
        told = home.get("officer", WHY, params=unknown)
        assert {each["decision"] for each in told.json()["decisions"]} == {"deny"}, told.text


def test_why_of_a_person_names_the_choice_that_governs_and_is_on_record(home: Caller) -> None:
    def ask(number: int, language: str = "en") -> dict[str, object]:
        body = {"subject": subject(number), "purpose": "direct_marketing", "language": language}
        answer = home.post("officer", "/v1/consents/why", json=body)
        assert answer.status_code == 200, answer.text
        entry = home.entries()[-1]
        assert (entry["action"], entry["purpose"]) == ("subject.accessed", "direct_marketing")
        assert "person." not in answer.text
        found: dict[str, object] = answer.json()
        return found

    yes = ask(1)
    assert (yes["permits"], yes["bit"], yes["covered"], yes["reasons"]) == (True, True, True, [])
    assert yes["governing"]["status"] == "given"  # type: ignore[index] # a dictionary
    assert home.post("desk", "/v1/consents", json=choice(2)).status_code == 202
    no = ask(2)
    assert (no["permits"], no["bit"], no["reasons"]) == (False, False, ["withdrawn"])
    assert no["words"] != ask(2, "fi")["words"]
    stranger = ask(99)
    assert (stranger["permits"], stranger["reasons"], stranger["governing"]) == (False, ["not_stored"], None)
    assert stranger.keys() == yes.keys()


def test_why_of_a_person_takes_no_unknown_purpose(home: Caller) -> None:
    body = {"subject": {"type": "email", "value": CANARY}, "purpose": "no_such"}
    home.get("officer", "/v1/policies")  # the first use of a key is on record
    before = len(home.entries())
    answer = home.post("officer", "/v1/consents/why", json=body)
    assert is_problem(answer, 422)["reasons"] == ["unknown_purpose"]
    assert CANARY not in answer.text
    assert len(home.entries()) == before
    is_problem(home.post("officer", "/v1/consents/why", json=body | {"language": "sv"}), 422)
