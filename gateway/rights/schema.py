"""JSON Schema (2020-12) of the access package: what a data subject, or their software, may rely on."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_MAYBE = {"type": ["string", "null"]}
_INSTANT = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$"}
_ANY: dict[str, Any] = {}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


_VALUE = _object(name=_TEXT, field=_MAYBE, title=_TEXT, category=_MAYBE, value=_ANY)
_EXPLANATIONS = ("confirmation", "generalised", "profiling", "recipients", "consultations", "undecided", "deadline")

ACCESS_PACKAGE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Access package (GDPR Art. 15)",
    **_object(
        type={"const": "access-package"},
        version={"const": 1},
        language={"enum": ["en", "fi", "hu", "uk"]},
        as_at=_INSTANT,
        request=_MAYBE,
        found={"type": "boolean"},
        explanations=_object(**dict.fromkeys(_EXPLANATIONS, _TEXT)),
        controller=_object(name=_TEXT, contact=_TEXT, country=_TEXT, data_protection_officer=_TEXT),
        purposes=_list(
            _object(
                id=_TEXT,
                title=_TEXT,
                legal_basis={"pattern": r"^6\(1\)\([a-f]\)$"},
                profiling={"type": "boolean"},
                permitted_now={"type": "boolean"},
            )
        ),
        data=_object(
            identifiers=_list(_VALUE),
            profile=_list(_VALUE),
            events=_list({"type": "object"}),
            undecided=_list(_object(source=_TEXT, column=_TEXT, value=_TEXT, until=_MAYBE)),
        ),
        categories=_list(_TEXT),
        recipients=_list(
            _object(id=_TEXT, title=_TEXT, country=_MAYBE, purposes=_list(_TEXT), received={"type": "boolean"})
        ),
        sources=_list(_object(id=_TEXT, title=_TEXT)),
        segments=_list(
            _object(segment=_TEXT, title=_TEXT, rule=_TEXT, purpose=_TEXT, snapshot=_TEXT, taken_at=_INSTANT)
        ),
        releases=_list(
            _object(
                release=_TEXT, recipient=_TEXT, segment=_TEXT, purpose=_TEXT, kind=_TEXT, at=_INSTANT, pseudonym=_MAYBE
            )
        ),
        retention=_list(_object(field=_TEXT, title=_TEXT, purpose=_TEXT, days={"type": "integer"})),
        consents=_list(
            _object(
                purpose=_TEXT,
                title=_TEXT,
                status=_TEXT,
                at=_INSTANT,
                recorded_at=_INSTANT,
                notice=_MAYBE,
                channel=_TEXT,
            )
        ),
        consultations=_list(
            _object(
                at=_INSTANT,
                action=_TEXT,
                decision=_TEXT,
                actor_type=_TEXT,
                purpose=_MAYBE,
                recipient=_MAYBE,
                fields=_list(_TEXT),
                entry={"type": ["integer", "null"]},
            )
        ),
        rights=_list(_object(article=_TEXT, text=_TEXT)),
        supervisory_authority=_TEXT,
    ),
}
