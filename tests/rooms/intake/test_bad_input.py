"""Each kind of file that cannot be taken in is refused with its place, a remedy, and none of its values."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile

import pytest

from gateway.foundation.errors import InvalidInput
from gateway.intake import describe
from tests.rooms.intake.made import CUSTOMERS, PURCHASES, is_field, profiles, read

SECRET = "aino.esimerkki"


def refused(data: bytes, contract: object = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(data, contract)  # type: ignore[arg-type] # None or a contract
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "made.csv" in str(caught.value)
    return caught.value


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv", b"0" * 1_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    "data", [gzip.compress(b"a,b\n"), zipped(), lzma.compress(b"a"), bz2.compress(b"a"), b"\x28\xb5\x2f\xfd\0\0"]
)
def test_a_packed_file_is_never_opened(data: bytes) -> None:
    error = refused(data)
    assert error.reasons == ("compressed_file",)
    assert "decompress" in error.message


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\r\n", b"  \n"])
def test_an_empty_file(data: bytes) -> None:
    assert refused(data).reasons == ("empty_file",)


@pytest.mark.parametrize("data", [b"a,b\n1,\0\n", b"\x89PNG\r\n\x1a\n\0\0\0\xff", b"\x00\x01\xff\xfe\x80"])
def test_binary_content(data: bytes) -> None:
    assert refused(data).reasons == ("binary_content",)


def test_a_nul_further_on_sets_its_row_aside() -> None:
    from tests.rooms.intake.made import AT, CATALOGUE, parse  # noqa: PLC0415 - the only test of this file that parses

    contract = profiles({"no": is_field("customer_number"), "city": is_field("city")})
    data = b"no,city\n" + b"1,Helsinki\n" * 40_000 + b"2,Hel\0sinki\n3,Turku\n"
    (batch,) = read(data, contract)
    found = parse(batch, contract, CATALOGUE, at=AT)
    assert [(row.line, row.reason) for row in found.quarantined] == [(40_002, "nul_character:city")]


def test_a_doubled_header_is_told_by_position() -> None:
    """A file without a header has values there."""
    error = refused(f"{SECRET},b,{SECRET}\n1,2,3\n".encode())
    assert error.reasons == ("duplicated_header",)
    assert "columns 1, 3" in error.message
    assert "line 1" in error.message


def test_a_column_without_a_name() -> None:
    error = refused(f"\n{SECRET}, ,c\n1,2,3\n".encode())
    assert error.reasons == ("empty_header_name",)
    assert "line 2, column 2" in error.message


def test_missing_columns_are_named() -> None:
    error = refused(b"no,email,city\n1,2,3\n", CUSTOMERS)
    assert error.reasons == ("missing_column",)
    assert "`born`" in error.message
    assert "`city`" not in error.message
    assert "`when`" in refused(b"no,quantity,amount\n1,2,3\n", PURCHASES).message


def test_json_objects_may_leave_out_what_they_do_not_know_but_not_who_and_when() -> None:
    assert read(b'{"no": 1, "when": "2026-01-01"}\n', PURCHASES)
    assert refused(b'{"when": "2026-01-01"}\n', PURCHASES).reasons == ("missing_column",)
    assert refused(b'{"no": "1"}\n', PURCHASES).reasons == ("missing_column",)


def test_a_json_array_is_not_json_lines() -> None:
    assert refused(b'[{"a": 1}]').reasons == ("not_json_lines",)


@pytest.mark.parametrize("opening", [b"", b'"'])
def test_a_line_of_100_mb_is_refused_without_being_held(opening: bytes) -> None:
    class Endless(io.RawIOBase):
        """A header, two rows and 100 MB without a line end."""

        left = 100_000_000
        head = b"a,b\n1,2\n3,4\n5," + opening

        def read(self, size: int = -1) -> bytes:
            if self.head:
                given, Endless.head = self.head, b""
                return given
            taken = min(size, self.left)
            self.left -= taken
            return b"x" * taken

    from gateway.intake import read_batches  # noqa: PLC0415 - beside its only use
    from gateway.vocabulary.names import SourceId  # noqa: PLC0415

    layout = describe(b"a,b\n1,2\n", None, name="made.csv")
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput, match=r"line 4: the record that starts here is longer than 1 MiB"):
            list(read_batches(Endless(), layout, SourceId("made"), name="made.csv"))  # type: ignore[arg-type] # raw
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_a_record_over_1_mib_inside_a_piece() -> None:
    error = refused(b"a,b\n1,2\n3," + b"x" * 1_100_000 + b"\n4,5\n")
    assert error.reasons == ("record_too_long",)
    assert "line 3" in error.message


def test_a_quote_left_open() -> None:
    error = refused(f'a,b\n1,2\n3,"{SECRET}\n4,5\n'.encode())
    assert error.reasons == ("unclosed_quote",)
    assert "line 3" in error.message


def test_bytes_that_do_not_fit_further_on_name_their_line() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        error = refused(b"a,b" + end + (b"1,2" + end) * 600_000 + b"3,\xe4" + end)
        assert error.reasons == ("wrong_encoding",)
        assert "line 600002" in error.message


def test_a_declared_encoding_that_is_wrong_or_none() -> None:
    assert refused(b"no,b\n\xe4,1\n", profiles({}, encoding="utf-8")).reasons == ("wrong_encoding",)
    for declared in ("rot13", "idna", "unicode_escape", "utf-7", "no-such", "utf-16", "a\0b"):
        assert refused(b"a,b\n1,2\n", profiles({}, encoding=declared)).reasons == ("unknown_encoding",)


def test_an_encoding_that_cannot_be_told_is_asked_for() -> None:
    error = refused("name,x\nk\xf5,1\n".encode("cp1252"))
    assert error.reasons == ("ambiguous_encoding",)
    assert "declare `encoding`" in error.message


def test_a_delimiter_that_is_none() -> None:
    assert refused(b"a,b\n", profiles({}, delimiter=";;")).reasons == ("unknown_delimiter",)


def test_too_many_columns() -> None:
    header = ",".join(f"c{number}" for number in range(2001))
    assert refused(header.encode()).reasons == ("too_many_columns",)
    keys = ",".join(f'"k{number}":1' for number in range(2001))
    assert refused(f"{{{keys}}}\n".encode()).reasons == ("too_many_columns",)
