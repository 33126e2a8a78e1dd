"""``policy simulate``: what a draft would do, before it does it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.terminal import OPERATOR, Options, command


def register(app: typer.Typer) -> None:
    """Add ``simulate`` to the ``policy`` commands."""
    command(app, "simulate")(simulate)


def simulate(
    options: Options,
    draft: Annotated[str, typer.Argument(help="A drafted version's number, or the folder of a pack.")],
) -> None:
    """Work out what a draft would change, from the stored data; nothing of it is done.

    For a drafted version it is also the step before its approval.
    """
    from gateway.flows.policy_versions import Officer
    from gateway.flows.simulation_told import simulation_data, simulation_words

    officer, progress = Officer(OPERATOR, OPERATOR.ref), options.counter()
    with options.gateway() as gateway:
        if Path(draft).is_dir():
            found = gateway.simulate.folder(Path(draft), officer, progress)
        else:
            found = gateway.simulate.version(draft, officer, progress)
    options.emit(simulation_data(found), "\n".join(simulation_words(found)))
