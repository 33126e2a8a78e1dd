"""A tamper-evident log after RFC 6962 and C2SP: append durably, publish signed tree heads, prove, and check offline."""

from audit.checkpoint import Checkpoint
from audit.child import start_sequencer
from audit.client import LogClient
from audit.errors import (
    AuditError,
    ClockWentBack,
    EntryPruned,
    EntryRefused,
    LogBusy,
    LogFailed,
    LogRefused,
    VerificationFailed,
)
from audit.grouping import Pending, Receipt
from audit.keys import Signer, shard_seed
from audit.log import Log
from audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from audit.note import sign_note, verify_note
from audit.policy import Policy
from audit.proof import Proof
from audit.published import PublishedLog
from audit.retention import prune
from audit.shards import PublishedTrail, check_links, shard_end_of, shard_names, shard_of
from audit.surroundings import Surroundings
from audit.tags import TagFile, prove_tag, read_tags
from audit.trail import Trail, link_from
from audit.verifier import Verified, verify_directory, verify_trail
from audit.witness import Witnesses

__all__ = [
    "AuditError", "Checkpoint", "ClockWentBack", "EntryPruned", "EntryRefused", "Log", "LogBusy", "LogClient",
    "LogFailed", "LogRefused", "Pending", "Policy", "Proof", "PublishedLog", "PublishedTrail", "Receipt", "Signer",
    "Surroundings", "TagFile", "Trail", "VerificationFailed", "Verified", "Witnesses", "check_links", "leaf_hash",
    "link_from", "prove_tag", "prune", "read_tags", "shard_end_of", "shard_names", "shard_of", "shard_seed",
    "sign_note", "start_sequencer", "verify_consistency", "verify_directory", "verify_inclusion", "verify_note",
    "verify_trail",
]  # fmt: skip
