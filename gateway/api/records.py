"""``/v1/records``: the record of processing activities and the data sheets of impact assessments, by ``Accept``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.bodies import Identifier
from gateway.api.negotiation import choose_of
from gateway.api.problems import documented
from gateway.flows.processing_record import dpia_text, record_text
from gateway.flows.register_clients import Client, Scope
from gateway.vocabulary.names import PurposeId

router = APIRouter(prefix="/v1/records", tags=["records"], route_class=Guarded)
# In the order in which a wildcard chooses.
FORMS = {"application/json": "json", "text/markdown": "markdown", "text/csv": "csv"}
_TEXT = {"schema": {"type": "string"}}
_FOUND: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The document, as `Accept` asks.",
        "content": {"application/json": {"schema": {"type": "object"}}, "text/markdown": _TEXT, "text/csv": _TEXT},
    }
}
Officer = Annotated[Client, Depends(Allowed(Scope.OFFICER))]
Language = Annotated[Literal["en", "fi", "hu", "uk"], Query(description="Of titles and words.")]


@router.get(
    "/processing",
    response_class=Response,
    operation_id="read_processing_record",
    summary="Read the record of processing activities (Art. 30)",
    responses=_FOUND | documented(401, 403, 406, 422, 503),
)
def read_processing_record(
    request: Request,
    gateway: TheGateway,
    client: Officer,  # noqa: ARG001 - named for its scope
    language: Language = "en",
) -> Response:
    """Return the record, made from the policy in force at this moment; counts of people are protected.

    As JSON, Markdown or CSV. Each gap, such as a transfer without a safeguard, stands under `missing`.
    """
    form = choose_of(request.headers.get("accept", "*/*"), FORMS)
    return _answer(gateway.records.record(language), form, record_text, language)


@router.get(
    "/dpia/{purpose}",
    response_class=Response,
    operation_id="read_dpia_sheet",
    summary="Read the data sheet of an impact assessment (Art. 35)",
    responses=_FOUND | documented(401, 403, 404, 406, 422, 503),
)
def read_dpia_sheet(
    purpose: Annotated[Identifier, Path(description="The id of a purpose.", examples=["direct_marketing"])],
    request: Request,
    gateway: TheGateway,
    client: Officer,  # noqa: ARG001 - named for its scope
    language: Language = "en",
) -> Response:
    """Return what configuration and stores say of a purpose; what only a person can judge is `null` or blank."""
    form = choose_of(request.headers.get("accept", "*/*"), FORMS)
    return _answer(gateway.records.dpia(PurposeId(purpose), language), form, dpia_text, language)


def _answer(
    found: Mapping[str, Any], form: str, text: Callable[[Mapping[str, Any], str], str], language: str
) -> Response:
    body = json.dumps(found, ensure_ascii=False) if form == "json" else text(found, form)
    media = next(media for media, known in FORMS.items() if known == form)
    return Response(body, media_type=media, headers={"Vary": "Accept", "Content-Language": language})
