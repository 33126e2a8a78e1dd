"""The shape of the catalogue files of a pack. The JSON Schema for editors is generated from these models."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from gateway.vocabulary.consents import WORD
from gateway.vocabulary.contracts import ScopeMode, TransferSafeguard
from gateway.vocabulary.decisions import END_OF_TIME
from gateway.vocabulary.fields import FieldKind, ValueType
from gateway.vocabulary.purposes import LegalBasis

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
NoticeVersion = Annotated[str, StringConstraints(pattern=rf"^{WORD}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Title = Annotated[dict[Language, Words], Field(description="A title in each language of the pack.")]
Texts = Annotated[
    dict[Language, Words],
    Field(description="A text in each language of the pack; English at least.", json_schema_extra={"required": ["en"]}),
]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Article = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}(\([0-9a-z]+\))*$")]
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Category = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)*$")]
_EARLIEST_YEAR = 1971
_NUMBER = r"(0|[1-9][0-9]{0,5})"  # 01.0.0 would be another name of the same version
_VERSION = rf"^{_NUMBER}\.{_NUMBER}\.{_NUMBER}$"
Days = Annotated[int, Field(ge=1, le=36_500)]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    rf"{_DAY.pattern}T[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,6}})?)?(Z|[+-][0-9]{{2}}:[0-9]{{2}})?"
)


def _read_day(value: Any) -> Any:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return dt.date.fromisoformat(value)
    raise ValueError("a day such as 2027-12-31 is needed")  # a number would be read as seconds since 1970


def _read_instant(value: Any) -> Any:
    if isinstance(value, str) and _INSTANT.fullmatch(value) and _EARLIEST_YEAR <= int(value[:4]) < END_OF_TIME.year:
        return dt.datetime.fromisoformat(value)
    raise ValueError("an instant such as 2026-01-01T00:00:00Z is needed")


Day = Annotated[dt.date, BeforeValidator(_read_day)]
Instant = Annotated[AwareDatetime, BeforeValidator(_read_instant)]
Sensitive = Literal[
    "ethnicity", "politics", "religion", "union", "genetic", "biometric", "health", "sex_life", "criminal"
]


class Model(BaseModel):
    """Unknown keys are refused; values are taken as they stand, never coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ControllerModel(Model):
    """Who answers for the processing (Art. 4(7), 30(1)(a))."""

    name: Words
    contact: Words
    country: Country
    data_protection_officer: Words
    supervisory_authority: Words


class TcfModel(Model):
    """What a TC string means: a purpose has a yes when all of its TCF purposes and the vendor have one."""

    purposes: dict[Id, Annotated[list[Annotated[int, Field(ge=1, le=24)]], Field(min_length=1)]]
    vendor: Annotated[int, Field(ge=1, le=65_535, description="Our id in the Global Vendor List.")] | None = None


class SignalsModel(Model):
    """What signals of browsers and tracking calls mean; what is not named means nothing."""

    gpc: Annotated[list[Id], Field(description="Purposes to which `Sec-GPC: 1` is an objection (Art. 21(5)).")] = []
    categories: Annotated[dict[Words, Id], Field(description="Category of `categoryPreferences` → purpose.")] = {}
    tcf: TcfModel | None = None


class PackFile(Model):
    """``pack.yaml``."""

    id: RuleName
    version: Annotated[str, StringConstraints(pattern=_VERSION)]
    title: Title
    languages: Annotated[list[Language], Field(min_length=1)]
    effective_from: Annotated[Instant, Field(description="The pack permits nothing before this instant.")]
    supersedes: Annotated[str | None, Field(pattern=_VERSION, description="The version that this one replaces.")] = None
    controller: ControllerModel
    signals: SignalsModel = SignalsModel()


Age = Annotated[int, Field(ge=13, le=18)]


class ConsentModel(Model):
    """When a consent counts (Art. 7 and 8)."""

    valid_days: Days
    notices: Annotated[list[NoticeVersion], Field(description="Notice versions under which it counts; empty: any.")]
    minimum_age: Annotated[
        Age | dict[Literal["default"] | Country, Age],
        Field(description="Art. 8(1): 16, or down to 13 by national law; one age, or one by country and a `default`."),
    ]


class PurposeModel(Model):
    """A purpose (Art. 5(1)(b)) on one legal basis (Art. 6(1))."""

    id: Id
    bit: Annotated[int, Field(ge=0, le=62, description="Place in the permission mask; never changes.")]
    title: Title
    legal_basis: LegalBasis
    dpv: Annotated[str, StringConstraints(pattern=r"^dpv:[A-Za-z]+$")]
    profiling: bool
    consent: ConsentModel | None = None
    explicit_consent: Annotated[
        list[Sensitive],
        Field(description="Special categories that the consent names, Art. 9(2)(a); else none is open."),
    ] = []


class PurposesFile(Model):
    """``purposes.yaml``."""

    purposes: Annotated[list[PurposeModel], Field(min_length=1)]


class AgeBandModel(Model):
    """A date of birth becomes an age band."""

    kind: Literal["age_band"]
    years: Annotated[int, Field(ge=2, le=50)]


class PrefixModel(Model):
    """A text becomes its first characters."""

    kind: Literal["prefix"]
    length: Annotated[int, Field(ge=1, le=20)]


class BandModel(Model):
    """A number becomes a band: ``edges: [10, 50]`` makes ``<10``, ``10-50`` (10 is in it, 50 is not) and ``50+``."""

    kind: Literal["band"]
    edges: Annotated[list[Annotated[int, Field(ge=-(2**53), le=2**53)]], Field(min_length=1, max_length=100)]


class RoundModel(Model):
    """A number becomes the nearest multiple of ``step``."""

    kind: Literal["round"]
    step: Annotated[int, Field(ge=2, le=10**12)]


class TopCodeModel(Model):
    """A number over ``limit`` becomes ``limit``."""

    kind: Literal["top_code"]
    limit: Annotated[int, Field(ge=-(2**53), le=2**53)]


class BucketModel(Model):
    """A text becomes one of so many ``buckets`` by a hash."""

    kind: Literal["bucket"]
    buckets: Annotated[int, Field(ge=2, le=1000)]


class PlainTransformModel(Model):
    """``keep``, ``drop`` (nothing is stored), ``month`` and ``year`` (their first day), ``redacted`` (a free text)."""

    kind: Literal["keep", "drop", "month", "year", "redacted"]


TransformModel = Annotated[
    AgeBandModel | PrefixModel | BandModel | RoundModel | TopCodeModel | BucketModel | PlainTransformModel,
    Field(discriminator="kind"),
]


class FieldModel(Model):
    """One entry of the catalogue."""

    id: Id
    title: Title
    category: Category
    dpv: Annotated[str, StringConstraints(pattern=r"^pd:[A-Za-z]+$")]
    kind: FieldKind
    type: ValueType
    column: Annotated[Id | None, Field(description="Stored name; the id when not given. None for direct.")] = None
    transform: TransformModel | None = None
    identifier: Id | None = None
    special: Sensitive | None = None
    reveals: list[Sensitive] = []
    finding: Id | None = None


class FieldsFile(Model):
    """``fields.yaml``."""

    fields: Annotated[list[FieldModel], Field(min_length=1)]


class ScopeModel(Model):
    """How long one pseudonym lives at the recipient; a transaction scope has no epoch."""

    mode: ScopeMode
    epoch_days: Days | None = None


class RecipientModel(Model):
    """What one recipient may receive, until the end of the day ``expires`` (UTC)."""

    id: Id
    title: Title
    purposes: Annotated[list[Id], Field(min_length=1)]
    fields: Annotated[list[Id], Field(description="Attributes beside the pseudonym; [] for none.")]
    scope: ScopeModel
    minimum_size: Annotated[int, Field(ge=5)]
    expires: Day
    approver: Words
    country: Country
    formats: Annotated[list[Literal["csv", "ndjson", "parquet"]], Field(min_length=1)] = ["csv", "ndjson", "parquet"]
    legal_entity: Annotated[
        Id | None, Field(description="The same for all contracts with one company: what it holds counts together.")
    ] = None
    leave_within_days: Annotated[
        int, Field(ge=1, le=30, description="From a withdrawal or an erasure to the delta that tells of it.")
    ] = 3
    safeguard: Annotated[
        TransferSafeguard | None, Field(description="What lets data go there, outside the EEA (Art. 45 to 49).")
    ] = None


class RecipientsFile(Model):
    """``recipients.yaml``."""

    recipients: list[RecipientModel]


class RetentionModel(Model):
    """How long fields may be kept for purposes (Art. 5(1)(e))."""

    purposes: Annotated[list[Id], Field(min_length=1)]
    fields: Annotated[list[Id], Field(min_length=1)]
    days: Days


class RetentionFile(Model):
    """``retention.yaml``."""

    retention: list[RetentionModel]
