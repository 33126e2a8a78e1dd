"""``/v1/sweeps``: the nightly sweep of a service that runs; ``gateway sweep`` is for a home that nobody holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from gateway.api.answers import Answer
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.problems import documented
from gateway.flows.register_clients import Client, Scope, actor_of

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
    values: dict[str, int] = Field(
        description="Stored column → values that were kept longer than any purpose needs them.",
        examples=[{"city": 12, "loyalty_tier": 12}],
    )
    events: int = Field(description="Events that were kept longer than any purpose needs them.", examples=[40])
    people_without_data: int = Field(
        description="Of whom nothing is left but identifiers, consents and a mask; those stay until an erasure.",
        examples=[3],
    )
    coarsened: dict[str, int] = Field(
        description="Stored column → values that were kept finer than the policy in force wants them.",
        examples=[{"age_band": 140}],
    )
    unfinished: bool = Field(description="A dry run's: something interrupted waits to be finished; counts may change.")
    dry_run: bool


@router.post(
    "",
    operation_id="sweep",
    summary="Sweep",
    response_model=SweepAnswer,
    response_description="Done; look at `wider`, which is 0 where nothing is wrong.",
    responses=documented(401, 403, 422, 503),
)
def sweep(gateway: TheGateway, client: Officer, dry_run: DryRun = False) -> dict[str, Any]:  # noqa: FBT002 - a query's default
    """Let end what time has ended, delete what is over its retention period, and compare permissions with the ledger.

    Values that are stored finer than the policy in force wants them are rewritten in its form; going back to an earlier
    version does not bring them back. The log has an entry before anything goes, and one when the bytes are gone. A
    second sweep at the same instant finds nothing: it may be asked again after an answer that was lost.
    """
    return asdict(gateway.sweep(actor_of(client), dry_run=dry_run))
