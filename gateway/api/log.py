"""``/v1/audit``: checkpoints, proofs and tiles for outsiders."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import PlainTextResponse, Response

from gateway.api.answers import Consistency, Shards
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.problems import documented
from gateway.flows.register_clients import Client, Scope, actor_of

SHARD = r"^[0-9]{4}q[1-4]$"
router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=Guarded)
ShardQuery = Annotated[
    str | None, Query(pattern=SHARD, description="A quarter, as `2026q4`; the present one when not given.")
]
ShardPath = Annotated[str, Path(pattern=SHARD, description="A quarter, as `2026q4`.")]
Auditor = Annotated[Client, Depends(Allowed(Scope.AUDITOR, Scope.OFFICER))]
_REFUSALS = documented(401, 403, 503)


@router.get(
    "/checkpoint",
    response_class=PlainTextResponse,
    operation_id="read_checkpoint",
    summary="Read a signed checkpoint",
    response_description="A signed note: origin, size, root hash, and the log's Ed25519 and ML-DSA-44 signatures.",
    responses=_REFUSALS | documented(404, 422),
)
def checkpoint(gateway: TheGateway, _client: Auditor, shard: ShardQuery = None) -> str:
    """Return a signed checkpoint (C2SP tlog-checkpoint) over all entries so far. Keep it somewhere else."""
    return gateway.log.checkpoint(shard)


@router.get(
    "/entries/{index}/proof",
    response_class=PlainTextResponse,
    operation_id="prove_entry",
    summary="Prove that an entry is in the log",
    response_description="A proof file (C2SP tlog-proof).",
    responses=_REFUSALS | documented(404, 422),
)
def proof(
    index: Annotated[int, Path(ge=0, description="The entry's number in its shard, from 0.")],
    gateway: TheGateway,
    _client: Auditor,
    shard: ShardQuery = None,
) -> str:
    """Return an entry's offline proof file (C2SP tlog-proof, RFC 6962 inclusion) in the present checkpoint."""
    return gateway.log.proof(index, shard)


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
    shard: ShardQuery = None,
) -> dict[str, Any]:
    """Return the proof that the log of `new` entries extends the log of `old` entries."""
    return {"old": old, "new": new, "proof": gateway.log.consistency(old, new, shard)}


@router.get(
    "/shards",
    operation_id="list_shards",
    summary="List the shards of the log",
    response_model=Shards,
    responses=_REFUSALS,
)
def shards(gateway: TheGateway, _client: Auditor) -> dict[str, Any]:
    """Return the shards, oldest first: their entries from `minimum` to `size` can be read, `vkeys` verify them."""
    return {"shards": [asdict(shard) for shard in gateway.log.shards()]}


@router.get(
    "/shards/{shard}/{path:path}",
    response_class=Response,
    operation_id="read_log_file",
    summary="Read a published file of the log",
    response_description="`checkpoint`, `policy`, a hash tile or an entry bundle, as C2SP tlog-tiles has them.",
    responses=_REFUSALS | documented(404, 422),
)
def file(
    shard: ShardPath,
    path: Annotated[str, Path(max_length=64, description="As `tile/0/000` or `tile/entries/000.p/17`.")],
    gateway: TheGateway,
    client: Auditor,
) -> Response:
    """Return a file of a tiled log; the address up to the shard's name is the prefix that monitors take.

    Reading entries is itself on record; checkpoints and hashes are not.
    """
    data = gateway.log.file(actor_of(client), shard, path)
    if path.startswith("tile/"):
        return Response(data, media_type="application/octet-stream")
    return PlainTextResponse(data)
