"""``serve`` and ``clients``."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.terminal import OPERATOR, Options, command, quiet_logs

clients = typer.Typer()
ScopeOption = Annotated[str, typer.Option("--scope", help="source, recipient, officer, subject-desk or auditor.")]
Reference = Annotated[str, typer.Argument(help="Its name; for a source or recipient, the contract's id.")]


def register(root: typer.Typer) -> None:
    """Add ``serve`` beside the groups."""
    command(root, "serve")(serve)


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
    with open_gateway(settings) as gateway:
        typer.echo(f"serving on http://{host}:{port}, documents at /docs", err=True)
        uvicorn.run(
            create_app(gateway, settings),
            host=host,
            port=port,
            server_header=False,
            access_log=False,
            log_level="warning",
        )


@command(clients, "add")
def add(options: Options, reference: Reference, scope: ScopeOption) -> None:
    """Add a client; its key is shown this once."""
    with options.gateway() as gateway:
        key = gateway.clients.add(reference, _scope(scope), OPERATOR)
    options.emit({"reference": reference, "scope": scope, "key": key}, key)


@command(clients, "revoke")
def revoke(options: Options, reference: Reference, scope: ScopeOption) -> None:
    """End a client's access at once."""
    with options.gateway() as gateway:
        gateway.clients.revoke(reference, _scope(scope), OPERATOR)
    options.emit({"revoked": reference, "scope": scope}, f"revoked: {reference}")


@command(clients, "list")
def list_all(options: Options) -> None:
    """List the clients."""
    with options.gateway() as gateway:
        entries = gateway.clients.all()
    rows = [{"reference": c.reference, "scope": c.scope, "added": at, "live": live} for c, at, live in entries]
    options.emit(
        {"clients": rows},
        "\n".join(f"{r['scope']:<13} {r['reference']} {'' if r['live'] else '(revoked)'}" for r in rows),
    )


def _scope(text: str):  # type: ignore[no-untyped-def] # noqa: ANN202 - Scope, imported late
    from gateway.flows.register_clients import Scope

    if text not in set(Scope):
        raise typer.BadParameter("a scope is source, recipient, officer, subject-desk or auditor")
    return Scope(text)
