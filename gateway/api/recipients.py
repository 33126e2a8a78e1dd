"""What recipients hold and owe: who could get a segment, who must still be told of a leave, what was deleted."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from gateway.api.answers import Answer
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.bodies import Body, Identifier
from gateway.api.problems import documented, waiting_for_another
from gateway.flows.confirm_deletion import Officer as Decider
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.foundation.errors import InvalidInput
from gateway.vocabulary.names import RecipientId, SegmentId

router = APIRouter(prefix="/v1", tags=["recipients"], route_class=Guarded)
Officer = Annotated[Client, Depends(Allowed(Scope.OFFICER))]
SegmentPath = Annotated[Identifier, Path(description="The id of a segment.", examples=["loyal_buyers"])]
RecipientPath = Annotated[Identifier, Path(description="The id of a recipient contract.", examples=["mailer"])]
Language = Annotated[Literal["en", "fi", "hu", "uk"], Query(description="Of `words`.")]


class RecipientAnswer(Answer):
    """Whether a recipient could get a segment now; sizes aside, which only a release measures."""

    recipient: str = Field(examples=["mailer"])
    permitted: bool
    reasons: list[str] = Field(description="Of a refusal: rules, fields, and the releases that brought the other part.")
    words: list[str] = Field(description="The decision in the language that was asked for.")


class RecipientsAnswer(Answer):
    """An answer for each recipient contract."""

    segment: str = Field(examples=["loyal_buyers"])
    recipients: list[RecipientAnswer]


class PendingLeaveAnswer(Answer):
    """A list that somebody has to leave; it does not say how many people."""

    recipient: str = Field(examples=["mailer"])
    segment: str = Field(examples=["loyal_buyers"])
    release: str = Field(description="The recipient's newest, from which its next delta starts.")
    since: dt.datetime
    due: dt.datetime = Field(description="By when the recipient must have pulled the delta.")
    overdue: bool
    by_deletion: bool = Field(
        description="Its scope has ended: no delta can tell it, and only the list's confirmed deletion settles it."
    )


class PendingLeavesAnswer(Answer):
    """The lists that owe a leaving delta, the earliest deadline first."""

    pending: list[PendingLeaveAnswer]


class DeletionBody(Body):
    """A recipient has confirmed that it deleted all that it received; or drop what waits about that."""

    evidence: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="Where the recipient's confirmation is filed.", examples=["doc-2026-0107"]
    )
    deny: bool = Field(default=False, description="Instead of evidence: drop what waits for a second person.")
    dry_run: bool = Field(default=False, description="Say what would happen; change nothing.")


class DeletionAnswer(Answer):
    """What counts no more, or would."""

    recipient: str = Field(examples=["mailer"])
    releases: list[str]
    dry_run: bool
    denied: bool = Field(description="Whether what waited was dropped.")
    waits: bool = Field(description="Whether another person is to say the same before it takes effect.")
    renewed: bool = Field(description="Whether what waited before is void, and this waits in its place.")
    advice: str


@router.get(
    "/segments/{segment}/recipients",
    operation_id="list_possible_recipients",
    summary="Who could get a segment",
    response_model=RecipientsAnswer,
    responses=documented(401, 403, 404, 422, 503),
)
def list_possible_recipients(
    segment: SegmentPath, gateway: TheGateway, client: Officer, language: Language = "en"
) -> dict[str, Any]:
    """Ask policy about each recipient, with everything that it has received so far; nothing is built."""
    found = gateway.outlook(SegmentId(segment), actor_of(client), language)
    return {"segment": segment, "recipients": [asdict(each) for each in found]}


@router.get(
    "/pending-leaves",
    operation_id="list_pending_leaves",
    summary="Who must be told that somebody left",
    response_model=PendingLeavesAnswer,
    responses=documented(401, 403, 503),
)
def list_pending_leaves(gateway: TheGateway, client: Officer) -> dict[str, Any]:  # noqa: ARG001 - the key opens it
    """Return the lists that still hold somebody who withdrew, objected, was restricted or erased, or ran out."""
    return {"pending": [asdict(owed) for owed in gateway.pending_leaves()]}


@router.post(
    "/recipients/{recipient}/deletions",
    status_code=201,
    operation_id="confirm_deletion",
    summary="A recipient deleted what it had",
    response_model=DeletionAnswer,
    responses=waiting_for_another(DeletionAnswer) | documented(401, 403, 404, 422, 503),
)
def confirm_deletion(
    recipient: RecipientPath, body: DeletionBody, gateway: TheGateway, client: Officer, response: Response
) -> dict[str, Any]:
    """Put a recipient's confirmed deletion on record: combinations are measured anew from here on.

    It waits (202) until another person says the same with the same evidence, where four eyes are asked for.
    """
    name, officer = RecipientId(recipient), Decider(actor_of(client), client.reference)
    if body.deny is (body.evidence is not None):
        raise InvalidInput("give evidence, or deny what waits", reasons=("malformed_request",))
    if body.evidence is None:
        done = gateway.confirm_deletion.deny(name, officer, dry_run=body.dry_run)
    else:
        done = gateway.confirm_deletion(name, body.evidence, officer, dry_run=body.dry_run)
    if done.waits and not done.dry_run:
        response.status_code = 202
    shown = {key: getattr(done, key) for key in ("recipient", "releases", "dry_run", "denied", "waits", "renewed")}
    return shown | {"advice": done.advice}
