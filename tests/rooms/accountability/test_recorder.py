"""Entries: closed to values, in the order of time, durable before they are acknowledged, and found again by tag."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import hashlib
import hmac
import io
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import audit
from gateway.accountability import Recorder, SealedTags, entries, verify_log, verify_signed
from gateway.accountability.entries import Stamp, link_template
from gateway.accountability.errors import ClockWentBack, EventRefused, LogCrowded, LogDamaged, LogUnwritable
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import IntegrityFailure, InvalidInput, Unavailable
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, Role
from gateway.vocabulary.names import EntryId, PurposeId, RecipientId, RequestId, SegmentId

LABEL = "baseline@1:" + "a" * 64
AT = dt.datetime(2026, 11, 21, 10, 0, tzinfo=dt.UTC)
OPERATOR = Actor("operator", "cli")
EVENT = GatewayEvent(OPERATOR, AuditAction.SEGMENT_CHECKED, "permit")
CERTIFIER = audit.Signer("gateway.example/certificates", bytes(32))


QUARTER = dt.timedelta(days=92)


def open_trail(
    folder: Path,
    seed: bytes = bytes(32),
    clock: Callable[[], dt.datetime] = lambda: AT,
    kind: type[audit.Trail] = audit.Trail,
) -> audit.Trail:
    return kind.open(
        folder,
        "log.example/test",
        lambda origin: audit.Signer(origin, audit.shard_seed(seed, origin)),
        audit.link_from(link_template(LABEL), clock),
        audit.Surroundings(clock=clock),
    )


@contextlib.contextmanager
def ephemeral_trail(clock: Callable[[], dt.datetime] = lambda: AT) -> Iterator[audit.Trail]:
    with (
        tempfile.TemporaryDirectory(prefix="audit-") as folder,
        open_trail(Path(folder) / "audit", secrets.token_bytes(32), clock) as log,
    ):
        yield log


def leaves(recorder: Recorder) -> list[bytes]:
    return list(recorder.leaves())


@pytest.fixture
def log() -> Iterator[audit.Trail]:
    with ephemeral_trail() as log:
        yield log


@pytest.fixture
def recorder(log: audit.Trail) -> Recorder:
    return Recorder(log, LABEL, CERTIFIER)


@pytest.fixture(scope="module")
def untouched() -> Iterator[audit.Trail]:
    """One log for all the tests in which nothing may enter."""
    with ephemeral_trail() as log:
        yield log


def tag_of(key: bytes, entry_id: EntryId) -> bytes:
    return hmac.digest(key, f"tag/v1|{entry_id}".encode(), "sha256")[:16]


def tags_of(key: bytes) -> Callable[[Sequence[EntryId]], bytes]:
    return lambda ids: b"".join(tag_of(key, one) for one in ids)


def test_an_event_becomes_the_bytes_of_an_entry(recorder: Recorder) -> None:
    entry_id = recorder.new_entry_id()
    event = GatewayEvent(
        Actor("client", "client_mailer", Role.RECIPIENT), AuditAction.SEGMENT_RELEASED, "permit", ("permitted",),
        PurposeId("direct_marketing"), "6(1)(a)", RecipientId("mailer"), segment=SegmentId("loyal_helsinki"),
        fields=("pseudonym",), members=2, query="b" * 64, request=RequestId("req_abc"),
    )  # fmt: skip
    receipt = recorder.record(event, at=AT, entry_id=entry_id, tags=bytes(16))
    (leaf,) = leaves(recorder)
    assert leaf == (
        b'{"v":1,"id":"%b","ts":"2026-11-21T10:00:00.000000Z","actor":{"type":"client","role":"recipient",'
        b'"ref":"client_mailer"},'
        b'"action":"segment.released","decision":"permit","reasons":["permitted"],"purpose":"direct_marketing",'
        b'"basis":"6(1)(a)","recipient":"mailer","segment":"loyal_helsinki","fields":["pseudonym"],"members":2,'
        b'"policy":"%b","query":"%b","request":"req_abc","tags":["%b"]}'
        % (entry_id.encode(), LABEL.encode(), b"b" * 64, b"0" * 32)
    )
    assert (receipt.index, receipt.leaf_hash) == (0, audit.leaf_hash(leaf))
    assert [entry["id"] for entry in recorder.entries()] == [entry_id]


def test_entry_ids_are_128_random_bits_without_a_prefix(recorder: Recorder) -> None:
    ids = {recorder.new_entry_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(one) == 26 and one == one.lower() for one in ids)


VALUES = [
    "Aino Esimerkki", "aino.esimerkki@example.org", "+358405550101", "1987-03-14", "10042", "Mannerheimintie 1", "",
    "ä", "a b", "a\n", "a" * 200, "=cmd()", '"', "A1",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    "field",
    ["purpose", "legal_basis", "recipient", "source", "segment", "snapshot", "batch", "query", "request", "policy"],
)
def test_no_value_and_no_free_text_enters(untouched: audit.Trail, field: str, value: str) -> None:
    if (field, value) == ("policy", ""):
        return  # no policy named: the recorder's label stands in
    event = GatewayEvent(OPERATOR, AuditAction.LOG_READ, "permit", **{field: value})
    with pytest.raises(EventRefused) as refusal:
        Recorder(untouched, LABEL).record(event, at=AT)
    assert isinstance(refusal.value, InvalidInput)
    assert not value or len(value) < 5 or value not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert untouched.size == 0


@pytest.mark.parametrize("value", VALUES)
def test_nor_in_lists_nor_as_an_actor(untouched: audit.Trail, value: str) -> None:
    recorder = Recorder(untouched, LABEL)
    for event in (
        GatewayEvent(OPERATOR, AuditAction.LOG_READ, "deny", reasons=("permitted", value)),
        GatewayEvent(OPERATOR, AuditAction.LOG_READ, "deny", fields=(value,)),
        GatewayEvent(Actor("operator", value), AuditAction.LOG_READ, "deny"),
        GatewayEvent(OPERATOR, value, "deny"),  # type: ignore[arg-type] # as an untyped caller might
        GatewayEvent(OPERATOR, AuditAction.LOG_READ, value),  # type: ignore[arg-type] # as an untyped caller might
    ):
        with pytest.raises(EventRefused) as refusal:
            recorder.record(event, at=AT)
        assert not value or len(value) < 5 or value not in str(refusal.value)
    assert untouched.size == 0


def test_reasons_and_ids_as_they_are_in_use_do_enter(recorder: Recorder) -> None:
    event = GatewayEvent(
        Actor("system", "gateway", Role.SYSTEM), AuditAction.BATCH_REFUSED, "deny",
        ("no_rule_permits", "special-categories-default", "not_a_number:total_spend", "wrong_number_of_columns"),
        PurposeId("*"), "6(1)(f)", rows=0,
    )  # fmt: skip
    assert recorder.record(event, at=AT).index == 0


@pytest.mark.parametrize("count", [-1, 2**60, "7"])
def test_counts_are_counts(recorder: Recorder, count: int) -> None:
    with pytest.raises(EventRefused, match="`rows`"):
        recorder.record(GatewayEvent(OPERATOR, AuditAction.LOG_READ, "permit", rows=count), at=AT)


@given(shifts=st.lists(st.integers(-100_000, 100_000), min_size=1, max_size=10))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
def test_time_never_goes_back(shifts: list[int]) -> None:
    with ephemeral_trail() as log:
        for shift in shifts:
            Recorder(log, LABEL).record(EVENT, at=AT + dt.timedelta(milliseconds=shift))  # also across a restart
        times = [entry["ts"] for entry in Recorder(log, LABEL).entries()]
        assert times == sorted(times)
        latest = max(shifts)
        assert times[-1] == (AT + dt.timedelta(milliseconds=latest)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize("reopened", [False, True])
def test_a_clock_that_stands_before_the_log_is_a_named_error(
    log: audit.Trail, recorder: Recorder, *, reopened: bool
) -> None:
    recorder.record(EVENT, at=AT)
    if reopened:
        recorder = Recorder(log, LABEL)
    with pytest.raises(ClockWentBack, match="clock") as refusal:
        recorder.record(EVENT, at=AT - dt.timedelta(minutes=5, microseconds=1))
    assert isinstance(refusal.value, Unavailable)
    assert recorder.size == 1
    recorder.record(EVENT, at=AT - dt.timedelta(minutes=5))
    assert [entry["ts"] for entry in recorder.entries()] == ["2026-11-21T10:00:00.000000Z"] * 2


def test_time_never_goes_back_between_threads(log: audit.Trail, recorder: Recorder) -> None:
    def work(number: int) -> None:
        for step in range(20):
            recorder.record(EVENT, at=AT + dt.timedelta(microseconds=(step * 7919 + number * 104729) % 1000))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [entry["ts"] for entry in recorder.entries()]
    assert len(times) == log.size == 80
    assert times == sorted(times)


class Hesitant(audit.Trail):
    """A log that takes its time over the first entry."""

    def submit(self, entries: Sequence[bytes]) -> audit.Pending:
        if b"10:00:00.000000Z" in entries[0]:
            time.sleep(0.1)
        return super().submit(entries)


def test_an_entry_cannot_overtake_one_of_an_earlier_time(tmp_path: Path) -> None:
    with open_trail(tmp_path / "audit", kind=Hesitant) as log:
        recorder = Recorder(log, LABEL)
        first = threading.Thread(target=lambda: recorder.record(EVENT, at=AT))
        first.start()
        time.sleep(0.02)
        recorder.record(EVENT, at=AT + dt.timedelta(seconds=1))
        first.join()
        times = [entry["ts"] for entry in recorder.entries()]
        assert times == sorted(times)
        assert len(times) == 2


def test_an_instant_without_a_zone_is_refused(recorder: Recorder) -> None:
    with pytest.raises(EventRefused, match="aware"):
        recorder.record(EVENT, at=AT.replace(tzinfo=None))


def test_a_queue_that_is_full_is_temporary(log: audit.Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_: audit.Trail, _entries: Sequence[bytes]) -> audit.Pending:
        raise audit.LogBusy("4096 entries wait to be written: try again in a moment")

    recorder = Recorder(log, LABEL)
    with monkeypatch.context() as patch:
        patch.setattr(audit.Trail, "submit", busy)
        with pytest.raises(LogCrowded, match="try again"):
            recorder.record(EVENT, at=AT)
    assert recorder.record(EVENT, at=AT).index == 0


def test_a_log_that_cannot_be_written_says_unavailable(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(LogUnwritable, match="nothing may leave") as failure:
            recorder.record(EVENT, at=AT)
    assert isinstance(failure.value, Unavailable)
    for action in (
        lambda: recorder.record(EVENT, at=AT),
        recorder.checkpoint,
        lambda: recorder.bulk_tags(recorder.new_entry_id()),
    ):
        with pytest.raises(LogUnwritable):
            action()


# -- shards ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(AT)


@pytest.fixture
def trail(clock: FrozenClock) -> Iterator[audit.Trail]:
    with ephemeral_trail(clock.now) as log:
        yield log


def test_the_next_quarter_begins_with_the_end_of_the_one_before(trail: audit.Trail, clock: FrozenClock) -> None:
    recorder = Recorder(trail, LABEL)
    assert recorder.record(EVENT, at=clock.now()).origin == "log.example/test/2026q4"
    clock.advance(QUARTER)
    receipt = recorder.record(EVENT, at=clock.now())
    assert (receipt.origin, receipt.index) == ("log.example/test/2027q1", 1)
    before, after = recorder.shards().values()
    first = json.loads(after.entry(0))
    head = {"origin": before.origin, "size": 1, "root": before.root.hex()}
    assert (first["action"], first["previous"]) == ("log.continued", head)
    assert [entry["action"] for entry in recorder.entries()] == ["segment.checked", "log.continued", "segment.checked"]
    assert [shard.size for shard in verify_log(trail.directory)] == [1, 2]
    assert recorder.size == 3
    assert len(recorder.latest(2)) == 2
    assert recorder.latest(10) == leaves(recorder)
    rows = list(csv.DictReader(io.StringIO(b"".join(recorder.export("csv")).decode())))
    assert [(row["log"][-6:], row["index"]) for row in rows] == [("2026q4", "0"), ("2027q1", "0"), ("2027q1", "1")]
    assert audit.Checkpoint.parse(recorder.checkpoint("2026q4").split("\n\n")[0] + "\n").size == 1
    for shard, index in (("2026q4", 0), ("2027q1", 1)):
        proof = audit.Proof.parse(recorder.proof(index, shard))
        proof.verify(recorder.shards()[shard].entry(index), recorder.shards()[shard].policy)
    with pytest.raises(IndexError):
        recorder.proof(1, "2026q4")


def test_a_checkpoint_in_the_moment_of_the_change_is_of_the_new_quarter(
    trail: audit.Trail, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, close = Recorder(trail, LABEL), audit.Log.close
    notes: list[str] = []
    other = threading.Thread(target=lambda: notes.append(recorder.checkpoint()))

    def close_slowly(log: audit.Log, *, keep_tags: bool = False) -> None:
        close(log, keep_tags=keep_tags)
        if keep_tags:  # the quarter is changing
            other.start()
            time.sleep(0.1)

    monkeypatch.setattr(audit.Log, "close", close_slowly)
    recorder.record(EVENT, at=clock.now())
    clock.advance(QUARTER)
    recorder.record(EVENT, at=clock.now())
    other.join()
    assert notes[0].startswith("log.example/test/2027q1\n")


def test_what_was_searched_is_what_was_published_when_the_search_began(recorder: Recorder) -> None:
    """Others read, write and publish meanwhile: the answer claims no entry that was not tried."""
    key = os.urandom(32)
    entry_id = recorder.new_entry_id()
    recorder.record(EVENT, at=AT, entry_id=entry_id, tags=tag_of(key, entry_id))

    def late(ids: Sequence[EntryId]) -> bytes:
        another = recorder.new_entry_id()
        recorder.record(EVENT, at=AT, entry_id=another, tags=tag_of(key, another))
        assert recorder.size == 2
        return tags_of(key)(ids)

    found, (searched,) = recorder.about(late)
    assert [one.index for one in found] == [0]
    assert (searched.minimum, searched.size) == (0, 1)
    assert searched.checkpoint.split("\n")[1] == "1"


# -- tags -----------------------------------------------------------------------------------------------------------


def test_bulk_tags_are_sealed_before_their_entry(log: audit.Trail, recorder: Recorder) -> None:
    entry_id = recorder.new_entry_id()
    with recorder.bulk_tags(entry_id) as tags:
        tags.add(np.arange(2 * 1500, dtype=np.uint64).view(np.uint8).reshape(-1, 16))
        tags.add(os.urandom(160))
        sealed = tags.seal()
    assert sealed.count == 1510
    recorder.record(EVENT, at=AT, entry_id=entry_id, tags=sealed)
    entry = next(recorder.entries())
    assert (entry["tags_root"], entry["members"]) == (sealed.root, 1510)
    recorder.checkpoint()
    assert [shard.tag_files for shard in verify_log(log.directory, vkeys=log.vkeys)] == [1]


def test_whoever_is_added_again_counts_once(recorder: Recorder) -> None:
    """A person may stand in two chunks of one file."""
    entry_id, people = recorder.new_entry_id(), os.urandom(16 * 3)
    with recorder.bulk_tags(entry_id) as tags:
        tags.add(people)
        tags.add(people[16:])
        recorder.record(replace(EVENT, members=3), at=AT, entry_id=entry_id, tags=tags.seal())
    assert [entry["members"] for entry in recorder.entries()] == [3]


@given(people=st.lists(st.binary(min_size=16, max_size=16), unique=True, min_size=1, max_size=9), data=st.data())
def test_the_order_of_tags_in_an_entry_says_nothing(people: list[bytes], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(people), max_size=4))
    stamp = Stamp(EntryId("a" * 26), "2026-11-21T10:00:00.000000Z", LABEL)
    entry = json.loads(entries.leaf(EVENT, stamp, b"".join(data.draw(st.permutations(people + again)))))
    assert entry["tags"] == sorted(tag.hex() for tag in people)


def test_tags_fit_their_entry_or_it_is_refused(recorder: Recorder) -> None:
    entry_id = recorder.new_entry_id()
    with recorder.bulk_tags(entry_id) as tags:
        tags.add(os.urandom(32))
        sealed = tags.seal()
    wrong: list[tuple[GatewayEvent, EntryId | None, bytes | SealedTags]] = [
        (EVENT, None, bytes(16)),  # made under which id?
        (EVENT, recorder.new_entry_id(), sealed),
        (GatewayEvent(OPERATOR, AuditAction.SEGMENT_RELEASED, "permit", members=3), entry_id, sealed),
        (EVENT, entry_id, bytes(17)),
        (EVENT, entry_id, bytes(16 * 1001)),
        (EVENT, entry_id, SealedTags(entry_id, "0" * 64, 2)),  # no such file
        (EVENT, EntryId("aino"), bytes(16)),
    ]
    for event, one, given_tags in wrong:
        with pytest.raises(EventRefused):
            recorder.record(event, at=AT, entry_id=one, tags=given_tags)
    assert recorder.size == 0
    recorder.record(EVENT, at=AT, entry_id=entry_id, tags=sealed)
    other = recorder.new_entry_id()
    recorder.record(EVENT, at=AT, entry_id=other, tags=os.urandom(16 * 1000))


def fill(recorder: Recorder, aino: bytes, other: bytes) -> set[int]:
    """Record entries of every sort; return the indices of those about Aino."""
    expected = set()
    for number in range(40):
        entry_id = recorder.new_entry_id()
        hers = number % 3 == 0
        people = [other, aino] if hers else [other]
        if number % 4 == 0:
            receipt = recorder.record(EVENT, at=AT)  # about nobody
        elif number % 4 == 1:
            with recorder.bulk_tags(entry_id) as tags:
                tags.add(os.urandom(16 * 777))
                tags.add(b"".join(tag_of(key, entry_id) for key in people))
                receipt = recorder.record(EVENT, at=AT, entry_id=entry_id, tags=tags.seal())
        else:
            inline = b"".join(tag_of(key, entry_id) for key in people)
            receipt = recorder.record(EVENT, at=AT, entry_id=entry_id, tags=inline)
        if hers and number % 4:
            expected.add(receipt.index)
    return expected


def test_every_entry_about_a_person_is_found_with_its_proof(log: audit.Trail, recorder: Recorder) -> None:
    aino, other = os.urandom(32), os.urandom(32)
    expected = fill(recorder, aino, other)
    found, (searched,) = recorder.about(tags_of(aino))
    assert {one.index for one in found} == expected
    assert (searched.shard, searched.minimum, searched.size) == ("2026q4", 0, 40)
    assert recorder.about(tags_of(os.urandom(32)))[0] == []
    for one in found:
        proof = audit.Proof.parse(one.proof_file)
        assert proof.verify(one.leaf, audit.Policy.of(log.vkeys)).size == 40
        assert (one.shard, one.index) == ("2026q4", proof.index)
        assert one.tag == tag_of(aino, one.entry["id"])
        if one.tag_index is not None:
            root = bytes.fromhex(one.entry["tags_root"])
            leaf = audit.leaf_hash(one.tag)
            audit.verify_inclusion(leaf, one.tag_index, one.entry["members"], recorder.tag_proof(one), root)
        else:
            assert one.tag.hex() in one.entry["tags"]
            assert recorder.tag_proof(one) == []


def test_a_tag_that_is_there_only_in_parts_is_not_found(recorder: Recorder) -> None:
    entry_id, key = recorder.new_entry_id(), os.urandom(32)
    with recorder.bulk_tags(entry_id) as tags:
        tag = tag_of(key, entry_id)
        tags.add(bytes(8) + tag + bytes(8) + tag[:8] + bytes(16) + tag[8:])
        recorder.record(EVENT, at=AT, entry_id=entry_id, tags=tags.seal())
    assert recorder.about(tags_of(key))[0] == []


def test_tags_of_one_person_in_two_entries_do_not_join(recorder: Recorder) -> None:
    key = os.urandom(32)
    for _ in range(2):
        entry_id = recorder.new_entry_id()
        recorder.record(EVENT, at=AT, entry_id=entry_id, tags=tag_of(key, entry_id))
    first, second = recorder.entries()
    assert first["tags"] != second["tags"]
    assert len(recorder.about(tags_of(key))[0]) == 2


def test_a_missing_tag_file_is_damage_not_absence(log: audit.Trail, recorder: Recorder) -> None:
    fill(recorder, key := os.urandom(32), os.urandom(32))
    next(log.directory.glob("*/tags/*")).unlink()
    with pytest.raises(LogDamaged):
        recorder.about(tags_of(key))


def test_a_changed_tag_file_is_damage_not_absence(log: audit.Trail, recorder: Recorder) -> None:
    fill(recorder, key := os.urandom(32), os.urandom(32))
    path = next(log.directory.glob("*/tags/*"))
    whole = path.read_bytes()
    for changed in (bytes(len(whole)), whole[:-16], whole + bytes(16), whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(changed)
        with pytest.raises(LogDamaged):
            recorder.about(tags_of(key))
        with pytest.raises(audit.VerificationFailed):
            list(audit.read_tags(path.parent.parent, path.name))
    path.write_bytes(whole)
    assert recorder.about(tags_of(key))[0]


ID, TIME = b"a" * 26, b"2026-11-21T10:00:00.000000Z"
FOREIGN = [
    b"", b"not json", b"[1]", b"5", b'{"id":5}', b"\xff\xfe", b'{"id":"\xff"}', b'{"id":"\\ud800"}', b"[" * 60_000,
    b'{"a":' * 12_000, b'{"id":"%b","ts":"%b","action":"log.read"}' % (ID, TIME),
]  # fmt: skip


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda each: repr(each[:16]))
def test_an_entry_of_another_writer_is_damage_and_named(log: audit.Trail, recorder: Recorder, foreign: bytes) -> None:
    """Any process of the account reaches the log's socket."""
    recorder.record(EVENT, at=AT)
    log.append([foreign])
    readers: list[Callable[[], object]] = [lambda: list(recorder.entries()), lambda: recorder.shown(2)]
    if b'"id":"aaa' not in foreign:  # that one has no tags: it concerns nobody
        readers.append(lambda: recorder.about(tags_of(bytes(32))))
    for read in (*readers, lambda: Recorder(log, LABEL)):
        with pytest.raises(LogDamaged, match="not one of the gateway's") as failure:
            read()
        assert failure.value.__cause__ is None


def test_what_carries_a_persons_tag_is_not_believed_for_that(log: audit.Trail, recorder: Recorder) -> None:
    key, entry_id = os.urandom(32), recorder.new_entry_id()
    log.append([b'{"id":"%b","tags":["%b"]}' % (entry_id.encode(), tag_of(key, entry_id).hex().encode())])
    with pytest.raises(LogDamaged, match="not one of the gateway's"):
        recorder.about(tags_of(key))


def test_too_few_tags_are_refused(recorder: Recorder) -> None:
    recorder.record(EVENT, at=AT, entry_id=recorder.new_entry_id(), tags=bytes(16))
    with pytest.raises(ValueError, match="one tag"):
        recorder.about(lambda _ids: b"")


# -- certificates, proofs, views --------------------------------------------------------------------------------------


def test_certificates_are_signed_by_a_key_of_their_own(log: audit.Trail, recorder: Recorder) -> None:
    note = recorder.sign("erased\n")
    assert verify_signed(note, [CERTIFIER.vkey]) == "erased\n"
    with pytest.raises(LogDamaged) as failure:
        verify_signed(note.replace("erased", "spared"), [CERTIFIER.vkey])
    assert isinstance(failure.value, IntegrityFailure)
    with pytest.raises(LogUnwritable):
        Recorder(log, LABEL).sign("erased\n")
    with pytest.raises(EventRefused, match="another key"):
        Recorder(log, LABEL, audit.Signer(log.origin, bytes(32)))


def test_any_entry_has_a_proof_file(log: audit.Trail, recorder: Recorder) -> None:
    for _ in range(5):
        recorder.record(EVENT, at=AT)
    for index, leaf in enumerate(leaves(recorder)):
        proof = audit.Proof.parse(recorder.proof(index))
        assert (proof.index, proof.verify(leaf, audit.Policy.of(log.vkeys)).size) == (index, 5)
        assert recorder.proof(index, "2026q4") == recorder.proof(index)
    with pytest.raises(IndexError):
        recorder.proof(5)
    for read in (recorder.checkpoint, lambda shard: recorder.proof(0, shard)):
        with pytest.raises(IndexError):
            read("2026q3")
    (shard,) = recorder.shards().values()
    assert recorder.consistency(2, 5) == shard.consistency(2, 5)


def test_exports(recorder: Recorder) -> None:
    recorder.record(GatewayEvent(OPERATOR, AuditAction.BATCH_REFUSED, "deny", ("one", "two"), rows=4), at=AT)
    recorder.record(EVENT, at=AT)
    lines = list(recorder.export("ndjson"))
    assert [line[:-1] for line in lines] == leaves(recorder)
    rows = list(csv.DictReader(io.StringIO(b"".join(recorder.export("csv")).decode())))
    assert [(row["index"], row["actor_ref"], row["reasons"], row["rows"]) for row in rows] == [
        ("0", "cli", "one two", "4"), ("1", "cli", "", ""),
    ]  # fmt: skip
    assert json.loads(lines[0])["decision"] == rows[0]["decision"] == "deny"


def test_a_damaged_log_does_not_verify(log: audit.Trail, recorder: Recorder) -> None:
    recorder.record(EVENT, at=AT)
    recorder.checkpoint()
    assert [shard.size for shard in verify_log(log.directory)] == [1]
    bundle = next(log.directory.glob("*/tile/entries/000.p/1"))
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"!")
    with pytest.raises(LogDamaged, match="2026q4/tile/"):
        verify_log(log.directory)


def test_the_last_time_of_a_foreign_log_is_not_guessed(log: audit.Trail) -> None:
    log.append([b"not json"])
    with pytest.raises(LogDamaged):
        Recorder(log, LABEL)


def test_the_label_may_be_asked_for_each_time(log: audit.Trail) -> None:
    labels = iter(f"baseline@{n}:{hashlib.sha256(bytes([n])).hexdigest()}" for n in range(2))
    recorder = Recorder(log, lambda: next(labels))
    recorder.record(EVENT, at=AT)
    recorder.record(EVENT, at=AT)
    assert [entry["policy"][:10] for entry in recorder.entries()] == ["baseline@0", "baseline@1"]
