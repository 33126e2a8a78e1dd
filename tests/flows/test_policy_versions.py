"""What an officer put in force is what happens: from its instant, for everybody, with its name on everything."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.flows.permissions import permitted_purposes
from gateway.flows.policy_versions import Officer, VersionState
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import Conflict, GatewayError, IntegrityFailure, InvalidInput, NotPermitted, Unavailable
from gateway.foundation.settings import Settings
from gateway.store.errors import SchemaMismatch
from gateway.vocabulary.events import Actor
from gateway.vocabulary.names import SegmentId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import TESTER, as_csv, customers, filled, ingest
from tests.versions import (
    LIISA,
    OLLI,
    REPORT,
    approved,
    following,
    put_in_force,
    renumbered,
    rolled_back,
    without_stale_cases,
)

LOYAL = SegmentId("loyal_buyers")
DAY = dt.timedelta(days=1)
SHOE_SIZE = """
  - id: shoe_size
    title: {en: Shoe size, fi: Kengännumero, hu: Cipőméret, uk: Розмір взуття}
    category: user.behavior.loyalty
    dpv: pd:PurchasesAndSpendingHabit
    kind: attribute
    type: integer  # shoes
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(Settings().policies, tmp_path / "pack"))


def edit(pack: Path, file: str, old: str, new: str) -> None:
    text = (pack / file).read_text(encoding="utf-8")
    assert old in text
    (pack / file).write_text(text.replace(old, new), encoding="utf-8")


def with_shoe_size(pack: Path) -> None:
    """Let the customers' source bring a field more."""
    (pack / "fields.yaml").write_text((pack / "fields.yaml").read_text() + SHOE_SIZE)
    edit(pack, "retention.yaml", "      - loyalty_tier\n", "      - loyalty_tier\n      - shoe_size\n")
    edit(
        pack,
        "sources.yaml",
        "      loyalty_tier: loyalty_tier\n",
        "      loyalty_tier: loyalty_tier\n      shoe_size: shoe_size\n",
    )
    rules = (pack / "rules" / "permissions.yaml").read_text()
    (pack / "rules" / "permissions.yaml").write_text(
        rules.replace("          - loyalty_tier\n", "          - loyalty_tier\n          - shoe_size\n", 1)
    )
    without_stale_cases(pack)


SEVENTEEN = "2009-03-14"


def ask_for_eighteen(pack: Path) -> None:
    purposes = pack / "purposes.yaml"
    text, found = re.subn(r"minimum_age: .*", "minimum_age: 18", purposes.read_text(encoding="utf-8"))
    assert found == 1
    purposes.write_text(text, encoding="utf-8")
    without_stale_cases(pack)


def size(gateway: Gateway) -> int | None:
    return gateway.build(LOYAL, TESTER).size


def actions(gateway: Gateway) -> list[tuple[str, str]]:
    """The entries of the log about versions, each with its version."""
    entries = gateway.house.recorder.entries()
    return [
        (e["action"], e["policy"].split("@")[1].split(":")[0]) for e in entries if e["action"].startswith("policy.")
    ]


def without_the_segment(gateway: Gateway, pack: Path) -> str:
    """Approve a version that lacks `lapsed_buyers`; return its number."""
    (pack / "segments" / "lapsed_buyers.yaml").unlink()
    return approved(gateway, renumbered(pack, *following(gateway)))


def has_the_segment(gateway: Gateway) -> bool:
    return "lapsed_buyers" in {definition.id for definition in gateway.segments.all()}


def refused(reason: str, error: type[GatewayError]) -> pytest.RaisesExc[GatewayError]:
    return pytest.RaisesExc(error, check=lambda found: found.reasons == (reason,))


def test_a_new_home_has_the_folder_in_force(gateway: Gateway) -> None:
    (first,) = gateway.policies.list()
    assert (first.state, first.version.note, first.version.drafted_by) == (VersionState.ACTIVE, "initial", "cli")
    assert first.version.label == gateway.house.catalogue.label
    (initialised,) = gateway.house.recorder.entries()
    assert (initialised["action"], initialised["policy"]) == ("gateway.initialised", first.version.label)


def test_every_step_is_on_record_with_version_and_digest_and_nothing_else(gateway: Gateway, pack: Path) -> None:
    number = put_in_force(gateway, pack)
    steps = ("drafted", "simulated", "approved", "activated")
    assert actions(gateway) == [(f"policy.{step}", number) for step in steps] + [("policy.superseded", "1.0.0")]
    label = gateway.policies.get(number).version.label
    assert gateway.house.catalogue.label == label
    for entry in list(gateway.house.recorder.entries())[1:5]:
        assert entry.keys() == {"v", "id", "ts", "actor", "action", "decision", "policy"}
        assert entry["policy"] == label
    filled(gateway)
    snapshot, _ = gateway.build.snapshot(LOYAL, TESTER)
    assert snapshot.pack == label
    assert {e["policy"] for e in list(gateway.house.recorder.entries())[6:]} == {label}


def test_a_changed_folder_changes_nothing_and_doctor_says_so(
    settings: Settings, clock: FrozenClock, pack: Path
) -> None:
    initialise(settings, clock)
    (pack / "segments" / "lapsed_buyers.yaml").unlink()
    with open_gateway(settings.model_copy(update={"policies": pack}), clock) as gateway:
        assert has_the_segment(gateway)
        findings = {finding.check: finding for finding in gateway.doctor()}
        assert all(finding.ok for finding in findings.values())
        assert "gateway policy draft" in findings["folder of drafts"].advice
        put_in_force(gateway, pack)
        assert not has_the_segment(gateway)
    with open_gateway(settings, clock) as gateway:
        assert not has_the_segment(gateway)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("sources.yaml", "kind:", "knid:", "sources.yaml"),
        ("segments/loyal_buyers.yaml", "purpose:", "purpos:", "loyal_buyers"),
        ("cases/store.yaml", "columns: [amount, quantity]", "columns: [amount]", "purchases-are-stored"),
        ("purposes.yaml", "bit: 1", "bit: 41", "another bit"),
    ],
)
def test_a_broken_draft_leaves_what_is_in_force(
    gateway: Gateway, pack: Path, file: str, old: str, new: str, words: str
) -> None:
    label = gateway.house.catalogue.label
    edit(pack, file, old, new)
    with pytest.raises(GatewayError, match=words):
        gateway.policies.draft(renumbered(pack, "1.1.0", "1.0.0"), LIISA)
    assert gateway.house.catalogue.label == label
    assert len(gateway.policies.list()) == 1
    assert actions(gateway) == []


def test_a_number_is_taken_once(gateway: Gateway, pack: Path) -> None:
    files = renumbered(pack, "1.1.0", "1.0.0")
    first = gateway.policies.draft(files, LIISA)
    assert gateway.policies.draft(files, OLLI) == first
    with refused("version_taken", Conflict):
        gateway.policies.draft(files | {"CHANGELOG.md": "another"}, LIISA)
    assert actions(gateway) == [("policy.drafted", "1.1.0")]


def test_a_dry_run_keeps_nothing(gateway: Gateway, pack: Path) -> None:
    shown = gateway.policies.draft(renumbered(pack, "1.1.0", "1.0.0"), LIISA, dry_run=True)
    assert shown.state is VersionState.DRAFT
    assert (len(gateway.policies.list()), actions(gateway)) == (1, [])


def test_a_second_person_approves(settings: Settings, clock: FrozenClock, pack: Path) -> None:
    initialise(settings, clock)
    files = renumbered(pack, "1.1.0", "1.0.0")
    with open_gateway(settings, clock) as gateway:
        gateway.policies.draft(files, LIISA)
        with refused("not_simulated", Conflict):
            gateway.policies.approve("1.1.0", OLLI)
        gateway.policies.record_simulation("1.1.0", REPORT, LIISA)
        with refused("second_person_needed", NotPermitted):
            gateway.policies.approve("1.1.0", LIISA)
        assert actions(gateway) == [("policy.drafted", "1.1.0"), ("policy.simulated", "1.1.0")]
    with open_gateway(settings.model_copy(update={"four_eyes": False}), clock) as gateway:
        assert gateway.policies.approve("1.1.0", LIISA).state is VersionState.APPROVED


@pytest.mark.parametrize("officer", [Officer(Actor("operator", "cli"), " "), Officer(Actor("operator", "cli"), "a\nb")])
def test_words_are_one_bounded_line(gateway: Gateway, pack: Path, officer: Officer) -> None:
    with refused("unfit_words", InvalidInput):
        gateway.policies.draft(renumbered(pack, "1.1.0", "1.0.0"), officer)
    with refused("unfit_digest", InvalidInput):
        gateway.policies.record_simulation("1.0.0", "ab", LIISA)


def test_a_running_service_turns_at_the_instant(gateway: Gateway, clock: FrozenClock, pack: Path) -> None:
    number = without_the_segment(gateway, pack)
    starts = clock.now() + DAY
    assert gateway.policies.activate(number, OLLI, at=starts).state is VersionState.SCHEDULED
    clock.advance(DAY - dt.timedelta(microseconds=1))
    gateway.begin()
    assert has_the_segment(gateway)
    clock.advance(dt.timedelta(microseconds=1))
    assert has_the_segment(gateway)  # a journey that is under way keeps to the version that it began with
    gateway.begin()
    assert not has_the_segment(gateway)
    assert actions(gateway)[-1] == ("policy.superseded", "1.0.0")
    gateway.begin()
    assert len(actions(gateway)) == 5


def test_what_writes_turns_too(gateway: Gateway, clock: FrozenClock, pack: Path) -> None:
    number = without_the_segment(gateway, pack)
    gateway.policies.activate(number, OLLI, at=clock.now() + DAY)
    clock.advance(DAY)
    filled(gateway)
    label = gateway.policies.get(number).version.label
    accepted = [e["policy"] for e in gateway.house.recorder.entries() if e["action"] == "batch.accepted"]
    assert accepted == [label, label]


def test_a_home_that_was_closed_at_the_instant_turns_when_opened(
    settings: Settings, clock: FrozenClock, pack: Path
) -> None:
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        number = without_the_segment(gateway, pack)
        gateway.policies.activate(number, OLLI, at=clock.now() + DAY)
    clock.advance(DAY)
    with open_gateway(settings, clock) as gateway:
        assert not has_the_segment(gateway)
        assert actions(gateway)[-1] == ("policy.superseded", "1.0.0")


def test_a_version_is_not_in_force_before_it_is_effective(gateway: Gateway, pack: Path) -> None:
    edit(pack, "pack.yaml", "effective_from: 2026-01-01T00:00:00Z", "effective_from: 2026-07-03T00:00:00Z")
    without_stale_cases(pack)
    number = approved(gateway, renumbered(pack, "1.1.0", "1.0.0"))
    shown = gateway.policies.activate(number, OLLI)
    assert (shown.state, shown.starts) == (VersionState.SCHEDULED, dt.datetime(2026, 7, 3, tzinfo=dt.UTC))
    assert gateway.house.policy.base.catalogue.version == "1.0.0"


def test_a_version_is_not_put_off_beyond_the_calendar(gateway: Gateway, pack: Path) -> None:
    version = approved(gateway, renumbered(pack, *following(gateway)))
    for hours in (-5, 0):
        last = dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.timezone(dt.timedelta(hours=hours)))
        with pytest.raises(InvalidInput, match="too far in the future"):
            gateway.policies.activate(version, OLLI, at=last)


def test_a_refused_activation_leaves_no_column_behind(gateway: Gateway, pack: Path) -> None:
    """Nor does it keep an approved version with another type from coming into force."""
    with_shoe_size(pack)
    number = gateway.policies.draft(renumbered(pack, *following(gateway)), LIISA).version.version
    with refused("not_approved", Conflict):
        gateway.policies.activate(number, LIISA)
    with refused("never_in_force", Conflict):
        gateway.policies.roll_back(number, LIISA, reason="a test")
    edit(pack, "fields.yaml", "type: integer  # shoes", "type: text")
    number = approved(gateway, renumbered(pack, *following(gateway)))
    assert gateway.policies.activate(number, OLLI).state is VersionState.ACTIVE


def test_roll_back_at_once_with_a_reason(gateway: Gateway, pack: Path) -> None:
    put_in_force(gateway, pack)
    shown = gateway.policies.roll_back("1.0.0", LIISA, reason="too many left")
    assert (shown.state, shown.steps[-1].note) == (VersionState.ACTIVE, "too many left")
    assert gateway.house.policy.base.catalogue.version == "1.0.0"
    assert actions(gateway)[-2:] == [("policy.rolled_back", "1.0.0"), ("policy.superseded", "2.0.0")]
    assert "too many" not in repr(list(gateway.house.recorder.entries()))


class TestEffect:
    """Masks follow in the same flow; nobody gains by what is not known."""

    def test_a_withdrawn_notice_bites_at_once(self, gateway: Gateway, pack: Path) -> None:
        filled(gateway)
        assert size(gateway) == 150
        for file in pack.rglob("*.yaml"):
            file.write_text(file.read_text().replace("webshop-2026-05", "webshop-2026-09"))
        put_in_force(gateway, pack)
        subject = gateway.house.find(("customer_number", "C00001"))
        assert subject is not None
        stored = gateway.house.store.permissions([subject]).column("permits").to_pylist()[0]
        bit = gateway.house.catalogue.purposes["direct_marketing"].bit  # type: ignore[index] # an id
        assert not stored & (1 << bit)
        assert size(gateway) is None
        assert all(finding.ok for finding in gateway.doctor())
        rolled_back(gateway, "1.0.0")
        assert size(gateway) == 150

    def test_a_higher_age_closes_only_those_whom_nothing_shows_to_be_that_old(
        self, gateway: Gateway, pack: Path
    ) -> None:
        """The stored age band shows it of grown-ups; and a way back restores whoever was of age before."""
        filled(gateway)
        ingest(gateway, as_csv(customers(range(1, 51), birth_date=SEVENTEEN)))
        before = gateway.house.policy.base.catalogue.version
        assert size(gateway) == 150
        ask_for_eighteen(pack)
        put_in_force(gateway, pack)
        assert size(gateway) == 100
        for officer in (OLLI, LIISA):  # it opens more, so it takes two
            gateway.policies.roll_back(before, officer, reason="too strict")
        assert size(gateway) == 150

    def test_a_field_more_is_stored_from_then_on(self, gateway: Gateway, pack: Path) -> None:
        filled(gateway, 20)
        with_shoe_size(pack)
        put_in_force(gateway, pack)
        rows = [row | {"shoe_size": "42"} for row in customers(range(1, 21))]
        assert not ingest(gateway, as_csv(rows)).undeclared_columns
        ref = gateway.house.find(("customer_number", "C00001"))
        assert ref is not None
        assert gateway.house.store.profile_of(ref, on_behalf="req_x")["shoe_size"] == 42  # type: ignore[arg-type]
        rolled_back(gateway, "1.0.0")
        again = ingest(gateway, as_csv([row | {"city": "Oulu"} for row in rows]))
        assert list(again.undeclared_columns) == ["shoe_size"]

    def test_a_column_never_changes_its_type(self, gateway: Gateway, pack: Path) -> None:
        with_shoe_size(pack)
        put_in_force(gateway, pack)
        edit(pack, "fields.yaml", "type: integer  # shoes", "type: text")
        number = approved(gateway, renumbered(pack, *following(gateway)))
        with pytest.raises(SchemaMismatch):
            gateway.policies.activate(number, OLLI)
        assert gateway.policies.get(number).state is VersionState.APPROVED
        assert gateway.house.policy.base.catalogue.version == "2.0.0"


class TestClosed:
    """Where the registry or the log fails, nothing moves."""

    def test_texts_that_were_changed_underneath_open_nothing(self, settings: Settings, clock: FrozenClock) -> None:
        initialise(settings, clock)
        with closing(sqlite3.connect(settings.home / "operational.sqlite")) as raw:
            raw.executescript(f"DROP TRIGGER policy_version_no_update; UPDATE policy_version SET digest = '{'b' * 64}'")
        with pytest.raises(IntegrityFailure, match="backup"), open_gateway(settings, clock):
            pass

    def test_a_turn_that_fails_stops_every_journey_until_it_is_done(
        self, gateway: Gateway, clock: FrozenClock, pack: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number = without_the_segment(gateway, pack)
        gateway.policies.activate(number, OLLI, at=clock.now() + DAY)
        clock.advance(DAY)
        with monkeypatch.context() as patch:
            patch.setattr(type(gateway.house.store), "follow", _no_room)
            for _ in range(2):
                with pytest.raises(Unavailable):
                    gateway.begin()
                with pytest.raises(Unavailable):
                    filled(gateway)
        filled(gateway)
        assert not has_the_segment(gateway)


def _no_room(*_: object) -> None:
    raise Unavailable("no room")


def test_a_permission_asked_for_one_person_follows_too(gateway: Gateway, pack: Path) -> None:
    filled(gateway, 1, birth_date=SEVENTEEN)
    subject = gateway.house.find(("customer_number", "C00001"))
    assert subject is not None
    ask_for_eighteen(pack)
    put_in_force(gateway, pack)
    assert "direct_marketing" not in permitted_purposes(gateway.house, subject, gateway.house.clock.now())
