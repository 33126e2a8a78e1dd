"""The application: routes, problems and the outermost door, put together."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.staticfiles import StaticFiles

from gateway import __version__
from gateway.api import (
    consents,
    consultations,
    documents,
    inbox,
    ingest,
    log,
    people,
    policies,
    policy_reading,
    problems,
    recipients,
    records,
    segments,
    simulations,
    sweeps,
)
from gateway.api.answers import Health
from gateway.api.cursors import Cursors
from gateway.api.hardening import Hardening
from gateway.foundation.errors import Unavailable
from gateway.foundation.settings import Settings
from gateway.wiring import Gateway

health = APIRouter(tags=["health"])
FRESH = 2.0  # seconds


class Readiness:
    """Whether data may move. Asked without a key, so the stores are looked at once in a while, however often it is."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = threading.Lock()
        self._known: tuple[float, bool] | None = None

    def __call__(self) -> bool:
        """Return the answer, at most ``FRESH`` seconds old."""
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > FRESH:
                self._known = None
                self._known = (time.monotonic(), self._gateway.ready())
            return self._known[1]


def create_app(gateway: Gateway, settings: Settings) -> FastAPI:
    """Return the application that serves ``gateway``."""
    # A redirect to the address with or without its slash would repeat what was submitted.
    app = FastAPI(title=documents.TITLE, version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.gateway, app.state.settings, app.state.cursors = gateway, settings, Cursors()
    app.state.readiness = Readiness(gateway)
    problems.install(app)
    for router in (
        ingest.router,
        inbox.router,
        policies.router,
        policy_reading.router,
        simulations.router,
        consents.router,
        people.router,
        consultations.router,
        segments.router,
        recipients.router,
        records.router,
        sweeps.router,
        log.router,
        health,
        documents.router,
    ):
        app.include_router(router)
    app.mount("/assets", StaticFiles(directory=documents.HERE / "assets"), name="assets")
    app.add_middleware(Hardening)
    app.openapi = partial(documents.describe, app)  # type: ignore[method-assign] # FastAPI's documented way
    return app


@health.get("/livez", operation_id="livez", summary="Is the process alive?")
async def livez() -> Health:
    """Answer without asking any room."""
    return Health(status="alive")


def _readiness(request: Request) -> Readiness:
    readiness: Readiness = request.app.state.readiness
    return readiness


@health.get("/readyz", operation_id="readyz", summary="May data move?", responses=problems.documented(503))
def readyz(readiness: Annotated[Readiness, Depends(_readiness)]) -> Health:
    """Ask the rooms: the log can be written, and the stores hold their laws."""
    if not readiness():
        raise Unavailable("the stores do not hold their laws: `gateway doctor` says more", reasons=("not_ready",))
    return Health(status="ready")
