"""Errors as RFC 9457 problem details. INVARIANT: no submitted value ever comes back, not even in a validation error."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
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
_log = structlog.get_logger()


def problem(status: int, slug: str, detail: str, reasons: Sequence[object] = ()) -> JSONResponse:
    """Return a problem document."""
    body = {
        "type": f"/problems/{slug}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "reasons": list(reasons),
    }
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {})
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def kind_of(error: GatewayError) -> type[GatewayError]:
    """Return the kind of error that an error is."""
    return next((kind for kind in type(error).__mro__ if kind in STATUS), Unavailable)


def install(app: FastAPI) -> None:
    """Answer every error as a problem."""

    @app.exception_handler(GatewayError)
    def gateway_error(_request: Request, error: GatewayError) -> JSONResponse:
        kind = kind_of(error)
        _log.info("request.refused", slug=kind.slug, status=STATUS[kind])
        return problem(STATUS[kind], kind.slug, error.message, error.reasons)

    @app.exception_handler(RequestValidationError)
    def validation_error(_request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer echoes the value, and an unknown key is itself submitted text: places of declared
        # fields and error codes only.
        reasons = [{"place": _place(entry["loc"], entry["type"]), "code": entry["type"]} for entry in error.errors()]
        return problem(422, "invalid-input", "the request does not have the form that the API documents", reasons)

    @app.exception_handler(HTTPException)
    def http_error(_request: Request, error: HTTPException) -> JSONResponse:
        slug = {404: "not-found", 401: "not-permitted", 403: "not-permitted"}.get(error.status_code, "invalid-input")
        answer = problem(error.status_code, slug, HTTPStatus(error.status_code).phrase)
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        return answer

    @app.exception_handler(Exception)
    def unexpected(_request: Request, error: Exception) -> JSONResponse:
        _log.error("request.failed", slug=type(error).__name__)
        return problem(503, "unavailable", "something that must work did not; nothing was kept")


def _place(location: Sequence[object], code: str) -> str:
    known = location[:-1] if code == "extra_forbidden" else location
    return ".".join(str(part) for part in known)
