"""An unknown age is no age; a denied purpose stops its source; a corrected contract may read a file again."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from gateway.flows.who_saw import WhoSawRequest
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import NotPermitted
from gateway.foundation.settings import Settings
from gateway.vocabulary.names import SegmentId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import NOW, PURCHASES, TESTER, as_csv, customers, filled, ingest, purchases
from tests.versions import put_in_force, without_stale_cases

LOYAL = SegmentId("loyal_buyers")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    shutil.copytree(Settings().policies, tmp_path / "pack")
    return tmp_path / "pack"


def edit(pack: Path, file: str, old: str, new: str) -> None:
    text = (pack / file).read_text(encoding="utf-8")
    assert old in text
    (pack / file).write_text(text.replace(old, new), encoding="utf-8")


def size(gateway: Gateway) -> int | None:
    return gateway.build(LOYAL, TESTER).size


class TestAges:
    """Art. 8: closed by default. The purpose `direct_marketing` asks for sixteen years."""

    def test_somebody_of_unknown_age_is_left_out(self, gateway: Gateway) -> None:
        filled(gateway)
        ingest(gateway, as_csv(customers(range(201, 211), birth_date="")))
        ingest(gateway, as_csv(purchases(range(201, 211))), PURCHASES)
        assert size(gateway) == 150

    def test_until_the_age_is_known(self, gateway: Gateway) -> None:
        filled(gateway, 150, birth_date="")
        assert size(gateway) is None
        ingest(gateway, as_csv(customers(range(1, 151))))
        assert size(gateway) == 150

    def test_silence_of_a_later_file_changes_nothing(self, gateway: Gateway) -> None:
        filled(gateway)
        ingest(gateway, as_csv(customers(range(1, 51), birth_date="", loyalty_tier="silver")))
        assert size(gateway) == 150

    def test_a_corrected_date_of_birth_counts_both_ways(self, gateway: Gateway) -> None:
        filled(gateway)
        ingest(gateway, as_csv(customers(range(1, 11), birth_date="2014-02-02")))
        assert size(gateway) == 140
        ingest(gateway, as_csv(customers(range(1, 6), birth_date="1987-03-14", loyalty_tier="silver")))
        assert size(gateway) == 145

    def test_of_two_dates_in_one_file_the_younger_counts(self, gateway: Gateway) -> None:
        filled(gateway)
        ingest(gateway, as_csv([*customers([1], birth_date="2014-02-02"), *customers([1])]))
        assert size(gateway) == 149


class TestPurposes:
    def test_one_denied_purpose_stops_the_whole_source_on_record(self, pack: Path, tmp_path: Path) -> None:
        one = "purposes: [customer_segmentation]"
        edit(pack, "sources.yaml", one, one.replace("]", ", direct_marketing]"))
        settings, clock = Settings(home=tmp_path / "home", policies=pack), FrozenClock(NOW)
        initialise(settings, clock)
        with open_gateway(settings, clock) as gateway:
            with pytest.raises(NotPermitted) as refusal:
                ingest(gateway, as_csv(customers(range(1, 5))))
            assert "no_rule_permits" in "".join(refusal.value.reasons)
            assert gateway.house.find(("customer_number", "C00001")) is None
            assert list(gateway.house.recorder.entries())[-1]["action"] == "batch.refused"

    def test_a_person_finds_an_entry_for_each_purpose(self, pack: Path, tmp_path: Path) -> None:
        one = "purposes: [customer_segmentation]"
        edit(pack, "sources.yaml", one, one.replace("]", ", product_analytics]"))
        first = "      purposes: [customer_segmentation]\n      sources: [webshop_customers]"
        edit(pack, "rules/permissions.yaml", first, first.replace("tion]", "tion, product_analytics]"))
        kept_for, already = "purposes: [customer_segmentation]", "[birth_date, country, language, registered_on]"
        edit(pack, "retention.yaml", kept_for, kept_for.replace("]", ", product_analytics]"))
        edit(pack, "retention.yaml", f"  - purposes: [product_analytics]\n    fields: {already}\n    days: 1095\n", "")
        without_stale_cases(pack)
        settings, clock = Settings(home=tmp_path / "home", policies=pack), FrozenClock(NOW)
        initialise(settings, clock)
        with open_gateway(settings, clock) as gateway:
            ingest(gateway, as_csv(customers(range(1, 5))))
            told = gateway.who_saw(WhoSawRequest(("customer_number", "C00003")), TESTER).value.entries
        kept = [entry for entry in told if entry["action"] == "batch.accepted"]
        assert [entry["purpose"] for entry in kept] == ["customer_segmentation", "product_analytics"]
        assert len({entry["tag"] for entry in kept}) == 2


class TestContracts:
    def test_a_corrected_contract_reads_what_was_set_aside(self, pack: Path, tmp_path: Path) -> None:
        data = as_csv([*customers(range(1, 4)), *customers([4], registered_on="03.02.2025")])
        settings, clock = Settings(home=tmp_path / "home", policies=pack), FrozenClock(NOW)
        initialise(settings, clock)
        with open_gateway(settings, clock) as gateway:
            first = ingest(gateway, data)
            assert (first.rows, dict(first.quarantined)) == (3, {"not_a_date:registered_on": 1})
            assert ingest(gateway, data).already_ingested
        edit(
            pack, "sources.yaml", "      registered_on: registered_on\n", "      registered_on: {ignored: not needed}\n"
        )
        without_stale_cases(pack)
        with open_gateway(settings, clock) as gateway:
            put_in_force(gateway, pack)
            again = ingest(gateway, data)
            assert (again.already_ingested, again.rows, again.new_subjects) == (False, 4, 1)

    def test_events_are_never_doubled_by_it(self, pack: Path, tmp_path: Path) -> None:
        data = as_csv(purchases(range(1, 4)))
        settings, clock = Settings(home=tmp_path / "home", policies=pack), FrozenClock(NOW)
        initialise(settings, clock)
        with open_gateway(settings, clock) as gateway:
            ingest(gateway, as_csv(customers(range(1, 4))))
            ingest(gateway, data, PURCHASES)
        edit(pack, "sources.yaml", "      quantity: quantity\n", "      quantity: {ignored: not needed}\n")
        without_stale_cases(pack)
        with open_gateway(settings, clock) as gateway:
            put_in_force(gateway, pack)
            assert gateway.ingest(io.BytesIO(data), PURCHASES, TESTER, name="again.csv").already_ingested


class TestRefusalsInUnreadableRows:
    """A no bites although the rest of its row cannot be read; a yes waits until it can."""

    @pytest.mark.parametrize("said", ["ei 2026-06-01", "ei"])
    def test_a_no_is_never_lost(self, gateway: Gateway, said: str) -> None:
        filled(gateway)
        rows = [*customers([7], marketing_consent=said, registered_on="soon"), *customers([300])]
        report = ingest(gateway, as_csv(rows))
        assert dict(report.quarantined) == {"not_a_date:registered_on": 1}
        assert size(gateway) == 149
        assert all(finding.ok for finding in gateway.doctor())

    def test_of_a_contradiction_the_no_counts(self, gateway: Gateway) -> None:
        filled(gateway)
        rows = [*customers([7], analytics_choice="objected 2026-06-01", birth_date="1987-02-30"), *customers([300])]
        ingest(gateway, as_csv(rows))
        assert gateway.build(SegmentId("regular_buyers"), TESTER).size == 149

    def test_a_yes_waits(self, gateway: Gateway) -> None:
        filled(gateway, 150, marketing_consent="ei 2026-01-01")
        ingest(gateway, as_csv([*customers(range(1, 151), registered_on="soon"), *customers([300])]))
        assert size(gateway) is None

    def test_of_a_stranger_nothing_is_kept(self, gateway: Gateway) -> None:
        rows = [*customers([7], marketing_consent="ei", registered_on="soon"), *customers([300])]
        ingest(gateway, as_csv(rows))
        assert gateway.house.find(("customer_number", "C00007")) is None
