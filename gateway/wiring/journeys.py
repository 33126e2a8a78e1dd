"""All flows over one house, as the faces call them."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.clients import ClientRegister, IdempotencyKeys
from gateway.flows.access_subject import AccessSubject
from gateway.flows.build_segment import BuildSegment, ExplainSegment, Segments
from gateway.flows.classify_columns import ClassifyColumns
from gateway.flows.confirm_deletion import ConfirmDeletion
from gateway.flows.consent_receipts import ConsentReceipts, VerifyReceipt
from gateway.flows.doctor import Doctor
from gateway.flows.erase_subject import EraseSubject
from gateway.flows.four_eyes import FourEyes
from gateway.flows.house import House
from gateway.flows.import_consents import ImportConsents
from gateway.flows.ingest_batch import IngestBatch
from gateway.flows.keep_log import KeepLog
from gateway.flows.pending_leaves import PendingLeaves
from gateway.flows.permissions import RefreshPermissions
from gateway.flows.policy_versions import PolicyVersions
from gateway.flows.processing_record import ProcessingRecord
from gateway.flows.propose_source import ProposeSource
from gateway.flows.read_log import ReadLog
from gateway.flows.read_members import ReadMembers
from gateway.flows.record_consent import RecordConsent
from gateway.flows.record_signals import RecordSignals
from gateway.flows.register_clients import RegisterClients
from gateway.flows.release_segment import ReleaseSegment
from gateway.flows.segment_outlook import SegmentOutlook
from gateway.flows.show_consents import ShowConsents
from gateway.flows.simulate_policy import SimulatePolicy
from gateway.flows.sweep import Sweep
from gateway.flows.who_saw import WhoSaw
from gateway.flows.why import WhyPerson
from gateway.foundation.settings import Settings


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
    verify_receipt: VerifyReceipt
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
    sweep: Sweep
    log: ReadLog
    keep_log: KeepLog
    who_saw: WhoSaw
    clients: RegisterClients
    answers: IdempotencyKeys
    doctor: Doctor
    policies: PolicyVersions
    simulate: SimulatePolicy
    records: ProcessingRecord

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
        self.pin()

    def pin(self) -> None:
        """Keep this thread's journey under the version that is in force now."""
        self.house.policy.pin()

    def ready(self) -> bool:
        """Tell whether data may move: the log can be written and no check finds anything."""
        return not self.house.store.doctor() and self.log.checkpoint() != ""


def assemble(
    house: House, clients: ClientRegister, answers: IdempotencyKeys, keeping: KeepLog, settings: Settings
) -> Gateway:
    """Return the flows over a house."""
    build = BuildSegment(house)
    four_eyes = FourEyes(house, on=settings.four_eyes)
    policies = PolicyVersions(house, four_eyes)
    return Gateway(
        house=house,
        ingest=IngestBatch(house),
        inbox=ClassifyColumns(house, four_eyes),
        record_consent=RecordConsent(house),
        record_signals=RecordSignals(house),
        show_consents=ShowConsents(house),
        why_person=WhyPerson(house),
        import_consents=ImportConsents(house),
        consent_receipts=ConsentReceipts(house),
        verify_receipt=VerifyReceipt(house),
        segments=Segments(house),
        build=build,
        explain=ExplainSegment(house),
        release=ReleaseSegment(house, build),
        members=ReadMembers(house),
        outlook=SegmentOutlook(house),
        pending_leaves=PendingLeaves(house),
        confirm_deletion=ConfirmDeletion(house, four_eyes),
        access=AccessSubject(house),
        erase=EraseSubject(house),
        refresh=RefreshPermissions(house),
        sweep=Sweep(house),
        log=ReadLog(house),
        keep_log=keeping,
        who_saw=WhoSaw(house, clients.reference_of),
        clients=RegisterClients(house, clients),
        answers=answers,
        doctor=Doctor(house, settings.policies),
        policies=policies,
        simulate=SimulatePolicy(house, policies),
        records=ProcessingRecord(house, settings.audit_retention_days),
    )
