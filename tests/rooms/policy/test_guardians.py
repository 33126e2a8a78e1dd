"""Art. 8(1): a child's own yes does not end the guardian's, and counts for nothing before the child is of age."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy import permission_masks
from gateway.policy.masks import AGE_UNKNOWN, FURTHER, STANDING
from gateway.vocabulary.names import PurposeId
from tests.rooms.policy.packs import baseline

PACK = baseline()
PURPOSE = PACK.catalogue.purposes[PurposeId("direct_marketing")]
AT = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
LENGTH = PURPOSE.consent_valid_for or dt.timedelta(0)
FAR = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)


class Yes(NamedTuple):
    """A yes of a notice, and how it ends."""

    at: dt.datetime
    notice: str | None
    until: dt.datetime | None

    def holds(self, now: dt.datetime) -> bool:
        """Whether it counts at an instant, whoever expressed it."""
        return self.at <= now < min(self.at + LENGTH, self.until or FAR) and self.notice in PURPOSE.notices


yeses = st.builds(
    Yes,
    st.sampled_from([-800, -730, -729, -10, 0, 1]).map(lambda days: AT + days * DAY),
    st.sampled_from([*PURPOSE.notices, *PURPOSE.notices, "webshop-2020-01", None]),
    st.sampled_from([None, None, AT, AT + 3 * DAY, AT + 90 * DAY]),
)
grown = st.sampled_from([None, AT.date(), *(AT.date() + days * DAY for days in (-1, 1, 5, 100)), AGE_UNKNOWN])


def masked(own: Yes, guardian: Yes | None, of_age: dt.date | None) -> tuple[bool, dt.datetime]:
    """Return the bit at ``AT``, and until when the mask lasts."""
    row = {"subject": bytes(16), "purpose": PURPOSE.id, "status": "given", "at": own.at, "notice": own.notice,
           "by": "self", "valid_until": own.until}  # fmt: skip
    if guardian is not None:
        row |= dict(zip(("guardian_at", "guardian_notice", "guardian_until"), guardian, strict=True))
    standing = pa.Table.from_pylist([row], pa.schema([*STANDING, *FURTHER.items()]))
    subjects, ages = pa.array([bytes(16)], pa.binary(16)), pa.array([of_age], pa.date32())
    [found] = permission_masks(PACK, subjects, standing, ages, AT).to_pylist()
    return bool(found["permits"] >> PURPOSE.bit & 1), found["permits_until"]


def permitted(own: Yes, guardian: Yes | None, of_age: dt.date | None, now: dt.datetime) -> bool:
    """Read the law of one person: of age, their own word; before, the guardian's."""
    if of_age is None or of_age <= now.date():
        return own.holds(now)
    return guardian is not None and guardian.holds(now)


@given(yeses, st.none() | yeses, grown)
def test_of_age_the_own_word_before_the_guardians(own: Yes, guardian: Yes | None, of_age: dt.date | None) -> None:
    """And the mask lasts no longer than it is true."""
    bit, until = masked(own, guardian, of_age)
    assert bit is permitted(own, guardian, of_age, AT)
    hours = (AT + step * dt.timedelta(hours=6) for step in range(4 * 800))
    assert not bit or all(permitted(own, guardian, of_age, now) for now in hours if now < until)


@given(yeses, yeses, st.sampled_from([AT.date() + DAY, AT.date() + 100 * DAY, AGE_UNKNOWN]))
def test_nothing_that_a_child_agrees_to_ends_what_the_guardian_gave(own: Yes, guardian: Yes, of_age: dt.date) -> None:
    assert masked(own, guardian, of_age)[0] is guardian.holds(AT)
