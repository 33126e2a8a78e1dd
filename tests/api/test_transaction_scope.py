"""A recipient of single lists: pseudonyms of one release, beside the attributes that its contract names."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from gateway.foundation.settings import Settings
from tests.api.conftest import Caller, is_problem

SEGMENT = """id: finns
purpose: product_analytics
title: {en: Finns}
where:
  all:
    - {field: country, in: ["FI"]}
"""
FINNS = "/v1/segments/finns/members"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The baseline pack with a segment for `insights`."""
    pack = tmp_path / "pack"
    shutil.copytree(Settings().policies, pack)
    (pack / "segments" / "finns.yaml").write_text(SEGMENT)
    return Settings(home=tmp_path / "home", policies=pack)


def test_pages_carry_the_agreed_attributes_as_files_do(filled_call: Caller) -> None:
    first = filled_call.get("insights", FINNS, params={"limit": 100}).json()
    second = filled_call.get("insights", FINNS, params={"limit": 100, "cursor": first["next"]}).json()
    assert [len(page["members"]) for page in (first, second)] == [100, 50]
    member = first["members"][0]
    assert member.keys() == {"pseudonym", "age_band", "country"}
    assert (member["age_band"], member["country"]) == ("35-39", "FI")
    assert set(filled_call.entries()[-1]["fields"]) == {"pseudonym", "birth_date", "country"}
    file = filled_call.get("insights", FINNS, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(file.text, newline="")))
    assert rows[0].keys() == member.keys()
    pages = {each["pseudonym"] for page in (first, second) for each in page["members"]}
    assert not pages & {row["pseudonym"] for row in rows}


def test_there_is_no_delta_and_no_304(filled_call: Caller) -> None:
    tag = filled_call.get("insights", FINNS).headers["etag"]
    assert filled_call.get("insights", FINNS, headers={"If-None-Match": tag}).status_code == 200
    body = is_problem(filled_call.get("insights", "/v1/segments/finns/delta"), 403, "not-permitted")
    assert body["reasons"] == ["no_stable_scope"]
    is_problem(filled_call.get("mailer", FINNS), 403, "not-permitted")
