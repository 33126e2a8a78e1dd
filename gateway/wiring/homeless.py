"""What needs a policy pack or a certificate only, no home of its own."""

from __future__ import annotations

from pathlib import Path

from gateway.accountability import verify_signed
from gateway.detection import Detector
from gateway.flows.detect_columns import DetectColumns
from gateway.flows.detect_text import DetectText
from gateway.flows.policy_pack import load_draft
from gateway.flows.propose_source import ProposeSource
from gateway.foundation.settings import Settings
from gateway.policy import Pack
from gateway.versions import read_folder

CERTIFICATE_KEY = "certificates.vkey"


def read_pack(directory: Path) -> Pack:
    """Read and validate the policy pack in a folder; raises ``InvalidInput`` naming the file and the key."""
    return load_draft(read_folder(directory))


def verify_certificate(settings: Settings, certificate: str) -> str:
    """Return the text of a signed certificate; raises ``IntegrityFailure`` where its signature does not hold."""
    vkey = (settings.home / CERTIFICATE_KEY).read_text(encoding="utf-8").strip()
    return verify_signed(certificate, [vkey])


def proposer(settings: Settings) -> ProposeSource:
    """Return the flow that proposes a contract; it needs the catalogue only, no home folder."""
    pack = read_pack(settings.policies)
    return ProposeSource(Detector(pack.catalogue))


def column_detector(settings: Settings) -> DetectColumns:
    """Return the flow that tells what a file's columns hold; it needs the catalogue only, as ``proposer`` does."""
    return DetectColumns(Detector(read_pack(settings.policies).catalogue))


def text_detector(settings: Settings) -> DetectText:
    """Return the flow that finds people in texts; it needs the catalogue only, as ``proposer`` does."""
    return DetectText(Detector(read_pack(settings.policies).catalogue))
