"""Only one module makes a Permit: whoever holds one has asked policy."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

GATEWAY = Path(__file__).parents[2] / "gateway"
MAKER = GATEWAY / "policy" / "engine.py"


def makings(source: str, name: str = "Permit") -> list[int]:
    """Return the lines that make a Permit (or ``name``), rename it, or copy one with other contents."""
    tree = ast.parse(source)
    names = {name}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            renamed = [alias.asname for alias in node.names if alias.name == name and alias.asname]
            found += [node.lineno for _ in renamed]
            names.update(renamed)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).partition("[")[0].split(".")
        copies = called[-1] in {"replace", "copy", "deepcopy"} and bool(node.args)
        given = {ast.unparse(each) for each in node.args}
        makes = called[-1] in names or (called[-1] == "__new__" and not names.isdisjoint({*called, *given}))
        if makes or (copies and name.lower() in ast.unparse(node.args[0]).lower()):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "Permit(request)",
        "decisions.Permit(request)",
        "from gateway.vocabulary.decisions import Permit as P\nP(1)",
        "dataclasses.replace(permit, rows=every)",
        "replace(self.permit, columns={})",
        "Permit.__new__(Permit)",
    ],
)
def test_the_check_sees_each_way_to_make_one(source: str) -> None:
    assert makings(source)


def test_only_the_policy_engine_makes_a_permit() -> None:
    makers = {path for path in GATEWAY.rglob("*.py") if makings(path.read_text(encoding="utf-8"))}
    assert makers == {MAKER}
