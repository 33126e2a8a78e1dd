"""``policy``: the pack of the folder, and the versions of the registry: what is in force comes from there."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.terminal import OPERATOR, Options, command

if TYPE_CHECKING:
    from gateway.flows.policy_versions import Officer, VersionShown

app = typer.Typer()
Version = Annotated[str, typer.Argument(help="The version's number, as `policy versions` lists it.")]
By = Annotated[str, typer.Option("--by", help="Who decides; it stays in the registry, the log names the operator.")]
Note = Annotated[str | None, typer.Option("--note", help="Why; it stays in the registry.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]


@command(app, "check")
def check(options: Options) -> None:
    """Load the pack and run its cases: each rule permits one and denies one."""
    from gateway.flows.policy_pack import check_pack
    from gateway.wiring import read_pack

    pack = read_pack(options.settings().policies)
    results = check_pack(pack)
    failed = [result for result in results if not result.passed]
    lines = [
        f"{'ok  ' if r.passed else 'FAIL'} {r.case}{'' if r.passed else ': ' + '; '.join(r.problems)}" for r in results
    ]
    lines.append(f"{pack.catalogue.label[:48]}…: {len(results)} cases, {len(failed)} failed")
    cases = [{"id": r.case, "passed": r.passed, "problems": list(r.problems)} for r in results]
    options.emit({"pack": pack.catalogue.label, "cases": cases, "failed": len(failed)}, "\n".join(lines))
    if failed:
        raise typer.Exit(1)


@command(app, "show")
def show(options: Options) -> None:
    """Print the pack of the folder."""
    from gateway.flows.policy_pack import describe_pack
    from gateway.wiring import read_pack

    options.emit(*describe_pack(read_pack(options.settings().policies)))


@command(app, "draft")
def draft(options: Options, by: By = OPERATOR.ref, note: Note = None, dry_run: DryRun = False) -> None:
    """Submit the pack of the folder (--policies) as a draft; what is in force stays in force."""
    from gateway.wiring import read_folder

    files = read_folder(options.settings().policies)
    with options.gateway() as gateway:
        shown = gateway.policies.draft(files, _officer(by), note=note, dry_run=dry_run)
    _tell(options, shown, dry_run=dry_run)


@command(app, "versions")
def versions(options: Options) -> None:
    """List the versions, where each stands, and who decided what about it."""
    with options.gateway() as gateway:
        found = gateway.policies.list()
        label = gateway.house.catalogue.label
    words = "\n".join(map(_words, found))
    options.emit({"policy": label, "versions": [as_json(shown) for shown in found]}, words)


@command(app, "approve")
def approve(options: Options, version: Version, by: By = OPERATOR.ref, note: Note = None) -> None:
    """Approve a simulated draft; a second person does, unless GATEWAY_FOUR_EYES is off."""
    with options.gateway() as gateway:
        shown = gateway.policies.approve(version, _officer(by), note=note)
    _tell(options, shown)


@command(app, "activate")
def activate(
    options: Options,
    version: Version,
    at: Annotated[dt.datetime | None, typer.Option("--at", help="From when (UTC); now when not given.")] = None,
    by: By = OPERATOR.ref,
    note: Note = None,
) -> None:
    """Put an approved version in force, now or from an instant."""
    starts = at.replace(tzinfo=dt.UTC) if at else None
    with options.gateway() as gateway:
        shown = gateway.policies.activate(version, _officer(by), at=starts, note=note)
    _tell(options, shown)


@command(app, "rollback")
def rollback(
    options: Options,
    version: Version,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays in the registry.")],
    by: By = OPERATOR.ref,
) -> None:
    """Put a version that was in force before in force again; one that allows more waits for the same by another."""
    with options.gateway() as gateway:
        shown = gateway.policies.roll_back(version, _officer(by), reason=reason)
    _tell(options, shown)


@command(app, "withdraw")
def withdraw(options: Options, version: Version, by: By = OPERATOR.ref, note: Note = None) -> None:
    """Take back a version that never came into force: it never will."""
    with options.gateway() as gateway:
        shown = gateway.policies.withdraw(version, _officer(by), note=note)
    _tell(options, shown)


def as_json(shown: VersionShown) -> dict[str, Any]:
    """Return a version as plain data."""
    return asdict(shown.version) | {
        "label": shown.version.label,
        "state": shown.state,
        "starts": shown.starts,
        "steps": [asdict(step) for step in shown.steps],
        "proposal": asdict(shown.proposal) if shown.proposal else None,
    }


def _tell(options: Options, shown: VersionShown, *, dry_run: bool = False) -> None:
    words = f"would be drafted: {shown.version.version}" if dry_run else _words(shown)
    options.emit(as_json(shown) | {"dry_run": dry_run}, words)


def _words(shown: VersionShown) -> str:
    version = shown.version
    since = f" from {shown.starts:%Y-%m-%d %H:%M:%S} UTC" if shown.starts else ""
    lines = [
        f"{version.version:<10} {shown.state:<10} {version.pack} sha256 {version.digest[:12]}…{since}",
        f"           {version.drafted_at:%Y-%m-%d %H:%M} {version.drafted_by}: drafted{_noted(version.note)}",
    ]
    lines += [
        f"           {s.at:%Y-%m-%d %H:%M} {s.by}: {s.step.replace('_', ' ')}{_noted(s.note)}"
        f"{f', confirmed by {s.confirmed_by}' if s.confirmed_by else ''}"
        for s in shown.steps
    ]
    if (p := shown.proposal) is not None:
        stands = "void, what is in force has changed since" if p.void else "waits for the same by another person"
        lines.append(f"           {p.at:%Y-%m-%d %H:%M} {p.by} proposes to go back to it{_noted(p.note)}: {stands}")
    return "\n".join(lines)


def _noted(note: str | None) -> str:
    return f" ({note})" if note else ""


def _officer(by: str) -> Officer:
    from gateway.flows.policy_versions import Officer

    return Officer(OPERATOR, by)
