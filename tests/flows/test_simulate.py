"""A draft's effect is told beforehand: protected, with reasons, from the stored data, and nothing of it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.flows.policy_pack import load_draft
from gateway.flows.policy_versions import VersionState
from gateway.flows.release_segment import ReleaseRequest
from gateway.flows.review_draft import unused_fields
from gateway.flows.simulate_policy import ColumnImpact, Count, SegmentEffect, SegmentImpact, SimulatePolicy, Simulation
from gateway.flows.simulation_told import simulation_data, simulation_words
from gateway.store.errors import SchemaMismatch
from gateway.store.forms import Told
from gateway.vocabulary.names import RecipientId, SegmentId
from gateway.wiring import Gateway
from tests.builders import NOW, TESTER, as_csv, customers, ingest
from tests.drafts import CHANGES, draft_with, make_shop, opened_copy
from tests.versions import LIISA, OLLI, approved

FEW = Count(None, 100)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def still(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A shop in which tests only look."""
    with opened_copy(home, tmp_path_factory.mktemp("still")) as gateway:
        yield gateway


@pytest.fixture
def shop(home: Path, tmp_path: Path) -> Iterator[Gateway]:
    """A shop of the test's own."""
    with opened_copy(home, tmp_path) as gateway:
        yield gateway


def simulated(gateway: Gateway, *changes: str) -> Simulation:
    return SimulatePolicy(gateway.house, gateway.policies)(load_draft(draft_with(changes)), TESTER)


def impact(found: Simulation, segment: str) -> SegmentImpact:
    return next(each for each in found.segments if each.segment == segment)


def fingerprint(gateway: Gateway) -> list[str]:
    files = sorted(gateway.house.home.glob("store.duckdb*"))
    return [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files if path.is_file()]


class TestPeople:
    def test_who_leaves_is_told_in_tens_and_who_is_left_as_few(self, still: Gateway) -> None:
        found = simulated(still, "shorter consent")
        loyal = impact(found, "loyal_buyers")
        assert (loyal.now, loyal.then, loyal.left, loyal.entered) == (Count(300, 100), FEW, Count(260, 100), FEW)
        assert loyal.falls_under_minimum
        (marketing,) = found.purposes
        assert (marketing.purpose, marketing.gained, marketing.lost) == ("direct_marketing", FEW, Count(290, 100))

    def test_few_who_leave_are_not_counted(self, shop: Gateway) -> None:
        ingest(shop, as_csv(customers(range(1, 361), marketing_consent="kyllä 2026-07-01")))
        ingest(shop, as_csv(customers(range(401, 404))))  # three who would leave with a shorter consent
        found = simulated(shop, "shorter consent")
        assert found.purposes[0].lost == found.purposes[0].gained == FEW

    def test_a_purpose_and_a_segment_that_the_draft_leaves_alone_are_said_to_be(self, still: Gateway) -> None:
        found = simulated(still, "shorter consent")
        assert impact(found, "regular_buyers").effect is SegmentEffect.UNTOUCHED
        assert {each.purpose for each in found.purposes} == {"direct_marketing"}
        assert impact(simulated(still), "loyal_buyers").effect is SegmentEffect.UNTOUCHED

    def test_nothing_exact_stands_in_the_report(self, still: Gateway) -> None:
        found = simulated(still, *CHANGES)
        counts = [found.people]
        counts += [count for each in found.purposes for count in (each.gained, each.lost)]
        counts += [count for s in found.segments for count in (s.now, s.then, s.entered, s.left)]
        assert all(c.people is None or (c.people % 10 == 0 and c.people >= c.minimum - 5) for c in counts)


class TestSegments:
    def test_one_that_becomes_illegal_says_why(self, still: Gateway) -> None:
        regular = impact(simulated(still, "a segment refused"), "regular_buyers")
        assert regular.effect is SegmentEffect.REFUSED
        assert "loyalty_tier" in regular.reasons[0]
        assert (regular.now, regular.left) == (Count(350, 100), Count(350, 100))

    def test_new_and_gone(self, still: Gateway) -> None:
        found = simulated(still, "one segment more", "a segment gone")
        assert (impact(found, "gold").effect, impact(found, "gold").entered) == (SegmentEffect.NEW, Count(320, 100))
        assert impact(found, "lapsed_buyers").effect is SegmentEffect.GONE

    def test_a_column_that_the_store_has_not_got_yet_is_empty(self, still: Gateway) -> None:
        files = draft_with(["one segment more"])
        files["fields.yaml"] = files["fields.yaml"].replace("id: loyalty_tier", "id: loyalty_tier\n    column: tier")
        files["segments/gold.yaml"] = files["segments/gold.yaml"].replace("loyalty_tier", "tier")
        found = SimulatePolicy(still.house, still.policies)(load_draft(files), TESTER)
        assert (impact(found, "gold").effect, impact(found, "gold").then) == (SegmentEffect.NEW, FEW)

    def test_a_retyped_column_is_refused(self, still: Gateway) -> None:
        files = draft_with([])
        text = files["fields.yaml"]
        start = text.index("id: loyalty_tier")
        files["fields.yaml"] = text[:start] + text[start:].replace("type: text", "type: integer", 1)
        with pytest.raises(SchemaMismatch, match="loyalty_tier"):
            SimulatePolicy(still.house, still.policies)(load_draft(files), TESTER)

    def test_a_new_one_that_is_refused_says_so_and_why(self, still: Gateway) -> None:
        files = draft_with(["one segment more"])
        files["segments/gold.yaml"] = files["segments/gold.yaml"].replace("direct_marketing", "product_analytics")
        found = SimulatePolicy(still.house, still.policies)(load_draft(files), TESTER)
        gold = impact(found, "gold")
        assert gold.effect is SegmentEffect.NEW_REFUSED
        assert "loyalty_tier" in gold.reasons[0]
        assert any(
            "segment gold: new, and refused: " in line and "loyalty_tier" in line for line in simulation_words(found)
        )


class TestColumns:
    """A coarser form is told beforehand, and holds for what is stored from its instant on."""

    def test_one_in_another_form_is_told_with_what_of_it_can_be_shown(self, still: Gateway) -> None:
        assert simulated(still, "shorter consent").columns == ()
        assert simulated(still, "coarser ages").columns == (
            ColumnImpact("age_band", "age_band(5)", "age_band(10)", Told.ALL),
        )
        narrow = draft_with([])
        narrow["fields.yaml"] = narrow["fields.yaml"].replace(
            "{kind: age_band, years: 5}", "{kind: age_band, years: 2}"
        )
        found = SimulatePolicy(still.house, still.policies)(load_draft(narrow), TESTER)
        assert [each.told for each in found.columns] == [Told.SOME]  # 90+ is 90+
        assert any("is not shown until it comes again" in line for line in simulation_words(found))

    def test_a_release_gives_the_coarser_form_of_what_was_stored_in_the_finer_one(self, shop: Gateway) -> None:
        given = ReleaseRequest(SegmentId("regular_buyers"), RecipientId("insights"))
        assert "35-39" in str(shop.release(given, TESTER).value.data)
        shop.policies.activate(approved(shop, draft_with(["coarser ages"])), OLLI)
        data = str(shop.release(given, TESTER).value.data)
        assert "30-39" in data
        assert "35-39" not in data


class TestWhatWasDoneBefore:
    def test_releases_that_the_draft_forbids_are_to_be_recalled(self, shop: Gateway) -> None:
        released = release(shop, "regular_buyers", "insights")
        assert simulated(shop, "shorter consent").recalls == ()
        files = draft_with([])
        files["recipients.yaml"] = files["recipients.yaml"].replace("id: insights", "id: insights_two")
        files["rules/permissions.yaml"] = files["rules/permissions.yaml"].replace("[insights]", "[insights_two]")
        found = SimulatePolicy(shop.house, shop.policies)(load_draft(files), TESTER)
        assert [(each.release, each.reasons[0].code) for each in found.recalls] == [(released, "unknown_recipient")]

    def test_releases_under_a_higher_minimum_are_named(self, shop: Gateway) -> None:
        released = release(shop, "loyal_buyers", "mailer")
        files = draft_with([])
        files["rules/obligations.yaml"] = files["rules/obligations.yaml"].replace("100", "400")
        found = SimulatePolicy(shop.house, shop.policies)(load_draft(files), TESTER)
        assert [(each.release, each.minimum) for each in found.undersized] == [(released, 400)]
        assert impact(found, "loyal_buyers").falls_under_minimum

    def test_fields_that_serve_nothing_are_named_and_needed_ones_are_not(self, still: Gateway) -> None:
        pack = still.house.pack
        unused = {each.field: each.why for each in unused_fields(pack, (), NOW)}
        assert unused["feedback"] == "no_rule_opens"
        assert unused["city"] == "never_used"
        assert not {"birth_date", "country", "amount", "email"} & unused.keys()


def release(gateway: Gateway, segment: str, recipient: str) -> str:
    asked = ReleaseRequest(SegmentId(segment), RecipientId(recipient))
    return gateway.release(asked, TESTER).value.disclosure.release


class TestNothingIsDone:
    def test_the_store_stays_byte_for_byte_and_the_log_says_who_looked(self, still: Gateway) -> None:
        before, masks = fingerprint(still), [batch.to_pydict() for batch in still.house.store.all_subjects()]
        simulated(still, *CHANGES)
        assert fingerprint(still) == before
        assert [batch.to_pydict() for batch in still.house.store.all_subjects()] == masks
        assert still.house.pack.catalogue.version == "1.0.0"
        assert list(still.house.recorder.entries())[-1]["action"] == "policy.simulated"

    def test_a_draft_is_simulated_by_its_number_or_its_folder(self, shop: Gateway, tmp_path: Path) -> None:
        files = draft_with(["shorter consent"])
        for path, text in files.items():
            (tmp_path / "draft" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "draft" / path).write_text(text, encoding="utf-8")
        simulating = SimulatePolicy(shop.house, shop.policies)
        loose = simulating.folder(tmp_path / "draft", LIISA)
        number = shop.policies.draft(files, LIISA).version.version
        assert simulating.version(number, LIISA).digest == loose.digest
        shown = shop.policies.get(number)
        assert (shown.state, shown.steps[-1].report) == (VersionState.SIMULATED, loose.digest)
        assert simulating.folder(tmp_path / "draft", LIISA).digest == loose.digest
        assert len(shop.policies.get(number).steps) == len(shown.steps) + 1

    def test_a_folder_that_could_not_be_submitted_says_so_first(self, still: Gateway, tmp_path: Path) -> None:
        files = draft_with(["shorter consent"])
        files["purposes.yaml"] = files["purposes.yaml"].replace("bit: 1\n", "bit: 61\n", 1)
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
        found = SimulatePolicy(still.house, still.policies).folder(tmp_path, LIISA)
        assert found.refused is not None
        assert "bit" in found.refused
        assert simulation_data(found)["refused"] == found.refused
        assert found.refused in list(simulation_words(found))[1]
        assert simulated(still, "shorter consent").refused is None

    def test_it_is_told_as_data_and_in_words(self, still: Gateway) -> None:
        found = simulated(still, "shorter consent", "a segment refused")
        data = simulation_data(found)
        assert data["digest"] == found.digest
        words = "\n".join(simulation_words(found))
        assert "direct_marketing: permission begins for fewer than 100 people, ends for about 290 people" in words
        assert "segment regular_buyers: refused from then on" in words
        assert "`feedback` from webshop_customers: no rule opens it" in words
