"""Logs that cannot carry personal data: events are ``noun.past_participle``, keys come from an allow-list."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "request", "actor", "action", "decision", "reason", "purpose", "recipient",
        "source", "segment", "snapshot", "release", "batch", "rows", "quarantined", "columns", "seconds", "status",
        "method", "route", "slug", "line", "port", "version",
    }
)  # fmt: skip


def keep_allowed(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every key that is not on the list, and say how many were dropped."""
    kept: MutableMapping[str, Any] = {key: value for key, value in entry.items() if key in ALLOWED}
    if len(kept) < len(entry):
        kept["columns_dropped"] = len(entry) - len(kept)
    return kept


def configure(*, json: bool) -> None:
    """Write logs to stderr; the allow-list is the last thing before rendering."""
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_allowed,
            renderer,
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # asked at each line: stderr may be another
        cache_logger_on_first_use=False,
    )
