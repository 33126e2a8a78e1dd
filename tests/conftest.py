"""What every test may use: a gateway of its own in a temporary home, and a clock that moves when told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import NOW

# Time limits per example measure the machine, not the code.
hypothesis_settings.register_profile("steady", deadline=None)
hypothesis_settings.load_profile("steady")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home as `gateway init` leaves it, made once; not to be opened, only copied."""
    home = tmp_path_factory.mktemp("new") / "home"
    initialise(Settings(home=home), FrozenClock(NOW))
    return home


@pytest.fixture
def gateway(new_home: Path, settings: Settings, clock: FrozenClock) -> Iterator[Gateway]:
    """A fresh, open gateway, under the baseline pack unless a module has settings of its own."""
    if settings == Settings(home=settings.home):
        shutil.copytree(new_home, settings.home)
    else:
        initialise(settings, clock)
    with open_gateway(settings, clock) as opened:
        yield opened
