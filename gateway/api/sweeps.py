"""``/v1/sweeps``: the nightly sweep of a service that runs; ``gateway sweep`` is for a home that nobody holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from gateway.api.answers import Answer
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.problems import documented
from gateway.flows.register_clients import Client, Scope

router = APIRouter(prefix="/v1/sweeps", tags=["sweeps"], route_class=Guarded)
Officer = Annotated[Client, Depends(Allowed(Scope.OFFICER))]
DryRun = Annotated[bool, Query(description="Say what would happen; change nothing.")]


class SweepAnswer(Answer):
    """What a sweep found and, unless it was only tried, put right."""

    people: int = Field(description="Compared with the consent ledger.", examples=[150])
    due: int = Field(description="People whose consent ended or who came of age.", examples=[2])
    wider: int = Field(description="A fault: people of whom more was permitted than the ledger gives.", examples=[0])
    behind: int = Field(description="People of whom only less was permitted than the ledger gives.", examples=[1])
    batches: int = Field(description="Batches whose rows were in quarantine longer than they may be.", examples=[1])
    columns: int = Field(description="Undeclared columns that were held longer than they may be.", examples=[0])
    dry_run: bool


@router.post(
    "",
    operation_id="sweep",
    summary="Sweep",
    response_model=SweepAnswer,
    response_description="Done; look at `wider`, which is 0 where nothing is wrong.",
    responses=documented(401, 403, 422, 503),
)
def sweep(gateway: TheGateway, client: Officer, dry_run: DryRun = False) -> dict[str, Any]:  # noqa: ARG001, FBT002 - the key opens it; a query's default
    """Let end what time has ended, empty the quarantine, and bring every permission in line with the ledger.

    A second sweep at the same instant finds nothing: it may be asked again after an answer that was lost.
    """
    return asdict(gateway.sweep(dry_run=dry_run))
