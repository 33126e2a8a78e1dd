"""Whom the entries of a gateway's day concern: everybody once, and no place in a side file says who."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import audit
from gateway.accountability.errors import LogDamaged
from gateway.flows.read_members import PageRequest
from gateway.flows.register_clients import Client, Scope, actor_of
from gateway.flows.release_segment import ReleaseRequest
from gateway.flows.who_saw import WhoSawRequest
from gateway.foundation.settings import Settings
from gateway.vocabulary.names import RecipientId, SegmentId
from gateway.wiring import Gateway
from tests.builders import PURCHASES, TESTER, as_csv, customers, filled, ingest, purchases
from tests.homes import copied, filled_home

PEOPLE, CHUNK = 150, 131_072
LOYAL, MAILER = SegmentId("loyal_buyers"), RecipientId("mailer")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return filled_home(Settings(home=tmp_path_factory.mktemp("tags") / "home"), PEOPLE)


@pytest.fixture
def home(template: Settings, tmp_path: Path) -> Iterator[Gateway]:
    with copied(template, tmp_path / "home") as gateway:
        yield gateway


def person(number: int) -> tuple[str, str]:
    return ("email", f"person.{number}@example.org")


def tags_in(gateway: Gateway, entry: dict[str, Any]) -> list[bytes]:
    directory = next((gateway.house.home / "audit").glob("[0-9]*"))
    text = b"".join(audit.read_tags(directory, entry["tags_root"]))
    return [text[at : at + 16] for at in range(0, len(text), 16)]


def tags_for(gateway: Gateway, entry: dict[str, Any], numbers: range) -> set[bytes]:
    subjects = [gateway.house.find(person(number)) for number in numbers]
    return {gateway.house.vault.tags_of(subject, [entry["id"]]) for subject in subjects if subject is not None}


def latest(gateway: Gateway, action: str) -> dict[str, Any]:
    return [entry for entry in gateway.house.recorder.entries() if entry["action"] == action][-1]


def withdrawals(rows: int) -> bytes:
    lines = ["identifier_type,identifier,purpose,status,at"]
    for row in range(rows):
        day = f"2026-06-{row % 28 + 1:02d}T{row % 24:02d}:{row % 60:02d}:00Z"
        lines.append(f"email,person.{row % PEOPLE + 1}@example.org,direct_marketing,withdrawn,{day}")
    return "\n".join(lines).encode() + b"\n"


def test_the_place_of_a_tag_says_nothing(home: Gateway) -> None:
    """Files, references and pseudonyms have orders of their own, which whoever has them could lay beside the tags."""
    recipient = home.clients.identify(home.clients.add("mailer", Scope.RECIPIENT, TESTER))
    assert isinstance(recipient, Client)
    for _ in range(2):
        release = home.release(ReleaseRequest(LOYAL, MAILER), actor_of(recipient)).value.disclosure.release
    home.members.page(PageRequest(release, LOYAL, MAILER, "", PEOPLE), actor_of(recipient))
    home.import_consents(io.BytesIO(withdrawals(PEOPLE)), TESTER, name="file")
    bulk = [entry for entry in home.house.recorder.entries() if "tags_root" in entry]
    assert {entry["action"] for entry in bulk} == {
        "batch.accepted", "segment.built", "segment.released", "release.read", "consent.recorded",
    }  # fmt: skip
    for entry in bulk:
        tags = tags_in(home, entry)
        assert (tags, len(tags)) == (sorted(set(tags)), entry["members"]), entry["action"]
        assert entry["members"] == PEOPLE


def test_a_person_in_two_chunks_of_a_file_of_choices_counts_once(home: Gateway) -> None:
    told = home.import_consents(io.BytesIO(withdrawals(CHUNK + PEOPLE)), TESTER, name="file")
    assert (told.recorded, told.rows, told.faulty) == (True, CHUNK + PEOPLE, 0)
    entry = latest(home, "consent.recorded")
    assert (entry["rows"], entry["members"]) == (CHUNK + PEOPLE, PEOPLE)
    assert set(tags_in(home, entry)) == tags_for(home, entry, range(1, PEOPLE + 1))


def test_a_person_in_two_chunks_of_a_batch_counts_once(home: Gateway) -> None:
    ingest(home, as_csv(purchases(range(1, 3), each=1) * (CHUNK // 2 + 1)), PURCHASES)
    entry = latest(home, "batch.accepted")
    assert (entry["rows"], entry["members"]) == (CHUNK + 2, 2)
    assert set(tags_in(home, entry)) == tags_for(home, entry, range(1, 3))


@pytest.mark.parametrize("loyal", [0, 1, 150])
def test_a_segment_that_is_built_concerns_those_who_are_chosen(gateway: Gateway, loyal: int) -> None:
    """Also under the minimum: what its entry says of its size is what it always said."""
    filled(gateway, loyal or 1, marketing_consent="kyllä 2026-05-02" if loyal else "")
    ingest(gateway, as_csv(customers(range(1001, 1006))))  # they bought nothing
    told = gateway.build(LOYAL, TESTER)
    entry = latest(gateway, "segment.built")
    assert (told.size, entry["members"]) == (loyal if loyal >= told.minimum else None, loyal)
    assert set(tags_in(gateway, entry)) == tags_for(gateway, entry, range(1, loyal + 1))
    for number, named in ((1, bool(loyal)), (1001, False)):
        about = gateway.who_saw(WhoSawRequest(person(number)), TESTER).value.entries
        assert ("segment.built" in {each["action"] for each in about}) is named


def test_an_entry_of_another_writer_is_a_named_error_wherever_the_log_is_read(home: Gateway) -> None:
    home.house.recorder._writer.submit([b"not json"]).wait()
    for read in (
        lambda: home.log.show(TESTER),
        lambda: home.who_saw(WhoSawRequest(person(1)), TESTER),
        lambda: home.access(person(1), TESTER),
        lambda: list(home.log.export(TESTER, "csv")),
    ):
        with pytest.raises(LogDamaged, match="not one of the gateway's"):
            read()
    assert [entry["action"] for entry in home.log.show(TESTER, last=1)] == ["log.read"]
