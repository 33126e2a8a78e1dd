"""The counts of known names follow the people: in with the batch, out with it, and gone with the last bearer."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.vault import Vault, known_names, session
from gateway.vault.borne import BorneNames, NameSeal, names_of
from gateway.vault.errors import VaultDamaged
from gateway.vault.files import people
from gateway.vocabulary.names import BatchId, SubjectReference
from tests.rooms.vault.kit import AT, contents, enrol, ingest, make, references, reopen


def row(number: int, given: str | None = None, family: str | None = None, full: str | None = None) -> dict[str, str]:
    told = {"customer_number": f"C{number}", "given_name": given, "family_name": family, "full_name": full}
    return {name: value for name, value in told.items() if value is not None}


def counts(vault: Vault, table: str = "known_names") -> dict[str, int]:
    files = vault._files
    rows = files.reader.execute(f"SELECT name, bearers FROM {table}").fetchall()
    return {files.names.open(name): bearers for name, bearers in rows if bearers}


def shred(vault: Vault, ref: SubjectReference) -> int:
    return vault.shred(ref, suppress=False, at=AT).names_released


def test_a_name_has_as_many_bearers_as_there_are_people_who_bear_it(tmp_path: Path) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [row(1, "Tuulevi", "Hallavaara"), row(2, "Tuulevi", "Korvenrinta"), row(3)])
    assert counts(vault) == {"gtuulevi": 2, "fhallavaara": 1, "fkorvenrinta": 1}
    assert vault.known_names().given == {"tuulevi"}
    assert vault.known_names().family == {"hallavaara", "korvenrinta"}
    assert not vault.doctor()


def test_the_same_row_again_changes_nothing_and_a_changed_name_moves(tmp_path: Path) -> None:
    vault = make(tmp_path)
    for batch in ("b1", "b2"):
        ingest(vault, batch, [row(1, "Tuulevi", "Hallavaara"), row(2, None, "Hallavaara")])
        assert counts(vault) == {"gtuulevi": 1, "fhallavaara": 2}
    ingest(vault, "b3", [row(1, family="Korvenrinta")])
    assert counts(vault) == {"gtuulevi": 1, "fhallavaara": 1, "fkorvenrinta": 1}
    assert not vault.doctor()


def test_many_rows_of_one_person_in_one_batch_are_one_bearer(tmp_path: Path) -> None:
    vault = make(tmp_path)
    writing = vault.write(BatchId("b1"))
    enrol(writing, [row(1, "Tuulevi"), row(1, "Aurelmo")])
    assert writing.new_names().given == {"aurelmo"}
    enrol(writing, [row(1, "Ilmarka")])
    writing.commit()
    vault.settle(BatchId("b1"))
    assert counts(vault) == {"gilmarka": 1}


def test_the_name_goes_with_the_last_bearer(tmp_path: Path) -> None:
    vault = make(tmp_path)
    one, two = references(ingest(vault, "b1", [row(1, "Tuulevi", "Hallavaara"), row(2, "Tuulevi")]))
    sealed = vault._files.names.seal("fhallavaara")
    assert any(sealed in data for data in contents(tmp_path).values())
    assert shred(vault, one) == 2
    assert counts(vault) == {"gtuulevi": 1}
    assert vault.known_names().family == frozenset()
    assert not any(sealed in data for data in contents(tmp_path).values())
    assert shred(vault, two) == 1
    assert counts(vault) == {}
    assert not vault.doctor()


@pytest.mark.parametrize("end", ["roll back", "undo", "crash"])
def test_a_batch_that_is_taken_back_leaves_the_counts_as_they_were(tmp_path: Path, end: str) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [row(1, "Tuulevi", "Hallavaara")])
    writing = vault.write(BatchId("b2"))
    enrol(writing, [row(1, "Aurelmo"), row(2, "Tuulevi")])
    if end == "crash":
        writing._wait()
        vault.close()
        vault = reopen(tmp_path)
    else:
        if end == "undo":
            writing.commit()
            assert vault.known_names().given == {"tuulevi"}  # until it is settled, the batch may go again
            assert known_names.agree(vault._files)
        writing.rollback()
    assert counts(vault) == {"gtuulevi": 1, "fhallavaara": 1}
    assert counts(vault, "pending_names") == {}
    assert not vault.doctor()


@pytest.mark.parametrize("number", [1, 2], ids=["known before", "came with the batch"])
@pytest.mark.parametrize("end", ["settle", "undo"])
def test_a_person_may_go_while_a_batch_is_not_settled(tmp_path: Path, end: str, number: int) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [row(1, "Tuulevi", "Hallavaara"), row(3, "Tuulevi")])
    writing = vault.write(BatchId("b2"))
    refs = references(enrol(writing, [row(1, "Aurelmo"), row(2, "Tuulevi")]))
    writing.commit()
    shred(vault, refs[number - 1])
    assert known_names.agree(vault._files)
    (vault.settle if end == "settle" else vault.undo)(BatchId("b2"))
    assert not vault.doctor()
    before = {1: {"gtuulevi": 1}, 2: {"gtuulevi": 2, "fhallavaara": 1}}
    after = {1: {"gtuulevi": 2}, 2: {"gtuulevi": 1, "gaurelmo": 1, "fhallavaara": 1}}
    assert counts(vault) == (after if end == "settle" else before)[number]


def test_names_are_let_go_once_although_a_crash_comes_before_the_key(tmp_path: Path) -> None:
    vault = make(tmp_path)
    one, _ = references(ingest(vault, "b1", [row(1, "Tuulevi"), row(2, "Tuulevi")]))
    person = vault._person(one)
    assert person is not None
    number = np.array([person], np.int64)
    dek = vault._files.keys.people(number)[0, :32].tobytes()
    known_names.release(vault._files, people(vault._files.reader, number)[0], dek)
    assert counts(vault) == {"gtuulevi": 1}
    assert shred(vault, one) == 0
    assert counts(vault) == {"gtuulevi": 1}
    assert not vault.doctor()


def test_names_are_written_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_NAMES", 2)
    vault = make(tmp_path)
    writing = vault.write(BatchId("b1"))
    for start in range(0, 12, 4):
        enrol(writing, [row(n, f"Tuulevi{'x' * n}", "Hallavaara") for n in range(start, start + 4)])
    enrol(writing, [row(0, "Aurelmo")])
    writing.commit()
    vault.settle(BatchId("b1"))
    assert counts(vault)["fhallavaara"] == 12
    assert len(counts(vault)) == 13
    assert not vault.doctor()


@pytest.mark.parametrize(
    "damage",
    ["UPDATE known_names SET bearers = bearers + 1", "DELETE FROM known_names", "UPDATE known_names SET bearers = 0"],
)
def test_the_doctor_counts_again(tmp_path: Path, damage: str) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [row(1, "Tuulevi", "Hallavaara"), row(2, "Tuulevi")])
    assert not vault.doctor()
    vault._files.writer.execute(damage)
    assert [finding.code for finding in vault.doctor()] == ["names-and-records-differ"]


@pytest.mark.parametrize(
    ("damage", "found"), [("UPDATE known_names SET bearers = 9", 0), ("DELETE FROM known_names", 1)]
)
def test_of_a_large_base_the_doctor_counts_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str, found: int
) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [row(n, "Tuulevi", f"Hallavaara{'x' * n}") for n in range(5)])
    monkeypatch.setattr(known_names, "WHOLE", 3)
    assert not vault.doctor()
    vault._files.writer.execute(damage)
    assert len(vault.doctor()) == found


def test_no_file_and_no_repr_says_a_name(tmp_path: Path) -> None:
    vault = make(tmp_path)
    ingest(vault, "b1", [row(1, "Tuulevi", "Hallavaara")])
    spoken = [form.encode() for name in ("tuulevi", "hallavaara") for form in (name, name.title())]
    assert not any(form in data for form in spoken for data in contents(tmp_path).values())
    assert "uulevi" not in repr(vault.known_names()) + repr(vault._files) + repr(vault._files.names)


def test_a_sealed_name_tells_neither_itself_nor_its_length() -> None:
    seal, other = NameSeal(b"k" * 32 + b"s" * 32), NameSeal(b"K" * 32 + b"S" * 32)
    assert len(seal.seal("fvoo")) == len(seal.seal("fhallavaara"))
    assert seal.seal("fvoo") == seal.seal("fvoo") != seal.seal("gvoo")
    for damaged in (other.seal("fvoo"), seal.seal("fvoo")[:-1], b""):
        with pytest.raises(VaultDamaged) as refused:
            seal.open(damaged)
        assert "voo" not in str(refused.value)


def test_what_is_a_name() -> None:
    told = {"given_name": " Anna-Liisa  TUULEVI M. ", "family_name": "van der Hallavaara", "full_name": "O’Korpi 3 Zs"}  # noqa: RUF001 -- typed so
    assert names_of(told) == {"ganna-liisa", "gtuulevi", "fhallavaara", "no’korpi", "nzs"}  # noqa: RUF001 -- typed so
    assert names_of({"given_name": "x" * 41, "family_name": "Kor pi " * 60, "full_name": 7, "city": "Turku"}) == set()
    assert names_of({"full_name": "Kukkakauppa Ruusu Lilja Ja Orvokki Avoin Yhtiö"}) == set()
    assert BorneNames.of(names_of({"full_name": "Tuulevi"})).given == {"tuulevi"}


PARTS = ("given_name", "family_name", "full_name")
ANY = st.fixed_dictionaries({}, optional=dict.fromkeys(PARTS, st.text(max_size=60)))


@given(ANY)
def test_whatever_is_in_a_cell_a_name_seals_and_opens(told: Mapping[str, str]) -> None:
    seal = NameSeal(bytes(range(64)))
    names = names_of(told)
    assert {seal.open(seal.seal(name)) for name in names} == names
    assert len(names) <= 15
    assert Counter(map(len, names)).total() == sum(2 < len(name) <= 41 for name in names)


@pytest.mark.parametrize(
    ("address", "street"),
    [
        ("Hallavaarankuja 5 A 12", "hallavaarankuja"),
        ("221B Quux Street", "quux street"),
        ("Flat 3, 14 Quux Road, Xville", "quux road"),
        ("вул. Перевальчака, 12, кв. 3", "вул перевальчака"),
        ("1052 Xville, Kerekréti Lajos utca 3/B II. em. 4.", "kerekréti lajos utca"),
        ("PL 5", None),
        ("", None),
        ("x" * 300, None),
    ],
)
def test_the_street_of_an_address(address: str, street: str | None) -> None:
    borne = names_of({"street_address": address})
    assert borne == (set() if street is None else {"s" + street})
    assert BorneNames.of(borne).streets == {one[1:] for one in borne}
