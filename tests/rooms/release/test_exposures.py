"""The ledger of what recipients have learned: it grows, it is one legal entity's, and only a deletion ends it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from gateway.foundation.database import engine_for
from gateway.release import Disclosures
from gateway.release.entries import ConfirmedDeletion, Exposure, Link, of_one_entity
from gateway.release.exposures import UNRECORDED
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, ReleaseId, ScopeId, SegmentId
from tests.rooms.release.test_disclosures import AT, FIRST, blocks

MAILER, ADS, GONE = RecipientId("mailer"), RecipientId("ads"), RecipientId("gone")
KNOWN = [MAILER, ADS]
FIELDS = st.frozensets(st.sampled_from([FieldId(name) for name in ("city", "birth_date", "gender", "x")]))


def exposure(number: int, recipient: RecipientId = MAILER, **changes: object) -> Exposure:
    made = Exposure(
        ReleaseId(f"rel_{number}"), SegmentId("loyal"), recipient, str(recipient), PurposeId("direct_marketing"),
        frozenset(), frozenset({FieldId("city")}), AT,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]  # a kit of parts


@pytest.fixture
def ledger(tmp_path: Path) -> Disclosures:
    return Disclosures(engine_for(tmp_path / "operational.sqlite"))


@given(told=st.lists(st.tuples(FIELDS, FIELDS), max_size=6))
def test_what_is_recorded_is_read_back_once_and_in_order(told: list[tuple[frozenset[FieldId], ...]]) -> None:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    exposures = Disclosures(engine).exposures
    made = [exposure(n, beside=beside, chosen_by=chosen) for n, (beside, chosen) in enumerate(told)]
    for each in (*made, *made):
        exposures.record(each)
    assert exposures.of([MAILER], KNOWN) == tuple(made)
    engine.dispose()


def test_a_release_may_tell_more_later(ledger: Disclosures) -> None:
    more = exposure(1, beside=frozenset({FieldId("gender")}), chosen_by=frozenset())
    for each in (exposure(1), more):
        ledger.exposures.record(each)
    assert ledger.exposures.of([MAILER], KNOWN) == (exposure(1), more)


def test_what_a_recipient_holds_that_nobody_knows_any_more_counts_for_each(ledger: Disclosures) -> None:
    ledger.exposures.record(exposure(1))
    ledger.exposures.record(exposure(2, GONE))
    ledger.exposures.record(exposure(3, ADS))
    assert [e.release for e in ledger.exposures.of([MAILER], [MAILER, ADS])] == ["rel_1", "rel_2"]
    assert [e.release for e in ledger.exposures.of([MAILER, GONE], [MAILER, ADS, GONE])] == ["rel_1", "rel_2"]
    assert [e.release for e in ledger.exposures.of([MAILER], [MAILER, ADS, GONE])] == ["rel_1"]
    assert [e.release for e in ledger.exposures.all()] == ["rel_1", "rel_2", "rel_3"]


def test_who_was_one_company_is_counted_so_from_then_on(ledger: Disclosures) -> None:
    ledger.exposures.record(exposure(1, GONE, legal_entity="acme"))
    ledger.exposures.link([(MAILER, "mailer"), (ADS, "acme")])
    ledger.exposures.link([(MAILER, "acme"), (ADS, "ads")])
    assert of_one_entity(ADS, ledger.exposures.links()) == {GONE, MAILER, ADS}


NAMES = [RecipientId(name) for name in "abcdef"]
links = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["a", "x", "y"])), max_size=8)


@given(links, links, st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_being_one_company_is_mutual_and_only_grows(
    known: list[Link], more: list[Link], one: RecipientId, other: RecipientId
) -> None:
    assert one in of_one_entity(one, known)
    assert (other in of_one_entity(one, known)) == (of_one_entity(one, known) == of_one_entity(other, known))
    assert of_one_entity(one, known) <= of_one_entity(one, [*known, *more])


def test_a_confirmed_deletion_ends_what_came_before_it_and_nothing_else(ledger: Disclosures) -> None:
    ledger.record(FIRST)
    ledger.exposures.record(exposure(1))
    ledger.exposures.record(exposure(2, ADS))
    deletion = ConfirmedDeletion(MAILER, "doc-1", AT + dt.timedelta(days=1))
    ledger.exposures.confirm_deletion(deletion)
    ledger.exposures.record(exposure(3))
    assert ledger.exposures.deletions(MAILER) == (deletion,)
    assert ledger.exposures.is_deleted(FIRST.release)
    assert [e.release for e in ledger.exposures.of([MAILER], KNOWN)] == ["rel_3"]
    assert [e.release for e in ledger.exposures.all()] == ["rel_2", "rel_3"]
    later = dataclasses.replace(FIRST, release=ReleaseId("rel_4"))
    ledger.record(later)
    assert not ledger.exposures.is_deleted(later.release)


def test_a_release_of_which_nothing_is_written_down_may_have_told_anything(ledger: Disclosures) -> None:
    ledger.record(FIRST)
    assert [e.fields for e in ledger.exposures.of([MAILER], KNOWN)] == [{UNRECORDED}]
    assert ledger.exposures.of([ADS], KNOWN) == ()
    ledger.exposures.confirm_deletion(ConfirmedDeletion(MAILER, "doc-1", AT))
    assert ledger.exposures.all() == ()


def test_the_first_erasure_since_a_release_is_told(ledger: Disclosures) -> None:
    scope, segment = ScopeId(FIRST.scope), SegmentId(FIRST.segment)
    ledger.record(FIRST)
    assert ledger.owed_since(scope, segment, FIRST.release) is None
    for hours in (2, 1):
        ledger.add_tombstones(scope, segment, blocks(hours), at=AT + dt.timedelta(hours=hours))
    assert ledger.owed_since(scope, segment, FIRST.release) == AT + dt.timedelta(hours=1)
    assert ledger.owed_since(scope, SegmentId("other"), FIRST.release) is None
