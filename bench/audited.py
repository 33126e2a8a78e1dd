"""What ``bench.audit`` runs beside itself: a small web service with and without an audit entry, and its load.

``python -m bench.audited web SOCKET DIRECTORY`` serves ``/bare``, ``/audited`` and ``/blocking`` with uvicorn on a free
port of 127.0.0.1, which it prints; ``load PORT PATH REQUESTS CONNECTIONS`` sends that many requests with keep-alive, as
many at once as there are connections, and ends.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import selectors
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec

from audit.client import LogClient
from gateway.foundation.identifiers import random_name
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, Role
from gateway.vocabulary.names import PurposeId, RecipientId, SegmentId
from gateway.vocabulary.purposes import LegalBasis

KEY = bytes(32)
POLICY = f"default@3:sha256:{hashlib.sha256(b'policy').hexdigest()}"


class Who(msgspec.Struct):
    """Who asked."""

    type: str
    ref: str


class Entry(msgspec.Struct, omit_defaults=True):
    """An entry as a gateway writes it: the names of fields, never a value."""

    v: int
    id: str
    ts: str
    actor: Who
    action: str
    decision: str
    purpose: str
    basis: str
    recipient: str
    segment: str
    fields: tuple[str, ...]
    policy: str
    request: str
    tags: tuple[str, ...]


_encoder = msgspec.json.Encoder()


def leaf() -> bytes:
    """Make an entry about one person: about 450 bytes."""
    name = random_name()
    tag = hmac.digest(KEY, b"tag/v1|" + name.encode(), "sha256")[:16]
    return _encoder.encode(
        Entry(
            1,
            name,
            dt.datetime.now(dt.UTC).isoformat(),  # noqa: TID251 - a benchmark's clock is real
            Who("client", "client-0f3a"),
            "release.read",
            "permit",
            "direct_marketing",
            "6(1)(a)",
            "partner.example",
            "newsletter",
            ("age", "city"),
            POLICY,
            name[:8],
            (tag.hex(),),
        )
    )


def event() -> GatewayEvent:
    """Say what an operation about one person says."""
    return GatewayEvent(
        actor=Actor("client", "client-0f3a", Role.RECIPIENT),
        action=AuditAction.RELEASE_READ,
        decision="permit",
        reasons=("allow_newsletter",),
        purpose=PurposeId("direct_marketing"),
        legal_basis=LegalBasis.CONSENT,
        recipient=RecipientId("mailer"),
        segment=SegmentId("newsletter"),
        fields=("age", "city"),
        members=1,
        policy=POLICY,
    )


def web(path: Path, directory: Path) -> None:
    """Serve until killed. All endpoints answer the same: without an entry, with one awaited, with one waited for."""
    import uvicorn  # noqa: PLC0415 - the load generator does without
    from fastapi import FastAPI  # noqa: PLC0415
    from fastapi.responses import JSONResponse  # noqa: PLC0415

    from gateway.accountability import Recorder, Released  # noqa: PLC0415
    from gateway.accountability.pending import PendingReceipt  # noqa: PLC0415
    from gateway.api.releasing import releases  # noqa: PLC0415
    from gateway.vault.tags import tags_of  # noqa: PLC0415

    app = FastAPI()
    recorder = Recorder(LogClient(path, directory), POLICY)
    answer: dict[str, Any] = {"segment": "newsletter", "members": [{"age": 40, "city": "Utrecht"}] * 5}

    def begun() -> PendingReceipt:
        name = recorder.new_entry_id()
        tag = tags_of(KEY, [name])
        now = dt.datetime.now(dt.UTC)  # noqa: TID251 - a benchmark's clock is real
        return recorder.begin(event(), at=now, entry_id=name, tags=tag)

    @app.get("/bare", response_model=None)
    def bare() -> JSONResponse:
        return JSONResponse(answer)

    @app.get("/audited", response_model=None)
    @releases
    def audited() -> Released[JSONResponse]:
        return Released(begun(), JSONResponse(answer))

    @app.get("/blocking", response_model=None)
    @releases
    def blocking() -> Released[JSONResponse]:
        return Released(begun().wait(), JSONResponse(answer))

    # the protocol is named, because asyncio switches Nagle's algorithm off only where it is
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_level="error", access_log=False, http="h11", loop="asyncio")  # as `gateway serve`
    uvicorn.Server(config).run(sockets=[listener])


def load(port: int, path: str, requests: int, connections: int) -> None:
    """Send ``requests`` over ``connections``, each with one request at a time. Any answer but 200 is an error."""
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    selector = selectors.DefaultSelector()
    left = requests
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(asked)
        left -= 1
        selector.register(connection, selectors.EVENT_READ, bytearray())
    flying = connections
    while flying:
        for key, _ in selector.select():
            ready = key.fileobj
            assert isinstance(ready, socket.socket)
            if not _whole(key.data, ready):
                continue
            key.data.clear()
            flying -= 1
            if left:
                ready.sendall(asked)
                left, flying = left - 1, flying + 1


def _whole(held: bytearray, connection: socket.socket) -> bool:
    """Read on; tell whether an answer is whole."""
    data = connection.recv(65_536)
    if not data:
        sys.exit("the service hung up")
    held += data
    head = held.find(b"\r\n\r\n")
    if head < 0:
        return False
    if not held.startswith(b"HTTP/1.1 200"):
        sys.exit(f"the service answered {bytes(held[:30])!r}")
    at = held.index(b"content-length: ") + 16
    return len(held) >= head + 4 + int(held[at : held.index(b"\r", at)])


if __name__ == "__main__":
    if sys.argv[1] == "web":
        web(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        load(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
