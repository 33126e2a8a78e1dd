"""Who calls: an API key in ``Authorization: Bearer``, known by its hash, with one scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.flows.register_clients import Client, Scope
from gateway.foundation.errors import NotPermitted
from gateway.vocabulary.events import Actor
from gateway.wiring import Gateway

_bearer = HTTPBearer(auto_error=False, description="An API key made by `gateway clients add`.")


def the_gateway(request: Request) -> Gateway:
    """Return the gateway that this application serves."""
    gateway: Gateway = request.app.state.gateway
    return gateway


TheGateway = Annotated[Gateway, Depends(the_gateway)]


def allowed(*scopes: Scope) -> Callable[..., Client]:
    """Return a dependency that admits clients of these scopes; a refusal is on record."""

    def check(
        gateway: TheGateway, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Client:
        client = gateway.clients.identify(credentials.credentials) if credentials else None
        if client is None:
            gateway.clients.refused("unknown_key", None)
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        if client.scope not in scopes:
            gateway.clients.refused("missing_scope", client)
            raise NotPermitted("this key's scope does not reach so far", reasons=("missing_scope",))
        return client

    return check


def actor_of(client: Client) -> Actor:
    """Return the client as it stands in the log."""
    return Actor("client", client.reference)
