"""A transform makes coarser: never finer, never another order, and nothing of nothing."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import defaultdict
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pseudonymisation.transforms import generalise
from gateway.vocabulary.fields import (
    AgeBand,
    Band,
    Bucket,
    Drop,
    Keep,
    Month,
    Prefix,
    Rounded,
    TopCode,
    Transform,
    Year,
)

DAY = dt.date(2026, 11, 21)
edges = st.lists(st.integers(-1000, 1000), min_size=1, max_size=5, unique=True).map(lambda found: tuple(sorted(found)))
of_size = st.integers(2, 10**6).map(Rounded) | st.integers(-1000, 1000).map(TopCode)
of_numbers = st.one_of(
    edges.map(Band), st.integers(2, 10**6).map(Rounded), st.integers(-1000, 1000).map(TopCode), st.just(Keep())
)
of_dates = st.one_of(st.just(Month()), st.just(Year()), st.integers(2, 50).map(AgeBand))
of_texts = st.one_of(st.integers(2, 1000).map(Bucket), st.integers(1, 5).map(Prefix))
integers = st.lists(st.none() | st.integers(-(2**53), 2**53) | st.integers(-2000, 2000), max_size=20)
floats = st.lists(st.none() | st.floats(-1e12, 1e12) | st.floats(-2000, 2000), max_size=20)
dates = st.lists(st.none() | st.dates(dt.date(1900, 1, 1), DAY), max_size=20)
texts = st.lists(st.none() | st.text(max_size=8), max_size=20)
cases = st.one_of(
    st.tuples(of_numbers, integers, st.just(pa.int64())),
    st.tuples(of_numbers, floats, st.just(pa.float64())),
    st.tuples(of_dates, dates, st.just(pa.date32())),
    st.tuples(of_texts, texts, st.just(pa.string())),
)


def run(transform: Transform, values: list[Any], kind: pa.DataType) -> list[Any]:
    found: list[Any] = generalise(pa.array(values, kind), transform, DAY).to_pylist()
    return found


@given(cases)
def test_a_missing_value_stays_missing_and_no_other_becomes_so(case: tuple[Transform, list[Any], pa.DataType]) -> None:
    _, values, _ = case
    assert [value is None for value in run(*case)] == [value is None for value in values]


@given(cases)
def test_equal_values_stay_equal_wherever_they_stand(case: tuple[Transform, list[Any], pa.DataType]) -> None:
    """So there are never more distinct values after than before: nothing becomes finer."""
    transform, values, kind = case
    after: dict[Any, set[Any]] = defaultdict(set)
    for value, coarse in zip(values, run(*case), strict=True):
        after[value].add(coarse)
    assert all(len(found) == 1 for found in after.values())
    assert run(transform, values[::-1], kind) == run(*case)[::-1]
    sliced = pa.array([None, *values], kind).slice(1)
    assert generalise(sliced, transform, DAY).to_pylist() == run(*case)


@given(of_numbers, floats | integers)
def test_numbers_keep_their_order(transform: Transform, values: list[Any]) -> None:
    ordered = sorted(value for value in values if value is not None)
    kind = pa.float64() if any(isinstance(value, float) for value in ordered) else pa.int64()
    found = run(transform, ordered, kind)
    if isinstance(transform, Band):
        labels = list(dict.fromkeys(found))
        assert len(labels) == len(set(found))  # each band is one stretch
        assert [label for label in all_bands(transform.edges) if label in labels] == labels
    else:
        assert found == sorted(found)


def all_bands(edges: tuple[int, ...]) -> list[str]:
    return [f"<{edges[0]}", *(f"{a}-{b}" for a, b in itertools.pairwise(edges)), f"{edges[-1]}+"]


@given(st.one_of(
    st.tuples(of_size, integers, st.just(pa.int64())),
    st.tuples(of_size, floats, st.just(pa.float64())),
    st.tuples(st.just(Month()) | st.just(Year()), dates, st.just(pa.date32())),
    st.tuples(st.integers(1, 5).map(Prefix), texts, st.just(pa.string())),
))  # fmt: skip
def test_what_is_coarse_already_stays_as_it_is(case: tuple[Transform, list[Any], pa.DataType]) -> None:
    transform, _, kind = case
    once = run(*case)
    assert run(transform, once, kind) == once


@given(st.integers(2, 10**6), integers)
def test_rounding_goes_to_the_nearest_and_a_half_goes_up(step: int, values: list[int | None]) -> None:
    expected = [None if value is None else (2 * value + step) // (2 * step) * step for value in values]
    assert run(Rounded(step), values, pa.int64()) == expected


def test_a_number_that_does_not_fit_or_is_none_is_missing() -> None:
    assert run(Rounded(10), [2**63 - 1, -(2**63), 4], pa.int64()) == [None, None, 0]
    assert run(Rounded(10), [math.nan, math.inf, 15.0], pa.float64()) == [None, None, 20.0]
    assert run(Band((0, 10)), [math.nan, -math.inf, 0.0, 9.99, 10.0, -0.1], pa.float64()) == [
        None, None, "0-10", "0-10", "10+", "<0",
    ]  # fmt: skip


@given(texts, st.integers(2, 1000))
def test_there_are_no_more_buckets_than_agreed(values: list[str | None], number: int) -> None:
    found = set(run(Bucket(number), values, pa.string())) - {None}
    assert all(label.startswith("b") and int(label[1:]) < number for label in found)


def test_a_bucket_is_the_same_on_every_machine() -> None:
    assert run(Bucket(100), ["Oulu", "Szeged", "Oulu"], pa.string()) == ["b82", "b96", "b82"]


def test_what_is_dropped_has_no_form() -> None:
    with pytest.raises(TypeError):
        generalise(pa.array(["x"]), Drop(), DAY)
