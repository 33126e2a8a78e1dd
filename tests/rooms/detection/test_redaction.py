# ruff: noqa: RUF001 -- Ukrainian texts; made-up data
from __future__ import annotations

import random
import re
import string
from collections.abc import Mapping

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detection import Detector
from gateway.detection.folding import fold
from gateway.detection.own import OwnIdentifiers
from gateway.detection.redaction import LONGEST, Redactor
from gateway.detection.spans import Span
from tests.rooms.detection import support
from tests.rooms.detection.forms import FORMS, SENTENCES

REDACTOR = Redactor()
CASES = [(language, *case) for language, cases in FORMS.items() for case in cases]


def redact(text: str | None, own: Mapping[str, str | None] | None = None, language: str | None = "xx") -> str | None:
    columns = {category: pa.array([value], pa.string()) for category, value in (own or {}).items()}
    return REDACTOR.redact(pa.array([text], pa.string()), columns, pa.array([language])).texts[0].as_py()  # type: ignore[no-any-return]  # Arrow is untyped


def own_spans(text: str, own: Mapping[str, str | None]) -> list[Span]:
    return OwnIdentifiers({category: [value] for category, value in own.items()}).spans(0, fold(text), text)


@pytest.mark.parametrize(("language", "name", "stem", "forms"), CASES)
def test_nothing_of_an_inflected_own_name_remains(language: str, name: str, stem: str, forms: list[str]) -> None:
    for form in forms:
        text = redact(SENTENCES[language].format(form, form), {"family_name": name})
        assert text is not None
        assert stem not in fold(text)
        assert text.count("[FAMILY_NAME]") >= 2


def test_words_that_only_begin_like_a_name_stay() -> None:
    text = "Kaikki hyvin, kaiken kaikkiaan kiva palvelu"
    assert redact(text, {"given_name": "Kai"}) == text
    text = "Same time next month, the market is smithereens of tomatoes"
    assert redact(text, {"given_name": "Sam", "family_name": "Tim"}) == text


def test_the_worked_example() -> None:
    own = {"given_name": "Aino", "family_name": "Esimerkki", "phone": "040 555 0101"}
    text = "Soittakaa Ainolle numeroon 0405550101, Esimerkin osoite on muuttunut"
    assert redact(text, own, "fi") == "Soittakaa [GIVEN_NAME] numeroon [PHONE], [FAMILY_NAME] osoite on muuttunut"


@pytest.mark.parametrize("own", ["040 555 0101", "+358405550101", "00358 40 5550101", "(040) 555-0101", "0405550101"])
@pytest.mark.parametrize(
    "written", ["0405550101", "040 555 0101", "+358 40 555 0101", "+358405550101", "00358-40-5550101", "040-5550101",
                "(040) 555 01 01", "040.555.01.01", "+358 (0)40 555 0101", "040 / 555 0101", "０４０ ５５５ ０１０１"]
)  # fmt: skip
def test_own_phones_go_in_any_grouping(own: str, written: str) -> None:
    text = redact(f"Numero {written} vaihtuu", {"phone": own})
    assert text == "Numero [PHONE] vaihtuu"


def test_own_addresses_go_with_their_number() -> None:
    for address, text in [
        ("Mannerheimintie 12 A 5", "Asun Mannerheimintiellä 12 a nyt"),
        ("Kossuth Lajos utca 3.", "A Kossuth Lajos utca 3 alatt"),
        ("вул. Шевченка, 15", "живе на Шевченка 15 тепер"),
        ("12 High Street", "lives at 12 High Street now"),
    ]:
        redacted = redact(text, {"street_address": address})
        assert "[STREET_ADDRESS]" in str(redacted)
        assert not re.search(r"mannerheim|kossuth|шевченк|high street|1[25]", fold(str(redacted)))


def test_other_own_identifiers() -> None:
    own = {"customer_number": "C-10042", "national_id": "131052-308T", "email": "aino.e@example.org",
           "birth_date": "1987-03-14", "iban": "FI21 1234 5600 0007 85"}  # fmt: skip
    text = redact("c 10042, 131052308t, AINO.E@Example.org, user aino.e, born 14.3.1987, fi2112345600000785", own)
    assert text == ("[CUSTOMER_NUMBER], [NATIONAL_ID], [EMAIL], user [EMAIL], born [BIRTH_DATE], [IBAN]")


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("kirjoita osoitteeseen matti@example.org heti", "EMAIL"),
        ("write to matti (at) example (dot) org now", "EMAIL"),
        ("katso https://example.org/matti?x=1 tai", "URL"),
        ("tili FI21 1234 5600 0007 85 ja", "IBAN"),
        ("kortti 4111 1111 1111 1111 on", "CARD_NUMBER"),
        ("osoitteesta 192.0.2.7 tuli", "IP_ADDRESS"),
        ("from 2001:db8::7 came", "IP_ADDRESS"),
        ("hetu 131052-308T on", "NATIONAL_ID"),
        ("adó 8365670003 kérem", "NATIONAL_ID"),
        ("TAJ 111 111 110 kérem", "NATIONAL_ID"),
        ("код 1759013776 так", "NATIONAL_ID"),
        ("my AB 12 34 56 C please", "NATIONAL_ID"),
        ("soita 050 123 4567 heti", "PHONE"),
        ("hívjon 06 30 123 4567 számon", "PHONE"),
        ("дзвоніть +38 (067) 123-45-67 зранку", "PHONE"),
        ("ring 07700 900123 please", "PHONE"),
        ("device 00:1B:44:11:3A:B7 seen", "MAC_ADDRESS"),
    ],
)
def test_identifiers_of_others_go(text: str, category: str) -> None:
    redacted = str(redact(text))
    assert f"[{category}]" in redacted
    assert not re.search(r"[0-9]{2}|matti", redacted)


@pytest.mark.parametrize(
    "text", ["tilasin 3 kpl 2026-05-02", "maksoi 1 234,50 euroa", "szállítás 2026. 05. 02.", "замовлення за 14.3.2026"]
)
def test_dates_and_amounts_stay(text: str) -> None:
    assert redact(text) == text


def test_names_that_the_rules_do_not_know_are_asked_for_in_english() -> None:
    assert redact("Please ask Peter Jones in London about it", language="en-GB") == (
        "Please ask [PERSON] in London about it"
    )
    assert redact("They said that Barack Obama phoned Vladimir Putin about it", language="en") == (
        "They said that [PERSON] phoned [PERSON] about it"
    )
    assert redact("Kysy Peter Jonesilta", language="fi") == "Kysy [PERSON]"


def test_own_names_keep_their_category_beside_a_model() -> None:
    text = redact(
        "I spoke with Harry Cooper's sister Jane Miller", {"given_name": "Harry", "family_name": "Cooper"}, "en"
    )
    assert text == "I spoke with [GIVEN_NAME] [FAMILY_NAME]'s sister [PERSON]"


def test_null_stays_null_and_empty_stays_empty() -> None:
    result = REDACTOR.redact(pa.array([None, "", "ok"]), {"given_name": pa.array([None, "A", None])}, None)
    assert result.texts.to_pylist() == [None, "", "ok"]
    assert result.counts == {}


def test_each_row_knows_its_own_identifiers_only() -> None:
    texts, names = pa.array(["Aino soitti", "Aino soitti"]), pa.array(["Aino", "Eero"])
    result = REDACTOR.redact(texts, {"given_name": names}, None)
    assert result.texts.to_pylist() == ["[GIVEN_NAME] soitti", "Aino soitti"]
    assert result.counts == {"given_name": 1}


def test_a_cell_that_is_too_long_is_closed() -> None:
    assert redact("a" * (LONGEST + 1)) == "[REDACTED]"


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="same number of rows"):
        REDACTOR.redact(pa.array(["a"]), {"email": pa.array(["a", "b"])}, None)


def test_a_failure_closes_the_cell_and_only_that_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.detection import redaction  # noqa: PLC0415 -- the module to break

    def broken(folded: str, _language: str | None) -> list[object]:
        if "poison" in folded:
            raise RuntimeError(folded)
        return []

    monkeypatch.setattr(redaction, "rule_spans", broken)
    result = Redactor().redact(pa.array(["fine", "poison"]), {}, None)
    assert result.texts.to_pylist() == ["fine", "[REDACTED]"]
    assert result.counts == {"redacted": 1}


def test_a_recogniser_that_fails_closes_the_cells_that_needed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.detection import recognisers  # noqa: PLC0415 -- the module to break

    def missing() -> object:
        raise OSError

    monkeypatch.setattr(recognisers, "_engine", missing)
    result = Redactor().redact(pa.array(["all good", "we met Xobama there"]), {}, pa.array(["en", "en"]))
    assert result.texts.to_pylist() == ["all good", "[REDACTED]"]


WORDS = st.lists(
    st.sampled_from(["asiakas", "ügyfél", "клієнт", "the order", "123", "nro", "tel.", "№ 7,", "(", "+", "-"]),
    max_size=4,
)
LOCAL = st.text(string.ascii_lowercase + string.digits, min_size=2, max_size=12)
EMAILS = st.builds(lambda a, b: f"{a}.{b}@example.org", LOCAL, LOCAL)
PHONES = st.builds(
    lambda prefix, digits: prefix + digits,
    st.sampled_from(["+358 40 ", "040", "06 20 ", "+36 30", "067-", "+44 7700 "]),
    st.text(string.digits, min_size=7, max_size=7),
)
NUMBERS = st.from_regex(r"[A-Z]{0,2}-?[1-9][0-9]{4,9}", fullmatch=True)


@given(WORDS, EMAILS, PHONES, NUMBERS, WORDS, st.randoms())
@settings(max_examples=200, deadline=None)
def test_canary(
    before: list[str], email: str, phone: str, number: str, after: list[str], shuffle: random.Random
) -> None:
    """No e-mail address, phone number or customer number of the row's own survives in its text."""
    own = {"email": email, "phone": phone, "customer_number": number}
    pieces = [*before, *own.values(), *after]
    shuffle.shuffle(pieces)
    text = redact(" ".join(pieces), own)
    assert text is not None
    digits = re.sub("[^0-9]", "", phone)[-7:]
    assert digits not in re.sub("[^0-9]", "", text)
    assert email.partition("@")[0] not in text
    assert number not in text


@given(st.text(max_size=200), st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=150, deadline=None)
def test_any_text_comes_back_as_text(text: str, name: str, code: str) -> None:
    own = {"given_name": name, "email": code, "phone": code, "street_address": name, "birth_date": code, "iban": code}
    assert redact(text, own, "fi") is not None


@given(st.text(max_size=100))
def test_folding_keeps_places(text: str) -> None:
    assert len(fold(text)) == len(text)


@pytest.mark.parametrize("evil", ["a" * 19_000, "1 " * 9_000, "a@" * 9_000, "0-" * 9_900, "(" * 19_000,
                                  "a." * 9_900 + "@", "fi21" * 4_900, "::" * 9_000, "1.1." * 4_000,
     "http://" * 2_000])  # fmt: skip
def test_no_text_makes_the_rules_slow(evil: str) -> None:
    from time import perf_counter  # noqa: PLC0415 -- only here

    from gateway.detection.rules import rule_spans  # noqa: PLC0415 -- without the recognisers

    start = perf_counter()
    rule_spans(fold(evil), "fi")
    assert perf_counter() - start < 2.0


def test_the_detector_redacts_with_the_same_rules() -> None:
    result = Detector(support.catalogue()).redact(pa.array(["Aino"]), {"given_name": pa.array(["Aino"])}, None)
    assert result.texts.to_pylist() == ["[GIVEN_NAME]"]


@pytest.mark.parametrize(
    "category", ["email", "phone", "given_name", "street_address", "birth_date", "customer_number"]
)
@pytest.mark.parametrize("nothing", ["", " ", "\u200b", "\ufeff \u00ad", "-", "...", "@", "'"])
def test_an_identifier_of_nothing_ends_and_finds_nothing(category: str, nothing: str) -> None:
    """Invisible characters alone once made a search without end; it must end, and no letter may go."""
    text = "abc - ... 'def"
    spans = own_spans(text, {category: nothing})
    assert not any(character.isalnum() for span in spans for character in text[span.start : span.end])


def test_repeated_words_in_an_address_do_not_multiply() -> None:
    word = "mannerheimintie "
    assert len(own_spans(word * 60, {"street_address": word * 12})) <= 60


@pytest.mark.parametrize("written", ["405550101", "+358 (0)40 / 555-01.01", "5550101", "tel0405550101x"])
def test_own_phones_are_found_without_the_rules(written: str) -> None:
    (span,) = own_spans(written, {"phone": "+358 40 555 0101"})
    assert "5550101" in re.sub("[^0-9]", "", written[span.start : span.end])
