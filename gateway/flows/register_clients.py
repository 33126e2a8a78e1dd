"""Who may call the gateway: added and revoked on record."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from gateway.clients import Client, ClientRegister, Scope
from gateway.flows.house import Desk, House
from gateway.foundation.errors import InvalidInput
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, Role
from gateway.vocabulary.names import RecipientId, SourceId

__all__ = ["Client", "RegisterClients", "Scope", "actor_of"]


def actor_of(client: Client | None) -> Actor:
    """Return a client as it stands in the log; ``None`` is a caller whose key nobody knows."""
    if client is None:
        return Actor("client", "unknown", Role.UNKNOWN)
    return Actor("client", client.actor, Role(client.scope))


@dataclass(frozen=True)
class RegisterClients:
    """Add, revoke, list and identify machine clients."""

    house: House | Desk
    register: ClientRegister

    def add(self, reference: str, scope: Scope, actor: Actor) -> str:
        """Add a client and return its key, shown this once; a recipient or source must have a contract."""
        catalogue = self.house.catalogue
        if scope is Scope.RECIPIENT and RecipientId(reference) not in catalogue.recipients:
            raise InvalidInput("no recipient contract of that id: `gateway policy show` lists them")
        if scope is Scope.SOURCE and SourceId(reference) not in catalogue.sources:
            raise InvalidInput("no source contract of that id: `gateway policy show` lists them")
        key = self.register.add(reference, scope, at=self.house.clock.now())
        self._on_record(AuditAction.CLIENT_ADDED, scope, actor)
        return key

    def revoke(self, reference: str, scope: Scope, actor: Actor) -> None:
        """End a client's access at once."""
        self.register.revoke(reference, scope, at=self.house.clock.now())
        self._on_record(AuditAction.CLIENT_REVOKED, scope, actor)

    def identify(self, key: str) -> Client | None:
        """Return the live client of a key, or ``None``."""
        return self.register.identify(key)

    def all(self) -> list[tuple[Client, dt.datetime, bool]]:
        """Return every client with when it was added and whether it is live."""
        return self.register.all()

    def refused(self, reason: str, client: Client | None) -> None:
        """Put on record that a call was refused for its key or scope."""
        event = GatewayEvent(actor_of(client), AuditAction.REQUEST_REFUSED, "deny", reasons=(reason,))
        self.house.recorder.record(event, at=self.house.clock.now())

    def _on_record(self, action: AuditAction, scope: Scope, actor: Actor) -> None:
        event = GatewayEvent(actor, action, "permit", reasons=(scope.value,), policy=self.house.catalogue.label)
        self.house.recorder.record(event, at=self.house.clock.now())
