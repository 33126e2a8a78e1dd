"""The shape of ``rules/*.yaml`` and ``cases/*.yaml``: closed and typed, no expression language."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from gateway.policy.models import Article, Category, Id, Model, RuleName, Sensitive, Words
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.fields import FieldKind


class FieldsMatcher(Model):
    """Fields by what the catalogue says of them; every given key must hold. ``any`` stands for each category."""

    ids: Annotated[list[Id], Field(min_length=1)] | None = None
    categories: Annotated[list[Category], Field(min_length=1)] | None = None
    kinds: Annotated[list[FieldKind], Field(min_length=1)] | None = None
    special: Literal["any"] | Annotated[list[Sensitive], Field(min_length=1)] | None = None
    reveals: Literal["any"] | Annotated[list[Sensitive], Field(min_length=1)] | None = None


class WhenModel(Model):
    """When a rule concerns a request; a key that is not given sets no limit."""

    actions: Annotated[list[Action], Field(min_length=1)] | None = None
    purposes: Annotated[list[Id], Field(min_length=1)] | None = None
    sources: Annotated[list[Id], Field(min_length=1)] | None = None
    recipients: Annotated[list[Id], Field(min_length=1)] | None = None


class LimitedWhenModel(Model):
    """A permission always says for what: actions and purposes are named."""

    actions: Annotated[list[Action], Field(min_length=1)]
    purposes: Annotated[list[Id], Field(min_length=1)]
    sources: Annotated[list[Id], Field(min_length=1)] | None = None
    recipients: Annotated[list[Id], Field(min_length=1)] | None = None


class RuleModel(Model):
    """What every rule has."""

    id: RuleName
    article: Article
    rationale: Words
    remedy: Words | None = None


class PermissionModel(RuleModel):
    """Opens fields; ``fields: []`` opens membership only."""

    kind: Literal["permission"]
    when: LimitedWhenModel
    fields: list[FieldsMatcher]


class ProhibitionModel(RuleModel):
    """Closes fields (any matcher holds), or fields that must not come together, or with neither the whole request."""

    kind: Literal["prohibition"]
    when: WhenModel = WhenModel()
    fields: Annotated[list[FieldsMatcher], Field(min_length=1)] | None = None
    never_together: Annotated[list[Id], Field(min_length=2)] | None = None


class ObligationModel(RuleModel):
    """Sets a minimum size."""

    kind: Literal["obligation"]
    when: WhenModel = WhenModel()
    minimum_size: Annotated[int, Field(ge=5)]


AnyRule = Annotated[PermissionModel | ProhibitionModel | ObligationModel, Field(discriminator="kind")]


class RulesFile(Model):
    """``rules/*.yaml``."""

    rules: Annotated[list[AnyRule], Field(min_length=1)]


class RequestModel(Model):
    """May this be done? Names need not exist: a case may show that the unknown is denied."""

    action: Action
    purpose: Words
    at: AwareDatetime | None = None
    fields: Annotated[list[Words] | None, Field(description="Not given: all that the purpose permits.")] = None
    source: Words | None = None
    recipient: Words | None = None


class PermitModel(Model):
    """The expected yes; lists are exact, keys that are not given are left open."""

    decision: Literal["permit"]
    columns: list[Id] | None = None
    identifiers: list[Id] | None = None
    withheld: list[Id] | None = None
    minimum_size: int | None = None


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

    at: AwareDatetime
    cases: Annotated[list[CaseModel], Field(min_length=1)]
