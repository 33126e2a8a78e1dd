"""Every dependency is listed with its licence, and the ones that we ask for with a reason."""

from __future__ import annotations

import re

import pytest

from tests.architecture.licences import ACCEPTED, DOCUMENT, direct, licence, listing, locked, normal, parts

ALL = sorted(locked("requirements.lock") | locked("requirements-dev.lock"))


def reasons() -> dict[str, tuple[str, str]]:
    """Return licence and reason by package, from the tables above the generated list."""
    above = DOCUMENT.read_text("utf-8").partition("<!--")[0]
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", above, re.MULTILINE)
    return {normal(name): (terms.strip(), reason.strip()) for name, terms, reason in rows}


def test_the_list_of_locked_packages_is_true() -> None:
    assert listing() in DOCUMENT.read_text("utf-8"), "run: .venv/bin/python -m tests.architecture.licences"


@pytest.mark.parametrize("package", ALL)
def test_no_package_has_stronger_terms_than_the_lgpl(package: str) -> None:
    assert parts(licence(package)) <= ACCEPTED


def test_every_direct_dependency_has_a_reason_and_its_true_licence() -> None:
    given = reasons()
    assert given.keys() == direct()
    assert {name: terms for name, (terms, _) in given.items()} == {name: licence(name) for name in given}


def test_what_runs_is_locked_with_hashes_and_names_no_index() -> None:
    for file in ("requirements.lock", "requirements-dev.lock"):
        text = (DOCUMENT.parents[1] / file).read_text("utf-8")
        assert "index-url" not in text
        assert "://" not in text
        pinned = re.split(r"^(?=[A-Za-z0-9_.-]+==)", text, flags=re.MULTILINE)[1:]
        assert all("--hash=sha256:" in package for package in pinned)
