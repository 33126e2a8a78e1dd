"""The README's commands, block by block, in one shell, on a small set of the demo's data: it stays true."""

# ruff: noqa: S603, S607 - the processes are our own program, bash and mount

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.demo import write_demo_files
from tests.cli.support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    after = README[README.index("## Next steps") :]
    return re.findall(r"```sh\n(.*?)```", after, re.DOTALL)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README calls curl")
def test_the_next_steps_run_in_their_order(tmp_path: Path) -> None:
    write_demo_files(tmp_path / "demo" / "raw", customers=2000)
    first, *rest = blocks()
    assert "gateway --home demo demo" in first  # what tests/demo tells; here its files suffice
    assert len(rest) == 6
    script = ["set -e", *(f"echo '--- block {number}'\n{block}" for number, block in enumerate(rest, 2))]
    text = "\n".join(script).replace(":8000", f":{(port := free_port())}").replace("--port 8000", f"--port {port}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(tmp_path)}
    run = subprocess.run(
        ["bash", "-c", text], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=180, check=False
    )
    assert run.returncode == 0, (run.stdout[-1500:], run.stderr[-1500:])
    assert '{"status":"alive"}' in run.stdout
    assert run.stdout.count("verified: ") == 3
    assert (tmp_path / "mailer.csv").read_text().startswith("pseudonym")
    assert (tmp_path / "changes.csv").exists()
    assert len(list((tmp_path / "package").iterdir())) == 3  # the package, the certificate, the nonce


def test_every_command_of_the_readme_is_run_or_told() -> None:
    told = "\n".join(blocks())
    for command in ("init", "policy check", "policy why", "detect columns", "detect text", "sources propose", "ingest",
                    "inbox list", "segments check", "segments build", "release", "consent record", "requests access",
                    "requests erase", "audit verify", "clients add", "serve", "doctor", "sweep"):  # fmt: skip
        assert f"gateway {command}" in told, command


def test_the_transcript_is_what_the_demo_prints() -> None:
    """Every step's title stands in the story, and the figures that never change stand in the transcript."""
    transcript = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert transcript
    story = (ROOT / "gateway" / "demo" / "story.py").read_text(encoding="utf-8")
    titles = re.findall(r"^ ?\d+\. (.+)$", transcript[1], re.MULTILINE)
    assert len(titles) == 10
    assert all(title in story for title in titles)
    for figure in ("23,570 people", "69,659 purchases", "pseudonyms in both lists: 0"):
        assert figure in transcript[1]
