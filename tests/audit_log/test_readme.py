"""The example in the library's own page is a real one, and the commands on it are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import audit
from audit.__main__ import main

README = (Path(audit.__file__).parent / "README.md").read_text()


def block(name: str) -> str:
    found = re.search(rf"^```{name}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert found
    return found.group(1)


def test_the_example_verifies() -> None:
    policy, entry = audit.Policy.parse(block("policy")), block("entry").removesuffix("\n").encode()
    proof = audit.Proof.parse(block("proof"))
    assert (proof.index, proof.verify(entry, policy)) == (1, policy.check(block("checkpoint")))
    assert block("proof").endswith(block("checkpoint"))
    with pytest.raises(audit.VerificationFailed):
        proof.verify(entry + b" ", policy)


def test_the_commands_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    commands = set(re.findall(r"^python -m audit (\w+) ", README, re.MULTILINE))
    assert {"verify", "prove", "check", "scan", "kit", "fsck", "prune", "note"} <= commands
    for command in commands:
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0
        lines = re.findall(rf"^python -m audit {command} .*$", README, re.MULTILINE)
        options = {option for line in lines for option in re.findall(r"--[a-z-]+", line)}
        assert options <= set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
