"""Errors as RFC 9457 problem details. INVARIANT: no submitted value ever comes back, not even in a validation error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from gateway.foundation.errors import (
    Conflict,
    GatewayError,
    IntegrityFailure,
    InvalidInput,
    NotFound,
    NotPermitted,
    TooSmall,
    Unavailable,
)
from gateway.foundation.room import disk_is_full

MEDIA = "application/problem+json"
# Resolved along the error's ancestry, so a room's new error needs no edit here.
STATUS: dict[type[GatewayError], int] = {
    InvalidInput: 422,
    NotPermitted: 403,
    NotFound: 404,
    Conflict: 409,
    TooSmall: 409,
    Unavailable: 503,
    IntegrityFailure: 500,
}
TITLES = {
    "invalid-input": "What was handed in cannot be read, or breaks its contract",
    "not-permitted": "Policy, consent or a missing scope says no",
    "not-found": "There is no such thing, or none that the caller may know of",
    "conflict": "The state of things does not allow it now",
    "too-small": "The segment is under its minimum size, or does not exist",
    "unavailable": "Something that must work before data may move does not",
    "integrity-failure": "Stored bytes are not what they were, or an answer has no entry in the log",
}
# Status → slug, reason code, detail; for what the framework refuses before a flow is asked.
_REFUSED: dict[int, tuple[str, str, str]] = {
    400: ("invalid-input", "malformed_request", "the request cannot be read: send JSON as the API documents it"),
    401: ("not-permitted", "unknown_key", "send a live API key in `Authorization: Bearer …`"),
    404: ("not-found", "no_such_address", "nothing is at this address: /docs shows what there is"),
    405: ("invalid-input", "method_not_allowed", "this address has other methods: see `Allow`"),
    406: ("invalid-input", "not_acceptable", "ask for JSON, CSV, NDJSON or Parquet in `Accept`"),
    413: ("invalid-input", "too_large", "the body is over its limit: send it in parts"),
    415: ("invalid-input", "unsupported_body", "send an uncompressed body of a type that the API documents"),
}
_log = structlog.get_logger()


class Place(BaseModel):
    """Where a request differs from its form; never what stood there."""

    place: str = Field(examples=["body.subject.type"])
    code: str = Field(examples=["missing"])


class Problem(BaseModel):
    """An error (RFC 9457). It names places, codes and remedies, and never repeats what was submitted."""

    type: str = Field(description="Its page, on this server.", examples=["/problems/not-permitted"])
    title: str = Field(description="The kind of problem.", examples=[TITLES["not-permitted"]])
    status: int = Field(description="The HTTP status again.", examples=[403])
    detail: str = Field(description="What happened here, and the remedy.")
    reasons: list[str] = Field(
        description="Machine-readable codes or rules; never empty.", examples=[["missing_scope"]]
    )
    errors: list[Place] | None = Field(None, description="For a malformed request: each place.")


def problem(
    status: int, slug: str, detail: str, reasons: Sequence[str], *, errors: Sequence[Mapping[str, str]] = ()
) -> JSONResponse:
    """Return a problem document."""
    body: dict[str, Any] = {
        "type": f"/problems/{slug}",
        "title": TITLES[slug],
        "status": status,
        "detail": detail,
        "reasons": list(reasons),
    }
    if errors:
        body["errors"] = list(errors)
    headers = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return JSONResponse(body, status, headers=headers, media_type=MEDIA)


def unexpected(error: Exception) -> JSONResponse:
    """Return the answer to what nobody foresaw; of the error only its type goes anywhere: its message may hold data."""
    _log.error("request.failed", slug=type(error).__name__)
    if disk_is_full(error):
        detail = "the disk is full, and nothing was acknowledged: whoever runs the service makes room; try again then"
        return problem(503, Unavailable.slug, detail, ["disk_full"])
    detail = "something that must work did not, and nothing was acknowledged: `gateway doctor` says more; try again"
    return problem(503, Unavailable.slug, detail, ["unexpected"])


def kind_of(error: GatewayError) -> type[GatewayError]:
    """Return the kind of error that an error is."""
    return next((kind for kind in type(error).__mro__ if kind in STATUS), Unavailable)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of an operation's problems."""
    content = {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": f"Problem: {HTTPStatus(status).phrase}", "content": content} for status in statuses}


def waiting_for_another(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entry of an operation that may have to wait for a second person."""
    return {202: {"model": model, "description": "On record, and waits until another person decides the same."}}


def install(app: FastAPI) -> None:
    """Answer every error as a problem."""

    @app.exception_handler(GatewayError)
    async def gateway_error(_request: Request, error: GatewayError) -> JSONResponse:
        kind = kind_of(error)
        _log.info("request.refused", slug=error.slug, status=STATUS[kind])
        return problem(STATUS[kind], kind.slug, error.message, error.reasons or (error.slug,))

    @app.exception_handler(RequestValidationError)
    async def validation_error(_request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer echoes the value, and an unknown key is itself submitted text: places of declared
        # fields and error codes only.
        places = [{"place": _place(entry["loc"], entry["type"]), "code": entry["type"]} for entry in error.errors()]
        _log.info("request.refused", slug="malformed-request", status=422)
        detail = "the request does not have the form that the API documents: correct the places in `errors`"
        return problem(422, InvalidInput.slug, detail, ["malformed_request"], errors=places)

    @app.exception_handler(HTTPException)
    async def http_error(_request: Request, error: HTTPException) -> JSONResponse:
        slug, reason, detail = _REFUSED.get(error.status_code, _REFUSED[400])
        _log.info("request.refused", slug=slug, reason=reason, status=error.status_code)
        answer = problem(error.status_code, slug, detail, [reason])
        answer.headers.update({n: v for n, v in (error.headers or {}).items() if n in {"WWW-Authenticate", "Allow"}})
        return answer


def _place(location: Sequence[object], code: str) -> str:
    known = location[:-1] if code == "extra_forbidden" else location
    return ".".join(str(part) for part in known)
