"""``segments why|pending-leaves|deleted``: what they say to people and as JSON, and what they refuse."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.cli.support import SOMEBODY, done, gateway, refused


@pytest.fixture
def told_home(home: Path, tmp_path: Path) -> Path:
    """The mailer has its list, and somebody on it has withdrawn since."""
    out = ("--out", tmp_path / "list.csv")
    done(gateway("release", "loyal_buyers", "--recipient", "mailer", *out, "--home", home))
    said = ("--purpose", "direct_marketing", "--status", "withdrawn")
    done(gateway("consent", "record", "--subject", SOMEBODY, *said, "--home", home))
    return home


def test_why_names_each_recipient_and_the_reason(home: Path) -> None:
    asked = ("segments", "why", "loyal_buyers", "--home", home)
    lines = done(gateway(*asked)).out.splitlines()
    assert [line for line in lines if not line.startswith("    ")] == [
        "permitted ads", "REFUSED   insights", "permitted mailer", "REFUSED   research",
    ]  # fmt: skip
    assert "purpose_not_in_contract" in lines[lines.index("REFUSED   insights") + 1]
    body = done(gateway(*asked, "--recipient", "insights", "--language", "fi", "--json")).json
    (only,) = body["recipients"]
    assert body["segment"] == "loyal_buyers"
    assert (only["recipient"], only["permitted"]) == ("insights", False)
    assert only["reasons"]
    english = done(gateway(*asked, "--recipient", "insights", "--json")).json["recipients"][0]
    assert (only["reasons"], only["words"] != english["words"]) == (english["reasons"], True)


@pytest.mark.parametrize("option", [("--recipient", "nobody"), ("--language", "sv")])
def test_why_asks_for_what_there_is(home: Path, option: tuple[str, str]) -> None:
    said = gateway("segments", "why", "loyal_buyers", *option, "--home", home)
    assert said.status == 2
    assert option[0] in said.err


def test_why_of_no_segment(home: Path) -> None:
    refused(gateway("segments", "why", "nothing", "--home", home), "not-found", "segments list")


def test_pending_leaves_until_the_delta_has_told(told_home: Path, tmp_path: Path) -> None:
    asked = ("segments", "pending-leaves", "--home", told_home)
    (owed,) = done(gateway(*asked, "--json")).json["pending"]
    assert (owed["recipient"], owed["segment"], owed["overdue"]) == ("mailer", "loyal_buyers", False)
    since, due = (dt.datetime.fromisoformat(owed[key]) for key in ("since", "due"))
    assert due - since == dt.timedelta(days=3)
    assert done(gateway(*asked)).out == f"due     {due:%Y-%m-%d %H:%M} UTC  mailer  loyal_buyers\n"
    changes = ("--out", tmp_path / "changes.csv", "--delta")
    done(gateway("release", "loyal_buyers", "--recipient", "mailer", *changes, "--home", told_home))
    assert done(gateway(*asked)).out == "every recipient has been told who left\n"
    assert done(gateway(*asked, "--json")).json == {"pending": []}


def test_deleted_says_what_counts_no_more_and_only_then_does_so(told_home: Path) -> None:
    asked = ("segments", "deleted", "mailer", "--evidence", "doc-2026-0107", "--home", told_home)
    words = "1 releases to mailer would count no more once a second person has given the same command\n"
    assert done(gateway(*asked, "--dry-run")).out == words
    tried = done(gateway(*asked, "--dry-run", "--json")).json
    assert (tried["recipient"], len(tried["releases"]), tried["dry_run"]) == ("mailer", 1, True)
    assert tried["audit_entry"] is None
    for _ in range(2):
        said = done(gateway(*asked, "--by", "Liisa")).out
        assert said == "1 releases to mailer count until another person gives the same command: it waits\n"
    said = done(gateway("inbox", "list", "--home", told_home)).out
    assert "Liisa proposes it: waits for the same by another person" in said
    done(gateway("segments", "deleted", "mailer", "--deny", "--home", told_home))
    assert done(gateway("inbox", "list", "--home", told_home, "--json")).json["deletions"] == []
    assert done(gateway(*asked, "--by", "Liisa", "--json")).json["waits"]
    body = done(gateway(*asked, "--by", "Olli", "--json")).json
    assert (body["releases"], body["dry_run"], body["waits"]) == (tried["releases"], False, False)
    assert isinstance(body["audit_entry"], int)
    assert done(gateway(*asked)).out == "0 releases to mailer count no more\n"


def test_deleted_refuses_a_stranger_and_what_is_no_reference(told_home: Path) -> None:
    refused(gateway("segments", "deleted", "nobody", "--evidence", "doc-1", "--home", told_home), "not-found")
    refused(gateway("segments", "deleted", "mailer", "--evidence", "two words", "--home", told_home), "invalid-input")
    refused(gateway("segments", "deleted", "mailer", "--deny", "--home", told_home), "not-found", "inbox list")
    assert gateway("segments", "deleted", "mailer", "--home", told_home).status == 2
