import datetime as dt
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.consent import ConsentLedger, ConsentRefused, LedgerBusy
from gateway.foundation.arrays import BLOCK, from_blocks
from gateway.foundation.database import engine_for
from gateway.vocabulary.consents import ConsentEvent, ConsentStatus, ExpressedBy

NOW = dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)
MAY = dt.datetime(2026, 5, 2, tzinfo=dt.UTC)
PURPOSES = ("direct_marketing", "product_analytics")
ANNA, BELA = b"a" * 16, b"b" * 16
Choice = tuple[bytes, str, str, dt.datetime | None]


def event(status: str, at: dt.datetime = MAY, purpose: str = "direct_marketing", subject: bytes = ANNA) -> ConsentEvent:
    return ConsentEvent(subject, purpose, ConsentStatus(status), at, NOW, "notice-1", "api")


def columns(*choices: Choice) -> tuple[pa.Array, pa.Table]:
    subject, purpose, status, at = zip(*choices, strict=True)
    table = pa.table(
        {
            "row": pa.array(range(len(choices)), pa.int64()),
            "purpose": pa.array(purpose, pa.string()),
            "status": pa.array(status, pa.string()),
            "at": pa.array(at, pa.timestamp("us", "UTC")),
            "notice": pa.array(["notice-1"] * len(choices), pa.string()),
        }
    )
    return pa.array(subject, BLOCK), table


def write(ledger: ConsentLedger, batch: str, choices: Sequence[Choice], at: dt.datetime = NOW) -> int:
    with ledger.write(batch) as session:
        added = session.add(*columns(*choices), recorded_at=at, channel="webshop")
        session.commit()
    return added


def status(ledger: ConsentLedger, subject: bytes = ANNA) -> dict[str, str]:
    table = ledger.standing(pa.array([subject], BLOCK), at=NOW + dt.timedelta(days=30))
    return dict(zip(table["purpose"].to_pylist(), table["status"].to_pylist(), strict=True))


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return engine_for(tmp_path / "operational.sqlite")


@pytest.fixture
def ledger(engine: sa.Engine) -> ConsentLedger:
    return ConsentLedger(engine, purposes=PURPOSES)


def test_an_event_is_kept_as_it_came_and_once(ledger: ConsentLedger) -> None:
    first = ledger.record(event("given"))
    assert ledger.record(event("given")) == first
    assert ledger.record(event("withdrawn")) == first + 1 == ledger.position
    assert ledger.history(ANNA) == [event("given"), event("withdrawn")]
    assert ledger.history(BELA) == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (event("given", purpose="resale"), "unknown_purpose"),
        (event("unknown"), "unknown_status"),
        (event("given", NOW + dt.timedelta(hours=1)), "in_the_future"),
        (event("given", purpose="*"), "not_for_all_purposes"),
        (event("given", subject=b"short"), "bad_subject"),
        (replace(event("given"), by=ExpressedBy.CONTROLLER), "not_by_controller"),
        (replace(event("given"), language="FIN"), "bad_language"),
        (replace(event("given"), evidence="person@example.org"), "bad_evidence"),
        (replace(event("given"), notice="Aino Example"), "bad_notice"),
        (replace(event("given"), channel="aino@example.org"), "bad_channel"),
        (event("given", dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=14)))), "too_long_ago"),
        (event("refused", dt.datetime(1969, 12, 31, 23, 59, tzinfo=dt.UTC)), "too_long_ago"),
        (replace(event("given"), evidence="doc-1\n"), "bad_evidence"),
        (replace(event("given"), valid_until=MAY), "bad_validity"),
        (replace(event("refused"), valid_until=NOW), "bad_validity"),
    ],
)
def test_what_cannot_be_is_refused_alone_and_in_a_batch(
    ledger: ConsentLedger, wrong: ConsentEvent, reason: str
) -> None:
    with pytest.raises(ConsentRefused) as caught:
        ledger.record(wrong)
    assert caught.value.reasons == (reason,)
    if reason.startswith(("bad_", "not_by")):
        return
    choices = [(BELA, "direct_marketing", "given", MAY), (ANNA, wrong.purpose, wrong.status.value, wrong.at)]
    with pytest.raises(ConsentRefused, match="row 1 of the batch") as caught:
        write(ledger, "batch", choices)
    assert caught.value.reasons == (reason,)
    assert "resale" not in caught.value.message
    assert ledger.position == 0
    assert ledger.standing(at=NOW).num_rows == 0


@pytest.mark.parametrize("said", [each.value for each in ConsentStatus if each != "unknown"])
def test_of_a_dropped_purpose_only_what_takes_away_is_taken(
    engine: sa.Engine, ledger: ConsentLedger, said: str
) -> None:
    """Art. 7(3): also after the ledger was opened again, alone and in a batch; nobody need have spoken of it before."""
    ledger.take(PURPOSES[:1])
    again = ConsentLedger(engine, purposes=PURPOSES[:1])
    for each, batch in ((ledger, "one"), (again, "two")):
        alone = event(said, purpose="product_analytics")
        if said in {"given", "requested", "lifted"}:
            with pytest.raises(ConsentRefused) as caught:
                each.record(alone)
            assert caught.value.reasons == ("purpose_not_in_force",)
            with pytest.raises(ConsentRefused, match="row 0 of the batch"):
                write(each, batch, [(BELA, "product_analytics", said, MAY)])
        else:
            each.record(alone)
            write(each, batch, [(BELA, "product_analytics", said, MAY)])
    taken = {} if said in {"given", "requested", "lifted"} else {"product_analytics": said}
    assert (status(ledger), status(ledger, BELA)) == (taken, taken)


def test_what_proves_a_choice_is_kept_with_it(ledger: ConsentLedger) -> None:
    told = replace(
        event("given"), language="fi", evidence="doc:2026/17", by=ExpressedBy.GUARDIAN,
        valid_until=MAY + dt.timedelta(days=90),
    )  # fmt: skip
    ledger.record(told)
    ledger.record(event("given"))
    assert set(ledger.history(ANNA)) == {told, event("given")}
    row = ledger.standing(pa.array([ANNA], BLOCK), at=NOW).to_pylist()[0]
    assert (row["by"], row["valid_until"]) == ("guardian", told.valid_until)  # of two like yeses the earlier end


def test_to_ask_again_neither_renews_nor_overrules(ledger: ConsentLedger) -> None:
    ledger.record(event("withdrawn", NOW - dt.timedelta(days=1)))
    ledger.record(event("requested", NOW - dt.timedelta(hours=1)))
    assert write(ledger, "one", [(ANNA, "direct_marketing", "given", None)]) == 0
    assert status(ledger) == {"direct_marketing": "withdrawn"}
    for day, added in enumerate((1, 0)):
        assert write(ledger, f"asked-{day}", [(ANNA, "direct_marketing", "requested", None)]) == added


def test_subjects_and_choices_are_of_the_same_rows(ledger: ConsentLedger) -> None:
    subjects, choices = columns((ANNA, "direct_marketing", "given", MAY), (BELA, "direct_marketing", "given", MAY))
    with ledger.write("batch") as session, pytest.raises(ConsentRefused):
        session.add(subjects[:1], choices, recorded_at=NOW, channel="webshop")


def test_an_open_batch_sees_itself_and_nobody_else_does(ledger: ConsentLedger) -> None:
    ledger.record(event("given", subject=BELA))
    with ledger.write("batch") as session:
        session.add(*columns((ANNA, "direct_marketing", "given", MAY)), recorded_at=NOW, channel="webshop")
        asked = pa.array([ANNA, BELA, ANNA], BLOCK)
        assert sorted(session.standing(asked, NOW)["subject"].to_pylist()) == [ANNA, BELA]
        assert ledger.standing(asked, batch=session, at=NOW).num_rows == 2
        assert ledger.standing(asked, at=NOW)["subject"].to_pylist() == [BELA]
    assert status(ledger) == {}


def test_the_same_file_twice_is_once(ledger: ConsentLedger) -> None:
    choices = [(ANNA, "direct_marketing", "given", MAY), (BELA, "product_analytics", "refused", None)]
    assert write(ledger, "one", choices) == 2
    assert write(ledger, "two", choices, NOW + dt.timedelta(days=1)) == 0
    assert len(ledger.history(ANNA)) == len(ledger.history(BELA)) == 1


def test_an_undated_yes_neither_renews_itself_nor_overrules_a_withdrawal(ledger: ConsentLedger) -> None:
    yes = [(ANNA, "direct_marketing", "given", None)]
    write(ledger, "one", yes)
    ledger.record(event("withdrawn", NOW + dt.timedelta(minutes=1)))
    assert write(ledger, "two", yes, NOW + dt.timedelta(days=1)) == 0
    assert status(ledger) == {"direct_marketing": "withdrawn"}


def test_an_undated_change_counts_every_time(ledger: ConsentLedger) -> None:
    for day, word in enumerate(["given", "refused", "given"]):
        added = write(ledger, f"batch-{day}", [(ANNA, "direct_marketing", word, None)], NOW + dt.timedelta(days=day))
        assert added == 1
        assert status(ledger) == {"direct_marketing": word}


def test_what_a_fresh_channel_contradicts_in_one_batch_is_the_stricter(ledger: ConsentLedger) -> None:
    choices = [(ANNA, "direct_marketing", word, None) for word in ("given", "refused", "given")]
    assert write(ledger, "batch", choices) == 1
    assert status(ledger) == {"direct_marketing": "refused"}


def test_a_yes_at_the_instant_of_an_objection_does_not_end_it(ledger: ConsentLedger) -> None:
    for word, at in (("objected", MAY), ("given", MAY), ("withdrawn", NOW)):
        ledger.record(event(word, at))
    assert status(ledger) == {"direct_marketing": "objected"}


def test_an_unsettled_batch_can_be_undone_and_a_settled_one_cannot(ledger: ConsentLedger) -> None:
    ledger.record(event("refused"))
    write(ledger, "kept", [(ANNA, "product_analytics", "objected", MAY)])
    write(ledger, "lost", [(ANNA, "direct_marketing", "given", NOW), (BELA, "direct_marketing", "given", NOW)])
    ledger.record(event("refused", subject=BELA))
    assert ledger.unsettled() == ("kept", "lost")
    ledger.settle("kept")
    assert (ledger.undo("kept"), ledger.undo("lost"), ledger.undo("lost")) == (0, 2, 0)
    assert status(ledger) == {"direct_marketing": "refused", "product_analytics": "objected"}
    assert status(ledger, BELA) == {"direct_marketing": "refused"}
    assert ledger.unsettled() == ()


def test_a_batch_is_written_once(ledger: ConsentLedger) -> None:
    write(ledger, "batch", [(ANNA, "direct_marketing", "given", MAY)])
    with pytest.raises(LedgerBusy):
        ledger.write("batch")
    ledger.undo("batch")
    assert write(ledger, "batch", [(ANNA, "direct_marketing", "given", MAY)]) == 1


def test_positions_tell_whose_permissions_are_to_be_looked_at_again(ledger: ConsentLedger) -> None:
    before = ledger.record(event("given"))
    write(ledger, "lost", [(ANNA, "direct_marketing", "refused", MAY)])
    ledger.undo("lost")
    after = ledger.record(event("given", subject=BELA))
    assert after == before + 2
    assert ledger.since(before).to_pylist() == [BELA]
    assert ledger.since(0).type == BLOCK
    assert sorted(ledger.since(0).to_pylist()) == [ANNA, BELA]
    assert len(ledger.since(ledger.position)) == 0


def test_an_erased_person_leaves_the_ledger_and_the_file(ledger: ConsentLedger, tmp_path: Path) -> None:
    subject = b"\xfe\xed" * 8
    ledger.record(event("given", subject=subject))
    write(ledger, "batch", [(subject, "product_analytics", "objected", MAY), (ANNA, "direct_marketing", "given", MAY)])
    ledger.standing(pa.array([subject], BLOCK), at=NOW)
    assert ledger.erase(subject) == 2
    assert ledger.history(subject) == []
    assert len(ledger.history(ANNA)) == 1
    with ledger._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert all(subject not in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_event SET status = 1",
        "DELETE FROM consent_event",
        "DELETE FROM consent_event WHERE subject = x'61616161616161616161616161616161'",
        "REPLACE INTO consent_event SELECT * FROM consent_event",
    ],
)
def test_nothing_edits_the_ledger(ledger: ConsentLedger, engine: sa.Engine, statement: str) -> None:
    ledger.record(event("objected"))
    ledger.record(event("given", subject=BELA))
    ledger.erase(BELA)
    with engine.connect() as connection, pytest.raises(sa.exc.IntegrityError, match="append-only"):
        connection.exec_driver_sql(statement)
    assert ledger.history(ANNA) == [event("objected")]


def test_a_second_writer_is_told_to_wait(engine: sa.Engine, ledger: ConsentLedger) -> None:
    @sa.event.listens_for(engine, "checkout")
    def _impatient(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout=1")

    with ledger.write("one"), pytest.raises(LedgerBusy):
        ledger.record(event("given"))
    with ledger.write("one"), pytest.raises(LedgerBusy):
        ledger.write("two")
    assert ledger.record(event("given")) == 1


def test_a_ledger_is_found_again(ledger: ConsentLedger, engine: sa.Engine) -> None:
    ledger.record(event("given"))
    engine.dispose()
    again = ConsentLedger(engine_for(Path(str(engine.url.database))), purposes=PURPOSES)
    assert again.history(ANNA) == [event("given")]


def test_many_at_once(ledger: ConsentLedger) -> None:
    people = 70_000  # more than one piece of events
    numbers = np.random.default_rng(1).integers(0, 256, (people, 16), np.uint8)
    subjects = from_blocks(np.repeat(numbers, 2, axis=0))
    table = pa.table(
        {
            "row": np.arange(2 * people),
            "purpose": ["direct_marketing"] * 2 * people,
            "status": ["given", "withdrawn"] * people,
            "at": pa.array([MAY, NOW] * people, pa.timestamp("us", "UTC")),
            "notice": pa.nulls(2 * people, pa.string()),
        }
    )
    with ledger.write("batch") as session:
        assert session.add(subjects, table, recorded_at=NOW, channel="webshop") == 2 * people
        session.commit()
    standing = ledger.standing(at=NOW)
    assert standing.num_rows == people
    assert standing["status"].unique().to_pylist() == ["withdrawn"]
    assert standing["subject"].to_pylist() == sorted(row.tobytes() for row in numbers)


@pytest.mark.parametrize("word", ["refused", "withdrawn", "objected"])
def test_an_undated_yes_never_overrules_a_no_from_another_channel(ledger: ConsentLedger, word: str) -> None:
    ledger.record(event(word, NOW - dt.timedelta(days=1)))
    assert write(ledger, "first of its channel", [(ANNA, "direct_marketing", "given", None)]) == 0
    assert status(ledger) == {"direct_marketing": word}
    assert write(ledger, "dated", [(ANNA, "direct_marketing", "given", NOW - dt.timedelta(hours=1))]) == 1
    assert status(ledger) == {"direct_marketing": "given"}


def test_a_source_that_says_no_and_then_yes_has_asked_again(ledger: ConsentLedger) -> None:
    ledger.record(event("withdrawn", NOW - dt.timedelta(days=1)))
    for day, word in enumerate(["refused", "given"]):
        write(ledger, f"batch-{day}", [(ANNA, "direct_marketing", word, None)], NOW + dt.timedelta(days=day))
    assert status(ledger) == {"direct_marketing": "given"}


def said(ledger: ConsentLedger, word: str, at: dt.datetime, channel: str = "api", **told: Any) -> None:
    ledger.record(replace(event(word, at), recorded_at=max(at, NOW), channel=channel, **told))


DAY = dt.timedelta(days=1)
TWO_DAYS_AGO, YESTERDAY = NOW - 2 * DAY, NOW - DAY
EXPORT = [(ANNA, "direct_marketing", "given", None)]


@pytest.mark.parametrize("after", ["old yes", "asked", "restricted and lifted", "expired", "refused by itself"])
@pytest.mark.parametrize("word", ["refused", "withdrawn", "invalidated", "objected"])
def test_an_undated_yes_never_overrules_a_no_whatever_was_recorded_after_it(
    ledger: ConsentLedger, word: str, after: str
) -> None:
    said(ledger, word, YESTERDAY)
    match after:
        case "old yes":
            said(ledger, "given", TWO_DAYS_AGO, "old_crm")
        case "asked":
            said(ledger, "requested", NOW)
        case "restricted and lifted":
            said(ledger, "restricted", YESTERDAY)
            said(ledger, "lifted", NOW)
        case "expired":
            said(ledger, "expired", NOW)
        case _:
            said(ledger, "refused", TWO_DAYS_AGO, "webshop")
    assert write(ledger, "export", EXPORT) == 0


@pytest.mark.parametrize(
    ("told", "added"),
    [
        ({}, 1),
        ({"by": ExpressedBy.GUARDIAN}, 1),
        ({"valid_until": NOW + DAY}, 1),
        ({"valid_until": NOW}, 0),
        ({"at": NOW + dt.timedelta(minutes=2)}, 0),
        ({"at": TWO_DAYS_AGO}, 0),
    ],
)
def test_a_no_is_answered_by_a_dated_yes_that_holds(ledger: ConsentLedger, told: dict[str, Any], added: int) -> None:
    said(ledger, "withdrawn", TWO_DAYS_AGO)
    said(ledger, "given", **({"at": YESTERDAY, "channel": "desk"} | told))
    assert write(ledger, "export", EXPORT, NOW + dt.timedelta(minutes=1)) == added


def test_an_undated_end_of_a_restriction_ends_none_of_another_channel(ledger: ConsentLedger) -> None:
    said(ledger, "restricted", YESTERDAY)
    assert write(ledger, "export", [(ANNA, "direct_marketing", "lifted", None)]) == 0
    said(ledger, "lifted", NOW)
    said(ledger, "restricted", NOW + DAY, "webshop")
    assert write(ledger, "again", [(ANNA, "direct_marketing", "lifted", None)], NOW + 2 * DAY) == 1


def test_a_restriction_of_the_channel_does_not_renew_its_old_yes(ledger: ConsentLedger) -> None:
    write(ledger, "export", EXPORT, YESTERDAY)
    said(ledger, "withdrawn", YESTERDAY + dt.timedelta(hours=1))
    for hour, word in enumerate(("restricted", "lifted")):
        write(ledger, word, [(ANNA, "direct_marketing", word, None)], NOW + hour * dt.timedelta(hours=1))
    assert write(ledger, "again", EXPORT, NOW + DAY) == 0
    assert status(ledger) == {"direct_marketing": "withdrawn"}


words = st.lists(st.sampled_from(["given", "refused", "withdrawn"]), min_size=1, max_size=3)


@settings(deadline=None, max_examples=50)
@given(st.lists(words, max_size=2), st.lists(words, min_size=1, max_size=2))
def test_of_contradicting_rows_the_no_counts_and_the_same_again_changes_nothing(
    before: list[list[str]], chunks: list[list[str]]
) -> None:
    """In whatever order they stand, however a file is cut into pieces, and whatever the channel said before."""
    with TemporaryDirectory() as folder:
        engine = engine_for(Path(folder) / "operational.sqlite")
        ledger = ConsentLedger(engine, purposes=PURPOSES)
        files = [[each] for each in before] + [chunks] * 3
        added = []
        for day, file in enumerate(files):
            with ledger.write(f"batch-{day}") as session:
                rows = [columns(*((ANNA, "direct_marketing", word, None) for word in chunk)) for chunk in file]
                at = NOW + day * DAY
                added.append(sum(session.add(*each, recorded_at=at, channel="webshop") for each in rows))
                session.commit()
            told = {word for chunk in file for word in chunk}
            assert (status(ledger) == {"direct_marketing": "given"}) is (told == {"given"})
        assert len(chunks) > 1 or added[-2:] == [0, 0]
        engine.dispose()
