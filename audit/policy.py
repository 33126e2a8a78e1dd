"""Which logs and witnesses one trusts, and how many witnesses must have cosigned (c2sp.org/tlog-policy).

Names in a policy are octet strings: octets that are not UTF-8 stand in them as lone surrogates (``surrogateescape``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audit.checkpoint import Checkpoint
from audit.encoding import read_number
from audit.errors import VerificationFailed
from audit.keys import KeyKind, VerifierKey
from audit.note import verified_keys

MAX_POLICY: Final = 1_048_576  # bytes
MAX_DEFINED: Final = 64  # logs, witnesses and groups, each; the specification asks for at least 32
NONE: Final = "none"
_ALLOWED: Final = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_SPACE: Final = re.compile(r"[ \t]+")
_LOG_KINDS: Final = frozenset({KeyKind.ED25519, KeyKind.ML_DSA_44})
_WITNESS_KINDS: Final = frozenset({KeyKind.ED25519_COSIGNATURE, KeyKind.ML_DSA_44})


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log that is trusted: one of its keys, whose name is the log's origin, and where to reach it."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class WitnessLine:
    """A witness: its name in this policy (not that of its key), its key, and where to reach it."""

    name: str
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group, which has cosigned when ``needed`` of its members (witnesses or earlier groups) have."""

    name: str
    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A trust policy. Make one with ``parse`` or ``of``: they check it, the constructor does not."""

    logs: tuple[LogLine, ...]
    witnesses: Mapping[str, WitnessLine]
    groups: tuple[GroupLine, ...]
    quorum: str

    @classmethod
    def parse(cls, text: bytes | str) -> Policy:
        """Read a policy file; raises ``VerificationFailed``."""
        reader = _Reader()
        for number, line in enumerate(_read(text).split("\n"), 1):
            reader.read(line, f"policy, line {number}")
        if reader.quorum is None:
            raise VerificationFailed("policy", "it has no quorum line")
        return cls(tuple(reader.logs), reader.witnesses, tuple(reader.groups), reader.quorum)

    @classmethod
    def of(cls, vkeys: Sequence[str]) -> Policy:
        """Return the policy that trusts the logs of ``vkeys`` and asks for no witness; raises ``VerificationFailed``.

        What is given is read as single words, so that no key can smuggle in another line.
        """
        logs = "".join(f"log {VerifierKey.parse(vkey)}\n" for vkey in vkeys)
        return cls.parse(f"{logs}quorum {NONE}\n")

    @property
    def text(self) -> str:
        """The policy in its canonical form: no comments, logs before witnesses before groups, thresholds as numbers."""
        lines: list[tuple[str, ...]] = [("log", str(log.key), log.url or "") for log in self.logs]
        lines += [("witness", w.name, str(w.key), w.url or "") for w in self.witnesses.values()]
        lines += [("group", group.name, str(group.needed), *group.members) for group in self.groups]
        lines.append(("quorum", self.quorum))
        return "".join(" ".join(filter(None, line)) + "\n" for line in lines)

    @property
    def vkeys(self) -> list[str]:
        """The verifier keys of the logs."""
        return [str(log.key) for log in self.logs]

    def check(self, signed: str | bytes) -> Checkpoint:
        """Return the checkpoint of a note that satisfies this policy.

        That is: at least one listed key signed it whose name is the origin, and witnesses by the quorum. Lines of
        unknown keys are skipped; a line of any known key that does not verify refuses. Raises ``VerificationFailed``.
        """
        found, keys = self._verified(signed)
        if not any(log.key in keys and log.key.name == found.origin for log in self.logs):
            raise VerificationFailed("checkpoint", "no key that the policy lists for its log signed it")
        if not self._has_quorum(set(self._timed(keys))):
            raise VerificationFailed("checkpoint", "too few witnesses of the policy cosigned it")
        return found

    def cosigned(self, signed: str | bytes) -> dict[str, int]:
        """Return the names in this policy of the witnesses that cosigned a checkpoint, with their POSIX times.

        A cosignature that states no time counts for nothing here: a witness may not leave it out
        (c2sp.org/tlog-witness). Raises ``VerificationFailed`` as ``check`` does, but asks for no log and no quorum.
        """
        return self._timed(self._verified(signed)[1])

    def _verified(self, signed: str | bytes) -> tuple[Checkpoint, dict[VerifierKey, int]]:
        known = [log.key for log in self.logs] + [witness.key for witness in self.witnesses.values()]
        text, keys = verified_keys(signed, known)
        return Checkpoint.parse(text), keys

    def _timed(self, keys: Mapping[VerifierKey, int]) -> dict[str, int]:
        return {name: keys[witness.key] for name, witness in self.witnesses.items() if keys.get(witness.key)}

    def _has_quorum(self, cosigned: set[str]) -> bool:
        for group in self.groups:  # each names earlier ones only: one pass settles all, however deep they nest
            if len(cosigned.intersection(group.members)) >= group.needed:
                cosigned.add(group.name)
        return self.quorum == NONE or self.quorum in cosigned


def _read(text: bytes | str) -> str:
    place = "policy"
    if len(text) > MAX_POLICY:
        raise VerificationFailed(place, f"it is longer than {MAX_POLICY} bytes")
    try:
        octets = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    except UnicodeEncodeError:
        raise VerificationFailed(place, "it has a character that stands for no octet") from None
    if len(octets) > MAX_POLICY or not _ALLOWED.fullmatch(octets):
        raise VerificationFailed(place, f"it is longer than {MAX_POLICY} bytes or has a control character")
    return octets.decode("utf-8", "surrogateescape")


def _need(truth: bool, place: str, why: str) -> None:  # noqa: FBT001 - an assertion that python -O does not drop
    if not truth:
        raise VerificationFailed(place, why)


class _Reader:
    """What the lines read so far define."""

    def __init__(self) -> None:
        self.logs: list[LogLine] = []
        self.witnesses: dict[str, WitnessLine] = {}
        self.groups: list[GroupLine] = []
        self.quorum: str | None = None
        self._free: set[str] = set()  # witnesses and groups that are no group's member yet
        self._names = {NONE}
        self._public: set[bytes] = set()
        self._ids: set[tuple[str, bytes]] = set()

    def read(self, line: str, place: str) -> None:
        """Read one line."""
        words = _SPACE.split(line.strip(" \t"))
        if not words[0] or words[0].startswith("#"):
            return
        readers: dict[str, Callable[[list[str], str], None]] = {
            "log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum,
        }  # fmt: skip
        _need(words[0] in readers, place, "it begins with none of log, witness, group, quorum")
        readers[words[0]](words[1:], place)

    def _log(self, words: list[str], place: str) -> None:
        _need(len(words) in {1, 2}, place, "it is not: log <vkey> [<url>]")
        key = self._key(words[0], _LOG_KINDS, place)
        self.logs.append(LogLine(key, *words[1:]))
        _need(len(self.logs) <= MAX_DEFINED, place, f"it is one log more than {MAX_DEFINED}")

    def _witness(self, words: list[str], place: str) -> None:
        _need(len(words) in {2, 3}, place, "it is not: witness <name> <vkey> [<url>]")
        self._define(words[0], place)
        key = self._key(words[1], _WITNESS_KINDS, place)
        self.witnesses[words[0]] = WitnessLine(words[0], key, *words[2:])
        _need(len(self.witnesses) <= MAX_DEFINED, place, f"it is one witness more than {MAX_DEFINED}")

    def _group(self, words: list[str], place: str) -> None:
        _need(len(words) > 2, place, "it is not: group <name> <k, all or any> <member>...")  # noqa: PLR2004 - those three
        name, threshold, *members = words
        for member in members:
            _need(member in self._free, place, "a member is not defined before, or is a member already")
            self._free.remove(member)
        self._define(name, place)
        needed = {"all": len(members), "any": 1}.get(threshold)
        needed = read_number(threshold, place) if needed is None else needed
        _need(1 <= needed <= len(members), place, "its threshold lies outside 1 to the number of members")
        self.groups.append(GroupLine(name, needed, tuple(members)))
        _need(len(self.groups) <= MAX_DEFINED, place, f"it is one group more than {MAX_DEFINED}")

    def _quorum(self, words: list[str], place: str) -> None:
        _need(len(words) == 1, place, "it is not: quorum <name>")
        _need(self.quorum is None, place, "it is a second quorum line")
        _need(words[0] in self._names, place, "its name is not defined before")
        self.quorum = words[0]

    def _define(self, name: str, place: str) -> None:
        _need(name not in self._names, place, "its name is taken")
        self._names.add(name)
        self._free.add(name)

    def _key(self, vkey: str, kinds: frozenset[KeyKind], place: str) -> VerifierKey:
        try:
            key = VerifierKey.parse(vkey)
        except VerificationFailed as failure:
            raise VerificationFailed(f"{place}, {failure.place}", failure.why) from None
        _need(key.kind in kinds, place, "a key of this kind cannot have this office")
        _need(key.public not in self._public, place, "its public key is listed already")
        _need((key.name, key.key_id) not in self._ids, place, "another key has its name and key id")
        self._public.add(key.public)
        self._ids.add((key.name, key.key_id))
        return key
