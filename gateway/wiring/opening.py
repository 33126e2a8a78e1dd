"""Homes made and opened: the rooms, then the flows over them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError

import audit
from gateway.accountability import Recorder
from gateway.accountability.entries import link_template
from gateway.accountability.keys import LogKeys
from gateway.clients import ClientRegister, IdempotencyKeys
from gateway.consent import ConsentLedger
from gateway.flows.agreement import check_agreement
from gateway.flows.house import Desk, House
from gateway.flows.keep_log import KeepLog
from gateway.flows.policy_in_force import PolicyInForce
from gateway.flows.policy_versions import begin_registry
from gateway.flows.read_log import ReadLog
from gateway.flows.recover import Recover
from gateway.flows.register_clients import RegisterClients
from gateway.flows.take_policy import TakePolicy
from gateway.foundation.clock import Clock, SystemClock
from gateway.foundation.database import engine_for
from gateway.foundation.errors import Conflict, IntegrityFailure, InvalidInput
from gateway.foundation.files import held, write_durably
from gateway.foundation.settings import Settings
from gateway.intake import Quarantine
from gateway.intake.inbox import Inbox
from gateway.release import Disclosures
from gateway.rights import Requests
from gateway.store import Store
from gateway.vault import FileKek, Vault
from gateway.versions import Proposals, Versions
from gateway.versions.registry import RESTORE
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.wiring.homeless import CERTIFICATE_KEY, read_pack
from gateway.wiring.journeys import Gateway, assemble
from gateway.wiring.log_writer import LOG_SOCKET, NoWriter, log_writer


def is_home(settings: Settings) -> bool:
    """Tell whether the configured folder is a gateway's home."""
    return (settings.home / "vault.sqlite").exists()


def initialise(settings: Settings, clock: Clock | None = None) -> None:
    """Make a home: the key-encryption key, the vault and its key store, the store, the log with its first entry."""
    home = settings.home
    if is_home(settings):
        raise Conflict(f"{home} is a gateway's home already: nothing was changed")
    read_pack(settings.policies)
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    with held(home / "lock"):
        if not settings.kek.exists():
            FileKek.create(settings.kek)
        Vault.create(home, FileKek(settings.kek)).close()
    with open_gateway(settings, clock) as gateway:
        event = GatewayEvent(Actor("operator", "cli"), AuditAction.GATEWAY_INITIALISED, "permit")
        gateway.house.recorder.record(event, at=gateway.house.clock.now())


@contextlib.contextmanager
def open_gateway(
    settings: Settings, clock: Clock | None = None, *, sequencer: bool = False, look: bool = False
) -> Iterator[Gateway]:
    """Open the home for this process alone, finish what a crash interrupted, and close everything afterwards.

    With ``sequencer`` a process of its own writes the log, for this one and for commands beside it (``open_desk``).
    For a ``look`` nothing is finished, no version takes force and the log takes no entry: nothing changes.
    """
    home = settings.home
    if not is_home(settings):
        raise InvalidInput(f"{home} is not a gateway's home: run `gateway init` first, or name another by --home")
    with contextlib.ExitStack() as stack:
        stack.enter_context(held(home / "lock"))
        house, keys = _house(settings, clock or SystemClock(), stack, sequencer=sequencer, look=look)
        if not look:
            Recover(house)()
            taking = TakePolicy(house)
            with house.writing:
                taking()
            house.writing.begin_with(taking.journey)
        engine = engine_for(home / "operational.sqlite")
        stack.callback(engine.dispose)
        keeping = KeepLog(house, keys, settings.audit_retention_days)
        yield assemble(house, ClientRegister(engine), IdempotencyKeys(engine), keeping, settings)


def _house(
    settings: Settings, clock: Clock, stack: contextlib.ExitStack, *, sequencer: bool, look: bool
) -> tuple[House, LogKeys]:
    home = settings.home
    engine = _operational(home, stack)
    inbox = Inbox(engine)
    versions = Versions(engine)
    new = not any((home / name).exists() for name in ("store.duckdb", "audit"))
    begin_registry(versions, settings.policies, clock.now(), new=new)
    policy = PolicyInForce(versions, inbox, clock)
    catalogue = policy.base.catalogue
    vault = Vault.open(home, FileKek(settings.kek))
    stack.callback(vault.close)
    certificates = audit.Signer("segmentation-gateway/certificates", vault.signing_seed("certificates"))
    _publish_key(home, certificates)
    keys = LogKeys(home / "log-keys.json", vault.signing_seed)
    template = link_template(policy.label())
    writing = log_writer(settings, keys, template, clock, sequencer=sequencer)
    writer = NoWriter(home / "audit") if look else stack.enter_context(writing)
    store = Store.open(home / "store.duckdb", catalogue)
    stack.callback(store.close)
    house = House(
        home=home,
        clock=clock,
        policy=policy,
        vault=vault,
        ledger=ConsentLedger(engine, purposes=catalogue.purposes),
        store=store,
        disclosures=Disclosures(engine),
        requests=Requests(engine),
        quarantine=Quarantine(home / "quarantine"),
        inbox=inbox,
        versions=versions,
        proposals=Proposals(engine),
        recorder=Recorder(writer, policy.label, certificates),
    )
    check_agreement(house)
    TakePolicy(house).keep()
    return house, keys


def _operational(home: Path, stack: contextlib.ExitStack) -> sa.Engine:
    """Open the operational database; raises ``IntegrityFailure`` for a file that is none."""
    engine = engine_for(home / "operational.sqlite")
    stack.callback(engine.dispose)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except (OperationalError, sqlite3.OperationalError):  # in use, or no room: the file is what it was
        raise
    except (DatabaseError, sqlite3.DatabaseError):
        raise IntegrityFailure(f"operational.sqlite cannot be read: {RESTORE}") from None
    return engine


def _publish_key(home: Path, signer: audit.Signer) -> None:
    """Put the verifier key of certificates where anybody may read it; it must never change."""
    path = home / CERTIFICATE_KEY
    if not path.exists():
        write_durably(path, f"{signer.vkey}\n".encode(), mode=0o644)
    elif path.read_text(encoding="utf-8").strip() != signer.vkey:
        raise IntegrityFailure(f"{path} is not the verifier key of this home's certificates: restore it")


@dataclass(frozen=True)
class LogDesk:
    """What works beside a running service as well: the log, and who may call."""

    log: ReadLog
    clients: RegisterClients


@contextlib.contextmanager
def open_desk(settings: Settings, clock: Clock | None = None) -> Iterator[LogDesk]:
    """Reach the log through a running service's sequencer; where none runs, open the home as ``open_gateway`` does."""
    home = settings.home
    try:
        client = audit.LogClient(home / LOG_SOCKET, home / "audit")
    except audit.LogFailed:
        with open_gateway(settings, clock) as gateway:
            yield LogDesk(gateway.log, gateway.clients)
        return
    except audit.LogRefused as error:
        raise Conflict(f"the log that a service writes cannot be reached: {error}") from None
    with client, contextlib.ExitStack() as stack:
        engine = engine_for(home / "operational.sqlite")
        stack.callback(engine.dispose)
        clock = clock or SystemClock()
        pack = PolicyInForce(Versions(engine), Inbox(engine), clock).pack
        desk = Desk(clock, pack, Recorder(client, pack.catalogue.label))
        yield LogDesk(ReadLog(desk), RegisterClients(desk, ClientRegister(engine)))
