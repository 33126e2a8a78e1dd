"""What the interface says of itself: OpenAPI, its page, and a page for each problem; all from local files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, PlainTextResponse

from gateway import __version__
from gateway.api.problems import Problem
from gateway.foundation.errors import NotFound

HERE = Path(__file__).parent
PROBLEMS = {page.stem: page for page in (HERE.parents[1] / "docs" / "problems").glob("*.md")}
TITLE = "Segmentation Gateway"
DESCRIPTION = """
Customer data in, pseudonymised segments out: only what is permitted now, and every access on record.

* **Keys.** `Authorization: Bearer KEY`. A key has one scope: `source`, `recipient`, `officer`, `subject-desk` or
  `auditor`; a source's key is for its own source, a recipient's for its own releases. Refusals are on record.
* **Errors** are RFC 9457 problems (`application/problem+json`) with reason codes. No submitted value ever comes back.
* **People** are named in bodies, never in addresses. Nobody's existence is told.
* **Lists.** Pull the members once, then deltas: `GET …/delta?since=RELEASE`. Name the last release that you have
  worked in: an answer that was lost is then given again. Without `since` the newest release is taken as received.
* **The log comes first.** Where an entry cannot be written, nothing leaves and nothing is kept (503).
"""
TAGS = [
    {"name": "sources", "description": "Batches in (scope `source` or `officer`)."},
    {"name": "inbox", "description": "Columns that no contract declares (scope `officer`)."},
    {"name": "policies", "description": "Versions of the policy, which is in force, and why (scope `officer`)."},
    {"name": "people", "description": "Choices and requests of data subjects (scope `subject-desk` or `officer`)."},
    {"name": "segments", "description": "Segments, members and deltas (scope `recipient`; snapshots: `officer`)."},
    {"name": "recipients", "description": "What recipients hold, owe and have deleted (scope `officer`)."},
    {"name": "records", "description": "What Art. 30 and 35 ask for (scope `officer`)."},
    {"name": "sweeps", "description": "What time has ended, ended (scope `officer`; for a nightly job)."},
    {"name": "audit", "description": "Checkpoints and proofs (scope `auditor` or `officer`)."},
    {"name": "health", "description": "For the machine that watches; no key."},
]
router = APIRouter(include_in_schema=False)


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=TITLE,
            version=__version__,
            description=DESCRIPTION,
            routes=app.routes,
            tags=TAGS,
        )
        model = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document["components"]["schemas"]
        schemas |= model.pop("$defs", {}) | {"Problem": model}
        app.openapi_schema = document
    return app.openapi_schema


@router.get("/docs")
async def docs() -> FileResponse:
    """Show the API's documents; every asset is local."""
    return FileResponse(HERE / "assets" / "docs.html", media_type="text/html")


@router.get("/problems/{slug}")
async def problem_page(slug: str) -> PlainTextResponse:
    """Say what a problem means and what to do."""
    page = PROBLEMS.get(slug)
    if page is None:
        raise NotFound("no such problem: `docs/problems` holds one page for each", reasons=("no_such_address",))
    return PlainTextResponse(page.read_text(encoding="utf-8"))
