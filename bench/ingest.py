"""How fast are new people taken in? Beside it, the same file loaded raw into DuckDB in the same run.

1,000,000 rows of 10 columns, three of them identifiers: parsed, classified, sealed under a key per person, indexed,
generalised, consented, logged. The last line is one JSON object.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

import duckdb

from bench.arguments import Arguments
from gateway.foundation.logs import configure
from gateway.foundation.settings import Settings
from gateway.vocabulary.events import Actor
from gateway.vocabulary.names import SourceId
from gateway.wiring import initialise, open_gateway

SOURCE = """
  - id: bench_customers
    title: {en: Made customers, fi: Tehdyt asiakkaat, hu: Kitalált ügyfelek, uk: Вигадані клієнти}
    kind: profiles
    purposes: [customer_segmentation]
    subject: [customer_number, email, phone]
    columns:
      customer_no: customer_number
      email: email
      phone: {field: phone, region_column: country}
      birth_date: birth_date
      postcode: postcode
      city: city
      country: country
      language: language
      total_spend: total_spend
      marketing_consent: {consent: direct_marketing, form: yes_date, notice: webshop-2026-05}
"""
PEOPLE = """
copy (
  select 'B' || lpad(i::varchar, 8, '0') as customer_no,
    'person.' || i || '@example.' || ['org', 'com', 'net'][1 + i % 3] as email,
    '+35840' || lpad((i % 10000000)::varchar, 7, '0') as phone,
    (date '1940-01-01' + (hash(i) % 24000)::int)::varchar as birth_date,
    lpad((hash(i, 1) % 99999)::varchar, 5, '0') as postcode,
    ['Helsinki', 'Tampere', 'Turku', 'Oulu', 'Espoo'][1 + (hash(i, 2) % 5)::int] as city,
    'FI' as country, ['fi', 'sv', 'en'][1 + (hash(i, 3) % 3)::int] as "language",
    round((hash(i, 4) % 200000) / 100.0, 2)::varchar as total_spend,
    case (hash(i, 5) % 10)::int when 0 then '' when 1 then 'ei' when 2 then 'ei'
      else 'kyllä 2026-0' || (1 + hash(i, 6) % 6)::varchar || '-1' || (hash(i, 7) % 9)::varchar end as marketing_consent
  from range({people}) t(i)
) to '{path}' (header, delimiter ',')
"""


def run(arguments: Arguments) -> dict[str, object]:
    """Measure and return the figures."""
    configure(json=True)
    work = Path(tempfile.mkdtemp(prefix="gateway-bench-"))
    try:
        file = _file(work, arguments.people)
        raw = _raw(work, file)
        seconds, rows, peak, entries = _gateway(work, file)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return {
        "bench": "ingest",
        "rows": rows,
        "columns": 10,
        "seconds": round(seconds, 2),
        "people_per_s": round(rows / seconds),
        "raw_seconds": round(raw, 2),
        "raw_ratio": round(seconds / raw, 1),
        "peak_memory_mb": round(peak),
        "audit_entries": entries,
    }


def _file(work: Path, people: int) -> Path:
    path = work / "customers.csv"
    print(f"making {people:,} people", file=sys.stderr)
    with duckdb.connect() as connection:
        connection.execute(PEOPLE.format(people=people, path=path))
    return path


def _raw(work: Path, file: Path) -> float:
    """The baseline: the file as it is, in clear, into a DuckDB file."""
    print("loading it raw into DuckDB", file=sys.stderr)
    began = time.perf_counter()
    with duckdb.connect(str(work / "raw.duckdb")) as connection:
        connection.execute(
            "create table people as select * from read_csv(?, header=true, all_varchar=true)", [str(file)]
        )
    return time.perf_counter() - began


def _gateway(work: Path, file: Path) -> tuple[float, int, float, int]:
    settings = Settings(home=work / "home", policies=_pack(work))
    initialise(settings)
    print("taking it in through the gateway", file=sys.stderr)
    with _PeakMemory() as memory, open_gateway(settings) as gateway, file.open("rb") as stream:
        began = time.perf_counter()
        report = gateway.ingest(
            stream,
            SourceId("bench_customers"),
            Actor("operator", "bench"),
            name=file.name,
            progress=lambda rows: print(f"\r{rows:,} rows", end="", file=sys.stderr),
        )
        seconds = time.perf_counter() - began
        entries = gateway.house.recorder.size
    print(file=sys.stderr)
    return seconds, report.rows, memory.peak, entries


def _pack(work: Path) -> Path:
    """The baseline pack with a source for this file."""
    pack = work / "pack"
    shutil.copytree(Settings().policies, pack)
    sources = pack / "sources.yaml"
    sources.write_text(sources.read_text(encoding="utf-8") + SOURCE, encoding="utf-8")
    for rules in (pack / "rules").glob("*.yaml"):
        text = rules.read_text(encoding="utf-8")
        changed = text.replace("sources: [webshop_customers]", "sources: [webshop_customers, bench_customers]")
        rules.write_text(changed, encoding="utf-8")
    return pack


class _PeakMemory:
    """The most resident memory while it is held, in MB; sampled, since the kernel's peak includes what came before."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        page = resource.getpagesize()
        while not self._done.wait(0.05):
            resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * page
            self.peak = max(self.peak, resident / 2**20)
