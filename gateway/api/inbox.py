"""``/v1/inbox``: columns that no contract declares. A header may be somebody's name: addresses hold an entry's id."""

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
from gateway.api.releasing import releases
from gateway.flows.classify_columns import Classification, Classified, InboxItem, InboxState, Officer, Wish
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.flows.released import Released
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
    confirmed_by: str | None = Field(description="The second person, where one was asked for.", examples=["officer-2"])


class InboxProposal(Answer):
    """What somebody proposed; the same decision by another person confirms it."""

    id: str = Field(description="Its name in the log.", examples=["dec_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    opens: str = Field(description="sha256 over exactly what it would open.")
    by: str = Field(examples=["officer-1"])
    at: dt.datetime
    note: str | None
    void: bool = Field(description="What is in force has changed since: it is to be proposed again.")
    classification: Classification
    field: str | None = Field(examples=["gender"])
    format: str | None


class DeletionProposal(Answer):
    """A recipient's deletion that somebody proposed to count as done; the same by another person confirms it."""

    id: str = Field(description="Its name in the log.", examples=["dec_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    recipient: str = Field(examples=["mailer"])
    evidence: str = Field(examples=["doc-2026-0107"])
    opens: str = Field(description="sha256 over exactly what it would open.")
    by: str = Field(examples=["officer-1"])
    at: dt.datetime
    void: bool = Field(description="What it would open has changed since: it is to be proposed again.")


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
    proposal: InboxProposal | None = Field(description="What waits for a second person.")


class InboxAnswer(Answer):
    """The inbox, the policy in force with all decisions, and recipients' deletions that wait for a second person."""

    policy: str
    entries: list[InboxEntry]
    deletions: list[DeletionProposal]


class InboxDecided(Answer):
    """What came of a decision."""

    item: InboxEntry
    decision: str | None = Field(description="Its name in the log; none with `dry_run`, and while it waits.")
    policy: str = Field(description="The policy in force from now on.")
    reingest: bool = Field(description="Whether the same file, taken in again, brings the sealed values in.")
    dry_run: bool
    waits: bool = Field(description="Whether another person is to decide the same before it takes effect.")
    renewed: bool = Field(description="Whether what waited before is void, and this waits in its place.")
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
    responses=documented(401, 403, 422, 500, 503),
)
@releases
def list_inbox(
    gateway: TheGateway,
    client: OfficerKey,
    state: Annotated[
        InboxState | None, Query(description="Those that wait, for a first or a second person, or those decided.")
    ] = None,
    source: Annotated[Identifier | None, Query(description="Of one source.")] = None,
) -> Released[dict[str, Any]]:
    """List what waits for a decision and what was decided, by source and column.

    A header may be somebody's name, so the look is on record.
    """

    def answered(items: tuple[InboxItem, ...]) -> dict[str, Any]:
        deletions = [asdict(each) for each in gateway.confirm_deletion.waiting()]
        entries = [asdict(item) for item in items]
        return {"policy": gateway.house.catalogue.label, "entries": entries, "deletions": deletions}

    wanted = SourceId(source) if source else None
    return gateway.inbox.list(actor_of(client), state=state, source=wanted).map(answered)


@router.post(
    "/{entry}/decisions",
    status_code=201,
    operation_id="decide_column",
    summary="Decide what a column is",
    response_model=InboxDecided,
    response_description="On record, and in force from the next batch on.",
    responses=waiting_for_another(InboxDecided) | documented(400, 401, 403, 404, 413, 415, 422, 500, 503),
)
@releases
def decide_column(
    entry: Annotated[Identifier, Path(description="An entry's id.", examples=["inb_f4k2nq7wzc5xv3ydj6mrh2teaq"])],
    body: InboxDecisionBody,
    gateway: TheGateway,
    client: OfficerKey,
    response: Response,
) -> Released[dict[str, Any]]:
    """Decide about a column; a later decision supersedes this one, and both stay visible.

    What opens something waits (202) until another person decides the same, where four eyes are asked for.
    A field that the policy's rules refuse is on record, and its column stays sealed.
    """
    kind = None if body.choice == "accept" else Classification(body.choice)
    wish = Wish(kind, FieldId(body.field) if body.field else None, body.format, body.note)
    officer = Officer(actor_of(client), client.reference)

    def answered(done: Classified) -> dict[str, Any]:
        if done.waits and not done.dry_run:
            response.status_code = 202
        return asdict(done) | {"advice": done.advice}

    return gateway.inbox.decide(entry, wish, officer, dry_run=body.dry_run).map(answered)
