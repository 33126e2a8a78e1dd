"""``/v1/consents``: what people choose, one by one or as a file, and what is on record of it."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse

from gateway.api.answers import Choices, ConsentReceipt, Imported, ReceiptVerified, Recorded, SignalsTaken
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.bodies import (
    MEDIA_IN,
    ConsentBody,
    ConsentsQuery,
    ReceiptBody,
    SignalsBody,
    Upload,
    VerifyBody,
    upload,
)
from gateway.api.problems import documented, problem
from gateway.api.releasing import releases
from gateway.flows.consent_receipts import ConsentReceipt as Made
from gateway.flows.record_consent import Choice
from gateway.flows.record_signals import Told
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.flows.released import Released
from gateway.flows.show_consents import ConsentHistory
from gateway.foundation.errors import InvalidInput
from gateway.vocabulary.consents import ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId

router = APIRouter(prefix="/v1/consents", tags=["people"], route_class=Guarded)
Desk = Annotated[Client, Depends(Allowed(Scope.SUBJECT_DESK, Scope.OFFICER))]
_REFUSALS = documented(400, 401, 403, 413, 415, 422, 503)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CSV = {
    "schema": {"type": "string"},
    "example": "identifier_type,identifier,purpose,status,at,notice,by\n"
    "email,aino@example.org,direct_marketing,given,2026-05-02,webshop-2026-05,self\n",
}
_NDJSON = {
    "schema": {"type": "string"},
    "example": '{"identifier_type":"email","identifier":"aino@example.org","purpose":"direct_marketing",'
    '"status":"withdrawn","at":"2026-05-02T09:00:00Z"}\n',
}
_FILE = {
    "description": "Choices. Further columns: notice, language, channel, evidence, by, valid_until. "
    "Of a day alone in `at` (UTC) a yes counts from its beginning and a no from its end, or now if that is earlier.",
    "required": True,
    "content": dict.fromkeys(MEDIA_IN, _BINARY) | {"text/csv": _CSV, "application/x-ndjson": _NDJSON},
}


@router.post(
    "",
    status_code=202,
    operation_id="record_consent",
    summary="Record a choice",
    response_model=Recorded,
    response_description="On record, and in force from the next query on.",
    responses=_REFUSALS,
)
def record_consent(body: ConsentBody, gateway: TheGateway, client: Desk) -> Recorded:
    """Record a choice; it bites at the next query. The answer does not tell whether the person is known."""
    choice = Choice(
        PurposeId(body.purpose), ConsentStatus(body.status), body.at, body.notice, "api", body.language, body.evidence,
        ExpressedBy(body.by), body.valid_until,
    )  # fmt: skip
    gateway.record_consent(body.subject.pair, choice, actor_of(client))
    return Recorded(recorded=True, at=gateway.house.clock.now())


@router.post(
    "/signals",
    status_code=202,
    operation_id="record_signals",
    summary="Record what a browser signalled",
    response_model=SignalsTaken,
    response_description="On record, and in force from the next query on.",
    responses=_REFUSALS,
)
def record_signals(
    body: SignalsBody,
    gateway: TheGateway,
    client: Desk,
    sec_gpc: Annotated[
        list[str] | None, Header(alias="Sec-GPC", description="Global Privacy Control of the person's browser: `1`.")
    ] = None,
) -> SignalsTaken:
    """Record category preferences, a TC string and Global Privacy Control, as the policy maps them to purposes.

    What the policy does not name means nothing; a TC string that cannot be read is no yes. Where a call says both yes
    and no for a purpose, it says no. The answer tells what the signals mean: a yes does not overrule a no made
    elsewhere, and a TC string that was on record before takes back nothing chosen since.
    """
    gpc = any(value.strip() == "1" for line in sec_gpc or () for value in line.split(","))
    told = Told(body.gpc or gpc, body.tcf, body.category_preferences, body.notice)
    taken = gateway.record_signals(body.subject.pair, told, actor_of(client))
    return SignalsTaken(
        choices={str(name): word for name, word in taken.choices.items()}, ignored=taken.ignored, unread=taken.unread
    )


@router.post(
    "/query",
    operation_id="query_consents",
    summary="Show a person's choices",
    response_model=Choices,
    responses=_REFUSALS | documented(500),
)
@releases
def query_consents(body: ConsentsQuery, gateway: TheGateway, client: Desk) -> Released[dict[str, Any]]:
    """Return a person's choices, oldest first, where they left the person at an instant, and what closed each purpose.

    For somebody unknown there is no choice, and every purpose is `unknown`, as for somebody who said nothing. The look
    is on record.
    """
    found = gateway.show_consents(body.subject.pair, actor_of(client), at=body.at, recorded=body.recorded)
    return found.map(_shown)


def _shown(history: ConsentHistory) -> dict[str, Any]:
    return {
        "events": [dataclasses.asdict(event) for event in history.events],
        "standing": history.standing,
        "closed": history.closed,
        "at": history.at,
    }


@router.post(
    "/import",
    status_code=202,
    operation_id="import_consents",
    summary="Record a file of choices",
    response_model=Imported,
    response_description="All of it on record, and in force from the next query on.",
    responses=_REFUSALS,
    openapi_extra={"requestBody": _FILE},
)
def import_consents(
    gateway: TheGateway, client: Desk, body: Annotated[Upload, Depends(upload)]
) -> Imported | JSONResponse:
    """Record all choices of a CSV or NDJSON body, or none where a row is at fault: `errors` names line and reason.

    The answer does not tell who is known. The same file again adds nothing.
    """
    report = gateway.import_consents(body.stream, actor_of(client), name="the request's body")
    if not report.faulty:
        return Imported(recorded=report.recorded, rows=report.rows)
    detail = f"{report.faulty} of {report.rows} rows are at fault and nothing was recorded: correct them and send all"
    places = [{"place": f"line {fault.line}", "code": fault.reason} for fault in report.faults]
    return problem(422, InvalidInput.slug, detail, list(report.reasons), errors=places)


@router.post(
    "/receipt",
    operation_id="make_consent_receipt",
    summary="Make a receipt of a person's choices",
    response_model=ConsentReceipt,
    responses=_REFUSALS | documented(404, 500),
)
@releases
def make_consent_receipt(body: ReceiptBody, gateway: TheGateway, client: Desk) -> Released[dict[str, Any]]:
    """Return a signed receipt (ISO/IEC TS 27560, JSON-LD in W3C DPV); 404 where no choice is on record."""
    made = gateway.consent_receipts(body.subject.pair, actor_of(client), language=body.language)
    return made.map(_receipt)


def _receipt(made: Made) -> dict[str, Any]:
    return {"id": made.id, "receipt": made.note, "nonce": made.nonce}


@router.post(
    "/receipt/verify",
    operation_id="verify_consent_receipt",
    summary="Check a receipt that somebody shows",
    response_model=ReceiptVerified,
    responses=_REFUSALS,
)
def verify_consent_receipt(body: VerifyBody, gateway: TheGateway, _: Desk) -> ReceiptVerified:
    """Check a receipt's signature and, with identifier and nonce, whether it is about that person.

    Nothing is looked up: the answer tells of the receipt alone, and not whether the person is known.
    """
    holder = (body.holder.subject.pair, body.holder.nonce) if body.holder else None
    found = gateway.verify_receipt(body.receipt, holder)
    return ReceiptVerified(verified=found.verified, concerns=found.concerns)
