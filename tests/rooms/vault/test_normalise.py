import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.vault.normalise import normalise, normalise_one, normalised
from gateway.vault.phones import parse_one, to_e164

REGIONS = ("FI", "HU", "UA", "GB")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("email", "  Aino.Esimerkki@Example.ORG\t", "aino.esimerkki@example.org"),
        ("email", "A\u0308ITI@example.org", "äiti@example.org"),
        ("email", "STRASSE@example.org", "strasse@example.org"),
        ("email", "straße@example.org", "strasse@example.org"),
        ("email", "   ", None),
        ("customer_number", " ab-10042 ", "AB-10042"),
        ("national_id", "131052-308t", "131052308T"),
        ("national_id", "131052A308T", "131052A308T"),
        ("national_id", "8 071257 8", "80712578"),
        ("loyalty_card", " x1 ", "X1"),
    ],
)
def test_one_form_for_one_identifier(kind: str, value: str, expected: str | None) -> None:
    assert normalise_one(kind, value) == expected


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("040 555 0101", "FI", "+358405550101"),
        ("+358 (0)40 555 0101", None, "+358405550101"),
        ("00358 40 555-0101", None, "+358405550101"),
        ("06 30 555 0102", "HU", "+36305550102"),
        ("06-1-555-0102", "HU", "+3615550102"),
        ("050 555 01 03", "UA", "+380505550103"),
        ("07700 900123", "GB", "+447700900123"),
        ("070-555 01 04", "SE", "+46705550104"),
        ("0151 55501055", "DE", "+4915155501055"),
        ("040 555 0101", None, None),
        ("040 555 0101", "not a country", None),
        ("call me", "FI", None),
        ("123", "FI", None),
        ("", "FI", None),
    ],
)
def test_telephone_numbers(value: str, region: str | None, expected: str | None) -> None:
    assert normalise_one("phone", value, region) == expected


def _mobile(region: str) -> st.SearchStrategy[str]:
    pattern = phonenumbers.PhoneMetadata.metadata_for_region(region).mobile.national_number_pattern
    return st.from_regex(f"(?:{pattern})", fullmatch=True, alphabet="0123456789")


def _forms(region: str, national: str) -> list[str]:
    number = phonenumbers.parse(national, region)
    kinds = phonenumbers.PhoneNumberFormat
    trunk = phonenumbers.PhoneMetadata.metadata_for_region(region).national_prefix
    written = [phonenumbers.format_number(number, f) for f in (kinds.NATIONAL, kinds.INTERNATIONAL, kinds.E164)]
    return [
        *written,
        trunk + national,
        f"00{number.country_code}{national}",
        f"+{number.country_code} ({trunk}){national}",
    ]


@settings(max_examples=150)
@given(st.sampled_from(REGIONS).flatmap(lambda r: st.tuples(st.just(r), _mobile(r))))
def test_the_fast_path_reads_mobile_numbers_as_the_library_does(case: tuple[str, str]) -> None:
    region, national = case
    for form in _forms(region, national):
        assert to_e164(pa.array([form]), region).to_pylist() == [parse_one(form, region)], region


@given(st.sampled_from((*REGIONS, "SE", "DE", "US", "IT")), st.text("0123456789+ -()", max_size=16))
def test_any_digits_are_read_as_the_library_reads_them(region: str, text: str) -> None:
    """Where the library sees a valid number the fast path sees the same one."""
    expected = parse_one(text, region)
    if expected is not None and phonenumbers.is_valid_number(phonenumbers.parse(expected)):
        assert to_e164(pa.array([text]), region).to_pylist() == [expected]


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=6), st.sampled_from(["email", "national_id", "x"]))
def test_normalising_twice_is_normalising_once_and_columns_are_their_values(
    values: list[str | None], kind: str
) -> None:
    once = normalise(kind, pa.array(values, pa.string()))
    assert normalise(kind, once).equals(once)
    assert once.to_pylist() == [None if v is None else normalise_one(kind, v) for v in values]


def test_regions_per_row_and_chunked_columns() -> None:
    column = pa.chunked_array([["040 555 0101"], ["06 30 555 0102", None]])
    assert normalise("phone", column, pa.array(["FI", "HU", None])).to_pylist() == [
        "+358405550101",
        "+36305550102",
        None,
    ]


def test_a_hopeless_value_is_still_something_to_commit_to() -> None:
    assert normalised("phone", " call me ") == "call me"
    assert normalised("email", " A@example.org") == "a@example.org"
