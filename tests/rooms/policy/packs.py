"""The baseline pack for tests: its texts, and ways to change them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Iterable
from pathlib import Path

from gateway.policy import Pack, load_pack
from gateway.policy.pack import Rule
from gateway.vocabulary.decisions import Action, ProcessingRequest
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, SourceId

POLICIES = Path(__file__).parents[3] / "policies"
AT = dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)


def texts(folder: Path) -> dict[str, str]:
    """Return the files of a pack."""
    paths = [*folder.rglob("*.yaml"), *folder.glob("*.md")]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in sorted(paths)}


def baseline_texts() -> dict[str, str]:
    """Return the baseline pack's files."""
    return texts(POLICIES / "baseline")


@functools.cache
def baseline() -> Pack:
    """Return the baseline pack."""
    return load_pack(baseline_texts())


def changed(file: str, old: str, new: str) -> dict[str, str]:
    """Return the baseline's files with one text changed; the text must be there."""
    files = baseline_texts()
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    return files


def with_rules(pack: Pack, rules: Iterable[Rule]) -> Pack:
    """Return the pack with other rules."""
    return dataclasses.replace(pack, rules=tuple(sorted(rules, key=lambda rule: rule.id)))


def ask(
    action: str,
    purpose: str,
    fields: Iterable[str] | None = None,
    *,
    source: str | None = None,
    recipient: str | None = None,
    at: dt.datetime = AT,
) -> ProcessingRequest:
    """Return a request."""
    return ProcessingRequest(
        action=Action(action),
        purpose=PurposeId(purpose),
        at=at,
        fields=None if fields is None else frozenset(map(FieldId, fields)),
        source=SourceId(source) if source else None,
        recipient=RecipientId(recipient) if recipient else None,
    )
