"""``/v1/policies``: versions of the policy: drafted, simulated, approved by a second person, in force, superseded."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field, StringConstraints

from gateway.api.answers import Answer
from gateway.api.authentication import Allowed, Guarded, TheGateway
from gateway.api.bodies import Body, Chosen
from gateway.api.problems import documented, waiting_for_another
from gateway.flows.policy_versions import Officer, VersionShown
from gateway.flows.register_clients import Client, Scope, actor_of

MAX_DRAFT = 4 * 1024 * 1024  # bytes
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_/.-]{0,127}$")]
NoteText = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Roomy(Guarded):
    """A route that takes a whole pack."""

    json_limit: ClassVar[int] = MAX_DRAFT


router = APIRouter(prefix="/v1/policies", tags=["policies"], route_class=Roomy)
OfficerKey = Annotated[Client, Depends(Allowed(Scope.OFFICER))]
Number = Annotated[
    str, Path(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$", description="A version's number.", examples=["1.1.0"])
]


class PolicyStep(Answer):
    """A step that was taken with a version, by whom and when."""

    step: Literal["simulated", "approved", "activated", "rolled_back", "withdrawn"]
    by: str = Field(examples=["officer-2"])
    at: dt.datetime
    starts: dt.datetime | None = Field(description="From when it puts the version in force.")
    report: str | None = Field(description="Of a simulation: the sha256 of its report.")
    note: str | None
    confirmed_by: str | None = Field(description="The second person, where one was asked for.", examples=["officer-2"])


class RollbackProposal(Answer):
    """A way back that somebody proposed; the same by another person confirms it."""

    id: str = Field(description="Its name in the log.", examples=["dec_f4k2nq7wzc5xv3ydj6mrh2teaq"])
    opens: str = Field(description="sha256 over exactly what it would open.")
    by: str = Field(examples=["officer-1"])
    at: dt.datetime
    note: str | None
    void: bool = Field(description="What is in force has changed since: it is to be proposed again.")


class PolicyVersionAnswer(Answer):
    """A version of the policy, where it stands, and what was decided about it."""

    pack: str = Field(examples=["baseline"])
    version: str = Field(examples=["1.1.0"])
    digest: str = Field(description="sha256 over its files.")
    label: str = Field(description="As it stands in the log.")
    state: Literal["draft", "simulated", "approved", "scheduled", "active", "superseded", "withdrawn"]
    starts: dt.datetime | None = Field(description="When it last came, or comes next, into force.")
    effective_from: dt.datetime
    supersedes: str | None
    drafted_by: str = Field(examples=["officer-1"])
    drafted_at: dt.datetime
    note: str | None
    steps: list[PolicyStep]
    proposal: RollbackProposal | None = Field(description="To go back to it: what waits for a second person.")


class PolicyVersionWhole(PolicyVersionAnswer):
    """A version with its texts."""

    files: dict[str, str] = Field(description="The pack's files by path.")


class PolicyVersions(Answer):
    """The versions, and the policy in force with all decisions about columns."""

    policy: str
    versions: list[PolicyVersionAnswer]


class DraftBody(Body):
    """A pack to submit as a draft."""

    files: dict[FileName, str] = Field(max_length=500, description="The texts of the pack by path, `pack.yaml` first.")
    note: NoteText | None = Field(None, description="Why; it stays in the registry.")
    dry_run: bool = Field(default=False, description="Say whether it would be taken; change nothing.")


class ApprovalBody(Body):
    """Approve a version."""

    note: NoteText | None = Field(None, description="Why; it stays in the registry.")


class ActivationBody(Body):
    """Put an approved version in force."""

    at: Chosen | None = Field(None, description="From when; now when not given.")
    note: NoteText | None = Field(None, description="Why; it stays in the registry.")


class RollbackBody(Body):
    """Go back to a version."""

    reason: NoteText = Field(description="Why; it stays in the registry.")


class WithdrawalBody(Body):
    """Take a version back that never came into force."""

    note: NoteText | None = Field(None, description="Why; it stays in the registry.")


@router.get(
    "",
    operation_id="list_policies",
    summary="List the versions of the policy",
    response_model=PolicyVersions,
    responses=documented(401, 403, 503),
)
def list_policies(
    gateway: TheGateway,
    client: OfficerKey,  # noqa: ARG001 - named for its scope
) -> dict[str, Any]:
    """List every version in the order in which they were drafted."""
    return {"policy": gateway.house.catalogue.label, "versions": [_shown(each) for each in gateway.policies.list()]}


@router.post(
    "",
    status_code=201,
    operation_id="draft_policy",
    summary="Submit a draft",
    response_model=PolicyVersionAnswer,
    response_description="Kept; what is in force stays in force.",
    responses=documented(400, 401, 403, 409, 413, 415, 422, 503),
)
def draft_policy(body: DraftBody, gateway: TheGateway, client: OfficerKey) -> dict[str, Any]:
    """Submit the texts of a pack; the same texts again are the draft that is there.

    A pack that cannot be read, or whose own cases fail, is refused with file, line and remedy.
    """
    return _shown(gateway.policies.draft(body.files, _officer(client), note=body.note, dry_run=body.dry_run))


@router.get(
    "/{version}",
    operation_id="get_policy",
    summary="Get a version with its texts",
    response_model=PolicyVersionWhole,
    responses=documented(401, 403, 404, 422, 503),
)
def get_policy(
    version: Number,
    gateway: TheGateway,
    client: OfficerKey,  # noqa: ARG001 - named for its scope
) -> dict[str, Any]:
    """Return what was drafted, byte for byte, and every step since."""
    return _shown(gateway.policies.get(version)) | {"files": gateway.policies.files(version)}


@router.post(
    "/{version}/approval",
    status_code=201,
    operation_id="approve_policy",
    summary="Approve a version",
    response_model=PolicyVersionAnswer,
    responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
def approve_policy(version: Number, body: ApprovalBody, gateway: TheGateway, client: OfficerKey) -> dict[str, Any]:
    """Approve a simulated draft; where four eyes are asked for, somebody else than who drafted it."""
    return _shown(gateway.policies.approve(version, _officer(client), note=body.note))


@router.post(
    "/{version}/activation",
    status_code=201,
    operation_id="activate_policy",
    summary="Put a version in force",
    response_model=PolicyVersionAnswer,
    response_description="In force from its instant, for every decision.",
    responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
def activate_policy(version: Number, body: ActivationBody, gateway: TheGateway, client: OfficerKey) -> dict[str, Any]:
    """Put an approved version in force, now or from an instant to come, never before it is effective."""
    return _shown(gateway.policies.activate(version, _officer(client), at=body.at, note=body.note))


@router.post(
    "/{version}/rollback",
    status_code=201,
    operation_id="roll_back_policy",
    summary="Go back to a version",
    response_model=PolicyVersionAnswer,
    response_description="In force at once, for every decision.",
    responses=waiting_for_another(PolicyVersionAnswer) | documented(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
def roll_back_policy(
    version: Number, body: RollbackBody, gateway: TheGateway, client: OfficerKey, response: Response
) -> dict[str, Any]:
    """Put a version that was in force before in force again; what was still to come is called off.

    One that allows more than what is in force waits (202) until another person decides the same, where four eyes are
    asked for.
    """
    shown = gateway.policies.roll_back(version, _officer(client), reason=body.reason)
    if shown.proposal is not None:
        response.status_code = 202
    return _shown(shown)


@router.post(
    "/{version}/withdrawal",
    status_code=201,
    operation_id="withdraw_policy",
    summary="Withdraw a version",
    response_model=PolicyVersionAnswer,
    responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
def withdraw_policy(version: Number, body: WithdrawalBody, gateway: TheGateway, client: OfficerKey) -> dict[str, Any]:
    """Take a version back that never came into force: it never will."""
    return _shown(gateway.policies.withdraw(version, _officer(client), note=body.note))


def _officer(client: Client) -> Officer:
    return Officer(actor_of(client), client.reference)


def _shown(shown: VersionShown) -> dict[str, Any]:
    steps = [asdict(step) for step in shown.steps]
    return asdict(shown.version) | {
        "label": shown.version.label, "state": shown.state, "starts": shown.starts, "steps": steps,
        "proposal": asdict(shown.proposal) if shown.proposal else None,
    }  # fmt: skip
