"""``/v1/audit``: checkpoints and proofs for outsiders."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import PlainTextResponse

from gateway.api.answers import Consistency
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.problems import documented
from gateway.flows.register_clients import Client, Scope

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=Guarded)
Auditor = Annotated[Client, Depends(Allowed(Scope.AUDITOR, Scope.OFFICER))]
_REFUSALS = documented(401, 403, 503)


@router.get(
    "/checkpoint",
    response_class=PlainTextResponse,
    operation_id="read_checkpoint",
    summary="Read a signed checkpoint",
    response_description="A signed note: origin, size, root hash, and the log's Ed25519 signature.",
    responses=_REFUSALS,
)
def checkpoint(gateway: TheGateway, _client: Auditor) -> str:
    """Return a signed checkpoint (C2SP tlog-checkpoint) over all entries so far. Keep it somewhere else."""
    return gateway.log.checkpoint()


@router.get(
    "/entries/{index}/proof",
    response_class=PlainTextResponse,
    operation_id="prove_entry",
    summary="Prove that an entry is in the log",
    response_description="A proof file (C2SP tlog-proof).",
    responses=_REFUSALS | documented(404, 422),
)
def proof(
    index: Annotated[int, Path(ge=0, description="The entry's number, from 0.")], gateway: TheGateway, _client: Auditor
) -> str:
    """Return an entry's offline proof file (C2SP tlog-proof, RFC 6962 inclusion) in the present checkpoint."""
    return gateway.log.proof(index)


@router.get(
    "/consistency",
    operation_id="prove_consistency",
    summary="Prove that the log only grew",
    response_model=Consistency,
    responses=_REFUSALS | documented(404, 422),
)
def consistency(
    old: Annotated[int, Query(ge=1, description="The size of a checkpoint that you kept.")],
    new: Annotated[int, Query(ge=1, description="The size of a later one.")],
    gateway: TheGateway,
    _client: Auditor,
) -> dict[str, Any]:
    """Return the proof that the log of `new` entries extends the log of `old` entries."""
    return {"old": old, "new": new, "proof": gateway.log.consistency(old, new)}
