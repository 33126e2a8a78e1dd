"""One filled home for all tests of the command line; each test that asks gets a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.support import fill


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("cli")
    fill(folder / "home", folder)
    return folder / "home"


@pytest.fixture
def home(filled_home: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(filled_home, copy)
    return copy


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A policy pack of the test's own."""
    from tests.cli.support import ROOT  # noqa: PLC0415 - the only use

    return Path(shutil.copytree(ROOT / "policies" / "baseline", tmp_path / "pack"))
