"""Takes: events, and the tags of the people whom they concern; the catalogue of a policy pack.

Gives: receipts of durable entries, who-saw-my-data with proofs, signed certificates, the Art. 30 record.
Never: a value, a name or free text in an entry; an answer of *done* before the entry is on disk.
"""

from gateway.accountability.access import EntryAbout
from gateway.accountability.checks import verify_log, verify_signed
from gateway.accountability.entries import SealedTags
from gateway.accountability.recorder import Recorder
from gateway.accountability.released import Receipt, Released, released_chunks

__all__ = [
    "EntryAbout", "Receipt", "Recorder", "Released", "SealedTags", "released_chunks", "verify_log", "verify_signed",
]  # fmt: skip
