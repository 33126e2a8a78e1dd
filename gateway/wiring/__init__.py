"""The composition root: every room built once, every flow given what it needs. Faces type against ``Gateway`` only."""

from gateway.accountability import verify_log
from gateway.versions import read_folder
from gateway.wiring.homeless import column_detector, proposer, read_pack, text_detector, verify_certificate
from gateway.wiring.journeys import Gateway
from gateway.wiring.opening import LogDesk, initialise, is_home, open_desk, open_gateway

__all__ = [
    "Gateway", "LogDesk", "column_detector", "initialise", "is_home", "open_desk", "open_gateway", "proposer",
    "read_folder", "read_pack", "text_detector", "verify_certificate", "verify_log",
]  # fmt: skip
