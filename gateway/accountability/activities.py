"""The record of processing activities (Art. 30(1)), written from the pack that decides: it cannot say otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.contracts import FieldColumn, RecipientContract, SourceContract
from gateway.vocabulary.fields import Field, FieldKind
from gateway.vocabulary.names import FieldId, PurposeId
from gateway.vocabulary.purposes import Purpose

# The EEA: the Union, Iceland, Liechtenstein and Norway. A recipient elsewhere is a transfer (Art. 30(1)(e), 44).
EEA: Final = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI",
        "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip

MEASURES: Final = (
    "direct identifiers are kept apart, encrypted under a key for each person (AES-256-GCM), and never enter the store",
    "indirect identifiers are stored in coarser form only (age band, postcode prefix, month)",
    "each recipient and purpose has pseudonyms of its own; no two recipients hold one that joins",
    "processing is refused unless a policy permits it for the purpose at that moment",
    "a tamper-evident audit entry is durable before data leave",
    "erasure destroys the person's key and is certified by a signed note",
    "segments under a minimum size are not released",
)


def processing_activities(catalogue: Catalogue, language: str = "en") -> dict[str, Any]:
    """Return the record: the controller, and one activity for each purpose of the pack."""
    controller = catalogue.controller
    return {
        "record": "Art. 30(1) GDPR",
        "pack": catalogue.label,
        "controller": {
            "name": controller.name, "contact": controller.contact, "country": controller.country,
            "data_protection_officer": controller.data_protection_officer,
            "supervisory_authority": controller.supervisory_authority,
        },
        "activities": [
            _activity(catalogue, purpose, language)
            for purpose in sorted(catalogue.purposes.values(), key=lambda purpose: purpose.bit)
        ],
        "security_measures": list(MEASURES),
    }  # fmt: skip


def _activity(catalogue: Catalogue, purpose: Purpose, language: str) -> dict[str, Any]:
    sources = [source for source in catalogue.sources.values() if purpose.id in source.purposes]
    periods = {rule.field: rule.period for rule in catalogue.retention if rule.purpose == purpose.id}
    recipients = [contract for contract in catalogue.recipients.values() if purpose.id in contract.purposes]
    return {
        "purpose": purpose.id,
        "title": _title(purpose.title, language, purpose.id),
        "dpv": purpose.dpv,
        "legal_basis": f"Art. {purpose.legal_basis.value}",
        "profiling": purpose.profiling,
        "consent_notices": list(purpose.notices),
        "consent_valid_days": purpose.consent_valid_for.days if purpose.consent_valid_for else None,
        "data_subjects": [_title(source.title, language, source.id) for source in sources],
        "data": _data(catalogue, purpose.id, sources, periods, language),
        "recipients": [_recipient(contract, language) for contract in recipients],
        "transfers": [_recipient(contract, language) for contract in recipients if contract.country not in EEA],
    }


def _data(
    catalogue: Catalogue,
    purpose: PurposeId,
    sources: list[SourceContract],
    periods: Mapping[FieldId, dt.timedelta],
    language: str,
) -> list[dict[str, Any]]:
    """List the categories of data: fields kept for the purpose, and the identifiers that its sources bring."""
    identifiers = {
        column.field
        for source in sources
        for column in source.columns.values()
        if isinstance(column, FieldColumn) and _is_direct(catalogue.fields.get(column.field))
    }
    released = {
        field for contract in catalogue.recipients.values() if purpose in contract.purposes for field in contract.fields
    }
    fields = [
        catalogue.fields[name] for name in sorted({*periods, *identifiers, *released}) if name in catalogue.fields
    ]
    rows: dict[str, list[dict[str, Any]]] = {}
    for field in fields:
        rows.setdefault(field.category, []).append(_field(field, periods.get(field.id), language))
    return [{"category": category, "fields": rows[category]} for category in sorted(rows)]


def _is_direct(field: Field | None) -> bool:
    return field is not None and field.kind is FieldKind.DIRECT_IDENTIFIER


def _field(field: Field, period: dt.timedelta | None, language: str) -> dict[str, Any]:
    return {
        "field": field.id,
        "title": _title(field.title, language, field.id),
        "dpv": field.dpv,
        "kind": field.kind.value,
        "special_category": field.special,
        "kept_as": field.column or "sealed identifier, apart from the store",
        "retention_days": period.days if period is not None else None,
    }


def _recipient(contract: RecipientContract, language: str) -> dict[str, Any]:
    return {
        "recipient": contract.id,
        "title": _title(contract.title, language, contract.id),
        "country": contract.country,
        "outside_eea": contract.country not in EEA,
        "receives": ["pseudonym", *contract.fields],
        "contract_expires": contract.expires.isoformat(),
    }


def _title(titles: Mapping[str, str], language: str, fallback: str) -> str:
    return titles.get(language) or titles.get("en") or fallback


def processing_activities_markdown(record: Mapping[str, Any]) -> str:
    """Write the record of ``processing_activities`` as Markdown."""
    controller = record["controller"]
    lines = [
        "# Record of processing activities",
        "",
        f"Under {record['record']}; generated from policy pack `{record['pack']}`.",
        "",
        f"- Controller: {_cell(controller['name'])}, {_cell(controller['country'])}",
        f"- Contact: {_cell(controller['contact'])}",
        f"- Data protection officer: {_cell(controller['data_protection_officer'])}",
        f"- Supervisory authority: {_cell(controller['supervisory_authority'])}",
    ]
    for activity in record["activities"]:
        lines += _activity_lines(activity)
    lines += ["", "## Security measures (Art. 32)", ""]
    lines += [f"- {measure}" for measure in record["security_measures"]]
    return "\n".join(lines) + "\n"


def _activity_lines(activity: Mapping[str, Any]) -> list[str]:
    recipients = [f"{_cell(r['title'])} ({r['country']}): {', '.join(r['receives'])}" for r in activity["recipients"]]
    transfers = [f"{_cell(r['title'])} ({r['country']})" for r in activity["transfers"]]
    subjects = [_cell(title) for title in activity["data_subjects"]]
    profiling = "yes" if activity["profiling"] else "no"
    lines = [
        "",
        f"## {_cell(activity['title'])}",
        "",
        f"- Purpose: `{activity['purpose']}` ({activity['dpv']}); profiling: {profiling}",
        f"- Legal basis: {activity['legal_basis']}",
        f"- Data subjects: {'; '.join(subjects) or 'none yet'}",
        f"- Recipients: {'; '.join(recipients) or 'none'}",
        f"- Transfers outside the EEA: {'; '.join(transfers) or 'none'}",
        "",
        "| category | field | kind | kept as | retention |",
        "|---|---|---|---|---|",
    ]
    for group in activity["data"]:
        lines += [_field_line(group["category"], field) for field in group["fields"]]
    return lines


def _field_line(category: str, field: Mapping[str, Any]) -> str:
    days = field["retention_days"]
    period = f"{days} days" if days is not None else "as long as the person's record"
    special = f" ({field['special_category']})" if field["special_category"] else ""
    cells = (category, _cell(field["title"]) + special, field["kind"], field["kept_as"], period)
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Keep a title on one line and inside its table cell."""
    return " ".join(text.split()).replace("|", "\\|")
