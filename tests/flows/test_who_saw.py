"""Who saw my data: exactly the entries that concern a person, each proved to a stranger, in two levels of detail."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hmac
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import audit
from audit.__main__ import main as audit_command
from gateway.accountability import verify_log
from gateway.flows.read_members import PageRequest
from gateway.flows.record_consent import Choice
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.flows.release_segment import ReleaseRequest
from gateway.flows.who_saw import WhoSawAnswer, WhoSawRequest
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import Conflict, NotFound, Unavailable
from gateway.foundation.settings import Settings
from gateway.vault import ReidentificationWarrant
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.events import Actor, Role
from gateway.vocabulary.names import PurposeId, RecipientId, RequestId, SegmentId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import TESTER, as_csv, customers, filled, ingest

LOYAL, MAILER = SegmentId("loyal_buyers"), RecipientId("mailer")
AINO, OTHER, STRANGER = (("email", f"person.{number}@example.org") for number in (1, 2, 999))
DESK = "desk-of-kaisa"
NEXT_QUARTER = dt.timedelta(days=92)


def client(gateway: Gateway, reference: str, scope: Scope) -> Actor:
    found = gateway.clients.identify(gateway.clients.add(reference, scope, TESTER))
    assert isinstance(found, Client)
    return actor_of(found)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A home in which much was done about Aino and about others; tests add to its log and change nobody's data."""
    home = tmp_path_factory.mktemp("who-saw") / "home"
    clock = FrozenClock(dt.datetime(2026, 7, 1, 9, 0, tzinfo=dt.UTC))
    initialise(Settings(home=home), clock)
    with open_gateway(Settings(home=home), clock) as gateway:
        filled(gateway, 120)
        ingest(gateway, as_csv(customers([2, 3], loyalty_tier="silver")))  # not Aino
        recipient, desk = client(gateway, "mailer", Scope.RECIPIENT), client(gateway, DESK, Scope.SUBJECT_DESK)
        gateway.build(LOYAL, TESTER)
        released = gateway.release(ReleaseRequest(LOYAL, MAILER), recipient).value
        after: str | None = ""
        while after is not None:
            page = PageRequest(released.disclosure.release, LOYAL, MAILER, after, 60)
            after = gateway.members.page(page, recipient).value.after
        gateway.access(AINO, desk)
        gateway.access(OTHER, desk)
        gateway.show_consents(AINO, desk)
        given = Choice(PurposeId("product_analytics"), ConsentStatus.GIVEN, notice="webshop-2026-05", channel="test")
        gateway.record_consent(AINO, given, desk)
        gateway.explain(LOYAL, AINO, TESTER)
        gateway.log.show(TESTER)
        yield gateway


def ask(gateway: Gateway, who: tuple[str, str] = AINO, **options: Any) -> WhoSawAnswer:
    return gateway.who_saw(WhoSawRequest(who, **options), TESTER).value


def policy_of(home: Path) -> audit.Policy:
    """The keys of all shards, as an outsider gets them."""
    policies = [audit.Policy.parse(path.read_bytes()) for path in sorted((home / "audit").glob("*/policy"))]
    return audit.Policy.of([vkey for policy in policies for vkey in policy.vkeys])


def key_of(gateway: Gateway, who: tuple[str, str]) -> bytes:
    subject = gateway.house.find(who)
    assert subject is not None
    return gateway.house.vault.audit_key(subject, ReidentificationWarrant("a test", RequestId("req_test")))


def recount(home: Path, key: bytes) -> set[tuple[str, int]]:
    """Look for a person's tags, one entry after the other, with nothing of the gateway's."""
    found = set()
    for shard in sorted((home / "audit").glob("*q*/")):
        for index, leaf in enumerate(audit.PublishedLog(shard).entries()):
            entry = json.loads(leaf)
            tag = hmac.digest(key, f"tag/v1|{entry['id']}".encode(), "sha256")[:16]
            blocks = (shard / "tags" / entry["tags_root"]).read_bytes() if "tags_root" in entry else b""
            aside = {blocks[at : at + 16] for at in range(0, len(blocks), 16)}
            if tag.hex() in entry.get("tags", ()) or tag in aside:
                found.add((shard.name, index))
    return found


def places(answer: WhoSawAnswer) -> list[tuple[str, int]]:
    return [(entry["shard"], entry["index"]) for entry in answer.entries]


# -- what is found -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [AINO, OTHER])
def test_exactly_the_entries_that_concern_the_person(lived: Gateway, who: tuple[str, str]) -> None:
    answer = ask(lived, who)
    found = places(answer)
    assert len(found) == len(set(found))
    assert found == sorted(found)
    assert set(found) == recount(lived.house.home, key_of(lived, who))


def test_what_was_done_about_her_is_in_it(lived: Gateway) -> None:
    entries = ask(lived).entries
    actions = [entry["action"] for entry in entries]
    for action, times in {
        "batch.accepted": 2, "segment.released": 1, "release.read": 1, "consent.recorded": 1,
        "segment.explained": 1,
    }.items():  # fmt: skip
        assert actions.count(action) == times, action
    assert actions.count("subject.accessed") >= 3  # the package, the consents, and this question
    assert entries[-1]["action"] == "subject.accessed"
    (release,) = (entry for entry in entries if entry["action"] == "segment.released")
    assert (release["purpose"], release["recipient"], release["segment"]) == ("direct_marketing", "mailer", LOYAL)
    assert release["fields"]
    assert release["basis"] == "6(1)(a)"


def test_each_entry_is_proved_by_the_logs_keys_alone(lived: Gateway) -> None:
    policy, aside = policy_of(lived.house.home), 0
    for entry in ask(lived).entries:
        leaf, proof = base64.b64decode(entry["entry"]), audit.Proof.parse(entry["proof"])
        head = proof.verify(leaf, policy)
        assert (proof.index, head.origin.rpartition("/")[2]) == (entry["index"], entry["shard"])
        with pytest.raises(audit.VerificationFailed):
            proof.verify(leaf + b" ", policy)
        written = json.loads(leaf)
        assert entry["tag"] == _tag(lived, written["id"]).hex()
        if (path := entry["tag_proof"]) is None:
            assert entry["tag"] in written["tags"]
            continue
        aside += 1
        hashes, root = [bytes.fromhex(step) for step in path["hashes"]], bytes.fromhex(written["tags_root"])
        tag = audit.leaf_hash(bytes.fromhex(entry["tag"]))
        audit.verify_inclusion(tag, path["index"], path["of"], hashes, root)
        assert path["of"] == written["members"]
        with pytest.raises(audit.VerificationFailed):
            audit.verify_inclusion(audit.leaf_hash(bytes(16)), path["index"], path["of"], hashes, root)
    assert aside >= 4


def _tag(gateway: Gateway, entry_id: str) -> bytes:
    return hmac.digest(key_of(gateway, AINO), f"tag/v1|{entry_id}".encode(), "sha256")[:16]


def test_what_was_searched_is_the_whole_log(lived: Gateway) -> None:
    answer = ask(lived)
    (searched,) = answer.searched
    head = policy_of(lived.house.home).check(searched["checkpoint"])
    assert (searched["shard"], searched["from"], searched["to"]) == ("2026q3", 0, head.size)
    assert places(answer)[-1][1] == head.size - 1  # the question itself, recorded before it was answered


def test_the_person_repeats_the_search_with_the_key_alone(
    lived: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(lived, with_key=True)
    assert answer.audit_key == key_of(lived, AINO).hex()
    (tmp_path / "key").write_text(answer.audit_key + "\n")
    (tmp_path / "policy").write_text(policy_of(lived.house.home).text)
    capsys.readouterr()
    command = ["scan", str(lived.house.home / "audit"), "--key-file", str(tmp_path / "key"), "--json"]
    with contextlib.suppress(SystemExit):
        assert not audit_command([*command, "--policy", str(tmp_path / "policy")])
    said = json.loads(capsys.readouterr().out)
    assert [("2026q3", index) for index in said["logs"][0]["indexes"]] == places(answer)
    assert ask(lived).audit_key is None


def test_tags_of_two_entries_share_nothing(lived: Gateway) -> None:
    tags = [entry["tag"] for entry in ask(lived).entries]
    assert len(set(tags)) == len(tags)
    for place in range(0, 32, 8):  # nor do their parts
        assert len({tag[place : place + 8] for tag in tags}) == len(tags)


# -- two levels of detail --------------------------------------------------------------------------------------------


def everything(answer: WhoSawAnswer) -> str:
    """The answer as it leaves, and what stands inside its encoded parts."""
    inside = b"".join(base64.b64decode(entry["entry"]) for entry in answer.entries)
    return json.dumps(asdict(answer), default=str) + inside.decode()


def test_by_default_no_employee_can_be_told(lived: Gateway) -> None:
    answer = ask(lived)
    assert answer.identities is False
    assert DESK not in everything(answer)
    assert all(set(entry["actor"]) == {"type", "role"} for entry in answer.entries)
    assert {entry["actor"]["role"] for entry in answer.entries} >= {"operator", "recipient", "subject-desk"}
    assert "act_" in everything(answer)  # the leaf has a random name, or nobody could prove it


def test_an_officers_yes_tells_who_looked(lived: Gateway) -> None:
    officer = client(lived, "officer-of-pekka", Scope.OFFICER)
    decision = lived.who_saw.decide(AINO, officer, permit=True, reason="needed_for_rights")
    answer = ask(lived, decision=decision)
    assert answer.identities is True
    told = {entry["actor"]["role"]: entry["actor"]["reference"] for entry in answer.entries}
    assert told == {
        "operator": "test", "recipient": "mailer", "subject-desk": DESK, "officer": "officer-of-pekka",
    }  # fmt: skip
    (entry,) = (entry for entry in answer.entries if entry.get("request") == decision)
    assert (entry["action"], entry["decision"], entry["reasons"]) == (
        "identities.decided", "permit", ["needed_for_rights"],
    )  # fmt: skip


def test_a_later_no_takes_a_yes_back(lived: Gateway) -> None:
    yes = lived.who_saw.decide(AINO, TESTER, permit=True, reason="needed_for_rights")
    assert ask(lived, decision=yes).identities
    lived.who_saw.decide(AINO, TESTER, permit=False, reason="protects_employee")
    with pytest.raises(NotFound):
        ask(lived, decision=yes)


def decisions(gateway: Gateway) -> dict[str, tuple[tuple[str, str], str]]:
    """Decisions that open nothing, and for whom somebody tries them."""
    decide = gateway.who_saw.decide
    no = "protects_employee"
    yes = decide(AINO, TESTER, permit=True, reason="needed_for_rights")
    request = ask(gateway, AINO).request
    return {
        "of somebody else": (OTHER, yes),
        "of a stranger": (STRANGER, yes),
        "made for a stranger": (AINO, decide(STRANGER, TESTER, permit=True, reason="needed_for_rights")),
        "made for the same stranger": (STRANGER, decide(STRANGER, TESTER, permit=True, reason="needed_for_rights")),
        "a no": (AINO, decide(AINO, TESTER, permit=False, reason=no)),
        "invented": (AINO, "dec_f4k2nq7wzc5xv3ydj6mrh2teaq"),
        "no decision": (AINO, request),
        "empty": (AINO, ""),
    }


def test_no_other_decision_tells_who_looked(lived: Gateway) -> None:
    said = set()
    for why, (who, decision) in decisions(lived).items():
        with pytest.raises(NotFound) as refusal:
            ask(lived, who, decision=RequestId(decision))
        said.add(str(refusal.value))
        assert list(lived.house.recorder.entries())[-1]["action"] == "subject.accessed", why
    assert len(said) == 1
    assert all(request.completed_at for request in lived.house.requests.list())  # nobody could end one later


def test_somebody_unknown_gets_the_same_shape(lived: Gateway) -> None:
    known, unknown = ask(lived, with_key=True), ask(lived, STRANGER, with_key=True)
    assert asdict(known).keys() == asdict(unknown).keys()
    assert (unknown.entries, unknown.audit_key, unknown.due) == ([], None, known.due)
    assert [part.keys() for part in unknown.searched] == [part.keys() for part in known.searched]
    assert unknown.searched[0]["to"] == known.searched[0]["to"] + 1


# -- and afterwards --------------------------------------------------------------------------------------------------


def test_after_an_erasure_nothing_points_at_the_person(gateway: Gateway, settings: Settings) -> None:
    filled(gateway, 10)
    before = ask(gateway)
    assert before.entries
    gateway.erase(AINO, TESTER)
    after = ask(gateway, with_key=True)
    assert (after.entries, after.audit_key) == ([], None)
    assert after.searched[0]["to"] > before.searched[0]["to"]
    verified = verify_log(settings.home / "audit", vkeys=policy_of(settings.home).vkeys)
    assert [shard.entries_beyond_checkpoint for shard in verified] == [0]
    for entry in before.entries:  # what was proved stays proved: no byte of the log has changed
        audit.Proof.parse(entry["proof"]).verify(base64.b64decode(entry["entry"]), policy_of(settings.home))
    assert [finding for finding in gateway.doctor() if not finding.ok] == []


def test_the_answer_goes_on_over_the_end_of_a_quarter(gateway: Gateway, clock: FrozenClock, settings: Settings) -> None:
    filled(gateway, 10)
    first = ask(gateway)
    clock.advance(NEXT_QUARTER)
    second = ask(gateway)
    assert {shard for shard, _ in places(second)} == {"2026q3", "2026q4"}
    assert set(places(second)) == recount(settings.home, key_of(gateway, AINO))
    assert places(second)[:-1] == places(first)
    assert [(part["shard"], part["from"], part["to"]) for part in second.searched] == [
        ("2026q3", 0, first.searched[0]["to"]), ("2026q4", 0, 2),
    ]  # fmt: skip
    begun = next(gateway.house.recorder.shards()["2026q4"].entries())
    head = policy_of(settings.home).check(first.searched[0]["checkpoint"])
    named = {"origin": head.origin, "size": head.size, "root": head.root.hex()}
    assert json.loads(begun)["previous"] == named
    shown = gateway.log.show(TESTER, last=1000)
    assert len(shown) == gateway.house.recorder.size
    assert shown[head.size]["action"] == "log.continued"
    assert [json.loads(line)["id"] for line in gateway.log.export(TESTER, "ndjson")][:-1] == [e["id"] for e in shown]
    times = [entry["ts"] for entry in gateway.house.recorder.entries()]
    assert times == sorted(times)


def test_a_clock_before_the_log_lets_nothing_leave(gateway: Gateway, clock: FrozenClock) -> None:
    filled(gateway, 10)
    before = gateway.house.recorder.size
    clock.advance(dt.timedelta(minutes=-6))
    with pytest.raises(Unavailable, match="clock"):
        ask(gateway)
    assert gateway.house.recorder.size == before
    clock.advance(dt.timedelta(minutes=4))
    assert ask(gateway).entries
    times = [entry["ts"] for entry in gateway.house.recorder.entries()]
    assert times == sorted(times)


# -- the keeping of the log ------------------------------------------------------------------------------------------


@pytest.fixture
def short(tmp_path: Path, clock: FrozenClock) -> tuple[Settings, FrozenClock]:
    """A home that keeps its log for thirty days after each quarter."""
    settings = Settings(home=tmp_path / "home", audit_retention_days=30)
    initialise(settings, clock)
    return settings, clock


def files(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in (home / "audit").rglob("*") if path.is_file()}


def test_pruning_takes_what_is_too_old_and_nothing_else(short: tuple[Settings, FrozenClock]) -> None:
    settings, clock = short
    with open_gateway(settings, clock) as gateway:
        filled(gateway, 10)
        old = ask(gateway)
        size, key = old.searched[0]["to"], key_of(gateway, AINO)
        clock.advance(NEXT_QUARTER + dt.timedelta(days=10))  # the quarter is over, its thirty days are not
        assert ask(gateway).searched[0]["from"] == 0
        assert gateway.keep_log.prune(TESTER) == []
        clock.advance(dt.timedelta(days=30))
        before = files(settings.home)
        (would,) = gateway.keep_log.prune(TESTER, dry_run=True)
        assert files(settings.home) == before
        (done,) = gateway.keep_log.prune(TESTER)
        assert done == would
        assert (done.shard, done.entries) == ("2026q3", size)
        entry = list(gateway.house.recorder.entries())[-1]
        assert (entry["action"], entry["reasons"]) == ("log.pruned", ["shard:2026q3"])
        assert gateway.keep_log.prune(TESTER) == []
        _holds_after_pruning(gateway, settings, old, key)
    with open_gateway(settings, clock) as gateway:
        _holds_after_pruning(gateway, settings, old, key)


def _holds_after_pruning(gateway: Gateway, settings: Settings, old: WhoSawAnswer, key: bytes) -> None:
    size, home = old.searched[0]["to"], settings.home
    answer = ask(gateway)
    assert [(part["shard"], part["from"]) for part in answer.searched] == [("2026q3", size), ("2026q4", 0)]
    assert {shard for shard, _ in places(answer)} == {"2026q4"}
    assert not list((home / "audit" / "2026q3").glob("tags/*"))
    verified = verify_log(home / "audit", vkeys=policy_of(home).vkeys)
    assert [(shard.minimum, shard.entries_beyond_checkpoint) for shard in verified] == [(size, 0), (0, 0)]
    for entry in old.entries:
        audit.Proof.parse(entry["proof"]).verify(base64.b64decode(entry["entry"]), policy_of(home))
    with pytest.raises(NotFound, match="pruned"):
        gateway.log.proof(0, "2026q3")
    assert gateway.log.shards()[0].minimum == size
    assert len(list(gateway.log.export(TESTER, "ndjson"))) == gateway.house.recorder.size - size
    assert gateway.log.show(TESTER, last=1000)
    assert audit.Policy.of(gateway.log.shards()[0].vkeys).check(gateway.log.checkpoint("2026q3")).size == size
    assert [finding for finding in gateway.doctor() if not finding.ok] == []
    assert key == key_of(gateway, AINO)


def test_keys_are_rotated_with_an_overlap(settings: Settings, clock: FrozenClock) -> None:
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        old = gateway.log.shards()[0].vkeys
        proof, leaf = gateway.log.proof(0), next(gateway.house.recorder.leaves())
        gateway.keep_log.begin_rotation(TESTER, dry_run=True)
        with pytest.raises(Conflict, match="no rotation"):
            gateway.keep_log.finish_rotation(TESTER)
        gateway.keep_log.begin_rotation(TESTER)
        for dry_run in (False, True):
            with pytest.raises(Conflict, match="begun already"):
                gateway.keep_log.begin_rotation(TESTER, dry_run=dry_run)
            with pytest.raises(Conflict, match="once more"):  # else nobody could open the log any more
                gateway.keep_log.finish_rotation(TESTER, dry_run=dry_run)
        assert gateway.log.shards()[0].vkeys == old
    with open_gateway(settings, clock) as gateway:
        both = gateway.log.shards()[0].vkeys
        assert (len(old), len(both)) == (2, 4)
        assert set(old) < set(both)
        note = gateway.log.checkpoint()
        for vkey in both:  # whoever knows but one of them
            assert audit.Policy.of([vkey]).check(note).size >= 2
        gateway.keep_log.finish_rotation(TESTER)
    with open_gateway(settings, clock) as gateway:
        new = gateway.log.shards()[0].vkeys
        assert set(new) == set(both) - set(old)
        assert audit.Policy.of(new).check(gateway.log.checkpoint()).size >= 3
        with pytest.raises(audit.VerificationFailed):
            audit.Policy.of(old).check(gateway.log.checkpoint())
        audit.Proof.parse(proof).verify(leaf, audit.Policy.of(old))
        steps = [e["reasons"] for e in gateway.house.recorder.entries() if e["action"] == "log.key_rotated"]
        assert steps == [["begun"], ["finished"]]
        clock.advance(NEXT_QUARTER)
        gateway.log.show(TESTER)
        assert len(gateway.log.shards()[1].vkeys) == 2
    assert len(verify_log(settings.home / "audit")) == 2


def test_a_role_is_never_missing_from_an_entry(lived: Gateway) -> None:
    assert {entry["actor"]["role"] for entry in lived.house.recorder.entries()} <= set(Role)
