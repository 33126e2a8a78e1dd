"""``detect columns`` and ``detect text``: the shape that outsiders measure by, and whatever they may feed it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.cli.support import CANARY, Said, done, gateway, process, refused

KEYS = {"name", "category", "kind", "confidence", "evidence", "field", "article", "reveals"}
PEOPLE = ["aino@example.org,Aino,vegaani", "matti@example.org,Matti,sekaruoka", "liisa@example.org,Liisa,vegaani"]


def looked(folder: Path, data: str | bytes, *options: str, name: str = "made.csv") -> dict[str, Any]:
    """What ``detect columns`` says of a file; neither stream repeats what was planted in it."""
    file = folder / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    said = done(gateway("detect", "columns", file, "--json", *options))
    assert CANARY not in said.out + said.err
    return said.json


def columns(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["name"], each["category"]) for each in found["columns"]]


def test_each_column_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = looked(tmp_path, "\n".join(["email;diet;Notes;zork", *(f"{n}@example.org;vegan;;Q" for n in "abcd")]))
    assert (found["file"], found["rows"], found["rows_set_aside"]) == ("made.csv", 4, 0)
    assert all(each.keys() == KEYS for each in found["columns"])
    assert columns(found) == [("email", "email"), ("diet", "diet"), ("Notes", "free_text"), ("zork", "unknown")]
    email, diet, _, zork = found["columns"]
    assert (email["kind"], email["field"], email["reveals"]) == ("direct_identifier", "email", [])
    assert (diet["kind"], bool(diet["article"]), bool(diet["reveals"])) == ("special_category", True, True)
    assert (zork["kind"], zork["confidence"]) == ("unknown", 0.0)
    assert "a person decides" in zork["evidence"][-1]


def test_names_that_are_doubled_missing_or_no_names(tmp_path: Path) -> None:
    doubled = looked(tmp_path, "email,email,,email_2\n" + "a@example.org,b@example.org,1,c@example.org\n" * 3)
    assert columns(doubled) == [("email", "email"), ("email", "email"), ("column_3", "quantity"), ("email_2", "email")]
    assert "no name" in doubled["columns"][2]["evidence"][0]
    headless = looked(tmp_path, f"{CANARY}@example.org,Aino,{CANARY}\n" + "\n".join(PEOPLE))
    assert headless["rows"] == 4
    assert [name for name, _ in columns(headless)] == ["column_1", "column_2", "column_3"]
    assert columns(headless)[0][1] == "email"
    assert all("no header" in each["evidence"][0] for each in headless["columns"])


@pytest.mark.parametrize(
    ("data", "rows", "aside"),
    [
        (b"email,name\n", 0, 0),
        (b"email,name\na@example.org,A\nragged\n1,2,3\n", 1, 2),
        (b"email,name\na@example.org,\xff\xfe hyv\xc3\xa4\xc3\xa4 \xc3\xb6\xc3\xa5\xc3\xa4\xc3\xb6\n", 1, 0),
        (b"email,name\n" + b"a@example.org,A\0b\n" * 9, 9, 0),
        ("email,name\na@example.org,\u202e\u05e9\u05dc\u05d5\u05dd\nb@example.org,😀\n".encode(), 2, 0),
        ("email,name\na@example.org,Ákos\n".encode("utf-16"), 1, 0),
        ("email,name\na@example.org,Ákos\n".encode("utf-16-le"), 1, 0),
        (b"email;name\n" + "a@example.org;Géza Őri\n".encode("cp1250") * 9, 9, 0),
        (b"email,name\n" + b",\n" * 9, 9, 0),
        (b"email,name\na@example.org," + b"x" * 10_000_000 + b"\n", 1, 0),
        (b"email,name\na@example.org," + CANARY.encode() * 9 + b"\n", 1, 0),
        (b'{"email": "a@example.org", "name": null}\n{"email": 1, "name": {"x": [1]}}\n[1]\nnope\n', 2, 2),
    ],
)
def test_what_intake_would_refuse_is_looked_at(tmp_path: Path, data: bytes, rows: int, aside: int) -> None:
    found = looked(tmp_path, data)
    assert (found["rows"], found["rows_set_aside"]) == (rows, aside)
    assert [each["name"] for each in found["columns"]] == ["email", "name"]
    assert found["columns"][0]["category"] == "email"


@pytest.mark.parametrize(
    "data",
    [b"", b" \n\n", b"\x1f\x8b" + b"0" * 99, b"\x7fELF" + bytes(range(4)) * 99, b'[{"a": 1}]', b'a,b\n"zqcanary7731'],
)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(data)
    refused(gateway("detect", "columns", file), "invalid-input", "bad.csv")


def test_a_context_and_words(tmp_path: Path) -> None:
    (tmp_path / "made.csv").write_text("nimi,\x1b[31mx\nAino,1\nLiisa,2\n")
    told = looked(tmp_path, "nimi\nAino\nLiisa\n", "--context", "customer")["columns"][0]
    alone = looked(tmp_path, "nimi\nAino\nLiisa\n")["columns"][0]
    assert (told["category"], alone["category"]) == ("full_name", "full_name")
    assert told["confidence"] >= alone["confidence"]
    (tmp_path / "made.csv").write_text("nimi,\x1b[31mx\nAino,1\nLiisa,2\n")
    said = done(gateway("detect", "columns", tmp_path / "made.csv"))
    assert said.out.startswith("made.csv: 2 rows\n")
    assert "\x1b" not in said.out


def test_a_proposal_needs_a_header_and_repeats_no_value(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(f"{CANARY}@example.org,Aino\n" + "b@example.org,Liisa\n" * 3)
    refused(gateway("sources", "propose", file, "--id", "shop"), "invalid-input", "bad.csv, line 1", "add a header")


def told(*lines: object, options: tuple[str, ...] = ()) -> tuple[list[dict[str, Any]], Said]:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    said = gateway("detect", "text", "--json", *options, stdin=text)
    assert CANARY not in said.out + said.err
    return [json.loads(line) for line in said.out.splitlines()], said


def cut(text: str, answer: dict[str, Any]) -> list[tuple[str, str]]:
    assert all(set(span) == {"start", "end", "category", "confidence"} for span in answer["spans"])
    return [(text[span["start"] : span["end"]], span["category"]) for span in answer["spans"]]


def test_spans_count_code_points_and_answers_keep_their_order() -> None:
    texts = ["😀 Aino Virtasen äiti soitti", "nothing here", "e\u0301 order AB-1234 of a@example.org"]
    lines = [
        {"text": texts[0], "identifiers": {"first_name": "Aino", "family_name": "Virtanen"}, "id": 7},
        {"text": texts[1]},
        {"text": texts[2], "identifiers": {"loyalty": "ab1234"}, "id": None, "lang": "en", "more": [1]},
    ]
    answers, said = told(*lines, options=("--lang", "fi"))
    assert said.status == 0
    assert cut(texts[0], answers[0]) == [("Aino", "given_name"), ("Virtasen", "family_name")]
    assert answers[0]["id"] == 7
    assert answers[1] == {"spans": []}
    assert cut(texts[2], answers[2]) == [("AB-1234", "loyalty"), ("a@example.org", "email")]
    assert "id" in answers[2]


def test_a_line_that_cannot_be_read_is_answered_in_its_place() -> None:
    answers, said = told(
        {"text": "a@example.org"}, f"{{{CANARY}", {"identifiers": {CANARY: "x"}}, {"text": [CANARY]}, "",
        {"text": "x", "identifiers": {CANARY * 9: "1"}}, {"text": None, "id": 6}, '{"text": "\\ud800"}', "[" * 99_999,
        {"text": "y" * 20_001}, f'{{"text": "{"x" * 1_100_000}"}}', {"text": "b@example.org", "id": "last"},
    )  # fmt: skip
    assert said.status == 1
    assert [answer.get("error", "")[:7] for answer in answers] == [
        "", "line 2:", "line 3:", "line 4:", "line 5:", "line 6:", "", "line 8:", "line 9:", "", "line 11", "",
    ]  # fmt: skip
    assert answers[6] == {"spans": [], "id": 6}
    assert answers[9] == {"spans": [{"start": 0, "end": 20_001, "category": "redacted", "confidence": 1.0}]}
    assert answers[-1]["id"] == "last"
    assert len(answers[-1]["spans"]) == 1


def test_two_identifiers_of_one_category_are_both_looked_for() -> None:
    answers, _ = told(
        {"text": "ask 12345 or ZX-998", "identifiers": {"customer_number": "12345", "customer_no": "ZX998"}}
    )
    assert [(span["start"], span["end"]) for span in answers[0]["spans"]] == [(4, 9), (13, 19)]


def test_more_than_a_block_from_a_file_in_words(tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    file.write_text("".join(f'{{"text": "n{n} a@example.org"}}\r\n' for n in range(1_300)).rstrip())
    said = done(gateway("detect", "text", file))
    lines = said.out.splitlines()
    assert len(lines) == 1_300
    assert lines[0] == "line 1: 3-16 email (0.85)"
    assert lines[1_299] == "line 1300: 6-19 email (0.85)"
    assert gateway("detect", "text", "--lang", "xx", stdin="").status == 2
    refused(gateway("detect", "text", tmp_path / "none"), "invalid-input", "none")


def test_a_line_is_answered_while_the_next_is_awaited() -> None:
    """What a block waits for is lines that are there, not the end of the stream."""
    from gateway.flows.detect_text import DetectText  # noqa: PLC0415 - the flow itself, to see between two reads
    from gateway.foundation.settings import Settings  # noqa: PLC0415
    from gateway.wiring import text_detector  # noqa: PLC0415

    class Slow(io.BytesIO):
        parts: ClassVar[list[bytes]] = [b'{"text": "a@exam', b'ple.org"}\n{"te', b'xt": "x"}']

        def read1(self, size: int | None = -1) -> bytes:  # noqa: ARG002 - the signature of a stream
            return self.parts.pop(0) if self.parts else b""

    flow: DetectText = text_detector(Settings())
    stream = Slow()
    answers = flow(stream)
    assert len(next(answers)[0]["spans"]) == 1
    assert len(stream.parts) == 1
    assert [*answers] == [[{"spans": []}]]


def test_no_home_is_needed_and_none_is_made(tmp_path: Path) -> None:
    said = process("--home", tmp_path / "none", "detect", "text", "--json", input='{"text": "a@example.org"}\n')
    assert (said.status, said.err) == (0, "")
    assert not (tmp_path / "none").exists()
