"""Fields become what may be stored: no direct identifier, indirect ones coarser, free text redacted (Art. 4(5)).

Takes: a parsed batch, subject references, redacted texts and a Permit. Gives: a pseudonymised batch. Never: I/O, a
clock, randomness, a column that the Permit does not name.
"""

from gateway.pseudonymisation.columns import pseudonymise
from gateway.pseudonymisation.errors import IdentifierKept, NotRedacted

__all__ = ["IdentifierKept", "NotRedacted", "pseudonymise"]
