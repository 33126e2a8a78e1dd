"""``audit``: verify, show, export and prove entries, tell people who saw their data, and keep the log."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.terminal import OPERATOR, Options, command, input_file, output_folder, subject_of
from gateway.cli.usage import WrongUsage
from gateway.foundation.errors import InvalidInput
from gateway.foundation.files import write_durably
from gateway.vocabulary.names import RequestId

if TYPE_CHECKING:
    from gateway.flows.who_saw import WhoSawAnswer

app = typer.Typer()
Subject = Annotated[str, typer.Option("--subject", help="TYPE:VALUE; TYPE:- reads the value from stdin.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]
REASONS = ("needed_for_rights", "not_needed_for_rights", "protects_employee")


@command(app, "verify")
def verify(
    options: Options,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="A tlog-policy file with the log's keys, kept apart from the log.")
    ] = None,
    vkeys: Annotated[list[str] | None, typer.Option("--vkey", help="A verifier key; may be repeated.")] = None,
) -> None:
    """Verify the whole log; works beside a running service and without the gateway's keys."""
    from gateway.wiring import verify_log

    if policy is not None and vkeys:
        raise WrongUsage("give --policy or --vkey, not both")
    log = options.settings().home / "audit"
    if not log.is_dir():
        raise InvalidInput(f"there is no log at `{log}`: name a gateway's home by --home")
    shards = verify_log(log, policy and input_file(policy), vkeys or ())
    found = [{"origin": s.origin, "entries": s.size, "minimum": s.minimum, "root": s.root.hex()} for s in shards]
    total = sum(shard.size for shard in shards)
    pruned = sum(shard.minimum for shard in shards)
    words = [f"{s.origin}: {s.size:,} entries, root {s.root.hex()}{_less(s.minimum)}" for s in shards]
    options.emit(
        {"verified": True, "entries": total, "shards": found},
        "\n".join([*words, f"verified: {total:,} entries{_less(pruned)}"]),
    )


def _less(pruned: int) -> str:
    """Say of how many entries only the tree was there to be checked."""
    return f", of which {pruned:,} are pruned and were not seen" if pruned else ""


@command(app, "keys")
def keys(options: Options) -> None:
    """Print the log's verifier keys as a tlog-policy; give it to those who check, by another way than the log."""
    with options.desk() as desk:
        shards = desk.log.shards()
    lines = [f"log {vkey}" for shard in shards for vkey in shard.vkeys]
    vkeys = {shard.name: list(shard.vkeys) for shard in shards}
    options.emit({"vkeys": vkeys}, "\n".join([*lines, "quorum none"]))


@command(app, "show")
def show(
    options: Options, last: Annotated[int, typer.Option("--last", min=1, max=10_000, help="How many.")] = 20
) -> None:
    """Show the newest entries, oldest first."""
    with options.desk() as desk:
        entries = desk.log.show(OPERATOR, last=last)
    lines = [
        f"{e['ts'][:19]}  {e['action']:<20} {e['decision']:<7} {e.get('purpose') or '':<22} "
        f"{e.get('segment') or e.get('source') or '':<22} {e.get('members') or e.get('rows') or ''}".rstrip()
        for e in entries
    ]
    options.emit({"entries": entries}, "\n".join(lines))


@command(app, "export")
def export(
    options: Options,
    form: Annotated[str, typer.Option("--format", help="ndjson, csv, ocsf or cloudevents.")] = "ndjson",
    out: Annotated[Path | None, typer.Option("--out", help="A file; stdout when not given.")] = None,
) -> None:
    """Export every entry; without --out to stdout, with --json inside the one object."""
    from gateway.flows.read_log import FORMATS

    if form not in FORMATS:
        raise WrongUsage(f"--format is one of {', '.join(FORMATS)}")
    with options.desk() as desk:
        lines = desk.log.export(OPERATOR, form)
        if out is not None:
            _write(out, lines)
        elif options.json:
            text = b"".join(lines).decode()
            rows = {"csv": text} if form == "csv" else {"entries": [json.loads(line) for line in text.splitlines()]}
            options.emit({"format": form} | rows, "")
            return
        else:
            sys.stdout.buffer.writelines(lines)
            return
    options.emit({"format": form, "file": str(out)}, f"exported to {out}")


def _write(out: Path, lines: Iterator[bytes]) -> None:
    """Write beside the file first: what is there stays whole when the disk is full."""
    beside = out.with_name(f".{out.name}.new")
    try:
        with beside.open("wb") as file:
            file.writelines(lines)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)


@command(app, "prove")
def prove(
    options: Options,
    index: Annotated[int, typer.Argument(min=0, help="The entry's index in its shard.")],
    shard: Annotated[str | None, typer.Option("--shard", help="A quarter, as 2026q4; else the present one.")] = None,
) -> None:
    """Print an entry with the proof that it stands in the log."""
    with options.desk() as desk:
        proof = desk.log.proof(index, shard)
    options.emit({"index": index, "shard": shard, "proof": proof}, proof.removesuffix("\n"))


@command(app, "who-saw")
def who_saw(
    options: Options,
    subject: Subject,
    decision: Annotated[
        str | None, typer.Option("--decision", help="The officer's decision to tell who looked.")
    ] = None,
    with_key: Annotated[bool, typer.Option("--with-key", help="Add the person's audit key.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="A folder for each entry and its proof.")] = None,
) -> None:
    """Tell who saw a person's data: every entry that concerns them, each with its proof (Art. 15)."""
    from gateway.flows.who_saw import WhoSawRequest

    wanted = WhoSawRequest(subject_of(subject), RequestId(decision) if decision else None, with_key)
    folder = output_folder(out)
    with options.gateway() as gateway:
        answer = gateway.who_saw(wanted, OPERATOR).value
    if folder is not None:
        write_consultations(folder, answer)
    options.emit(
        asdict(answer), "\n".join(map(_consultation, answer.entries)) or "nobody: no entry concerns this person"
    )


def _consultation(entry: dict[str, Any]) -> str:
    who = entry["actor"].get("reference") or entry["actor"]["role"]
    about = entry.get("recipient") or entry.get("segment") or entry.get("source") or ""
    fields = ", ".join(entry.get("fields", ()))
    place = f"{entry['shard']}/{entry['index']}"
    line = f"{entry['ts'][:19]}  {entry['action']:<20} {who:<14} {entry.get('purpose', ''):<22} {about:<20}"
    return f"{line} {place}  {fields}".rstrip()


def write_consultations(out: Path, answer: WhoSawAnswer) -> None:
    """Write ``<shard>-<index>.entry`` and ``.tlog-proof`` for each entry; ``python -m audit check`` reads both.

    The person's audit key goes into ``audit-key``, for ``python -m audit scan``.
    """
    for entry in answer.entries:
        name = f"{entry['shard']}-{entry['index']}"
        write_durably(out / f"{name}.entry", base64.b64decode(entry["entry"]))
        write_durably(out / f"{name}.tlog-proof", entry["proof"].encode())
    if answer.audit_key is not None:
        write_durably(out / "audit-key", f"{answer.audit_key}\n".encode())


@command(app, "decide-identities")
def decide_identities(
    options: Options,
    subject: Subject,
    reason: Annotated[str, typer.Option("--reason", help=f"{', '.join(REASONS)}.")],
    permit: Annotated[bool, typer.Option("--permit/--deny", help="Whether the person is told.")],
) -> None:
    """Decide whether a person is told which employees looked; the decision is an entry of the log."""
    if reason not in REASONS:
        raise WrongUsage(f"--reason is one of {', '.join(REASONS)}")
    with options.gateway() as gateway:
        decision = gateway.who_saw.decide(subject_of(subject), OPERATOR, permit=permit, reason=reason)
    options.emit({"decision": decision, "permit": permit}, decision)


@command(app, "rotate-keys")
def rotate_keys(
    options: Options,
    finish: Annotated[bool, typer.Option("--finish", help="Only the new keys sign from now on.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Put new signing keys in force beside the old ones; with --finish let the old ones go."""
    with options.gateway() as gateway:
        turn = gateway.keep_log.finish_rotation if finish else gateway.keep_log.begin_rotation
        turn(OPERATOR, dry_run=dry_run)
    with options.gateway() as gateway:  # opening the log puts the keys in force
        vkeys = gateway.log.shards()[-1].vkeys
    step = "finished" if finish else "begun"
    options.emit(
        {"rotation": step, "dry_run": dry_run, "vkeys": list(vkeys)},
        "\n".join([f"rotation {'would be ' if dry_run else ''}{step}; keys in force:", *vkeys]),
    )


@command(app, "prune")
def prune(
    options: Options,
    dry_run: DryRun = False,
) -> None:
    """Remove the entries of quarters whose retention period is over; proofs given out stay valid."""
    with options.gateway() as gateway:
        shards = gateway.keep_log.prune(OPERATOR, dry_run=dry_run)
    words = [f"{'would prune' if dry_run else 'pruned'} {s.shard}: {s.entries:,} entries" for s in shards]
    options.emit(
        {"dry_run": dry_run, "pruned": [asdict(shard) for shard in shards]},
        "\n".join(words) or "nothing to prune: no quarter's retention period is over",
    )
