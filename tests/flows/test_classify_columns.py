"""An undeclared column waits, sealed, until an officer has decided; then the next batch obeys, and the log names it."""

from __future__ import annotations

import datetime as dt
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.flows.classify_columns import Classification, Effect, InboxItem, InboxState, Wish
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import InvalidInput, NotFound
from gateway.foundation.settings import Settings
from gateway.vocabulary.names import FieldId, RequestId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import CUSTOMERS, PURCHASES, TESTER, as_csv, customers, ingest, purchases
from tests.versions import LIISA, OLLI, decided, put_in_force

PEOPLE = range(1, 41)
IGNORE, KEEP = Wish(Classification.IGNORED), Wish(Classification.KEPT_SEALED)


def a_file(extra: Mapping[str, str], numbers: range = PEOPLE) -> bytes:
    return as_csv([row | extra for row in customers(numbers)])


def field(name: str, **options: str) -> Wish:
    return Wish(Classification.FIELD, FieldId(name), **options)


def the(gateway: Gateway, column: str) -> InboxItem:
    (item,) = [item for item in gateway.inbox.list(TESTER).value if item.column == column]
    return item


def decide(gateway: Gateway, column: str, wish: Wish) -> InboxItem:
    return decided(gateway, gateway.inbox.find(CUSTOMERS, column), wish).item


def gender_of_somebody(gateway: Gateway) -> object:
    reference = gateway.house.find(("email", "person.7@example.org"))
    assert reference is not None
    return gateway.house.store.profile_of(reference, on_behalf=RequestId("req_test")).get("gender")


def test_a_column_waits_until_somebody_decides(gateway: Gateway, clock: FrozenClock) -> None:
    report = ingest(gateway, a_file({"sukupuoli": "nainen", "x_score": "7"}))
    assert set(report.undeclared_columns) == {"sukupuoli", "x_score"}
    item = the(gateway, "sukupuoli")
    assert (item.state, item.effect, item.field, item.decisions) == (InboxState.PENDING, Effect.SEALED, "gender", ())
    assert (item.first_seen, item.last_seen, item.batches) == (clock.now(), clock.now(), 1)
    assert item.evidence
    assert "nainen" not in repr(item)


def test_accepted_it_is_read_from_then_on_and_the_file_may_come_again(gateway: Gateway) -> None:
    data = a_file({"sukupuoli": "nainen"})
    ingest(gateway, data)
    before = gateway.house.catalogue.label
    assert gender_of_somebody(gateway) is None
    done = decided(gateway, gateway.inbox.find(CUSTOMERS, "sukupuoli"), Wish(None, note="seen by eye"))
    assert done.item.effect is Effect.READ
    assert done.reingest
    assert "ingest the file again" in done.advice
    again = ingest(gateway, data)
    assert not again.already_ingested
    assert (again.rows, again.new_subjects, again.undeclared_columns) == (40, 0, ())
    accepted = list(gateway.house.recorder.entries())[-1]
    assert gender_of_somebody(gateway) == "nainen"
    assert "gender" in accepted["fields"]
    assert accepted["policy"] == done.policy == gateway.house.catalogue.label != before
    assert ingest(gateway, data).already_ingested


def test_ignored_it_is_read_over_and_need_not_come(gateway: Gateway) -> None:
    ingest(gateway, a_file({"turha": "1"}))
    assert decide(gateway, "turha", IGNORE).effect is Effect.IGNORED
    assert ingest(gateway, a_file({"turha": "2"})).undeclared_columns == ()
    assert ingest(gateway, a_file({}, range(50, 60))).rows == 10


def test_kept_sealed_nobody_is_asked_again(gateway: Gateway) -> None:
    ingest(gateway, a_file({"hobby": "golf"}))
    item = decide(gateway, "hobby", KEEP)
    assert (item.state, item.effect) == (InboxState.DECIDED, Effect.SEALED)
    assert ingest(gateway, a_file({"hobby": "chess"})).undeclared_columns == ("hobby",)
    assert gateway.inbox.list(TESTER, state=InboxState.PENDING).value == ()
    assert the(gateway, "hobby").batches == 2


def test_a_field_that_the_rules_refuse_stays_sealed(gateway: Gateway) -> None:
    ingest(gateway, a_file({"allergia": "pähkinä"}))
    label = gateway.house.catalogue.label
    item = decide(gateway, "allergia", field("health_note"))
    assert (item.state, item.effect) == (InboxState.DECIDED, Effect.SEALED)
    assert any("special-categories-default" in reason for reason in item.because)
    assert gateway.house.catalogue.label == label
    assert ingest(gateway, a_file({"allergia": "kala"})).undeclared_columns == ("allergia",)


def test_a_later_decision_supersedes_and_both_stay_visible(gateway: Gateway, clock: FrozenClock) -> None:
    ingest(gateway, a_file({"sukupuoli": "nainen"}))
    label = gateway.house.catalogue.label
    decide(gateway, "sukupuoli", Wish(None))
    clock.advance(dt.timedelta(hours=1))
    item = decide(gateway, "sukupuoli", KEEP)
    assert [d.classification for d in item.decisions] == [Classification.FIELD, Classification.KEPT_SEALED]
    assert [(d.by, d.confirmed_by) for d in item.decisions] == [("Liisa", "Olli"), ("Liisa", None)]
    assert item.decisions[0].at < item.decisions[1].at == clock.now()
    assert gateway.house.catalogue.label == label
    assert ingest(gateway, a_file({"sukupuoli": "mies"})).undeclared_columns == ("sukupuoli",)


def test_the_log_has_one_entry_for_each_step_and_no_header_name_or_note(gateway: Gateway) -> None:
    ingest(gateway, a_file({"Liisa Esimerkki": "nainen"}))
    size = len(list(gateway.house.recorder.entries()))
    done = decided(gateway, gateway.inbox.find(CUSTOMERS, "Liisa Esimerkki"), field("gender", note="as Liisa said"))
    steps = list(gateway.house.recorder.entries())[size:]
    assert [step["action"] for step in steps] == ["column.proposed", "column.classified"]
    assert [step["reasons"] for step in steps] == [["field", "overridden"], ["field", "overridden", "confirmed"]]
    for step in steps:
        assert (step["source"], step["fields"]) == (CUSTOMERS, ["gender"])
        assert (step["request"], step["policy"]) == (done.decision, done.policy)
        assert "Liisa" not in repr(step)
        assert "Olli" not in repr(step)


def test_a_dry_run_changes_nothing(gateway: Gateway) -> None:
    ingest(gateway, a_file({"sukupuoli": "nainen"}))
    entries = len(list(gateway.house.recorder.entries()))
    done = gateway.inbox.decide(gateway.inbox.find(CUSTOMERS, "sukupuoli"), Wish(None), OLLI, dry_run=True).value
    assert [entry["action"] for entry in list(gateway.house.recorder.entries())[entries:]] == ["inbox.read"]
    assert (done.item.effect, done.decision) == (Effect.READ, None)
    assert done.policy != gateway.house.catalogue.label
    assert the(gateway, "sukupuoli").decisions == ()


def test_events_do_not_come_twice(gateway: Gateway) -> None:
    ingest(gateway, a_file({}))
    data = as_csv([row | {"ryhmä": "shoes"} for row in purchases(PEOPLE)])
    ingest(gateway, data, PURCHASES)
    done = decided(gateway, gateway.inbox.find(PURCHASES, "ryhmä"), field("product_category"))
    assert (done.item.effect, done.reingest) == (Effect.READ, False)
    assert "not taken in twice" in done.advice
    assert ingest(gateway, data, PURCHASES).already_ingested


def test_new_evidence_updates_what_waits_and_an_empty_column_does_not(gateway: Gateway, clock: FrozenClock) -> None:
    ingest(gateway, a_file({"extra": "nainen"}))
    clock.advance(dt.timedelta(hours=1))
    ingest(gateway, as_csv([row | {"extra": f"p{i}@example.org"} for i, row in enumerate(customers(PEOPLE))]))
    found = the(gateway, "extra")
    assert (found.category, found.batches, found.last_seen) == ("email", 2, clock.now())
    ingest(gateway, a_file({"extra": ""}))
    assert (the(gateway, "extra").category, the(gateway, "extra").batches) == ("email", 3)


def test_a_decided_column_that_changes_character_stops_the_batch(gateway: Gateway) -> None:
    ingest(gateway, a_file({"sukupuoli": "nainen"}))
    decide(gateway, "sukupuoli", Wish(None))
    drifted = as_csv([row | {"sukupuoli": f"zq{i}@example.org"} for i, row in enumerate(customers(PEOPLE))])
    with pytest.raises(InvalidInput, match="declared as `gender` but holds email") as caught:
        ingest(gateway, drifted)
    assert "zq1" not in str(caught.value)


def test_a_column_that_nobody_sends_any_more_leaves_the_inbox(gateway: Gateway, clock: FrozenClock) -> None:
    ingest(gateway, a_file({"hobby": "golf", "kept": "x"}))
    decide(gateway, "kept", KEEP)
    clock.advance(dt.timedelta(days=31))
    ingest(gateway, a_file({"new": "y"}))
    assert {item.column for item in gateway.inbox.list(TESTER).value} == {"kept", "new"}


def test_a_refused_batch_files_nothing(gateway: Gateway) -> None:
    with pytest.raises(InvalidInput):
        ingest(gateway, as_csv([row | {"city": "a@example.org", "hobby": "golf"} for row in customers(PEOPLE)]))
    assert gateway.inbox.list(TESTER).value == ()


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(None), "nothing of the catalogue is proposed"),
        (field("no_such"), "no field of that id"),
        (field("email"), "holds the field `email` already"),
        (field("gender", format="%Y"), "no date, instant or number"),
        (Wish(Classification.FIELD), "a field goes with"),
        (Wish(Classification.IGNORED, FieldId("gender")), "a field goes with"),
        (field("gender", note="two\nlines"), "note is one line"),
        (field("gender", note="x" * 501), "note is one line"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_words(gateway: Gateway, wish: Wish, words: str) -> None:
    ingest(gateway, a_file({"zqzq": "zqzq"}))
    with pytest.raises(InvalidInput, match=words) as caught:
        decide(gateway, "zqzq", wish)
    assert "zqzq" not in str(caught.value)
    assert the(gateway, "zqzq").state is InboxState.PENDING


def test_unknown_entries_are_not_found(gateway: Gateway) -> None:
    ingest(gateway, a_file({"hobby": "golf"}))
    with pytest.raises(NotFound):
        gateway.inbox.find(PURCHASES, "hobby")
    with pytest.raises(NotFound) as caught:
        gateway.inbox.find(CUSTOMERS, "zqzq")
    assert "zqzq" not in str(caught.value)
    with pytest.raises(NotFound):
        gateway.inbox.decide("inb_unknown", IGNORE, OLLI)


def test_decided_twice_at_once_the_later_counts_and_both_are_kept(gateway: Gateway) -> None:
    ingest(gateway, a_file({"sukupuoli": "nainen"}))
    entry = gateway.inbox.find(CUSTOMERS, "sukupuoli")
    start = threading.Barrier(2)
    failed: list[Exception] = []
    gateway.inbox.decide(entry, Wish(None), LIISA)

    def decide_it(wish: Wish) -> None:
        start.wait()
        try:
            gateway.inbox.decide(entry, wish, OLLI)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=decide_it, args=(wish,)) for wish in (Wish(None), IGNORE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    item = the(gateway, "sukupuoli")
    assert item.effect is Effect.IGNORED  # either way: once ignored, what was proposed waits no more
    assert item.decisions[-1].classification is Classification.IGNORED
    logged = [e["request"] for e in gateway.house.recorder.entries() if e["action"] == "column.classified"]
    assert logged == [d.id for d in item.decisions]


@pytest.mark.parametrize(
    ("header", "seen"),
    [
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("tab\there\x1b[31m", "tab\\there\\x1b[31m"),
        ("back\\slash", "back\\\\slash"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("שם", "שם"),
        ("имя 😀", "имя 😀"),
    ],
)
def test_headers_are_shown_with_nothing_hidden(gateway: Gateway, header: str, seen: str) -> None:
    ingest(gateway, a_file({header: "nainen"}))
    assert [item.column for item in gateway.inbox.list(TESTER).value] == [seen]
    assert decide(gateway, seen, field("gender")).effect is Effect.READ
    assert ingest(gateway, a_file({header: "mies"}, range(1, 30))).undeclared_columns == ()


def test_names_that_are_as_long_as_may_be(gateway: Gateway) -> None:
    ingest(gateway, a_file({"x" * 256: "nainen"}))
    assert decide(gateway, "x" * 256, IGNORE).effect is Effect.IGNORED
    with pytest.raises(InvalidInput, match="256"):
        ingest(gateway, a_file({"x" * 257: "nainen"}))


def test_a_sender_that_makes_names_up_is_stopped(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.intake.inbox.MOST_WAITING", 3)
    ingest(gateway, a_file({"a": "x", "b": "x"}))
    with pytest.raises(InvalidInput, match="undeclared columns") as caught:
        ingest(gateway, a_file({"c": "x", "d": "x"}))
    assert caught.value.reasons == ("inbox_full",)
    assert len(gateway.inbox.list(TESTER).value) == 2
    assert ingest(gateway, a_file({"a": "x", "c": "x"})).rows == 40


def test_a_home_reopened_under_a_pack_that_declares_the_column(
    settings: Settings, clock: FrozenClock, tmp_path: Path
) -> None:
    """The pack's own word comes first; the decision stays visible."""
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        ingest(gateway, a_file({"sukupuoli": "nainen", "hobby": "golf"}))
        decide(gateway, "sukupuoli", Wish(None))
        label = gateway.house.catalogue.label
    with open_gateway(settings, clock) as gateway:
        assert gateway.house.catalogue.label == label
        assert the(gateway, "sukupuoli").effect is Effect.READ
    pack = Path(shutil.copytree(settings.policies, tmp_path / "pack"))
    sources = pack / "sources.yaml"
    sources.write_text(sources.read_text().replace("      loyalty_tier: loyalty", "      sukupuoli: loyalty"))
    with open_gateway(settings, clock) as gateway:
        put_in_force(gateway, pack)
        item = the(gateway, "sukupuoli")
        assert (item.state, item.effect, len(item.decisions)) == (InboxState.DECIDED, Effect.DECLARED, 1)
        assert gateway.house.pack is gateway.house.policy.base
