"""Telephone numbers to E.164, whole columns: numbering-plan patterns first, ``phonenumbers`` for what is left.

The patterns are those of ``phonenumbers`` itself (a region's general description and trunk prefix), run by Arrow. A
number is taken on the fast path only where the library could not read it otherwise, so the two agree.
"""

from __future__ import annotations

import functools
from typing import Any

import phonenumbers
import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute  # its functions are made when it is imported: no type checker sees them

_TRUNK_IN_BRACKETS = r"^\s*(\+|00)([\s\d]*)\(0\)"
_SEPARATORS = "[\\s().\\-/\u00a0\u2009\u202f\u2010-\u2015]"
_COMMON = (
    "AT", "BE", "BG", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HU", "IE", "LT", "LV", "NL", "NO",
    "PL", "PT", "RO", "SE", "SI", "SK", "UA", "US",
)  # fmt: skip


def to_e164(texts: pa.Array, regions: pa.Array | str | None) -> pa.Array:
    """Return E.164 text; null where no plausible number can be read.

    ``regions`` (ISO 3166, one for all or one per row) reads numbers that carry no country code.
    """
    bare = pc.replace_substring_regex(texts, _TRUNK_IN_BRACKETS, r"\1\2")
    bare = pc.replace_substring_regex(bare, _SEPARATORS, "")
    bare = pc.replace_substring_regex(bare, "^00", "+")
    done = pc.if_else(_international(bare), bare, pa.scalar(None, pa.string()))
    for region in _distinct(regions):
        here = done.is_null() if isinstance(regions, str) else pc.and_(done.is_null(), pc.equal(regions, region))
        done = _national(done, bare, here, region)
    return _slowly(texts, regions, done)


def _distinct(regions: pa.Array | str | None) -> list[str]:
    if regions is None:
        return []
    names = [regions] if isinstance(regions, str) else pc.unique(regions).to_pylist()
    known = phonenumbers.SUPPORTED_REGIONS  # a column of countries may hold anything
    return sorted(name for name in names if name in known and _plan(name) is not None)


def _international(bare: pa.Array) -> pa.Array:
    if not (pc.any(pc.starts_with(bare, "+")).as_py() or False):
        return pa.repeat(pa.scalar(False), len(bare))
    return pc.fill_null(pc.match_substring_regex(bare, _international_pattern()), False)


def _national(done: pa.Array, bare: pa.Array, here: pa.Array, region: str) -> pa.Array:
    plan = _plan(region)
    assert plan is not None  # noqa: S101 -- _distinct keeps regions with a plan only
    code, prefix, general = plan
    fits = pc.match_substring_regex(bare, f"^{prefix}(?:{general})$")
    if prefix:  # a number that is also whole with its trunk prefix on is left to the library
        fits = pc.and_(fits, pc.invert(pc.match_substring_regex(bare, f"^(?:{general})$")))
    else:  # without a trunk prefix a leading country code could be meant
        fits = pc.and_(fits, pc.invert(pc.starts_with(bare, str(code))))
    take = pc.fill_null(pc.and_(fits, here), False)
    written = pc.binary_join_element_wise(f"+{code}", pc.utf8_slice_codeunits(bare, len(prefix)), "")
    return pc.if_else(take, written, done)


def _slowly(texts: pa.Array, regions: pa.Array | str | None, done: pa.Array) -> pa.Array:
    left = pc.and_(done.is_null(), texts.is_valid())
    if not (pc.any(left).as_py() or False):
        return done
    some = texts.filter(left)
    if regions is None or isinstance(regions, str):
        region = pa.repeat(pa.scalar(regions, pa.string()), len(some))
    else:
        region = regions.filter(left)
    pairs = list(zip(some.to_pylist(), region.to_pylist(), strict=True))
    answers = {pair: parse_one(*pair) for pair in set(pairs)}
    return pc.replace_with_mask(done, left, pa.array([answers[pair] for pair in pairs], pa.string()))


def parse_one(text: str, region: str | None) -> str | None:
    """Read one number with the library; ``None`` when no plausible number can be read."""
    stripped = text.strip()
    if stripped.startswith("00"):
        stripped = "+" + stripped[2:]
    try:
        parsed = phonenumbers.parse(stripped, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    written: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return written


@functools.cache
def _plan(region: str) -> tuple[int, str, str] | None:
    """Country code, trunk prefix and pattern of a region whose numbers the fast path may read."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.national_prefix_transform_rule:
        return None
    prefix = metadata.national_prefix or ""
    parsing = (metadata.national_prefix_for_parsing or "").split("|")
    if prefix and prefix not in parsing:
        return None
    general = metadata.general_desc.national_number_pattern if metadata.general_desc else None
    return (metadata.country_code, prefix, general) if metadata.country_code and general else None


@functools.cache
def _international_pattern() -> str:
    plans = (_plan(region) for region in _COMMON)
    return "^\\+(?:" + "|".join(f"{p[0]}(?:{p[2]})" for p in plans if p) + ")$"
