"""Takes: choices of data subjects, one by one or as columns. Gives: the governing choice per data subject and purpose.

Never: changes a recorded event, or lets a restriction, an objection or a withdrawal give way to an older yes.
"""

from gateway.consent.errors import ConsentRefused, LedgerBusy
from gateway.consent.ledger import ConsentLedger
from gateway.consent.session import LedgerSession
from gateway.consent.state import standing_of, status_at

__all__ = ["ConsentLedger", "ConsentRefused", "LedgerBusy", "LedgerSession", "standing_of", "status_at"]
