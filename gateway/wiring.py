"""The composition root: every room built once, every flow given what it needs. Faces type against ``Gateway`` only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import audit
from gateway.accountability import Recorder, verify_log, verify_signed
from gateway.accountability.entries import link_template
from gateway.accountability.keys import LogKeys
from gateway.accountability.recorder import Writer
from gateway.clients import ClientRegister, IdempotencyKeys
from gateway.consent import ConsentLedger
from gateway.detection import Detector
from gateway.flows.access_subject import AccessSubject
from gateway.flows.build_segment import BuildSegment, ExplainSegment, Segments
from gateway.flows.classify_columns import ClassifyColumns
from gateway.flows.confirm_deletion import ConfirmDeletion
from gateway.flows.consent_receipts import ConsentReceipts
from gateway.flows.detect_columns import DetectColumns
from gateway.flows.detect_text import DetectText
from gateway.flows.doctor import Doctor
from gateway.flows.erase_subject import EraseSubject
from gateway.flows.house import Desk, House
from gateway.flows.import_consents import ImportConsents
from gateway.flows.ingest_batch import IngestBatch
from gateway.flows.keep_log import KeepLog
from gateway.flows.pending_leaves import PendingLeaves
from gateway.flows.permissions import RefreshPermissions
from gateway.flows.policy_in_force import PolicyInForce
from gateway.flows.policy_versions import PolicyVersions, begin_registry, load_draft
from gateway.flows.propose_source import ProposeSource
from gateway.flows.read_log import ReadLog
from gateway.flows.read_members import ReadMembers
from gateway.flows.record_consent import RecordConsent, ShowConsents
from gateway.flows.record_signals import RecordSignals
from gateway.flows.recover import Recover
from gateway.flows.register_clients import RegisterClients
from gateway.flows.release_segment import ReleaseSegment
from gateway.flows.segment_outlook import SegmentOutlook
from gateway.flows.take_policy import TakePolicy
from gateway.flows.who_saw import WhoSaw
from gateway.flows.why import WhyPerson
from gateway.foundation.clock import Clock, SystemClock
from gateway.foundation.database import engine_for
from gateway.foundation.errors import Conflict, IntegrityFailure, InvalidInput
from gateway.foundation.files import held, write_durably
from gateway.foundation.settings import Settings
from gateway.intake import Quarantine
from gateway.intake.inbox import Inbox
from gateway.policy import Pack
from gateway.release import Disclosures
from gateway.rights import Requests
from gateway.store import Store
from gateway.vault import FileKek, Vault
from gateway.versions import Versions, read_folder
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent

CERTIFICATE_KEY = "certificates.vkey"
LOG_ORIGIN = "segmentation-gateway/log"
LOG_SOCKET = "log.sock"
__all__ = [
    "Gateway", "LogDesk", "column_detector", "initialise", "open_desk", "open_gateway", "proposer", "read_folder",
    "read_pack", "text_detector", "verify_certificate", "verify_log",
]  # fmt: skip


@dataclass(frozen=True)
class Gateway:
    """The flows, ready to be called by a face."""

    house: House
    ingest: IngestBatch
    inbox: ClassifyColumns
    record_consent: RecordConsent
    record_signals: RecordSignals
    show_consents: ShowConsents
    why_person: WhyPerson
    import_consents: ImportConsents
    consent_receipts: ConsentReceipts
    segments: Segments
    build: BuildSegment
    explain: ExplainSegment
    release: ReleaseSegment
    members: ReadMembers
    outlook: SegmentOutlook
    pending_leaves: PendingLeaves
    confirm_deletion: ConfirmDeletion
    access: AccessSubject
    erase: EraseSubject
    refresh: RefreshPermissions
    log: ReadLog
    keep_log: KeepLog
    who_saw: WhoSaw
    clients: RegisterClients
    answers: IdempotencyKeys
    doctor: Doctor
    policies: PolicyVersions

    @property
    def propose(self) -> ProposeSource:
        """The flow that proposes a contract, with the fields of the pack in force in mind."""
        return ProposeSource(self.house.detector)

    def begin(self) -> None:
        """Begin a journey that reads: under the version whose instant has come, and under that one to its end.

        Only the thread that calls this, and what it hands its context to, keeps that version.
        """
        if self.house.policy.is_due():
            with self.house.writing:
                pass
        self.house.policy.pin()

    def ready(self) -> bool:
        """Tell whether data may move: the log can be written and no check finds anything."""
        return not self.house.store.doctor() and self.log.checkpoint() != ""


def read_pack(directory: Path) -> Pack:
    """Read and validate the policy pack in a folder; raises ``InvalidInput`` naming the file and the key."""
    return load_draft(read_folder(directory))


def initialise(settings: Settings, clock: Clock | None = None) -> None:
    """Make a home: the key-encryption key, the vault and its key store, the store, the log with its first entry."""
    home = settings.home
    if (home / "vault.sqlite").exists():
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
def open_gateway(settings: Settings, clock: Clock | None = None, *, sequencer: bool = False) -> Iterator[Gateway]:
    """Open the home for this process alone, finish what a crash interrupted, and close everything afterwards.

    With ``sequencer`` a process of its own writes the log, for this one and for commands beside it (``open_desk``).
    """
    home = settings.home
    if not (home / "vault.sqlite").exists():
        raise InvalidInput(f"{home} is not a gateway's home: run `gateway init` first, or name another by --home")
    with contextlib.ExitStack() as stack:
        stack.enter_context(held(home / "lock"))
        house, keys = _house(settings, clock or SystemClock(), stack, sequencer=sequencer)
        Recover(house)()
        taking = TakePolicy(house)
        with house.writing:
            taking()
        house.writing.begin_with(taking.journey)
        engine = engine_for(home / "operational.sqlite")
        stack.callback(engine.dispose)
        keeping = KeepLog(house, keys, settings.audit_retention_days)
        yield _gateway(house, ClientRegister(engine), IdempotencyKeys(engine), keeping, settings)


def _house(settings: Settings, clock: Clock, stack: contextlib.ExitStack, *, sequencer: bool) -> tuple[House, LogKeys]:
    home = settings.home
    engine = engine_for(home / "operational.sqlite")
    stack.callback(engine.dispose)
    inbox = Inbox(engine)
    versions = Versions(engine)
    begin_registry(versions, settings.policies, clock.now())
    policy = PolicyInForce(versions, inbox, clock)
    catalogue = policy.base.catalogue
    vault = Vault.open(home, FileKek(settings.kek))
    stack.callback(vault.close)
    certificates = audit.Signer("segmentation-gateway/certificates", vault.signing_seed("certificates"))
    _publish_key(home, certificates)
    keys = LogKeys(home / "log-keys.json", vault.signing_seed)
    template = link_template(policy.label())
    writer: Writer
    if sequencer:
        writer = stack.enter_context(_sequenced(settings, keys, template))
    else:
        witnesses = _witnesses(settings)
        asked = stack.enter_context(audit.Witnesses(witnesses)) if witnesses else None
        around = audit.Surroundings(clock=clock.now, witnesses=asked)
        writer = stack.enter_context(_open_trail(home / "audit", keys, template, around))
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
        recorder=Recorder(writer, policy.label, certificates),
    )
    return house, keys


def _gateway(
    house: House, clients: ClientRegister, answers: IdempotencyKeys, keeping: KeepLog, settings: Settings
) -> Gateway:
    build = BuildSegment(house)
    return Gateway(
        house=house,
        ingest=IngestBatch(house),
        inbox=ClassifyColumns(house),
        record_consent=RecordConsent(house),
        record_signals=RecordSignals(house),
        show_consents=ShowConsents(house),
        why_person=WhyPerson(house),
        import_consents=ImportConsents(house),
        consent_receipts=ConsentReceipts(house),
        segments=Segments(house),
        build=build,
        explain=ExplainSegment(house),
        release=ReleaseSegment(house, build),
        members=ReadMembers(house),
        outlook=SegmentOutlook(house),
        pending_leaves=PendingLeaves(house),
        confirm_deletion=ConfirmDeletion(house),
        access=AccessSubject(house),
        erase=EraseSubject(house),
        refresh=RefreshPermissions(house),
        log=ReadLog(house),
        keep_log=keeping,
        who_saw=WhoSaw(house, clients.reference_of),
        clients=RegisterClients(house, clients),
        answers=answers,
        doctor=Doctor(house, settings.policies),
        policies=PolicyVersions(house, four_eyes=settings.four_eyes),
    )


def verify_certificate(settings: Settings, certificate: str) -> str:
    """Return the text of a signed certificate; raises ``IntegrityFailure`` where its signature does not hold."""
    vkey = (settings.home / CERTIFICATE_KEY).read_text(encoding="utf-8").strip()
    return verify_signed(certificate, [vkey])


def _witnesses(settings: Settings) -> audit.Policy | None:
    """Read whom to ask for cosignatures, where anybody is configured."""
    path = settings.audit_witnesses
    if path is None:
        return None
    try:
        return audit.Policy.parse(path.read_bytes())
    except audit.VerificationFailed as failure:
        raise InvalidInput(f"{path} names no witnesses: {failure}") from None


def _open_trail(directory: Path, keys: LogKeys, template: bytes, around: audit.Surroundings) -> audit.Trail:
    """Open the log; one that is not what was published is refused, and so is everything that it would record."""
    try:
        return audit.Trail.open(directory, LOG_ORIGIN, keys.signer, audit.link_from(template, around.clock), around)
    except audit.AuditError as error:
        raise IntegrityFailure(f"the audit log does not open: {error}") from None


@contextlib.contextmanager
def _sequenced(settings: Settings, keys: LogKeys, template: bytes) -> Iterator[audit.LogClient]:
    """Start the process that writes the log and ends with this one, and connect to it."""
    home, witnesses = settings.home, _witnesses(settings)
    secrets = {
        **keys.secrets(),
        "origin": LOG_ORIGIN,
        "link": template.decode(),
        "witnesses": witnesses.text if witnesses else None,
    }
    try:
        process = audit.start_sequencer(home / "audit", home / LOG_SOCKET, secrets)
    except audit.LogRefused as error:
        raise IntegrityFailure(f"the audit log does not open: {error}") from None
    with process, audit.LogClient(home / LOG_SOCKET, home / "audit") as client:
        yield client


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


def _publish_key(home: Path, signer: audit.Signer) -> None:
    """Put the verifier key of certificates where anybody may read it; it must never change."""
    path = home / CERTIFICATE_KEY
    if not path.exists():
        write_durably(path, f"{signer.vkey}\n".encode(), mode=0o644)
    elif path.read_text(encoding="utf-8").strip() != signer.vkey:
        raise IntegrityFailure(f"{path} is not the verifier key of this home's certificates: restore it")


def proposer(settings: Settings) -> ProposeSource:
    """Return the flow that proposes a contract; it needs the catalogue only, no home folder."""
    pack = read_pack(settings.policies)
    return ProposeSource(Detector(pack.catalogue))


def column_detector(settings: Settings) -> DetectColumns:
    """Return the flow that tells what a file's columns hold; it needs the catalogue only, as ``proposer`` does."""
    return DetectColumns(Detector(read_pack(settings.policies).catalogue))


def text_detector(settings: Settings) -> DetectText:
    """Return the flow that finds people in texts; it needs the catalogue only, as ``proposer`` does."""
    return DetectText(Detector(read_pack(settings.policies).catalogue))
