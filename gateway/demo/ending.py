"""The last two steps: a person really erased, and a log that verifies from outside. All of it is measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.demo.evidence import (
    Person,
    certificate_holds,
    found_by,
    key_parts,
    refused_when_changed,
    search,
    verified_from_outside,
)
from gateway.demo.telling import listed, plural
from gateway.flows.erase_subject import certificate_concerns
from gateway.foundation.errors import Conflict
from gateway.foundation.settings import Settings
from gateway.vocabulary.events import Actor
from gateway.wiring import Gateway

Say = Callable[[str], None]


def erased(gateway: Gateway, settings: Settings, person: Person, actor: Actor, say: Say) -> dict[str, Any]:
    """Erase a person, look for what is left in every file of the home folder, and return what was found."""
    subject = gateway.house.vault.find(*person.identifier)
    if subject is None:
        raise Conflict("the person whom the demo erases is not there")
    known_by, key = found_by(gateway, person), key_parts(gateway, subject)
    before = search(settings.home, key[:1])
    answer = gateway.erase(person.identifier, actor).value
    body = certificate_holds(settings, answer.certificate or "")
    still, traces, parts = found_by(gateway, person), search(settings.home, person.forms), search(settings.home, key)
    say(f"before: found by {listed(known_by)}; their wrapped key in {plural(before.hits, 'file')}")
    say(f"{plural(answer.rows, 'row')} erased, and with the key all that it sealed and every tag in the log")
    size = f"{plural(traces.files, 'file')}, {traces.size / 1e6:,.0f} MB"
    say(
        f"after: found by {listed(still) if still else 'nothing'}; the key in {parts.hits} and an identifier "
        f"in {traces.hits} of all {size}"
    )
    about = body is not None and certificate_concerns(
        body, person.identifier, bytes.fromhex(answer.nonce or ""), gateway.house.catalogue.controller.country
    )
    say(f"their certificate {'verifies; with one byte changed it does not' if about else 'DOES NOT VERIFY'}")
    return {
        "rows": answer.rows,
        "key_destroyed": before.hits > 0 and parts.hits == 0 and not gateway.house.vault.exists(subject),
        "certificate_valid": about,
        "found_after": bool(answer.found_after or still or traces.hits),
        "files_searched": traces.files,
    }


def verified(log: Path, work: Path, say: Say) -> dict[str, Any]:
    """Verify the log by a process that knows nothing of the gateway, and a changed copy of it, which must fail."""
    found = verified_from_outside(log)
    changed = refused_when_changed(log, work)
    if found is None:
        say("python -m audit verify: REFUSED")
        return {"entries": 0, "verified": False, "changed_copy_refused": changed}
    say(f"python -m audit verify: {plural(found['size'], 'entry', 'entries')} verified, it survived the erasure")
    root = found["shards"][-1]["root"]
    say(f"root {root}")
    say(f"a copy with one bit turned over: {'refused' if changed else 'ACCEPTED'}")
    return {"entries": found["size"], "verified": True, "root": root, "changed_copy_refused": changed}
