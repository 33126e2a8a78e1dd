"""Going back to an earlier version: whoever stops something does so alone, whoever opens something does not."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from gateway.flows.four_eyes import FourEyes, Heard, Officer, ProposalShown, digest_of, proposed, shown_proposal
from gateway.flows.house import House
from gateway.flows.read_policy import diff_packs
from gateway.foundation.identifiers import new_id
from gateway.policy import Pack
from gateway.policy.amending import amend
from gateway.versions import Taken
from gateway.versions.proposals import Ending, Proposal

MATTER = "rollback"


@dataclass(frozen=True)
class GoingBack:
    """What a second person has to do with a way back. Whoever holds ``house.writing`` may change what waits."""

    house: House
    four_eyes: FourEyes

    def hear(self, back: Pack, officer: Officer, reason: str) -> Heard | None:
        """Return what waits for a second person, or is confirmed; ``None`` where nobody else is asked."""
        if not self.four_eyes.on or not self._widens(back):
            return None
        about = (MATTER, back.catalogue.version)
        wanted = proposed(officer, about, self._opens(back), self.house, name=new_id("dec"), note=reason)
        return self.four_eyes.hear(wanted)

    def end(self, taken: Taken, heard: Heard | None, officer: Officer) -> Taken:
        """Let nothing wait any more and return the step as two people took it, or one; first this, then the step."""
        self.four_eyes.end(MATTER, Ending.CONFIRMED if heard else Ending.DROPPED, officer)
        if heard is None:
            return taken
        first: Proposal = heard.proposal
        return dataclasses.replace(taken, by=first.by, ref=first.ref, note=first.note, confirmed_by=officer.name)

    def waiting(self, version: str) -> Proposal | None:
        """Return what waits about going back to a version."""
        waits = self.house.proposals.waiting(MATTER)
        return waits if waits is not None and waits.content == version else None

    def shown(self, waits: Proposal, back: Pack) -> ProposalShown:
        """Return what waits as it is told."""
        return shown_proposal(waits, void=waits.is_void(self._opens(back), self.house.policy.base.label))

    def _widens(self, back: Pack) -> bool:
        """Whether it would allow anything that is not allowed now, officers' decisions about columns counted."""
        now = self.house.pack
        then = dataclasses.replace(self._amended(back), effective_from=now.effective_from)  # it was in force before
        told, _ = diff_packs(now, then, self.house.clock.now())
        return bool(told["widens"])

    def _opens(self, back: Pack) -> str:
        return digest_of([self._amended(back).label])

    def _amended(self, back: Pack) -> Pack:
        return amend(back, self.house.inbox.in_force()).pack
