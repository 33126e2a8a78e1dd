"""Each bad file is refused with its place and a remedy, exit 1, none of its values told, and nothing half done."""

# ruff: noqa: S603, S607 - the processes are our own program, bash and mount

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.builders import CUSTOMER_COLUMNS, a_customer, as_csv, customers
from tests.cli.support import CANARY, ROOT, done, gateway, process, refused, untouched

HEADER = ",".join(CUSTOMER_COLUMNS)
PLANTED = a_customer(777, given_name=CANARY, email=f"{CANARY}@example.org", customer_no=CANARY)
GOOD = as_csv([*customers(range(700, 704)), PLANTED])


def without(column: str) -> bytes:
    return as_csv([{name: value for name, value in PLANTED.items() if name != column}])


def zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{CANARY}.csv", b"0" * 50_000_000)
    return sink.getvalue()


def as_lines(*rows: object) -> bytes:
    return "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows).encode()


NOBODY = dict.fromkeys(CUSTOMER_COLUMNS, "")
BAD: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty": (b"", ("bad.csv", "empty")),
    "header only with spaces": (b" \n\n", ("bad.csv", "empty")),
    "bytes of no encoding": (GOOD + b"\xff\x81\x8d" * 9 + CANARY.encode(), ("bad.csv", "encoding")),
    "bytes that break utf-8 further on": (
        GOOD + as_csv(customers(range(800, 3000))).split(b"\n", 1)[1] + b"\xe4\xff" + CANARY.encode() + b"\n",
        ("bad.csv, line 2207", "utf-8", "declare"),
    ),
    "missing column": (without("email"), ("bad.csv", "`email`")),
    "duplicated header": (GOOD.replace(b",phone,", b",email,", 1), ("bad.csv, line 1", "columns 2, 3")),
    "gzip bomb": (gzip.compress(b"0" * 50_000_000), ("bad.csv", "decompress")),
    "zip bomb": (zipped(), ("bad.csv", "decompress")),
    "NUL bytes": (GOOD.replace(b"Aino", b"Ai\0no"), ("bad.csv", "binary")),
    "an open quote": (GOOD + f'"{CANARY},1\n'.encode(), ("bad.csv", "line 7")),
    "nulls everywhere": (as_csv([NOBODY, NOBODY | {"city": CANARY}]), ("no row", "no identifier")),
    "no consent can be read": (
        as_csv([a_customer(n, marketing_consent=f"yes no {CANARY}") for n in range(3)]),
        ("no row", "not a consent"),
    ),
    "a column of another kind": (
        as_csv([a_customer(n, city=f"{CANARY}{n}@example.org") for n in range(40)]),
        ("column `city`", "remedy"),
    ),
    "lines that are no JSON": (b"{" + CANARY.encode() + b"\n", ("bad.csv",)),
    "a JSON array": (json.dumps([PLANTED]).encode(), ("bad.csv", "JSON")),
    "JSON lines, missing identifier column": (as_lines({"city": CANARY}), ("bad.csv", "`customer_no`")),
    "JSON lines, nulls everywhere": (as_lines(dict.fromkeys(CUSTOMER_COLUMNS)), ("no row", "no identifier")),
    "JSON lines, NUL bytes": (as_lines(PLANTED)[:-2] + b"\0" + b"}\n", ("bad.csv",)),
    "JSON lines, wrong encoding": (as_lines(PLANTED) + b'{"email": "\xff\x81\x8d"}\n', ("bad.csv", "encoding")),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_and_leaves_nothing(name: str, home: Path) -> None:
    data, words = BAD[name]
    file = home.parent / "bad.csv"
    file.write_bytes(data)
    with untouched(home):
        refused(gateway("ingest", file, "--source", "webshop_customers", "--home", home), "invalid-input", *words)


def test_an_error_is_one_json_object_too(home: Path) -> None:
    file = home.parent / "bad.csv"
    file.write_bytes(without("email"))
    said = refused(gateway("--json", "ingest", file, "--source", "webshop_customers", "--home", home), "invalid-input")
    assert said.json["error"]["slug"] == "invalid-input"
    assert said.json["error"]["reasons"] == ["missing_column"]


def test_a_proposal_of_a_bad_file_is_refused_as_well(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    for name in ("empty", "gzip bomb", "NUL bytes", "duplicated header", "an open quote"):
        file.write_bytes(BAD[name][0])
        refused(gateway("sources", "propose", file, "--id", "shop"), "invalid-input", "bad.csv")
    file.write_bytes(HEADER.encode() + b"\n")
    refused(gateway("sources", "propose", file, "--id", "shop"), "invalid-input", "no rows")
    refused(gateway("sources", "propose", tmp_path / "none.csv", "--id", "shop"), "invalid-input", "none.csv")


def test_bad_rows_are_set_aside_and_told_by_line_and_reason(home: Path) -> None:
    file = home.parent / "some.csv"
    rows = [a_customer(900), NOBODY, a_customer(901, birth_date=CANARY), a_customer(902, marketing_consent=CANARY)]
    file.write_bytes(as_csv(rows))
    said = done(gateway("ingest", file, "--source", "webshop_customers", "--home", home))
    assert CANARY not in said.out + said.err
    assert "1 rows stored" in said.out
    assert "3 rows in quarantine" in said.out
    assert "birth_date" in said.out
    assert "line 3" in said.out


def test_contradictory_choices_of_one_person_never_permit(home: Path) -> None:
    file = home.parent / "both.csv"
    both = [a_customer(950, marketing_consent=choice) for choice in ("kyllä 2026-05-02", "ei 2026-05-02")]
    for order in (both, both[::-1]):
        file.write_bytes(as_csv(order))
        done(gateway("ingest", file, "--source", "webshop_customers", "--home", home))
        subject = "email:person.950@example.org"
        said = gateway("segments", "explain", "loyal_buyers", "--subject", subject, "--home", home, "--json")
        assert done(said).json["permitted_now"] is False


# The most memory of this program alone: rusage would count the process that it was forked from.
MEASURED = """
import atexit, pathlib, re, sys
from gateway.cli.main import app
peak = pathlib.Path(sys.argv.pop(1))
atexit.register(lambda: peak.write_text(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]))
app()
"""


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_line_of_100_mb_is_refused_in_bounded_memory(kind: str, home: Path) -> None:
    file = home.parent / "bad.csv"
    with file.open("wb") as sink:
        sink.write(GOOD if kind == "csv" else as_lines(PLANTED) + b'{"email": "')
        for _ in range(100):
            sink.write(b"x" * 1_000_000)
        sink.write(CANARY.encode())
    with untouched(home):
        said = subprocess.run(
            [sys.executable, "-c", MEASURED, str(home.parent / "peak"), "ingest", str(file), "--source",
             "webshop_customers", "--home", str(home)],
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert said.returncode == 1
    assert "line " in said.stderr
    assert "longer than 1 MiB" in said.stderr
    assert CANARY not in said.stdout + said.stderr
    assert int((home.parent / "peak").read_text()) < 450_000, "KiB"  # 230 MB of it are the libraries


def test_unknown_source(home: Path) -> None:
    file = home.parent / "bad.csv"
    file.write_bytes(GOOD)
    with untouched(home):
        said = gateway("ingest", file, "--source", f"nothing_{CANARY}", "--home", home)
        refused(said, "not-permitted", "no contract", "gateway policy show")


def test_a_missing_file_and_a_folder(home: Path) -> None:
    for path in (home.parent / "none.csv", home.parent):
        said = gateway("ingest", path, "--source", "webshop_customers", "--home", home)
        refused(said, "invalid-input", str(path))


@pytest.fixture
def small_disk(tmp_path: Path):  # noqa: ANN201 - a fixture
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk of its own cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def test_a_full_disk_keeps_nothing_and_takes_the_file_when_there_is_room(small_disk: Path, filled_home: Path) -> None:
    import shutil  # noqa: PLC0415 - the only use

    home = Path(shutil.copytree(filled_home, small_disk / "home"))
    many = filled_home.parent / "many.csv"
    many.write_bytes(as_csv(customers(range(1000, 60_000), given_name=CANARY)))
    # A process of its own: how much a library keeps open must not blur what is on the disk.
    with untouched(home, reopened=True):
        said = process("ingest", many, "--source", "webshop_customers", "--home", home)
        slug = said.err.partition(":")[0]
        assert slug in {"unavailable", "vault-unavailable", "log-unwritable"}  # whichever file comes first
        refused(said, slug, "disk")
        subprocess.run(["mount", "-o", "remount,size=96m", str(small_disk)], check=True, capture_output=True)


def test_a_limit_on_file_sizes_is_told_as_a_full_disk(home: Path) -> None:
    import resource  # noqa: PLC0415 - the only use

    many = home.parent / "many.csv"
    many.write_bytes(as_csv(customers(range(1000, 40_000), given_name=CANARY)))

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000))

    with untouched(home, reopened=True):
        said = process("ingest", many, "--source", "webshop_customers", "--home", home, preexec_fn=limited)
        refused(said, "unavailable", "disk is full")
