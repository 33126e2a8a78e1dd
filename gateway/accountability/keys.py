"""The keys that sign the log, by generation: during a rotation the old ones sign beside the new."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import audit
from gateway.accountability.errors import LogDamaged
from gateway.foundation.errors import Conflict
from gateway.foundation.files import write_durably

Seeds = Callable[[str], bytes]  # the name of a key -> its 32 secret bytes


class LogKeys:
    """Which generations are in force, newest first, in a small file; the seeds themselves never leave their store."""

    def __init__(self, path: Path, seeds: Seeds) -> None:
        self._path = path
        self._seeds = seeds

    @property
    def generations(self) -> list[int]:
        """The generations in force, newest first."""
        try:
            found = json.loads(self._path.read_text(encoding="ascii"))["generations"]
        except FileNotFoundError:
            return [1]
        except (OSError, ValueError, KeyError, TypeError):
            found = None
        if not isinstance(found, list) or not found or not all(type(number) is int and number > 0 for number in found):
            raise LogDamaged(f"{self._path.name} does not say which keys sign the log: restore it from a copy")
        return found

    def signer(self, origin: str) -> audit.Signer:
        """Return the keys in force, ready to sign the log ``origin``."""
        newest, *older = self.generations
        retiring = [self._signer(origin, number) for number in older]
        return self._signer(origin, newest, retiring)

    def _signer(self, origin: str, generation: int, retiring: list[audit.Signer] | None = None) -> audit.Signer:
        seed, ml_dsa = (audit.shard_seed(self._seeds(name), origin) for name in _names(generation))
        return audit.Signer(origin, seed, ml_dsa_seed=ml_dsa, retiring=retiring or ())

    def secrets(self) -> dict[str, Any]:
        """Return the seeds in hex, for the pipe to a sequencer of our own and for nothing else."""
        newest, *older = (self._pair(number) for number in self.generations)
        return {**newest, "retiring": older}

    def _pair(self, generation: int) -> dict[str, str]:
        seed, ml_dsa = (self._seeds(name).hex() for name in _names(generation))
        return {"seed": seed, "ml_dsa_seed": ml_dsa}

    def begin_rotation(self) -> None:
        """Put new keys in force beside the present ones, from the next opening of the log on; ``Conflict``."""
        self.need(begun=False)
        generations = self.generations
        self._write([generations[0] + 1, *generations])

    def finish_rotation(self) -> None:
        """Let the new keys sign alone, from the next opening of the log on; ``Conflict``."""
        self.need(begun=True)
        self._write(self.generations[:1])

    def need(self, *, begun: bool) -> None:
        """Raise ``Conflict`` unless a rotation has begun, or none has."""
        if begun != (len(self.generations) > 1):
            raise Conflict(
                "no rotation of the log's keys has begun"
                if begun
                else "a rotation of the log's keys has begun already: finish it first"
            )

    def _write(self, generations: list[int]) -> None:
        write_durably(self._path, json.dumps({"generations": generations}).encode())


def _names(generation: int) -> tuple[str, str]:
    suffix = "" if generation == 1 else f"-{generation}"
    return f"log{suffix}", f"log-ml-dsa{suffix}"
