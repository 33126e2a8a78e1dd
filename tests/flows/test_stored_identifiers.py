"""No column of the store is for what identifies people directly, whatever a field is called or expected to show."""

from __future__ import annotations

import pytest

from gateway.flows.policy_pack import load_draft
from gateway.flows.read_policy import lint_pack
from gateway.foundation.errors import InvalidInput
from tests.rooms.policy.packs import AT, baseline_texts, changed

FIELD = """
  - id: {id}
    title: {{en: X, fi: X, hu: X, uk: X}}
    category: user.preference
    dpv: pd:Preference
    kind: attribute
    type: text
"""


@pytest.mark.parametrize("finding", ["email", "phone", "fi_hetu", "card_number", "full_name"])
def test_a_stored_field_is_not_expected_to_show_an_identifier(finding: str) -> None:
    files = changed("fields.yaml", "finding: city", f"finding: {finding}")
    for read in (load_draft, lambda texts: lint_pack(texts, AT)):
        with pytest.raises(InvalidInput, match=r"fields.yaml: `city` .* direct identifier"):
            read(files)


@pytest.mark.parametrize(("name", "stored"), [("username", True), ("favourite_colour", False)])
def test_nor_is_one_called_as_an_identifier_is(name: str, stored: bool) -> None:  # noqa: FBT001 - a case
    files = baseline_texts()
    files["fields.yaml"] += FIELD.format(id=name)
    if not stored:
        assert load_draft(files).catalogue.fields
        return
    with pytest.raises(InvalidInput, match=f"`{name}`"):
        load_draft(files)
