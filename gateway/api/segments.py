"""``/v1/segments``: what a recipient may pull, page by page or as what changed."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response

from gateway.api.authentication import TheGateway, actor_of, allowed
from gateway.api.bodies import Identifier
from gateway.api.cursors import Cursors
from gateway.flows.read_members import MembersPage
from gateway.flows.register_clients import Client, Scope
from gateway.flows.release_segment import Format, ReleasePackage, ReleaseRequest
from gateway.vocabulary.names import RecipientId, ReleaseId, SegmentId

router = APIRouter(prefix="/v1/segments", tags=["segments"])
Puller = Annotated[Client, Depends(allowed(Scope.RECIPIENT))]
Officer = Annotated[Client, Depends(allowed(Scope.OFFICER))]
Reader = Annotated[Client, Depends(allowed(Scope.RECIPIENT, Scope.OFFICER))]
MEDIA: dict[str, Format] = {
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.parquet": "parquet",
}


@router.get("")
def list_segments(gateway: TheGateway, client: Reader) -> dict[str, Any]:
    """List the catalogued segments; a recipient sees those of its contract's purposes."""
    contract = gateway.house.catalogue.recipients.get(RecipientId(client.reference))
    purposes = contract.purposes if client.scope is Scope.RECIPIENT and contract else None
    return {
        "segments": [
            {"id": d.id, "purpose": d.purpose, "title": dict(d.title)}
            for d in gateway.segments.all()
            if purposes is None or d.purpose in purposes
        ]
    }


@router.post("/{segment}/snapshots", status_code=201)
def build(segment: Identifier, gateway: TheGateway, client: Officer) -> dict[str, Any]:
    """Build a snapshot; a size under the minimum is not told."""
    size = gateway.build(SegmentId(segment), actor_of(client))
    return {
        "id": size.id,
        "snapshot": size.snapshot,
        "size": size.size,
        "minimum": size.minimum,
        "taken_at": size.taken_at,
    }


@router.get("/{segment}/members")
def members(  # noqa: PLR0913 - FastAPI's parameters
    segment: Identifier,
    request: Request,
    gateway: TheGateway,
    client: Puller,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Return the members' pseudonyms, in pages of JSON, or whole as CSV, NDJSON or Parquet (by ``Accept``).

    The first page releases a new snapshot; ``next`` leads on. The ETag is the digest of the members: with
    ``If-None-Match`` an unchanged list is answered by 304.
    """
    form = _format(request.headers.get("accept", "*/*"))
    recipient = RecipientId(client.reference)
    cursors: Cursors = request.app.state.cursors
    if cursor is not None:
        release, after = cursors.read(cursor, recipient)
        page = gateway.members.page(ReleaseId(release), recipient, actor_of(client), after=after, limit=limit)
        return _page(page, cursors, recipient)
    wanted = ReleaseRequest(SegmentId(segment), recipient, "ndjson" if form == "json" else form)
    package = gateway.release(wanted, actor_of(client))
    if if_none_match == f'"{package.etag}"':
        return Response(status_code=304, headers={"ETag": if_none_match})
    if form != "json":
        return _file(package, form)
    release = package.disclosure.release
    page = gateway.members.page(release, recipient, actor_of(client), after="", limit=limit)
    return _page(page, cursors, recipient)


@router.get("/{segment}/delta")
def delta(
    segment: Identifier,
    request: Request,
    gateway: TheGateway,
    client: Puller,
    since: Annotated[str | None, Query(pattern=r"^rel_[a-z2-7]{26}$")] = None,
) -> Response:
    """Return who entered and who left since a release of yours (``since``; the newest when not given)."""
    form = _format(request.headers.get("accept", "*/*"))
    wanted = ReleaseRequest(
        SegmentId(segment),
        RecipientId(client.reference),
        "ndjson" if form == "json" else form,
        delta=True,
        since=ReleaseId(since) if since else None,
    )
    package = gateway.release(wanted, actor_of(client))
    if form != "json":
        return _file(package, form)
    changes = [json.loads(line) for line in package.data.splitlines()]
    body = _about(package.disclosure) | {"previous": package.disclosure.previous, "changes": changes}
    return _json(body, package.etag)


def _format(accept: str) -> Literal["json"] | Format:
    """Choose by the first media type that we have; ``*/*`` means JSON."""
    for part in accept.split(","):
        media = part.partition(";")[0].strip().lower()
        if media in {"*/*", "application/*", "application/json"}:
            return "json"
        if media in MEDIA:
            return MEDIA[media]
    raise HTTPException(406)


def _file(package: ReleasePackage, form: Format) -> Response:
    media = next(name for name, value in MEDIA.items() if value == form)
    headers = {"ETag": f'"{package.etag}"', "X-Release": package.disclosure.release}
    return Response(package.data, media_type=media, headers=headers)


def _page(page: MembersPage, cursors: Cursors, recipient: RecipientId) -> Response:
    disclosure = page.disclosure
    following = cursors.write(disclosure.release, page.after, recipient) if page.after else None
    members_of_page = [{"pseudonym": pseudonym} for pseudonym in page.pseudonyms]
    return _json(_about(disclosure) | {"members": members_of_page, "next": following}, disclosure.sha256)


def _about(disclosure: Any) -> dict[str, Any]:
    return {
        "release": disclosure.release,
        "segment": disclosure.segment,
        "snapshot": disclosure.snapshot,
        "purpose": disclosure.purpose,
        "size": disclosure.size,
    }


def _json(body: dict[str, Any], etag: str) -> Response:
    return Response(json.dumps(body), media_type="application/json", headers={"ETag": f'"{etag}"'})
