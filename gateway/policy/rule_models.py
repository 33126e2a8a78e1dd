"""The shape of ``rules/*.yaml`` and ``cases/*.yaml``: closed and typed, no expression language."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.policy.models import (
    Article,
    Category,
    Country,
    Days,
    Id,
    Instant,
    Model,
    RuleName,
    Sensitive,
    Texts,
    Words,
)
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.fields import FieldKind


class FieldsMatcher(Model):
    """Fields by what the catalogue says of them; every given key must hold. ``any`` stands for each category."""

    ids: Annotated[list[Id], Field(min_length=1)] | None = None
    categories: Annotated[list[Category], Field(min_length=1)] | None = None
    kinds: Annotated[list[FieldKind], Field(min_length=1)] | None = None
    special: Literal["any"] | Annotated[list[Sensitive], Field(min_length=1)] | None = None
    reveals: Literal["any"] | Annotated[list[Sensitive], Field(min_length=1)] | None = None


class PartiesModel(Model):
    """Which parties a rule is about; a key that is not given sets no limit."""

    sources: Annotated[list[Id], Field(min_length=1)] | None = None
    recipients: Annotated[list[Id], Field(min_length=1)] | None = None
    jurisdictions: Annotated[list[Country], Field(min_length=1, description="The recipient's country.")] | None = None
    outside_jurisdictions: Annotated[list[Country], Field(min_length=1)] | None = None


class WhenModel(PartiesModel):
    """When a rule concerns a request; a key that is not given sets no limit."""

    actions: Annotated[list[Action], Field(min_length=1)] | None = None
    purposes: Annotated[list[Id], Field(min_length=1)] | None = None


class LimitedWhenModel(PartiesModel):
    """A permission always says for what: actions and purposes are named."""

    actions: Annotated[list[Action], Field(min_length=1)]
    purposes: Annotated[list[Id], Field(min_length=1)]


Age = Annotated[int, Field(ge=1, le=90)]


class PermittedPeopleModel(Model):
    """Whom a permission is for: every given key must hold; what is not known of a person does not hold."""

    minimum_age: Annotated[Age | None, Field(description="By the stored age band: all of it must be old enough.")] = (
        None
    )
    regions: Annotated[list[Country], Field(min_length=1, description="The person's country.")] | None = None
    consents: Annotated[list[Id], Field(min_length=1, description="Purposes that they consent to as well.")] | None = (
        None
    )


class ProhibitedPeopleModel(Model):
    """Whom a prohibition leaves out: those for whom every given key holds, or may hold as far as is known."""

    younger_than: Age | None = None
    regions: Annotated[list[Country], Field(min_length=1, description="The person's country.")] | None = None
    without_consents: Annotated[list[Id], Field(min_length=1, description="Lacking any of these.")] | None = None


class RuleModel(Model):
    """What every rule has."""

    id: RuleName
    article: Article
    rationale: Texts
    remedy: Texts | None = None


class PermissionModel(RuleModel):
    """Opens fields; ``fields: []`` opens membership only. With ``people``, for those people only."""

    kind: Literal["permission"]
    when: LimitedWhenModel
    people: PermittedPeopleModel | None = None
    fields: list[FieldsMatcher]


class ProhibitionModel(RuleModel):
    """Closes fields (any matcher holds), or fields that must not come together, or with neither the whole request.

    With ``people`` it leaves those people out instead, wherever it would have closed.
    """

    kind: Literal["prohibition"]
    when: WhenModel = WhenModel()
    people: ProhibitedPeopleModel | None = None
    fields: Annotated[list[FieldsMatcher], Field(min_length=1)] | None = None
    never_together: Annotated[list[Id], Field(min_length=2)] | None = None


class ObligationModel(RuleModel):
    """Sets a minimum size, or how far back values of ``fields`` (not given: of all) and their events are seen."""

    kind: Literal["obligation"]
    when: WhenModel = WhenModel()
    minimum_size: Annotated[int, Field(ge=5)] | None = None
    look_back_days: Days | None = None
    fields: Annotated[list[FieldsMatcher], Field(min_length=1)] | None = None


AnyRule = Annotated[PermissionModel | ProhibitionModel | ObligationModel, Field(discriminator="kind")]


class RulesFile(Model):
    """``rules/*.yaml``."""

    rules: Annotated[list[AnyRule], Field(min_length=1)]


class RequestModel(Model):
    """May this be done? Names need not exist: a case may show that the unknown is denied."""

    action: Action
    purpose: Words
    at: Instant | None = None
    fields: Annotated[list[Words] | None, Field(description="Not given: all that the purpose permits.")] = None
    source: Words | None = None
    recipient: Words | None = None
    chosen_by: Annotated[tuple[Words, ...], Field(description="Fields that choose who is in what is released.")] = ()
    received: Annotated[tuple[Words, ...], Field(description="Fields that the recipient has had before.")] = ()


class PermitModel(Model):
    """The expected yes; lists are exact, keys that are not given are left open."""

    decision: Literal["permit"]
    columns: list[Id] | None = None
    identifiers: list[Id] | None = None
    withheld: list[Id] | None = None
    minimum_size: int | None = None
    rules: Annotated[list[RuleName] | None, Field(description="Every rule that the answer rests on.")] = None
    days: Annotated[dict[Id, Days] | None, Field(description="How far back these columns are seen.")] = None


class ReasonModel(Model):
    """A reason of a denial, without its words."""

    code: Id
    rule: RuleName | None = None
    field: Words | None = None


class DenyModel(Model):
    """The expected no, with exactly these reasons in any order."""

    decision: Literal["deny"]
    reasons: Annotated[list[ReasonModel], Field(min_length=1)]


class CaseModel(Model):
    """A request and the answer that the officer expects."""

    id: RuleName
    rules: Annotated[tuple[RuleName, ...], Field(description="The rules that this case is there to show.")] = ()
    request: RequestModel
    expect: Annotated[PermitModel | DenyModel, Field(discriminator="decision")]


class CasesFile(Model):
    """``cases/*.yaml``; ``at`` is the instant of each case that names none."""

    at: Instant
    cases: Annotated[list[CaseModel], Field(min_length=1)]
