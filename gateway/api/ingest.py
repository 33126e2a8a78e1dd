"""``/v1/sources``: batches in."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Response

from gateway.api.answers import BatchAnswer
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.bodies import MEDIA_IN, Identifier, Upload, upload
from gateway.api.problems import documented
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.foundation.errors import NotPermitted
from gateway.vocabulary.names import SourceId

router = APIRouter(prefix="/v1/sources", tags=["sources"], route_class=Guarded)
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key", min_length=8, max_length=128, description="Yours, one for each batch; kept for a day."
    ),
]
Sender = Annotated[Client, Depends(Allowed(Scope.SOURCE, Scope.OFFICER))]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CSV = {
    "schema": {"type": "string"},
    "example": "customer_no,purchased_at,quantity,amount\nC00001,2026-05-02,1,25.00\n",
}
_NDJSON = {
    "schema": {"type": "string"},
    "example": '{"customer_no":"C00001","purchased_at":"2026-05-02","quantity":1,"amount":25.0}\n',
}
_AGAIN: dict[int | str, dict[str, Any]] = {
    200: {"model": BatchAnswer, "description": "This call was answered before: the same answer again."}
}
_BODY = {
    "description": "The batch, uncompressed. Its format is found in its content.",
    "required": True,
    "content": dict.fromkeys(MEDIA_IN, _BINARY) | {"text/csv": _CSV, "application/x-ndjson": _NDJSON},
}


@router.post(
    "/{source}/batches",
    status_code=201,
    operation_id="ingest_batch",
    summary="Take in a batch",
    response_model=BatchAnswer,
    response_description="Taken in, durably; rows that cannot be read are in quarantine, by reason.",
    responses={**_AGAIN, **documented(401, 403, 413, 415, 422, 503)},
    openapi_extra={"requestBody": _BODY},
)
def ingest_batch(
    source: Annotated[Identifier, Path(description="The id of a source contract.", examples=["webshop_purchases"])],
    gateway: TheGateway,
    client: Sender,
    key: Key,
    response: Response,
    body: Annotated[Upload, Depends(upload)],
) -> dict[str, Any]:
    """Take in a CSV or NDJSON body under a source's contract: all of it, or nothing.

    The same `Idempotency-Key` with the same body gives the same answer (200); with another body it is refused (422).
    """
    if client.scope is Scope.SOURCE and client.reference != source:
        gateway.clients.refused("foreign_source", client)
        raise NotPermitted("this key is for another source", reasons=("foreign_source",))
    caller = f"{client.scope}/{client.reference}"
    digest = hashlib.sha256(f"{source}/{body.sha256}".encode()).hexdigest()
    # Asked and kept under the writer's lock: the same call twice at once is one batch and one answer.
    with gateway.house.writing:
        earlier = gateway.answers.answer(caller, key, digest)
        if earlier is not None:
            response.status_code = 200
            return earlier
        report = gateway.ingest(body.stream, SourceId(source), actor_of(client), name="the request's body")
        answer = dataclasses.asdict(report)
        gateway.answers.keep(caller, key, digest, answer, at=gateway.house.clock.now())
    return answer
