"""What answers look like. They document the interface and hold nothing that the flows do not give."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_PSEUDONYM = "p_f4k2nq7wzc5xv3ydj6mrh2teaq"


class Answer(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class BatchAnswer(Answer):
    """What became of a batch: counts, line numbers and names of the contract."""

    source: str = Field(examples=["webshop_purchases"])
    batch: str | None = Field(examples=["bat_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    rows: int = Field(description="Rows stored.", examples=[1000])
    quarantined: dict[str, int] = Field(description="Reason → rows.", examples=[{"not_a_number": 2}])
    quarantined_lines: list[int] = Field(description="Line numbers of the first hundred.", examples=[[17, 203]])
    undeclared_columns: list[str] = Field(description="Columns that no contract declares: held encrypted, not stored.")
    withheld_fields: dict[str, str] = Field(description="Field → the rule that keeps it out.")
    new_subjects: int = Field(description="People not known before.", examples=[12])
    suppressed: int = Field(description="Rows of people who asked never to come back.", examples=[0])
    unresolved: int = Field(description="Events of people who are not known.", examples=[0])
    conflicts: int = Field(description="Weaker identifiers that belong to somebody else.", examples=[0])
    already_ingested: bool = Field(description="The same content was taken in before, and is not taken in again.")


class Recorded(Answer):
    """An answer that is the same whether or not the person is known."""

    recorded: bool
    at: dt.datetime


class Choice(Answer):
    """A choice on record."""

    purpose: str = Field(examples=["direct_marketing"])
    status: str = Field(examples=["given"])
    at: dt.datetime = Field(description="When the person chose.")
    notice: str | None = Field(examples=["webshop-2026-05"])
    channel: str = Field(examples=["api"])
    recorded_at: dt.datetime = Field(description="When it came on record.")
    language: str | None = Field(None, description="The notice's language.", examples=["fi"])
    evidence: str | None = Field(None, examples=["doc-2026-0017"])
    by: str = Field(description="Who expressed it.", examples=["self"])
    valid_until: dt.datetime | None = None


class Choices(Answer):
    """A person's choices, oldest first, and where they left the person; none for somebody unknown."""

    events: list[Choice]
    standing: dict[str, str] = Field(description="Purpose → status.", examples=[{"direct_marketing": "given"}])
    closed: dict[str, list[str]] = Field(
        description="Purpose → what closed it at that instant, as codes; nothing where it was permitted.",
        examples=[{"direct_marketing": ["under_age"]}],
    )
    at: dt.datetime = Field(description="The instant of `standing` and `closed`.")


class SignalsTaken(Answer):
    """What the signals mean under the policy; the same whether or not the person is known."""

    choices: dict[str, str] = Field(description="Purpose → status.", examples=[{"direct_marketing": "objected"}])
    ignored: int = Field(description="Categories that the policy does not know.")
    unread: str | None = Field(description="Why a TC string gave no yes.", examples=["tcf_without_disclosed_vendors"])


class Imported(Answer):
    """A file of choices on record; it does not tell whose."""

    recorded: bool
    rows: int


class ConsentReceipt(Answer):
    """A receipt, and what ties it to the person."""

    id: str = Field(examples=["rcp_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    receipt: str = Field(description="A signed note (C2SP) over JSON-LD; its key is `certificates.vkey` in the home.")
    nonce: str = Field(description="The person's alone; kept nowhere. It ties the identifier to the receipt.")


class ReceiptVerified(Answer):
    """What a receipt that somebody shows is worth."""

    verified: bool = Field(description="This gateway signed it, and nobody changed it.")
    concerns: bool | None = Field(description="It is about the person of the request; null where none was named.")


class AccessAnswer(Answer):
    """Access (Art. 15): the package; for somebody unknown, one without a person."""

    request: str = Field(examples=["req_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    due: dt.date = Field(description="The day by which the person has an answer (Art. 12(3)).")
    package: dict[str, Any] = Field(description="Everything held about the person, in words and in data.")


class ErasureAnswer(Answer):
    """Erasure (Art. 17): what went, and the signed certificate; with `dry_run` only the plan."""

    request: str | None
    plan: dict[str, Any]
    rows: int = Field(description="Rows deleted.")
    certificate: str | None = Field(description="A signed note (C2SP); its key is `certificates.vkey` in the home.")
    nonce: str | None = Field(
        description="The person's alone; kept nowhere. It ties the identifier to the certificate."
    )


class ChoiceAnswer(Answer):
    """Restriction (Art. 18) or objection (Art. 21): on record, and in force from the next query on."""

    recorded: bool
    status: Literal["restricted", "lifted", "objected"]
    purposes: list[str] = Field(description="`*` stands for every purpose.", examples=[["*"]])


class Used(Answer):
    """What a segment is made of, also by way of others."""

    segments: list[str] = Field(description="Nested segments.", examples=[["regular_buyers"]])
    traits: list[str] = Field(description="Computed traits.", examples=[["purchases_540_days"]])


class Segment(Answer):
    """A segment of the catalogue."""

    id: str = Field(examples=["loyal_buyers"])
    purpose: str = Field(examples=["direct_marketing"])
    title: dict[str, str] = Field(examples=[{"en": "Loyal buyers"}])
    uses: Used | None = Field(description="`null` for a recipient, to whom nobody tells how people are chosen.")


class SegmentList(Answer):
    """The segments that the caller may name."""

    segments: list[Segment]


class Snapshot(Answer):
    """A snapshot that was built. Its members stay here."""

    id: str = Field(description="The segment.", examples=["loyal_buyers"])
    snapshot: str = Field(examples=["sna_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    size: int | None = Field(description="`null`: under the minimum, and not told.", examples=[150])
    minimum: int = Field(examples=[5])
    taken_at: dt.datetime


class _Released(Answer):
    release: str = Field(description="Name it in `since`.", examples=["rel_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    segment: str = Field(examples=["loyal_buyers"])
    snapshot: str = Field(examples=["sna_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    purpose: str = Field(examples=["direct_marketing"])
    size: int = Field(description="Members of the release.", examples=[150])


class Member(BaseModel):
    """A pseudonym of the recipient's own scope, and the attributes that its contract names."""

    model_config = ConfigDict(extra="allow")

    pseudonym: str = Field(examples=[_PSEUDONYM])


class Members(_Released):
    """A page of members, in the order of their pseudonyms."""

    members: list[Member]
    next: str | None = Field(description="The `cursor` of the next page; `null` on the last one.")


class Change(Answer):
    """One who came or went."""

    change: Literal["entered", "left"]
    pseudonym: str = Field(examples=[_PSEUDONYM])


class Delta(_Released):
    """Who entered and who left since a release."""

    previous: str = Field(description="The release that it is compared with.")
    changes: list[Change]


class LogShard(Answer):
    """A quarter of the log."""

    name: str = Field(examples=["2026q4"])
    origin: str = Field(examples=["segmentation-gateway/log/2026q4"])
    size: int
    minimum: int = Field(description="Entries before this one were pruned under the retention policy.")
    vkeys: list[str] = Field(description="Verifier keys (C2SP signed-note) of its checkpoints.")


class Shards(Answer):
    """The shards of the log, oldest first."""

    shards: list[LogShard]


class ActorShown(Answer):
    """Who looked: the role, and by an officer's decision who it was."""

    type: str = Field(examples=["client"])
    role: str = Field(examples=["subject-desk"])
    reference: str | None = None


class TagProof(Answer):
    """How the person's tag leads to the root that a bulk entry names."""

    index: int
    of: int
    hashes: list[str]


class Consultation(Answer):
    """An entry of the log that concerns the person, with what proves it to a stranger."""

    ts: dt.datetime
    action: str = Field(examples=["segment.released"])
    decision: Literal["permit", "deny"]
    reasons: list[str] = []
    purpose: str | None = Field(None, examples=["direct_marketing"])
    basis: str | None = Field(None, description="Legal basis, Art. 6 GDPR.", examples=["6(1)(a)"])
    recipient: str | None = None
    source: str | None = None
    segment: str | None = None
    fields: list[str] = []
    request: str | None = None
    actor: ActorShown
    shard: str
    index: int
    entry: str = Field(description="The very bytes that are hashed, base 64.")
    proof: str = Field(description="An offline proof (C2SP tlog-proof).")
    tag: str = Field(description="The person's tag in this entry; only the person's own key makes it.")
    tag_proof: TagProof | None


class SearchedShard(Answer):
    """What was searched: every entry from `from` to `to`, under this checkpoint."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    shard: str
    start: int = Field(alias="from")
    to: int
    checkpoint: str


class Consultations(Answer):
    """Who saw a person's data: every entry of the log that concerns them."""

    request: str
    due: dt.date
    identities: bool = Field(description="Whether it names who looked, by an officer's decision.")
    entries: list[Consultation]
    searched: list[SearchedShard]
    audit_key: str | None = Field(description="The person's own; `python -m audit scan` repeats the search with it.")


class IdentityDecision(Answer):
    """The name of a decision on record."""

    decision: str


class Consistency(Answer):
    """A consistency proof (RFC 6962)."""

    old: int
    new: int
    proof: list[str] = Field(description="Hashes, hex.")


class Health(Answer):
    """How the service is."""

    status: Literal["alive", "ready"]
