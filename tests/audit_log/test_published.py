"""The read side of a log directory: all that it returns leads to the signed root, and nothing else is returned."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from audit import merkle
from audit.beneath import read_beneath
from audit.checkpoint import Checkpoint
from audit.errors import EntryPruned, VerificationFailed
from audit.keys import KeyKind, SigningKey
from audit.note import Signer, sign_note
from audit.policy import Policy
from audit.published import Minimum, PublishedLog
from audit.tiles import encode_bundle, new_tiles, tile_path

ORIGIN = "log.example.org/2026q4"
SIGNER = Signer(ORIGIN, bytes(range(32)))
POLICY = Policy.of([SIGNER.vkey])


class Writer:
    """The least that publishes a log; it never deletes a file."""

    def __init__(self, directory: Path, salt: str = "") -> None:
        self.directory = directory
        self.salt = salt
        self.rows = merkle.TileRows()
        self.entries: list[bytes] = []
        self.put("policy", POLICY.text.encode())

    def grow(self, size: int) -> Writer:
        added = [f"entry {number} {self.salt}".encode() * (number % 5) for number in range(len(self.entries), size)]
        old = len(self.entries)
        self.entries += added
        self.rows.extend(merkle.leaf_hashes(added))
        for level, index, data in self.rows.take_full():
            self.put(tile_path(level, index), data)
        for level, index, width, data in self.rows.partials():
            self.put(tile_path(level, index, width), data)
        for level, index, width in new_tiles(old, size):
            if level == 0:
                self.put(tile_path(None, index, width), encode_bundle(self.entries[index * 256 :][:width]))
        self.put("checkpoint", self.note().encode())
        return self

    def note(self) -> str:
        return sign_note(Checkpoint(ORIGIN, self.rows.size, self.rows.root()).text, SIGNER)

    def put(self, path: str, data: bytes) -> None:
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def prune(self, minimum: int) -> None:
        """Delete what c2sp.org/tlog-tiles allows to delete."""
        self.put("minimum", Minimum(minimum, "Entries are kept for twelve months.").data)
        for level, index, width in new_tiles(0, len(self.entries)):
            if width == 256 and (index + 1) * 256 ** (level + 1) <= minimum:
                (self.directory / tile_path(level, index)).unlink(missing_ok=True)
                if level == 0:
                    (self.directory / tile_path(None, index)).unlink(missing_ok=True)


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "log")


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 700])
def test_what_was_published_is_read(writer: Writer, size: int) -> None:
    writer.grow(size)
    log = PublishedLog(writer.directory, POLICY)
    assert (log.origin, log.size, log.root, log.minimum) == (ORIGIN, size, writer.rows.root(), 0)
    assert (log.note, log.directory) == (writer.note(), writer.directory)
    assert log.checkpoint == Checkpoint(ORIGIN, size, writer.rows.root())
    assert list(log.entries()) == writer.entries
    for index in {0, 1, 254, 255, 256, size - 1} & set(range(size)):
        assert log.entry(index) == writer.entries[index]
        proof = log.prove(index)
        assert proof.index == index
        assert proof.verify(writer.entries[index], POLICY) == log.checkpoint


def test_the_policy_of_the_directory_serves_where_none_is_given(writer: Writer) -> None:
    writer.grow(3)
    assert PublishedLog(writer.directory).size == 3
    other = Signer(ORIGIN, bytes(32))
    with pytest.raises(VerificationFailed):
        PublishedLog(writer.directory, Policy.of([other.vkey]))


def test_a_policy_is_handed_out_as_it_was_read(writer: Writer) -> None:
    """Octets that are not UTF-8 too: a witness may have them for a name."""
    writer.grow(3)
    witness = SigningKey("witness.example/w1", KeyKind.ED25519_COSIGNATURE, bytes(32))
    for name in (b"w", b"w\xff", "é".encode()):
        text = b"log %b\nwitness %b %b\nquorum none\n" % (SIGNER.vkey.encode(), name, witness.vkey.encode())
        assert PublishedLog(writer.directory, Policy.parse(text)).file("policy") == text
        writer.put("policy", text)
        assert PublishedLog(writer.directory).file("policy") == text


@given(st.integers(0, 800), st.integers(0, 800))
@settings(max_examples=40)
def test_any_range_of_entries(tmp_path_factory: pytest.TempPathFactory, start: int, stop: int) -> None:
    writer = _once(tmp_path_factory)
    assert list(PublishedLog(writer.directory).entries(start, stop)) == writer.entries[start:stop]


_written: list[Writer] = []


def _once(factory: pytest.TempPathFactory) -> Writer:
    """One log of 700 entries for all examples that only read."""
    if not _written:
        _written.append(Writer(factory.mktemp("published") / "log").grow(700))
    return _written[0]


def test_what_lies_outside_is_refused(writer: Writer) -> None:
    log = PublishedLog(writer.grow(300).directory)
    for index in (-1, 300):
        with pytest.raises(IndexError):
            log.entry(index)
        with pytest.raises(IndexError):
            log.prove(index)
    with pytest.raises(IndexError):
        log.entries(-1)
    with pytest.raises(ValueError, match="tree"):
        log.inclusion(0, 301)
    assert list(log.entries(300)) == list(log.entries(5, 5)) == list(log.entries(900)) == []


def test_one_bundle_is_in_memory_at_a_time(writer: Writer) -> None:
    log = PublishedLog(writer.grow(1000).directory)
    walk = log.entries()
    assert next(walk) == writer.entries[0]
    (writer.directory / tile_path(None, 1)).unlink()  # not read yet
    with pytest.raises(VerificationFailed, match="tile/entries/001: it is not there"):
        list(walk)


def test_a_reader_goes_on_while_the_writer_does(writer: Writer) -> None:
    log = PublishedLog(writer.grow(300).directory)
    walk, first = log.entries(), list(writer.entries)
    writer.grow(700)
    (writer.directory / tile_path(None, 1, 44)).unlink()
    (writer.directory / tile_path(0, 1, 44)).unlink()  # the full ones are there now
    assert list(walk) == first
    assert log.size == 300
    assert log.refresh().size == log.size == 700
    assert list(log.entries()) == writer.entries
    old = merkle_root(first)
    merkle.verify_consistency(300, old, 700, log.root, log.consistency(300, 700))
    merkle.verify_inclusion(merkle.leaf_hash(first[7]), 7, 300, log.inclusion(7, 300), old)


def merkle_root(entries: list[bytes]) -> bytes:
    tree = merkle.Tree()
    tree.extend(merkle.leaf_hashes(entries))
    return tree.root()


def test_new_cosignatures_are_seen(writer: Writer) -> None:
    log = PublishedLog(writer.grow(300).directory)
    signed = writer.note() + "\N{EM DASH} witness.example.org " + "A" * 96 + "\n"
    writer.put("checkpoint", signed.encode())
    log.refresh()
    assert log.note == log.prove(0).checkpoint == signed


def test_a_log_that_goes_back_or_forks_is_refused_and_the_old_state_stays(writer: Writer) -> None:
    log = PublishedLog(writer.grow(600).directory)
    log.entry(3)
    for salt, size in (("", 599), ("fork", 600), ("fork", 900)):
        Writer(writer.directory, salt).grow(size)
        with pytest.raises(VerificationFailed):
            log.refresh()
        assert (log.size, log.root) == (600, writer.rows.root())


def test_another_log_in_the_place_is_refused(writer: Writer) -> None:
    other = Signer("other.example.org", bytes(32))
    log = PublishedLog(writer.grow(2).directory, Policy.of([SIGNER.vkey, other.vkey]))
    text = Checkpoint(other.name, 2, writer.rows.root()).text
    writer.put("checkpoint", sign_note(text, other).encode())
    with pytest.raises(VerificationFailed, match="another log"):
        log.refresh()


class Growing(RuleBasedStateMachine):
    """A log that grows, is pruned and is read, beside a list."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.writer = Writer(Path(self.folder.name)).grow(0)
        self.log = PublishedLog(self.writer.directory, keep=2)
        self.minimum = 0

    @rule(added=st.sampled_from([1, 3, 100, 255, 256, 300]))
    def grow(self, added: int) -> None:
        self.writer.grow(len(self.writer.entries) + added)

    @rule()
    def refresh(self) -> None:
        before = self.log.checkpoint
        after = self.log.refresh()
        proof = self.log.consistency(before.size, after.size)
        merkle.verify_consistency(before.size, before.root, after.size, after.root, proof)
        assert after.size == len(self.writer.entries)

    @precondition(lambda self: self.log.size > self.minimum)
    @rule(share=st.floats(0, 1))
    def prune(self, share: float) -> None:
        self.refresh()
        self.minimum = max(1, self.minimum, int(share * (self.log.size - 1)))
        self.writer.prune(self.minimum)
        self.log.refresh()

    @precondition(lambda self: self.log.size > self.minimum)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(self.minimum, self.log.size - 1))
        assert self.log.entry(index) == self.writer.entries[index]
        assert self.log.prove(index).verify(self.writer.entries[index], POLICY) == self.log.checkpoint

    @invariant()
    def nothing_that_was_read_changes(self) -> None:
        assert list(self.log.entries(self.minimum)) == self.writer.entries[self.minimum : self.log.size]

    def teardown(self) -> None:
        self.folder.cleanup()


TestGrowing = Growing.TestCase
TestGrowing.settings = settings(max_examples=25, stateful_step_count=12)


# -- bad files ----------------------------------------------------------------------------------------------------


def _files(directory: Path) -> list[str]:
    return sorted(str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file())


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_mutation_of_a_file_changes_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    writer = _once(tmp_path_factory)
    path = data.draw(st.sampled_from(_files(writer.directory)))
    file = writer.directory / path
    before = file.read_bytes()
    index = data.draw(st.integers(0, 699))
    try:
        file.write_bytes(data.draw(mutations(before)))
        _reads_right_or_refuses(lambda log: log.entry(index), writer.entries[index], writer)
        _reads_right_or_refuses(lambda log: list(log.entries()), writer.entries, writer)
        _reads_right_or_refuses(
            lambda log: log.prove(index).verify(writer.entries[index], POLICY).root, writer.rows.root(), writer
        )
    finally:
        file.write_bytes(before)


@st.composite
def mutations(draw: st.DrawFn, before: bytes) -> bytes:
    at = draw(st.integers(0, len(before) - 1))
    return draw(st.sampled_from([
        before[:at], before[:at] + bytes([before[at] ^ draw(st.integers(1, 255))]) + before[at + 1 :],
        before + b"\0", before + before[-1:], before[at:], before[:at] + before[at + 1 :], before * 2,
    ]))  # fmt: skip


def _reads_right_or_refuses(ask: Callable[[PublishedLog], object], right: object, writer: Writer) -> None:
    try:
        found = ask(PublishedLog(writer.directory, POLICY))
    except VerificationFailed:
        return
    assert found == right


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/entries/002.p/188", "tile/0/000", "tile/0/002.p/188",
                                  "tile/1/000.p/2", "checkpoint"])  # fmt: skip
def test_a_changed_file_is_refused_by_what_uses_it(writer: Writer, path: str) -> None:
    file = writer.grow(700).directory / path
    changes: list[Callable[[bytes], bytes]] = [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:],
        lambda data: data[:0],
    ]
    for change in changes:
        before = file.read_bytes()
        file.write_bytes(change(before))
        with pytest.raises(VerificationFailed):
            list(PublishedLog(writer.directory).entries())
        if not path.startswith("tile/0"):  # the full tile of the leaves is only read for them
            with pytest.raises(VerificationFailed):
                [PublishedLog(writer.directory).entry(index) for index in (5, 699)]
        file.unlink()
        with pytest.raises(VerificationFailed, match="not there"):
            list(PublishedLog(writer.directory).entries())
        file.write_bytes(before)
    assert list(PublishedLog(writer.directory).entries()) == writer.entries


def test_two_entries_that_change_places_are_refused(writer: Writer) -> None:
    entries = writer.grow(10).entries
    writer.put(tile_path(None, 0, 10), encode_bundle([entries[1], entries[0], *entries[2:]]))
    log = PublishedLog(writer.directory)
    with pytest.raises(VerificationFailed, match=r"tile/entries/000\.p/10: its entries are not those of the tree"):
        log.entry(5)


def test_an_endless_file_is_not_read_to_its_end(writer: Writer) -> None:
    writer.grow(300)
    for path, limit in (
        ("tile/0/000", 8192),
        ("tile/entries/000", 256 * 65_537),
        ("checkpoint", None),
        ("policy", None),
    ):
        file = writer.directory / path
        before = file.read_bytes()
        os.truncate(file, 2**40)  # a hole of a tebibyte
        with pytest.raises(VerificationFailed, match=f"more than {limit or ''}") as caught:
            PublishedLog(writer.directory).entry(0)
        assert caught.value.place == path
        file.write_bytes(before)


def test_no_symbolic_link_is_followed(writer: Writer, tmp_path: Path) -> None:
    writer.grow(300)
    for path in ("tile/0/000", "tile/entries/000", "checkpoint", "policy", "tile/0", "tile"):
        place = writer.directory / path
        away = tmp_path / "away"
        place.rename(away)
        place.symlink_to(away)
        with pytest.raises(VerificationFailed, match="symbolic link"):
            PublishedLog(writer.directory).entry(0)
        place.unlink()
        away.rename(place)
    assert PublishedLog(writer.directory).entry(0) == writer.entries[0]


def test_only_regular_files_are_read(writer: Writer) -> None:
    file = writer.grow(300).directory / "tile/entries/000"
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(VerificationFailed, match="regular file"):
        PublishedLog(writer.directory).entry(0)
    file.unlink()
    file.mkdir()
    with pytest.raises(VerificationFailed):
        PublishedLog(writer.directory).entry(0)


@pytest.mark.parametrize("path", ["", ".", "..", "../log/policy", "/etc/hostname", "tile//0", "tile/./0", "a\0b"])
def test_no_path_leads_out_of_the_directory(writer: Writer, path: str) -> None:
    with pytest.raises(VerificationFailed):
        read_beneath(writer.directory, path, 100)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(VerificationFailed, match="policy: it is not there"):
        PublishedLog(tmp_path / "none")
    with pytest.raises(VerificationFailed, match="checkpoint: it is not there"):
        PublishedLog(tmp_path / "none", POLICY)


# -- pruning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minimum", [1, 255, 256, 600, 1100, 1900])
def test_a_pruned_log_keeps_the_newer_proofs(writer: Writer, minimum: int) -> None:
    writer.grow(1900).prune(minimum)
    log = PublishedLog(writer.directory)
    assert log.minimum == minimum
    assert list(log.entries(minimum)) == writer.entries[minimum:]
    for index in {minimum, minimum + 1, 1899} & set(range(minimum, 1900)):
        assert log.entry(index) == writer.entries[index]
        log.prove(index).verify(writer.entries[index], POLICY)
        merkle.verify_consistency(
            index, merkle_root(writer.entries[:index]), 1900, log.root, log.consistency(index, 1900)
        )
    for index in (0, minimum - 1):
        asks: tuple[Callable[[int], object], ...] = (log.entry, log.prove, log.entries)
        for ask in asks:
            with pytest.raises(EntryPruned, match=f"entry {index} was pruned.* from {minimum} on"):
                ask(index)


def test_pruning_while_a_reader_is_open(writer: Writer) -> None:
    log = PublishedLog(writer.grow(1000).directory)
    log.prove(3)
    writer.prune(512)
    log.refresh()
    with pytest.raises(EntryPruned):
        log.prove(3)
    with pytest.raises(EntryPruned):
        log.entries()
    with pytest.raises(EntryPruned):
        log.inclusion(300, 1000)
    assert log.consistency(600, 1000)
    assert log.entry(512) == writer.entries[512]


@pytest.mark.parametrize("data", [
    b"", b"{}", b"[]", b"12", b"null\n", b'{"minimum":5}\n', b'{"minimum":5,"policy":""}\n',
    b'{"minimum":0,"policy":"x"}\n', b'{"minimum":-1,"policy":"x"}\n', b'{"minimum":5,"policy":"x"}',
    b'{"minimum":5,"policy":"x","more":1}\n', b'{"policy":"x","minimum":5}\n', b'{"minimum": 5,"policy":"x"}\n',
    b'{"minimum":"5","policy":"x"}\n', b'{"minimum":5.0,"policy":"x"}\n', b'{"minimum":true,"policy":"x"}\n',
    b'{"minimum":5,"policy":"x"}\n\n', b'{"minimum":5,"minimum":5,"policy":"x"}\n', b'{"minimum":5,"policy":"\xff"}\n',
    b'{"minimum":5,"policy":"\\u0078"}\n', b'{"minimum":' + b"9" * 400 + b',"policy":"x"}\n', b"[" * 60_000,
    b'{"minimum":101,"policy":"x"}\n', b'{"minimum":5,"policy":"' + b"x" * 5000 + b'"}\n',
])  # fmt: skip
def test_a_minimum_that_is_not_canonical_is_refused(writer: Writer, data: bytes) -> None:
    writer.grow(100).put("minimum", data)
    with pytest.raises(VerificationFailed) as caught:
        PublishedLog(writer.directory)
    assert caught.value.place == "minimum"


@given(st.integers(1, 2**62), st.text(min_size=1, max_size=100))
def test_a_minimum_is_read_as_it_was_written(minimum: int, policy: str) -> None:
    try:
        data = Minimum(minimum, policy).data
    except UnicodeEncodeError:
        return
    assert Minimum.parse(data) == Minimum(minimum, policy)


# -- threads ------------------------------------------------------------------------------------------------------


def test_readers_in_threads_see_whole_states_under_a_writer(writer: Writer) -> None:
    log = PublishedLog(writer.grow(100).directory, keep=2)
    done, failures = threading.Event(), list[BaseException]()

    def read() -> None:
        try:
            while not done.is_set():
                index = log.size - 1
                log.prove(index).verify(writer.entries[index], POLICY)
                log.entry(index // 2)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for size in range(150, 2000, 97):
        writer.grow(size)
        log.refresh()
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
