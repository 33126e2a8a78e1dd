"""Checks the figures of `gateway demo --json`: the last line of the file named on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def wrong(result: dict) -> list[str]:
    """Return what does not hold in the demo's figures."""
    laws = {
        "all purchases and people are in": result["rows_ingested"] == 69_659 + 23_570,
        "the bad rows are in quarantine, and only they": result["rows_quarantined"] == 23,
        "the undeclared column is in quarantine": result["columns_quarantined"] == 1,
        "every customer is one person": result["subjects"] == 23_570,
        "ingest twice is ingest once": result["ingest_twice_is_once"] is True,
        "two segments or more have a size": sum(bool(size) for size in result["segments"].values()) >= 2,
        "two recipients": result["recipients"] == ["mailer", "ads"],
        "they share no pseudonym": result["shared_pseudonyms"] == 0,
        "who withdrew left": result["withdrawn_left_segment"] is True,
        "rows were erased": result["erased"]["rows"] > 0,
        "the key is destroyed": result["erased"]["key_destroyed"] is True,
        "the certificate verifies": result["erased"]["certificate_valid"] is True,
        "nothing is found after": result["erased"]["found_after"] is False,
        "the recipient was told": result["erased"]["recipient_told"] is True,
        "the log verifies": result["audit"]["verified"] is True and result["audit"]["entries"] > 10,
        "under 90 seconds": result["seconds"] < 90,
    }
    return [law for law, holds in laws.items() if not holds]


if __name__ == "__main__":
    failed = wrong(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()[-1]))
    print("demo: every figure holds" if not failed else "demo: " + "; ".join(failed))  # noqa: T201 - a command
    sys.exit(bool(failed))
