"""Versions read before they bite, and ``why``: of the policy in force, and of one person."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from gateway.api.answers import Answer
from gateway.api.authentication import Guarded, TheGateway
from gateway.api.bodies import Body, Identifier, SubjectBody
from gateway.api.policies import Number, OfficerKey
from gateway.api.problems import documented
from gateway.api.releasing import releases
from gateway.flows.read_policy import Question, ReadVersions
from gateway.flows.register_clients import actor_of
from gateway.flows.released import Released
from gateway.foundation.errors import InvalidInput
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, SegmentId, SourceId

router = APIRouter(prefix="/v1", route_class=Guarded)
Against = Annotated[
    str | None,
    Query(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$", description="The version before; the one in force if none."),
]
Language = Literal["en", "fi", "hu", "uk"]


class FindingAnswer(Answer):
    """A doubt about a pack: where it stands, and what to do."""

    code: str = Field(examples=["rule_never_fires"])
    severity: Literal["error", "warning"] = Field(description="An error: the pack does not do what it says.")
    file: str = Field(examples=["rules/permissions.yaml"])
    line: int | None
    key: str = Field(description="The entry, never a value.", examples=["segment-analytics"])
    rule: str | None
    message: str
    remedy: str


class LintAnswer(Answer):
    """What is doubtful about a version, errors first."""

    findings: list[FindingAnswer]
    errors: int
    warnings: int
    words: list[str] = Field(description="A line for each finding.")


class DiffAnswer(Answer):
    """How a version differs from another, and which decisions differ because of it."""

    old: str = Field(description="The label of the version before: pack, number and digest.")
    new: str = Field(description="The label of the version.")
    at: dt.datetime = Field(description="The instant at which both were asked.")
    widens: bool = Field(description="Whether anything is permitted that was not before.")
    entries: list[dict[str, Any]] = Field(description="What the files say differently.")
    decisions: list[dict[str, Any]] = Field(description="Requests that are answered differently.")
    segments: list[dict[str, Any]] = Field(description="Segments that are answered differently.")
    redefined: list[dict[str, Any]] = Field(
        description="Segments with other conditions than before, and the segments and traits that they name."
    )
    requests_compared: int
    complete: bool = Field(description="Whether every request was compared; where not, it counts as widening.")
    words: list[str] = Field(description="The same in words; `!` stands before what widens.")


class WhyAnswer(Answer):
    """Each decision that the question may mean."""

    pack: str = Field(description="The label of the policy in force.")
    language: Language
    decisions: list[dict[str, Any]] = Field(description="What was asked, the answer, and its rules or reasons.")
    words: list[str] = Field(description="The same in words; `+` stands before a yes, `-` before a no.")


class PersonWhyAnswer(Answer):
    """Whether a person takes part in a purpose now, and why; of one shape for somebody unknown."""

    purpose: str = Field(examples=["direct_marketing"])
    legal_basis: str = Field(examples=["consent"])
    at: dt.datetime
    permits: bool = Field(description="By the person's choices, age and restrictions.")
    bit: bool = Field(description="What the next query sees; the same, or the sweep of permissions is due.")
    covered: bool = Field(description="Whether the person's row is seen through what the policy opens.")
    reasons: list[str] = Field(description="Codes of what closes it.", examples=[["withdrawn"]])
    words: list[str] = Field(description="The reasons in words, or that nothing closes it.")
    governing: dict[str, Any] | None = Field(description="The choice that governs.")
    restriction: dict[str, Any] | None = Field(description="The restriction on record (Art. 18).")
    consent_ends: dt.datetime | None
    minimum_age: dict[str, Any] | None = Field(description="Of the purpose, otherwise and by country (Art. 8).")
    of_age_from: dt.date | None = Field(description="`null`: of age, or nobody asks.")
    age_known: bool
    retention_days: dict[str, int] = Field(description="Stored column → days.")
    policy: dict[str, Any] = Field(description="What the policy says of the purpose, whoever it is.")


class WhyQuery(Body):
    """What is asked about; what is not given stands for each that the policy has."""

    field: list[Identifier] | None = Field(
        None, min_length=1, max_length=50, description="Ids of fields; several: together.", examples=[["gender"]]
    )
    recipient: Identifier | None = Field(None, description="A recipient's id.")
    source: Identifier | None = Field(None, description="A source's id.")
    purpose: Identifier | None = Field(None, description="A purpose's id.")
    action: Literal["store", "segment", "release"] | None = Field(None, description="What is to be done.")
    segment: Identifier | None = Field(None, description="A segment's id; it stands alone.")
    language: Language = Field("en", description="Of the words.")


class PersonWhyBody(Body):
    """Ask why a person takes part in a purpose, or does not."""

    subject: SubjectBody
    purpose: Identifier = Field(description="The id of a purpose of the policy.", examples=["direct_marketing"])
    language: Language = "en"


@router.get(
    "/policies/{version}/lint",
    tags=["policies"],
    operation_id="lint_policy",
    summary="Find what is doubtful in a version",
    response_model=LintAnswer,
    responses=documented(401, 403, 404, 422, 503),
)
def lint_policy(
    version: Number,
    gateway: TheGateway,
    client: OfficerKey,  # noqa: ARG001 - named for its scope
) -> dict[str, Any]:
    """Look for contradictions, rules without effect, gaps and proxies; nothing changes."""
    return dataclasses.asdict(ReadVersions(gateway.house).lint(version))


@router.get(
    "/policies/{version}/diff",
    tags=["policies"],
    operation_id="diff_policy",
    summary="Compare a version with another",
    response_model=DiffAnswer,
    responses=documented(401, 403, 404, 422, 503),
)
def diff_policy(
    version: Number,
    gateway: TheGateway,
    client: OfficerKey,  # noqa: ARG001 - named for its scope
    against: Against = None,
) -> dict[str, Any]:
    """Say what differs from another version, or from the one in force, and which decisions differ because of it.

    Both are compared as they were drafted.
    """
    told, words = ReadVersions(gateway.house).diff(version, against)
    return told | {"words": words}


@router.get(
    "/why",
    tags=["policies"],
    operation_id="explain_policy",
    summary="Say why the policy permits or denies",
    response_model=WhyAnswer,
    responses=documented(401, 403, 422, 503),
)
def explain_policy(
    asked: Annotated[WhyQuery, Query()],
    gateway: TheGateway,
    client: OfficerKey,  # noqa: ARG001 - named for its scope
) -> dict[str, Any]:
    """Ask the policy in force, with what officers decided of columns: each decision, its reasons and its rules."""
    decisions, words = ReadVersions(gateway.house).why(_question(asked), asked.language)
    label = gateway.house.catalogue.label
    return {"pack": label, "language": asked.language, "decisions": decisions, "words": words}


def _question(asked: WhyQuery) -> Question | SegmentId:
    """Return what is asked; raises ``InvalidInput`` for nothing, and for a segment and more."""
    names = (asked.field, asked.recipient, asked.source, asked.purpose)
    if asked.segment is not None:
        if any((*names, asked.action)):
            raise InvalidInput("a segment has its own purpose and fields: ask of it alone", reasons=("segment_alone",))
        return SegmentId(asked.segment)
    if not any(names):
        raise InvalidInput(
            "name what the question is about: field, recipient, segment, source or purpose", reasons=("no_question",)
        )
    return Question(
        fields=frozenset(map(FieldId, asked.field)) if asked.field else None,
        action=Action(asked.action) if asked.action else None,
        purpose=PurposeId(asked.purpose) if asked.purpose else None,
        recipient=RecipientId(asked.recipient) if asked.recipient else None,
        source=SourceId(asked.source) if asked.source else None,
    )


@router.post(
    "/consents/why",
    tags=["people"],
    operation_id="explain_person",
    summary="Say why a person takes part in a purpose or not",
    response_model=PersonWhyAnswer,
    responses=documented(400, 401, 403, 413, 415, 422, 500, 503),
)
@releases
def explain_person(body: PersonWhyBody, gateway: TheGateway, client: OfficerKey) -> Released[dict[str, Any]]:
    """Return which choice, age or period decides it. The look is on record; somebody unknown is `not_stored`."""
    found = gateway.why_person(body.subject.pair, PurposeId(body.purpose), actor_of(client), language=body.language)
    return found.map(dataclasses.asdict)
