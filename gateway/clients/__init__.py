"""Takes an API key; gives the client it belongs to, with its scope.

Gives: new keys (shown once), clients by key, the list of clients.
Never keeps a key: only its SHA-256 (keys are 256 random bits, so a slow hash would add nothing).
"""

from gateway.clients.idempotency import IdempotencyKeys
from gateway.clients.register import Client, ClientRegister, Scope

__all__ = ["Client", "ClientRegister", "IdempotencyKeys", "Scope"]
