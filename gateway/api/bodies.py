"""What a request may hold: closed, bounded models."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import HTTPException, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Value = Annotated[str, StringConstraints(min_length=1, max_length=320)]


class Body(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SubjectBody(Body):
    """A person by one identifier; in bodies only, never in a URL."""

    type: Literal["email", "phone", "customer_number", "national_id"]
    value: Value

    @property
    def pair(self) -> tuple[str, str]:
        """Type and value."""
        return self.type, self.value


class ConsentBody(Body):
    """A choice."""

    subject: SubjectBody
    purpose: Identifier
    status: Literal["given", "refused", "withdrawn", "objected"]
    at: AwareDatetime | None = None
    notice: Identifier | None = None


class SubjectQuery(Body):
    """Ask about one person."""

    subject: SubjectBody


class RequestBody(Body):
    """A data subject's request."""

    kind: Literal["access", "erasure", "restriction", "objection"]
    subject: SubjectBody
    language: Literal["en", "fi", "hu", "uk"] = "en"
    purpose: Identifier | None = None  # objection: one purpose; all when not given
    suppress: bool = True  # erasure: keep a keyed hash against re-import
    dry_run: bool = False
    lift: bool = False  # restriction: end it


class Recorded(BaseModel):
    """An answer that is the same whether or not the person is known."""

    recorded: bool
    at: dt.datetime


async def bounded(request: Request) -> bytes:
    """Read the body, up to the configured limit; it never touches the disk in clear."""
    limit: int = request.app.state.settings.max_upload_bytes
    if request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise HTTPException(413)
        parts.append(part)
    return b"".join(parts)
