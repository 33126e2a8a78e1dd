"""``/v1/segments``: what a recipient may pull, page by page or as what changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from gateway.api import answers, negotiation
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.bodies import Identifier
from gateway.api.cursors import FOREIGN, Cursors
from gateway.api.problems import documented
from gateway.api.releasing import releases
from gateway.flows.read_members import MembersPage, PageRequest
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.flows.release_segment import ReleasePackage, ReleaseRequest
from gateway.flows.released import Released
from gateway.foundation.errors import InvalidInput
from gateway.vocabulary.names import RecipientId, ReleaseId, SegmentId
from gateway.wiring import Gateway

router = APIRouter(prefix="/v1/segments", tags=["segments"], route_class=Guarded)
Puller = Annotated[Client, Depends(Allowed(Scope.RECIPIENT))]
Officer = Annotated[Client, Depends(Allowed(Scope.OFFICER))]
Reader = Annotated[Client, Depends(Allowed(Scope.RECIPIENT, Scope.OFFICER))]
SegmentPath = Annotated[Identifier, Path(description="The id of a segment.", examples=["loyal_buyers"])]
ReleaseText = Annotated[str | None, Query(pattern=r"^rel_[a-z2-7]{26}$", description="A release of yours.")]
_FILES = {
    "text/csv": {"schema": {"type": "string"}},
    "application/x-ndjson": {"schema": {"type": "string"}},
    "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
}
_HEADERS = {
    "ETag": {"description": "Of the list.", "schema": {"type": "string"}},
    "X-Release": {"description": "The release; name it in `since`.", "schema": {"type": "string"}},
}
_Documents = dict[int | str, dict[str, Any]]
_PAGE: _Documents = {
    200: {"description": "A page (JSON) or the whole list.", "content": _FILES, "headers": _HEADERS},
    304: {"description": "The list is the one of `If-None-Match`."},
}
_CHANGES: _Documents = {200: {"description": "Who entered and who left.", "content": _FILES, "headers": _HEADERS}}


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page, of what length."""

    cursor: Annotated[str | None, Query(max_length=512, description="`next` of the page before.")] = None
    limit: Annotated[int, Query(ge=1, le=10_000, description="Members on a page of JSON.")] = 1_000


@router.get(
    "",
    operation_id="list_segments",
    summary="List segments",
    response_model=answers.SegmentList,
    responses=documented(401, 403, 503),
)
def list_segments(gateway: TheGateway, client: Reader) -> dict[str, Any]:
    """List the catalogued segments; a recipient sees those of its contract's purposes."""
    contract = gateway.house.catalogue.recipients.get(RecipientId(client.reference))
    purposes = None
    if client.scope is Scope.RECIPIENT:
        purposes = contract.purposes if contract else ()
    return {
        "segments": [
            {"id": d.id, "purpose": d.purpose, "title": dict(d.title), "uses": d.used if purposes is None else None}
            for d in gateway.segments.all()
            if purposes is None or d.purpose in purposes
        ]
    }


@router.post(
    "/{segment}/snapshots",
    status_code=201,
    operation_id="build_snapshot",
    summary="Build a snapshot",
    response_model=answers.Snapshot,
    responses=documented(401, 403, 404, 422, 503),
)
def build_snapshot(segment: SegmentPath, gateway: TheGateway, client: Officer) -> dict[str, Any]:
    """Ask who belongs to a segment now; a size under the minimum is not told."""
    size = gateway.build(SegmentId(segment), actor_of(client))
    return {
        "id": size.id,
        "snapshot": size.snapshot,
        "size": size.size,
        "minimum": size.minimum,
        "taken_at": size.taken_at,
    }


@router.get(
    "/{segment}/members",
    operation_id="read_members",
    summary="Pull the members",
    response_model=answers.Members,
    responses={**_PAGE, **documented(401, 403, 404, 406, 409, 422, 500, 503)},
)
@releases
def read_members(
    segment: SegmentPath,
    request: Request,
    gateway: TheGateway,
    client: Puller,
    paging: Annotated[Paging, Depends()],
    if_none_match: Annotated[str | None, Header(max_length=1000, description="The ETag that you have.")] = None,
) -> Released[Response]:
    """Return the members' pseudonyms, in pages of JSON, or whole as CSV, NDJSON or Parquet (by `Accept`).

    Without `cursor` a new release is made; `next` leads on within it. Whoever withdraws in between is left out of the
    pages that follow. With `If-None-Match` an unchanged list is answered by 304; pseudonyms of a transaction scope are
    new with each release, so such a list always changes.
    """
    form = negotiation.choose(request.headers.get("accept", "*/*"))
    recipient = RecipientId(client.reference)
    cursors: Cursors = request.app.state.cursors
    if paging.cursor is not None:
        release, after = _place(gateway, cursors, paging.cursor, client)
        wanted_page = PageRequest(ReleaseId(release), SegmentId(segment), recipient, after, paging.limit)
        return gateway.members.page(wanted_page, actor_of(client)).map(lambda page: _page(page, cursors, None))
    wanted = ReleaseRequest(SegmentId(segment), recipient, "ndjson" if form == "json" else form)
    released = gateway.release(wanted, actor_of(client))

    def answered(package: ReleasePackage) -> Released[Response]:
        tag = negotiation.tag(package.etag, form)
        if negotiation.matches(if_none_match, tag):
            return released.map(lambda _: Response(status_code=304, headers=_naming(package, tag)))
        if form != "json":
            return released.map(lambda _: _file(package, form))
        first = PageRequest(package.disclosure.release, SegmentId(segment), recipient, "", paging.limit)
        return gateway.members.page(first, actor_of(client)).map(lambda page: _page(page, cursors, tag))

    return released.then(answered)


@router.get(
    "/{segment}/delta",
    operation_id="read_delta",
    summary="Pull what changed",
    response_model=answers.Delta,
    responses={**_CHANGES, **documented(401, 403, 404, 406, 422, 500, 503)},
)
@releases
def read_delta(
    segment: SegmentPath, request: Request, gateway: TheGateway, client: Puller, since: ReleaseText = None
) -> Released[Response]:
    """Return who entered and who left since a release of yours (`since`; the newest when not given).

    The answer is a release itself: name it in the next `since`. While you name the older one, you are told the same
    again, also of people who have been erased. A segment that fell under its minimum, or that policy permits you no
    more, is told as everybody's leaving.
    """
    form = negotiation.choose(request.headers.get("accept", "*/*"))
    wanted = ReleaseRequest(
        SegmentId(segment),
        RecipientId(client.reference),
        "ndjson" if form == "json" else form,
        delta=True,
        since=ReleaseId(since) if since else None,
    )
    answered = _changes if form == "json" else partial(_file, form=form)
    return gateway.release(wanted, actor_of(client)).map(answered)


def _place(gateway: Gateway, cursors: Cursors, cursor: str, client: Client) -> tuple[str, str]:
    """Return release and place of a client's own cursor; that another was refused is on record."""
    try:
        return cursors.read(cursor, client.reference)
    except InvalidInput:
        gateway.clients.refused_page(FOREIGN, client)
        raise


def _file(package: ReleasePackage, form: negotiation.Form) -> Response:
    headers = _naming(package, negotiation.tag(package.etag, form))
    return Response(package.data, media_type=negotiation.media_of(form), headers=headers)


def _changes(package: ReleasePackage) -> Response:
    changes = [json.loads(line) for line in package.data.splitlines()]
    about = _about(package.disclosure) | {"previous": package.disclosure.previous, "changes": changes}
    return _json(about, _naming(package, negotiation.tag(package.etag, "json")))


def _naming(package: ReleasePackage, tag: str) -> dict[str, str]:
    return {"ETag": tag, "X-Release": package.disclosure.release, "Vary": "Accept"}


def _page(page: MembersPage, cursors: Cursors, tag: str | None) -> Response:
    disclosure = page.disclosure
    following = cursors.write(disclosure.release, page.after, disclosure.recipient) if page.after else None
    headers = {"X-Release": str(disclosure.release), "Vary": "Accept"} | ({"ETag": tag} if tag else {})
    return _json(_about(disclosure) | {"members": page.members, "next": following}, headers)


def _about(disclosure: Any) -> dict[str, Any]:
    return {
        "release": disclosure.release,
        "segment": disclosure.segment,
        "snapshot": disclosure.snapshot,
        "purpose": disclosure.purpose,
        "size": disclosure.size,
    }


def _json(body: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(json.dumps(body, default=str), media_type="application/json", headers=headers)
