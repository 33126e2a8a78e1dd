"""Values planted in every identifier column and in free text are nowhere in clear: no file, reply, list or log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.flows.record_consent import Choice
from gateway.flows.release_segment import ReleaseRequest
from gateway.foundation import logs
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import GatewayError
from gateway.foundation.settings import Settings
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.names import PurposeId, RecipientId, SegmentId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import (
    CUSTOMER_COLUMNS,
    CUSTOMERS,
    PURCHASES,
    TESTER,
    a_customer,
    as_csv,
    customers,
    ingest,
    purchases,
)

CANARY = {
    "customer_no": "C77777KANARIE",
    "email": "kanarie.lintu@example.org",
    "phone": "+358405559731",
    "given_name": "Kanarielinta",
    "family_name": "Lintukanariainen",
    "street_address": "Kanariekatu 9731",
    "national_id": "140387-973N",
    "birth_date": "1987-03-14",
}
NOTE = (
    "Soittakaa Kanarielinnalle 040 555 9731 tai kirjoittakaa kanarie.lintu@example.org, Lintukanariaisen "
    "asiakasnumero on C77777KANARIE ja tunnus 140387-973N, Kanariekatu 9731"
)
UNDECLARED = "kanariesalaisuus-9731"
FORBIDDEN = [
    *(value for column, value in CANARY.items() if column != "birth_date"),
    "0405559731",
    "040 555 9731",
    "358405559731",
    "KANARIE.LINTU",
    "Lintukanariaisen",
    "140387973N",
    UNDECLARED,
]
SEGMENT = SegmentId("loyal_buyers")
IDENTIFIER = ("email", CANARY["email"])


def canaries_in(data: bytes) -> list[str]:
    folded = data.lower()
    encodings = ("utf-8", "utf-16-le")
    return [v for v in FORBIDDEN if any(v.lower().encode(encoding) in folded for encoding in encodings)]


def canaries_under(home: Path) -> dict[str, list[str]]:
    found = {str(p.relative_to(home)): canaries_in(p.read_bytes()) for p in home.rglob("*") if p.is_file()}
    return {name: values for name, values in found.items() if values}


@pytest.fixture
def planted(gateway: Gateway) -> Gateway:
    """150 people and the canary, who bought as much as they; a bad row repeats the canary's values."""
    canary = a_customer(77777, **CANARY, note=NOTE)
    rows = [*customers(range(1, 151)), canary]
    columns = [*CUSTOMER_COLUMNS, "x_mystery"]
    data = as_csv([row | {"x_mystery": UNDECLARED} for row in rows], columns)
    bad = ",".join([CANARY["customer_no"], CANARY["email"], UNDECLARED]) + "\n"
    assert ingest(gateway, data + bad.encode()).quarantined == {"wrong_number_of_columns": 1}
    bought = [*purchases(range(1, 151)), *({**p, "customer_no": CANARY["customer_no"]} for p in purchases([1]))]
    ingest(gateway, as_csv(bought), PURCHASES)
    return gateway


def test_no_file_holds_a_canary_while_open_and_after_closing(
    settings: Settings, clock: FrozenClock, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure(json=True)
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        planted.__wrapped__(gateway)  # type: ignore[attr-defined] # the fixture's own function
        gateway.build(SEGMENT, TESTER)
        assert canaries_under(settings.home) == {}
    assert canaries_under(settings.home) == {}
    said = capfd.readouterr()
    assert canaries_in((said.out + said.err).encode()) == []


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_no_list_and_no_entry_holds_a_canary(planted: Gateway, form: str) -> None:
    package = planted.release(ReleaseRequest(SEGMENT, RecipientId("mailer"), form), TESTER).value  # type: ignore[arg-type]
    assert package.disclosure.size == 151
    assert canaries_in(package.data) == []
    entries = json.dumps(list(planted.house.recorder.entries())).encode()
    assert canaries_in(entries) == []
    assert canaries_in(b"".join(planted.log.export(TESTER, "csv"))) == []


def test_the_note_is_kept_without_them(planted: Gateway) -> None:
    package = planted.access(IDENTIFIER, TESTER).value.package
    notes = [cell["value"] for cell in package["data"]["profile"] if cell["name"] == "feedback"]
    assert len(notes) == 1
    assert "Soittakaa" in notes[0]
    assert canaries_in(notes[0].encode()) == []


def test_the_person_gets_every_canary_and_nobody_elses(planted: Gateway) -> None:
    """Art. 15(3): the copy is complete and exclusive."""
    text = json.dumps(planted.access(IDENTIFIER, TESTER).value.package, ensure_ascii=False, default=str)
    missing = [value for column, value in CANARY.items() if value not in text and column != "phone"]
    assert missing == []
    assert UNDECLARED in text
    assert "person.1@example.org" not in text


def test_errors_name_no_value(planted: Gateway) -> None:
    told: list[str] = []
    calls = (
        lambda: ingest(planted, as_csv([a_customer(1, **CANARY)])[:-200]),
        lambda: ingest(planted, as_csv(customers(range(60), loyalty_tier=CANARY["email"]))),
        lambda: planted.explain(SEGMENT, ("email", f"nobody.{CANARY['email']}"), TESTER),
        lambda: planted.record_consent(
            IDENTIFIER, Choice(PurposeId(CANARY["email"]), ConsentStatus.GIVEN, channel="test"), TESTER
        ),
    )
    for call in calls:
        try:
            call()
        except GatewayError as error:
            told.append(f"{error} {error!r} {error.reasons} {error.__cause__!r}")
    assert len(told) >= 3
    assert canaries_in("".join(told).encode()) == []


def test_after_erasure_neither_keys_nor_references_are_left(planted: Gateway, settings: Settings) -> None:
    """Art. 17: the wrapped keys, the blind indexes and the reference itself are in no file."""
    ref = planted.house.vault.find(*IDENTIFIER)
    assert ref is not None
    wrapped = planted.house.vault.wrapped_keys(ref)
    assert any(wrapped in path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    planted.release(ReleaseRequest(SEGMENT, RecipientId("mailer")), TESTER)

    answer = planted.erase(IDENTIFIER, TESTER).value

    assert answer.found_after is False
    left = {
        name
        for name, needle in {"wrapped keys": wrapped, "reference": bytes(ref)}.items()
        for path in settings.home.rglob("*")
        if path.is_file() and needle in path.read_bytes()
    }
    assert left == set()
    assert planted.house.vault.find("phone", CANARY["phone"]) is None
    assert planted.access(IDENTIFIER, TESTER).value.found is False


def test_an_erased_person_does_not_come_back_with_the_next_file(planted: Gateway) -> None:
    planted.erase(IDENTIFIER, TESTER)
    report = ingest(planted, as_csv([a_customer(77777, **CANARY), a_customer(9001)]), CUSTOMERS)
    assert (report.rows, report.suppressed) == (1, 1)
    assert planted.house.vault.find(*IDENTIFIER) is None
