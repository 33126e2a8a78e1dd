"""``audit verify|show|export|prove``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.terminal import OPERATOR, Options, command

app = typer.Typer()


@command(app, "verify")
def verify(
    options: Options,
    vkey: Annotated[str | None, typer.Option("--vkey", help="The verifier key, kept apart from the log.")] = None,
) -> None:
    """Verify the whole log; works beside a running service and without the gateway's keys."""
    from gateway.wiring import verify_log

    verified = verify_log(options.settings().home / "audit", vkey)
    options.emit(
        {"verified": True, "entries": verified.size, "root": verified.root.hex()},
        f"verified: {verified.size:,} entries, root {verified.root.hex()}",
    )


@command(app, "show")
def show(
    options: Options, last: Annotated[int, typer.Option("--last", min=1, max=10_000, help="How many.")] = 20
) -> None:
    """Show the newest entries, oldest first."""
    with options.gateway() as gateway:
        entries = gateway.log.show(OPERATOR, last=last)
    lines = [
        f"{e['ts']} {e['action']} {e['decision']} {e.get('purpose') or ''} {e.get('members') or ''}".rstrip()
        for e in entries
    ]
    options.emit({"entries": entries}, "\n".join(lines))


@command(app, "export")
def export(
    options: Options,
    form: Annotated[str, typer.Option("--format", help="csv or ndjson.")] = "ndjson",
    out: Annotated[Path | None, typer.Option("--out", help="A file; stdout when not given.")] = None,
) -> None:
    """Export every entry."""
    if form not in {"csv", "ndjson"}:
        raise typer.BadParameter("the format is csv or ndjson")
    with options.gateway() as gateway:
        lines = gateway.log.export(OPERATOR, form)  # type: ignore[arg-type] # checked above
        if out is None:
            sys.stdout.buffer.writelines(lines)
            return
        with out.open("wb") as file:
            file.writelines(lines)
    options.emit({"file": str(out)}, f"exported to {out}")


@command(app, "prove")
def prove(options: Options, index: Annotated[int, typer.Argument(min=0, help="The entry's index.")]) -> None:
    """Print an entry with the proof that it stands in the log."""
    with options.gateway() as gateway:
        proof = gateway.log.proof(index)
    options.emit({"index": index, "proof": proof}, proof)
