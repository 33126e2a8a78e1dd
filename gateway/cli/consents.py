"""What people choose: ``consent``."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.terminal import OPERATOR, Options, command, input_file, output_folder, subject_of
from gateway.cli.usage import WrongUsage
from gateway.foundation.errors import InvalidInput
from gateway.foundation.files import write_durably
from gateway.vocabulary.consents import ConsentEvent, ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId

if TYPE_CHECKING:
    from gateway.flows.record_consent import Choice

app = typer.Typer()
LANGUAGES = ("en", "fi", "hu", "uk")
STATUSES = ("requested", "given", "refused", "withdrawn", "expired", "invalidated", "objected")
_INSTANTS = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]  # a day alone would let a no lose to a yes of that day
_MOST_BYTES = 1024 * 1024  # of a receipt that is verified
_CONCERNS = "the receipt is about this person"
_CONCERNS_NOT = "the receipt is not about this person, or the nonce came with another one"

Subject = Annotated[
    str, typer.Option("--subject", help="TYPE:VALUE, for example email:…; TYPE:- reads the value from stdin.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]
At = Annotated[dt.datetime | None, typer.Option("--at", help="An instant (UTC); now when not given.")]


@command(app, "record")
def record(  # noqa: PLR0913, PLR0917 - each is an option
    options: Options,
    subject: Subject,
    purpose: Annotated[str, typer.Option("--purpose", help="The purpose's id.")],
    status: Annotated[str, typer.Option("--status", help=f"One of {', '.join(STATUSES)}.")],
    notice: Annotated[str | None, typer.Option("--notice", help="The notice version that the person saw.")] = None,
    language: Annotated[str | None, typer.Option("--language", help="The notice's language (ISO 639-1).")] = None,
    evidence: Annotated[str | None, typer.Option("--evidence", help="A document number or the like.")] = None,
    by: Annotated[str, typer.Option("--by", help="Who expressed it: self, guardian or controller.")] = "self",
    at: Annotated[
        dt.datetime | None,
        typer.Option("--at", formats=_INSTANTS, help="When the person chose, with the time (UTC); now when not given."),
    ] = None,
    valid_until: Annotated[
        dt.datetime | None, typer.Option("--valid-until", help="An end of the yes before the purpose's own (UTC).")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Record what a person chose; it bites at the next query."""
    from gateway.flows.record_consent import Choice

    if status not in STATUSES:
        raise WrongUsage(f"--status is one of {', '.join(STATUSES)}")
    if by not in set(ExpressedBy):
        raise WrongUsage("--by is self, guardian or controller")
    choice = Choice(
        PurposeId(purpose), ConsentStatus(status), _utc(at), notice, "cli", language, evidence, ExpressedBy(by),
        _utc(valid_until),
    )  # fmt: skip
    choose(options, subject, choice, [purpose], dry_run=dry_run)
    options.emit(
        {"recorded": not dry_run, "dry_run": dry_run, "purpose": purpose, "status": status},
        f"{'would be ' if dry_run else ''}recorded: {purpose} {status}",
    )


def choose(options: Options, subject: str, choice: Choice, purposes: list[str], *, dry_run: bool) -> list[str]:
    """Record a choice for each purpose (every one when none is named), checked before the first is kept."""
    who = subject_of(subject)
    with options.gateway() as gateway:
        named = purposes or [str(purpose) for purpose in gateway.house.catalogue.purposes]
        choices = [dataclasses.replace(choice, purpose=PurposeId(one)) for one in named]
        for each in choices:
            gateway.record_consent.check(each)
        if not dry_run:
            for each in choices:
                gateway.record_consent(who, each, OPERATOR)
    return named


@command(app, "show")
def show(
    options: Options,
    subject: Subject,
    at: At = None,
    recorded: Annotated[
        dt.datetime | None, typer.Option("--recorded", help="Count only what was on record at this instant (UTC).")
    ] = None,
) -> None:
    """Show a person's choices, oldest first, where they left the person, and what was permitted."""
    who = subject_of(subject)
    with options.gateway() as gateway:
        history = gateway.show_consents(who, OPERATOR, at=_utc(at), recorded=_utc(recorded)).value
    lines = [
        f"{e.at:%Y-%m-%d %H:%M} {e.purpose} {e.status} (recorded {e.recorded_at:%Y-%m-%d}, by {e.channel})"
        for e in history.events
    ]
    lines += [
        f"at {history.at:%Y-%m-%d %H:%M}: {purpose} {status}, {_verdict(history.closed[purpose])}"
        for purpose, status in history.standing.items()
    ]
    shown = {"standing": history.standing, "closed": history.closed, "at": history.at}
    options.emit(
        {"events": list(map(_shown, history.events)), **shown},
        "\n".join(lines) if history.events else "no choice on record",
    )


@command(app, "import")
def import_file(
    options: Options,
    file: Annotated[Path, typer.Argument(help="CSV or JSON lines: identifier_type, identifier, purpose, status…")],
    dry_run: DryRun = False,
) -> None:
    """Record the choices of a whole file, or none of them where a row is at fault."""
    path = input_file(file)
    with path.open("rb") as stream, options.gateway() as gateway:
        report = gateway.import_consents(stream, OPERATOR, name=file.name, dry_run=dry_run)
    lines = [f"line {fault.line}: {fault.reason}: {fault.remedy}" for fault in report.faults]
    verb = "would be recorded" if dry_run else "recorded"
    told = f"{report.rows} rows, {report.events} new choices {verb}, {report.unknown} of people who are not known"
    if report.faulty:
        told = "\n".join([f"{report.faulty} of {report.rows} rows are at fault: nothing was recorded", *lines])
    options.emit(dataclasses.asdict(report), told)
    if report.faulty:
        raise typer.Exit(1)


@command(app, "receipt")
def receipt(
    options: Options,
    subject: Subject,
    out: Annotated[Path | None, typer.Option("--out", help="A folder for the receipt; stdout when not given.")] = None,
    language: Annotated[str, typer.Option("--language", help="en, fi, hu or uk.")] = "en",
) -> None:
    """Give a person a signed receipt of their choices (ISO/IEC TS 27560 in JSON-LD)."""
    who, folder = subject_of(subject), output_folder(out)
    if language not in LANGUAGES:
        raise WrongUsage(f"--language is {', '.join(LANGUAGES)}")
    with options.gateway() as gateway:
        made = gateway.consent_receipts(who, OPERATOR, language=language).value
    if folder is None:
        told = f"{made.note}\nnonce, for the person alone: {made.nonce}"
        options.emit({"id": made.id, "receipt": made.note, "nonce": made.nonce}, told)
        return
    note, nonce = folder / f"{made.id}.receipt", folder / f"{made.id}.nonce"
    write_durably(note, made.note.encode())
    write_durably(nonce, f"{made.nonce}\n".encode())
    options.emit(
        {"id": made.id, "receipt": str(note), "nonce": str(nonce)},
        f"receipt in {note}\nthe nonce, for the person alone, in {nonce}",
    )


@command(app, "verify")
def verify(
    options: Options,
    file: Annotated[Path, typer.Argument(help="A receipt.")],
    subject: Annotated[
        str | None, typer.Option("--subject", help="TYPE:VALUE or TYPE:-: is the receipt about this person?")
    ] = None,
    nonce: Annotated[str | None, typer.Option("--nonce", help="What came with the receipt, for the person.")] = None,
) -> None:
    """Check a receipt's signature with this home's public key, show what it states and, where asked, about whom."""
    from gateway.flows.consent_receipts import nonce_of, read_receipt, receipt_concerns
    from gateway.wiring import verify_certificate

    if (subject is None) is not (nonce is None):
        raise WrongUsage("--subject and --nonce go together: only both show about whom a receipt is")
    body = dict(read_receipt(verify_certificate(options.settings(), _receipt_in(file))))
    told = json.dumps(body, ensure_ascii=False, indent=2)
    if subject is None or nonce is None:
        options.emit({"verified": True, "receipt": body}, told)
        return
    concerns = receipt_concerns(body, subject_of(subject), nonce_of(nonce))
    words = _CONCERNS if concerns else _CONCERNS_NOT
    options.emit({"verified": True, "concerns": concerns, "receipt": body}, f"{told}\n{words}")
    if not concerns:
        raise typer.Exit(1)


def _receipt_in(file: Path) -> str:
    path = input_file(file)
    if path.stat().st_size > _MOST_BYTES:
        raise InvalidInput(f"the file `{file}` is too large for a receipt: check the path")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"the file `{file}` is no receipt: it is not text") from None


def _verdict(closed: Sequence[str]) -> str:
    return f"closed ({', '.join(closed)})" if closed else "permitted"


def _shown(event: ConsentEvent) -> dict[str, Any]:
    return {key: value for key, value in dataclasses.asdict(event).items() if key != "subject"}


def _utc(at: dt.datetime | None) -> dt.datetime | None:
    return at.replace(tzinfo=dt.UTC) if at is not None and at.tzinfo is None else at
