"""The example in the library's own page is a real one."""

from __future__ import annotations

import re
from pathlib import Path

import audit

README = (Path(audit.__file__).parent / "README.md").read_text()


def block(name: str) -> str:
    found = re.search(rf"^```{name}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert found
    return found.group(1)


def test_the_example_verifies() -> None:
    vkey, entry = block("vkey").strip(), block("entry").removesuffix("\n").encode()
    assert audit.verify_proof(block("proof"), entry, vkey) == 1
    assert audit.Checkpoint.verify(block("checkpoint"), vkey).size == 3
    assert block("proof").endswith(block("checkpoint"))
