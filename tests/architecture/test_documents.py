"""The documents hold together: links lead somewhere, errors have their pages, decisions have their five parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.foundation import errors

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("docker/*.md")])
PARTS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_into_the_project_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8"))
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (document.parent / link).exists()] == []


def test_every_kind_of_error_has_a_page() -> None:
    kinds = {kind.slug for kind in errors.GatewayError.__subclasses__() if kind.__module__ == errors.__name__}
    assert {path.stem for path in (ROOT / "docs" / "problems").glob("*.md")} >= kinds


@pytest.mark.parametrize("decision", sorted((ROOT / "docs" / "adr").glob("*.md")), ids=lambda path: path.stem[:4])
def test_a_decision_has_five_parts_and_fits_on_a_screen(decision: Path) -> None:
    text = decision.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert text.startswith(f"# {int(decision.stem[:4])}. ")
    assert len(text.splitlines()) <= 60
    made = text.partition("## Decision\n")[2].partition("## ")[0]
    assert made.strip().split("\n\n")[0].count(". ") == 0  # one sentence


def test_the_architecture_names_every_room_that_stands() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    standing = {path.parent.name for path in (ROOT / "gateway").glob("*/__init__.py")}
    assert [name for name in sorted(standing) if f"{name}/" not in text] == []
