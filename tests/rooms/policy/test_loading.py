from __future__ import annotations

import re
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.foundation.errors import InvalidInput
from gateway.policy import describe, load_pack
from gateway.policy.documents import MAX_BYTES, read_document
from gateway.policy.errors import PackError
from gateway.vocabulary.fields import AgeBand, FieldKind, Month, Prefix, Redacted

from .packs import baseline, baseline_texts, changed

RELEASE = "when:\n      actions: [release]"


def refusal(files: dict[str, str]) -> str:
    with pytest.raises(PackError) as caught:
        load_pack(files)
    assert isinstance(caught.value, InvalidInput)
    assert len(caught.value.reasons) >= 1
    return caught.value.message


def test_the_baseline_has_what_everybody_counts_on() -> None:
    catalogue = baseline().catalogue
    stored = {field.id: (field.column, field.transform) for field in catalogue.fields.values()}
    assert stored["birth_date"] == ("age_band", AgeBand(5))
    assert stored["postcode"] == ("postcode3", Prefix(3))
    assert stored["registered_on"] == ("registered_month", Month())
    assert stored["feedback"] == ("feedback", Redacted())
    assert {p.id: (p.bit, p.legal_basis.value) for p in catalogue.purposes.values()} == {
        "customer_segmentation": (0, "6(1)(f)"),
        "direct_marketing": (1, "6(1)(a)"),
        "product_analytics": (2, "6(1)(f)"),
    }
    direct = [f for f in catalogue.fields.values() if f.kind is FieldKind.DIRECT_IDENTIFIER]
    assert len(direct) == 10
    assert all(field.column is None for field in direct)
    assert baseline().label == f"baseline@1.0.0:{baseline().digest}"


def test_segments_are_carried_as_they_are() -> None:
    files = baseline_texts() | {"segments/any.yaml": "&a [*a, !!python/none x]"}
    assert load_pack(files).segments["segments/any.yaml"] == files["segments/any.yaml"]


def test_a_contract_may_name_its_legal_entity_and_how_soon_leaves_are_told() -> None:
    files = changed("recipients.yaml", "country: IE", "country: IE\n    legal_entity: acme\n    leave_within_days: 30")
    contracts = {contract.id: contract for contract in load_pack(files).catalogue.recipients.values()}
    said = {
        name: (each.holder, each.leave_within_days) for name, each in contracts.items() if name in {"ads", "mailer"}
    }
    assert said == {"ads": ("acme", 30), "mailer": ("mailer", 3)}


def test_the_same_texts_are_the_same_pack_and_a_letter_more_is_another() -> None:
    files = baseline_texts()
    assert load_pack(dict(reversed(files.items()))) is load_pack(files)
    other = load_pack(files | {"cases/store.yaml": files["cases/store.yaml"] + "\n"})
    assert (other.label == load_pack(files).label, other.cases) == (False, load_pack(files).cases)
    for _ in range(2):
        refusal(files | {"pack.yaml": ""})


def test_the_digest_is_of_every_file_and_of_their_names() -> None:
    files = baseline_texts()
    digests = {load_pack(files).digest}
    for path in ("CHANGELOG.md", "cases/store.yaml", "rules/obligations.yaml"):
        digests.add(load_pack(files | {path: files[path] + "\n"}).digest)
    moved = dict(files)
    moved["rules/obligations-2.yaml"] = moved.pop("rules/obligations.yaml")
    digests.add(load_pack(moved).digest)
    assert len(digests) == 5
    assert load_pack(dict(reversed(files.items()))).digest == load_pack(files).digest


def test_the_order_of_rules_in_files_does_not_matter() -> None:
    files = baseline_texts()
    head, *rules = files["rules/permissions.yaml"].split("  - id: ")
    files["rules/permissions.yaml"] = head + "".join(f"  - id: {rule.rstrip()}\n" for rule in reversed(rules))
    assert load_pack(files).rules == baseline().rules


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("purposes.yaml", "bit: 1", "bit: 0", "purposes.yaml, line 12, purposes[1].bit: another purpose has this bit"),
        ("purposes.yaml", "bit: 2", "bit: 63", "less than or equal to 62"),
        ("purposes.yaml", "bit: 2", "bit: '2'", "a whole number is expected"),
        ("purposes.yaml", "    bit: 1\n", "    bit: 1\n    bit: 1\n", "purposes[1].bit: this key stands here twice"),
        ("purposes.yaml", "id: product_analytics", "id: direct_marketing", "this id stands twice"),
        ("purposes.yaml", "profiling: false", "profiling: off", "put it in quotes"),
        ("purposes.yaml", "profiling: false", "profilng: false", "unknown key"),
        ("purposes.yaml", "6(1)(a)", "6(1)(f)", "only a purpose on 6(1)(a) has `consent`"),
        ("purposes.yaml", "legal_basis: 6(1)(f)", "legal_basis: 6(1)(a)", "needs `consent`"),
        ("purposes.yaml", "legal_basis: 6(1)(f)", "legal_basis: 6(1)(z)", "should be '6(1)(a)'"),
        ("purposes.yaml", ", uk: Сегментація клієнтів", "", "a title in each language"),
        ("purposes.yaml", "{en: Direct", "&a {en: Direct", "anchors and aliases are not read"),
        ("purposes.yaml", "profiling: false", "profiling: *a", "anchors and aliases are not read"),
        ("purposes.yaml", "profiling: false", "profiling: !!bool false", "tags are not read"),
        ("purposes.yaml", "profiling: false", "profiling: [false", "not readable as YAML"),
        ("fields.yaml", "transform: {kind: age_band, years: 5}", "transform: {kind: keep}", "generalised only"),
        ("fields.yaml", "transform: {kind: age_band, years: 5}", "transform: {kind: hash}", "no such kind"),
        ("fields.yaml", "transform: {kind: prefix, length: 3}", "transform: {kind: month}", "does not fit"),
        ("fields.yaml", "transform: {kind: redacted}", "transform: {kind: keep}", "redacted only"),
        ("fields.yaml", "column: postcode3", "column: age_band", "this column name is taken"),
        ("fields.yaml", "column: postcode3", "column: permits", "this column name is taken"),
        ("fields.yaml", "user.contact.address.city", "user.contact.address.country", "tells where they live already"),
        ("fields.yaml", "{kind: month}", "{kind: age_band, years: 5}", "`birth_date` tells their age already"),
        ("pack.yaml", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "effective_from: this value has"),
        ("pack.yaml", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "effective_from: this value has"),
        ("fields.yaml", "identifier: email", "column: email", "never stored"),
        ("fields.yaml", "special: health", "identifier: health", "only a direct identifier finds a person"),
        ("fields.yaml", "special: health", "special: healthy", "should be 'ethnicity'"),
        ("fields.yaml", "transform: {kind: month}", "transform: {kind: band, edges: [9, 9]}", "of bands rise"),
        ("fields.yaml", "transform: {kind: month}", "transform: {kind: round, step: 10}", "does not fit"),
        ("fields.yaml", "transform: {kind: month}", "transform: {kind: round, step: 1}", "greater than or equal to 2"),
        ("fields.yaml", "transform: {kind: month}", "transform: {kind: bucket, buckets: 1}", "greater than or equal"),
        ("fields.yaml", "transform: {kind: month}", "transform: {kind: drop}", "nothing is stored of what is dropped"),
        ("purposes.yaml", "profiling: true", "profiling: true\n    explicit_consent: [health]", "only a purpose on"),
        ("purposes.yaml", "profiling: true", "profiling: true\n    explicit_consent: [shoes]", "should be 'ethnicity'"),
        ("pack.yaml", "version: 1.0.0", "version: 1.0.0\nsupersedes: 1.0.0", "supersedes an earlier one only"),
        ("pack.yaml", "version: 1.0.0", "version: 1.0.0\nsupersedes: 1.10.0", "supersedes an earlier one only"),
        ("pack.yaml", "version: 1.0.0", "version: 1.0.0\nsupersedes: older", "has not the form"),
        ("recipients.yaml", "purposes: [direct_marketing]", "purposes: [marketing]", "purposes[0]: no such name"),
        ("recipients.yaml", "fields: []", "fields: [email]", "only attributes and generalised fields"),
        ("recipients.yaml", "fields: []", "fields: [amount]", "only attributes and generalised fields"),
        ("recipients.yaml", "mode: transaction", "mode: transaction, epoch_days: 9", "goes with a relationship scope"),
        ("recipients.yaml", "country: FI", "country: NO", "put it in quotes"),
        ("recipients.yaml", "expires: 2027-12-31", "expires: 2027-13-31", "has not the form"),
        ("recipients.yaml", "minimum_size: 100", "minimum_size: 4", "greater than or equal to 5"),
        ("recipients.yaml", "country: IE", "country: IE\n    leave_within_days: 0", "greater than or equal to 1"),
        ("recipients.yaml", "country: IE", "country: IE\n    leave_within_days: 31", "less than or equal to 30"),
        ("recipients.yaml", "country: IE", "country: IE\n    legal_entity: Acme Ltd", "has not the form"),
        ("retention.yaml", "- feedback", "- feedback\n      - feedback", "has a period for this purpose already"),
        ("retention.yaml", "days: 730", "days: 0", "greater than or equal to 1"),
        ("retention.yaml", "- feedback", "- feed", "no such name"),
        ("sources.yaml", "email: email", "email: mail", "no such field"),
        ("sources.yaml", "email: email", "email: phone", "another column holds this field"),
        ("sources.yaml", "consent: direct_marketing", "consent: marketing", "no such purpose"),
        ("sources.yaml", "region_column: country", "region_column: land", "name columns of this source"),
        ("sources.yaml", "form: status", "form: status, by_column: speaker", "name other columns of this source"),
        ("sources.yaml", "form: status", "form: status, by_column: analytics_choice", "name other columns of this"),
        ("sources.yaml", "form: status", "form: status, by: controller", "sources.yaml"),
        ("sources.yaml", "subject: [customer_number, email", "subject: [city, email", "a subject field is an"),
        ("sources.yaml", "    event: purchase\n", "", "a source of events has `event` and `time`"),
        ("sources.yaml", "time: purchased_at", "time: amount", "the column of the instant is no field"),
        ("rules/obligations.yaml", "kind: obligation", "kind: wish", "no such kind"),
        ("rules/permissions.yaml", "id: store-basics", "id: minimum-size", "this id stands twice"),
        ("rules/obligations.yaml", "minimum_size: 100", "expression: a > b", "unknown key"),
        ("rules/permissions.yaml", "      purposes: [customer_segmentation]\n", "", "purposes: this key is missing"),
        ("rules/permissions.yaml", "purposes: [customer_segmentation]", "purposes: []", "at least one entry more"),
        ("rules/permissions.yaml", "- ids: [birth_date, country]", "- {}", "an empty matcher matches nothing"),
        ("rules/permissions.yaml", "sources: [webshop_customers]", "sources: [shop]", "sources[0]: no such name"),
        ("rules/permissions.yaml", "recipients: [insights]", "recipients: [eye]", "recipients[0]: no such name"),
        ("rules/prohibitions.yaml", "ids: [national_id]", "ids: [nat_id]", "ids[0]: no such name"),
        ("rules/prohibitions.yaml", "[postcode, birth_date", "[post, birth_date", "never_together[0]: no such name"),
        ("rules/prohibitions.yaml", "never_together:", "fields: [{ids: [city]}]\n    never_together:", "two rules"),
        ("rules/prohibitions.yaml", "[postcode, birth_date, gender]", "[postcode, postcode]", "stands here twice"),
        ("rules/obligations.yaml", "      en: A small", "      de: A small", "add `en`"),
        ("rules/obligations.yaml", "      hu: A kis", "      de: A kis", "that pack.yaml does not name"),
        ("rules/obligations.yaml", "    minimum_size: 100\n", "", "write one of them"),
        ("rules/obligations.yaml", "minimum_size: 100", "minimum_size: 100\n    look_back_days: 9", "write one"),
        ("rules/obligations.yaml", "minimum_size: 100", "look_back_days: 0", "greater than or equal to 1"),
        ("rules/obligations.yaml", "minimum_size: 100", "minimum_size: 9\n    fields: [{ids: [city]}]", "is about"),
        ("rules/obligations.yaml", "minimum_size: 100", "look_back_days: 9\n    fields: [{ids: [x]}]", "no such name"),
        ("rules/prohibitions.yaml", RELEASE, f"{RELEASE}\n    people: {{}}", "no condition stands here"),
        ("rules/prohibitions.yaml", RELEASE, f"{RELEASE}\n    people: {{minimum_age: 18}}", "unknown key"),
        ("rules/prohibitions.yaml", RELEASE, f"{RELEASE}\n    people: {{regions: [XX]}}", "regions[0]: no such name"),
        ("rules/prohibitions.yaml", RELEASE, f"{RELEASE}\n    people: {{younger_than: 91}}", "less than or equal"),
        ("rules/prohibitions.yaml", RELEASE, f"{RELEASE}\n    people: {{without_consents: [x]}}", "no such purpose on"),
        ("rules/prohibitions.yaml", "  actions: [release]\n", "  recipients: [ads]\n    people: {regions: [FI]}\n",
         "name segment, release or both"),
        ("rules/prohibitions.yaml", "actions: [release]", "jurisdictions: [EU]", "jurisdictions[0]: no such name"),
        ("rules/prohibitions.yaml", "actions: [release]", "jurisdictions: []", "at least one entry more"),
        ("cases/store.yaml", "rules: [store-basics]", "rules: [store]", "rules[0]: no such name"),
        ("cases/store.yaml", "id: purchases-are-stored", "id: customers-are-stored", "this id stands twice"),
        ("cases/store.yaml", "at: 2026-11-21T10:00:00Z", "at: 2026-11-21T10:00:00", "needs its offset"),
        ("pack.yaml", "version: 1.0.0", "version: 1.0", "a text is expected"),
        ("pack.yaml", "id: baseline", "id: baseline\nsegments: all", "line 3, segments: unknown key"),
    ],
)  # fmt: skip
def test_a_pack_with_a_mistake_is_refused_with_its_place(file: str, old: str, new: str, told: str) -> None:
    message = refusal(changed(file, old, new))
    assert told in message
    assert f"{file}, line " in message


@pytest.mark.parametrize(
    ("gone", "told"), [("age_band, years: 5", "age band"), ("user.contact.address.country", "country")]
)
def test_people_are_told_apart_only_by_what_is_stored(gone: str, told: str) -> None:
    people = "{younger_than: 18, regions: [FI]}"
    files = changed("rules/prohibitions.yaml", RELEASE, f"{RELEASE}\n    people: {people}")
    assert load_pack(files)
    files["fields.yaml"] = files["fields.yaml"].replace(gone, "month" if "years" in gone else "user.contact.address")
    message = refusal(files)
    assert told in message
    assert "rules/prohibitions.yaml, line 75, rules[3].people." in message


@pytest.mark.parametrize(
    "path", ["rules/../pack.yaml", "/etc/passwd", "notes.txt", "rules/a/b.yaml", "rules/.yaml", "segments/x.yml", ""]
)
def test_a_file_that_a_pack_does_not_have_is_refused(path: str) -> None:
    assert "a pack has no such file" in refusal(baseline_texts() | {path: "x: 1"})


@pytest.mark.parametrize("path", ["pack.yaml", "retention.yaml", "CHANGELOG.md"])
def test_a_missing_file_is_named(path: str) -> None:
    files = baseline_texts()
    del files[path]
    assert f"{path}: this file is missing" in refusal(files)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("# only words\n", "empty"),
        ("a: &x [1]\nb: *x", "anchors"),
        ("a: &a [*a]", "anchors"),
        ("[" * 200 + "]" * 200, "nested deeper"),
        ("- " * 200 + "x", "nested deeper"),
        ("x\n" * MAX_BYTES, "larger than"),
        ("- 1\n" * 120_000, "more than"),
        ("a: 1\n--- \nb: 2", "not readable"),
        ("? [a]\n: 1", "a key is a text"),
        ("a: 0x1F", "quotes"),
        ("a: 010", "quotes"),
        ("a: 1:30", "quotes"),
        ("a: .inf", "quotes"),
        ("a: b\nc: \x00", "line 2: a control character"),
    ],
)
def test_tricks_of_yaml_are_refused(text: str, told: str) -> None:
    with pytest.raises(PackError, match=told):
        read_document("pack.yaml", text)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("pack.yaml", "version: 1.0.0", 'version: 1.0.0\n"ANNA\\n\\e[31m 010101-123A": x', "line 4, ?: unknown key"),
        ("sources.yaml", "email: email", "anna@example.org: nothing", "columns.?: "),
        ("sources.yaml", "email: email", "email: email\n      Anna Esimerkki: 1", "columns.?"),
    ],
)
def test_no_key_is_repeated_that_is_neither_ours_nor_an_id(file: str, old: str, new: str, told: str) -> None:
    message = refusal(changed(file, old, new))
    assert told in message
    assert not re.search("anna|esimerkki|\x1b|010101", message, re.IGNORECASE)


def test_no_name_of_a_file_is_repeated_that_is_no_pack_s() -> None:
    message = refusal(baseline_texts() | {"rules/anna\n010101-123A.yaml": "x"})
    assert "a pack has no such file" in message
    assert "anna" not in message


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("pack.yaml", "version: 1.0.0", "version: 01.0.0", "has not the form"),
        ("pack.yaml", "effective_from: 2026-01-01T00:00:00Z", 'effective_from: "1700000000"', "has not the form"),
        ("pack.yaml", "effective_from: 2026-01-01T00:00:00Z", "effective_from: 1700000000", "has not the form"),
        (
            "pack.yaml",
            "effective_from: 2026-01-01T00:00:00Z",
            "effective_from: 2026-01-01T00:00:00",
            "needs its offset",
        ),
        ("recipients.yaml", "expires: 2027-12-31", 'expires: "1699920000"', "has not the form"),
        ("recipients.yaml", "expires: 2027-12-31", "expires: 2027-12-31T00:00:00Z", "has not the form"),
    ],
)
def test_numbers_and_days_are_not_taken_for_something_else(file: str, old: str, new: str, told: str) -> None:
    assert told in refusal(changed(file, old, new))


def test_text_that_is_no_utf8_is_refused() -> None:
    assert "not UTF-8" in refusal(baseline_texts() | {"CHANGELOG.md": "\ud800"})


def test_every_key_of_a_matcher_must_hold_and_one_matcher_is_enough() -> None:
    narrow = "- kinds: [direct_identifier]\n        categories: [user.contact]\n      - ids: [iban]"
    pack = load_pack(changed("rules/prohibitions.yaml", "- kinds: [direct_identifier]", narrow))
    rule = next(rule for rule in pack.rules if rule.id == "direct-identifiers-stay-in-vault")
    assert rule.fields == {"email", "phone", "street_address", "iban"}


def test_all_problems_of_a_kind_are_told_at_once() -> None:
    files = changed("sources.yaml", "email: email", "email: mail")
    files["recipients.yaml"] = files["recipients.yaml"].replace("[direct_marketing]", "[marketing]")
    message = refusal(files)
    assert "sources.yaml" in message
    assert "recipients[0]" in message
    assert "recipients[1]" in message


@pytest.mark.parametrize(
    ("file", "old"),
    [("pack.yaml", "1.0.0"), ("purposes.yaml", "true"), ("fields.yaml", "pd:Name"), ("recipients.yaml", "2027-12-31"),
     ("sources.yaml", "profiles"), ("rules/obligations.yaml", "100"), ("cases/store.yaml", "2026-11-21T10:00:00Z"),
     ("rules/prohibitions.yaml", "special: any"), ("fields.yaml", "{kind: month}")],
)  # fmt: skip
def test_no_value_is_ever_told(file: str, old: str) -> None:
    canary = "Ca" + "nary"
    with pytest.raises(PackError) as caught:
        load_pack(changed(file, old, canary))
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert canary not in told


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@`,? \n\t0no~<="), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_document("x.yaml", text)
    except PackError:
        return


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_damaged_pack_is_loaded_or_refused(data: st.DataObject) -> None:
    files = baseline_texts()
    path = data.draw(st.sampled_from(sorted(files)))
    lines = files[path].split("\n")
    place = data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["drop", "double", "cut", "indent"])):
        case "drop":
            del lines[place]
        case "double":
            lines.insert(place, lines[place])
        case "cut":
            lines[place] = lines[place][: len(lines[place]) // 2]
        case "indent":
            lines[place] = "  " + lines[place]
    try:
        pack = load_pack(files | {path: "\n".join(lines)})
    except PackError:
        return
    assert pack.catalogue.fields


def test_a_description_is_plain_data() -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(type(key) is str and plain(item) for key, item in value.items())
        if isinstance(value, list):
            return all(map(plain, value))
        return value is None or type(value) in {str, int, bool}

    described = describe(baseline())
    assert plain(described)
    ages = {"otherwise": 16, "countries": {"FI": 13, "HU": 16, "UA": 16}}
    assert described["purposes"][1]["minimum_age"] == ages
    assert next(f for f in described["fields"] if f["id"] == "birth_date")["transform"] == "age_band(5)"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("{FI: 13}", "`default` is missing"),
        ("{FI: 13, XX: 14, default: 16}", "a key is no country"),
        ("{FI: 12, default: 16}", "greater than or equal to 13"),
        ("{finland: 13, default: 16}", "form that the schema asks for"),
        ("12", "greater than or equal to 13"),
    ],
)
def test_an_age_by_country_names_its_fault(said: str, words: str) -> None:
    files = baseline_texts()
    text, found = re.subn(r"minimum_age: .*", f"minimum_age: {said}", files["purposes.yaml"])
    assert found == 1
    files["purposes.yaml"] = text
    found_fault = refusal(files)
    assert words in found_fault
    assert "purposes.yaml" in found_fault
