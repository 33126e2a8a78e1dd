"""``inbox``: columns that no contract declares: list them, take what is proposed, or decide otherwise."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.terminal import OPERATOR, Options, command
from gateway.cli.usage import WrongUsage
from gateway.vocabulary.names import FieldId, SourceId

if TYPE_CHECKING:
    from gateway.flows.classify_columns import InboxItem, InboxState, Wish
    from gateway.flows.confirm_deletion import DeletionProposal

app = typer.Typer()
Source = Annotated[str, typer.Argument(help="The source contract's id.")]
Column = Annotated[str, typer.Argument(help="The column as `inbox list` shows it, or its entry's id.")]
Format = Annotated[str | None, typer.Option("--format", help="Of dates and instants, as in strptime; of numbers.")]
Note = Annotated[str | None, typer.Option("--note", help="Why; it stays in the inbox.")]
By = Annotated[str, typer.Option("--by", help="Who decides; it stays in the inbox, the log names the operator.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]


@command(app, "list")
def list_all(
    options: Options,
    state: Annotated[str | None, typer.Option("--state", help="pending, proposed or decided.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Of one source.")] = None,
) -> None:
    """List the columns that wait, for whom, with what they seem to hold, and those decided, with who and when.

    A header may be somebody's name, so the look is on record.
    """
    wanted = _state(state)
    with options.gateway() as gateway:
        items = gateway.inbox.list(OPERATOR, state=wanted, source=SourceId(source) if source else None).value
        deletions = gateway.confirm_deletion.waiting()
        policy = gateway.house.catalogue.label
    lines = [*map(_words, items), *map(_deletion_words, deletions)]
    told = {"entries": [asdict(item) for item in items], "deletions": [asdict(each) for each in deletions]}
    options.emit({"policy": policy} | told, "\n".join(lines) or "nothing: every column is declared or decided")


@command(app, "accept")
def accept(  # noqa: PLR0913, PLR0917 -- each is an option of the command
    options: Options,
    source: Source,
    column: Column,
    form: Format = None,
    note: Note = None,
    by: By = OPERATOR.ref,
    dry_run: DryRun = False,
) -> None:
    """Read a column into the field that is proposed; the same by a second person confirms it (four eyes)."""
    from gateway.flows.classify_columns import Wish

    _decide(options, (source, column), Wish(None, format=form, note=note), by, dry_run=dry_run)


@command(app, "override")
def override(  # noqa: PLR0913, PLR0917 -- each is an option of the command
    options: Options,
    source: Source,
    column: Column,
    field: Annotated[str | None, typer.Option("--field", help="Read it into this field of the catalogue.")] = None,
    ignore: Annotated[bool, typer.Option("--ignore", help="Do not take it in at all.")] = False,
    keep_sealed: Annotated[bool, typer.Option("--keep-sealed", help="Leave it in quarantine; do not ask.")] = False,
    form: Format = None,
    note: Note = None,
    by: By = OPERATOR.ref,
    dry_run: DryRun = False,
) -> None:
    """Decide otherwise than proposed: another field (a second person confirms it), ignored, or kept sealed."""
    from gateway.flows.classify_columns import Classification, Wish

    if sum((field is not None, ignore, keep_sealed)) != 1:
        raise WrongUsage("give one of --field, --ignore and --keep-sealed")
    kind = Classification.IGNORED if ignore else Classification.KEPT_SEALED if keep_sealed else Classification.FIELD
    wish = Wish(kind, FieldId(field) if field is not None else None, form, note)
    _decide(options, (source, column), wish, by, dry_run=dry_run)


def _decide(options: Options, place: tuple[str, str], wish: Wish, by: str, *, dry_run: bool) -> None:
    from gateway.flows.classify_columns import Officer

    source, column = place
    with options.gateway() as gateway:
        entry = gateway.inbox.find(SourceId(source), column)
        done = gateway.inbox.decide(entry, wish, Officer(OPERATOR, by), dry_run=dry_run).value
    options.emit(asdict(done) | {"advice": done.advice}, f"{_words(done.item)}\n{done.advice}")


def _state(text: str | None) -> InboxState | None:
    from gateway.flows.classify_columns import InboxState

    if text is None:
        return None
    if text not in set(InboxState):
        raise WrongUsage("--state is pending, proposed or decided")
    return InboxState(text)


def _words(item: InboxItem) -> str:
    proposed = f"proposed {item.field}" if item.field else "nothing proposed"
    found = f"{item.category} ({item.confidence:.2f}), {proposed}"
    seen = f"{item.batches} batches, last {item.last_seen:%Y-%m-%d}"
    lines = [
        f"{item.state:<8} {item.effect:<8} {item.source}  {item.column}  {found}; {seen}",
        f"         {'; '.join(item.evidence)}",
    ]
    lines += [f"         {reason}" for reason in item.because]
    lines += [
        f"         {d.at:%Y-%m-%d %H:%M} {d.by}: {d.field or d.classification}{f' ({d.note})' if d.note else ''}"
        f"{f', confirmed by {d.confirmed_by}' if d.confirmed_by else ''}"
        for d in item.decisions
    ]
    if (p := item.proposal) is not None:
        what = f"{p.field or p.classification}{f' ({p.note})' if p.note else ''}"
        lines.append(f"         {p.at:%Y-%m-%d %H:%M} {p.by} proposes {what}: {_waiting(p.opens, void=p.void)}")
    return "\n".join(lines)


def _deletion_words(proposal: DeletionProposal) -> str:
    p = proposal
    return (
        f"proposed deletion {p.recipient}  evidence {p.evidence}\n"
        f"         {p.at:%Y-%m-%d %H:%M} {p.by} proposes it: {_waiting(p.opens, void=p.void)}"
    )


def _waiting(opens: str, *, void: bool) -> str:
    stands = "void, what is in force has changed since" if void else "waits for the same by another person"
    return f"{stands}; opens sha256 {opens[:12]}…"
