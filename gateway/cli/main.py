"""``gateway``: the command line."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from gateway.cli import (
    consents,
    detect,
    inbox,
    log,
    people,
    policy,
    policy_reading,
    records,
    segments,
    service,
    simulate,
    sources,
)
from gateway.cli.terminal import Options, command, common
from gateway.cli.usage import Speaking

app = typer.Typer(
    name="gateway",
    cls=Speaking,
    help="Raw customer data in; pseudonymised segments out; every access provable.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.callback()(common)


@command(app, "init")
def init(options: Options) -> None:
    """Make a home folder: keys, vault, store and log."""
    from gateway.wiring import initialise

    settings = options.settings()
    initialise(settings)
    options.emit(
        {"home": str(settings.home), "kek": str(settings.kek)},
        f"home made in {settings.home}\n"
        f"keep a copy of {settings.kek} apart: without it nothing in the vault can be read",
    )


@command(app, "doctor")
def doctor(options: Options) -> None:
    """Check that everything is as it should be."""
    with options.gateway() as gateway:
        findings = gateway.doctor()
    well = all(finding.ok for finding in findings)
    lines = [f"{'ok  ' if f.ok else 'LOOK'} {f.check}{': ' + f.advice if f.advice else ''}" for f in findings]
    options.emit({"well": well, "checks": findings_as_json(findings)}, "\n".join(lines))
    if not well:
        raise typer.Exit(1)


@command(app, "demo")
def demo(
    options: Options,
    customers: Annotated[int | None, typer.Option(help="Fewer people, for a quicker look.", min=1000)] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the demo's home folder.")] = False,
) -> None:
    """Run the whole story on real purchase histories in a folder of its own."""
    from gateway.demo import tell

    result = tell(options.home, options.settings().policies, customers=customers, keep=keep, quiet=options.json)
    if options.json:
        options.emit(result, "")
    if not demo_held(result):
        raise typer.Exit(1)


def demo_held(result: dict[str, Any]) -> bool:
    """Tell whether the story ended as it must."""
    erased = result["erased"]
    return bool(
        result["audit"]["verified"]
        and result["shared_pseudonyms"] == 0
        and result["withdrawn_left_segment"]
        and erased["key_destroyed"]
        and erased["certificate_valid"]
        and not erased["found_after"]
    )


def findings_as_json(findings: list[Any]) -> list[dict[str, Any]]:
    """Return the doctor's findings as plain data."""
    return [{"check": f.check, "ok": f.ok, "advice": f.advice} for f in findings]


simulate.register(policy.app)
policy_reading.register(policy.app)
policy_reading.register_person(consents.app)
for part, name, help_text in (
    (sources.app, "sources", "Contracts with sources."),
    (detect.app, "detect", "What a file or a text holds of people, for anybody to measure."),
    (inbox.app, "inbox", "Columns that wait for a decision."),
    (policy.app, "policy", "What is permitted, and why."),
    (consents.app, "consent", "What people chose."),
    (segments.app, "segments", "Segments and whether they are allowed."),
    (people.requests, "requests", "Requests of data subjects."),
    (log.app, "audit", "The log that strangers can verify."),
    (service.clients, "clients", "Machine clients and their keys."),
):
    part.callback()(common)
    app.add_typer(part, name=name, help=help_text)
sources.register(app)
records.register(policy.app)
segments.register(app)
service.register(app)


def run() -> None:
    """Start the command line."""
    if "--version" in sys.argv[1:2]:
        from gateway import __version__

        typer.echo(__version__)
        return
    app()


if __name__ == "__main__":
    run()
