"""How rights say no."""

from __future__ import annotations

from gateway.foundation.errors import Conflict, IntegrityFailure, InvalidInput, NotFound


class UnknownRequest(NotFound):
    """No such request."""

    slug = "unknown-request"


class IllegalStep(Conflict):
    """The request's state does not lead there."""

    slug = "illegal-request-step"


class ReasonNeeded(InvalidInput):
    """A refusal or an extension without one of the reasons that the law knows (Art. 12(3), (4))."""

    slug = "reason-needed"


class ForeignData(IntegrityFailure):
    """Something of another person was about to enter a package: nothing is given."""

    slug = "foreign-data"


class LanguageNotOffered(InvalidInput):
    """Not one of the languages that the fixed texts are written in."""

    slug = "language-not-offered"
