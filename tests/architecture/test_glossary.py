"""The glossary is the law: every public name of the vocabulary has an entry, and no entry names what is not there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"


def vocabulary() -> set[str]:
    """Public classes and types, the way a reader sees them: names in CamelCase at the top of a module."""
    names: set[str] = set()
    for path in (ROOT / "gateway" / "vocabulary").glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Assign):
                names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return {name for name in names if re.fullmatch(r"[A-Z][a-z]\w*", name)}


def entries() -> set[str]:
    """Names in code type in the first column of the tables."""
    first = (line.split("|")[1] for line in GLOSSARY.read_text("utf-8").splitlines() if line.startswith("|"))
    return {name for cell in first for name in re.findall(r"`(\w+)`", cell)}


def test_every_public_name_of_the_vocabulary_has_an_entry() -> None:
    assert vocabulary() - entries() == set()


def test_no_entry_names_what_is_not_in_the_vocabulary() -> None:
    assert entries() - vocabulary() == set()


def test_no_term_has_two_entries() -> None:
    first = [line.split("|")[1].strip() for line in GLOSSARY.read_text("utf-8").splitlines() if line.startswith("|")]
    terms = [term for term in first if term not in {"use", "---"}]
    assert len(terms) == len(set(terms))
