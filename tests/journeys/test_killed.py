"""Kill the process at any step and open the home again: no half batch, no half erasure, nothing acknowledged lost."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.vocabulary.names import SegmentId
from gateway.wiring import Gateway, initialise, open_gateway, verify_log
from tests.builders import NOW, TESTER, as_csv, customers, filled, ingest
from tests.journeys.killed import ERASE, INGEST

ROOT = Path(__file__).parents[2]
# What cannot come undone any more once the analytical store has committed.
COMMITTED = {
    ("store", "after"),
    *((step, when) for step in ("settle_vault", "settle_ledger") for when in ("before", "after")),
}


@pytest.fixture(scope="module")
def home_of_150(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made") / "home"
    settings = Settings(home=home)
    initialise(settings, FrozenClock(NOW))
    with open_gateway(settings, FrozenClock(NOW)) as gateway:
        filled(gateway)
    return home


@pytest.fixture
def home(home_of_150: Path, tmp_path: Path) -> Path:
    shutil.copytree(home_of_150, tmp_path / "home")
    return tmp_path / "home"


def kill(home: Path, journey: str, step: str, when: str) -> None:
    command = [sys.executable, "-m", "tests.journeys.killed", str(home), journey, step, when]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 - our own module
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]


def people(gateway: Gateway) -> tuple[int, int, int]:
    """Count who is in the store, in the vault, and who has a consent in the ledger."""
    batches = list(gateway.house.store.all_subjects())
    subjects = [ref for batch in batches for ref in batch.column("subject").to_pylist()]
    known = sum(gateway.house.vault.exists(ref) for ref in subjects)
    return (
        len(subjects),
        known,
        len(set(gateway.house.ledger.standing(at=gateway.house.clock.now()).column("subject").to_pylist())),
    )


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", INGEST)
def test_a_killed_ingest_is_all_or_nothing(home: Path, step: str, when: str) -> None:
    kill(home, "ingest", step, when)
    there = (step, when) in COMMITTED
    with open_gateway(Settings(home=home), FrozenClock(NOW)) as gateway:
        expected = 160 if there else 150
        assert people(gateway) == (expected, expected, expected)
        found = gateway.house.vault.find("customer_number", "C00155")
        assert (found is not None) == there
        tier = _tier(gateway, "C00145")
        assert tier == ("silver" if there else "gold")
        assert all(finding.ok for finding in gateway.doctor())
        assert not gateway.house.pending.exists()
        actions = [entry["action"] for entry in gateway.house.recorder.entries()]
        assert actions.count("batch.rolled_back") == (0 if there else 1)

        again = ingest(gateway, as_csv(customers(range(141, 161), loyalty_tier="silver")) + b"a,bad,row\n")
        assert again.already_ingested == there
        assert people(gateway) == (160, 160, 160)
        assert _tier(gateway, "C00145") == "silver"
    assert all(shard.size > 0 for shard in verify_log(home / "audit"))


def told(gateway: Gateway) -> list[tuple[str, list[str]]]:
    """Return what the log says of erasures, and on whose behalf."""
    entries = gateway.house.recorder.entries()
    return [(e["actor"]["ref"], e["reasons"]) for e in entries if e["action"] == "subject.erased"]


@pytest.mark.parametrize(("step", "when"), [("intent", "before"), ("intent", "after"), ("request", "before")])
def test_an_erasure_that_was_killed_before_it_stood_in_the_register_was_never_begun(
    home: Path, step: str, when: str
) -> None:
    kill(home, "erase", step, when)
    with open_gateway(Settings(home=home), FrozenClock(NOW)) as gateway:
        assert people(gateway) == (150, 150, 150)
        assert gateway.house.requests.list() == ()
        assert gateway.build(SegmentId("loyal_buyers"), TESTER).size == 150
        intent = [] if (step, when) == ("intent", "before") else [(TESTER.ref, ["intent"])]
        assert told(gateway) == intent
        assert gateway.erase(("customer_number", "C00007"), TESTER).value.found_after is False
        assert told(gateway) == [*intent, (TESTER.ref, ["intent"]), ("erasure", ["done"])]
        assert people(gateway) == (149, 149, 149)


@pytest.mark.parametrize(
    ("step", "when"), [("request", "after"), *((s, w) for s in ERASE for w in ("before", "after"))]
)
def test_a_killed_erasure_is_finished_at_the_next_start(home: Path, step: str, when: str) -> None:
    with open_gateway(Settings(home=home), FrozenClock(NOW)) as gateway:
        ref = gateway.house.vault.find("customer_number", "C00007")
        assert ref is not None
        wrapped = gateway.house.vault.wrapped_keys(ref)
    kill(home, "erase", step, when)
    with open_gateway(Settings(home=home), FrozenClock(NOW)) as gateway:
        assert people(gateway) == (149, 149, 149)
        assert gateway.house.vault.find("customer_number", "C00007") is None
        assert gateway.build(SegmentId("loyal_buyers"), TESTER).size == 149
        assert all(finding.ok for finding in gateway.doctor())
        assert all(r.completed_at is not None and r.subject is None for r in gateway.house.requests.list())
        begun, *more = told(gateway)
        assert begun == (TESTER.ref, ["intent"])  # whoever asked, before anything was gone
        resumed, done = ("erasure", ["intent", "resumed"]), ("erasure", ["done"])
        certified = [done] if step == "forget" else []
        assert more == certified + ([] if (step, when) == ("forget", "after") else [resumed, done])
    left = [p.name for p in home.rglob("*") if p.is_file() and (wrapped in (b := p.read_bytes()) or bytes(ref) in b)]
    assert left == []
    assert all(shard.size > 0 for shard in verify_log(home / "audit"))


def _tier(gateway: Gateway, number: str) -> str | None:
    ref = gateway.house.vault.find("customer_number", number)
    if ref is None:
        return None
    profile = gateway.house.store.profile_of(ref, on_behalf="req_test")  # type: ignore[arg-type]
    return str(profile["loyalty_tier"])
