"""The demo's figures are measured: what they claim is looked for once more, and each can come out the other way."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.demo import evidence
from gateway.demo.story import tell
from gateway.demo.telling import WIDTH
from gateway.foundation.errors import Conflict
from gateway.foundation.settings import Settings
from tests.cli.support import gateway as command

KEYS = {
    "rows_ingested", "rows_quarantined", "columns_quarantined", "subjects", "segments", "recipients",
    "shared_pseudonyms", "withdrawn_left_segment", "erased", "audit", "seconds", "peak_memory_mb",
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """The story told once with its home kept: where, the figures, the words."""
    import contextlib  # noqa: PLC0415 - the only use

    folder, words = tmp_path_factory.mktemp("story") / "demo", io.StringIO()
    with contextlib.redirect_stdout(words):
        result = tell(folder, Settings().policies, customers=1500)
    return folder, result, words.getvalue()


def test_every_figure_is_there_and_holds(told: tuple[Path, dict[str, Any], str]) -> None:
    _, result, _ = told
    assert result.keys() >= KEYS
    assert result["rows_quarantined"] == 23
    assert result["columns_quarantined"] == 1
    assert result["subjects"] == 1500
    assert sum(size is not None for size in result["segments"].values()) >= 2
    assert (result["recipients"], result["shared_pseudonyms"]) == (["mailer", "ads"], 0)
    assert result["withdrawn_left_segment"] is True
    erased = result["erased"]
    assert erased["rows"] > 5
    assert (erased["key_destroyed"], erased["certificate_valid"], erased["found_after"]) == (True, True, False)
    assert erased["recipient_told"] is True
    assert (result["audit"]["verified"], result["audit"]["changed_copy_refused"]) == (True, True)
    assert result["seconds"] < 90


def test_the_words_fit_a_terminal_and_hold_no_raw_dump(told: tuple[Path, dict[str, Any], str]) -> None:
    folder, _, words = told
    lines = words.splitlines()
    assert max(map(len, lines)) <= max(WIDTH, len(str(folder)) * 2 + 60)
    assert max(len(line) for line in lines if str(folder) not in line) <= WIDTH
    assert len(lines) <= 90
    assert not any(mark in words for mark in ("{", "}", "REFUSED", "DOES NOT", "TWICE", "ACCEPTED", "PERMITTED"))


def test_only_the_note_of_one_person_is_shown(told: tuple[Path, dict[str, Any], str]) -> None:
    folder, _, words = told
    rows = csv.DictReader((folder / "raw" / "webshop_customers.csv").read_text(encoding="utf-8").splitlines())
    shown = {row["customer_no"] for row in rows if row["email"] and row["email"] in words}
    assert len(shown) <= 1


def test_what_is_looked_for_can_be_found(told: tuple[Path, dict[str, Any], str]) -> None:
    """A search that finds nothing proves nothing unless it would have found something."""
    folder, _, _ = told
    text = (folder / "raw" / "webshop_customers.csv").read_text(encoding="utf-8")
    person = evidence.Person(next(csv.DictReader(text.splitlines())))
    assert evidence.search(folder / "raw", person.forms).hits >= 1
    assert evidence.search(folder / "home", person.forms).hits == 0
    assert {b"C00001"} <= set(person.forms)
    assert "C00001" not in repr(person)
    (folder / "raw" / "normalised").write_bytes(b"x" + person.forms[0] + b"y")
    assert evidence.search(folder / "raw", person.forms[:1]).hits >= 1


def test_a_certificate_that_is_none_does_not_hold(told: tuple[Path, dict[str, Any], str]) -> None:
    folder, _, _ = told
    settings = Settings(home=folder / "home")
    assert evidence.certificate_holds(settings, "") is None
    assert evidence.certificate_holds(settings, "{}\n\n— nobody AAAA\n") is None


def test_a_changed_log_is_refused_from_outside(told: tuple[Path, dict[str, Any], str], tmp_path: Path) -> None:
    import shutil  # noqa: PLC0415 - the only use

    log = Path(shutil.copytree(told[0] / "home" / "audit", tmp_path / "audit"))
    assert evidence.verified_from_outside(log)
    evidence.change_an_entry(log)
    assert evidence.verified_from_outside(log) is None


def test_a_folder_in_use_is_not_touched(told: tuple[Path, dict[str, Any], str]) -> None:
    folder, _, _ = told
    before = sorted(folder.rglob("*"))
    for home in (folder, folder / "home"):
        with pytest.raises(Conflict):
            tell(home, Settings().policies, quiet=True)
    assert sorted(folder.rglob("*")) == before


def test_with_json_it_is_one_object_and_silence(tmp_path: Path) -> None:
    said = command("demo", "--json", "--customers", "1000", "--home", tmp_path / "demo")
    assert said.status == 0
    assert said.err == ""
    assert json.loads(said.out) == said.json
    assert said.json.keys() >= KEYS
