"""``/v1/consultations``: who saw a person's data, in two levels of detail."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from gateway.api.answers import Consultations, IdentityDecision
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.bodies import IdentityDecisionBody, WhoSawBody
from gateway.api.problems import documented
from gateway.api.releasing import releases
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.flows.released import Released
from gateway.flows.who_saw import WhoSawRequest
from gateway.vocabulary.names import RequestId

router = APIRouter(prefix="/v1/consultations", tags=["people"], route_class=Guarded)
Desk = Annotated[Client, Depends(Allowed(Scope.SUBJECT_DESK, Scope.OFFICER))]
Officer = Annotated[Client, Depends(Allowed(Scope.OFFICER))]
_REFUSALS = documented(400, 401, 403, 413, 415, 422, 503)


@router.post(
    "/query",
    operation_id="query_consultations",
    summary="Tell who saw a person's data",
    response_model=Consultations,
    response_model_exclude_none=True,
    responses=_REFUSALS | documented(404, 500),
)
@releases
def query(body: WhoSawBody, gateway: TheGateway, client: Desk) -> Released[dict[str, Any]]:
    """Return every entry of the log that concerns a person, each with its proof; none for somebody unknown."""
    decision = RequestId(body.decision) if body.decision else None
    wanted = WhoSawRequest(body.subject.pair, decision, body.with_key)
    return gateway.who_saw(wanted, actor_of(client)).map(asdict)


@router.post(
    "/decisions",
    status_code=201,
    operation_id="decide_identities",
    summary="Decide whether a person is told who looked",
    response_model=IdentityDecision,
    responses=_REFUSALS,
)
def decide(body: IdentityDecisionBody, gateway: TheGateway, client: Officer) -> IdentityDecision:
    """Put a decision on record (CJEU C-579/21); its name opens the second level of detail where it permits."""
    decided = gateway.who_saw.decide(body.subject.pair, actor_of(client), permit=body.permit, reason=body.reason)
    return IdentityDecision(decision=decided)
