"""Who may call the gateway: added and revoked on record."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from gateway.clients import Client, ClientRegister, Scope
from gateway.flows.house import Desk, House
from gateway.foundation.errors import InvalidInput
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, Role
from gateway.vocabulary.names import RecipientId, RequestId, SourceId

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
        """Add a client and return its key, shown this once; a recipient or source must have a contract.

        The client is live once that is on record. Raises ``InvalidInput``, ``Conflict`` where there is one already.
        """
        catalogue = self.house.catalogue
        if scope is Scope.RECIPIENT and RecipientId(reference) not in catalogue.recipients:
            raise InvalidInput("no recipient contract of that id: `gateway policy show` lists them")
        if scope is Scope.SOURCE and SourceId(reference) not in catalogue.sources:
            raise InvalidInput("no source contract of that id: `gateway policy show` lists them")
        with self.register.adding(reference, scope, at=self.house.clock.now()) as new:
            self._on_record(AuditAction.CLIENT_ADDED, new.client, actor)
        return new.key

    def revoke(self, reference: str, scope: Scope, actor: Actor) -> None:
        """End a client's access at once; raises ``NotFound`` where there is none.

        Also this is on record first: of a key that died unrecorded no later entry could tell, for a second try finds
        none. A log that cannot be written stops the revocation, and with it whatever the key could bring out.
        """
        with self.register.revoking(reference, scope, at=self.house.clock.now()) as ended:
            for client in ended:
                self._on_record(AuditAction.CLIENT_REVOKED, client, actor)

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

    def refused_page(self, reason: str, client: Client) -> None:
        """Put on record that a recipient was refused a page before any release was looked at."""
        event = GatewayEvent(
            actor=actor_of(client),
            action=AuditAction.RELEASE_READ,
            decision="deny",
            reasons=(reason,),
            recipient=RecipientId(client.reference),
        )
        self.house.recorder.record(event, at=self.house.clock.now())

    def _on_record(self, action: AuditAction, client: Client, actor: Actor) -> None:
        """Say whose key it is, by the name under which that client acts in the log (``request``)."""
        event = GatewayEvent(
            actor=actor,
            action=action,
            decision="permit",
            reasons=(client.scope.value,),
            policy=self.house.catalogue.label,
            request=RequestId(client.actor),
        )
        self.house.recorder.record(event, at=self.house.clock.now())
