"""The story that `make demo` tells: real purchases, fictional people, from raw files to an erased person."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import re
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.demo.columns import decided_columns
from gateway.demo.ending import erased, verified
from gateway.demo.evidence import Person
from gateway.demo.identities import DemoFiles, write_demo_files
from gateway.demo.telling import Teller, in_words, listed, plural
from gateway.flows.ingest_report import IngestReport
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
from gateway.wiring import Gateway, initialise, open_gateway, read_pack

START = dt.datetime(2026, 7, 1, 9, 0, tzinfo=dt.UTC)
OPERATOR = Actor("operator", "demo")
MARKETING = PurposeId("direct_marketing")
SEGMENT = SegmentId("loyal_buyers")
MAILER, ADS = RecipientId("mailer"), RecipientId("ads")
DRAFT = """
id: people_with_a_diagnosis
purpose: direct_marketing
title: {en: People with a diagnosis}
where: {field: health_note, exists: true}
"""


@dataclass
class Story:
    """What the steps find, told as they go."""

    settings: Settings
    work: Path
    customers: int | None
    teller: Teller
    result: dict[str, Any] = field(default_factory=dict)
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(START))

    def say(self, text: str) -> None:
        """Tell a sentence."""
        self.teller.say(text)

    def step(self, number: int, title: str) -> None:
        """Begin a step, an hour after the one before."""
        self.teller.step(number, title)
        self.clock.advance(dt.timedelta(hours=1))


def tell(
    home: Path | None, policies: Path, *, customers: int | None = None, keep: bool = False, quiet: bool = False
) -> dict[str, Any]:
    """Run the whole story in a folder of its own and return its figures.

    Raises ``Conflict`` where ``home`` is a gateway's home or a demo's already: the demo never touches one in use.
    """
    configure(json=True)
    began = time.monotonic()
    with _folder(home, keep=keep) as work:
        story = Story(Settings(home=work / "home", policies=policies), work, customers, Teller(quiet))
        files = _prepare(story)
        with open_gateway(story.settings, story.clock) as gateway:
            _into(story, gateway, files)
            lists = _out(story, gateway)
            _people(story, gateway, files, lists)
        _verify(story)
        _end(story, began, kept=keep or home is not None)
    return story.result


@contextlib.contextmanager
def _folder(home: Path | None, *, keep: bool) -> Iterator[Path]:
    if home is not None and any((home / name).exists() for name in ("home", "raw", "vault.sqlite")):
        raise Conflict(f"{home} holds a demo or a gateway's home already: remove it or name another folder")
    work = home or Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    work.mkdir(parents=True, exist_ok=True)
    try:
        yield work
    finally:
        if home is None and not keep:
            shutil.rmtree(work, ignore_errors=True)


def _prepare(story: Story) -> DemoFiles:
    story.teller.title("Segmentation Gateway: real purchases (CDNOW), fictional people in four languages")
    story.step(1, "A policy pack decides what is permitted. Its own cases run first")
    results = check_pack(read_pack(story.settings.policies))
    story.say(f"{len(results)} cases, {sum(not r.passed for r in results)} fail: what no rule permits is denied")
    story.step(2, "Two raw files arrive, full of personal data")
    files = write_demo_files(story.work / "raw", customers=story.customers)
    story.say(f"webshop_customers.csv   {files.people:>7,} people, {files.notes:,} of them with a free-text note")
    story.say(f"webshop_purchases.csv   {files.purchase_rows:>7,} purchases")
    initialise(story.settings, story.clock)
    return files


def _into(story: Story, gateway: Gateway, files: DemoFiles) -> None:
    story.step(3, "What is in the columns? The classifier proposes, an officer decides, the contract says so")
    with files.customers.open("rb") as stream:
        proposal = gateway.propose(stream, SourceId("webshop_customers"), name=files.customers.name)
    for line in decided_columns(proposal.findings, gateway.house.catalogue):
        story.teller.row(line)
    story.step(4, "The files go in: all of a file, or nothing")
    sources = ((SourceId("webshop_customers"), files.customers), (SourceId("webshop_purchases"), files.purchases))
    reports = [_ingest(story, gateway, source, path) for source, path in sources]
    again = _ingest(story, gateway, *sources[0], told=False)
    story.say(f"the first file once more: {'nothing changed' if again.already_ingested else 'INGESTED TWICE'}")
    story.result |= {
        "rows_ingested": sum(report.rows for report in reports),
        "rows_quarantined": sum(sum(report.quarantined.values()) for report in reports),
        "columns_quarantined": sum(len(report.undeclared_columns) for report in reports),
        "subjects": sum(report.new_subjects for report in reports),
        "ingest_twice_is_once": again.already_ingested,
    }


def _ingest(story: Story, gateway: Gateway, source: SourceId, path: Path, *, told: bool = True) -> IngestReport:
    with path.open("rb") as stream:
        report = gateway.ingest(stream, source, OPERATOR, name=path.name)
    if told:
        story.say(f"{path.name}   {report.rows:>7,} rows stored, {report.new_subjects:,} people new")
        if report.quarantined:
            reasons = listed([f"{rows} {in_words(reason)}" for reason, rows in sorted(report.quarantined.items())])
            story.say(f"  {plural(sum(report.quarantined.values()), 'row')} sealed in quarantine: {reasons}")
        if report.undeclared_columns:
            story.say(f"  sealed and not stored, for no contract declares it: {listed([*report.undeclared_columns])}")
    return report


def _out(story: Story, gateway: Gateway) -> dict[RecipientId, list[str]]:
    story.step(5, "Segments: policy is asked first, then who permits the purpose now")
    sizes: dict[str, int | None] = {}
    for verdict in gateway.segments.check(OPERATOR):
        sizes[verdict.id] = size = gateway.build(verdict.id, OPERATOR).size if verdict.permitted else None
        told = plural(size, "person", "people") if size else "under the minimum or refused: it never leaves"
        story.say(f"{verdict.id:<22} {told:>14}   {verdict.purpose}")
    story.say(f"{'a draft on health_note':<22} {'refused':>14}   {_refusal(gateway)}")
    story.step(6, "Two recipients get the same segment, and hold nothing that joins")
    lists = {recipient: _pseudonyms(_release(gateway, recipient)) for recipient in (MAILER, ADS)}
    for recipient, pseudonyms in lists.items():
        story.say(f"{recipient:<8} {plural(len(pseudonyms), 'pseudonym')}, for example {pseudonyms[0]}")
    shared = set(lists[MAILER]) & set(lists[ADS])
    story.say(f"pseudonyms in both lists: {len(shared)}")
    story.result |= {"segments": sizes, "recipients": [*map(str, lists)], "shared_pseudonyms": len(shared)}
    return lists


def _refusal(gateway: Gateway) -> str:
    """Ask for a segment that must not be; the answer names the rule."""
    verdict = gateway.segments.check_draft(DRAFT, OPERATOR)
    if verdict.permitted:
        return "PERMITTED"
    rule = re.search(r"rule `([\w-]+)`", verdict.reasons[0])
    return f"by the rule {rule.group(1)}" if rule else "prohibited"


def _release(gateway: Gateway, recipient: RecipientId, *, delta: bool = False) -> ReleasePackage:
    return gateway.release(ReleaseRequest(SEGMENT, recipient, "csv", delta), OPERATOR).value


def _pseudonyms(package: ReleasePackage) -> list[str]:
    return [row["pseudonym"] for row in csv.DictReader(package.data.decode().splitlines())]


def _left(package: ReleasePackage) -> list[str]:
    rows = csv.DictReader(package.data.decode().splitlines())
    return [row["pseudonym"] for row in rows if row["change"] == "left"]


def _people(story: Story, gateway: Gateway, files: DemoFiles, lists: dict[RecipientId, list[str]]) -> None:
    story.step(7, "A person asks what we hold, and who looked (Art. 15)")
    first, second = _two_members(gateway, files)
    known_as = _access(story, gateway, first)
    story.step(8, "The person withdraws their consent; it bites at once")
    gateway.record_consent(first.identifier, Choice(MARKETING, ConsentStatus.WITHDRAWN, channel="demo"), OPERATOR)
    left, fresh = _left(_release(gateway, MAILER, delta=True)), _pseudonyms(_release(gateway, MAILER))
    was_in, told = known_as[MAILER] in lists[MAILER], known_as[MAILER] in left
    story.result["withdrawn_left_segment"] = was_in and told and known_as[MAILER] not in fresh
    story.say(f"the mailer's next delta: {len(left)} left, {', '.join(left)}")
    story.say(f"the mailer's next full list: {plural(len(fresh), 'pseudonym')}, that one not among them")
    story.step(9, "Another person asks to be erased (Art. 17)")
    story.result["erased"] = erased(gateway, story.settings, second, OPERATOR, story.say)
    gone = set(_left(_release(gateway, ADS, delta=True)))
    told = len(gone - {known_as[ADS]}) == 1 and gone <= set(lists[ADS])
    story.result["erased"]["recipient_told"] = told
    story.say(f"the ads' next delta: {len(gone)} left, the one who withdrew and the one who was erased")


def _two_members(gateway: Gateway, files: DemoFiles) -> tuple[Person, Person]:
    """Two people who are in the segment now, one with an English note that names them; each look is on record."""
    found: dict[bool, Person] = {}
    with files.customers.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            told = row["language"] == "en" and (row["phone"] or "-") in (row["note"] or "")
            if row["email"] and row["note"] and told not in found and _is_member(gateway, row["email"]):
                found[told] = Person(row)
            if len(found) == 2:  # noqa: PLR2004 - one withdraws, one is erased
                return found[True], found[False]
    raise Conflict("the demo finds nobody to tell of: ask for more customers")


def _is_member(gateway: Gateway, email: str) -> bool:
    answer = gateway.explain(SEGMENT, ("email", email), OPERATOR).value
    return bool(answer["permitted_now"] and answer["explanation"]["holds"])


def _access(story: Story, gateway: Gateway, person: Person) -> dict[RecipientId, str]:
    package = gateway.access(person.identifier, OPERATOR).value.package
    data, releases, looks = package["data"], package["releases"], package["consultations"]
    story.say(
        f"the package: {plural(len(data['identifiers']), 'sealed value')}, {plural(len(data['events']), 'purchase')}, "
        f"{plural(len(package['consents']), 'choice')}, {plural(len(package['segments']), 'segment membership')}, "
        f"{plural(len(releases), 'release')}, {plural(len(looks), 'entry', 'entries')} of the log"
    )
    stored = next(each["value"] for each in data["profile"] if each["name"] == "feedback")
    story.say(f"their note as it was sent:  {person.row['note']}")
    story.say(f"their note as it is stored: {stored}")
    story.say("(their own names and numbers are found, and most names of others, by rules; some names may stay)")
    story.result["access"] = {"sections": sorted(package), "log_entries": len(looks), "releases": len(releases)}
    return {RecipientId(each["recipient"]): str(each["pseudonym"]) for each in releases}


def _verify(story: Story) -> None:
    story.step(10, "Anybody verifies the log, without the gateway and its keys")
    story.result["audit"] = verified(story.settings.home / "audit", story.work, story.say)


def _end(story: Story, began: float, *, kept: bool) -> None:
    story.teller.end()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    story.result |= {"seconds": round(time.monotonic() - began, 1), "peak_memory_mb": round(peak)}
    words = (
        f"\nThe whole story took {story.result['seconds']} seconds and {story.result['peak_memory_mb']:,} MB at most."
    )
    if kept:
        words += f"\nIts home is {story.settings.home}: try `gateway --home {story.settings.home} audit show`"
    story.teller.close(words)
