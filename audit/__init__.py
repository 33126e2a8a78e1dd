"""A tamper-evident log after RFC 6962 and C2SP: append durably, publish signed tree heads, prove, and check offline."""

from audit.checkpoint import Checkpoint, format_proof, verify_proof
from audit.errors import AuditError, EntryRefused, LogFailed, LogRefused, VerificationFailed
from audit.log import Log, Pending, Receipt
from audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from audit.note import Signer, sign_note, verify_note
from audit.tags import TagFile, prove_tag, read_tags
from audit.verifier import Verified, prove, verify_directory

__all__ = [
    "AuditError", "Checkpoint", "EntryRefused", "Log", "LogFailed", "LogRefused", "Pending", "Receipt", "Signer",
    "TagFile", "VerificationFailed", "Verified", "format_proof", "leaf_hash", "prove", "prove_tag", "read_tags",
    "sign_note", "verify_consistency", "verify_directory", "verify_inclusion", "verify_note", "verify_proof",
]  # fmt: skip
