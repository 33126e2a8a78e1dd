"""What a source says of who chose and until when reaches the ledger, and bites."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from gateway.flows.permissions import CheckPermissions, permitted_purposes
from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.vocabulary.names import PurposeId
from gateway.wiring import Gateway
from tests.builders import as_csv, customers, ingest

MARKETING = PurposeId("direct_marketing")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    pack = tmp_path / "pack"
    shutil.copytree(Settings().policies, pack)
    sources = pack / "sources.yaml"
    text, form = sources.read_text(encoding="utf-8"), "form: yes_date, notice: webshop-2026-05"
    beside = "language: fi, evidence_column: doc, by_column: who, valid_until_column: until"
    ignored = "".join(f"\n      {name}: {{ignored: read with the consent}}" for name in ("doc", "who", "until"))
    changed = text.replace(form + "}", f"{form}, {beside}}}{ignored}")
    assert changed != text
    sources.write_text(changed, encoding="utf-8")
    return Settings(home=tmp_path / "home", policies=pack)


def permitted(gateway: Gateway, number: int) -> bool:
    subject = gateway.house.find(("email", f"person.{number}@example.org"))
    assert subject is not None
    return MARKETING in permitted_purposes(gateway.house, subject, gateway.house.clock.now())


def shown_of(gateway: Gateway, number: int) -> list[tuple[str | None, str | None]]:
    subject = gateway.house.find(("email", f"person.{number}@example.org"))
    assert subject is not None
    history = gateway.house.ledger.history(subject)
    return [(each.language, each.evidence) for each in history if each.purpose == MARKETING]


def test_a_child_needs_a_guardian_and_a_yes_ends(gateway: Gateway, clock: FrozenClock) -> None:
    shown = {"doc": "doc-1", "who": "", "until": ""}
    young = {"birth_date": "2014-02-02"}
    rows = [
        *customers([1], **shown),
        *customers([2], **young, **shown),
        *customers([3], **young, **(shown | {"who": "guardian"})),
        *customers([4], **(shown | {"until": "2026-08-01"})),
        *customers([5], **(shown | {"who": "controller"})),
        *customers([6], **(shown | {"doc": "Aino Esimerkki"}), marketing_consent="ei 2026-05-02"),
    ]
    report = ingest(gateway, as_csv(rows))
    assert report.quarantined == {"not_a_proof_of_consent:who": 1}
    assert [permitted(gateway, number) for number in (1, 2, 3, 4, 6)] == [True, False, True, True, False]
    clock.advance(dt.timedelta(days=40))
    assert [permitted(gateway, number) for number in (1, 3, 4)] == [True, True, False]
    assert CheckPermissions(gateway.house)() == 0
    assert shown_of(gateway, 1) == [("fi", "doc-1")]
    assert shown_of(gateway, 6) == [("fi", None)]
