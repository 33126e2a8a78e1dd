"""A store that was lost, put back from an older copy or written by somebody else opens nothing and permits nothing."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from gateway.flows.permissions import CheckPermissions
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import IntegrityFailure, Unavailable
from gateway.foundation.settings import Settings
from gateway.policy import load_pack
from gateway.policy.loading import digest_of
from gateway.store import Store
from gateway.vocabulary.names import SegmentId
from gateway.wiring import Gateway, open_gateway
from tests.builders import NOW, TESTER, as_csv, customers, ingest
from tests.drafts import draft_with, make_shop
from tests.versions import LIISA, OLLI, approved, rolled_back

LOYAL = SegmentId("loyal_buyers")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
OPERATIONAL, STORE = "operational.sqlite", "store.duckdb"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def home(shop: Path, tmp_path: Path) -> Settings:
    return Settings(home=Path(shutil.copytree(shop, tmp_path / "home")))


def lose(home: Settings, name: str = OPERATIONAL) -> None:
    for path in home.home.glob(f"{name}*"):
        path.unlink()


def kept(home: Settings) -> Path:
    return Path(shutil.copy(home.home / OPERATIONAL, home.home.parent / "older"))


def put_back(home: Settings, older: Path) -> None:
    lose(home)
    shutil.copy(older, home.home / OPERATIONAL)


def rewrite(home: Settings, statement: str, *values: object) -> None:
    """Write into the registry past its triggers."""
    with closing(sqlite3.connect(home.home / OPERATIONAL)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement, values)
        raw.commit()


def opens_nothing(home: Settings, *, look: bool = False) -> None:
    opening = open_gateway(home, FrozenClock(NOW + HOUR), look=look)
    with pytest.raises(IntegrityFailure, match="restore") as refusal, opening:
        pass
    assert "zqzq" not in str(refusal.value)


def size(gateway: Gateway) -> int | None:
    return gateway.build(LOYAL, TESTER).size


class TestOpening:
    def test_a_lost_database_is_not_made_anew_from_the_folder(self, home: Settings) -> None:
        lose(home)
        opens_nothing(home)
        opens_nothing(home, look=True)

    def test_nor_where_the_store_is_lost_with_it(self, home: Settings) -> None:
        lose(home)
        lose(home, STORE)
        opens_nothing(home)

    def test_a_copy_from_before_an_objection_opens_nothing(self, home: Settings) -> None:
        older = kept(home)
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            ingest(gateway, as_csv(customers(range(1, 201), analytics_choice="objected 2026-07-01")))
        put_back(home, older)
        opens_nothing(home)

    def test_a_copy_from_before_a_version_opens_nothing(self, home: Settings) -> None:
        older = kept(home)
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            gateway.policies.activate(approved(gateway, draft_with(["a higher minimum"])), OLLI)
        put_back(home, older)
        opens_nothing(home)

    def test_nor_a_copy_from_before_the_way_back(self, home: Settings) -> None:
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            gateway.policies.activate(approved(gateway, draft_with(["fewer purchases"])), OLLI)
        older = kept(home)
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            rolled_back(gateway, "1.0.0")
        put_back(home, older)
        opens_nothing(home)

    def test_nor_one_in_which_a_withdrawn_version_is_still_to_come(self, home: Settings) -> None:
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            gateway.policies.activate(approved(gateway, draft_with(["fewer purchases"])), OLLI, at=NOW + DAY)
        older = kept(home)
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            gateway.policies.withdraw("2.0.0", LIISA)
        put_back(home, older)
        opens_nothing(home)

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM policy_step",
            "UPDATE policy_step SET step = 'zqzq'",
            "UPDATE policy_step SET version = '9.9.9'",
            "UPDATE policy_step SET starts = 'zqzq'",
            "UPDATE policy_version SET files = x'00'",
        ],
    )
    def test_a_registry_that_cannot_be_read_opens_nothing(self, home: Settings, statement: str) -> None:
        rewrite(home, statement)
        opens_nothing(home)

    def test_nor_texts_that_are_no_pack(self, home: Settings) -> None:
        files = draft_with([]) | {"rules/permissions.yaml": "zqzq"}
        rewrite(home, "UPDATE policy_version SET files = ?", packed(files))
        opens_nothing(home)

    def test_nor_a_file_that_is_no_database(self, home: Settings) -> None:
        lose(home)
        (home.home / OPERATIONAL).write_bytes(b"zqzq" * 4096)
        opens_nothing(home)

    def test_texts_exchanged_together_with_their_digest_open_nothing(self, home: Settings) -> None:
        files = wider("1.0.0", home)
        rewrite(home, "UPDATE policy_version SET files = ?, digest = ?", packed(files), digest_of(files))
        opens_nothing(home)


def packed(files: dict[str, str]) -> bytes:
    return zlib.compress(json.dumps(files).encode())


def wider(number: str, home: Settings) -> dict[str, str]:
    """The texts of a version with a minimum size that nobody approved."""
    with open_gateway(home, FrozenClock(NOW)) as gateway:
        files = gateway.policies.files(number)
    path = "rules/obligations.yaml"
    files[path] = files[path].replace("minimum_size: 100", "minimum_size: 5")
    assert load_pack(files).digest == digest_of(files)
    return files


class TestTheLogKnows:
    def test_a_version_that_was_exchanged_before_its_instant_never_comes(self, home: Settings) -> None:
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            gateway.policies.activate(approved(gateway, draft_with(["one segment more"])), OLLI, at=NOW + DAY)
        files = wider("2.0.0", home)
        statement = "UPDATE policy_version SET files = ?, digest = ? WHERE version = '2.0.0'"
        rewrite(home, statement, packed(files), digest_of(files))
        with pytest.raises(IntegrityFailure, match="activation"), open_gateway(home, FrozenClock(NOW + DAY)):
            pass

    def test_doctor_compares_the_version_in_force_with_the_log(self, home: Settings) -> None:
        files = wider("1.0.0", home)
        label = f"baseline@1.0.0:{digest_of(files)}"
        rewrite(home, "UPDATE policy_version SET files = ?, digest = ?", packed(files), digest_of(files))
        with Store.open(home.home / STORE, load_pack(files).catalogue) as store:  # the store was made to follow it, too
            followed = store.policy
            assert followed is not None
            store.follow(type(followed)(label, followed.steps, whole=True))
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            (found,) = [finding for finding in gateway.doctor() if finding.check == "policy in force"]
            assert not found.ok
            assert "activation" in found.advice

    def test_every_home_agrees_with_its_own_log(self, home: Settings) -> None:
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            gateway.policies.activate(approved(gateway, draft_with(["a segment gone"])), OLLI)
            rolled_back(gateway, "1.0.0")
            assert all(finding.ok for finding in gateway.doctor())


class TestClockSetBack:
    """A version that took force stays: what the clock says now revives none before it."""

    @pytest.fixture
    def turned(self, home: Settings) -> Settings:
        """A home that turned to a shorter consent on the second day and was open on the third."""
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            number = approved(gateway, draft_with(["shorter consent"]))
            gateway.policies.activate(number, OLLI, at=NOW + 2 * DAY)
        with open_gateway(home, FrozenClock(NOW + 3 * DAY)) as gateway:
            assert gateway.house.catalogue.version == "2.0.0"
        return home

    @pytest.mark.parametrize("back", [DAY, dt.timedelta(minutes=1)])
    def test_an_opening_under_a_clock_that_was_set_back_changes_no_mask(
        self, turned: Settings, back: dt.timedelta
    ) -> None:
        with open_gateway(turned, FrozenClock(NOW + 3 * DAY)) as gateway:
            expected = size(gateway)
        with open_gateway(turned, FrozenClock(NOW + 2 * DAY - back)) as gateway:
            assert gateway.house.catalogue.version == "2.0.0"
            with pytest.raises(Unavailable):
                gateway.build.snapshot(LOYAL, TESTER)
        with open_gateway(turned, FrozenClock(NOW + 3 * DAY + HOUR)) as gateway:
            assert size(gateway) == expected
            assert CheckPermissions(gateway.house)() == 0

    def test_masks_that_were_left_half_way_are_all_made_again(
        self, home: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with open_gateway(home, FrozenClock(NOW)) as gateway:
            number = approved(gateway, draft_with(["shorter consent"]))
            gateway.policies.activate(number, OLLI, at=NOW + 2 * DAY)
        calls, real = [0], Store.set_permissions

        def half(store: Store, *given: object) -> int:
            calls[0] += 1
            done = real(store, *given)  # type: ignore[arg-type] # as it was called
            raise Unavailable("the machine stops here") if calls[0] == 1 else AssertionError(done)

        a_little = dt.timedelta(minutes=1)
        with monkeypatch.context() as patch:
            patch.setattr(Store, "set_permissions", half)
            with pytest.raises(Unavailable), open_gateway(home, FrozenClock(NOW + 2 * DAY + a_little)):
                pass
        with open_gateway(home, FrozenClock(NOW + 2 * DAY - a_little)) as gateway:
            assert gateway.house.catalogue.version == "2.0.0"
            assert CheckPermissions(gateway.house)() == 0
            assert all(finding.ok for finding in gateway.doctor())
