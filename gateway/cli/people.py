"""What people choose and what they ask: ``consent`` and ``requests``."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.terminal import OPERATOR, Options, command, subject_of
from gateway.foundation.files import write_durably
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.names import PurposeId

consents = typer.Typer()
requests = typer.Typer()

Subject = Annotated[
    str, typer.Option("--subject", help="TYPE:VALUE, for example email:…; TYPE:- reads the value from stdin.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]
PurposeOption = Annotated[str | None, typer.Option("--purpose", help="One purpose; all when not given.")]


@command(consents, "record")
def record(
    options: Options,
    subject: Subject,
    purpose: Annotated[str, typer.Option("--purpose", help="The purpose's id.")],
    status: Annotated[str, typer.Option("--status", help="given, refused, withdrawn or objected.")],
    notice: Annotated[str | None, typer.Option("--notice", help="The notice version that the person saw.")] = None,
    at: Annotated[
        dt.datetime | None, typer.Option("--at", help="When the person chose (UTC); now when not given.")
    ] = None,
) -> None:
    """Record what a person chose; it bites at the next query."""
    _choose(options, subject, purpose, status, notice=notice, at=at)
    options.emit({"recorded": True, "purpose": purpose, "status": status}, f"recorded: {purpose} {status}")


@command(consents, "show")
def show(options: Options, subject: Subject) -> None:
    """Show a person's choices, oldest first."""
    with options.gateway() as gateway:
        history = gateway.show_consents(subject_of(subject), OPERATOR)
    lines = [
        f"{e.at:%Y-%m-%d %H:%M} {e.purpose} {e.status} (recorded {e.recorded_at:%Y-%m-%d}, by {e.channel})"
        for e in history
    ]
    events = [
        {"purpose": e.purpose, "status": e.status, "at": e.at, "notice": e.notice, "channel": e.channel}
        for e in history
    ]
    options.emit({"events": events}, "\n".join(lines) or "no choice on record")


@command(requests, "access")
def access(
    options: Options,
    subject: Subject,
    out: Annotated[Path | None, typer.Option("--out", help="A folder for the package; stdout when not given.")] = None,
    language: Annotated[str, typer.Option("--language", help="en, fi, hu or uk.")] = "en",
) -> None:
    """Give a person everything we hold about them (Art. 15)."""
    with options.gateway() as gateway:
        answer = gateway.access(subject_of(subject), OPERATOR, language=language)
    text = json.dumps(answer.package, ensure_ascii=False, indent=2, default=str)
    if out is None:
        typer.echo(text)
        return
    path = _written(out, f"{answer.request}.json", text)
    options.emit({"request": answer.request, "package": str(path), "due": answer.due}, f"package in {path}")


@command(requests, "erase")
def erase(
    options: Options,
    subject: Subject,
    out: Annotated[
        Path | None, typer.Option("--out", help="A folder for the certificate; stdout when not given.")
    ] = None,
    dry_run: DryRun = False,
    suppress: Annotated[
        bool, typer.Option(help="Keep a keyed hash so that a later import cannot bring the person back.")
    ] = True,
) -> None:
    """Erase a person (Art. 17): rows, keys, lists to come; recipients are told; a certificate is signed."""
    with options.gateway() as gateway:
        answer = gateway.erase(subject_of(subject), OPERATOR, suppress=suppress, dry_run=dry_run)
    result = {"request": answer.request, "plan": answer.plan, "rows": answer.rows, "dry_run": dry_run}
    if dry_run or answer.certificate is None:
        options.emit(result, json.dumps(answer.plan, ensure_ascii=False, indent=2, default=str))
        return
    if out is not None:
        certificate = _written(out, f"{answer.request}.certificate", answer.certificate)
        _written(out, f"{answer.request}.nonce", f"{answer.nonce}\n")
        options.emit(
            result | {"certificate": str(certificate)}, f"erased: {answer.rows} rows; certificate in {certificate}"
        )
        return
    options.emit(
        result | {"certificate": answer.certificate, "nonce": answer.nonce},
        f"{answer.certificate}\nnonce, for the person alone: {answer.nonce}",
    )


@command(requests, "restrict")
def restrict(
    options: Options,
    subject: Subject,
    lift: Annotated[
        bool, typer.Option("--lift", help="End the restriction (tell the person before, Art. 18(3)).")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Restrict processing to storage (Art. 18); out of every query from now on."""
    if not dry_run:
        _choose(options, subject, "*", "lifted" if lift else "restricted")
    options.emit(
        {"recorded": not dry_run, "status": "lifted" if lift else "restricted"},
        "would be recorded" if dry_run else "recorded",
    )


@command(requests, "object")
def object_to(
    options: Options,
    subject: Subject,
    purpose: PurposeOption = None,
    dry_run: DryRun = False,
) -> None:
    """Record an objection (Art. 21), to one purpose or to every one."""
    with options.gateway() as gateway:
        purposes = [purpose] if purpose else list(gateway.house.catalogue.purposes)
    if not dry_run:
        for one in purposes:
            _choose(options, subject, one, "objected")
    options.emit(
        {"recorded": not dry_run, "purposes": purposes},
        f"{'would be ' if dry_run else ''}recorded: {', '.join(purposes)}",
    )


def _choose(
    options: Options,
    subject: str,
    purpose: str,
    status: str,
    *,
    notice: str | None = None,
    at: dt.datetime | None = None,
) -> None:
    from gateway.flows.record_consent import Choice

    if status not in set(ConsentStatus) - {ConsentStatus.UNKNOWN}:
        raise typer.BadParameter("a status is given, refused, withdrawn, expired, objected, restricted or lifted")
    instant = at.replace(tzinfo=dt.UTC) if at else None
    choice = Choice(PurposeId(purpose), ConsentStatus(status), instant, notice, channel="cli")
    with options.gateway() as gateway:
        gateway.record_consent(subject_of(subject), choice, OPERATOR)


def _written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_durably(folder / name, text.encode())
    return folder / name
