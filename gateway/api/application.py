"""The application: routes, problems, headers, and documents from local files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles

from gateway import __version__
from gateway.api import ingest, log, people, problems, segments
from gateway.api.cursors import Cursors
from gateway.foundation.errors import NotFound
from gateway.foundation.settings import Settings
from gateway.wiring import Gateway

HERE = Path(__file__).parent
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
health = APIRouter(tags=["health"])


def create_app(gateway: Gateway, settings: Settings) -> FastAPI:
    """Return the application that serves ``gateway``."""
    app = FastAPI(title="Segmentation Gateway", version=__version__, docs_url=None, redoc_url=None)
    app.state.gateway, app.state.settings, app.state.cursors = gateway, settings, Cursors()
    problems.install(app)
    for router in (ingest.router, people.router, segments.router, log.router, health):
        app.include_router(router)
    app.mount("/assets", StaticFiles(directory=HERE / "assets"), name="assets")

    @app.middleware("http")
    async def harden(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.url.path.startswith("/v1"):
            response.headers["Cache-Control"] = "no-store"
        return response

    return app


@health.get("/livez")
def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@health.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """The rooms answer: the log can be written and the stores opened."""
    gateway: Gateway = request.app.state.gateway
    ready = gateway.ready()
    return JSONResponse({"status": "ready" if ready else "not ready"}, 200 if ready else 503)


@health.get("/docs", response_class=HTMLResponse, include_in_schema=False)
def docs() -> FileResponse:
    """The API's documents; every asset is local."""
    return FileResponse(HERE / "assets" / "docs.html", media_type="text/html")


@health.get("/problems/{slug}", response_class=PlainTextResponse, include_in_schema=False)
def problem_page(slug: str) -> PlainTextResponse:
    """What a problem means and what to do."""
    page = Path(__file__).parents[2] / "docs" / "problems" / f"{slug}.md"
    if not slug.replace("-", "").isalpha() or not page.is_file():
        raise NotFound("no such problem")
    return PlainTextResponse(page.read_text(encoding="utf-8"), media_type="text/markdown; charset=utf-8")
