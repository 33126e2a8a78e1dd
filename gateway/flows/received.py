"""What a recipient holds already counts in every new release: combinations close over all that it has received."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.flows.house import House
from gateway.foundation.errors import Conflict, NotPermitted
from gateway.policy import decide
from gateway.release.entries import Exposure, Link, of_one_entity
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.contracts import RecipientContract, ScopeMode
from gateway.vocabulary.decisions import Action, Decision, Deny, Permit, ProcessingRequest, Reason
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId

_NAMED = 3  # releases that a refusal names for each field


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be released: for which purpose, and by which fields its members were chosen."""

    purpose: PurposeId
    fields: frozenset[FieldId]


@dataclass(frozen=True)
class AskForRelease:
    """Ask policy about one recipient, with everything that it knows already."""

    house: House

    def held(self, contract: RecipientContract) -> tuple[Exposure, ...]:
        """Return what the contract's legal entity has received, the oldest first.

        Under whatever contract that was ever one of its. What a recipient holds who is no longer in the policy counts
        for everybody: it may go by another name today.
        """
        ledger, contracts = self.house.disclosures.exposures, self.house.catalogue.recipients
        links = ledger.links() | links_of(self.house.catalogue)
        return ledger.of(of_one_entity(contract.id, links), contracts)

    def decision(self, chosen: Chosen, contract: RecipientContract) -> Decision:
        """Return what policy says now to releasing the agreed fields beside the pseudonyms of such a segment."""
        return decide(self._request(chosen, contract, self.held(contract)), self.house.pack)

    def to_choose(self, chosen: Chosen) -> Permit:
        """Return the Permit to choose people by these fields for this purpose. Raises ``NotPermitted`` with reasons."""
        at = self.house.clock.now()
        match decide(ProcessingRequest(Action.SEGMENT, chosen.purpose, at, fields=chosen.fields), self.house.pack):
            case Permit() as permit:
                return permit
            case Deny() as denial:
                reasons = tuple(map(str, denial.reasons))
                raise NotPermitted(f"its members may not be chosen so: {' | '.join(reasons)}", reasons=reasons)

    def permit(self, chosen: Chosen, contract: RecipientContract) -> Permit:
        """Return the Permit. Raises ``NotPermitted``: each reason with the releases that brought the other part."""
        match self.decision(chosen, contract):
            case Permit() as permit:
                return permit
            case Deny() as denial:
                reasons = self.reasons(denial, chosen, contract)
                raise NotPermitted(f"the release is refused: {' | '.join(reasons)}", reasons=reasons)

    def reasons(self, denial: Deny, chosen: Chosen, contract: RecipientContract) -> tuple[str, ...]:
        """Return a denial in words: of a combination, also from which releases the recipient has its other part."""
        held = self.held(contract)
        new = chosen.fields | frozenset(contract.fields)
        return tuple(dict.fromkeys(f"{reason}{_sources(reason, new, held)}" for reason in denial.reasons))

    def _request(self, chosen: Chosen, contract: RecipientContract, held: Iterable[Exposure]) -> ProcessingRequest:
        received = frozenset[FieldId]().union(*(exposure.fields for exposure in held))
        return ProcessingRequest(
            Action.RELEASE,
            chosen.purpose,
            self.house.clock.now(),
            fields=frozenset(contract.fields),
            recipient=contract.id,
            chosen_by=chosen.fields,
            received=received,
        )


def links_of(catalogue: Catalogue) -> frozenset[Link]:
    """Return who each recipient is in law by a catalogue."""
    return frozenset((contract.id, contract.holder) for contract in catalogue.recipients.values())


def check_holders_kept(house: House, catalogue: Catalogue) -> None:
    """Raise ``Conflict`` for a catalogue in which who holds data is missing, or gets no deltas any more.

    It would be forgotten what the one knows, and whom the other must still be told of.
    """
    holding = {exposure.recipient for exposure in house.disclosures.exposures.all()}
    lasting = {name for name in holding if _is_lasting(house.catalogue, name)}
    cut_off = ", ".join(
        f"`{n}`" for n in sorted(lasting & catalogue.recipients.keys()) if not _is_lasting(catalogue, n)
    )
    if cut_off:
        raise Conflict(
            f"the mode of {cut_off} in recipients.yaml becomes `transaction`, and it holds a list that deltas reach: "
            "give that mode to a new contract, or confirm first that the recipient deleted what it had",
            reasons=("recipient_holds_data",),
        )
    missing = ", ".join(f"`{name}`" for name in sorted(holding - catalogue.recipients.keys()))
    if missing:
        raise Conflict(
            f"{missing} of recipients.yaml is missing, and holds data: keep the contract and end it by `expires`, or "
            "confirm first that the recipient deleted what it had (`gateway segments deleted`)",
            reasons=("recipient_holds_data",),
        )


def _is_lasting(catalogue: Catalogue, recipient: RecipientId) -> bool:
    contract = catalogue.recipients.get(recipient)
    return contract is not None and contract.mode is ScopeMode.RELATIONSHIP


def _sources(reason: Reason, new: frozenset[FieldId], held: tuple[Exposure, ...]) -> str:
    """Say which releases brought what a reason is about; nothing where this one alone brings it."""
    about = reason.combination or ((reason.field,) if reason.field else ())
    told = [(field, [e.release for e in held if field in e.fields]) for field in about if field not in new]
    words = [f"`{field}` by {_some(releases)}" for field, releases in told if releases]
    return f"; received before: {', '.join(words)}" if words else ""


def _some(releases: Iterable[str]) -> str:
    first = list(dict.fromkeys(releases))
    rest = len(first) - _NAMED
    return ", ".join(f"`{name}`" for name in first[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
