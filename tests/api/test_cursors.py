"""A cursor is its recipient's own: what else is handed in is refused, on record, and never repeated."""

from __future__ import annotations

import os

import pytest

from tests.api.conftest import MEMBERS, Caller, is_problem


def refuse(_handle: int) -> None:
    raise OSError(5, "Input/output error")


@pytest.fixture
def cursor(filled_call: Caller) -> str:
    """The mailer's, in its first release."""
    filled_call.key("ads")
    found = filled_call.get("mailer", MEMBERS, params={"limit": 5}).json()["next"]
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("who", ["ads", "mailer"])
@pytest.mark.parametrize("how", ["whole", "spoiled", "cut", "none", "nothing of the kind"])
def test_whose_cursor_it_is_not_is_refused_on_record(filled_call: Caller, cursor: str, who: str, how: str) -> None:
    tried = {"whole": cursor, "spoiled": cursor[:-4] + "AAAA", "cut": cursor[:8], "none": ""}.get(how, "zqcanary 7731")
    before = len(filled_call.entries())
    answer = filled_call.get(who, MEMBERS, params={"cursor": tried})
    (entry,) = filled_call.entries()[before:]
    assert (entry["action"], entry["actor"]["ref"], entry["recipient"]) == ("release.read", who, who)
    if (who, how) == ("mailer", "whole"):
        assert (answer.status_code, entry["decision"]) == (200, "permit")
    else:
        assert is_problem(answer, 422, "invalid-input")["reasons"] == ["foreign_cursor"]
        assert (entry["decision"], entry["reasons"]) == ("deny", ["foreign_cursor"])
        assert not tried or tried not in answer.text + repr(entry)


def test_a_refusal_that_cannot_be_on_record_is_a_503(
    filled_call: Caller, cursor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fdatasync", refuse)
    answer = filled_call.get("ads", MEMBERS, params={"cursor": cursor})
    assert is_problem(answer, 503, "unavailable")["reasons"] == ["log-unwritable"]
