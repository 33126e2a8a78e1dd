"""``/v1/sources``: batches in."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response

from gateway.api.authentication import TheGateway, actor_of, allowed
from gateway.api.bodies import Identifier, bounded
from gateway.flows.register_clients import Client, Scope
from gateway.foundation.errors import NotPermitted
from gateway.vocabulary.names import SourceId

router = APIRouter(prefix="/v1/sources", tags=["sources"])
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=8, max_length=128)]
Sender = Annotated[Client, Depends(allowed(Scope.SOURCE, Scope.OFFICER))]


@router.post("/{source}/batches", status_code=201)
def ingest(
    source: Identifier,
    gateway: TheGateway,
    client: Sender,
    key: Key,
    response: Response,
    body: Annotated[bytes, Depends(bounded)],
) -> dict[str, Any]:
    """Take in a CSV or NDJSON body under a source's contract: all of it, or nothing.

    The same key with the same body gives the same answer (200); with another body it is refused (422).
    """
    if client.scope is Scope.SOURCE and client.reference != source:
        gateway.clients.refused("foreign_source", client)
        raise NotPermitted("this key is for another source", reasons=("foreign_source",))
    digest = hashlib.sha256(body).hexdigest()
    earlier = gateway.answers.answer(client.reference, key, digest)
    if earlier is not None:
        response.status_code = 200
        return earlier
    report = gateway.ingest(io.BytesIO(body), SourceId(source), actor_of(client), name="the request's body")
    answer = dataclasses.asdict(report)
    gateway.answers.keep(client.reference, key, digest, answer, at=gateway.house.clock.now())
    return answer
