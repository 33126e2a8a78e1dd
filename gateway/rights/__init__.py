"""Takes: requests of data subjects and all that is held about one. Gives: deadlines, states, plans and packages.

Never: decides who somebody is, or puts one person's data into another one's package.
"""

from gateway.rights.access import access_package
from gateway.rights.certificates import CertificateFacts, certificate_text
from gateway.rights.deadlines import deadline
from gateway.rights.erasure import erasure_plan
from gateway.rights.requests import RequestKind, Requests

__all__ = [
    "CertificateFacts",
    "RequestKind",
    "Requests",
    "access_package",
    "certificate_text",
    "deadline",
    "erasure_plan",
]
