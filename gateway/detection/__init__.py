"""Takes: batches of raw columns, a catalogue and a source contract; free texts with their row's own identifiers.

Gives: a finding for each column, contradictions with the contract, redacted texts, or the places to redact in them.
Never: changes a batch, keeps or shows a value, or calls out; presidio and spaCy stay in here.
"""

from gateway.detection.detector import Detector
from gateway.detection.names import KnownNames
from gateway.detection.redaction import RedactionResult
from gateway.detection.sampling import RowSample
from gateway.detection.spans import Finding

__all__ = ["Detector", "Finding", "KnownNames", "RedactionResult", "RowSample"]
