"""What each kind of column is to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.corpus.national import MAKERS

_DIRECT = """customer_number given_name family_name full_name email phone address iban card ip mac device_id
    advertising_id cookie_id plate username hashed_email email_url json_profile contact_line email_name"""
_INDIRECT = "birth_date birth_year age postcode coordinates"
_SPECIAL = """health religion politics trade_union ethnicity orientation diet pharmacy donation children criminal
    biometric genetic"""
_ATTRIBUTE = "city gender nationality marital_status job_title income"
_DEBATABLE = "registered_on total_spend loyalty_tier consent"  # can be argued either way: not scored
_TECHNICAL = """order_number invoice_number tracking price quantity sku ean product_name description version thing_uuid
    event_uuid timestamp order_date weekday year company_name company_id store_city store_address package status colour
    weight page_url git_commit constant all_null percent stock
    file_hash store_name vehicle_model company_iban brand batch_number"""
# Without a header nobody could tell these from other numbers and words: they always have an honest one.
_NEEDS_HEADER = """customer_number device_id advertising_id cookie_id username ua_id_card hu_id_card birth_year age
    gender income children biometric genetic git_commit thing_uuid event_uuid year store_city store_address consent
    trade_union donation ethnicity nationality constant all_null city postcode plate company_id total_spend
    loyalty_tier file_hash store_name vehicle_model company_iban brand"""


@dataclass(frozen=True, slots=True)
class Kind:
    """The truth about a kind of column; see :class:`bench.corpus.shapes.LabelledColumn`."""

    name: str
    kind: str
    personal: bool
    direct: bool
    country: str | None = None
    scored: bool = True
    needs_header: bool = False


def _kinds(words: str, kind: str, personal: bool = True) -> dict[str, Kind]:  # noqa: FBT001, FBT002 -- a label
    direct = kind == "direct_identifier"
    return {
        name: Kind(
            name,
            kind,
            personal,
            direct,
            name.partition("_")[0] if name in MAKERS else None,
            name not in _DEBATABLE.split(),
            name in _NEEDS_HEADER.split(),
        )
        for name in words.split()
    }


KINDS: Mapping[str, Kind] = {
    **_kinds(_DIRECT, "direct_identifier"),
    **_kinds(" ".join(MAKERS), "direct_identifier"),
    **_kinds(_INDIRECT, "indirect_identifier"),
    **_kinds(_SPECIAL, "special_category"),
    **_kinds(_ATTRIBUTE, "attribute"),
    **_kinds("free_text", "free_text"),
    **_kinds(_DEBATABLE, "attribute"),
    **_kinds(_TECHNICAL, "technical", False),
}
