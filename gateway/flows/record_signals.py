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
from gateway.flows.permissions import catch_up, refresh
from gateway.foundation.arrays import BLOCK
from gateway.foundation.identifiers import new_id
from gateway.vocabulary.catalogue import Signals
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import BatchId, PurposeId, SubjectReference

__all__ = ["RecordSignals", "SignalsTaken", "Told"]
_SKEW = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignalsTaken:
    """What the signals mean under the pack, not what has come of them: that would tell whether the person is known.

    A no bites, unless it is a TC string's that was on record before. A yes counts unless a no governs.
    """

    choices: dict[PurposeId, str]
    ignored: int  # categories that the pack does not know
    unread: str | None  # why a TC string gave no yes


@dataclass(frozen=True)
class RecordSignals:
    """Record what Global Privacy Control, category preferences and a TC string say of one person.

    A signal that only says how things are now is a yes only when it differs from what its channel said last: the same
    page seen twice renews nothing. A no is one for as long as it is signalled, whatever was chosen elsewhere in
    between, and of a call that says both for a purpose only the no is kept. A no is kept also where another signal of
    the call cannot be read; what cannot be read is no yes.
    """

    house: House

    def __call__(self, identifier: tuple[str, str], told: Told, actor: Actor) -> SignalsTaken:
        """Record the signals of the person whom ``identifier`` (type, value) names."""
        with self.house.writing:
            now = self.house.clock.now()  # not before: whoever came first would be of the future to this refresh
            known = self.house.catalogue.signals
            choices, unread = self._meant(told, known, now)
            subject = self.house.find(identifier)
            self._on_record(subject, choices, actor)
            if choices:
                self._keep(subject, choices, now)
        meant = {purpose: status.value for purpose, status in signals.strictest(choices).items()}
        return SignalsTaken(meant, signals.unknown_categories(told, known), unread)

    def _meant(self, told: Told, known: Signals, now: dt.datetime) -> tuple[list[Signalled], str | None]:
        """Return the choices that the signals make, and why a TC string among them gives no yes."""
        choices, unread = list(signals.of_browser(told, known)), None
        if told.tcf is not None:
            try:
                choices += signals.of_tc_string(told.tcf, known)
            except TcfUnreadable as error:
                unread = error.reasons[0]
        if ahead := [each for each in choices if each.at is not None and each.at > now + _SKEW]:
            choices, unread = [each for each in choices if each not in ahead], "tcf_in_the_future"
        return signals.agreed(choices), unread

    def _on_record(self, subject: SubjectReference | None, choices: Sequence[Signalled], actor: Actor) -> None:
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
        self.house.recorder.record(event, at=self.house.clock.now(), entry_id=entry, tags=tags)

    def _keep(self, subject: SubjectReference | None, choices: Sequence[Signalled], now: dt.datetime) -> None:
        """Keep what is new; of somebody unknown keep nothing, as durably, so that the time taken tells little."""
        catch_up(self.house, now)  # nobody else may lag when the store says how far it has come
        history = [] if subject is None else self.house.ledger.history(subject)
        new = list(signals.news(choices, history, now)) if subject is not None else []
        with self.house.ledger.write(BatchId(new_id("bat"))) as session:
            for channel in dict.fromkeys(choice.channel for choice in new):
                here = [choice for choice in new if choice.channel == channel]
                subjects = pa.array([subject] * len(here), BLOCK)
                session.add(subjects, _table(here), recorded_at=now, channel=channel)
            position = session.commit(settled=True)
        people = pa.array([] if subject is None else [subject], BLOCK)
        refresh(self.house, people, now, position=position)


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
