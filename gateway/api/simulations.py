"""``/v1/policies/{version}/simulation``: what a drafted version would do, before it does it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from gateway.api.answers import Answer
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.policies import Number
from gateway.api.problems import documented
from gateway.flows.policy_versions import Officer
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.flows.simulation_told import simulation_data, simulation_words

router = APIRouter(prefix="/v1/policies", tags=["policies"], route_class=Guarded)
OfficerKey = Annotated[Client, Depends(Allowed(Scope.OFFICER))]


class SimulationAnswer(Answer):
    """What a draft would do beside the policy in force; every number of people is protected."""

    digest: str = Field(description="sha256 of the report, as it stands in the version's steps.")
    at: str = Field(description="The instant that was compared: now, or when the draft may first be in force.")
    people: dict[str, int | None] = Field(description="To the nearest ten; null under the minimum.")
    difference: dict[str, Any] = Field(description="What the packs say differently, and the decisions that differ.")
    purposes: list[dict[str, Any]] = Field(description="People whose permission begins and ends, where any may.")
    columns: list[dict[str, Any]] = Field(description="Stored columns in another form: what of them is shown then.")
    segments: list[dict[str, Any]] = Field(description="Each segment: its effect, reasons, who enters and leaves.")
    recalls: list[dict[str, Any]] = Field(description="Releases that the draft would not have permitted, and why.")
    undersized: list[dict[str, Any]] = Field(description="Releases that are under the draft's minimum size.")
    unused: list[dict[str, Any]] = Field(description="Stored fields that serve nothing (Art. 5(1)(c)).")
    refused: str | None = Field(description="Why the draft could not be submitted as it is; null where it could.")
    words: list[str] = Field(description="The same in words.")


@router.post(
    "/{version}/simulation",
    status_code=201,
    operation_id="simulate_policy",
    summary="Simulate a version",
    response_model=SimulationAnswer,
    response_description="Worked out from the stored data; nothing of it is done.",
    responses=documented(401, 403, 404, 409, 422, 503),
)
def simulate_policy(version: Number, gateway: TheGateway, client: OfficerKey) -> dict[str, Any]:
    """Work out what a drafted version would change; for a draft it is the step before its approval."""
    found = gateway.simulate.version(version, Officer(actor_of(client), client.reference))
    return {**simulation_data(found), "words": list(simulation_words(found))}
