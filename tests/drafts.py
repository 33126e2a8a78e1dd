"""Drafts of the baseline pack that differ from it in one thing each: what officers change, and what it does."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import NOW, PURCHASES, as_csv, customers, filled, ingest, purchases
from tests.versions import renumbered

NEW_SEGMENT = """
id: gold
purpose: direct_marketing
title: {en: Gold, fi: Kulta, hu: Arany, uk: Золото}
where: {field: loyalty_tier, eq: gold}
"""
NESTED_SEGMENT = """
id: gold_loyal
purpose: direct_marketing
title: {en: Gold loyal, fi: Kulta, hu: Arany, uk: Золото}
where: {all: [{segment: loyal_buyers}, {field: loyalty_tier, eq: gold}]}
"""
REFUSED_SEGMENT = """
id: regular_buyers
purpose: product_analytics
title: {en: Regular, fi: Vakio, hu: Állandó, uk: Постійні}
where: {field: loyalty_tier, eq: gold}
"""
ANALYTICS = "    dpv: dpv:ImproveExistingProductsAndServices\n    profiling: false"
CHANGES: dict[str, tuple[str, str | None, str]] = {  # file, old text or None for the whole file, new text
    "shorter consent": ("purposes.yaml", "valid_days: 730", "valid_days: 30"),
    "another notice": ("purposes.yaml", "[webshop-2026-05]", "[webshop-2027-01]"),
    "lower age": ("purposes.yaml", "default: 16}", "default: 14}"),
    "higher age": ("purposes.yaml", "FI: 13", "FI: 15"),
    "analytics by contract": (
        "purposes.yaml", "legal_basis: 6(1)(f)\n" + ANALYTICS, "legal_basis: 6(1)(b)\n" + ANALYTICS,
    ),
    "events for days": (
        "retention.yaml", "fields: [amount, quantity, product_category]\n    days: 730",
        "fields: [amount, quantity, product_category]\n    days: 58",
    ),
    "fewer purchases": ("segments/loyal_buyers.yaml", "count: {gte: 3}", "count: {gte: 2}"),
    "one segment more": ("segments/gold.yaml", None, NEW_SEGMENT),
    "a nested segment more": ("segments/gold_loyal.yaml", None, NESTED_SEGMENT),
    "a segment refused": ("segments/regular_buyers.yaml", None, REFUSED_SEGMENT),
    "a segment gone": ("segments/lapsed_buyers.yaml", None, ""),
    "coarser ages": ("fields.yaml", "{kind: age_band, years: 5}", "{kind: age_band, years: 10}"),
    "a segment by tens": ("segments/young_adults_nordic.yaml", '["20-24", "25-29"]', '["30-39"]'),
    "a higher minimum": ("rules/obligations.yaml", "minimum_size: 100", "minimum_size: 140"),
}  # fmt: skip
IN_CASES = {"events for days": (": 730", ": 58"), "a higher minimum": ("minimum_size: 100", "minimum_size: 140")}


def draft_with(changes: Iterable[str], number: str = "2.0.0", older: str = "1.0.0") -> dict[str, str]:
    """Return the texts of the baseline with these changes, as a version that may follow it."""
    files = renumbered(Settings().policies, number, older)
    for name in changes:
        path, old, new = CHANGES[name]
        if old is None:
            files[path] = new
            if not new:
                del files[path]
            continue
        assert old in files[path], name
        files[path] = files[path].replace(old, new)
        if name in IN_CASES:
            cases = [each for each in files if each.startswith("cases/")]
            files |= {each: files[each].replace(*IN_CASES[name]) for each in cases}
    return files


def make_shop(folder: Path) -> Path:
    """Make a home with three hundred loyal buyers, of whom forty said yes today and the others two months ago.

    Beside them sixty minors, people of unknown age, who withdrew, objected or bought twice only.
    """
    settings, clock = Settings(home=folder / "home"), FrozenClock(NOW)
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        filled(gateway, 300)
        ingest(gateway, as_csv(customers(range(1, 41), marketing_consent="kyllä 2026-07-01")))
        others = [
            *customers(range(301, 316), birth_date="2012-05-05"),
            *customers(range(316, 326), birth_date=""),
            *customers(range(326, 336), marketing_consent="ei 2026-06-01"),
            *customers(range(336, 346), analytics_choice="objected 2026-06-01", loyalty_tier="silver"),
            *customers(range(346, 361), country="HU", birth_date="2011-01-01"),
        ]
        ingest(gateway, as_csv(others))
        ingest(gateway, as_csv(purchases(range(301, 361), each=2, amount="40.00")), PURCHASES)
    return settings.home


@contextlib.contextmanager
def opened_copy(home: Path, folder: Path) -> Iterator[Gateway]:
    """Open a copy of a closed home."""
    shutil.copytree(home, folder / "home")
    with open_gateway(Settings(home=folder / "home"), FrozenClock(NOW)) as gateway:
        yield gateway
