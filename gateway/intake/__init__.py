"""Bytes become typed columns.

Takes: a stream of CSV or JSON lines and a source contract. Gives: raw batches, parsed batches, quarantined rows with
line and reason. Never: keeps a raw value in clear on disk, guesses silently, names a value in an error.
"""

from gateway.intake.formats import FileFormat, describe
from gateway.intake.parsing import parse
from gateway.intake.proposals import propose_contract
from gateway.intake.quarantine import Quarantine, Sealing
from gateway.intake.reading import read_batches

__all__ = ["FileFormat", "Quarantine", "Sealing", "describe", "parse", "propose_contract", "read_batches"]
