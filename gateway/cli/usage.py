"""Wrong usage: one sentence, where the help is, exit status 2.

What was typed may be a person's identifier, so it is not repeated.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

USAGE = 2


class WrongUsage(typer.BadParameter):
    """Wrong usage that a command finds itself; the message is our own and holds no value."""


class Speaking(TyperGroup):
    """The root command: answers wrong usage in one sentence, and with ``--json`` in one object."""

    _FIXED: ClassVar[dict[str, str]] = {
        "NoArgsIsHelpError": "a command is needed",
        "BadOptionUsage": "an option is given without its value, or with one that it does not take",
        "UsageError": "there is an argument too many",
    }

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002 - this always ends the process
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and exit: 0 done, 1 refused or failed, 2 wrong usage."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            status = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.TyperException as error:
            _tell(error, self._words(error), as_json="--json" in given)
            sys.exit(getattr(error, "exit_code", 1))
        except typer.Abort:
            typer.echo("interrupted", err=True)
            sys.exit(1)
        sys.exit(status or 0)

    def _words(self, error: typer.TyperException) -> str:
        kind = type(error).__name__
        if isinstance(error, WrongUsage):
            return error.message
        if kind == "NoSuchOption":
            known = re.fullmatch(r"--?[a-z][a-z-]{0,20}", getattr(error, "option_name", ""))
            return f"there is no option `{known.group()}` here" if known else "there is no such option here"
        if isinstance(error, typer.BadParameter) and error.param is not None:
            name = error.param.opts[-1] if error.param.param_type_name == "option" else str(error.param.name).upper()
            return f"{name} is missing" if kind == "MissingParameter" else f"the value of {name} cannot be used"
        commands = _commands_of(error)
        if commands and kind == "UsageError":
            return f"name a command: {', '.join(commands)}"
        return self._FIXED.get(kind, self._FIXED["UsageError"])


def _commands_of(error: typer.TyperException) -> list[str]:
    context = getattr(error, "ctx", None)
    group = context.command if context is not None else None
    return group.list_commands(context) if isinstance(group, TyperGroup) and context is not None else []


def _tell(error: typer.TyperException, words: str, *, as_json: bool) -> None:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "gateway"
    if as_json:
        typer.echo(json.dumps({"error": {"slug": "wrong-usage", "message": words, "reasons": []}}))
    elif type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(error.format_message(), err=True)
        return
    typer.echo(f"wrong usage: {words}; `{command} --help` says what it takes", err=True)
