from pathlib import Path

import pytest

from gateway.vault.errors import BatchOpen, VaultUnavailable
from gateway.vocabulary.names import BatchId, PurposeId, RecipientId
from tests.rooms.vault.kit import AINO, AT, BELA, WARRANT, dump, enrol, ingest, make, references, reopen

B2 = BatchId("b2")
ROWS = [{**AINO, "email": "aino@example.com", "given_name": "Aino M."}, BELA, {"customer_number": "30003"}]
HELD = [{"x_score": "1"}, {"x_new": "2"}, {}]


def test_undo_after_the_commit_restores_every_row_of_both_files(tmp_path: Path) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [AINO], [{"x_score": "7"}])
    before = dump(vault)
    session = vault.write(B2)
    (aino, *_) = references(enrol(session, ROWS, HELD))
    enrol(session, [{**BELA, "phone": "+36305550199"}])
    session.commit()
    assert vault.identifiers(aino, WARRANT)["given_name"] == "Aino M."
    assert vault.unsettled() == B2
    assert dump(vault) != before
    vault.undo(B2)
    assert dump(vault) == before
    assert vault.identifiers(aino, WARRANT) == AINO
    assert vault.held(aino, WARRANT) == {"x_score": "7"}
    vault.undo(B2)
    assert dump(vault) == before
    assert vault.unsettled() is None
    assert not vault.doctor()


@pytest.mark.parametrize("committed", [False, True])
def test_rollback_restores_every_row_of_both_files(tmp_path: Path, committed: bool) -> None:  # noqa: FBT001 -- a parameter of pytest
    vault = make(tmp_path)
    ingest(vault, "b1", [AINO])
    before = dump(vault)
    session = vault.write(B2)
    enrol(session, ROWS, HELD)
    if committed:
        session.commit()
    session.rollback()
    session.rollback()
    assert dump(vault) == before
    with pytest.raises(BatchOpen):
        enrol(session, ROWS)
    ingest(vault, "b3", ROWS)


def test_settle_keeps_the_new_version_only_and_cannot_be_undone(tmp_path: Path) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [AINO])
    session = vault.write(B2)
    (aino, *_) = references(enrol(session, ROWS, HELD))
    session.commit()
    vault.settle(B2)
    settled = dump(vault)
    vault.settle(B2)
    vault.undo(B2)
    vault.settle(BatchId("never heard of"))
    vault.undo(BatchId("never heard of"))
    assert dump(vault) == settled
    assert dict(settled)["pending"] == []
    assert vault.identifiers(aino, WARRANT)["given_name"] == "Aino M."


def test_one_batch_at_a_time(tmp_path: Path) -> None:
    vault = make(tmp_path)
    session = vault.write(B2)
    (aino,) = references(enrol(session, [AINO]))
    for refused in (
        lambda: vault.write(BatchId("b3")),
        lambda: vault.settle(B2),
        lambda: vault.undo(B2),
    ):
        with pytest.raises(BatchOpen, match="batch"):
            refused()
    session.commit()
    with pytest.raises(BatchOpen, match="settle or undo"):
        vault.write(BatchId("b3"))
    assert [finding.code for finding in vault.doctor()] == ["batch-open"]
    vault.settle(B2)
    vault.write(BatchId("b3")).rollback()
    assert vault.exists(aino)


def test_nothing_of_an_open_batch_is_seen_outside_and_other_keys_can_be_made(tmp_path: Path) -> None:
    vault = make(tmp_path)
    session = vault.write(B2)
    enrol(session, [AINO])
    session._wait()
    assert vault.find("customer_number", "10042") is None
    key = vault.batch_key(B2, AT)
    scope = vault.open_scope(RecipientId("mailer"), PurposeId("direct_marketing"), "1")
    session.rollback()
    assert vault.batch_key(B2, AT) == key
    assert vault.scope(RecipientId("mailer"), PurposeId("direct_marketing"), "1") == scope


def test_a_process_that_died_while_writing_leaves_no_keys(tmp_path: Path) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [AINO])
    before = dump(vault)
    session = vault.write(B2)
    enrol(session, ROWS)
    session._wait()  # the keys are durable now, the records are not
    vault._files.writer.close()  # what the operating system does to a process that dies
    again = reopen(tmp_path)
    assert dump(again) == before
    assert again.unsettled() is None
    ingest(again, "b3", ROWS)


def test_a_process_that_died_after_the_commit_is_settled_or_undone_by_name(tmp_path: Path) -> None:
    for end in ("settle", "undo"):
        vault = make(tmp_path / end)
        session = vault.write(B2)
        (aino,) = references(enrol(session, [AINO]))
        session.commit()
        vault.close()
        again = reopen(tmp_path / end)
        assert again.unsettled() == B2
        getattr(again, end)(B2)
        assert again.exists(aino) == (end == "settle")
        assert not again.doctor()


def test_a_settling_or_undoing_that_was_interrupted_between_the_files_goes_on(tmp_path: Path) -> None:
    for end in ("settle", "undo"):
        vault = make(tmp_path / end)
        session = vault.write(B2)
        (aino,) = references(enrol(session, [AINO]))
        session.commit()
        if end == "settle":
            vault._files.keys.settle_batch(B2)
        else:
            from gateway.vault import lifecycle  # noqa: PLC0415 -- a half step of it is what is tested

            lifecycle._undo_records(vault._files, 1, 0)
        vault.close()
        again = reopen(tmp_path / end)
        assert again.unsettled() == (B2 if end == "settle" else None)
        getattr(again, end)(B2)
        assert again.exists(aino) == (end == "settle")
        assert not again.doctor()
        assert again.unsettled() is None


def test_a_failure_of_the_writing_thread_reaches_the_caller_and_rolls_back(tmp_path: Path) -> None:
    vault = make(tmp_path)
    before = dump(vault)
    session = vault.write(B2)
    enrol(session, [AINO])
    session._wait()
    vault._files.writer.execute("DROP TABLE subjects")
    enrol(session, [BELA])
    with pytest.raises(VaultUnavailable, match="SQLITE_ERROR"):
        session.commit()
    with pytest.raises(BatchOpen, match="must be rolled back"):
        session.commit()
    session.rollback()
    assert dump(vault) == before


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    vault = make(tmp_path)
    before = dump(vault)
    session = vault.write(B2)
    pages = vault._files.writer.execute("PRAGMA page_count").fetchone()[0]
    vault._files.writer.execute(f"PRAGMA max_page_count={pages + 4}")
    enrol(session, [{"customer_number": f"C{i}"} for i in range(2000)])
    with pytest.raises(VaultUnavailable, match="SQLITE_FULL"):
        enrol(session, [BELA])
    session.rollback()
    assert dump(vault) == before
    assert vault.unsettled() is None


def test_closing_in_the_midst_of_a_batch_waits_for_the_writing_thread(tmp_path: Path) -> None:
    vault = make(tmp_path)
    before = dump(vault)
    enrol(vault.write(B2), [{"customer_number": f"C{i}"} for i in range(5000)])
    vault.close()
    assert dump(reopen(tmp_path)) == before
