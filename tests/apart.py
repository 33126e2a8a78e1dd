"""A pack in which everything may be chosen by and given, but for two sets of fields that must not come together."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gateway.policy import Pack
from tests.rooms.policy.packs import baseline, baseline_texts

NEVER = [frozenset({"postcode", "birth_date", "gender"}), frozenset({"amount", "city"})]
EVERYBODY: dict[str, tuple[dict[str, Any], frozenset[str]]] = {
    "by_area": ({"field": "postcode3", "exists": True}, frozenset({"postcode"})),
    "by_age": ({"not": {"field": "age_band", "eq": "10-14"}}, frozenset({"birth_date"})),
    "by_gender": (
        {"any": [{"all": [{"not": {"field": "gender", "eq": "x"}}]}, {"field": "country", "eq": "FI"}]},
        frozenset({"gender", "country"}),
    ),
    "by_city": ({"field": "city", "neq": "Nowhere"}, frozenset({"city"})),
    "by_worth": ({"event": "purchase", "sum": {"field": "amount", "gte": 1}, "within": "P540D"}, frozenset({"amount"})),
    "by_basket": (
        {"event": "purchase", "count": {"gte": 1}, "where": {"not": {"field": "amount", "lt": 0}}, "within": "P540D"},
        frozenset({"amount"}),
    ),
    "by_habit": ({"event": "purchase", "last": {"within": "P540D"}}, frozenset()),
    "by_area_and_age": (
        {"all": [{"field": "postcode3", "exists": True}, {"field": "age_band", "exists": True}]},
        frozenset({"postcode", "birth_date"}),
    ),
}
PURPOSES = {"m": "direct_marketing", "a": "product_analytics"}
# What each of a company's contracts gives beside the pseudonym, and for which purpose.
CONTRACTS = {"plain": ("m", []), "aged": ("a", ["birth_date"]), "paid": ("m", ["city"])}


class Plain(yaml.SafeDumper):
    """Packs have no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def dumped(data: Any) -> str:
    return yaml.dump(data, Dumper=Plain)


def contract(company: int, sort: str) -> dict[str, Any]:
    purpose, fields = CONTRACTS[sort]
    return {
        "id": f"{sort}_{company}", "title": dict.fromkeys(("en", "fi", "hu", "uk"), "x"),
        "purposes": [PURPOSES[purpose]], "fields": fields, "scope": {"mode": "relationship", "epoch_days": 90},
        "minimum_size": 100, "expires": dt.date(2027, 12, 31), "approver": "dpo", "country": "FI",
        "legal_entity": f"company_{company}",
    }  # fmt: skip


def texts(companies: int) -> dict[str, str]:
    """Return the pack for so many companies of three contracts each."""
    files = {name: text for name, text in baseline_texts().items() if not name.startswith(("rules/", "cases/", "segm"))}
    named = sorted({"country"}.union(*NEVER))
    purposes = list(PURPOSES.values())
    store = yaml.safe_load(baseline_texts()["rules/permissions.yaml"])["rules"][:2]
    about: dict[str, Any] = {"article": "5(1)(c)", "rationale": {"en": "a law"}}
    opened = {"kind": "permission", "fields": [{"ids": named}], **about}
    rules = [
        *store,
        {"id": "choose", "when": {"actions": ["segment"], "purposes": purposes}, **opened},
        {"id": "give", "when": {"actions": ["release"], "purposes": purposes}, **opened},
        *(
            {"id": f"apart-{n}", "kind": "prohibition", "when": {"actions": ["release"]}, "never_together": sorted(s)}
            | about
            for n, s in enumerate(NEVER)
        ),
    ]
    recipients = [contract(company, sort) for company in range(companies) for sort in CONTRACTS]
    files["rules/all.yaml"] = dumped({"rules": rules})
    files["recipients.yaml"] = dumped({"recipients": recipients})
    retained = sorted(baseline().catalogue.fields)
    files["retention.yaml"] = dumped(
        {"retention": [{"purposes": [*purposes, "customer_segmentation"], "fields": retained, "days": 3650}]}
    )
    for (name, (where, _)), (short, purpose) in itertools.product(EVERYBODY.items(), PURPOSES.items()):
        said = {"id": f"{name}_{short}", "purpose": purpose, "title": {"en": "x"}, "where": where}
        files[f"segments/{name}_{short}.yaml"] = dumped(said)
    return files


def written(folder: Path, companies: int = 1) -> Path:
    """Write the pack into a folder and return that."""
    for name, text in texts(companies).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Fixed:
    """A policy in force that no officer changes."""

    pack: Pack

    def label(self) -> str:
        return self.pack.label
