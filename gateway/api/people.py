"""``/v1/requests``: what people ask. Identifiers stand in bodies only."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from gateway.api.answers import AccessAnswer, ChoiceAnswer, ErasureAnswer
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.bodies import RequestBody
from gateway.api.problems import documented
from gateway.api.releasing import AboutNobody, releases
from gateway.flows.record_consent import Choice
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.flows.released import Released
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus
from gateway.vocabulary.names import PurposeId
from gateway.wiring import Gateway

router = APIRouter(prefix="/v1", tags=["people"], route_class=Guarded)
Desk = Annotated[Client, Depends(Allowed(Scope.SUBJECT_DESK, Scope.OFFICER))]
_REFUSALS = documented(400, 401, 403, 413, 415, 422, 503)


@router.post(
    "/requests",
    operation_id="answer_request",
    summary="Answer a data subject's request",
    response_model=AccessAnswer | ErasureAnswer | ChoiceAnswer,
    response_description="By kind: the access package, the erasure with its certificate, or what is on record now.",
    responses=_REFUSALS | documented(409, 500),
)
@releases
def answer_request(
    body: RequestBody, gateway: TheGateway, client: Desk
) -> Released[dict[str, Any]] | AboutNobody[dict[str, Any]]:
    """Answer a data subject's request: access, erasure, restriction or objection.

    Somebody unknown and somebody who was erased get answers of the same shape.
    """
    match body.kind:
        case "access":
            return gateway.access(body.subject.pair, actor_of(client), language=body.language).map(
                lambda answer: {"request": answer.request, "due": answer.due, "package": answer.package}
            )
        case "erasure":
            return _erase(body, gateway, client)
        case "restriction":
            status = ConsentStatus.LIFTED if body.lift else ConsentStatus.RESTRICTED
            return _choose(body, gateway, client, [ALL_PURPOSES], status)
        case _:
            purposes = [PurposeId(body.purpose)] if body.purpose else list(gateway.house.catalogue.purposes)
            return _choose(body, gateway, client, purposes, ConsentStatus.OBJECTED)


def _erase(body: RequestBody, gateway: Gateway, client: Client) -> Released[dict[str, Any]]:
    answer = gateway.erase(body.subject.pair, actor_of(client), suppress=body.suppress, dry_run=body.dry_run)
    return answer.map(
        lambda done: {
            "request": done.request,
            "plan": done.plan,
            "rows": done.rows,
            "certificate": done.certificate,
            "nonce": done.nonce,
        }
    )


def _choose(
    body: RequestBody, gateway: Gateway, client: Client, purposes: list[PurposeId], status: ConsentStatus
) -> AboutNobody[dict[str, Any]]:
    choices = [Choice(purpose, status, channel="api") for purpose in purposes]
    for choice in choices:
        gateway.record_consent.check(choice)
    if not body.dry_run:
        for choice in choices:
            gateway.record_consent(body.subject.pair, choice, actor_of(client))
    return AboutNobody({"recorded": not body.dry_run, "status": status, "purposes": purposes})
