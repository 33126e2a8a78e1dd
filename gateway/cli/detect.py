"""What detection finds in columns or in texts, for anybody to measure: ``detect columns``, ``detect text``."""

from __future__ import annotations

import contextlib
import enum
import json
import sys
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from gateway.cli.terminal import Options, command, input_file

if TYPE_CHECKING:
    from gateway.flows.detect_columns import FileFindings

app = typer.Typer()


class Language(enum.StrEnum):
    """The languages that names inflect in."""

    FI = "fi"
    HU = "hu"
    UK = "uk"
    EN = "en"


@command(app, "columns")
def columns(
    options: Options,
    file: Annotated[Path, typer.Argument(help="A CSV or JSON-lines file.", show_default=False)],
    context: Annotated[str | None, typer.Option(help="What the rows are, in a word: customer, order…")] = None,
) -> None:
    """Tell what each column seems to hold, how surely, and why; no value is ever printed. Needs no home folder."""
    from gateway.wiring import column_detector

    counter = options.counter()
    with input_file(file).open("rb") as stream:
        found = column_detector(options.settings())(stream, name=file.name, context=context, progress=counter)
    if counter:
        typer.echo("", err=True)
    options.emit(_as_json(found), _words(found))


def _as_json(found: FileFindings) -> dict[str, Any]:
    return {
        "file": found.file,
        "rows": found.rows,
        "rows_set_aside": found.set_aside,
        "columns": [
            {
                "name": each.column,
                "category": each.category,
                "kind": each.kind.value if each.kind is not None else "unknown",
                "confidence": round(each.confidence, 2),
                "evidence": list(each.evidence),
                "field": each.field,
                "article": each.article,
                "reveals": list(each.reveals),
            }
            for each in found.columns
        ],
    }


def _words(found: FileFindings) -> str:
    rows = [(_printable(each.column), each.category, each.confidence, each.evidence) for each in found.columns]
    first = max((len(name) for name, *_ in rows), default=0)
    second = max((len(category) for _, category, *_ in rows), default=0)
    aside = f", {found.set_aside:,} more could not be read" if found.set_aside else ""
    lines = [f"{found.file}: {found.rows:,} rows{aside}"]
    lines += [
        f"{name:<{first}}  {category:<{second}}  {sure:.2f}  {'; '.join(why)}" for name, category, sure, why in rows
    ]
    return "\n".join(lines)


def _printable(name: str) -> str:
    """A header is somebody's input: it must not steer a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)


@command(app, "text")
def text(
    options: Options,
    file: Annotated[
        Path | None, typer.Argument(help="JSON lines; standard input where none is named.", show_default=False)
    ] = None,
    lang: Annotated[Language | None, typer.Option(help="The language of lines that give none; else guessed.")] = None,
) -> None:
    """Find what identifies a person in texts: JSON lines in, one answer for each line out, in order.

    A line is {"text": ..., "identifiers"?: {"given_name": ..., ...}, "lang"?: ..., "id"?: ...}: the identifiers are the
    person's own, by category or field, looked for in any form. The answer is {"spans": [{"start", "end", "category",
    "confidence"}], "id"?}; start and end count code points of the text, end is exclusive. A line that cannot be read is
    answered {"error": "line 3: ..."} and the exit status is 1. Needs no home folder.
    """
    from gateway.wiring import text_detector

    failed = False
    number = 0
    with _lines(file) as stream:
        for answers in text_detector(options.settings())(stream, language=lang):
            failed = failed or any("error" in answer for answer in answers)
            said = [
                json.dumps(answer, ensure_ascii=False) if options.json else _in_words(place, answer)
                for place, answer in enumerate(answers, number + 1)
            ]
            number += len(answers)
            sys.stdout.write("\n".join(said) + "\n")
            sys.stdout.flush()
    if failed:
        raise typer.Exit(1)


@contextlib.contextmanager
def _lines(file: Path | None) -> Iterator[BufferedIOBase]:
    if file is None:
        yield cast("BufferedIOBase", sys.stdin.buffer)
        return
    with input_file(file).open("rb") as stream:
        yield stream


def _in_words(number: int, answer: dict[str, Any]) -> str:
    if "error" in answer:
        return str(answer["error"])
    spans = [f"{each['start']}-{each['end']} {each['category']} ({each['confidence']:.2f})" for each in answer["spans"]]
    return f"line {number}: {', '.join(spans) or 'nothing found'}"
