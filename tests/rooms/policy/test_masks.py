from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from gateway.foundation.errors import InvalidInput
from gateway.policy import of_age_from, permission_masks
from gateway.policy.masks import AGE_UNKNOWN, STANDING
from gateway.policy.standing import FOREVER

from .packs import AT, baseline

SEGMENTATION, MARKETING, ANALYTICS = 1, 2, 4
AINO, BELA, OLHA = (bytes([n]) * 16 for n in (1, 2, 3))
PEOPLE = pa.array([AINO, BELA, OLHA], pa.binary(16))
NO_AGES = pa.nulls(3, pa.date32())
YEAR = dt.timedelta(days=365)
NOTICE = "webshop-2026-05"


def standing(*rows: tuple[object, ...]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, STANDING, strict=True)], schema=STANDING)


def permits(*rows: tuple[object, ...], ages: pa.Array = NO_AGES) -> list[int]:
    found: list[int] = permission_masks(baseline(), PEOPLE, standing(*rows), ages, AT)["permits"].to_pylist()
    return found


def test_silence_is_no_consent_and_no_objection() -> None:
    assert permits() == [SEGMENTATION | ANALYTICS] * 3


def test_consent_opens_marketing_until_it_expires() -> None:
    given = AT - YEAR
    table = permission_masks(
        baseline(), PEOPLE, standing((BELA, "direct_marketing", "given", given, NOTICE)), NO_AGES, AT
    )
    assert table["permits"].to_pylist() == [5, 7, 5]
    assert table["permits"].type == pa.uint64()
    assert table["permits_until"].to_pylist() == [FOREVER, given + dt.timedelta(days=730), FOREVER]
    assert table["permits_until"].type == pa.timestamp("us", "UTC")


@pytest.mark.parametrize(
    ("status", "at", "notice"),
    [
        ("given", AT - dt.timedelta(days=730), NOTICE),
        ("given", AT + dt.timedelta(microseconds=1), NOTICE),
        ("given", None, NOTICE),
        ("given", AT, "webshop-2025-01"),
        ("given", AT, None),
        ("refused", AT, NOTICE),
        ("expired", AT, NOTICE),
        ("Given", AT, NOTICE),
        (None, AT, NOTICE),
    ],
)
def test_what_is_no_valid_yes_is_a_no(status: str | None, at: dt.datetime | None, notice: str | None) -> None:
    assert permits((AINO, "direct_marketing", status, at, notice)) == [5, 5, 5]


def test_objection_ends_legitimate_interests_only_for_that_purpose() -> None:
    assert permits((OLHA, "product_analytics", "objected", AT, None)) == [5, 5, SEGMENTATION]


def test_restriction_clears_all_until_it_is_lifted() -> None:
    yes = (AINO, "direct_marketing", "given", AT, NOTICE)
    assert permits(yes, (AINO, "*", "restricted", AT, None)) == [0, 5, 5]
    assert permits(yes, (AINO, "*", "lifted", AT, None)) == [7, 5, 5]
    assert permits(yes, (AINO, "*", "lifted", AT + YEAR, None)) == [0, 5, 5]


def test_the_young_are_not_marketed_to() -> None:
    yes = [(who, "direct_marketing", "given", AT, NOTICE) for who in (AINO, BELA, OLHA)]
    ages = pa.array([AT.date(), AT.date() + dt.timedelta(days=1), None], pa.date32())
    assert permits(*yes, ages=ages) == [7, 5, 7]


def test_a_person_who_stands_twice_gets_the_same_answer_twice() -> None:
    people = pa.array([AINO, BELA, AINO], pa.binary(16))
    rows = standing((AINO, "product_analytics", "objected", AT, None))
    assert permission_masks(baseline(), people, rows, NO_AGES, AT)["permits"].to_pylist() == [1, 5, 1]


def test_contradictory_rows_count_as_the_stricter_in_either_order() -> None:
    yes, no = ((AINO, "direct_marketing", word, AT, NOTICE) for word in ("given", "withdrawn"))
    assert permits(yes, no) == permits(no, yes) == [5, 5, 5]


def test_a_row_that_does_not_say_for_what_closes_all() -> None:
    assert permits((AINO, None, "objected", AT, None)) == [0, 5, 5]


def test_strangers_in_the_ledger_and_empty_columns_do_no_harm() -> None:
    assert permits((b"x" * 16, "*", "restricted", AT, None), (None, "*", "restricted", AT, None)) == [5, 5, 5]
    empty = permission_masks(
        baseline(), pa.array([], pa.binary(16)), STANDING.empty_table(), pa.array([], pa.date32()), AT
    )
    assert empty.num_rows == 0


def test_chunks_and_dictionaries_are_columns_too() -> None:
    rows = standing((AINO, "direct_marketing", "given", AT, NOTICE))
    coded = rows.set_column(1, "purpose", rows["purpose"].dictionary_encode())
    people = pa.chunked_array([PEOPLE.slice(0, 1), PEOPLE.slice(1)])
    assert permission_masks(baseline(), people, coded, NO_AGES, AT)["permits"].to_pylist() == [7, 5, 5]


def test_columns_of_another_shape_are_refused() -> None:
    good = standing()
    with pytest.raises(InvalidInput, match="16-byte"):
        permission_masks(baseline(), pa.array([b"short"]), good, NO_AGES, AT)
    with pytest.raises(InvalidInput, match="as long as"):
        permission_masks(baseline(), PEOPLE, good, pa.nulls(2, pa.date32()), AT)
    with pytest.raises(InvalidInput, match="notice"):
        permission_masks(baseline(), PEOPLE, good.drop_columns(["notice"]), NO_AGES, AT)
    wrong = good.set_column(3, "at", pa.array([], pa.bool_()))
    with pytest.raises(InvalidInput, match="another type"):
        permission_masks(baseline(), PEOPLE, wrong, NO_AGES, AT)
    with pytest.raises(InvalidInput, match="offset"):
        permission_masks(baseline(), PEOPLE, good, NO_AGES, AT.replace(tzinfo=None))
    with pytest.raises(InvalidInput, match="date32"):
        of_age_from(baseline(), pa.array(["2000-01-01"]), AT)


def test_of_age_is_kept_by_month_for_the_young_only() -> None:
    births = [dt.date(2010, 11, 21), dt.date(2010, 11, 22), dt.date(2012, 2, 29), dt.date(1980, 1, 1), None]
    found = of_age_from(baseline(), pa.array(births, pa.date32()), AT).to_pylist()
    assert found == [None, dt.date(2026, 12, 1), dt.date(2028, 3, 1), None, AGE_UNKNOWN]


def test_the_order_of_people_and_of_what_they_said_does_not_matter() -> None:
    people = [bytes([n]) * 16 for n in range(1, 40)]
    strangers = [b"x" * 16, bytes([5]) * 8 + b"stranger"]
    rows = [
        (who, "direct_marketing", "given" if n % 3 else "withdrawn", AT, NOTICE)
        for n, who in enumerate([*people[::2], *strangers])
    ]
    ordered = standing(*sorted(rows))
    expected = dict(zip(people, permits_of(people, ordered), strict=True))
    mixed = [*people[::-3], *(who for who in people if who not in people[::-3])]
    for said in (ordered, ordered.take(list(range(len(rows)))[::-1])):
        assert permits_of(mixed, said) == [expected[who] for who in mixed]
    assert set(expected.values()) == {5, 7}


def permits_of(people: list[bytes], said: pa.Table) -> list[int]:
    ages = pa.nulls(len(people), pa.date32())
    masks = permission_masks(baseline(), pa.array(people, pa.binary(16)), said, ages, AT)
    found: list[int] = masks["permits"].to_pylist()
    return found
