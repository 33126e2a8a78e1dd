"""``policy record`` and ``policy dpia`` on the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.support import CANARY, done, gateway, refused

COMMANDS = [["policy", "record"], ["policy", "dpia", "--purpose", "direct_marketing"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[1])
def test_each_form_and_language(filled_home: Path, command: list[str]) -> None:
    run: list[str | Path] = [*command, "--home", filled_home, "--language", "uk"]
    markdown = done(gateway(*run)).out
    assert markdown.startswith("# ")
    assert "Прямий маркетинг" in markdown
    rows = list(csv.reader(io.StringIO(done(gateway(*run, "--format", "csv")).out, newline="")))
    assert {len(row) for row in rows} == {4}
    plain = json.loads(done(gateway(*run, "--format", "json")).out)
    assert plain.keys() == done(gateway(*run, "--json")).json.keys()
    assert plain["language"] == "uk"


def test_what_is_not_there(filled_home: Path) -> None:
    refused(gateway("policy", "dpia", "--purpose", CANARY, "--home", filled_home), "not-found", "policy show")
    for wrong in (["--language", CANARY], ["--format", CANARY]):
        said = gateway("policy", "record", *wrong, "--home", filled_home)
        assert said.status == 2
        assert CANARY not in said.out + said.err
