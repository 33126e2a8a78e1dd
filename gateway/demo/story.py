"""The story that `make demo` tells: real purchases, fictional people, from raw files to an erased person."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.demo.identities import DemoFiles, write_demo_files
from gateway.flows.ingest_batch import IngestReport
from gateway.flows.policy_pack import check_pack
from gateway.flows.record_consent import Choice
from gateway.flows.release_segment import ReleasePackage, ReleaseRequest
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import Conflict
from gateway.foundation.logs import configure
from gateway.foundation.settings import Settings
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.events import Actor
from gateway.vocabulary.names import PurposeId, RecipientId, SegmentId, SourceId
from gateway.wiring import Gateway, initialise, open_gateway, read_pack, verify_certificate, verify_log

START = dt.datetime(2026, 7, 1, 9, 0, tzinfo=dt.UTC)
OPERATOR = Actor("operator", "demo")
MARKETING = PurposeId("direct_marketing")
SEGMENT = SegmentId("loyal_buyers")
RECIPIENTS = (RecipientId("mailer"), RecipientId("ads"))


@dataclass
class Story:
    """What the steps find, told as they go."""

    settings: Settings
    work: Path
    customers: int | None
    quiet: bool
    result: dict[str, Any] = field(default_factory=dict)
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(START))

    def say(self, text: str = "") -> None:
        """Print for a person; to stderr when the result is to be JSON."""
        print(text, file=sys.stderr if self.quiet else sys.stdout, flush=True)

    def step(self, number: int, title: str) -> None:
        """Begin a step."""
        self.say(f"\n{number:>2}. {title}")


def tell(
    home: Path | None, policies: Path, *, customers: int | None = None, keep: bool = False, quiet: bool = False
) -> dict[str, Any]:
    """Run the whole story in a folder of its own and return its figures.

    Raises ``Conflict`` where ``home`` is a gateway's home already: the demo never touches one that is in use.
    """
    configure(json=True)
    began = time.monotonic()
    with _folder(home, keep=keep) as work:
        story = Story(Settings(home=work / "home", policies=policies), work, customers, quiet)
        files = _prepare(story)
        with open_gateway(story.settings, story.clock) as gateway:
            _into(story, gateway, files)
            lists = _out(story, gateway)
            _people(story, gateway, files, lists)
        _verify(story, began)
        if keep or home is not None:
            story.say(
                f"\nThe demo's home is {story.settings.home}: try `gateway --home {story.settings.home} audit show`"
            )
    return story.result


@contextlib.contextmanager
def _folder(home: Path | None, *, keep: bool) -> Iterator[Path]:
    if home is not None and (home / "home").exists():
        raise Conflict(f"{home} holds a demo already: remove it or name another folder")
    work = home or Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    work.mkdir(parents=True, exist_ok=True)
    try:
        yield work
    finally:
        if home is None and not keep:
            shutil.rmtree(work, ignore_errors=True)


def _prepare(story: Story) -> DemoFiles:
    story.say("Segmentation Gateway: 69,659 real purchases (CDNOW), fictional people in four languages")
    story.step(1, "A policy pack decides; its cases run first")
    results = check_pack(read_pack(story.settings.policies))
    story.say(f"    {len(results)} cases, {sum(not r.passed for r in results)} fail")
    story.step(2, "Two raw files arrive, full of personal data")
    files = write_demo_files(story.work / "raw", customers=story.customers)
    story.say(f"    {files.people:,} people with {files.notes:,} notes, {files.purchase_rows:,} purchases")
    initialise(story.settings, story.clock)
    return files


def _into(story: Story, gateway: Gateway, files: DemoFiles) -> None:
    story.step(3, "What is in the columns? The classifier proposes, an officer decides")
    with files.customers.open("rb") as stream:
        proposal = gateway.propose(stream, SourceId("webshop_customers"), name=files.customers.name)
    for column, finding in proposal.findings.items():
        story.say(
            f"    {column:18} {finding.category:16} {finding.confidence:4.2f}  {'; '.join(finding.evidence)[:84]}"
        )
    story.step(4, "The files go in: found, sealed, generalised, redacted; all of a file or nothing")
    reports = [_ingest(story, gateway, source, path) for source, path in _sources(files)]
    again = _ingest(story, gateway, *next(_sources(files)), told=False)
    story.say(f"    the same file once more: {'nothing changed' if again.already_ingested else 'INGESTED TWICE'}")
    story.result |= {
        "rows_ingested": sum(report.rows for report in reports),
        "rows_quarantined": sum(sum(report.quarantined.values()) for report in reports),
        "columns_quarantined": sum(len(report.undeclared_columns) for report in reports),
        "subjects": sum(report.new_subjects for report in reports),
        "ingest_twice_is_once": again.already_ingested,
    }


def _sources(files: DemoFiles) -> Iterator[tuple[SourceId, Path]]:
    yield SourceId("webshop_customers"), files.customers
    yield SourceId("webshop_purchases"), files.purchases


def _ingest(story: Story, gateway: Gateway, source: SourceId, path: Path, *, told: bool = True) -> IngestReport:
    with path.open("rb") as stream:
        report = gateway.ingest(stream, source, OPERATOR, name=path.name)
    if told:
        story.say(f"    {path.name}: {report.rows:,} rows stored, {report.new_subjects:,} people new")
        if report.quarantined:
            reasons = ", ".join(f"{reason} {rows}" for reason, rows in sorted(report.quarantined.items()))
            story.say(f"      in quarantine, sealed: {sum(report.quarantined.values())} rows ({reasons})")
        if report.undeclared_columns:
            story.say(f"      undeclared, sealed, not stored: {', '.join(report.undeclared_columns)}")
    return report


def _out(story: Story, gateway: Gateway) -> dict[str, list[str]]:
    story.step(5, "Segments: checked against policy, built on what is permitted now")
    for verdict in gateway.segments.check(OPERATOR):
        story.say(f"    {'permitted' if verdict.permitted else 'REFUSED'}: {verdict.id} for {verdict.purpose}")
    sizes = {d.id: gateway.build(SegmentId(d.id), OPERATOR).size for d in gateway.segments.all()}
    for segment, size in sizes.items():
        story.say(f"    {segment}: {size:,} people" if size else f"    {segment}: under the minimum, never leaves")
    story.step(6, "Two recipients receive the same segment, and hold nothing that joins")
    lists = {recipient: _pseudonyms(_release(gateway, recipient)) for recipient in RECIPIENTS}
    shared = set(lists[RECIPIENTS[0]]) & set(lists[RECIPIENTS[1]])
    for recipient, pseudonyms in lists.items():
        story.say(f"    {recipient}: {len(pseudonyms):,} pseudonyms, the first {pseudonyms[0]}")
    story.say(f"    pseudonyms in both lists: {len(shared)}")
    story.result |= {"segments": sizes, "recipients": list(lists), "shared_pseudonyms": len(shared)}
    return {str(recipient): pseudonyms for recipient, pseudonyms in lists.items()}


def _release(gateway: Gateway, recipient: RecipientId, *, delta: bool = False) -> ReleasePackage:
    return gateway.release(ReleaseRequest(SEGMENT, recipient, "csv", delta), OPERATOR)


def _pseudonyms(package: ReleasePackage) -> list[str]:
    return [row["pseudonym"] for row in csv.DictReader(package.data.decode().splitlines())]


def _people(story: Story, gateway: Gateway, files: DemoFiles, lists: dict[str, list[str]]) -> None:
    first, second = _two_members(gateway, files)
    story.step(7, "A person asks what we hold, and who looked (Art. 15)")
    known_as = _access(story, gateway, first)
    story.step(8, "She withdraws her consent; the next delta says so")
    story.clock.advance(dt.timedelta(hours=1))
    gateway.record_consent(first, Choice(MARKETING, ConsentStatus.WITHDRAWN, channel="demo"), OPERATOR)
    left = _left(_release(gateway, RECIPIENTS[0], delta=True))
    story.result["withdrawn_left_segment"] = known_as in left and known_as in lists["mailer"]
    story.say(f"    the mailer's delta: left {', '.join(left)}")
    story.step(9, "Another person asks to be erased (Art. 17)")
    story.clock.advance(dt.timedelta(hours=1))
    _erase(story, gateway, second)


def _two_members(gateway: Gateway, files: DemoFiles) -> tuple[tuple[str, str], tuple[str, str]]:
    """Two people who are in the segment now, with a note each, found by asking why (on record)."""
    found: list[tuple[str, str]] = []
    for row in csv.DictReader(files.customers.open(encoding="utf-8")):
        if row["note"] and row["email"] and row["marketing_consent"][:1].lower() in "kiyт":
            identifier = ("email", row["email"])
            answer = gateway.explain(SEGMENT, identifier, OPERATOR)
            if answer["permitted_now"] and answer["explanation"]["holds"]:
                found.append(identifier)
        if len(found) == 2:  # noqa: PLR2004 - one withdraws, one is erased
            return found[0], found[1]
    raise Conflict("the demo finds nobody to tell of: ask for more customers")


def _access(story: Story, gateway: Gateway, identifier: tuple[str, str]) -> str:
    package = gateway.access(identifier, OPERATOR).package
    releases, data = package["releases"], package["data"]
    looked = len(package["consultations"])
    story.say(
        f"    {len(data['identifiers'])} sealed values, {len(data['events'])} purchases, "
        f"{len(package['consents'])} choices, {len(package['segments'])} segments, "
        f"{len(releases)} releases, {looked} entries of the log about the person"
    )
    story.result["access"] = {"sections": sorted(package), "log_entries": looked, "releases": len(releases)}
    return str(next(r["pseudonym"] for r in releases if r["recipient"] == RECIPIENTS[0]))


def _left(package: ReleasePackage) -> list[str]:
    rows = csv.DictReader(package.data.decode().splitlines())
    return [row["pseudonym"] for row in rows if row["change"] == "left"]


def _erase(story: Story, gateway: Gateway, identifier: tuple[str, str]) -> None:
    answer = gateway.erase(identifier, OPERATOR)
    certificate = json.loads(verify_certificate(story.settings, answer.certificate or ""))
    gone = certificate["key"]["destroyed_at"] is not None
    traces = _traces(story.settings.home, identifier[1])
    story.result["erased"] = {
        "rows": answer.rows,
        "key_destroyed": gone,
        "certificate_valid": True,
        "found_after": answer.found_after or traces > 0,
    }
    left = _left(_release(gateway, RECIPIENTS[1], delta=True))
    story.result["erased"]["recipient_told"] = len(left) > 0
    story.say(
        f"    {answer.rows} rows and the person's own key destroyed; certificate {certificate['cert_id']} verifies"
    )
    story.say(f"    files of the home folder in which the address is found: {traces}; the ads' delta: left {len(left)}")


def _traces(home: Path, value: str) -> int:
    needle = value.encode()
    return sum(needle in path.read_bytes() for path in home.rglob("*") if path.is_file())


def _verify(story: Story, began: float) -> None:
    story.step(10, "Anybody verifies the log; it survived the erasure")
    verified = verify_log(story.settings.home / "audit", None)
    story.result["audit"] = {"entries": verified.size, "verified": True, "root": verified.root.hex()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    story.result |= {"seconds": round(time.monotonic() - began, 1), "peak_memory_mb": round(peak)}
    story.say(f"    {verified.size} entries, root {verified.root.hex()}")
    story.say(f"\n{story.result['seconds']} seconds, {story.result['peak_memory_mb']} MB at most")
