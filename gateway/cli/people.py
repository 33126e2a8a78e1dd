"""What people ask: ``requests``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.consents import LANGUAGES, DryRun, Subject, choose
from gateway.cli.terminal import OPERATOR, Options, command, output_folder, subject_of
from gateway.cli.usage import WrongUsage
from gateway.foundation.files import write_durably
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus

requests = typer.Typer()

PurposeOption = Annotated[str | None, typer.Option("--purpose", help="One purpose; all when not given.")]


@command(requests, "access")
def access(
    options: Options,
    subject: Subject,
    out: Annotated[Path | None, typer.Option("--out", help="A folder for the package; stdout when not given.")] = None,
    language: Annotated[str, typer.Option("--language", help="en, fi, hu or uk.")] = "en",
) -> None:
    """Give a person everything we hold about them (Art. 15)."""
    who, folder = subject_of(subject), output_folder(out)
    if language not in LANGUAGES:
        raise WrongUsage(f"--language is {', '.join(LANGUAGES)}")
    with options.gateway() as gateway:
        answer = gateway.access(who, OPERATOR, language=language).value
    text = json.dumps(answer.package, ensure_ascii=False, indent=2, default=str)
    if folder is None:
        options.emit(answer.package, text)
        return
    path = _written(folder, f"{answer.request}.json", text)
    options.emit(
        {"request": answer.request, "package": str(path), "due": answer.due, "found": answer.found},
        f"{'package' if answer.found else 'we know nobody of that identifier: a package that says so'} in {path}",
    )


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
    who, folder = subject_of(subject), output_folder(out)
    with options.gateway() as gateway:
        answer = gateway.erase(who, OPERATOR, suppress=suppress, dry_run=dry_run).value
    result: dict[str, Any] = {
        "request": answer.request, "found": answer.found, "plan": answer.plan, "rows": answer.rows, "dry_run": dry_run,
    }  # fmt: skip
    if answer.certificate is None:
        options.emit(result, _plan(answer.plan) if answer.found else "nobody of that identifier: nothing to erase")
        return
    if folder is None:
        options.emit(
            result | {"certificate": answer.certificate, "nonce": answer.nonce},
            f"{answer.certificate}\nnonce, for the person alone: {answer.nonce}",
        )
        return
    certificate = _written(folder, f"{answer.request}.certificate", answer.certificate)
    nonce = _written(folder, f"{answer.request}.nonce", f"{answer.nonce}\n")
    options.emit(
        result | {"certificate": str(certificate), "nonce": str(nonce)},
        f"erased: {answer.rows} rows; certificate in {certificate}\nthe nonce, for the person alone, in {nonce}",
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
    status = "lifted" if lift else "restricted"
    _choose(options, subject, status, ["*"], dry_run=dry_run)
    options.emit(
        {"recorded": not dry_run, "dry_run": dry_run, "status": status},
        f"{'would be ' if dry_run else ''}recorded: {status}",
    )


@command(requests, "object")
def object_to(
    options: Options,
    subject: Subject,
    purpose: PurposeOption = None,
    dry_run: DryRun = False,
) -> None:
    """Record an objection (Art. 21), to one purpose or to every one."""
    purposes = _choose(options, subject, "objected", [purpose] if purpose else [], dry_run=dry_run)
    options.emit(
        {"recorded": not dry_run, "dry_run": dry_run, "purposes": purposes},
        f"{'would be ' if dry_run else ''}recorded: objection to {', '.join(purposes)}",
    )


def _choose(options: Options, subject: str, status: str, purposes: list[str], *, dry_run: bool) -> list[str]:
    """Record one choice for each purpose, for every one when none is named."""
    from gateway.flows.record_consent import Choice

    choice = Choice(ALL_PURPOSES, ConsentStatus(status), channel="cli")
    return choose(options, subject, choice, purposes, dry_run=dry_run)


def _plan(plan: dict[str, Any]) -> str:
    """Say in words what an erasure would do."""
    lines = [f"would {c['action']} {c['rows']:>6,} {c['class']} ({c['store']})" for c in plan["classes"]]
    told = plan["recipients_to_notify"]
    lines.append(f"would tell {', '.join(told)} in the next delta" if told else "no recipient to tell")
    return "\n".join([*lines, "nothing was changed"])


def _written(folder: Path, name: str, text: str) -> Path:
    write_durably(folder / name, text.encode())
    return folder / name
