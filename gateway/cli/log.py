"""``audit verify|show|export|prove``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.terminal import OPERATOR, Options, command
from gateway.cli.usage import WrongUsage

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
        f"{e['ts'][:19]}  {e['action']:<20} {e['decision']:<7} {e.get('purpose') or '':<22} "
        f"{e.get('segment') or e.get('source') or '':<22} {e.get('members') or e.get('rows') or ''}".rstrip()
        for e in entries
    ]
    options.emit({"entries": entries}, "\n".join(lines))


@command(app, "export")
def export(
    options: Options,
    form: Annotated[str, typer.Option("--format", help="csv or ndjson.")] = "ndjson",
    out: Annotated[Path | None, typer.Option("--out", help="A file; stdout when not given.")] = None,
) -> None:
    """Export every entry; without --out to stdout, with --json inside the one object."""
    if form not in {"csv", "ndjson"}:
        raise WrongUsage("--format is csv or ndjson")
    with options.gateway() as gateway:
        lines = gateway.log.export(OPERATOR, form)  # type: ignore[arg-type] # checked above
        if out is not None:
            _write(out, lines)
        elif options.json:
            text = b"".join(lines).decode()
            rows = {"entries": [json.loads(line) for line in text.splitlines()]} if form == "ndjson" else {"csv": text}
            options.emit({"format": form} | rows, "")
            return
        else:
            sys.stdout.buffer.writelines(lines)
            return
    options.emit({"format": form, "file": str(out)}, f"exported to {out}")


def _write(out: Path, lines: Iterator[bytes]) -> None:
    """Write beside the file first: what is there stays whole when the disk is full."""
    beside = out.with_name(f".{out.name}.new")
    try:
        with beside.open("wb") as file:
            file.writelines(lines)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)


@command(app, "prove")
def prove(options: Options, index: Annotated[int, typer.Argument(min=0, help="The entry's index.")]) -> None:
    """Print an entry with the proof that it stands in the log."""
    with options.gateway() as gateway:
        proof = gateway.log.proof(index)
    options.emit({"index": index, "proof": proof}, proof)
