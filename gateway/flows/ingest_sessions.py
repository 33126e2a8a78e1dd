"""What one file holds open while it is read: a transaction in each store, all rolled back unless they commit."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from gateway.consent import LedgerSession
from gateway.flows.house import House
from gateway.flows.ingest_acceptance import Acceptance, Journey, accepting
from gateway.flows.ingest_stream import Beside
from gateway.flows.known_names import Gazetteer, forget
from gateway.intake import Sealing
from gateway.store import StoreSession
from gateway.store.permissions import Texts
from gateway.vault import VaultSession
from gateway.vocabulary.batches import PseudonymisedBatch
from gateway.vocabulary.names import BatchId


@dataclass(frozen=True, slots=True)
class Sessions:
    """The open transactions of a file's journey."""

    vault: VaultSession
    ledger: LedgerSession
    store: StoreSession
    quarantine: Sealing
    acceptance: Acceptance
    beside: Beside
    names: Gazetteer

    def ages(self, subjects: pa.Array, texts: Texts) -> pa.Table:
        """What is known of people's ages and where they live, the earlier chunks of this file counted."""
        self.beside.wait()
        return self.store.permissions(subjects, texts)


@contextlib.contextmanager
def open_sessions(house: House, journey: Journey) -> Iterator[Sessions]:
    """Open one transaction in each store; whatever goes wrong, roll all of them back."""
    batch = journey.batch
    expiry = journey.at + dt.timedelta(days=journey.contract.quarantine_days)
    key = house.vault.batch_key(batch, expiry)
    with contextlib.ExitStack() as stack:
        stack.callback(_forget_key, house, batch)
        stack.callback(forget)
        yield Sessions(
            _writing(house, stack, batch),
            stack.enter_context(house.ledger.write(batch)),
            stack.enter_context(house.store.write(batch, journey.contract.id, journey.at)),
            stack.enter_context(house.quarantine.sealing(batch, key, expires=expiry)),
            accepting(house, journey, stack),
            stack.enter_context(Beside()),
            Gazetteer(house.vault.known_names),
        )


def shelve(store: StoreSession, batch: PseudonymisedBatch | None, permissions: pa.Table | None) -> None:
    """Put into the store's transaction what a chunk brought, and what is permitted for whom."""
    if batch is not None:
        store.add(batch)
    if permissions is not None:
        store.set_permissions(permissions)


def _writing(house: House, stack: contextlib.ExitStack, batch: BatchId) -> VaultSession:
    session = house.vault.write(batch)
    stack.callback(_roll_back, house, batch, session)
    return session


def _roll_back(house: House, batch: BatchId, session: VaultSession) -> None:
    """Undo in the vault what did not come to the commit point."""
    if not house.store.has_batch(batch):
        session.rollback()


def _forget_key(house: House, batch: BatchId) -> None:
    """Destroy the quarantine's key where the batch did not come to its commit."""
    if not house.store.has_batch(batch):
        house.vault.destroy_batch_key(batch)
