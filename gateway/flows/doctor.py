"""Is everything as it should be? Each finding says what, and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from gateway.flows.house import House
from gateway.flows.permissions import CheckPermissions
from gateway.policy import check

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

    def __call__(self) -> list[Finding]:
        """Return one finding a check; a check that cannot run is not well."""
        checks: dict[str, Callable[[], list[str]]] = {
            "policy cases": self._cases,
            "vault": lambda: [str(f) for f in self.house.vault.doctor()],
            "store": lambda: [str(f) for f in self.house.store.doctor()],
            "permissions agree with the ledger": self._permissions,
            "requests in time": self._overdue,
            "disk space": self._disk,
            "home folder is private": self._private,
        }
        ran = ((name, _run(one)) for name, one in checks.items())
        return [*(Finding(name, not found, "; ".join(found)) for name, found in ran), AT_REST]

    def _cases(self) -> list[str]:
        return [f"case `{case.case}` fails" for case in check(self.house.pack) if not case.passed]

    def _permissions(self) -> list[str]:
        differing = CheckPermissions(self.house)()
        return [f"{differing} people have a permission that the ledger does not give"] if differing else []

    def _overdue(self) -> list[str]:
        late = len(self.house.requests.overdue(self.house.clock.now()))
        return [f"{late} requests of data subjects are overdue (Art. 12(3))"] if late else []

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
