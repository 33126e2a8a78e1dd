import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from gateway.foundation.arrays import BLOCK
from gateway.vault import Vault
from gateway.vault.errors import ColumnsDisagree, SubjectUnknown
from gateway.vocabulary.names import BatchId, EntryId, SubjectReference
from tests.rooms.vault.kit import AINO, BELA, WARRANT, dump, enrol, ingest, make, references, reopen


def test_enrolled_people_are_found_by_any_identifier_in_any_spelling(tmp_path: Path) -> None:
    vault = make(tmp_path)
    aino, bela = references(ingest(vault, "b1", [AINO, BELA]))
    assert vault.find("email", " AINO@example.org") == aino
    assert vault.find("phone", "040 555 0101", "FI") == aino
    assert vault.find("customer_number", "20077") == bela
    assert vault.find("email", "nobody@example.org") is None
    assert vault.find("phone", "040 555 0101") is None
    assert vault.exists(aino)
    assert not vault.exists(SubjectReference(b"\0" * 16))
    assert vault.identifiers(aino, WARRANT) == AINO
    assert not vault.doctor()
    vault.close()
    assert reopen(tmp_path).identifiers(bela, WARRANT) == BELA


def test_enrolling_twice_is_enrolling_once(tmp_path: Path) -> None:
    vault = make(tmp_path)
    first = ingest(vault, "b1", [AINO, BELA])
    before = dump(vault)
    second = ingest(vault, "b2", [AINO, BELA])
    assert second.refs.equals(first.refs)
    assert (first.new, second.new) == (2, 0)
    assert dump(vault) == before


def test_an_update_overlays_what_is_new_and_leaves_the_rest(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    moved = {"customer_number": "10042", "email": "aino@example.com", "given_name": None, "family_name": "Esimerkki"}
    ingest(vault, "b2", [moved])
    told = {**AINO, "email": "aino@example.com", "family_name": "Esimerkki"}
    assert vault.identifiers(aino, WARRANT) == told
    assert vault.find("email", "aino@example.org") == vault.find("email", "aino@example.com") == aino


def test_rows_of_one_person_in_one_chunk_are_one_record(tmp_path: Path) -> None:
    vault = make(tmp_path)
    rows = [AINO, {"customer_number": "10042", "email": "aino@example.com", "phone": None, "given_name": "Aino M."}]
    enrolment = ingest(vault, "b1", rows)
    one, other = references(enrolment)
    assert one == other
    assert enrolment.new == 1
    assert vault.identifiers(one, WARRANT) == {**AINO, "email": "aino@example.com", "given_name": "Aino M."}
    assert vault.find("email", "aino@example.org") == vault.find("email", "aino@example.com") == one


def test_people_of_one_chunk_come_back_in_the_next_of_the_same_batch(tmp_path: Path) -> None:
    vault = make(tmp_path)
    session = vault.write(BatchId("b1"))
    (first,) = references(enrol(session, [AINO]))
    second = enrol(session, [{**AINO, "given_name": "Aino M."}, BELA])
    assert references(second)[0] == first
    assert second.new == 1
    session.commit()
    assert vault.identifiers(first, WARRANT)["given_name"] == "Aino M."


def test_rows_without_a_usable_identifier_are_unresolved_and_leave_nothing(tmp_path: Path) -> None:
    vault = make(tmp_path)
    enrolment = ingest(vault, "b1", [{"customer_number": None, "email": " ", "phone": "call me", "given_name": "Cleo"}])
    assert enrolment.refs.null_count == 1
    assert enrolment.unresolved.tolist() == [True]
    assert not enrolment.suppressed.any()
    assert vault._files.reader.execute("SELECT count(*) FROM records").fetchone() == (0,)


def test_events_of_unknown_people_make_nobody(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    before = dump(vault)
    session = vault.write(BatchId("b2"))
    rows = [{"customer_number": n} for n in ("10042", "99999", "10042")]
    enrolment = enrol(session, rows, create=False)
    session.commit()
    vault.settle(BatchId("b2"))
    assert references(enrolment) == [aino, None, aino]
    assert enrolment.unresolved.tolist() == [False, True, False]
    assert dump(vault) == before


def test_what_an_event_source_tells_of_a_known_person_is_sealed_too(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    session = vault.write(BatchId("b2"))
    enrol(session, [{"customer_number": "10042", "ip_address": "192.0.2.7"}], create=False)
    session.commit()
    assert vault.identifiers(aino, WARRANT)["ip_address"] == "192.0.2.7"


def test_a_shared_telephone_stays_with_the_first_and_is_counted(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    enrolment = ingest(vault, "b2", [{**BELA, "phone": AINO["phone"]}])
    assert references(enrolment) != [aino]
    assert enrolment.conflicts == 1
    assert vault.find("phone", "+358405550101") == aino


def test_held_columns_are_sealed_merged_and_counted_without_values(tmp_path: Path) -> None:
    vault = make(tmp_path)
    rows = [AINO, BELA, {"customer_number": "30003"}]
    held = [{"x_score": "7", "x_note": "abc"}, {"x_score": "8"}, {}]
    aino, bela, cleo = references(ingest(vault, "b1", rows, held))
    assert vault.held(aino, WARRANT) == {"x_score": "7", "x_note": "abc"}
    assert vault.held(bela, WARRANT) == {"x_score": "8"}
    assert vault.held(cleo, WARRANT) == {}
    assert vault.held_columns() == {"x_score": 2, "x_note": 1}
    ingest(vault, "b2", [BELA, {"customer_number": "30003"}], [{"x_note": "def"}, {"x_score": "9"}])
    assert vault.held(bela, WARRANT) == {"x_score": "8", "x_note": "def"}
    assert vault.held_columns() == {"x_score": 3, "x_note": 2}


def test_fields_of_every_type_are_sealed(tmp_path: Path) -> None:
    vault = make(tmp_path)
    day = dt.date(1987, 3, 14)
    sealed = pa.table(
        {
            "birth_date": pa.array([day]),
            "total_spend": pa.array([812.5]),
            "score": pa.array([float("nan")]),
            "quantity": pa.array([3]),
            "quote": pa.array(['"\\\n€']),
            "nothing": pa.nulls(1),
        }
    )
    session = vault.write(BatchId("b1"))
    identifiers = {"email": pa.chunked_array([["aino@example.org"]])}
    (aino,) = references(session.enrol(identifiers, sealed, None, pa.array([None], pa.string())))
    session.commit()
    told = {"birth_date": "1987-03-14", "total_spend": 812.5, "quantity": 3, "quote": '"\\\n€'}
    assert vault.identifiers(aino, WARRANT) == told


def test_columns_of_different_lengths_are_refused(tmp_path: Path) -> None:
    session = make(tmp_path).write(BatchId("b1"))
    one, two = pa.array(["a"]), pa.array(["a", "b"])
    for arguments in (
        ({"email": one, "phone": two}, pa.table({"x": one}), None, None),
        ({"email": one}, pa.table({"x": two}), None, None),
        ({"email": one}, pa.table({"x": one}), pa.table({"y": two}), None),
        ({"email": one}, pa.table({"x": one}), None, two),
        ({}, pa.table({"x": one}), None, None),
    ):
        with pytest.raises(ColumnsDisagree):
            session.enrol(*arguments)
    session.rollback()


def test_an_empty_chunk_is_no_trouble(tmp_path: Path) -> None:
    vault = make(tmp_path)
    session = vault.write(BatchId("b1"))
    enrolment = session.enrol({"email": pa.array([], pa.string())}, pa.table({}), None, None)
    assert (len(enrolment.refs), enrolment.new) == (0, 0)
    assert len(session.tags(enrolment.refs, EntryId("e1"))) == 0
    session.commit()


def test_tags_are_the_same_from_memory_from_the_file_and_one_by_one(tmp_path: Path) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [AINO])
    session = vault.write(BatchId("b2"))
    enrolment = enrol(session, [AINO, BELA, {"customer_number": None}])
    entry, other = EntryId("entry_1"), EntryId("entry_2")
    fresh = session.tags(enrolment.refs, entry)
    session.commit()
    later = vault.tags(enrolment.refs, entry)
    assert fresh.equals(later)
    assert fresh.null_count == 1
    aino, bela, _ = references(enrolment)
    assert vault.tags_of(aino, [entry, other])[:16] == fresh[0].as_py()
    assert vault.tags_of(aino, [entry, other])[16:] == vault.tags(pa.array([aino], BLOCK), other)[0].as_py()
    assert len({fresh[0].as_py(), fresh[1].as_py(), vault.tags_of(bela, [other])}) == 3
    assert vault.tags(pa.array([b"\0" * 16], BLOCK), entry).null_count == 1
    with pytest.raises(SubjectUnknown):
        vault.tags_of(SubjectReference(b"\0" * 16), [entry])


def test_a_warrant_is_needed(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    with pytest.raises(TypeError, match="warrant"):
        vault.identifiers(aino, None)  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(TypeError, match="warrant"):
        vault.held(aino, "because")  # type: ignore[arg-type]  # the point of the test


def test_many_people_keep_their_own_records(tmp_path: Path) -> None:
    vault: Vault = make(tmp_path)
    rows = [
        {"customer_number": f"C{i}", "email": f"p{i}@example.org", "given_name": "x" * (i % 50)} for i in range(3000)
    ]
    refs = references(ingest(vault, "b1", rows))
    assert len(set(refs)) == 3000
    for i in np.random.default_rng(7).integers(0, 3000, 60).tolist():
        expected = {name: value for name, value in rows[i].items() if value is not None}
        assert vault.identifiers(refs[i], WARRANT) == expected
        assert vault.find("email", f"P{i}@example.org") == refs[i]
    assert not vault.doctor()
