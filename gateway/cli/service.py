"""``serve``, ``sweep`` and ``clients``."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.terminal import OPERATOR, Options, command, quiet_logs
from gateway.cli.usage import WrongUsage
from gateway.foundation.errors import Conflict, NotFound

if TYPE_CHECKING:
    from gateway.flows.register_clients import Scope

clients = typer.Typer()
_UNFINISHED = "LOOK something interrupted waits: any other command finishes it first, and the counts may change"
ScopeOption = Annotated[str, typer.Option("--scope", help="source, recipient, officer, subject-desk or auditor.")]
Reference = Annotated[str, typer.Argument(help="Its name; for a source or recipient, the contract's id.")]


def register(root: typer.Typer) -> None:
    """Add ``serve`` and ``sweep`` beside the groups."""
    command(root, "serve")(serve)
    command(root, "sweep")(sweep)


def serve(
    options: Options,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port.")] = 8000,
) -> None:
    """Serve the HTTP interface; this process holds the home folder until it stops."""
    import uvicorn

    from gateway.api.application import create_app
    from gateway.wiring import open_gateway

    quiet_logs(json_lines=True)
    settings = options.settings()
    with _listening(host, port) as listener, open_gateway(settings, sequencer=True) as gateway:
        address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        app = create_app(gateway, settings)
        server = uvicorn.Server(
            # Parts are named, since "auto" takes what happens to be installed: h11 bounds the head of a request.
            uvicorn.Config(
                app,
                http="h11",
                loop="asyncio",
                ws="none",
                server_header=False,
                access_log=False,
                log_level="warning",
            )
        )
        with _stopping_quietly():
            listener.listen()  # whoever reads the next line may call at once
            options.emit({"serving": address, "process": os.getpid()}, f"serving on {address}, documents at /docs")
            sys.stdout.flush()
            server.run(sockets=[listener])


def sweep(
    options: Options,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
) -> None:
    """Let end what time has ended, delete what is over its retention, and bring permissions in line with the ledger.

    Values that are stored finer than the policy in force wants them are rewritten in its form, for good.

    Exit 1 where a stored permission gave what the ledger does not; it is closed then, unless it was a dry run. A dry
    run changes nothing: it does not even finish what a crash interrupted, and says so where there is something.
    """
    with options.gateway(look=dry_run) as gateway:
        swept = gateway.sweep(OPERATOR, dry_run=dry_run)
    would = "would be " if dry_run else ""
    values, finer = (
        ", ".join(f"{count} of {column}" for column, count in counts.items()) or "no values"
        for counts in (swept.values, swept.coarsened)
    )
    fault = f"LOOK {swept.wider} people had a permission that the ledger does not give: {would}closed"
    words = (
        f"{swept.people} people compared with the ledger, {swept.due} due by time, {swept.behind} behind",
        f"{would}removed from quarantine: {swept.batches} batches, {swept.columns} columns",
        f"{would}deleted, over the retention of every purpose: {swept.events} events, {values}",
        f"{would}coarsened, finer than the policy in force wants: {finer}",
        f"{swept.people_without_data} people of whom no data are left: identifiers and consents stay until an erasure",
        *([fault] if swept.wider else []),
        *([_UNFINISHED] if swept.unfinished else []),
    )
    options.emit(dataclasses.asdict(swept), "\n".join(words))
    if swept.wider:
        raise typer.Exit(1)


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before the home is opened, so that a taken one is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:  # named: else Nagle delays answers
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except (OSError, UnicodeError):
            raise Conflict(f"port {port} cannot be used on that address: name another by --port or --host") from None
        yield listener


@contextlib.contextmanager
def _stopping_quietly() -> Iterator[None]:
    """The server hands the signal that stopped it on to whoever was there before: that must not end us mid-way.

    What follows the server (stores closed, the log's last checkpoint) runs to its end.
    """
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@command(clients, "add")
def add(options: Options, reference: Reference, scope: ScopeOption) -> None:
    """Add a client; its key is shown this once."""
    named = _scope(scope)
    with options.desk() as gateway:
        key = gateway.clients.add(reference, named, OPERATOR)
    options.emit({"reference": reference, "scope": scope, "key": key}, key)


@command(clients, "revoke")
def revoke(
    options: Options,
    reference: Reference,
    scope: ScopeOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
) -> None:
    """End a client's access at once."""
    named = _scope(scope)
    with options.desk() as gateway:
        if not dry_run:
            gateway.clients.revoke(reference, named, OPERATOR)
        elif not any(live and (c.reference, c.scope) == (reference, named) for c, _, live in gateway.clients.all()):
            raise NotFound("no live client of that reference and scope: `gateway clients list` shows them")
    options.emit(
        {"revoked": None if dry_run else reference, "scope": scope, "dry_run": dry_run},
        f"{'would be ' if dry_run else ''}revoked: {reference}",
    )


@command(clients, "list")
def list_all(options: Options) -> None:
    """List the clients."""
    with options.desk() as gateway:
        entries = gateway.clients.all()
    rows = [{"reference": c.reference, "scope": c.scope, "added": at, "live": live} for c, at, live in entries]
    options.emit(
        {"clients": rows},
        "\n".join(f"{r['scope']:<13} {r['reference']} {'' if r['live'] else '(revoked)'}" for r in rows),
    )


def _scope(text: str) -> Scope:
    from gateway.flows.register_clients import Scope

    if text not in set(Scope):
        raise WrongUsage("--scope is source, recipient, officer, subject-desk or auditor")
    return Scope(text)
