"""Transparency and Consent strings, read as evidence of a choice.

After IAB Europe's "Transparency and Consent String with Global Vendor & CMP List Formats", version 2.3: the core
segment and the segment of disclosed vendors, without which a string is refused. Anything that cannot be read is no
consent.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from dataclasses import dataclass

from gateway.foundation.errors import InvalidInput

MOST_CHARACTERS = 16_384
_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,16384}")
_VERSION = 2
_DISCLOSED, _ALLOWED, _PUBLISHER = 1, 2, 3
_PURPOSES, _LETTER_A = 24, ord("a")
_NO_CONSENT_POSSIBLE = {0, 2}  # restriction types: flatly not allowed, legitimate interest required
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Ranges = tuple[tuple[int, int], ...]


class TcfUnreadable(InvalidInput):
    """A string that says nothing: too long, of another version, cut off, or without disclosed vendors."""

    slug = "tcf-unreadable"

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"the TC string is not read: {remedy}", reasons=(reason,))


@dataclass(frozen=True, slots=True)
class TcString:
    """What a string says, as far as it concerns consent. Vendors are ranges of ids, both ends included."""

    created: dt.datetime
    updated: dt.datetime
    language: str  # of the dialogue, ISO 639-1
    vendor_list: int
    policy: int  # version of the TCF's policies
    purposes: frozenset[int]
    vendors: Ranges
    disclosed: Ranges
    restricted: tuple[tuple[int, Ranges], ...]  # purposes for which the publisher takes no consent, for these vendors

    def consents(self, purpose: int, vendor: int | None) -> bool:
        """Whether the person consents to a TCF purpose, and to ``vendor`` where one is named, who was disclosed."""
        closed = [where for number, where in self.restricted if number == purpose]
        if vendor is None:
            return purpose in self.purposes and not closed
        told = _within(vendor, self.vendors) and _within(vendor, self.disclosed)
        return purpose in self.purposes and told and not any(_within(vendor, where) for where in closed)


def decode(text: str) -> TcString:
    """Read a TC string; raises ``TcfUnreadable``."""
    if len(text) > MOST_CHARACTERS:
        raise TcfUnreadable("tcf_too_long", f"it has more than {MOST_CHARACTERS} characters")
    core, *others = text.split(".")
    segments: dict[int, _Bits] = {}
    for other in others:
        bits = _Bits(other)
        kind = bits.take(3)
        if kind not in {_DISCLOSED, _ALLOWED, _PUBLISHER} or kind in segments:
            raise TcfUnreadable("tcf_malformed", "a segment is of an unknown type, or stands twice")
        segments[kind] = bits
    if _DISCLOSED not in segments:
        raise TcfUnreadable("tcf_without_disclosed_vendors", "it has no disclosed vendors, which TCF v2.3 asks for")
    return _core(_Bits(core), _vendors(segments[_DISCLOSED]))


class _Bits:
    """A segment, read from its first bit on."""

    def __init__(self, segment: str) -> None:
        if not _SEGMENT.fullmatch(segment):
            raise TcfUnreadable("tcf_malformed", "a segment is not base64url")
        try:  # zero bits fill the last group of four characters; they are not counted
            data = base64.urlsafe_b64decode(segment + "A" * (-len(segment) % 4))
        except binascii.Error:
            raise TcfUnreadable("tcf_malformed", "a segment is not base64url") from None
        self._length, self._place = 6 * len(segment), 0
        self._data = data

    def take(self, count: int) -> int:
        """Return the next bits as a number."""
        start, end = self._place, self._place + count
        if end > self._length:
            raise TcfUnreadable("tcf_cut_off", "it ends too early")
        self._place = end
        first, last = start // 8, (end + 7) // 8
        return int.from_bytes(self._data[first:last]) >> (8 * last - end) & ((1 << count) - 1)


def _core(bits: _Bits, disclosed: Ranges) -> TcString:
    if bits.take(6) != _VERSION:
        raise TcfUnreadable("tcf_version", "it is of another version than 2")
    created, updated = (_EPOCH + dt.timedelta(milliseconds=100 * bits.take(36)) for _ in range(2))
    bits.take(12 + 12 + 6)  # CMP, its version, the screen
    letters = (bits.take(6), bits.take(6))
    if max(letters) >= 26:  # noqa: PLR2004 - letters of the alphabet
        raise TcfUnreadable("tcf_malformed", "its language is none")
    vendor_list, policy = bits.take(12), bits.take(6)
    if not bits.take(1):
        raise TcfUnreadable("tcf_global", "it is not specific to a service, as TCF v2.2 and later ask")
    bits.take(1 + 12)  # texts of the publisher's own, special features
    purposes = bits.take(_PURPOSES)
    bits.take(_PURPOSES + 1 + 12)  # legitimate interests shown, purpose one treatment, the publisher's country
    vendors = _vendors(bits)
    _vendors(bits)  # legitimate interests
    chosen = frozenset(n for n in range(1, _PURPOSES + 1) if purposes >> (_PURPOSES - n) & 1)
    language = "".join(chr(_LETTER_A + letter) for letter in letters)
    return TcString(created, updated, language, vendor_list, policy, chosen, vendors, disclosed, _restrictions(bits))


def _vendors(bits: _Bits) -> Ranges:
    most = bits.take(16)
    if bits.take(1):
        return _ranges(bits, most)
    field = bits.take(most)
    return tuple((n, n) for n in range(1, most + 1) if field >> (most - n) & 1)


def _ranges(bits: _Bits, most: int) -> Ranges:
    found: list[tuple[int, int]] = []
    for _ in range(bits.take(12)):
        more, first = bits.take(1), bits.take(16)
        last = bits.take(16) if more else first
        if not 1 <= first <= last <= most:
            raise TcfUnreadable("tcf_malformed", "a range of vendors is none")
        found.append((first, last))
    return tuple(found)


def _restrictions(bits: _Bits) -> tuple[tuple[int, Ranges], ...]:
    found: list[tuple[int, Ranges]] = []
    for _ in range(bits.take(12)):
        purpose, kind = bits.take(6), bits.take(2)
        where = _ranges(bits, 2**16 - 1)
        if not where:  # zero bits that fill up a string that was cut off look like this
            raise TcfUnreadable("tcf_malformed", "a restriction names no vendor")
        if kind in _NO_CONSENT_POSSIBLE:
            found.append((purpose, where))
    return tuple(found)


def _within(vendor: int, ranges: Ranges) -> bool:
    return any(first <= vendor <= last for first, last in ranges)
