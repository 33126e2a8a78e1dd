"""How a command speaks: results on stdout (words or one JSON object), progress and errors on stderr, exit 0, 1 or 2."""

from __future__ import annotations

import contextlib
import errno
import functools
import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from gateway.cli.usage import WrongUsage
from gateway.foundation.errors import GatewayError, InvalidInput
from gateway.foundation.room import disk_is_full
from gateway.vocabulary.events import Actor

if TYPE_CHECKING:
    from gateway.foundation.settings import Settings
    from gateway.wiring import Gateway, LogDesk

OPERATOR = Actor("operator", "cli")
IDENTIFIER_TYPES = ("email", "phone", "customer_number", "national_id")

Home = Annotated[Path | None, typer.Option("--home", help="The gateway's home folder (or GATEWAY_HOME).")]
Policies = Annotated[Path | None, typer.Option("--policies", help="The policy pack's folder (or GATEWAY_POLICIES).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@dataclass
class Options:
    """The options that every command takes, before or after its name."""

    home: Path | None = None
    policies: Path | None = None
    json: bool = False

    def over(self, outer: Options | None) -> Options:
        """Return these options; what is not given here stands as it was given before the command's name."""
        if outer is None:
            return self
        return Options(self.home or outer.home, self.policies or outer.policies, self.json or outer.json)

    def settings(self) -> Settings:
        """Read the settings; what was typed beats the environment."""
        from pydantic import ValidationError

        from gateway.foundation.settings import Settings

        typed = {"home": self.home, "policies": self.policies}
        try:
            return Settings(**{key: value for key, value in typed.items() if value is not None})  # type: ignore[arg-type] # checked by pydantic
        except ValidationError as error:
            names = ", ".join(f"GATEWAY_{str(each['loc'][0]).upper()}" for each in error.errors() if each["loc"])
            raise InvalidInput(f"the setting {names} cannot be read: correct or unset it") from None

    @contextlib.contextmanager
    def gateway(self, *, look: bool = False) -> Iterator[Gateway]:
        """Open the gateway for this process; or for a ``look`` that changes nothing."""
        from gateway.wiring import open_gateway

        quiet_logs(json_lines=self.json)
        with open_gateway(self.settings(), look=look) as gateway:
            yield gateway

    @contextlib.contextmanager
    def desk(self) -> Iterator[LogDesk]:
        """Reach the log, also beside a running service."""
        from gateway.wiring import open_desk

        quiet_logs(json_lines=self.json)
        with open_desk(self.settings()) as desk:
            yield desk

    def emit(self, result: Mapping[str, Any], words: str) -> None:
        """Print the result: as one JSON object where asked, else in words."""
        typer.echo(json.dumps(result, ensure_ascii=False, default=_plain) if self.json else words)

    def counter(self) -> Callable[[int], None] | None:
        """Return what shows progress, where a person is watching; ``None`` for a pipe or with ``--json``."""
        if self.json or not sys.stderr.isatty():
            return None
        return lambda rows: typer.echo(f"\r{rows:,} rows", err=True, nl=False)


def quiet_logs(*, json_lines: bool) -> None:
    """Send logs to stderr."""
    from gateway.foundation.logs import configure

    configure(json=json_lines)


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command whose first parameter is ``Options``; give it --home, --policies and --json."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]

        @functools.wraps(function)
        def run(ctx: typer.Context, home: Path | None, policies: Path | None, json: bool, **values: Any) -> None:
            options = Options(home, policies, json).over(ctx.obj)
            with answering(options):
                function(options, **values)

        kind = inspect.Parameter.KEYWORD_ONLY
        common = [
            inspect.Parameter("ctx", kind, annotation=typer.Context),
            *(parameter.replace(kind=kind) for parameter in own),
            inspect.Parameter("home", kind, annotation=Home, default=None),
            inspect.Parameter("policies", kind, annotation=Policies, default=None),
            inspect.Parameter("json", kind, annotation=Json, default=False),
        ]
        run.__signature__ = signature.replace(parameters=common)  # type: ignore[attr-defined] # Typer reads it
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in common}
        app.command(name)(run)
        return function

    return register


def common(ctx: typer.Context, home: Home = None, policies: Policies = None, json: Json = False) -> None:
    """Take the options that every command shares, before a command's name."""
    ctx.obj = Options(home, policies, json).over(ctx.obj)


@contextlib.contextmanager
def answering(options: Options) -> Iterator[None]:
    """Turn what goes wrong into one clear sentence and exit status 1; never a traceback, never a value."""
    try:
        yield
    except GatewayError as error:
        _fail(options, error.slug, error.message, error.reasons)
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise
    except BrokenPipeError:
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        _fail(options, "interrupted", "interrupted: nothing of it was kept", ())
    except Exception as error:  # noqa: BLE001 - the last door: a message may hold data, so only its type is told
        _fail(options, *_unexpected(error), ())


def _unexpected(error: Exception) -> tuple[str, str]:
    if disk_is_full(error):
        return "unavailable", "the disk is full, or a file may not grow: nothing was kept; make room and try again"
    if isinstance(error, OSError):
        return "unavailable" if isinstance(error, PermissionError) else "invalid-input", _of_the_system(error)
    return "internal-error", (
        f"an internal error ({type(error).__name__} in {_where(error)}): please report it; "
        "`gateway doctor` says whether all is well"
    )


def _where(error: BaseException) -> str:
    """The last line of ours that the error went through: a place in the program, not in the data."""
    frames = traceback.walk_tb(error.__traceback__)
    ours = [(f.f_globals.get("__name__", ""), line) for f, line in frames]
    named = [f"{name}:{line}" for name, line in ours if name.startswith(("gateway.", "audit."))]
    return named[-1] if named else "the command line"


def _of_the_system(error: OSError) -> str:
    """A path is a place: it may be told."""
    place = f" `{error.filename}`" if isinstance(error.filename, (str, Path)) else ""
    if isinstance(error, PermissionError):
        return f"the file{place} may not be read or written by this user: correct its owner or mode"
    if isinstance(error, FileNotFoundError):
        return f"the file{place} is missing: check the paths given"
    if isinstance(error, (IsADirectoryError, NotADirectoryError, FileExistsError)):
        return f"the path{place} is a folder where a file is needed, or a file where a folder is"
    return f"the file{place} cannot be used ({errno.errorcode.get(error.errno or 0, 'unknown')})"


def _fail(options: Options, slug: str, message: str, reasons: tuple[str, ...]) -> NoReturn:
    if options.json:
        typer.echo(json.dumps({"error": {"slug": slug, "message": message, "reasons": list(reasons)}}))
    typer.echo(f"{slug}: {message}", err=True)
    raise typer.Exit(1)


def subject_of(text: str) -> tuple[str, str]:
    """Read ``TYPE:VALUE``; with ``TYPE:-`` the value comes from standard input, so that no shell history keeps it."""
    kind, separator, value = text.partition(":")
    if value == "-":
        value = sys.stdin.readline().strip()
    if not separator or not value or kind not in IDENTIFIER_TYPES:
        raise WrongUsage(f"--subject is TYPE:VALUE, TYPE one of {', '.join(IDENTIFIER_TYPES)}")
    return kind, value


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def input_file(path: Path) -> Path:
    """Return the path of a file that can be read; raises ``InvalidInput`` where it is none."""
    if not path.is_file():
        raise InvalidInput(f"there is no file `{path}`: check the path")
    return path


def output_folder(out: Path | None) -> Path | None:
    """Make the folder for an answer before anything is done: an answer must not be lost for want of a place."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK):
            raise InvalidInput(f"nothing can be written in `{out}`: correct its mode or name another folder")
    return out
