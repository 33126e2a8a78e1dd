"""``/v1/consents`` and ``/v1/requests``: what people choose and ask. Identifiers stand in bodies only."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from gateway.api.authentication import TheGateway, actor_of, allowed
from gateway.api.bodies import ConsentBody, Recorded, RequestBody, SubjectQuery
from gateway.flows.record_consent import Choice
from gateway.flows.register_clients import Client, Scope
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus
from gateway.vocabulary.names import PurposeId
from gateway.wiring import Gateway

router = APIRouter(prefix="/v1", tags=["people"])
Desk = Annotated[Client, Depends(allowed(Scope.SUBJECT_DESK, Scope.OFFICER))]


@router.post("/consents", status_code=202)
def record_consent(body: ConsentBody, gateway: TheGateway, client: Desk) -> Recorded:
    """Record a choice; it bites at the next query. The answer does not tell whether the person is known."""
    choice = Choice(PurposeId(body.purpose), ConsentStatus(body.status), body.at, body.notice, channel="api")
    gateway.record_consent(body.subject.pair, choice, actor_of(client))
    return Recorded(recorded=True, at=gateway.house.clock.now())


@router.post("/consents/query")
def show_consents(body: SubjectQuery, gateway: TheGateway, client: Desk) -> dict[str, Any]:
    """Return a person's choices, oldest first; none for somebody unknown."""
    history = gateway.show_consents(body.subject.pair, actor_of(client))
    return {
        "events": [
            {"purpose": e.purpose, "status": e.status, "at": e.at, "notice": e.notice, "channel": e.channel}
            for e in history
        ]
    }


@router.post("/requests")
def request(body: RequestBody, gateway: TheGateway, client: Desk) -> dict[str, Any]:
    """Answer a data subject's request: access, erasure, restriction or objection."""
    match body.kind:
        case "access":
            answer = gateway.access(body.subject.pair, actor_of(client), language=body.language)
            return {"request": answer.request, "due": answer.due, "package": answer.package}
        case "erasure":
            return _erase(body, gateway, client)
        case "restriction":
            status = ConsentStatus.LIFTED if body.lift else ConsentStatus.RESTRICTED
            return _choose(body, gateway, client, [ALL_PURPOSES], status)
        case _:
            purposes = [PurposeId(body.purpose)] if body.purpose else list(gateway.house.catalogue.purposes)
            return _choose(body, gateway, client, purposes, ConsentStatus.OBJECTED)


def _erase(body: RequestBody, gateway: Gateway, client: Client) -> dict[str, Any]:
    answer = gateway.erase(body.subject.pair, actor_of(client), suppress=body.suppress, dry_run=body.dry_run)
    return {
        "request": answer.request,
        "plan": answer.plan,
        "rows": answer.rows,
        "certificate": answer.certificate,
        "nonce": answer.nonce,
    }


def _choose(
    body: RequestBody, gateway: Gateway, client: Client, purposes: list[PurposeId], status: ConsentStatus
) -> dict[str, Any]:
    if not body.dry_run:
        for purpose in purposes:
            gateway.record_consent(body.subject.pair, Choice(purpose, status, channel="api"), actor_of(client))
    return {"recorded": not body.dry_run, "status": status, "purposes": purposes}
