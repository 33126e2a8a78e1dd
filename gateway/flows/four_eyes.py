"""Two people for whatever opens something: one proposes, and it takes effect when another gives the same command."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.flows.house import House
from gateway.foundation.errors import InvalidInput
from gateway.versions.persons import Person, check_name, is_another
from gateway.versions.proposals import Ending, Proposal
from gateway.vocabulary.events import Actor

MAX_BY, MAX_NOTE = 100, 500  # characters


@dataclass(frozen=True, slots=True)
class Officer:
    """Who decides: as the log knows them, and as they name themselves."""

    actor: Actor
    name: str

    @property
    def person(self) -> Person:
        """The officer as compared with another."""
        return Person(self.name, self.actor.ref)


class Hearing(enum.Enum):
    """What an officer's command is, beside what waits already."""

    NEW = enum.auto()  # the first to ask for this
    RENEWED = enum.auto()  # asked for before, under another policy or with another effect: that is void
    AGAIN = enum.auto()  # asked for before by the same person
    CONFIRMED = enum.auto()  # asked for before by another person


@dataclass(frozen=True, slots=True)
class Heard:
    """A command that opens something, and the proposal that waits because of it, or that it confirms."""

    hearing: Hearing
    proposal: Proposal

    @property
    def waits(self) -> bool:
        """Whether another person is needed."""
        return self.hearing is not Hearing.CONFIRMED

    @property
    def is_new(self) -> bool:
        """Whether it is to be kept and put on record."""
        return self.hearing in {Hearing.NEW, Hearing.RENEWED}


@dataclass(frozen=True, slots=True)
class ProposalShown:
    """A proposal as it is told: who, when, why; ``opens`` is the sha256 (hex) over exactly what it would open."""

    id: str
    opens: str
    by: str
    at: dt.datetime
    note: str | None
    void: bool  # what is in force has changed since: nobody can confirm it


@dataclass(frozen=True)
class FourEyes:
    """The one way in which a second person is asked for. Whoever holds ``house.writing`` may change what waits."""

    house: House
    on: bool = True

    def hear(self, wanted: Proposal) -> Heard:
        """Return what a command is that would open something; nothing is kept."""
        before = self.house.proposals.waiting(wanted.matter)
        if before is None or before.content != wanted.content:
            return Heard(Hearing.NEW, wanted)
        if before.is_void(wanted.opens, wanted.under):
            return Heard(Hearing.RENEWED, wanted)
        if not is_another(before.person, wanted.person):
            return Heard(Hearing.AGAIN, before)
        return Heard(Hearing.CONFIRMED, before)

    def end(self, matter: str, ending: Ending, officer: Officer) -> None:
        """Let nothing of a matter wait any more: first this, then what was decided."""
        self.house.proposals.end(matter, ending, officer.person, at=self.house.clock.now())


def proposed(
    officer: Officer, about: tuple[str, str], opens: str, house: House, *, name: str, note: str | None = None
) -> Proposal:
    """Return what an officer proposes now; ``about`` is its matter and its content, ``name`` its id in the log."""
    matter, content = about
    at, under = house.clock.now(), house.policy.base.label
    return Proposal(name, matter, content, opens, under, officer.name, officer.actor.ref, at, note)


def shown_proposal(proposal: Proposal, *, void: bool) -> ProposalShown:
    """Return a proposal as it is told."""
    p = proposal
    return ProposalShown(p.id, p.opens, p.by, p.at, p.note, void)


def digest_of(parts: Sequence[object]) -> str:
    """Return the sha256 (hex) over what a decision would open."""
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def check_decided(officer: Officer, note: str | None) -> None:
    """Hold what an officer typed to a length, to characters that can be seen, and a name to one script.

    Raises ``InvalidInput``.
    """
    check_lines(("name of who decides", officer.name, MAX_BY), ("note", note, MAX_NOTE))
    check_name(officer.name)


def check_lines(*lines: tuple[str, str | None, int]) -> None:
    """Hold each text (its name, itself, its most characters) to one printable line; raises ``InvalidInput``."""
    for name, text, most in lines:
        if text is not None and (not text.strip() or len(text) > most or not text.isprintable()):
            raise InvalidInput(
                f"the {name} is one line of at most {most} printable characters", reasons=("unfit_words",)
            )
