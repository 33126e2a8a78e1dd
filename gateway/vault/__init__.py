"""Takes identifier columns, subject references with a scope or a warrant, and orders to shred.

Gives subject references, pseudonyms and back, identifiers against a warrant, audit tags, shredding receipts.
Never lets a key or a SubjectId out, and never gives two scopes the same pseudonym.
"""

from gateway.vault.enrolment import Enrolment
from gateway.vault.kek import FileKek
from gateway.vault.normalise import normalised
from gateway.vault.session import VaultSession
from gateway.vault.text import pseudonym_text
from gateway.vault.vault import Vault
from gateway.vault.warrants import ReidentificationWarrant

__all__ = [
    "Enrolment",
    "FileKek",
    "ReidentificationWarrant",
    "Vault",
    "VaultSession",
    "normalised",
    "pseudonym_text",
]
