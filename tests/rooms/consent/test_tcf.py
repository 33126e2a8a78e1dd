"""TC strings: what was encoded is read again, and anything else is no consent."""

import base64
import contextlib
import datetime as dt
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.signals import Told, of_browser, of_tc_string, unknown_categories
from gateway.consent.tcf import TcfUnreadable, decode
from gateway.vocabulary.catalogue import Signals

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Made:
    """What an encoder is told."""

    updated: int  # tenths of a second
    purposes: frozenset[int]
    vendors: frozenset[int]
    disclosed: frozenset[int]
    as_ranges: bool
    restricted: frozenset[tuple[int, int]] = frozenset()  # purpose, vendor: not allowed
    version: int = 2
    specific: int = 1


def number(value: int, width: int) -> str:
    return format(value, f"0{width}b")


def vendor_bits(vendors: frozenset[int], *, as_ranges: bool) -> str:
    most = max(vendors, default=0)
    if not as_ranges:
        return number(most, 16) + "0" + "".join(str(int(n in vendors)) for n in range(1, most + 1))
    return number(most, 16) + "1" + ranges(vendors)


def ranges(vendors: frozenset[int]) -> str:
    runs: list[list[int]] = []
    for vendor in sorted(vendors):
        if runs and runs[-1][1] == vendor - 1:
            runs[-1][1] = vendor
        else:
            runs.append([vendor, vendor])
    told = ["0" + number(a, 16) if a == b else "1" + number(a, 16) + number(b, 16) for a, b in runs]
    return number(len(runs), 12) + "".join(told)


def segment(bits: str) -> str:
    bits += "0" * (-len(bits) % 8)
    return base64.urlsafe_b64encode(bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))).decode().rstrip("=")


def core(made: Made) -> str:
    purposes = "".join(str(int(n in made.purposes)) for n in range(1, 25))
    restrictions = number(len(made.restricted), 12) + "".join(
        number(purpose, 6) + "00" + ranges(frozenset({vendor})) for purpose, vendor in sorted(made.restricted)
    )
    return "".join(
        [
            number(made.version, 6), number(made.updated, 36), number(made.updated, 36), number(300, 12), number(1, 12),
            number(1, 6), number(5, 6), number(8, 6), number(150, 12), number(5, 6), str(made.specific), "0", "0" * 12,
            purposes, "0" * 24, "0", number(5, 6), number(8, 6), vendor_bits(made.vendors, as_ranges=made.as_ranges),
            vendor_bits(frozenset(), as_ranges=False), restrictions,
        ]
    )  # fmt: skip


def encoded(made: Made) -> str:
    return f"{segment(core(made))}.{segment(number(1, 3) + vendor_bits(made.disclosed, as_ranges=made.as_ranges))}"


some_vendors = st.frozensets(st.integers(1, 200), max_size=20)
strings = st.builds(
    Made, st.integers(0, 2**34), st.frozensets(st.integers(1, 24)), some_vendors, some_vendors, st.booleans(),
    st.frozensets(st.tuples(st.integers(1, 24), st.integers(1, 200)), max_size=4),
)  # fmt: skip
GOOD = Made(17_800_000_000, frozenset({1, 2, 3, 4}), frozenset({7, 755}), frozenset({7, 8, 755}), as_ranges=True)


@given(strings, st.integers(1, 24), st.integers(1, 200))
def test_what_was_encoded_is_read(made: Made, purpose: int, vendor: int) -> None:
    read = decode(encoded(made))
    assert read.updated == EPOCH + dt.timedelta(milliseconds=100 * made.updated)
    assert (read.purposes, read.language, read.policy, read.vendor_list) == (made.purposes, "fi", 5, 150)
    told = vendor in made.vendors & made.disclosed and (purpose, vendor) not in made.restricted
    assert read.consents(purpose, vendor) == (purpose in made.purposes and told)
    closed = any(number == purpose for number, _ in made.restricted)
    assert read.consents(purpose, None) == (purpose in made.purposes and not closed)


@given(strings, st.data())
def test_a_string_that_is_cut_off_never_says_another_thing(made: Made, data: st.DataObject) -> None:
    """Nothing but what fills the last byte up can be missing: the rest of the string is needed."""
    core_part, disclosed = encoded(made).split(".")
    kept = data.draw(st.integers(1, len(core_part) - 1))
    if kept < len(core_part) - 1:
        with pytest.raises(TcfUnreadable):
            decode(f"{core_part[:kept]}.{disclosed}")
    else:
        with contextlib.suppress(TcfUnreadable):
            assert decode(f"{core_part[:kept]}.{disclosed}") == decode(encoded(made))


@given(st.text(max_size=200) | st.text("ABCDwxyz0189-_.", max_size=400))
def test_anything_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(TcfUnreadable):
        decode(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (segment(core(GOOD)), "tcf_without_disclosed_vendors"),
        (f"{segment(core(GOOD))}.{segment(number(2, 3) + vendor_bits(frozenset(), as_ranges=False))}",
         "tcf_without_disclosed_vendors"),
        (f"{encoded(GOOD)}.{encoded(GOOD).split('.')[1]}", "tcf_malformed"),
        (f"{encoded(GOOD)}.{segment(number(5, 3))}", "tcf_malformed"),
        (encoded(GOOD) + ".", "tcf_malformed"),
        (encoded(GOOD).replace("A", "+", 1), "tcf_malformed"),
        (encoded(Made(1, frozenset(), frozenset(), frozenset(), as_ranges=False, version=1)), "tcf_version"),
        (encoded(Made(1, frozenset(), frozenset(), frozenset(), as_ranges=False, specific=0)), "tcf_global"),
        ("A" * 20_000, "tcf_too_long"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(TcfUnreadable) as caught:
        decode(text)
    assert caught.value.reasons == (reason,)


SIGNALS = Signals(
    gpc=("direct_marketing",),
    categories={"ads": "direct_marketing", "mail": "direct_marketing", "stats": "product_analytics"},
    tcf={"direct_marketing": (2, 3, 4), "product_analytics": (8,)},
    tcf_vendor=755,
)


def test_a_tc_string_says_yes_or_no_for_each_purpose() -> None:
    said = {each.purpose: each for each in of_tc_string(encoded(GOOD), SIGNALS)}
    assert {purpose: each.status.value for purpose, each in said.items()} == {
        "direct_marketing": "given", "product_analytics": "refused",
    }  # fmt: skip
    assert said["direct_marketing"].notice == "tcf-5"
    assert len(said["direct_marketing"].evidence or "") <= 96
    hidden = Made(GOOD.updated, GOOD.purposes, GOOD.vendors, frozenset({7}), as_ranges=False)
    assert {each.status.value for each in of_tc_string(encoded(hidden), SIGNALS)} == {"refused"}


def test_of_two_categories_the_no_counts_and_unknown_ones_are_ignored() -> None:
    told = Told(gpc=True, categories={"ads": True, "mail": False, "stats": True, "moon": True})
    said = [(each.purpose, each.status.value, each.channel) for each in of_browser(told, SIGNALS)]
    assert said == [
        ("direct_marketing", "refused", "tracking"), ("product_analytics", "given", "tracking"),
        ("direct_marketing", "objected", "gpc"),
    ]  # fmt: skip
    assert unknown_categories(told, SIGNALS) == 1
    assert list(of_browser(told, Signals())) == []
