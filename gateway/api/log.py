"""``/v1/audit``: checkpoints and proofs for outsiders."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import PlainTextResponse

from gateway.api.authentication import TheGateway, allowed
from gateway.flows.register_clients import Client, Scope

router = APIRouter(prefix="/v1/audit", tags=["audit"])
Auditor = Annotated[Client, Depends(allowed(Scope.AUDITOR, Scope.OFFICER))]


@router.get("/checkpoint", response_class=PlainTextResponse)
def checkpoint(gateway: TheGateway, _client: Auditor) -> str:
    """Return a signed checkpoint (C2SP tlog-checkpoint) over all entries so far."""
    return gateway.log.checkpoint()


@router.get("/entries/{index}/proof", response_class=PlainTextResponse)
def proof(index: Annotated[int, Path(ge=0)], gateway: TheGateway, _client: Auditor) -> str:
    """Return an entry's offline proof file (C2SP tlog-proof, RFC 6962 inclusion) in the present checkpoint."""
    return gateway.log.proof(index)


@router.get("/consistency")
def consistency(
    old: Annotated[int, Query(ge=1)], new: Annotated[int, Query(ge=1)], gateway: TheGateway, _client: Auditor
) -> dict[str, Any]:
    """Return the proof that the log of ``new`` entries extends the log of ``old`` entries."""
    return {"old": old, "new": new, "proof": gateway.log.consistency(old, new)}
