"""What a request may hold: closed, bounded models, and uploads that stay in memory."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import HTTPException, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from starlette.types import Message

from gateway.vocabulary.consents import EVIDENCE

MAX_JSON = 64 * 1024  # bytes
MEDIA_IN = ("text/csv", "application/x-ndjson", "application/jsonl", "application/octet-stream")
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Evidence = Annotated[str, StringConstraints(pattern=rf"^{EVIDENCE}$")]
Value = Annotated[str, StringConstraints(min_length=1, max_length=320)]
# Nobody chose anything here before; and an instant before the year 1 in UTC could be stored but not read.
_EARLIEST, _LATEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 30, tzinfo=dt.UTC)
Chosen = Annotated[AwareDatetime, Field(ge=_EARLIEST, le=_LATEST)]  # what UTC and every time zone can say


class Body(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SubjectBody(Body):
    """A person by one identifier; in bodies only, never in a URL."""

    model_config = ConfigDict(title="Subject")

    type: Literal["email", "phone", "customer_number", "national_id"] = Field(description="Which identifier it is.")
    value: Value = Field(description="The identifier, as it is written.", examples=["aino@example.org"])

    @property
    def pair(self) -> tuple[str, str]:
        """Type and value."""
        return self.type, self.value


class ConsentBody(Body):
    """A choice that a person made."""

    model_config = ConfigDict(title="Choice")

    subject: SubjectBody
    purpose: Identifier = Field(description="The id of a purpose of the pack.", examples=["direct_marketing"])
    status: Literal["requested", "given", "refused", "withdrawn", "invalidated", "objected"]
    at: Chosen | None = Field(None, description="When the person chose; the instant of recording when not given.")
    notice: Identifier | None = Field(
        None, description="The version of the notice that the person saw.", examples=["webshop-2026-05"]
    )
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = Field(
        None, description="The notice's language (ISO 639-1).", examples=["fi"]
    )
    evidence: Evidence | None = Field(
        None, description="A reference to what proves it, never a name or an address.", examples=["doc-2026-0017"]
    )
    by: Literal["self", "guardian", "controller"] = Field(
        "self", description="Who expressed it; of a child under age only a guardian's yes counts (Art. 8)."
    )
    valid_until: Chosen | None = Field(None, description="Of a dated yes: an end before the purpose's own.")


class SignalsBody(Body):
    """What a browser or a tracking call said of a person's choices."""

    model_config = ConfigDict(title="Signals")

    subject: SubjectBody
    category_preferences: dict[Annotated[str, StringConstraints(min_length=1, max_length=200)], StrictBool] | None = (
        Field(
            None,
            alias="categoryPreferences",
            max_length=100,
            description="`context.consent.categoryPreferences` of a tracking call.",
            examples=[{"marketing": False}],
        )
    )
    tcf: Annotated[str, StringConstraints(min_length=1, max_length=16_384)] | None = Field(
        None, description="A TC string (TCF v2.3); its digest is kept, not the string."
    )
    gpc: bool = Field(default=False, description="Global Privacy Control; the header `Sec-GPC: 1` says the same.")
    notice: Identifier | None = Field(None, description="The version of the notice that the preferences stand under.")


class ConsentsQuery(Body):
    """Ask what a person chose."""

    model_config = ConfigDict(title="ConsentsQuery")

    subject: SubjectBody
    at: Chosen | None = Field(None, description="Where the person stood at this instant; now when not given.")
    recorded: Chosen | None = Field(None, description="Count only what was on record at this instant.")


class ReceiptBody(Body):
    """Ask for a receipt of a person's choices."""

    model_config = ConfigDict(title="ReceiptRequest")

    subject: SubjectBody
    language: Literal["en", "fi", "hu", "uk"] = "en"


class Holder(Body):
    """Who shows a receipt, with the nonce that came with it."""

    subject: SubjectBody
    nonce: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class VerifyBody(Body):
    """A receipt that somebody shows."""

    model_config = ConfigDict(title="ReceiptShown")

    receipt: Annotated[str, StringConstraints(min_length=1, max_length=MAX_JSON)] = Field(
        description="The signed note, as it was given."
    )
    holder: Holder | None = Field(None, description="Ask as well whether it is about this person.")


class RequestBody(Body):
    """A data subject's request."""

    model_config = ConfigDict(title="SubjectRequest")

    kind: Literal["access", "erasure", "restriction", "objection"] = Field(description="Art. 15, 17, 18 or 21 GDPR.")
    subject: SubjectBody
    language: Literal["en", "fi", "hu", "uk"] = Field("en", description="Access: the language of the package.")
    purpose: Identifier | None = Field(None, description="Objection: one purpose; every one when not given.")
    suppress: bool = Field(default=True, description="Erasure: keep a keyed hash so that no import brings them back.")
    dry_run: bool = Field(default=False, description="Say what would happen; change nothing. Not for access.")
    lift: bool = Field(default=False, description="Restriction: end it.")


class WhoSawBody(Body):
    """Ask who saw a person's data."""

    model_config = ConfigDict(title="ConsultationsQuery")

    subject: SubjectBody
    decision: Identifier | None = Field(None, description="The officer's decision to tell who looked.")
    with_key: bool = Field(default=False, description="Add the person's audit key, to repeat the search.")


class IdentityDecisionBody(Body):
    """Decide whether a person is told which employees looked at their data."""

    model_config = ConfigDict(title="IdentityDecisionRequest")

    subject: SubjectBody
    permit: bool
    reason: Literal["needed_for_rights", "not_needed_for_rights", "protects_employee"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A body, in memory only, and its digest (hex)."""

    stream: io.BytesIO
    sha256: str


async def upload(request: Request) -> Upload:
    """Read a batch, up to the configured limit; it never touches the disk in clear."""
    media = request.headers.get("content-type", MEDIA_IN[-1]).partition(";")[0].strip().lower()
    if media not in MEDIA_IN:
        raise HTTPException(415)
    stream, digest = io.BytesIO(), hashlib.sha256()
    async for part in request.stream():
        stream.write(part)
        digest.update(part)
    stream.seek(0)
    return Upload(stream, digest.hexdigest())


def bounded(request: Request, limit: int) -> Request:
    """Return the request with a body that ends in 413 beyond ``limit`` bytes; compressed ones are refused (415)."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise HTTPException(415)
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > len(str(limit)) or int(declared) > limit:
        raise HTTPException(413)
    size = 0

    async def receive() -> Message:
        nonlocal size
        message: Message = await request.receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise HTTPException(413)
        return message

    return Request(request.scope, receive)
