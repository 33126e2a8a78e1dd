"""What comes in: whole or not at all, newest wins, twice is once, and only what has been pseudonymised."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from gateway.foundation.errors import Conflict, InvalidInput
from gateway.store import Store
from gateway.store.connection import Limits, connect
from gateway.vocabulary.batches import RawBatch
from gateway.vocabulary.fields import FieldKind, ValueType
from gateway.vocabulary.names import BatchId, RequestId
from tests.rooms.store import kit

REQUEST = RequestId("req_1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with kit.opened(tmp_path) as opened:
        yield opened


def test_newest_value_wins_and_silence_keeps_what_is_known(store: Store) -> None:
    kit.load(store, kit.profiles([1, 2, 1], city=["Oulu", "Pori", None], total_spend=[1.0, float("nan"), 3.0]))
    later = kit.AT + dt.timedelta(days=1)
    kit.load(store, kit.profiles([1, 3], "b2", city=["Turku", None]), at=later)
    one, two, three = (store.profile_of(kit.ref(n), on_behalf=REQUEST) for n in (1, 2, 3))
    assert (one["city"], one["total_spend"], one["batch"]) == ("Turku", 3.0, "b2")
    assert one["collected"] == {"city": later, "total_spend": kit.AT}
    assert two["total_spend"] is None, "not a number is no quantity"
    assert three["permits"] == 0, "nobody permits anything by merely being stored"


def test_events_make_an_empty_profile_that_permits_nothing(store: Store) -> None:
    kit.load(store, kit.events([7, 7, 8], [1, 2, 3], amount=[1.0, 2.0, None]))
    profile = store.profile_of(kit.ref(7), on_behalf=REQUEST)
    assert profile["permits"] == 0
    assert profile["city"] is None
    assert profile["collected_at"] is None
    table = store.events_of(kit.ref(7), on_behalf=REQUEST)
    assert table.column("amount").to_pylist() == [2.0, 1.0], "oldest first"
    assert store.profile_of(kit.ref(99), on_behalf=REQUEST) == {}
    assert store.events_of(kit.ref(99), on_behalf=REQUEST).num_rows == 0


def test_what_is_not_committed_was_never_there(store: Store) -> None:
    with store.write(BatchId("b1"), kit.CRM, kit.AT) as session:
        session.add(kit.profiles([1], city=["Oulu"]))
    assert not store.has_batch(BatchId("b1"))
    assert store.count_rows(kit.ref(1)).total == 0
    kit.load(store, kit.profiles([1], city=["Oulu"]))
    assert store.has_batch(BatchId("b1"))
    assert store.batch_with_digest(kit.CRM, "d-b1") == "b1"
    assert store.batch_with_digest(kit.SHOP, "d-b1") is None
    with pytest.raises(Conflict):
        store.write(BatchId("b1"), kit.CRM, kit.AT)


KILLED = """
import os, sys
from pathlib import Path
from tests.rooms.store import kit
from gateway.vocabulary.names import BatchId
store = kit.opened(Path(sys.argv[1]))
kit.load(store, kit.profiles([1], city=["Oulu"]))
session = store.write(BatchId("b2"), kit.CRM, kit.AT)
session.add(kit.profiles([2], "b2", city=["Pori"]))
os._exit(9)
"""


def test_a_killed_process_leaves_whole_batches_only(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)  # noqa: S603 - our own interpreter
    assert done.returncode == 9
    with kit.opened(tmp_path) as store:
        assert store.has_batch(BatchId("b1"))
        assert not store.has_batch(BatchId("b2"))
        assert store.count_rows(kit.ref(1)).profiles == 1
        assert store.count_rows(kit.ref(2)).total == 0
        assert store.doctor() == ()


def test_a_raw_batch_and_foreign_columns_are_refused_without_their_values(store: Store) -> None:
    with store.write(BatchId("b1"), kit.CRM, kit.AT) as session:
        with pytest.raises(InvalidInput):
            session.add(RawBatch(kit.CRM, pa.table({"email": ["canary@example.org"]}), None))  # type: ignore[arg-type] # the point
        for batch in (
            kit.profiles([1], email=["canary@example.org"]),
            kit.profiles([1], amount=[1.0]),
            kit.profiles([1], total_spend=["canary"]),
            kit.profiles([1], "other", city=["canary"]),
        ):
            with pytest.raises(InvalidInput) as refusal:
                session.add(batch)
            assert "canary" not in str(refusal.value)
            assert refusal.value.__cause__ is None


def test_references_have_sixteen_bytes(store: Store) -> None:
    with pytest.raises(InvalidInput):
        store.erase([b"short"])  # type: ignore[list-item] # the point
    with pytest.raises(InvalidInput):
        store.permissions(pa.array([None], pa.binary(16)))


def test_the_narrower_of_two_masks_counts_and_unknown_people_are_left_out(store: Store) -> None:
    kit.load(store, kit.profiles([1, 2], city=["Oulu", "Pori"]))
    assert store.set_permissions(kit.masks([1, 1, 2, 9], [3, 2, 1, 3]), ledger_position=12) == 2
    found = {row["subject"]: row["permits"] for row in store.permissions(kit.refs([1, 2, 9])).to_pylist()}
    assert found == {kit.ref(1): 2, kit.ref(2): 1}
    assert store.ledger_position == 12
    everybody = pa.Table.from_batches(store.all_subjects())
    assert everybody.num_rows == 2


def test_who_is_due_for_refresh(store: Store) -> None:
    kit.load(store, kit.profiles([1, 2, 3, 4]), kit.masks([1], [1], until=kit.AT))
    store.set_permissions(kit.masks([2], [1], of_age=kit.AT.date()))
    store.set_permissions(kit.masks([3], [1], until=kit.AT + dt.timedelta(days=1)))
    assert store.due_for_refresh(kit.AT).to_pylist() == [kit.ref(1), kit.ref(2)]


def test_a_new_field_gets_a_column_and_a_changed_type_is_refused(tmp_path: Path) -> None:
    with kit.opened(tmp_path) as store:
        kit.load(store, kit.profiles([1], city=["Oulu"]))
    with kit.opened(tmp_path, kit.field("tier", FieldKind.ATTRIBUTE, ValueType.TEXT)) as store:
        kit.load(store, kit.profiles([1], "b2", tier=["gold"]))
        assert store.profile_of(kit.ref(1), on_behalf=REQUEST)["tier"] == "gold"
    with pytest.raises(Conflict, match="tier"):
        kit.opened(tmp_path, kit.field("tier", FieldKind.ATTRIBUTE, ValueType.INTEGER))
    with kit.opened(tmp_path) as store:
        assert store.profile_of(kit.ref(1), on_behalf=REQUEST)["tier"] == "gold", "a dropped field is still theirs"
    with pytest.raises(InvalidInput):
        kit.opened(tmp_path, kit.field("permits", FieldKind.ATTRIBUTE, ValueType.TEXT))


def test_one_process_and_one_writer_at_a_time(tmp_path: Path, store: Store) -> None:
    with pytest.raises(Conflict):
        kit.opened(tmp_path)
    session = store.write(BatchId("b1"), kit.CRM, kit.AT)
    with pytest.raises(Conflict):
        store.set_permissions(kit.masks([1], [1]))
    order: list[str] = []
    other = threading.Thread(target=lambda: (store.set_permissions(kit.masks([1], [1])), order.append("second")))
    other.start()
    session.add(kit.profiles([1]))
    order.append("first")
    session.commit("d", 1, kit.AT, 1)
    other.join()
    assert order == ["first", "second"]
    assert store.permissions(kit.refs([1])).column("permits").to_pylist() == [1]


def test_the_engine_has_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    connection = connect(tmp_path / "x.duckdb", Limits())
    for sql in (
        f"SELECT * FROM '{tmp_path}/secret.csv'",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/other.duckdb'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '10GB'",
    ):
        with pytest.raises(Exception, match=r"disabled|locked|Permission|permission|lock|prohibited"):
            connection.execute(sql)
    connection.close()
