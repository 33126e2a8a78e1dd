"""``policy record`` and ``policy dpia``: what Art. 30 and Art. 35 ask for, made from the policy in force."""

from __future__ import annotations

import enum
import json
from typing import Annotated, Any

import typer

from gateway.cli.consents import LANGUAGES
from gateway.cli.terminal import Options, command
from gateway.cli.usage import WrongUsage


class Form(enum.StrEnum):
    """How a document is written."""

    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"


FormOption = Annotated[Form, typer.Option("--format", help="For people, for spreadsheets, for machines.")]
Language = Annotated[str, typer.Option("--language", help="en, fi, hu or uk.")]


def register(app: typer.Typer) -> None:
    """Put the commands under ``policy``."""
    command(app, "record")(record)
    command(app, "dpia")(dpia)


def record(options: Options, form: FormOption = Form.MARKDOWN, language: Language = "en") -> None:
    """Print the record of processing activities (Art. 30): the policy in force, and protected counts."""
    from gateway.flows.processing_record import record_text

    _check_language(language)
    with options.gateway() as gateway:
        found = gateway.records.record(language)
    options.emit(found, _json(found) if form is Form.JSON else record_text(found, form.value).rstrip("\r\n"))


def dpia(
    options: Options,
    purpose: Annotated[str, typer.Option("--purpose", help="The id of a purpose.")],
    form: FormOption = Form.MARKDOWN,
    language: Language = "en",
) -> None:
    """Print the data sheet for the impact assessment of a purpose (Art. 35): facts, and blanks to fill in."""
    from gateway.flows.processing_record import dpia_text
    from gateway.vocabulary.names import PurposeId

    _check_language(language)
    with options.gateway() as gateway:
        found = gateway.records.dpia(PurposeId(purpose), language)
    options.emit(found, _json(found) if form is Form.JSON else dpia_text(found, form.value).rstrip("\r\n"))


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2)


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise WrongUsage(f"--language is {', '.join(LANGUAGES)}")
