"""Homes, keys and packs that cannot be used, and questions that policy refuses: a clear sentence, exit 1."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.foundation.files import held
from tests.cli.support import (
    CANARY,
    SOMEBODY,
    contents,
    done,
    gateway,
    in_force,
    is_root,
    process,
    refused,
    untouched,
)

# -- the home


@pytest.mark.parametrize(
    "command",
    [
        ["doctor"], ["segments", "list"], ["segments", "check"], ["segments", "build", "loyal_buyers"],
        ["audit", "show"], ["audit", "verify"], ["audit", "export"], ["clients", "list"],
        ["requests", "access", "--subject", SOMEBODY], ["requests", "erase", "--subject", SOMEBODY, "--dry-run"],
        ["consent", "show", "--subject", SOMEBODY], ["serve", "--port", "0"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_home_that_is_not_there(command: list[str], tmp_path: Path) -> None:
    said = gateway(*command, "--home", tmp_path / "none")
    assert said.status == 1
    assert "none" in said.err
    assert "internal" not in said.err
    assert not (tmp_path / "none").exists()


def test_a_home_in_use_says_what_to_do(home: Path) -> None:
    before = contents(home)
    with held(home / "lock"):
        said = gateway("segments", "build", "loyal_buyers", "--home", home, "--json")
        refused(said, "conflict", "in use by process", "over HTTP", "stop it first")
        assert said.json["error"]["slug"] == "conflict"
        done(gateway("audit", "verify", "--home", home))
        done(gateway("policy", "check"))
    assert contents(home) == before


def test_a_home_is_made_once(home: Path) -> None:
    with untouched(home):
        refused(gateway("init", "--home", home), "conflict", "already")


# -- the key


def _short(kek: Path) -> None:
    kek.chmod(0o600)
    kek.write_bytes(kek.read_bytes()[:31])
    kek.chmod(0o400)


def _another(kek: Path) -> None:
    kek.chmod(0o600)
    kek.write_bytes(bytes(32))
    kek.chmod(0o400)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda kek: kek.chmod(0o644), "chmod 0400"),
        (_short, "restore it"),
        (Path.unlink, "restore it"),
        (_another, "wrong key file"),
    ],
    ids=["0644", "short", "missing", "another"],
)
def test_a_key_file_that_cannot_be_used(spoil: Callable[[Path], None], words: str, home: Path) -> None:
    before, kek = contents(home), (home / "kek").read_bytes()
    spoil(home / "kek")
    said = gateway("segments", "build", "loyal_buyers", "--home", home)
    assert said.status == 1
    assert words in said.err
    assert "internal" not in said.err
    assert contents(home) == before
    (home / "kek").unlink(missing_ok=True)
    (home / "kek").write_bytes(kek)
    (home / "kek").chmod(0o400)
    with untouched(home):
        done(gateway("doctor", "--home", home))


@pytest.fixture
def nobodys(filled_home: Path) -> Iterator[Path]:
    """A home that belongs to a user whom modes bind, where the tests run as one whom they do not."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-test-"))
    home = Path(shutil.copytree(filled_home, folder / "home"))
    if is_root():
        for path in (folder, *folder.rglob("*")):
            os.chown(path, 65534, 65534)
    yield home
    shutil.rmtree(folder)


def test_a_key_file_without_any_mode(nobodys: Path) -> None:
    (nobodys / "kek").chmod(0)
    options = {"user": 65534, "group": 65534, "extra_groups": []} if is_root() else {}
    try:
        said = process("segments", "list", "--home", nobodys, **options)
    except PermissionError:
        pytest.skip("the program itself cannot be run by another user here")
    assert said.status == 1
    assert "cannot read the key file" in said.err
    assert "restore it" in said.err


# -- the pack


@pytest.mark.parametrize(
    ("file", "spoil", "words"),
    [
        ("purposes.yaml", lambda text: text + "\n  - [unclosed\n", "purposes.yaml"),
        ("sources.yaml", lambda text: f"owner: {CANARY}\n" + text, "sources.yaml"),
        ("fields.yaml", lambda text: text.replace("kind:", "knid:", 1), "knid"),
        ("sources.yaml", lambda text: text.replace("direct_marketing", "nothing"), "sources.yaml"),
        ("segments/loyal_buyers.yaml", lambda text: text.replace("purpose:", "purpos:"), "loyal_buyers"),
        ("pack.yaml", lambda _: "", "pack.yaml"),
    ],
    ids=["bad YAML", "not a list", "unknown key", "unknown purpose", "segment", "empty"],
)
def test_a_broken_pack_names_the_file_and_decides_nothing(
    file: str, spoil: Callable[[str], str], words: str, pack: Path, home: Path
) -> None:
    (pack / file).write_text(spoil((pack / file).read_text(encoding="utf-8")), encoding="utf-8")
    before = contents(home)
    commands = [["policy", "check"], ["policy", "draft", "--home", str(home)]]
    if not file.startswith("segments"):
        commands.append(["init", "--home", str(home.parent / "new")])
    for command in commands:
        said = gateway(*command, "--policies", pack)
        assert said.status == 1, command
        assert words in said.err, said.err
        assert "internal" not in said.err
        assert CANARY not in said.out + said.err
    assert contents(home) == before
    assert done(gateway("segments", "check", "--home", home, "--policies", pack, "--json")).json["segments"]
    assert not (home.parent / "new" / "vault.sqlite").exists()


def test_a_case_that_fails_is_named(pack: Path) -> None:
    cases = pack / "cases" / "store.yaml"
    cases.write_text(cases.read_text(encoding="utf-8").replace("permit", "deny", 1), encoding="utf-8")
    said = gateway("policy", "check", "--policies", pack)
    assert said.status == 1
    assert "FAIL" in said.out or "case" in said.err
    told = gateway("policy", "check", "--policies", pack, "--json")
    assert told.status == 1
    assert told.json


def test_a_pack_that_is_not_there(tmp_path: Path) -> None:
    refused(gateway("policy", "check", "--policies", tmp_path), "invalid-input", "pack.yaml", "--policies")


# -- what policy refuses


@pytest.mark.parametrize("field", ["health_note", "diet"])
def test_a_segment_on_a_forbidden_field_is_refused_with_the_rule(field: str, pack: Path, home: Path) -> None:
    (pack / "segments" / "forbidden.yaml").write_text(
        "id: forbidden\npurpose: direct_marketing\ntitle: {en: Forbidden}\n"
        f"where: {{field: {field}, exists: true}}\n",
        encoding="utf-8",
    )
    in_force(home, pack)
    checked = gateway("segments", "check", "--home", home, "--json")
    assert checked.status == 1
    verdict = {each["id"]: each for each in checked.json["segments"]}["forbidden"]
    assert not verdict["permitted"]
    assert any(field in reason and "rule" in reason for reason in verdict["reasons"]), verdict
    before = contents(home)
    for command in (["segments", "build", "forbidden"], ["segments", "explain", "forbidden", "--subject", SOMEBODY]):
        said = gateway(*command, "--home", home)
        refused(said, "not-permitted", field, "rule")
    out = home.parent / "out.csv"
    said = gateway("release", "forbidden", "--recipient", "mailer", "--out", out, "--home", home)
    refused(said, "not-permitted", field)
    assert not out.exists()
    assert contents(home) == before


def test_a_segment_on_a_direct_identifier_is_refused_by_its_rule(pack: Path, home: Path) -> None:
    (pack / "segments" / "forbidden.yaml").write_text(
        "id: forbidden\npurpose: direct_marketing\ntitle: {en: Forbidden}\nwhere: {field: email, exists: true}\n",
        encoding="utf-8",
    )
    in_force(home, pack)
    said = gateway("segments", "build", "forbidden", "--home", home, "--json")
    refused(said, "not-permitted", "`forbidden`", "field `email`", "rule `direct-identifiers-stay-in-vault`")


@pytest.mark.parametrize(
    ("command", "slug"),
    [
        (["segments", "build", "nothing"], "not-found"),
        (["segments", "explain", "nothing", "--subject", SOMEBODY], "not-found"),
        (["release", "nothing", "--recipient", "mailer", "--out", "OUT"], "not-found"),
        (["release", "loyal_buyers", "--recipient", "nobody", "--out", "OUT"], "not-permitted"),
        (["release", "young_adults_nordic", "--recipient", "mailer", "--out", "OUT"], "too-small"),
        (["release", "loyal_buyers", "--recipient", "insights", "--out", "OUT"], "not-permitted"),
        (["consent", "record", "--purpose", "nothing", "--status", "given", "--subject", SOMEBODY], "consent-refused"),
        (["requests", "object", "--purpose", "nothing", "--subject", SOMEBODY], "consent-refused"),
        (["requests", "object", "--purpose", "nothing", "--subject", SOMEBODY, "--dry-run"], "consent-refused"),
        (["clients", "add", "nobody", "--scope", "recipient"], "invalid-input"),
        (["clients", "revoke", "nobody", "--scope", "officer"], "not-found"),
        (["clients", "revoke", "nobody", "--scope", "officer", "--dry-run"], "not-found"),
        (["audit", "prove", "100000"], "not-found"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else each,
)
def test_what_is_unknown_or_too_small_is_refused(command: list[str], slug: str, home: Path) -> None:
    out = home.parent / "out.csv"
    command = [str(out) if each == "OUT" else each for each in command]
    before = contents(home)
    for as_json in (False, True):
        said = gateway(*command, "--home", home, *["--json"] * as_json)
        refused(said, slug)
        if as_json:
            assert said.json["error"]["slug"] == slug
    assert not out.exists()
    after = contents(home)
    changed = {name for name in before if before[name] != after[name]}
    made_for_a_release_then_refused = {"store:snapshots", "store:snapshot_members", "keys.sqlite:scopes"}
    assert changed <= made_for_a_release_then_refused, changed


def test_nobody_learns_whether_a_person_is_known(home: Path) -> None:
    stranger = f"email:{CANARY}@example.org"
    for command in (["requests", "access"], ["requests", "erase"], ["requests", "erase", "--dry-run"]):
        said = done(gateway(*command, "--subject", stranger, "--home", home, "--json"))
        assert said.json["found"] is False
        assert CANARY not in said.out + said.err
    refused(
        gateway("segments", "explain", "loyal_buyers", "--subject", stranger, "--home", home), "not-found", "nobody"
    )
