"""``policy simulate``: what it says is what then happens, and until then nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import contents, done, gateway, refused
from tests.drafts import draft_with


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The folder of a draft under which `regular_buyers` asks for a field that its purpose may not use."""
    folder = tmp_path / "draft"
    for path, text in draft_with(["a segment refused"]).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def build(home: Path) -> int:
    size: int = done(gateway("segments", "build", "regular_buyers", "--home", home, "--json")).json["size"]
    return size


def test_a_segment_that_a_draft_closes_is_closed_when_it_is_in_force(home: Path, draft: Path) -> None:
    assert build(home) == 150
    before = contents(home)
    loose = done(gateway("policy", "simulate", draft, "--home", home, "--json")).json
    assert contents(home) == before
    done(gateway("policy", "draft", "--home", home, "--policies", draft, "--by", "liisa"))
    found = done(gateway("policy", "simulate", "2.0.0", "--home", home, "--json")).json
    for same in ("people", "purposes", "segments", "recalls", "undersized"):
        assert found[same] == loose[same]
    regular = next(each for each in found["segments"] if each["segment"] == "regular_buyers")
    assert regular["effect"] == "refused"
    assert [regular[side]["people"] for side in ("now", "then", "left", "entered")] == [150, None, 150, None]
    assert build(home) == 150
    done(gateway("policy", "approve", "2.0.0", "--home", home, "--by", "olli"))
    done(gateway("policy", "activate", "2.0.0", "--home", home, "--by", "olli"))
    refused(gateway("segments", "build", "regular_buyers", "--home", home), "not-permitted", "loyalty_tier")
    assert any("loyalty_tier" in reason for reason in regular["reasons"])
    assert done(gateway("segments", "build", "loyal_buyers", "--home", home, "--json")).json["size"] == 150


def test_it_is_told_in_words_and_an_unknown_version_is_refused(home: Path, draft: Path) -> None:
    words = done(gateway("policy", "simulate", draft, "--home", home)).out
    assert "segment regular_buyers: refused from then on" in words
    assert "segment loyal_buyers: nobody enters or leaves" in words
    refused(gateway("policy", "simulate", "9.9.9", "--home", home), "not-found", "list")
