"""``gateway consent``: files, receipts, and where a person stood at an instant."""

from __future__ import annotations

from pathlib import Path

from tests.cli.support import CANARY, SOMEBODY, done, gateway, refused

HEADER = "identifier_type,identifier,purpose,status,at\n"


def test_a_file_is_taken_whole_or_not_at_all(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "choices.csv"
    file.write_text(
        f"{HEADER}email,person.1@example.org,direct_marketing,withdrawn,2026-06-01\nemail,{CANARY},x,given,\n"
    )
    bad = gateway("consent", "import", file, "--home", home)
    assert bad.status == 1
    assert "line 3: unknown_purpose" in bad.out
    assert CANARY not in bad.out + bad.err
    file.write_text(f"{HEADER}email,person.1@example.org,direct_marketing,withdrawn,2026-06-01\n")
    assert done(gateway("consent", "import", file, "--home", home, "--dry-run", "--json")).json["recorded"] is False
    report = done(gateway("consent", "import", file, "--home", home, "--json")).json
    assert (report["recorded"], report["rows"], report["events"]) == (True, 1, 1)
    shown = done(gateway("consent", "show", "--subject", SOMEBODY, "--home", home, "--json")).json
    assert shown["standing"]["direct_marketing"] == "withdrawn"
    assert shown["closed"]["direct_marketing"] == ["withdrawn"]
    then = done(gateway("consent", "show", "--subject", SOMEBODY, "--at", "2026-05-20", "--home", home, "--json")).json
    assert then["standing"]["direct_marketing"] == "given"
    assert "subject" not in then["events"][0]
    refused(gateway("consent", "import", tmp_path / "missing.csv", "--home", home), "invalid-input")


def test_when_a_person_chose_is_told_with_the_time(home: Path) -> None:
    chosen = ("consent", "record", "--subject", SOMEBODY, "--purpose", "direct_marketing", "--status", "withdrawn")
    assert gateway(*chosen, "--at", "2026-06-01", "--dry-run", "--home", home).status == 2
    done(gateway(*chosen, "--at", "2026-06-01T10:00:00", "--dry-run", "--home", home))


def test_a_receipt_verifies_and_a_changed_one_does_not(home: Path, tmp_path: Path) -> None:
    made = done(gateway("consent", "receipt", "--subject", SOMEBODY, "--out", tmp_path, "--home", home, "--json")).json
    note = Path(made["receipt"])
    seen = done(gateway("consent", "verify", note, "--home", home, "--json")).json
    assert seen["verified"] is True
    assert seen["receipt"]["dpv:hasIdentifier"] == made["id"]
    nonce = Path(made["nonce"]).read_text().strip()
    mine = done(gateway("consent", "verify", note, "--subject", SOMEBODY, "--nonce", nonce, "--home", home, "--json"))
    assert mine.json["concerns"] is True
    for subject, other in (("email:person.2@example.org", nonce), (SOMEBODY, "0" * 64)):
        theirs = gateway("consent", "verify", note, "--subject", subject, "--nonce", other, "--home", home, "--json")
        assert (theirs.status, theirs.json["concerns"]) == (1, False)
    assert gateway("consent", "verify", note, "--subject", SOMEBODY, "--home", home).status == 2
    refused(
        gateway("consent", "verify", note, "--subject", SOMEBODY, "--nonce", CANARY, "--home", home), "invalid-input"
    )
    note.write_text(note.read_text().replace("ConsentGiven", "ConsentRefused"))
    assert gateway("consent", "verify", note, "--home", home).status == 1
    refused(gateway("consent", "receipt", "--subject", f"email:{CANARY}@example.org", "--home", home), "not-found")
