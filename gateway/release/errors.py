"""How release says no (``SegmentTooSmall`` is in ``sizes``)."""

from __future__ import annotations

from gateway.foundation.errors import IntegrityFailure, InvalidInput


class PackageRefused(IntegrityFailure):
    """What was to be packed is not what may leave: a doubled or malformed pseudonym, a column of references."""

    slug = "package-refused"


class UnknownFormat(InvalidInput):
    """Not one of csv, ndjson, parquet."""

    slug = "unknown-format"
