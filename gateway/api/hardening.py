"""The outermost door: headers on every answer, and nothing unforeseen gets past it into a server's log."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api import problems

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Hardening:
    """Plain ASGI, so that a body streams through it.

    An exception ends here: the server would print it, and its message may hold what was submitted.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def hardened(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _harden(MutableHeaders(scope=message), scope["path"])
            await send(message)

        try:
            await self._app(scope, receive, hardened)
        except Exception as error:  # noqa: BLE001 - the last door; only the error's type is told
            answer = problems.unexpected(error)
            if not started:
                await answer(scope, receive, hardened)


def _harden(headers: MutableHeaders, path: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if path.startswith("/v1") or headers.get("content-type") == problems.MEDIA:
        headers["Cache-Control"] = "no-store"
