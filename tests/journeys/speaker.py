"""A client of a running service: ``python -m tests.journeys.speaker ADDRESS KEY NAME COUNT``.

Records choices of the same few people and purposes as every other speaker; writes the evidence of each that the
service said was recorded.
"""

from __future__ import annotations

import json
import random
import sys
import urllib.error
import urllib.request


def say(address: str, key: str, body: dict[str, object]) -> None:
    """Record a choice; raises ``OSError`` where the service did not say that it is recorded."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/v1/consents", json.dumps(body).encode(), headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
        assert answer.status == 202, answer.status


def main() -> None:
    """Speak until all is said or nobody listens any more."""
    address, key, name, count = sys.argv[1:]
    chance = random.Random(name)  # noqa: S311 - a test's
    for turn in range(int(count)):
        evidence, number = f"{name}-{turn}", chance.randint(1, 4)
        body = {
            "subject": {"type": "email", "value": f"person.{number}@example.org"},
            "purpose": chance.choice(["direct_marketing", "product_analytics"]),
            "status": chance.choice(["given", "given", "withdrawn", "refused", "objected"]),
            "notice": "webshop-2026-05",
            "evidence": evidence,
        }
        try:
            say(address, key, body)
        except urllib.error.HTTPError:
            raise
        except OSError:
            return
        sys.stdout.write(f"{evidence}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
