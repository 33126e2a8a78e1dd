"""Who must still be told that somebody left: a no is done when each recipient's next delta has carried it.

No delta reaches a list whose scope has ended. Where it still owed a leave then, the recipient has to delete the whole
list, and only its confirmed deletion settles that (Art. 17(2), 19).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from gateway.flows.end_scopes import EndScopes, newest_of_each
from gateway.flows.house import House
from gateway.foundation.arrays import BLOCK
from gateway.policy import decide
from gateway.release import Disclosure, diff
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus
from gateway.vocabulary.contracts import RecipientContract, ScopeMode
from gateway.vocabulary.decisions import Action, Deny, Permit, ProcessingRequest
from gateway.vocabulary.names import FieldId, RecipientId, ReleaseId, SegmentId

_INSTANT = pa.timestamp("us", "UTC")
_QUIET = [
    status.value
    for status in (ConsentStatus.GIVEN, ConsentStatus.LIFTED, ConsentStatus.REQUESTED, ConsentStatus.UNKNOWN)
]  # words that end nothing by themselves
_NEAR = dt.timedelta(hours=1)  # how near the instant is found at which a period ended


@dataclass(frozen=True, slots=True)
class PendingLeave:
    """A recipient's list that somebody has to leave: whose, since when, and by when its delta must have told it.

    It does not say how many people: one person's withdrawal is that person's. ``by_deletion``: its scope has ended, so
    that the recipient has to delete the list.
    """

    recipient: RecipientId
    segment: SegmentId
    release: ReleaseId  # the recipient's newest, from which its next delta starts
    since: dt.datetime
    due: dt.datetime
    overdue: bool
    by_deletion: bool = False


@dataclass(frozen=True)
class PendingLeaves:
    """Compare what recipients hold with what people permit now: withdrawn, objected, restricted, expired, erased."""

    house: House

    def __call__(self) -> list[PendingLeave]:
        """Return the lists that owe a leaving delta, the earliest deadline first; nothing changes."""
        found = [self._of(disclosure) for disclosure in self._lists()]
        return sorted((owed for owed in found if owed is not None), key=lambda owed: (owed.due, owed.release))

    def _lists(self) -> list[Disclosure]:
        """The newest release of each list that deltas reach or reached: of a scope that is not one snapshot's.

        Who is not in the policy any more, since one went back to an earlier version, still holds its lists.
        """
        house = self.house
        return [
            disclosure
            for disclosure in newest_of_each(house.disclosures.list())
            if (contract := house.catalogue.recipients.get(disclosure.recipient)) is None
            or contract.mode is ScopeMode.RELATIONSHIP
            if not house.disclosures.exposures.is_deleted(disclosure.release)
        ]

    def _of(self, disclosure: Disclosure) -> PendingLeave | None:
        contract, now = self.house.catalogue.recipients.get(disclosure.recipient), self.house.clock.now()
        if contract is None:
            return self._of_stranger(disclosure, now)
        ends = EndScopes(self.house).ends(disclosure)
        since = self._since(disclosure, contract, now, over=ends <= now)
        if since is None or since >= ends:  # from then on the pseudonyms point at nobody
            return None
        due = min(since + dt.timedelta(days=contract.leave_within_days), ends)
        return PendingLeave(
            disclosure.recipient, disclosure.segment, disclosure.release, since, due, due <= now, ends <= now
        )

    def _of_stranger(self, disclosure: Disclosure, now: dt.datetime) -> PendingLeave | None:
        """What is owed to whom no delta reaches, and for whom no contract names a deadline: it is due at once."""
        since = self._since(disclosure, None, now, over=True)
        if since is None:
            return None
        return PendingLeave(
            disclosure.recipient, disclosure.segment, disclosure.release, since, since, overdue=True, by_deletion=True
        )

    def _since(
        self, disclosure: Disclosure, contract: RecipientContract | None, now: dt.datetime, *, over: bool
    ) -> dt.datetime | None:
        """Since when somebody on the list may not be on it: the earliest of all; None where everybody may.

        Of a list whose scope is ``over``, only a no, a yes that ran out and an erasure count: what another version of
        the policy closed since was no reason to leave while a delta could tell it.
        """
        erased = self.house.disclosures.owed_since(disclosure.scope, disclosure.segment, disclosure.release)
        members = self.house.store.release_members(disclosure.release)
        gone = diff(members, self._allowed(members, disclosure, contract, now)).left
        said = self._said(gone, disclosure, now)
        silent = diff(gone, said.column("subject")).left
        instants = [erased, pc.min(said.column("ended")).as_py()]
        if len(silent) and not over:
            instants.append(self._lost(silent, disclosure, contract, now))
        known = [at for at in instants if at is not None]
        return max(min(known), disclosure.at) if known else None

    def _allowed(
        self, members: pa.Array, disclosure: Disclosure, contract: RecipientContract | None, at: dt.datetime
    ) -> pa.Array:
        """Return those of ``members`` whom the rows of a release at ``at`` may show.

        Where none would be permitted, for example since the combination is reached, the segment's own rows count.
        """
        segment = ProcessingRequest(Action.SEGMENT, disclosure.purpose, at, fields=frozenset())
        fields = frozenset(contract.fields) if contract is not None else frozenset[FieldId]()
        release = replace(segment, action=Action.RELEASE, fields=fields, recipient=disclosure.recipient)
        for request in (release, segment):
            match decide(request, self.house.pack):
                case Permit() as permit:
                    return self.house.store.permitted(members, permit, at)
                case Deny():
                    continue
        return pa.array([], BLOCK)

    def _said(self, gone: pa.Array, disclosure: Disclosure, now: dt.datetime) -> pa.Table:
        """Return of whom the ledger tells when it ended, and that instant: a no, or a yes that ran out."""
        standing = self.house.ledger.standing(gone, at=now)
        concerned = pa.array([str(disclosure.purpose), str(ALL_PURPOSES)])
        standing = standing.filter(pc.is_in(standing.column("purpose"), value_set=concerned))
        given = pc.equal(standing.column("status"), ConsentStatus.GIVEN.value)
        quiet = pc.is_in(standing.column("status"), value_set=pa.array(_QUIET))
        ends = pc.if_else(quiet, None, standing.column("at"))
        ended = pc.if_else(given, self._run_out(standing, disclosure), ends)
        told = pa.table({"subject": standing.column("subject"), "ended": ended})
        return told.filter(pc.less_equal(told.column("ended"), pa.scalar(now, _INSTANT)))

    def _run_out(self, standing: pa.Table, disclosure: Disclosure) -> pa.ChunkedArray:
        """Return when a yes ends: by its own end or the purpose's, whichever comes first; null for never."""
        purpose = self.house.catalogue.purposes.get(disclosure.purpose)
        length = purpose.consent_valid_for if purpose is not None else None
        own = standing.column("valid_until")
        if length is None:
            return own
        by_purpose = pc.add(standing.column("at"), pa.scalar(length, pa.duration("us")))
        return pc.if_else(pc.fill_null(pc.less(own, by_purpose), False), own, by_purpose)

    def _lost(
        self, silent: pa.Array, disclosure: Disclosure, contract: RecipientContract | None, now: dt.datetime
    ) -> dt.datetime:
        """Find the instant at which the first of them was out by time alone (a retention period that ended).

        Where it was no time that did it, the instant of the release: the deadline is then the earliest there may be.
        """
        good, bad = disclosure.at, now
        while bad - good > _NEAR:
            between = good + (bad - good) / 2
            if len(self._allowed(silent, disclosure, contract, between)) == len(silent):
                good = between
            else:
                bad = between
        return good
