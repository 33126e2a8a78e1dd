"""Sealed files: readable with their key alone, whole or refused, never in clear, gone when discarded."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.foundation.errors import IntegrityFailure, InvalidInput, NotFound, Unavailable
from gateway.intake import Quarantine
from gateway.vocabulary.batches import QuarantinedRow
from gateway.vocabulary.names import BatchId

KEY, OTHER = bytes(range(32)), bytes(32)
BATCH = BatchId("bat_aaaa")
EXPIRES = dt.datetime(2026, 6, 19, tzinfo=dt.UTC)
CANARY = b"aino.esimerkki@example.org"
ROWS = [QuarantinedRow(line, "not_a_date:birth_date", CANARY + bytes([line])) for line in range(2, 7)]
TABLE = pa.table({"x_score": ["7", CANARY.decode()]})


def filled(directory: Path) -> Quarantine:
    quarantine = Quarantine(directory)
    with quarantine.sealing(BATCH, KEY, expires=EXPIRES) as sealing:
        sealing.add(ROWS[:3])
        sealing.add_columns(TABLE)
        sealing.add([])
        sealing.add(ROWS[3:])
        sealing.commit()
    return quarantine


def test_rows_and_columns_come_back_and_nothing_is_in_clear(tmp_path: Path) -> None:
    quarantine = filled(tmp_path)
    assert list(quarantine.rows(BATCH, KEY)) == ROWS
    assert [table.to_pydict() for table in quarantine.columns(BATCH, KEY)] == [TABLE.to_pydict()]
    (file,) = tmp_path.iterdir()
    assert file.name == "bat_aaaa.sealed"
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert CANARY not in content
    assert b"birth_date" not in content
    assert KEY not in content


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    with pytest.raises(IntegrityFailure):
        list(filled(tmp_path).rows(BATCH, OTHER))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_or_shortened_file_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    quarantine = filled(tmp_path)
    path = tmp_path / "bat_aaaa.sealed"
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[place:]
    path.write_bytes(content)
    with pytest.raises(IntegrityFailure):
        list(quarantine.rows(BATCH, KEY))


def test_what_is_not_committed_is_gone(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    with quarantine.sealing(BATCH, KEY, expires=EXPIRES) as sealing:
        sealing.add(ROWS)
    assert list(tmp_path.iterdir()) == []

    def fail() -> None:
        with quarantine.sealing(BATCH, KEY, expires=EXPIRES) as sealing:
            sealing.add(ROWS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NotFound):
        list(quarantine.rows(BATCH, KEY))


def test_a_commit_can_be_taken_back(tmp_path: Path) -> None:
    writer = Quarantine(tmp_path).sealing(BATCH, KEY, expires=EXPIRES)
    writer.add(ROWS)
    writer.commit()
    writer.discard()
    writer.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_crash_leaves_a_file_that_is_found_and_removed(tmp_path: Path) -> None:
    quarantine = filled(tmp_path)
    (tmp_path / "bat_bbbb.sealing").write_bytes(b"half")
    assert quarantine.batches() == ("bat_aaaa", "bat_bbbb")
    for batch in quarantine.batches():
        quarantine.remove(batch)
        quarantine.remove(batch)
    assert list(tmp_path.iterdir()) == []


def test_it_expires_without_its_key(tmp_path: Path) -> None:
    quarantine = filled(tmp_path)
    assert quarantine.expired(EXPIRES - dt.timedelta(microseconds=1)) == ()
    assert quarantine.expired(EXPIRES) == (BATCH,)


def test_a_batch_id_is_no_path(tmp_path: Path) -> None:
    for name in ("../x", "a/b", "", ".", "a.sealed"):
        with pytest.raises(InvalidInput):
            Quarantine(tmp_path).remove(BatchId(name))


def test_a_disk_that_does_not_take_it(tmp_path: Path) -> None:
    directory = tmp_path / "gone"
    quarantine = Quarantine(directory)
    directory.rmdir()
    with pytest.raises(Unavailable), quarantine.sealing(BATCH, KEY, expires=EXPIRES):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    (tmp_path / "bat_aaaa.sealing").symlink_to("/dev/full")

    def fill() -> None:
        with quarantine.sealing(BATCH, KEY, expires=EXPIRES) as sealing:
            sealing.add([QuarantinedRow(1, "x", bytes(100_000))])
            sealing.commit()

    with pytest.raises(Unavailable):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_32_bytes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes"), Quarantine(tmp_path).sealing(BATCH, b"x", expires=EXPIRES):
        pass
