"""Opaque page cursors, signed so that they cannot be made up and bound to one recipient."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from typing import Final

from gateway.foundation.errors import InvalidInput

FOREIGN: Final = "foreign_cursor"


class Cursors:
    """Writes and reads cursors. The key lives as long as the process: after a restart a client begins anew."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def write(self, release: str, after: str, recipient: str) -> str:
        """Return the cursor for the page behind ``after``."""
        text = json.dumps([release, after]).encode()
        return base64.urlsafe_b64encode(self._tag(text, recipient) + text).decode()

    def read(self, cursor: str, recipient: str) -> tuple[str, str]:
        """Return release and place; ``InvalidInput`` for what ``write`` did not make for this client."""
        try:
            data = base64.urlsafe_b64decode(cursor)
        except (binascii.Error, ValueError):
            data = b""
        tag, text = data[:16], data[16:]
        if not hmac.compare_digest(tag, self._tag(text, recipient)):
            raise InvalidInput(
                "the cursor is not one of yours, or from before a restart: begin without one", reasons=(FOREIGN,)
            )
        release, after = json.loads(text)
        return release, after

    def _tag(self, text: bytes, recipient: str) -> bytes:
        return hmac.digest(self._key, recipient.encode() + b"\0" + text, hashlib.sha256)[:16]
