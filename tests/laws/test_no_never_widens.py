"""Withdrawing, objecting, expiring and restricting never widen, whatever was said before, after and by whom.

Each history stands in the ledger twice: for one person as it is, for another with one more no. Their masks are
compared, and both with the plain reading of ``tests.purposes``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.consent import ConsentLedger
from gateway.foundation.arrays import BLOCK
from gateway.foundation.database import engine_for
from gateway.policy import permission_masks
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId, SubjectReference
from tests.purposes import ANALYTICS, MARKETING, MAY_GIVE, Permitted, permitted
from tests.rooms.policy.packs import baseline

PACK = baseline()
PURPOSES = tuple(PACK.catalogue.purposes.values())
NOW = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
PLAIN, STRICTER = SubjectReference(b"p" * 16), SubjectReference(b"s" * 16)
TAKING_AWAY = [each for each in ConsentStatus if each not in {*MAY_GIVE, ConsentStatus.UNKNOWN}]
NOTICES = ["webshop-2026-05", "webshop-2026-05", "webshop-2025-01", None]

moments = st.sampled_from([*(NOW - days * DAY for days in range(4)), NOW + 2 * MINUTE, NOW + 4 * MINUTE])
whom = st.sampled_from([None, NOW.date() + DAY])  # of age, and a child


@st.composite
def words(draw: st.DrawFn, purpose: PurposeId, statuses: list[ConsentStatus], channels: list[str]) -> ConsentEvent:
    status, at = draw(st.sampled_from(statuses)), draw(moments)
    given = status is ConsentStatus.GIVEN
    everything = status in {ConsentStatus.RESTRICTED, ConsentStatus.LIFTED} and draw(st.booleans())
    until = draw(st.sampled_from([None, None, at + MINUTE, at + 2 * DAY])) if given else None
    by = draw(st.sampled_from([ExpressedBy.SELF, ExpressedBy.GUARDIAN]))
    return ConsentEvent(
        PLAIN, ALL_PURPOSES if everything else purpose, status, at, NOW, draw(st.sampled_from(NOTICES)),
        draw(st.sampled_from(channels)), None, None, by, until,
    )  # fmt: skip


STATUSES = [ConsentStatus.GIVEN, ConsentStatus.GIVEN, *(each for each in ConsentStatus if each != "unknown")]


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[ConsentEvent], ConsentEvent, list[str]]:
    """What somebody says of one purpose, the further no, and the channels that then export an undated yes."""
    purpose = draw(st.sampled_from([MARKETING, ANALYTICS]))
    said = draw(st.lists(words(purpose, STATUSES, ["api", "webshop"]), max_size=4))
    exports = draw(st.lists(st.sampled_from(["webshop", "export"]), max_size=2))
    return said, draw(words(purpose, TAKING_AWAY, ["desk"])), exports


def nightly(ledger: ConsentLedger, purpose: str, channels: list[str]) -> None:
    """Exports that say an undated yes of both people."""
    for number, channel in enumerate(channels):
        table = pa.table(
            {"row": [0, 1], "purpose": [purpose] * 2, "status": ["given"] * 2,
             "at": pa.nulls(2, pa.timestamp("us", "UTC")), "notice": [NOTICES[0]] * 2}
        )  # fmt: skip
        with ledger.write(f"batch-{number}") as session:
            session.add(pa.array([PLAIN, STRICTER], BLOCK), table, recorded_at=NOW, channel=channel)
            session.commit()


def read(ledger: ConsentLedger, of_age: dt.date | None) -> Iterator[Permitted]:
    """Return what each permits now by their masks, having compared it with the plain reading."""
    people = pa.array([PLAIN, STRICTER], BLOCK)
    standing = ledger.standing(people, at=NOW)
    masks = permission_masks(PACK, people, standing, pa.array([of_age] * 2, pa.date32()), NOW)["permits"].to_pylist()
    for who, mask in zip((PLAIN, STRICTER), masks, strict=True):
        seen = frozenset(each.id for each in PURPOSES if mask >> each.bit & 1)
        assert seen == permitted(ledger.history(who), PURPOSES, lambda _: of_age is None, NOW)
        yield seen


# Without shrinking: an example writes files.
@settings(deadline=None, max_examples=150, phases=(Phase.explicit, Phase.generate))
@given(lives(), whom)
def test_one_more_no_never_widens(
    life: tuple[list[ConsentEvent], ConsentEvent, list[str]], of_age: dt.date | None
) -> None:
    """Also where it is dated before what was said; and no undated yes widens again what nobody has answered since."""
    said, no, exports = life
    with TemporaryDirectory() as folder:
        engine = engine_for(Path(folder) / "operational.sqlite")
        ledger = ConsentLedger(engine, purposes=[each.id for each in PURPOSES])
        for event in said:
            for who in (PLAIN, STRICTER):
                ledger.record(dataclasses.replace(event, subject=who))
        ledger.record(dataclasses.replace(no, subject=STRICTER))
        before, after = read(ledger, of_age)
        assert after <= before
        nightly(ledger, ANALYTICS if no.purpose == ALL_PURPOSES else no.purpose, exports)
        before, again = read(ledger, of_age)
        assert again <= before
        if all(event.at <= no.at for event in said if event.status is ConsentStatus.GIVEN or event.channel in exports):
            assert again <= after
        engine.dispose()
