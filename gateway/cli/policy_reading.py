"""``policy lint``, ``policy diff`` and ``policy why``: reading packs before they bite; ``consent why``: of a person."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.consents import LANGUAGES, Subject
from gateway.cli.terminal import OPERATOR, Options, command, subject_of
from gateway.cli.usage import WrongUsage
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, SegmentId, SourceId

if TYPE_CHECKING:
    from gateway.flows.read_policy import Pack

_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,31}")
At = Annotated[dt.datetime | None, typer.Option("--at", help="An instant (UTC); now when not given.")]


def register(app: typer.Typer) -> None:
    """Add the commands to those of ``policy``."""
    command(app, "lint")(lint)
    command(app, "diff")(diff)
    command(app, "why")(why)


def register_person(app: typer.Typer) -> None:
    """Add the command to those of ``consent``."""
    command(app, "why")(why_person)


def lint(
    options: Options,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    beside: Annotated[
        list[Path] | None, typer.Option("--beside", help="Another version's folder; its period must not overlap.")
    ] = None,
    at: At = None,
) -> None:
    """Find what is doubtful in the pack of the folder: contradictions, rules without effect, gaps, proxies."""
    from gateway.flows.read_policy import lint_pack
    from gateway.wiring import read_folder, read_pack

    files = read_folder(options.settings().policies)
    found = lint_pack(files, _instant(at), [read_pack(folder) for folder in beside or ()])
    lines = [*found.words, f"{found.errors} errors, {found.warnings} warnings"]
    told = {"findings": found.findings, "errors": found.errors, "warnings": found.warnings}
    options.emit(told, "\n".join(lines))
    if found.errors or (strict and found.warnings):
        raise typer.Exit(1)


def diff(
    options: Options,
    old: Annotated[str, typer.Argument(help="The pack as it is: its folder, or a registered version's number.")],
    new: Annotated[str, typer.Argument(help="The pack as it would be: its folder, or a registered version's number.")],
    at: At = None,
) -> None:
    """Say what differs between two packs, and which decisions differ because of it; `!` marks what widens."""
    from gateway.flows.read_policy import diff_packs

    before, after = _packs(options, old, new)
    told, lines = diff_packs(before, after, _instant(at))
    if told["widens"]:
        lines.append("more is permitted than before where a line begins with !: have a second person look at it")
    options.emit(told, "\n".join(lines))


def why(  # noqa: PLR0913, PLR0917 - each is an option
    options: Options,
    field: Annotated[list[str] | None, typer.Option("--field", help="A field's id; several: together.")] = None,
    recipient: Annotated[str | None, typer.Option("--recipient", help="A recipient's id.")] = None,
    segment: Annotated[str | None, typer.Option("--segment", help="A segment's id.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="A source's id.")] = None,
    purpose: Annotated[str | None, typer.Option("--purpose", help="A purpose's id; each when not given.")] = None,
    action: Annotated[Action | None, typer.Option("--action", help="store, segment or release.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="A registered version's number.")] = None,
    language: Annotated[str, typer.Option("--language", help="en, fi, hu or uk.")] = "en",
    at: At = None,
) -> None:
    """Say what the policy permits and what not, with each reason and the rule that says it.

    Asked is the version that is named, or the folder of --policies; without either what is in force in the home, and
    where there is no home yet the pack that it would begin with.
    """
    from gateway.flows.read_policy import Question, why_policy, why_segment

    if language not in LANGUAGES:
        raise WrongUsage(f"--language is {', '.join(LANGUAGES)}")
    others = (field, recipient, source, purpose, action)
    if segment is None and not (field or recipient or source or purpose):
        raise WrongUsage("name what the question is about: --field, --recipient, --segment, --source or --purpose")
    if segment is not None and any(others):
        raise WrongUsage("--segment stands alone: a segment has its own purpose and fields")
    pack = _asked(options, version)
    if segment is not None:
        told, lines = why_segment(SegmentId(segment), pack, _instant(at), language)
    else:
        question = Question(
            fields=frozenset(map(FieldId, field)) if field else None,
            action=action,
            purpose=PurposeId(purpose) if purpose else None,
            recipient=RecipientId(recipient) if recipient else None,
            source=SourceId(source) if source else None,
        )
        told, lines = why_policy(question, pack, _instant(at), language)
    options.emit({"pack": pack.catalogue.label, "language": language, "decisions": told}, "\n".join(lines))


def _packs(options: Options, old: str, new: str) -> tuple[Pack, Pack]:
    """Return two packs, each of a folder or a number; the home is opened for a number only."""
    from gateway.flows.read_policy import ReadVersions
    from gateway.wiring import read_pack

    named = {old, new}
    known = {name: read_pack(Path(name)) for name in named if _is_folder(name)}
    if known.keys() != named:
        with options.gateway() as gateway:
            reading = ReadVersions(gateway.house)
            known |= {name: reading.pack(name) for name in named - known.keys()}
    return known[old], known[new]


def _is_folder(name: str) -> bool:
    """A folder that is there goes before a number; what is no number can only be a folder."""
    return Path(name).is_dir() or not _NUMBER.fullmatch(name)


def _asked(options: Options, version: str | None) -> Pack:
    """Return the pack that answers a question."""
    from gateway.flows.read_policy import ReadVersions
    from gateway.wiring import is_home, read_pack

    settings = options.settings()
    if version is not None and options.policies is not None:
        raise WrongUsage("--version is of the registry, --policies a folder: name one of them")
    if version is None and (options.policies is not None or not is_home(settings)):
        return read_pack(settings.policies)
    with options.gateway() as gateway:
        return ReadVersions(gateway.house).pack(version)


def why_person(
    options: Options,
    subject: Subject,
    purpose: Annotated[str, typer.Option("--purpose", help="The purpose's id.")],
    language: Annotated[str, typer.Option("--language", help="en, fi, hu or uk.")] = "en",
) -> None:
    """Say whether a person takes part in a purpose now, and which choice, age or period decides it."""
    who = subject_of(subject)
    if language not in LANGUAGES:
        raise WrongUsage(f"--language is {', '.join(LANGUAGES)}")
    with options.gateway() as gateway:
        found = gateway.why_person(who, PurposeId(purpose), OPERATOR, language=language).value
    lines = [*found.words]
    if found.governing:
        told = found.governing
        lines.append(f"{told['at']:%Y-%m-%d %H:%M} {told['status']} by {told['by']} through {told['channel']} governs")
    if found.consent_ends:
        lines.append(f"the consent ends on {found.consent_ends:%Y-%m-%d}")
    options.emit(asdict(found), "\n".join(lines))


def _instant(at: dt.datetime | None) -> dt.datetime:
    from gateway.foundation.clock import SystemClock

    if at is None:
        return SystemClock().now()
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at
