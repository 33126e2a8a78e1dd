"""``segments list|check|build|explain|why|pending-leaves|deleted`` and ``release``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.terminal import OPERATOR, Options, command, subject_of
from gateway.cli.usage import WrongUsage
from gateway.foundation.files import write_durably
from gateway.vocabulary.names import RecipientId, SegmentId

app = typer.Typer()
_LANGUAGES = ("en", "fi", "hu", "uk")
Id = Annotated[str, typer.Argument(help="The segment's id.")]


@command(app, "list")
def list_all(options: Options) -> None:
    """List the catalogued segments."""
    with options.gateway() as gateway:
        definitions = gateway.segments.all()
    rows = [{"id": d.id, "purpose": d.purpose, "title": dict(d.title), "uses": d.used} for d in definitions]
    lines = [f"{d.id}  ({d.purpose})  {d.title.get('en', '')}{_made_of(d.used)}" for d in definitions]
    options.emit({"segments": rows}, "\n".join(lines))


def _made_of(used: dict[str, list[str]]) -> str:
    """Name the segments and traits that a segment is made of."""
    named = [*used["segments"], *used["traits"]]
    return f"  (made of {', '.join(named)})" if named else ""


@command(app, "check")
def check(options: Options) -> None:
    """Ask policy about every segment; a refusal names the rule for each field."""
    with options.gateway() as gateway:
        verdicts = gateway.segments.check(OPERATOR)
    lines = [
        f"{'permitted' if v.permitted else 'REFUSED  '} {v.id}{''.join(chr(10) + '    ' + r for r in v.reasons)}"
        for v in verdicts
    ]
    rows = [{"id": v.id, "purpose": v.purpose, "permitted": v.permitted, "reasons": list(v.reasons)} for v in verdicts]
    options.emit({"segments": rows}, "\n".join(lines))
    if not all(v.permitted for v in verdicts):
        raise typer.Exit(1)


@command(app, "build")
def build(options: Options, segment: Id) -> None:
    """Build a snapshot of who belongs now; a size under the minimum is not told."""
    with options.gateway() as gateway:
        size = gateway.build(SegmentId(segment), OPERATOR)
    words = f"{size.size:,} people" if size.size is not None else f"fewer than {size.minimum} people"
    options.emit(
        {
            "id": size.id,
            "snapshot": size.snapshot,
            "size": size.size,
            "minimum": size.minimum,
            "taken_at": size.taken_at,
        },
        f"{segment}: {words} (snapshot {size.snapshot})",
    )


@command(app, "explain")
def explain(
    options: Options,
    segment: Id,
    subject: Annotated[str, typer.Option("--subject", help="TYPE:VALUE; TYPE:- reads the value from stdin.")],
) -> None:
    """Say why a person is or is not in a segment; the look is on record."""
    who = subject_of(subject)
    with options.gateway() as gateway:
        answer = gateway.explain(SegmentId(segment), who, OPERATOR).value
    permitted = "permits it now" if answer["permitted_now"] else "does not permit it now: not in the segment"
    options.emit(answer, "\n".join([f"the person {permitted}", *_tree(answer["explanation"])]))


def _tree(node: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """Say of each condition whether it holds and why, parts under their whole."""
    named = f" ({', '.join(node['named'])})" if node["named"] else ""
    yield f"{'yes' if node['holds'] else 'no ':<4}{'    ' * depth}{node['condition']}{named}: {node['why']}"
    for part in node["parts"]:
        yield from _tree(part, depth + 1)


@command(app, "why")
def why(
    options: Options,
    segment: Id,
    recipient: Annotated[str | None, typer.Option("--recipient", help="Only this recipient contract.")] = None,
    language: Annotated[str, typer.Option("--language", help="en, fi, hu or uk.")] = "en",
) -> None:
    """Say which recipients could get a segment now, with what they have received before; nothing is built."""
    if language not in _LANGUAGES:
        raise WrongUsage(f"--language is one of {', '.join(_LANGUAGES)}")
    with options.gateway() as gateway:
        found = gateway.outlook(SegmentId(segment), OPERATOR, language)
    found = [each for each in found if recipient in {None, each.recipient}]
    if not found:
        raise WrongUsage("--recipient is the id of a recipient contract: `gateway policy show` names them")
    lines = [
        f"{'permitted' if each.permitted else 'REFUSED  '} {each.recipient}"
        + "".join(f"\n    {words}" for words in (each.words if each.permitted else each.reasons))
        for each in found
    ]
    rows = [
        {"recipient": each.recipient, "permitted": each.permitted, "reasons": list(each.reasons),
         "words": list(each.words)}
        for each in found
    ]  # fmt: skip
    options.emit({"segment": segment, "recipients": rows}, "\n".join(lines))


@command(app, "pending-leaves")
def pending_leaves(options: Options) -> None:
    """List whose next delta has to tell that somebody left, and by when."""
    with options.gateway() as gateway:
        found = gateway.pending_leaves()
    rows = [
        {"recipient": owed.recipient, "segment": owed.segment, "release": owed.release, "since": owed.since,
         "due": owed.due, "overdue": owed.overdue, "by_deletion": owed.by_deletion}
        for owed in found
    ]  # fmt: skip
    lines = [
        f"{'OVERDUE' if owed.overdue else 'due    '} {owed.due:%Y-%m-%d %H:%M} UTC  {owed.recipient}  {owed.segment}"
        f"{'  delete the list' if owed.by_deletion else ''}"
        for owed in found
    ]
    options.emit({"pending": rows}, "\n".join(lines) or "every recipient has been told who left")


@command(app, "deleted")
def deleted(
    options: Options,
    recipient: Annotated[str, typer.Argument(help="The recipient contract's id.")],
    evidence: Annotated[
        str | None, typer.Option("--evidence", help="Where the recipient's confirmation is filed.")
    ] = None,
    deny: Annotated[bool, typer.Option("--deny", help="Drop what waits for a second person.")] = False,
    by: Annotated[str, typer.Option("--by", help="Who decides; the log names the operator.")] = OPERATOR.ref,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would count no more.")] = False,
) -> None:
    """Put on record that a recipient deleted all that it received; a second person confirms: limits start anew."""
    from gateway.flows.confirm_deletion import Officer

    if deny is (evidence is not None):
        raise WrongUsage("give one of --evidence and --deny")
    name, officer = RecipientId(recipient), Officer(OPERATOR, by)
    with options.gateway() as gateway:
        flow = gateway.confirm_deletion
        if evidence is None:
            done = flow.deny(name, officer, dry_run=dry_run)
        else:
            done = flow(name, evidence, officer, dry_run=dry_run)
    options.emit(
        {"recipient": recipient, "releases": list(done.releases), "dry_run": dry_run, "denied": done.denied,
         "waits": done.waits, "renewed": done.renewed, "advice": done.advice,
         "audit_entry": done.receipt.index if done.receipt else None},
        done.advice,
    )  # fmt: skip


def register(root: typer.Typer) -> None:
    """Add ``release`` beside the groups."""
    command(root, "release")(release)


def release(
    options: Options,
    segment: Id,
    recipient: Annotated[str, typer.Option("--recipient", help="The recipient contract's id.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    form: Annotated[str, typer.Option("--format", help="csv, ndjson or parquet.")] = "csv",
    delta: Annotated[
        bool, typer.Option("--delta", help="Only who entered and who left since the last release.")
    ] = False,
) -> None:
    """Release a segment to a recipient under pseudonyms of its own scope."""
    from gateway.flows.release_segment import ReleaseRequest

    if form not in {"csv", "ndjson", "parquet"}:
        raise WrongUsage("--format is csv, ndjson or parquet")
    if not out.absolute().parent.is_dir():
        raise WrongUsage("the folder of --out does not exist")
    request = ReleaseRequest(SegmentId(segment), RecipientId(recipient), form, delta)  # type: ignore[arg-type] # checked above
    with options.gateway() as gateway:
        released = gateway.release(request, OPERATOR)
        write_durably(out, released.value.data)
    d, entry = released.value.disclosure, released.receipt.index
    options.emit(
        {"release": d.release, "snapshot": d.snapshot, "size": d.size, "entered": d.entered, "left": d.left,
         "sha256": d.sha256, "audit_entry": entry, "file": str(out)},
        f"{d.kind} for {recipient}: {d.size:,} people, {d.entered:,} entered, {d.left:,} left; "
        f"in {out} (log entry {entry})",
    )  # fmt: skip
