"""Takes: batches of raw columns, a catalogue and a source contract; free texts with their row's own identifiers.

Gives: a finding for each column, contradictions with the contract, and redacted texts.
Never: changes a batch, keeps or shows a value, or calls out; presidio and spaCy stay in here.
"""

from gateway.detection.detector import Detector
from gateway.detection.redaction import RedactionResult

__all__ = ["Detector", "RedactionResult"]
