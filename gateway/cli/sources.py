"""Files in: ``ingest`` and ``sources propose``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.terminal import OPERATOR, Options, command, input_file
from gateway.vocabulary.names import SourceId

if TYPE_CHECKING:
    from gateway.flows.ingest_report import IngestReport

app = typer.Typer()


def register(root: typer.Typer) -> None:
    """Add ``ingest`` beside the groups."""
    command(root, "ingest")(ingest)


def ingest(
    options: Options,
    file: Annotated[Path, typer.Argument(help="A CSV or JSON-lines file.", show_default=False)],
    source: Annotated[str, typer.Option("--source", help="The source contract's id.")],
) -> None:
    """Take in a file under a source's contract: all of it, or nothing."""
    counter = options.counter()
    with options.gateway() as gateway, input_file(file).open("rb") as stream:
        report = gateway.ingest(
            stream,
            SourceId(source),
            OPERATOR,
            name=file.name,
            progress=counter,
        )
    if counter:
        typer.echo("", err=True)
    options.emit(dataclasses.asdict(report), _words(report))


def _words(report: IngestReport) -> str:
    if report.already_ingested:
        return f"this file was ingested before as {report.batch}: nothing changed"
    lines = [f"{report.rows:,} rows stored from {report.source} as {report.batch}, {report.new_subjects:,} people new"]
    if report.quarantined:
        reasons = ", ".join(f"{reason} {rows}" for reason, rows in sorted(report.quarantined.items()))
        first = ", ".join(map(str, report.quarantined_lines[:10]))
        lines.append(f"{sum(report.quarantined.values())} rows in quarantine: {reasons} (first at line {first})")
    if report.undeclared_columns:
        lines.append(
            f"columns that no contract declares, sealed and not stored: {', '.join(report.undeclared_columns)}"
        )
    lines += [f"not stored: {reason}" for reason in report.withheld_fields.values()]
    counts = {
        "rows refused, erased people who asked never to come back": report.suppressed,
        "events of people we do not know, left out": report.unresolved,
        "weaker identifiers that belong to somebody else, left alone": report.conflicts,
    }
    lines += [f"{words}: {count:,}" for words, count in counts.items() if count]
    return "\n".join(lines)


@command(app, "propose")
def propose(
    options: Options,
    file: Annotated[Path, typer.Argument(help="A CSV or JSON-lines file.", show_default=False)],
    source: Annotated[str, typer.Option("--id", help="The id that the source shall have.")],
) -> None:
    """Look at a file and print a contract proposal with evidence; an officer decides."""
    import yaml

    from gateway.wiring import proposer

    with input_file(file).open("rb") as stream:
        proposal = proposer(options.settings())(stream, SourceId(source), name=file.name)
    evidence: dict[str, Any] = {
        name: {"category": f.category, "confidence": round(f.confidence, 2), "evidence": list(f.evidence)}
        for name, f in proposal.findings.items()
    }
    comments = [
        f"# {name}: {entry['category']} ({entry['confidence']:.2f}): {'; '.join(entry['evidence'])}"
        for name, entry in evidence.items()
    ]
    text = yaml.safe_dump([proposal.contract], allow_unicode=True, sort_keys=False)
    options.emit({"contract": proposal.contract, "columns": evidence}, "\n".join([*comments, text]))
