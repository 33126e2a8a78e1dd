"""Tells what the full suites counted."""

from __future__ import annotations

from pytest import TerminalReporter  # noqa: PT013 - a name for a type

from tests.crash import FIGURES, FULL


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    if FULL:
        for line in FIGURES:
            terminalreporter.write_line(line)
