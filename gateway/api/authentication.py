"""Who calls: an API key in ``Authorization: Bearer``, known by its hash, with one scope; asked before the body."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar

from fastapi import Depends, HTTPException, Request, Response, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.api.bodies import MAX_JSON, bounded
from gateway.flows.register_clients import Client, Scope
from gateway.foundation.errors import NotPermitted
from gateway.wiring import Gateway

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="An API key made by `gateway clients add REFERENCE --scope SCOPE`; it has one scope.",
)


def the_gateway(request: Request) -> Gateway:
    """Return the gateway that this application serves."""
    gateway: Gateway = request.app.state.gateway
    return gateway


TheGateway = Annotated[Gateway, Depends(the_gateway)]


class Allowed:
    """A dependency that admits clients of some scopes; every refusal is on record."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = frozenset(scopes)

    async def __call__(
        self, request: Request, _key: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
    ) -> Client:
        """Return the client that ``Guarded`` has admitted."""
        client: Client = request.state.client
        return client

    def admit(self, gateway: Gateway, authorization: str) -> Client:
        """Return the client of a key. Raises 401 for no or an unknown key, ``NotPermitted`` for another scope."""
        scheme, _, key = authorization.partition(" ")
        client = gateway.clients.identify(key.strip()) if scheme.lower() == "bearer" else None
        if client is None:
            gateway.clients.refused("unknown_key", None)
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        if client.scope not in self.scopes:
            gateway.clients.refused("missing_scope", client)
            raise NotPermitted("this key's scope does not reach so far", reasons=("missing_scope",))
        return client


class Guarded(APIRoute):
    """A route that knows its caller before it reads a byte of the body, and reads no more of that than its limit.

    It begins under the policy that is in force by then, and stays under that one to its end.
    """

    json_limit: ClassVar[int] = MAX_JSON  # bytes

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the key, then the limit, before FastAPI's own handler, which reads the body first."""
        handler = super().get_route_handler()
        guard = next((d.call for d in self.dependant.dependencies if isinstance(d.call, Allowed)), None)
        if guard is None:
            raise TypeError(f"{self.path}: every operation under /v1 names the scopes that it admits")
        takes_json = self.body_field is not None

        async def guarded(request: Request) -> Response:
            authorization = request.headers.get("authorization", "")
            client = await run_in_threadpool(guard.admit, the_gateway(request), authorization)
            request.state.client = client
            await run_in_threadpool(the_gateway(request).begin)
            the_gateway(request).pin()  # here too: a thread's context is its own
            limit = self.json_limit if takes_json else request.app.state.settings.max_upload_bytes
            return await handler(bounded(request, limit))

        return guarded
