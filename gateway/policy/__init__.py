"""Policy: what an officer has decided, and nothing beside it.

Takes: the texts of a policy pack; a processing request and an instant; columns of what people said.
Gives: Permit or Deny, each with its reasons; one permission mask per person; the pack's own cases, run.
Never: reads a file, a clock or a setting; turns a missing or broken rule into a yes; gives a denial a truth value.
"""

from __future__ import annotations

from gateway.policy.cases import check
from gateway.policy.describing import describe
from gateway.policy.engine import decide
from gateway.policy.loading import load_pack
from gateway.policy.masks import of_age_from, permission_masks
from gateway.policy.pack import Pack

__all__ = ["Pack", "check", "decide", "describe", "load_pack", "of_age_from", "permission_masks"]
