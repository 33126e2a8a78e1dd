import dataclasses
import datetime as dt
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rights import CertificateFacts, certificate_text, erasure_plan
from gateway.rights.canonical import canonical_json
from gateway.rights.certificates import RecipientNotice, concerns
from gateway.rights.erasure import DataClass

AT = dt.datetime(2026, 11, 21, 10, 0, 0, 123, tzinfo=dt.UTC)
CLASSES = (
    DataClass("store", "profile", 1),
    DataClass("store", "events", 40),
    DataClass("invoicing", "invoices", 1, "17(3)(b)", dt.date(2032, 12, 31)),
)
FACTS = CertificateFacts(
    request="req_1", controller="Esimerkki Oy", received_at=AT, executed_at=AT, classes=CLASSES, key_destroyed_at=AT,
    recipients=(RecipientNotice("mailer", ("scope_b", "scope_a"), AT), RecipientNotice("ads", ("scope_c",), AT)),
    probes={"lookup_by_identifier": "none", "byte_scan": "0"}, log_size=42, log_root="ab" * 32, suppression=True,
)  # fmt: skip
NONCE = bytes(range(32))


def test_the_plan_is_per_class_of_data() -> None:
    plan = erasure_plan(CLASSES, recipients=["mailer", "ads", "mailer"])
    assert (plan["rows_to_erase"], plan["rows_to_retain"]) == (41, 1)
    assert plan["recipients_to_notify"] == ["ads", "mailer"]
    assert plan["classes"][2]["basis_if_retained"] == "17(3)(b)"
    assert plan["stores"] == ["store"]
    assert plan["found"]
    json.dumps(plan)


def test_nothing_held_is_a_plan_too() -> None:
    plan = erasure_plan((), recipients=())
    assert not plan["found"]
    assert not plan["key_to_destroy"]
    assert plan.keys() == erasure_plan(CLASSES, recipients=()).keys()


def test_the_certificate_says_what_was_done_and_names_nobody() -> None:
    text = certificate_text(FACTS, identifier="anna@example.org", nonce=NONCE)
    body = json.loads(text)
    assert body["rows_erased"] == 41
    assert body["subject_commitment"] == hashlib.sha256(NONCE + b"anna@example.org").hexdigest()
    assert [r["recipient"] for r in body["recipients"]] == ["ads", "mailer"]
    assert body["recipients"][1]["scopes"] == ["scope_a", "scope_b"]
    assert body["executed_at"] == "2026-11-21T10:00:00Z"
    assert body["log"] == {"size": 42, "root": "ab" * 32}
    for secret in ("anna", NONCE.hex()):
        assert secret not in text
    assert canonical_json(body) == text


def test_only_the_person_can_show_that_it_is_theirs() -> None:
    body = json.loads(certificate_text(FACTS, identifier="anna@example.org", nonce=NONCE))
    assert concerns(body, identifier="anna@example.org", nonce=NONCE)
    assert not concerns(body, identifier="bela@example.org", nonce=NONCE)
    assert not concerns(body, identifier="anna@example.org", nonce=bytes(32))
    with pytest.raises(ValueError, match="32"):
        certificate_text(FACTS, identifier="anna@example.org", nonce=b"short")


def test_the_order_of_facts_does_not_matter() -> None:
    turned = dataclasses.replace(
        FACTS, recipients=FACTS.recipients[::-1], probes=dict(reversed(list(FACTS.probes.items())))
    )
    texts = {certificate_text(facts, identifier="a", nonce=NONCE) for facts in (FACTS, turned)}
    assert len(texts) == 1


def test_canonical_json_known_answers() -> None:
    assert (
        canonical_json({"b": 1, "a": [True, None, 'é\n"\\\u0007/']}) == '{"a":[true,null,"é\\n\\"\\\\\\u0007/"],"b":1}'
    )
    # RFC 8785, section 3.2.3: by UTF-16 code units, so that U+1F600 comes before U+FB33.
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    in_order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical_json(dict.fromkeys(names, 0)))) == in_order


@pytest.mark.parametrize("value", [1.0, 2**53, b"x", "\ud800", {"a": {1, 2}}, {1: 2}, float("nan")])
def test_canonical_json_refuses_what_is_not_exact(value: object) -> None:
    with pytest.raises(ValueError, match="canonical"):
        canonical_json(value)


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53) + 1, 2**53 - 1),
        st.text(st.characters(exclude_categories=["Cs"])),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON)
def test_canonical_json_is_a_fixed_point(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text
