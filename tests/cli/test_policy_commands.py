"""``policy draft``, ``versions``, ``approve``, ``activate``, ``rollback`` and ``withdraw``."""

from __future__ import annotations

from pathlib import Path

from tests.cli.support import contents, done, gateway, in_force, refused


def states(home: Path) -> dict[str, str]:
    found = done(gateway("policy", "versions", "--home", home, "--json")).json["versions"]
    return {each["version"]: each["state"] for each in found}


def test_from_draft_to_way_back(home: Path, pack: Path) -> None:
    assert states(home) == {"1.0.0": "active"}
    in_force(home, pack)
    assert states(home) == {"1.0.0": "superseded", "2.0.0": "active"}
    told = done(gateway("policy", "versions", "--home", home)).out
    assert "liisa: drafted" in told
    assert "olli: approved" in told
    said = done(gateway("policy", "rollback", "1.0.0", "--reason", "too many left", "--home", home))
    assert "rolled back (too many left)" in said.out
    assert states(home) == {"1.0.0": "active", "2.0.0": "superseded"}


def test_a_way_back_that_allows_more_waits_for_another(home: Path, pack: Path) -> None:
    for path in (*(pack / "rules").iterdir(), *(pack / "cases").iterdir()):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("minimum_size: 100", "minimum_size: 140"), encoding="utf-8")
    in_force(home, pack)
    back = ("policy", "rollback", "1.0.0", "--reason", "too many left", "--home", home, "--by")
    assert (
        "liisa proposes to go back to it (too many left): waits for the same by another"
        in done(gateway(*back, "liisa")).out
    )
    assert states(home) == {"1.0.0": "superseded", "2.0.0": "active"}
    assert done(gateway(*back, "Liisa", "--json")).json["proposal"]["by"] == "liisa"
    assert "liisa: rolled back (too many left), confirmed by olli" in done(gateway(*back, "olli")).out
    assert states(home) == {"1.0.0": "active", "2.0.0": "superseded"}


def test_a_draft_alone_changes_nothing(home: Path, pack: Path) -> None:
    text = (pack / "pack.yaml").read_text(encoding="utf-8")
    (pack / "pack.yaml").write_text(
        text.replace("version: 1.0.0", "version: 1.1.0\nsupersedes: 1.0.0"), encoding="utf-8"
    )
    before = contents(home)
    assert done(gateway("policy", "draft", "--dry-run", "--home", home, "--policies", pack, "--json")).json["dry_run"]
    assert contents(home) == before
    done(gateway("policy", "draft", "--home", home, "--policies", pack, "--note", "first"))
    assert states(home) == {"1.0.0": "active", "1.1.0": "draft"}
    refused(gateway("policy", "approve", "1.1.0", "--home", home), "conflict", "simulate")
    refused(gateway("policy", "activate", "1.1.0", "--home", home, "--at", "2099-01-01"), "conflict", "approve")
    refused(gateway("policy", "rollback", "1.1.0", "--reason", "x", "--home", home), "conflict", "in force before")
    refused(gateway("policy", "approve", "9.9.9", "--home", home), "not-found", "list")
    assert done(gateway("policy", "withdraw", "1.1.0", "--home", home, "--json")).json["state"] == "withdrawn"


def test_the_same_number_with_other_texts_is_refused(home: Path, pack: Path) -> None:
    (pack / "CHANGELOG.md").write_text("another", encoding="utf-8")
    refused(gateway("policy", "draft", "--home", home, "--policies", pack), "conflict", "new number in pack.yaml")
    doctor = done(gateway("doctor", "--home", home, "--policies", pack))
    assert "the folder of drafts differs" in doctor.out
