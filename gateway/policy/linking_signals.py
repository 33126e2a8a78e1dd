"""What ``signals`` of pack.yaml says of purposes: each of them must be there."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.policy.documents import KeyPath
from gateway.policy.parsed import Found, Names, Parsed, unknown

_FILE, _HOME = "pack.yaml", "purposes.yaml"
_NO_PURPOSE = f"no such purpose: add it to {_HOME} or remove it here"


def signal_problems(parsed: Parsed, names: Names) -> Iterator[Found]:
    """Yield each name that resolves to no purpose."""
    signals = parsed.pack.signals
    yield from unknown(_FILE, ("signals", "gpc"), signals.gpc, names.purposes, _HOME)
    where: KeyPath = ("signals", "categories")
    for category, purpose in signals.categories.items():
        if purpose not in names.purposes:
            yield _FILE, (*where, category), _NO_PURPOSE
    for purpose in signals.tcf.purposes if signals.tcf else ():
        if purpose not in names.purposes:
            yield _FILE, ("signals", "tcf", "purposes", purpose), _NO_PURPOSE
