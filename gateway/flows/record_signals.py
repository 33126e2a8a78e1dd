"""A browser's or a tracking call's signals arrive: choices in the ledger, and the permissions that follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from gateway.consent import signals
from gateway.consent.signals import Signalled, Told
from gateway.consent.tcf import TcfUnreadable
from gateway.flows.house import House
from gateway.flows.permissions import catch_up
from gateway.foundation.arrays import BLOCK
from gateway.foundation.identifiers import new_id
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import BatchId, PurposeId, SubjectReference

__all__ = ["RecordSignals", "SignalsTaken", "Told"]
_SKEW = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignalsTaken:
    """What the signals meant under the pack; it does not tell whether the person is known."""

    choices: dict[PurposeId, str]
    ignored: int  # categories that the pack does not know
    unread: str | None  # why a TC string said nothing


@dataclass(frozen=True)
class RecordSignals:
    """Record what Global Privacy Control, category preferences and a TC string say of one person.

    A signal that only says how things are now counts when it differs from what its channel said last: the same page
    seen twice renews no yes, and a signal that was there before does not take back what the person chose since. A no is
    kept also where another signal of the call cannot be read; what cannot be read is no yes.
    """

    house: House

    def __call__(self, identifier: tuple[str, str], told: Told, actor: Actor) -> SignalsTaken:
        """Record the signals of the person whom ``identifier`` (type, value) names."""
        known = self.house.catalogue.signals
        now = self.house.clock.now()
        choices, unread = list(signals.of_browser(told, known)), None
        if told.tcf is not None:
            try:
                choices += self._of_tc_string(told.tcf, now)
            except TcfUnreadable as error:
                unread = error.reasons[0]
        with self.house.writing:
            subject = self.house.find(identifier)
            self._on_record(subject, choices, actor, now)
            if subject is not None and choices:
                self._keep(subject, choices, now)
        stricter = sorted(choices, key=lambda choice: choice.status.value == "given", reverse=True)
        ignored = signals.unknown_categories(told, known)
        return SignalsTaken({each.purpose: each.status.value for each in stricter}, ignored, unread)

    def _of_tc_string(self, text: str, now: dt.datetime) -> list[Signalled]:
        found = list(signals.of_tc_string(text, self.house.catalogue.signals))
        if any(each.at is not None and each.at > now + _SKEW for each in found):
            raise TcfUnreadable("tcf_in_the_future", "it is dated in the future")
        return found

    def _on_record(
        self, subject: SubjectReference | None, choices: Sequence[Signalled], actor: Actor, now: dt.datetime
    ) -> None:
        entry = self.house.recorder.new_entry_id()
        tags = self.house.vault.tags_of(subject, [entry]) if subject is not None else None
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.CONSENT_RECORDED,
            decision="permit",
            reasons=tuple(sorted({f"{choice.channel}_{choice.status}" for choice in choices})),
            members=int(subject is not None),
            policy=self.house.catalogue.label,
        )
        self.house.recorder.record(event, at=now, entry_id=entry, tags=tags)

    def _keep(self, subject: SubjectReference, choices: Sequence[Signalled], now: dt.datetime) -> None:
        catch_up(self.house, now)
        batch = BatchId(new_id("bat"))
        with self.house.ledger.write(batch) as session:
            for channel in dict.fromkeys(choice.channel for choice in choices):
                here = [choice for choice in choices if choice.channel == channel]
                subjects = pa.array([subject] * len(here), BLOCK)
                session.add(subjects, _table(here), recorded_at=now, channel=channel)
            session.commit()
        self.house.ledger.settle(batch)
        catch_up(self.house, now)


def _table(choices: Sequence[Signalled]) -> pa.Table:
    return pa.table(
        {
            "row": pa.array(range(len(choices)), pa.int64()),
            "purpose": pa.array([each.purpose for each in choices], pa.string()),
            "status": pa.array([each.status.value for each in choices], pa.string()),
            "at": pa.array([each.at for each in choices], pa.timestamp("us", "UTC")),
            "notice": pa.array([each.notice for each in choices], pa.string()),
            "language": pa.array([each.language for each in choices], pa.string()),
            "evidence": pa.array([each.evidence for each in choices], pa.string()),
        }
    )
