"""The shape of ``sources.yaml``: what each column of a source holds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from gateway.policy.models import ColumnName, Country, Id, Language, Model, NoticeVersion, Title, Words
from gateway.vocabulary.consents import ExpressedBy
from gateway.vocabulary.contracts import ConsentForm, SourceKind


class FieldColumnModel(Model):
    """A column that holds a field; ``region`` and ``region_column`` guide phone numbers."""

    field: Id
    region: Country | None = None
    region_column: ColumnName | None = None
    format: Words | None = None
    language: Language | None = None
    language_column: ColumnName | None = None


class ConsentColumnModel(Model):
    """A column that holds a choice for one purpose."""

    consent: Id
    form: ConsentForm
    notice: NoticeVersion | None = None
    language: Annotated[Language, Field(description="Of the notice.")] | None = None
    by: Annotated[
        Literal[ExpressedBy.SELF, ExpressedBy.GUARDIAN], Field(description="Where `by_column` says nothing.")
    ] = ExpressedBy.SELF
    evidence_column: Annotated[ColumnName, Field(description="Holds a reference, never a name.")] | None = None
    by_column: Annotated[ColumnName, Field(description="Holds self, guardian or controller.")] | None = None
    valid_until_column: Annotated[ColumnName, Field(description="Ends a dated yes: ISO 8601.")] | None = None


class IgnoredColumnModel(Model):
    """A column that is not taken in at all, and why."""

    ignored: Words


def _column_tag(value: Any) -> str:
    if isinstance(value, str):
        return "name"
    keys = value if isinstance(value, dict) else {}
    return next((tag for tag in ("consent", "ignored") if tag in keys), "field")


ColumnModel = Annotated[
    Annotated[Id, Tag("name")]
    | Annotated[FieldColumnModel, Tag("field")]
    | Annotated[ConsentColumnModel, Tag("consent")]
    | Annotated[IgnoredColumnModel, Tag("ignored")],
    Discriminator(_column_tag),
]


class SourceModel(Model):
    """Which column of a source is which field, and what it may be stored for."""

    id: Id
    title: Title
    kind: SourceKind
    purposes: Annotated[list[Id], Field(min_length=1)]
    subject: Annotated[list[Id], Field(min_length=1, description="Identifiers, strongest first.")]
    columns: Annotated[dict[ColumnName, ColumnModel], Field(min_length=1)]
    event: Id | None = None
    time: ColumnName | None = None
    time_format: Words | None = None
    encoding: Words | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    quarantine_days: Annotated[int, Field(ge=1, le=90)] = 30


class SourcesFile(Model):
    """``sources.yaml``."""

    sources: list[SourceModel]
