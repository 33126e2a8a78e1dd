"""A client of witnesses (c2sp.org/tlog-witness): asks all of a policy's for their cosignatures over a checkpoint."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from audit.checkpoint import Checkpoint
from audit.encoding import encode_base64, read_number
from audit.errors import AuditError, VerificationFailed
from audit.fetch import FetchFailed, Reply, Server
from audit.note import parse_note, verified_keys
from audit.policy import Policy, WitnessLine

SIZE_TYPE: Final = "text/x.tlog.size"
MAX_PROOF: Final = 63  # hashes; add-checkpoint takes no more
_OK: Final = 200
_CONFLICT: Final = 409
_MAX_REPLY: Final = 65_536  # bytes; a line with an ML-DSA-44 cosignature has about 3,300

ProofFrom = Callable[[int], Sequence[bytes]]
"""Old size -> the consistency proof from that size to the size of the checkpoint that is to be cosigned."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking one witness of the policy."""

    name: str
    """The policy's name for it."""
    line: str | None
    """Its cosignature, a whole signature line with its newline, checked; None where it gave none."""
    why: str
    """Why there is none: for the log's operator. Empty where there is one."""
    seen: int | None
    """The size that it says to have cosigned last, where that is larger than this checkpoint's: another writer of
    this log exists, or this one was rolled back."""


class Witnesses:
    """The witnesses of a policy that have a URL. One caller at a time; ``close`` gives the connections back."""

    def __init__(self, policy: Policy, timeout: float = 1.0, context: ssl.SSLContext | None = None) -> None:
        """Know the witnesses of ``policy``, and nothing of what they have seen.

        ``timeout`` in seconds bounds asking each of them, a second try included; ``context`` says which certificates
        their https servers may have (those of the system when not given).
        """
        self._timeout = timeout
        lines: dict[str, list[WitnessLine]] = {}
        self._silent = [line.name for line in policy.witnesses.values() if line.url is None]
        for line in policy.witnesses.values():
            if line.url is not None:
                lines.setdefault(line.url.rstrip("/"), []).append(line)
        self._clients = [_Client(url, keys, timeout, context) for url, keys in lines.items()]
        self.answers: list[Answer] = []

    def cosign(self, note: str, proof_from: ProofFrom) -> list[str]:
        """Return the valid cosignature lines of ``note``, a checkpoint that the log signed. Never raises.

        ``answers`` says afterwards what came of each witness.
        """
        self.answers = self.ask(note, proof_from)
        return [answer.line for answer in self.answers if answer.line is not None]

    def ask(self, note: str, proof_from: ProofFrom) -> list[Answer]:
        """Ask all witnesses at the same time and say what came of each; takes ``timeout`` at most. Never raises.

        ``proof_from`` is called from several threads, with sizes above zero and at most the checkpoint's.
        """
        answers = [Answer(name, None, "the policy states no URL for it", None) for name in self._silent]
        try:
            text, _ = parse_note(note)
            checkpoint = Checkpoint.parse(text)
        except VerificationFailed as failure:
            return answers + [answer for client in self._clients for answer in client.failed(str(failure))]
        deadline = time.monotonic() + self._timeout
        question = _Question(note, text, checkpoint, proof_from)
        for client in self._clients:
            client.start(question)
        for client in self._clients:
            answers += client.wait(question, deadline)
        return answers

    def close(self) -> None:
        """Give the connections back."""
        for client in self._clients:
            client.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


@dataclass(frozen=True, slots=True)
class _Question:
    note: str
    text: str
    checkpoint: Checkpoint
    proof_from: ProofFrom


class _Refused(Exception):
    """A witness did not cosign; the message says why."""

    def __init__(self, why: str, seen: int | None = None) -> None:
        super().__init__(why)
        self.seen = seen


class _Client:
    """One witness: a URL, the keys that the policy lists for it, and the size it has cosigned last."""

    def __init__(self, url: str, lines: Sequence[WitnessLine], timeout: float, context: ssl.SSLContext | None) -> None:
        self._lines = lines
        self._size = 0
        self._thread: threading.Thread | None = None
        self._done: tuple[_Question, list[Answer]] | None = None
        self._timeout = timeout
        try:
            self._server: Server | None = Server(url, timeout=timeout, context=context)
        except FetchFailed:
            self._server = None

    def failed(self, why: str, seen: int | None = None) -> list[Answer]:
        """Return the answer that nobody of this URL cosigned."""
        return [Answer(line.name, None, why, seen) for line in self._lines]

    def start(self, question: _Question) -> None:
        """Begin to ask, unless the last question still hangs."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, args=(question,), name="witness", daemon=True)
            self._thread.start()

    def wait(self, question: _Question, deadline: float) -> list[Answer]:
        """Return what came of it by ``deadline`` (of the monotonic clock)."""
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        done = self._done
        if done is None or done[0] is not question:  # an answer to an earlier question is none to this
            return self.failed(f"it did not answer within {self._timeout:g} s")
        return done[1]

    def close(self) -> None:
        """Give the connection back."""
        if self._server is not None:
            self._server.close()

    def _run(self, question: _Question) -> None:
        try:
            answers = self._answers(self._ask(question))
        except _Refused as refusal:
            answers = self.failed(str(refusal), refusal.seen)
        except AuditError as failure:
            answers = self.failed(str(failure))
        except Exception as failure:  # noqa: BLE001 - whatever a witness or a proof does, the log goes on
            answers = self.failed(f"asking failed ({type(failure).__name__})")
        self._done = (question, answers)

    def _answers(self, found: dict[str, str]) -> list[Answer]:
        return [
            Answer(line.name, found.get(line.name), "" if line.name in found else "it sent no line of its key", None)
            for line in self._lines
        ]

    def _ask(self, question: _Question) -> dict[str, str]:
        """Return the checked lines by the witness's name, after at most two requests."""
        size = question.checkpoint.size
        reply = self._send(question, self._size if self._size <= size else 0)
        if reply.status == _CONFLICT:
            self._size = _read_size(reply)
            if self._size > size:
                raise _Refused(f"it has cosigned size {self._size} of this log, this checkpoint has {size}", self._size)
            reply = self._send(question, self._size)
        if reply.status != _OK:
            raise _Refused(f"it answered with status {reply.status}")
        found = _read_lines(question.text, reply.body, self._lines)
        if found:
            self._size = size
        return found

    def _send(self, question: _Question, old: int) -> Reply:
        if self._server is None:
            raise _Refused("its URL is not one of http or https")
        proof = question.proof_from(old) if 0 < old < question.checkpoint.size else []
        if len(proof) > MAX_PROOF:
            raise _Refused(f"the proof has more than {MAX_PROOF} hashes")
        lines = "".join(f"{encode_base64(value)}\n" for value in proof)
        body = f"old {old}\n{lines}\n{question.note}".encode()
        return self._server.post("add-checkpoint", body, "text/plain; charset=utf-8", limit=_MAX_REPLY)


def _read_size(reply: Reply) -> int:
    """Read the size that a 409 tells."""
    body = reply.body.decode("ascii", "replace")
    if reply.content_type != SIZE_TYPE or not body.endswith("\n"):
        raise _Refused("it answered with status 409 and no size")
    return read_number(body[:-1], "the witness's size")


def _read_lines(text: str, body: bytes, known: Sequence[WitnessLine]) -> dict[str, str]:
    """Return the checked lines by the policy's name; a bad line of a known key refuses the whole answer."""
    note = text.encode() + b"\n" + body
    found_text, times = verified_keys(note, [line.key for line in known])
    if found_text != text:
        raise _Refused("its answer is not signature lines")
    if 0 in times.values():
        raise _Refused("its cosignature has no time")
    names = {(line.key.name, line.key.key_id): line.name for line in known}
    signed = zip(parse_note(note)[1], body.decode()[:-1].split("\n"), strict=True)
    return {
        names[line.name, line.key_id]: f"{written}\n" for line, written in signed if (line.name, line.key_id) in names
    }
