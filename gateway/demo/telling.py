"""How the story is told: steps with their time at the right, in a terminal of a hundred columns."""

from __future__ import annotations

import textwrap
import time
from dataclasses import dataclass, field

WIDTH = 100
TEXT = 92  # the rest of a line may hold a step's time
INDENT = "    "


@dataclass
class Teller:
    """Prints the story as it goes; a quiet one prints nothing."""

    quiet: bool
    _held: str | None = None
    _began: float = field(default_factory=time.monotonic)

    def title(self, text: str) -> None:
        """Print the story's first line."""
        self._print(f"{text}\n{'═' * min(len(text), WIDTH)}")

    def step(self, number: int, title: str) -> None:
        """End the step before, with the time that it took, and begin one."""
        self.end()
        self._print(f"\n{number:>2}. {title}")
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Print a sentence; the last one of a step waits for the step's time."""
        if self._held is not None:
            self._print(self._held)
        lines = textwrap.wrap(text, TEXT, initial_indent=INDENT, subsequent_indent=INDENT + "  ") or [""]
        for line in lines[:-1]:
            self._print(line)
        self._held = lines[-1]

    def row(self, text: str) -> None:
        """Print a line of a table as it is."""
        if self._held is not None:
            self._print(self._held)
        self._held = f"{INDENT}{text}"

    def end(self) -> None:
        """Print what waits, with the time since the step began at the right."""
        if self._held is None:
            return
        took = f"{time.monotonic() - self._began:.1f} s"
        room = WIDTH - len(self._held) - 2
        self._print(f"{self._held}  {took:>{room}}" if room >= len(took) else f"{self._held}\n{took:>{WIDTH}}")
        self._held = None

    def close(self, text: str) -> None:
        """End the last step and print what follows the story."""
        self.end()
        self._print(text)

    def _print(self, text: str) -> None:
        if not self.quiet:
            print(text, flush=True)  # noqa: T201 - the demo speaks to a person


def shortened(text: str, width: int) -> str:
    """Cut a text at a word where it is longer than ``width``."""
    return textwrap.shorten(text, width, placeholder=" …")


def listed(parts: list[str]) -> str:
    """Return *a, b and c*."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def in_words(reason: str) -> str:
    """Return a reason's code as words: ``not_a_date:birth_date`` is *not a date (birth_date)*."""
    code, _, field_name = reason.partition(":")
    return code.replace("_", " ") + (f" ({field_name})" if field_name else "")


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with thousands separators and its noun."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
