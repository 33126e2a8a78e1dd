"""The one way in which personal data leave over HTTP: an operation marked ``releases``, and a ``Released`` answer.

A handler that is marked gets at nothing inside a ``Released``: it changes its form with ``map``, and here it is opened.
Whatever else a handler gives is a type error where it is written and a 500 without a byte of data where it runs.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from gateway.flows.released import Released
from gateway.foundation.errors import IntegrityFailure

P = ParamSpec("P")
T_co = TypeVar("T_co", covariant=True)
_MARK = "__releases_personal_data__"


class Unreleased(IntegrityFailure):
    """An answer about people that no entry in the log stands behind."""

    slug = "unreleased"

    def __init__(self) -> None:
        super().__init__(
            "an answer about people came without its entry in the audit log, and nothing of it was sent: this is a "
            "fault of the gateway, please report it",
            reasons=(self.slug,),
        )


@dataclass(frozen=True, slots=True)
class AboutNobody(Generic[T_co]):
    """An answer of a marked operation that repeats the request at most; tests/architecture lists who says so."""

    value: T_co


def releases(handler: Callable[P, Released[T_co] | AboutNobody[T_co]]) -> Callable[P, Awaitable[T_co]]:
    """Mark an operation that gives personal data out; its answer goes only with the receipt of its entry.

    The handler runs in a thread, as every one; what it released waits for its receipt in the event loop (ADR 16).
    """

    @functools.wraps(handler)
    async def opened(*args: P.args, **kwargs: P.kwargs) -> T_co:
        answer = await run_in_threadpool(handler, *args, **kwargs)
        if isinstance(answer, Released):
            return (await answer.durable()).value
        if not isinstance(answer, AboutNobody):
            raise Unreleased
        return answer.value

    setattr(opened, _MARK, True)
    return opened


def is_marked(handler: Callable[..., object]) -> bool:
    """Whether an operation gives personal data out."""
    return getattr(handler, _MARK, False) is True


def streamed(chunks: Iterator[Released[bytes]], media: str) -> Released[Response] | AboutNobody[Response]:
    """Return an answer that is sent chunk by chunk, each after its own entry (``released_chunks``).

    The first entry is durable before the status line goes, so that a log that cannot be written is a 503; one that
    fails later breaks the connection off, and no further byte leaves.
    """
    first = next(chunks, None)
    if first is None:
        return AboutNobody(Response(b"", media_type=media))
    if not isinstance(first, Released):
        raise Unreleased
    return first.map(lambda chunk: StreamingResponse(itertools.chain([chunk], map(_open, chunks)), media_type=media))


def _open(chunk: Released[bytes]) -> bytes:
    if not isinstance(chunk, Released):
        raise Unreleased
    return chunk.value
