"""``gateway inbox`` as an officer at a terminal meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import as_csv, customers
from tests.cli.support import contents, done, gateway, refused

SOURCE = "webshop_customers"
ODD = "a\u202eb"


@pytest.fixture
def waiting(home: Path, tmp_path: Path) -> Path:
    """A home with three columns that nobody declared."""
    file = tmp_path / "more.csv"
    file.write_bytes(as_csv([r | {"sukupuoli": "nainen", "hobby": "golf", ODD: "x"} for r in customers(range(1, 30))]))
    done(gateway("ingest", file, "--source", SOURCE, "--home", home))
    return home


def test_list_accept_override_and_who_and_when(waiting: Path) -> None:
    said = done(gateway("inbox", "list", "--home", waiting))
    assert "sukupuoli" in said.out
    assert "proposed gender" in said.out
    assert ODD not in said.out
    assert "a\\u202eb" in said.out
    accept = ("inbox", "accept", SOURCE, "sukupuoli", "--home", waiting)
    for _ in range(2):
        said = done(gateway(*accept, "--by", "Olli", "--note", "clear"))
        assert "proposed by Olli and waits: nothing is opened until another person gives the same command" in said.out
    said = done(gateway("inbox", "list", "--state", "proposed", "--home", waiting))
    assert "Olli proposes gender (clear): waits for the same by another person; opens sha256 " in said.out
    said = done(gateway(*accept, "--by", "Liisa"))
    assert "ingest the file again" in said.out
    assert "Olli: gender (clear), confirmed by Liisa" in said.out
    done(gateway("inbox", "override", SOURCE, "hobby", "--ignore", "--home", waiting))
    done(gateway("inbox", "override", SOURCE, "a\\u202eb", "--keep-sealed", "--home", waiting))
    assert done(gateway("inbox", "list", "--state", "pending", "--home", waiting, "--json")).json["entries"] == []
    entries = done(gateway("inbox", "list", "--source", SOURCE, "--home", waiting, "--json")).json["entries"]
    assert {e["column"]: e["effect"] for e in entries} == {
        "a\\u202eb": "sealed", "hobby": "ignored", "sukupuoli": "read",
    }  # fmt: skip
    (decision,) = next(e["decisions"] for e in entries if e["column"] == "sukupuoli")
    assert (decision["by"], decision["note"], decision["field"]) == ("Olli", "clear", "gender")
    assert decision["confirmed_by"] == "Liisa"
    assert decision["at"].endswith("+00:00")


def test_a_look_is_on_record_and_no_header_with_it(waiting: Path) -> None:
    for arguments in (["list"], ["accept", SOURCE, "sukupuoli", "--dry-run"]):
        assert "sukupuoli" in done(gateway("inbox", *arguments, "--home", waiting)).out
        shown = done(gateway("audit", "show", "--last", "2", "--home", waiting, "--json"))
        entry = shown.json["entries"][0]
        assert (entry["action"], entry["actor"]["type"], entry["fields"]) == ("inbox.read", "operator", ["headers"])
        assert "sukupuoli" not in shown.out


def test_a_dry_run_changes_nothing(waiting: Path) -> None:
    before = contents(waiting)
    said = done(gateway("inbox", "accept", SOURCE, "sukupuoli", "--dry-run", "--home", waiting, "--json")).json
    assert (said["item"]["effect"], said["decision"], said["dry_run"]) == ("read", None, True)
    assert contents(waiting) == before


@pytest.mark.parametrize(
    ("arguments", "slug", "words"),
    [
        (["accept", SOURCE, "hobby"], "invalid-input", "nothing of the catalogue is proposed"),
        (["accept", SOURCE, "zqcanary7731"], "not-found", "gateway inbox list"),
        (["accept", "zqcanary7731", "hobby"], "not-found", "gateway inbox list"),
        (["override", SOURCE, "hobby", "--field", "zqcanary7731"], "invalid-input", "no field of that id"),
        (["override", SOURCE, "hobby", "--field", "email"], "invalid-input", "holds the field `email`"),
        (["override", SOURCE, "hobby", "--ignore", "--by", "x" * 101], "invalid-input", "name of who decides"),
    ],
)
def test_what_cannot_be_decided(waiting: Path, arguments: list[str], slug: str, words: str) -> None:
    refused(gateway("inbox", *arguments, "--home", waiting), slug, words)


@pytest.mark.parametrize("flags", [[], ["--ignore", "--keep-sealed"], ["--field", "gender", "--ignore"]])
def test_one_way_is_chosen(waiting: Path, flags: list[str]) -> None:
    assert gateway("inbox", "override", SOURCE, "hobby", *flags, "--home", waiting).status == 2
    assert gateway("inbox", "list", "--state", "zq", "--home", waiting).status == 2
