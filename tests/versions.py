"""How a test puts another policy in force, or takes what two officers decide: as the two would."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.flows.classify_columns import Classified, Wish
from gateway.flows.confirm_deletion import Deletion
from gateway.flows.policy_versions import Officer, VersionShown
from gateway.policy import check, load_pack
from gateway.versions import VersionState
from gateway.vocabulary.events import Actor
from gateway.vocabulary.names import RecipientId
from gateway.wiring import Gateway, read_folder

LIISA = Officer(Actor("operator", "test"), "Liisa")
OLLI = Officer(Actor("operator", "test"), "Olli")
REPORT = "ab" * 32


def renumbered(folder: Path, number: str, older: str) -> dict[str, str]:
    """Return the texts of a folder as the version ``number``, which supersedes ``older``."""
    files = read_folder(folder)
    text = re.sub(r"^(version|supersedes): .*\n", "", files["pack.yaml"], flags=re.MULTILINE)
    return files | {"pack.yaml": f"{text}version: {number}\nsupersedes: {older}\n"}


def without_stale_cases(folder: Path) -> None:
    """Leave out the cases that tell of the pack as it was before a test changed it."""
    stale = {result.case for result in check(load_pack(read_folder(folder))) if not result.passed}
    for path in (folder / "cases").iterdir():
        head, *cases = re.split(r"^(?=  - id: )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        kept = [case for case in cases if case.split("\n", 1)[0].removeprefix("  - id: ") not in stale]
        if kept:
            path.write_text(head + "".join(kept), encoding="utf-8")
        else:
            path.unlink()


def following(gateway: Gateway) -> tuple[str, str]:
    """Return a number that is free, and the number in force."""
    known = gateway.policies.list()
    major, *_ = max(tuple(map(int, each.version.version.split("."))) for each in known)
    active = [each.version.version for each in known if each.state is VersionState.ACTIVE]
    return f"{major + 1}.0.0", active[0] if active else gateway.house.policy.base.catalogue.version


def approved(gateway: Gateway, files: dict[str, str]) -> str:
    """Draft, simulate and approve; return the number."""
    number = gateway.policies.draft(files, LIISA).version.version
    gateway.policies.record_simulation(number, REPORT, LIISA)
    gateway.policies.approve(number, OLLI)
    return number


def put_in_force(gateway: Gateway, folder: Path) -> str:
    """Put what stands in a folder in force, now, under the next number; return that."""
    number = approved(gateway, renumbered(folder, *following(gateway)))
    gateway.policies.activate(number, OLLI)
    return number


def decided(gateway: Gateway, entry: str, wish: Wish) -> Classified:
    """Decide about a column; where that waits for a second person, there is one."""
    done = gateway.inbox.decide(entry, wish, LIISA).value
    return gateway.inbox.decide(entry, wish, OLLI).value if done.waits else done


def deleted(gateway: Gateway, recipient: RecipientId, evidence: str) -> Deletion:
    """Confirm what a recipient deleted, by two people."""
    done = gateway.confirm_deletion(recipient, evidence, LIISA)
    return gateway.confirm_deletion(recipient, evidence, OLLI) if done.waits else done


def rolled_back(gateway: Gateway, number: str) -> VersionShown:
    """Go back to a version; where that waits for a second person, there is one."""
    shown = gateway.policies.roll_back(number, LIISA, reason="a test")
    return gateway.policies.roll_back(number, OLLI, reason="a test") if shown.proposal else shown
