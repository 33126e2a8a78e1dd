"""A home that is filled once for a module and copied for each of its tests: filling is most of a short test's time."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import NOW, filled


def filled_home(settings: Settings, people: int) -> Settings:
    """Make a home with so many people and close it; it is not to be opened again, only copied."""
    initialise(settings, FrozenClock(NOW))
    with open_gateway(settings, FrozenClock(NOW)) as gateway:
        filled(gateway, people)
    return settings


@contextlib.contextmanager
def copied(template: Settings, home: Path) -> Iterator[Gateway]:
    """Open a copy of a home in a folder of its own."""
    shutil.copytree(template.home, home)
    with open_gateway(template.model_copy(update={"home": home}), FrozenClock(NOW)) as gateway:
        yield gateway
