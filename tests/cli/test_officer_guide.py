"""The officer's guide, block by block, in one shell, on a small set of the demo's data: it stays true."""

# ruff: noqa: S603, S607 - the processes are our own program and bash

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from gateway.cli.main import app
from gateway.demo import write_demo_files
from tests.cli.support import ROOT

GUIDE = (ROOT / "docs" / "officer.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)


def test_the_guide_runs_in_its_order(tmp_path: Path) -> None:
    write_demo_files(tmp_path / "demo" / "raw", customers=2000)
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    script = ["set -e", *(f"echo '--- block {number}'\n{block}" for number, block in enumerate(blocks(), 1))]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=tmp_path, env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert run.returncode == 0, (run.stdout[-1500:], run.stderr[-1500:])
    assert "--- block" in run.stdout
    assert (tmp_path / "record.md").read_text().startswith("# Record of processing activities")
    assert "1.1.0" in (tmp_path / "record.md").read_text()  # was in force for a while
    assert (tmp_path / "dpia.md").read_text().startswith("# Adatlap a hatásvizsgálathoz")
    assert {len(row) for row in csv.reader((tmp_path / "record.csv").read_text().splitlines())} == {4}
    assert json.loads((tmp_path / "dpia.json").read_text())["description"]["purpose"] == "direct_marketing"


def test_every_command_of_the_policy_is_told_or_named() -> None:
    """What an officer may do with a policy stands in the guide; `show` and `withdraw` explain themselves."""
    group = next(each.typer_instance for each in app.registered_groups if each.name == "policy")
    assert group is not None
    commands = {str(each.name) for each in group.registered_commands} - {"show", "withdraw"}
    told = "\n".join(blocks())
    assert {name for name in commands if f"gateway policy {name}" not in told} == set()
