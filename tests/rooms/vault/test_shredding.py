from pathlib import Path

import pyarrow as pa
import pytest

from gateway.foundation.arrays import BLOCK
from gateway.vault import lifecycle
from gateway.vault.errors import BatchOpen, SubjectUnknown, VaultDamaged
from gateway.vocabulary.names import BatchId, EntryId
from tests.rooms.vault.kit import AINO, AT, BELA, WARRANT, contents, dump, enrol, ingest, make, references


def _secrets(vault, ref) -> dict[str, bytes]:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- looks inside
    person = vault._person(ref)
    sql = "SELECT subject, blinds, sealed, held FROM records WHERE person = ?"
    subject, blinds, sealed, held = vault._files.reader.execute(sql, (person,)).fetchone()
    found = {"key": vault.wrapped_keys(ref), "subject": subject, "sealed": sealed, "held": held}
    found["part of the key"] = found["key"][16:32]
    found["part of the record"] = sealed[12:28]
    return found | {f"blind {i}": blinds[17 * i + 1 : 17 * i + 17] for i in range(len(blinds) // 17)}


def test_after_a_shredding_no_byte_of_the_person_is_in_any_file(tmp_path: Path) -> None:
    vault = make(tmp_path)
    others = [{"customer_number": f"C{i}", "email": f"p{i}@example.org"} for i in range(1500)]
    ingest(vault, "b0", others[:700])
    rows = [*others[700:], AINO, BELA]
    *_, aino, bela = references(ingest(vault, "b1", rows, [{"x": f"v{i}"} for i in range(len(rows))]))
    ingest(vault, "b2", [{**AINO, "email": "aino@example.com"}])
    secrets = _secrets(vault, aino)
    assert all(any(secret in data for data in contents(tmp_path).values()) for secret in secrets.values())
    receipt = vault.shred(aino, suppress=True, at=AT)
    left = [
        (name, file) for name, secret in secrets.items() for file, data in contents(tmp_path).items() if secret in data
    ]
    assert left == []
    assert (receipt.at, receipt.key_epoch, receipt.keys_destroyed, receipt.records_removed) == (AT, 1, 1, 1)
    assert (receipt.identifiers_removed, receipt.suppressed) == (4, 4)
    assert vault.identifiers(bela, WARRANT) == BELA
    assert not vault.doctor()


def test_a_superseded_version_and_an_undone_batch_leave_no_byte_either(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    old = _secrets(vault, aino)["sealed"]
    ingest(vault, "b2", [{**AINO, "given_name": "Aino M."}])
    assert not any(old in data for data in contents(tmp_path).values())
    session = vault.write(BatchId("b3"))
    (bela,) = references(enrol(session, [BELA], [{"x": "1"}]))
    session.commit()
    secrets = _secrets(vault, bela)
    vault.undo(BatchId("b3"))
    assert not any(secret in data for secret in secrets.values() for data in contents(tmp_path).values())


def test_a_shredded_person_is_nobody(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    vault.shred(aino, suppress=False, at=AT)
    assert not vault.exists(aino)
    assert vault.find("email", "aino@example.org") is None
    assert vault.tags(pa.array([aino], BLOCK), EntryId("e")).null_count == 1
    for question in (
        lambda: vault.identifiers(aino, WARRANT),
        lambda: vault.held(aino, WARRANT),
        lambda: vault.wrapped_keys(aino),
        lambda: vault.shred(aino, suppress=True, at=AT),
    ):
        with pytest.raises(SubjectUnknown):
            question()
    assert references(ingest(vault, "b2", [AINO])) != [aino]


def test_suppressed_identifiers_bring_nobody_back(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    vault.shred(aino, suppress=True, at=AT)
    before = dump(vault)
    rows = [
        {"customer_number": "55555", "email": "AINO@example.org", "phone": None},
        {"customer_number": None, "email": None, "phone": "00358 40 5550101"},
        AINO,
    ]
    enrolment = ingest(vault, "b2", rows)
    assert enrolment.suppressed.tolist() == [True, True, True]
    assert enrolment.refs.null_count == 3
    assert not enrolment.unresolved.any()
    assert dump(vault) == before
    assert ingest(vault, "b3", [*rows, BELA]).refs.null_count == 3


def test_identifiers_that_belong_to_somebody_else_are_not_suppressed(tmp_path: Path) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [AINO])
    (bela,) = references(ingest(vault, "b2", [{**BELA, "phone": AINO["phone"]}]))
    vault.shred(bela, suppress=True, at=AT)
    assert not ingest(vault, "b3", [AINO]).suppressed.any()


def test_no_shredding_while_a_batch_is_written(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    session = vault.write(BatchId("b2"))
    with pytest.raises(BatchOpen):
        vault.shred(aino, suppress=False, at=AT)
    session.rollback()


@pytest.mark.parametrize("then", ["settle", "undo"])
def test_a_person_of_an_unsettled_batch_can_be_shredded(tmp_path: Path, then: str) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [AINO])
    session = vault.write(BatchId("b2"))
    aino, bela = references(enrol(session, [{**AINO, "email": "aino@example.com"}, BELA]))
    session.commit()
    assert vault.shred(aino, suppress=False, at=AT).records_removed == 2
    vault.shred(bela, suppress=False, at=AT)
    getattr(vault, then)(BatchId("b2"))
    assert not vault.doctor()
    tables = dict(dump(vault))
    assert not any(tables[name] for name in ("records", "pending", "subjects", "blind_index", "person_keys"))


def test_a_shredding_that_a_crash_interrupted_goes_on(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    person = vault._known(aino)
    stored = lifecycle.people(vault._files.reader, lifecycle.np.array([person]))[0]
    dek = vault._files.keys.people(lifecycle.np.array([person]))[0, :32].tobytes()
    lifecycle._suppress(vault._files, lifecycle.records.unseal(dek, stored.subject, stored.sealed)["i"], AT)
    vault._files.keys.destroy_person(person)
    with pytest.raises(VaultDamaged):
        vault.identifiers(aino, WARRANT)
    vault.shred(aino, suppress=True, at=AT)
    assert not vault.exists(aino)
    assert ingest(vault, "b2", [AINO]).suppressed.all()


def test_a_changed_or_exchanged_record_is_damage_not_an_answer(tmp_path: Path) -> None:
    vault = make(tmp_path)
    aino, bela = references(ingest(vault, "b1", [AINO, BELA]))
    one, other = vault._known(aino), vault._known(bela)
    writer = vault._files.writer
    sealed = dict(writer.execute("SELECT person, sealed FROM records").fetchall())
    writer.execute("UPDATE records SET sealed = ? WHERE person = ?", (sealed[other], one))
    writer.execute("UPDATE records SET sealed = ? WHERE person = ?", (sealed[other][:-1] + b"\0", other))
    for ref in (aino, bela):
        with pytest.raises(VaultDamaged) as caught:
            vault.identifiers(ref, WARRANT)
        assert "example.org" not in str(caught.value)
