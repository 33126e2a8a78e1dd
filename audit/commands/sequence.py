"""``python -m audit sequence``: hold a log, and write it for all processes of this user that connect to a socket."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from audit.child import serve_as_child
from audit.errors import AuditError, LogRefused
from audit.keys import Signer, shard_seed
from audit.log import Log
from audit.policy import Policy
from audit.surroundings import Surroundings, system_clock
from audit.trail import Trail, link_from
from audit.witness import Witnesses


class KeySeeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seeds of one generation of a log's keys, in hex."""

    seed: str
    ml_dsa_seed: str | None = None

    def __repr__(self) -> str:
        """Name the class only: seeds are secrets."""
        return type(self).__name__ + "(...)"


class Keys(KeySeeds, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands in the first line of standard input."""

    origin: str
    retiring: list[KeySeeds] = []
    witnesses: str | None = None  # a tlog-policy whose witnesses, those with a URL, are asked to cosign
    link: str | None = None  # of a trail, whose shards are <origin>/<quarter>: a JSON object that begins each shard

    def __repr__(self) -> str:
        """Name the class and the log only."""
        return f"Keys({self.origin!r})"

    def signer(self, origin: str) -> Signer:
        """Return the keys, ready to sign the log ``origin``. Raises ``LogRefused``."""
        try:
            retiring = [self._signer(origin, seeds) for seeds in self.retiring]
            return self._signer(origin, self, retiring)
        except (ValueError, AuditError):
            raise LogRefused("the keys are not a key name and seeds of 32 bytes in hex") from None

    def open(self, directory: Path, around: Surroundings) -> Log | Trail:
        """Open the log, or the trail where there is a link. Raises ``LogRefused``."""
        if self.link is None:
            return Log.open(directory, self.signer(self.origin), around)
        link = link_from(self.link.encode(), system_clock)
        return Trail.open(directory, self.origin, self.signer, link, around)

    def _signer(self, origin: str, seeds: KeySeeds, retiring: list[Signer] | None = None) -> Signer:
        pair = [bytes.fromhex(seeds.seed), *(bytes.fromhex(text) for text in (seeds.ml_dsa_seed,) if text is not None)]
        if self.link is not None:
            pair = [shard_seed(seed, origin) for seed in pair]
        return Signer(origin, pair[0], ml_dsa_seed=pair[1] if len(pair) > 1 else None, retiring=retiring or [])


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "sequence",
        help="write a log for several processes, by a socket",
        description="Reads one line of JSON from standard input: origin, seed and, if there is one, ml_dsa_seed (hex), "
        "retiring (older seeds). Prints one line of JSON when it serves. Ends at SIGTERM or when standard input ends.",
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--socket", type=Path, required=True, help="where clients connect; made with mode 0600")
    parser.add_argument(
        "--interval", type=float, default=0.8, help="seconds from an entry to the begin of publishing (default 0.8)"
    )
    parser.set_defaults(run=_sequence)


def _sequence(arguments: argparse.Namespace) -> int:
    @contextlib.contextmanager
    def opened(line: bytes) -> Iterator[Log | Trail]:
        try:
            keys = msgspec.json.decode(line, type=Keys)
        except msgspec.MsgspecError:
            raise LogRefused("the first line of standard input is not the keys of a log") from None
        with contextlib.ExitStack() as stack:
            around = Surroundings()
            if keys.witnesses is not None:
                witnesses = stack.enter_context(Witnesses(Policy.parse(keys.witnesses)))
                around = Surroundings(witnesses=witnesses)
            writer = keys.open(arguments.directory, around)
            stack.callback(writer.close)
            yield writer

    return serve_as_child(opened, arguments.socket, interval=arguments.interval)
