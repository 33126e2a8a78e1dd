"""Is everything as it should be? Each finding says what, and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.flows.agreement import check_activated, check_agreement
from gateway.flows.house import House
from gateway.flows.pending_leaves import PendingLeaves
from gateway.flows.permissions import CheckPermissions
from gateway.foundation.errors import GatewayError, IntegrityFailure
from gateway.policy import check
from gateway.versions import read_folder

ENOUGH_FREE = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and its outcome."""

    check: str
    ok: bool
    advice: str


# No check can tell whether the disk below is encrypted, so the advice always stands.
AT_REST = Finding("encryption at rest", True, "the analytical store is not encrypted itself: encrypt the disk")


@dataclass(frozen=True)
class Doctor:
    """Look at pack, vault, store, permissions, disk and log."""

    house: House
    policies: Path  # where drafts come from

    def __call__(self) -> list[Finding]:
        """Return one finding a check; a check that cannot run is not well."""
        checks: dict[str, Callable[[], list[str]]] = {
            "policy cases": self._cases,
            "policy in force": self._in_force,
            "vault": lambda: [str(f) for f in self.house.vault.doctor()],
            "store": lambda: [str(f) for f in self.house.store.doctor()],
            "permissions agree with the ledger": self._permissions,
            "requests in time": self._overdue,
            "recipients are told in time who left": self._leaves,
            "disk space": self._disk,
            "home folder is private": self._private,
        }
        ran = ((name, _run(one)) for name, one in checks.items())
        found = [Finding(name, not problems, "; ".join(problems)) for name, problems in ran]
        return [*found, Finding("folder of drafts", True, self._folder()), AT_REST]

    def _cases(self) -> list[str]:
        return [f"case `{case.case}` fails" for case in check(self.house.pack) if not case.passed]

    def _in_force(self) -> list[str]:
        """Look whether the registry still has the texts that were drafted, and the log their activation."""
        house, followed = self.house, self.house.store.policy
        coming = house.policy.coming(followed.label if followed else None).base
        try:
            check_agreement(house)
            check_activated(house, house.versions.get(coming.catalogue.version))
        except IntegrityFailure as failure:
            return [failure.message]
        same = coming.label == house.policy.base.label
        return [] if same else ["another version is in force than the registry says: restart"]

    def _folder(self) -> str:
        """Say where the folder of drafts differs from what is in force: that is no fault, and may be an oversight."""
        try:
            draft = read_folder(self.policies)
        except (OSError, GatewayError):
            return "the folder of drafts cannot be read; what is in force does not come from there"
        if draft == self.house.versions.files(self.house.policy.base.catalogue.version):
            return ""
        return "the folder of drafts differs from what is in force: `gateway policy draft` submits it as a new version"

    def _permissions(self) -> list[str]:
        differing = CheckPermissions(self.house)()
        return [f"{differing} people have a permission that the ledger does not give"] if differing else []

    def _overdue(self) -> list[str]:
        late = len(self.house.requests.overdue(self.house.clock.now()))
        return [f"{late} requests of data subjects are overdue (Art. 12(3))"] if late else []

    def _leaves(self) -> list[str]:
        late = [owed for owed in PendingLeaves(self.house)() if owed.overdue]
        return [
            f"`{owed.recipient}` has to delete its list of `{owed.segment}`: the scope ended before it heard who left"
            if owed.by_deletion
            else f"`{owed.recipient}` has not had its delta of `{owed.segment}` in time"
            for owed in late
        ]

    def _disk(self) -> list[str]:
        free = shutil.disk_usage(self.house.home).free
        return [] if free >= ENOUGH_FREE else ["less than 512 MiB free: the log must always be writable"]

    def _private(self) -> list[str]:
        open_to_others = self.house.home.stat().st_mode & 0o077
        return ["the home folder is open to others: chmod 700"] if open_to_others else []


def _run(check_one: Callable[[], list[str]]) -> list[str]:
    try:
        return check_one()
    except Exception as error:  # noqa: BLE001 - a check that cannot run is itself the finding
        return [f"could not be checked ({type(error).__name__})"]
