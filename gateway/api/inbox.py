"""``/v1/inbox``: columns that no contract declares. A header may be somebody's name: addresses hold an entry's id."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from gateway.api.answers import Answer
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.bodies import Body, Identifier
from gateway.api.problems import documented
from gateway.flows.classify_columns import Classification, InboxState, Officer, Wish
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.vocabulary.names import FieldId, SourceId

router = APIRouter(prefix="/v1/inbox", tags=["inbox"], route_class=Guarded)
OfficerKey = Annotated[Client, Depends(Allowed(Scope.OFFICER))]


class InboxDecision(Answer):
    """What was decided about a column, by whom and when; the last one counts."""

    id: str = Field(description="Its name in the log.", examples=["dec_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    classification: Classification
    field: str | None = Field(examples=["gender"])
    format: str | None
    proposed: bool = Field(description="Whether it is what detection proposed.")
    by: str = Field(examples=["officer-1"])
    at: dt.datetime
    note: str | None


class InboxEntry(Answer):
    """An undeclared column: what it seems to hold, in words and counts, and what was decided."""

    entry: str = Field(examples=["inb_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    source: str = Field(examples=["webshop_customers"])
    column: str = Field(description="The header; what cannot be seen in it is escaped.", examples=["sukupuoli"])
    state: InboxState
    effect: Literal["sealed", "read", "ignored", "declared"] = Field(description="What becomes of its values.")
    because: list[str] = Field(description="Why a decision has no effect.")
    category: str = Field(examples=["gender"])
    kind: str | None = Field(examples=["attribute"])
    field: str | None = Field(description="The catalogue's field that is proposed.", examples=["gender"])
    confidence: float = Field(examples=[0.9])
    evidence: list[str] = Field(description="Words and counts, never a value.")
    article: str | None = Field(description="Of the GDPR, for a special category.", examples=["Art. 9(1) GDPR"])
    reveals: list[str]
    first_seen: dt.datetime
    last_seen: dt.datetime
    batches: int
    decisions: list[InboxDecision]


class InboxAnswer(Answer):
    """The inbox, and the policy in force with all decisions."""

    policy: str
    entries: list[InboxEntry]


class InboxDecided(Answer):
    """What came of a decision."""

    item: InboxEntry
    decision: str | None = Field(description="Its name in the log; none with `dry_run`.")
    policy: str = Field(description="The policy in force from now on.")
    reingest: bool = Field(description="Whether the same file, taken in again, brings the sealed values in.")
    dry_run: bool
    advice: str


class InboxDecisionBody(Body):
    """Decide about a column: take what is proposed, name a field, ignore it, or keep it sealed."""

    choice: Literal["accept", "field", "ignored", "kept_sealed"]
    field: Identifier | None = Field(None, description="With `field`: the catalogue's field.", examples=["gender"])
    format: str | None = Field(None, max_length=40, description="Of dates (strptime) or numbers.")
    note: str | None = Field(None, max_length=500, description="Why; it stays in the inbox.")
    dry_run: bool = Field(default=False, description="Say what would happen; change nothing.")


@router.get(
    "",
    operation_id="list_inbox",
    summary="List the columns that no contract declares",
    response_model=InboxAnswer,
    responses=documented(401, 403, 422, 503),
)
def list_inbox(
    gateway: TheGateway,
    client: OfficerKey,  # noqa: ARG001 - named for its scope
    state: Annotated[InboxState | None, Query(description="Those that wait, or those decided.")] = None,
    source: Annotated[Identifier | None, Query(description="Of one source.")] = None,
) -> dict[str, Any]:
    """List what waits for a decision and what was decided, by source and column."""
    items = gateway.inbox.list(state=state, source=SourceId(source) if source else None)
    return {"policy": gateway.house.catalogue.label, "entries": [asdict(item) for item in items]}


@router.post(
    "/{entry}/decisions",
    status_code=201,
    operation_id="decide_column",
    summary="Decide what a column is",
    response_model=InboxDecided,
    response_description="On record, and in force from the next batch on.",
    responses=documented(400, 401, 403, 404, 413, 415, 422, 503),
)
def decide_column(
    entry: Annotated[Identifier, Path(description="An entry's id.", examples=["inb_f4k2nq7wzc5xv3ydj6mrh2teaq"])],
    body: InboxDecisionBody,
    gateway: TheGateway,
    client: OfficerKey,
) -> dict[str, Any]:
    """Decide about a column; a later decision supersedes this one, and both stay visible.

    A field that the policy's rules refuse is on record, and its column stays sealed.
    """
    kind = None if body.choice == "accept" else Classification(body.choice)
    wish = Wish(kind, FieldId(body.field) if body.field else None, body.format, body.note)
    officer = Officer(actor_of(client), client.reference)
    done = gateway.inbox.decide(entry, wish, officer, dry_run=body.dry_run)
    return asdict(done) | {"advice": done.advice}
