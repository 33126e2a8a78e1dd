"""The customer base is the gazetteer: names that customers bear are found in notes about others, in any form."""

# ruff: noqa: RUF001 -- Ukrainian names and notes

from __future__ import annotations

import json

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.folding import fold
from gateway.detection.inflection import endings_of
from gateway.flows.known_names import Gazetteer
from gateway.vault.borne import BorneNames
from gateway.wiring import Gateway
from tests.builders import TESTER, a_customer, as_csv, ingest

# Fictional people whose names are on no packaged list, and notes that mention them as people write.
BORNE = {
    "fi": (("Pilvikki", "Korvenrinta"), ("Tuulevi", "Hallavaara"), ("Aurelmo", "Syrjäkorpi")),
    "hu": (("Zsombolya", "Kerekréti"), ("Ilmarka", "Tormásdi"), ("Bodrogán", "Vadkertesi")),
    "uk": (("Златомира", "Перевальчак"), ("Добринка", "Сінокісна"), ("Громислав", "Верболоз")),
}
NOTES = {
    "fi": {
        "soitti pilvikki korvenrinta eilen laskusta": "soitti [PERSON] eilen laskusta",
        "tuote haettiin tuulevilta hallavaaralta": "tuote haettiin [PERSON]",
        "laskun maksaa aurelmo syrjakorpi": "laskun maksaa [PERSON]",
        "Asia sovittiin ja Syrjäkorvelle soitetaan.": "Asia sovittiin ja [PERSON] soitetaan.",
    },
    "hu": {
        "a csomagot kerekréti zsombolyának adták át": "a csomagot [PERSON] adták át",
        "Tegnap Tormásdi Ilmarkával beszéltünk.": "Tegnap [PERSON] beszéltünk.",
        "a számlát vadkertesi bodrogán fizeti": "a számlát [PERSON] fizeti",
    },
    "uk": {
        "посилку передали златомирі перевальчак учора": "посилку передали [PERSON] учора",
        "домовились із добринкою сінокісною про обмін": "домовились із [PERSON] про обмін",
        "рахунок сплачує громислав верболоз": "рахунок сплачує [PERSON]",
    },
}


def bearers(first: int = 1) -> list[dict[str, str]]:
    people = [(given, family, language) for language, pairs in BORNE.items() for given, family in pairs]
    return [
        a_customer(first + place, given_name=given, family_name=family, language=language)
        for place, (given, family, language) in enumerate(people)
    ]


def mentions(first: int = 101) -> list[dict[str, str]]:
    told = [(note, language) for language, notes in NOTES.items() for note in notes]
    return [a_customer(first + place, note=note, language=language) for place, (note, language) in enumerate(told)]


EXPECTED = {text for notes in NOTES.values() for text in notes.values()}


def kept(gateway: Gateway) -> set[str]:
    """The notes as the store keeps them."""
    rows = gateway.house.store._connection.execute("SELECT feedback FROM profile_rows").fetchall()
    return {row[0] for row in rows if row[0]}


def test_notes_about_customers_of_earlier_files(gateway: Gateway) -> None:
    ingest(gateway, as_csv(bearers()))
    ingest(gateway, as_csv(mentions()))
    assert kept(gateway) == EXPECTED
    assert all(finding.ok for finding in gateway.doctor() if finding.check == "vault")


def test_notes_about_customers_of_the_same_file(gateway: Gateway) -> None:
    ingest(gateway, as_csv([*mentions(), *bearers()]))
    assert kept(gateway) == EXPECTED


def test_streets_of_customers_in_notes_about_others(gateway: Gateway) -> None:
    ingest(gateway, as_csv([a_customer(1, street_address="Hallavaarankuja 5 A"), a_customer(2)]))
    notes = ("paketti jäi osoitteeseen hallavaarankuja 12", "Tapasimme Hallavaarankujalla", "hallavaara on kylä")
    ingest(gateway, as_csv([a_customer(101 + n, note=note, language="fi") for n, note in enumerate(notes)]))
    told = {"paketti jäi osoitteeseen [STREET_ADDRESS]", "Tapasimme [STREET_ADDRESS]", notes[2]}
    assert kept(gateway) == told
    assert all(finding.ok for finding in gateway.doctor() if finding.check == "vault")


def test_a_name_is_forgotten_with_the_last_customer_who_bears_it(gateway: Gateway) -> None:
    ingest(gateway, as_csv(bearers()))
    note = "посилку передали златомирі перевальчак учора"
    answer = gateway.erase(("customer_number", "C00007"), TESTER).value
    assert "known_names" in {entry["class"] for entry in answer.plan["classes"]}
    told = json.loads((answer.certificate or "").split("\n", 1)[0])["classes"]
    assert [entry["rows"] for entry in told if entry["class"] == "known_names"] == [3]  # two names, a street
    ingest(gateway, as_csv([a_customer(101, note=note, language="uk")]))
    assert kept(gateway) == {note}
    assert all(finding.ok for finding in gateway.doctor() if finding.check == "vault")


WORDS = {  # names that are ordinary words, and what people write with those words
    "en": (["May", "Will", "Rose", "Hope"], ["we hope it will come in may", "a rose arrived broken"]),
    "fi": (["Lumi", "Onni", "Satu", "Toivo"], ["lumi hidasti kuljetusta", "toivo elää että onni potkaisee"]),
    "hu": (["Virág", "Kis", "Szilárd"], ["a virág már nem friss", "kis csomag, szilárd doboz"]),
    "uk": (["Віра", "Любов", "Надія"], ["є надія на заміну", "віра в якість зникла"]),
}


def test_a_name_that_is_a_word_stays_a_word_in_lower_case(gateway: Gateway) -> None:
    people = [(name, language) for language, (names, _) in WORDS.items() for name in names]
    ingest(gateway, as_csv([a_customer(n, given_name=name, family_name="") for n, (name, _) in enumerate(people, 1)]))
    notes = [(note, language) for language, (_, written) in WORDS.items() for note in written]
    ingest(gateway, as_csv([a_customer(101 + n, note=note, language=lang) for n, (note, lang) in enumerate(notes)]))
    assert kept(gateway) == {note for note, _ in notes}


def test_no_file_of_the_home_says_a_name(gateway: Gateway) -> None:
    ingest(gateway, as_csv(bearers()))
    ingest(gateway, as_csv(mentions()))
    data = b"".join(path.read_bytes() for path in gateway.house.home.rglob("*") if path.is_file())
    names = {form for pairs in BORNE.values() for pair in pairs for word in pair for form in (word, word.lower())}
    assert [name for name in names if name.encode() in data] == []


LETTERS = st.sampled_from(("aeiouyäönkptsrlhd", "aeiouáéöbdgklmnrsz", "абвгдеийіїклмнопрстухцшщьюя"))
NAMES = LETTERS.flatmap(lambda letters: st.text(letters, min_size=2, max_size=9))
ENDS = st.sampled_from(("", "nen", "kki", "s", "енко", "ський", "ець", "чук"))


@given(NAMES, ENDS, st.sampled_from(("fi", "hu", "uk", "en")), st.data())
def test_whatever_form_a_name_takes_it_is_among_those_mentioned(
    name: str, end: str, language: str, data: st.DataObject
) -> None:
    borne = name + (end if end.isascii() == fold(name).isascii() else "")
    stem, endings = data.draw(st.sampled_from(sorted(endings_of(fold(borne), language).items())))
    form = stem + data.draw(st.sampled_from(sorted(endings)))
    known = Gazetteer(lambda: BorneNames(frozenset({borne}), frozenset()))
    assert known.mentioned(pa.array(["mm", None, f"x {form}, y"])).given == {borne}


def test_other_names_stay_in_the_vault() -> None:
    known = Gazetteer(lambda: BorneNames(frozenset({"pilvikki"}), frozenset({"hallavaara"})))
    known.add(BorneNames(frozenset({"tuulevi"}), frozenset()))
    said = known.mentioned(pa.array(["tuuleville kerrottu"]))
    assert said.given == {"tuulevi"}
    assert not said.family
    assert known.mentioned(pa.array([None], pa.string())).given == frozenset()
