"""Why something is permitted or not: the engine asked every request that a question could mean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.policy.applying import RequestKind
from gateway.policy.diff import request_data, request_words
from gateway.policy.engine import decide
from gateway.policy.explaining import as_data, explain
from gateway.policy.pack import Pack
from gateway.vocabulary.decisions import Action, Decision, Permit, ProcessingRequest
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, SourceId


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about; what is not given stands for each that the pack has.

    ``fields=None`` asks for all that a purpose permits; a set asks for these together.
    """

    fields: frozenset[FieldId] | None = None
    action: Action | None = None
    purpose: PurposeId | None = None
    recipient: RecipientId | None = None
    source: SourceId | None = None


@dataclass(frozen=True, slots=True)
class Because:
    """One request and the answer to it."""

    request: ProcessingRequest
    decision: Decision


def why(question: Question, pack: Pack, at: dt.datetime) -> tuple[Because, ...]:
    """Answer a question by every request that it may mean, in the order action, purpose, source, recipient.

    A name that the pack does not know is asked about as it is: the answer says that it is unknown.
    """
    requests = (
        ProcessingRequest(kind.action, kind.purpose, at, question.fields, kind.source, kind.recipient)
        for kind in _kinds(question, pack)
    )
    return tuple(Because(request, decide(request, pack)) for request in requests)


def because_data(because: Because, pack: Pack, language: str) -> dict[str, Any]:
    """Return an answer as plain data, its reasons in words of the language beside."""
    decision = as_data(because.decision)
    return {**request_data(because.request), **decision, "words": list(explain(because.decision, pack, language))}


def because_words(because: Because, pack: Pack, language: str) -> list[str]:
    """Return an answer in words: what was asked (by ids), then a line a reason in the language."""
    yes = "+" if isinstance(because.decision, Permit) else "-"
    reasons = (f"    {line}" for line in explain(because.decision, pack, language))
    return [f"{yes} {request_words(because.request)}", *reasons]


def _kinds(question: Question, pack: Pack) -> Iterator[RequestKind]:
    purposes = [question.purpose] if question.purpose is not None else sorted(pack.catalogue.purposes)
    for action in [question.action] if question.action is not None else _actions(question):
        for purpose in purposes:
            yield from _of_action(action, purpose, question, pack)


def _actions(question: Question) -> list[Action]:
    if question.recipient is not None:
        return [Action.RELEASE]
    return [Action.STORE] if question.source is not None else list(Action)


def _of_action(action: Action, purpose: PurposeId, question: Question, pack: Pack) -> Iterator[RequestKind]:
    match action:
        case Action.STORE:
            for source in [question.source] if question.source is not None else sorted(pack.catalogue.sources):
                yield RequestKind(action, purpose, source, question.recipient)
        case Action.RELEASE:
            known = sorted(pack.catalogue.recipients)
            for recipient in [question.recipient] if question.recipient is not None else known:
                yield RequestKind(action, purpose, question.source, recipient)
        case Action.SEGMENT:
            yield RequestKind(action, purpose, question.source, question.recipient)
