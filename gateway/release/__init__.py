"""Takes: pseudonyms of a segment's members. Gives: packages and deltas, and the ledger of disclosures.

Never: a segment under its minimum size, a subject reference, or an order of rows that tells when somebody came in.
"""

from gateway.release.deltas import diff
from gateway.release.disclosures import Disclosures
from gateway.release.entries import Disclosure
from gateway.release.packages import delta_package, package
from gateway.release.scopes import scope_label
from gateway.release.sizes import SegmentTooSmall

__all__ = ["Disclosure", "Disclosures", "SegmentTooSmall", "delta_package", "diff", "package", "scope_label"]
