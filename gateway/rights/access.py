"""The answer to an access request (Art. 15) and the copy of the data (Art. 15(3)), as one JSON object.

INVARIANT: every part that is given appears, and nothing that carries another person's reference does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.rights.errors import ForeignData, LanguageNotOffered
from gateway.rights.jsonable import plain
from gateway.rights.parts import PersonParts
from gateway.rights.texts import LANGUAGES, RIGHTS, texts_in
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.fields import Field
from gateway.vocabulary.languages import in_language

_REFERENCE = "subject"  # our own handle: of no meaning to the person, and a key to the store for others


def access_package(
    person: PersonParts | None, catalogue: Catalogue, *, at: dt.datetime, language: str = "en"
) -> dict[str, Any]:
    """Assemble the package as at an instant; ``None`` gives the same shape, saying that nothing is held.

    Titles and explanations are in ``language`` (en, fi, hu, uk). ``ForeignData`` when a part is not this person's.
    """
    if language not in LANGUAGES:
        raise LanguageNotOffered("the texts are written in en, fi, hu and uk: choose one of them")
    if person is not None:
        _only_theirs(person)
    return {
        "type": "access-package",
        "version": 1,
        "language": language,
        "as_at": plain(at),
        "request": person.request if person else None,
        "found": person is not None,
        "explanations": _explanations(language, found=person is not None),
        "controller": _controller(catalogue),
        **_Copy(catalogue, language).of(person),
        "rights": [{"article": article, "text": text} for article, text in RIGHTS[language].items()],
        "supervisory_authority": catalogue.controller.supervisory_authority,
    }


def _only_theirs(person: PersonParts) -> None:
    """Stop before anything is assembled: one wrong row means that the gathering is wrong."""
    rows: Iterable[Mapping[str, Any]] = (person.profile, *person.events)
    strangers = any(row.get(_REFERENCE, person.subject) != person.subject for row in rows)
    if strangers or any(event.subject != person.subject for event in person.consents):
        raise ForeignData("a part of the package is about another person: nothing is given; report this as a defect")


def _explanations(language: str, *, found: bool) -> dict[str, str]:
    texts = dict(texts_in(language))
    texts["confirmation"] = texts.pop("confirmed") if found else texts.pop("nothing_held")
    texts.pop("nothing_held" if found else "confirmed")
    return texts


def _controller(catalogue: Catalogue) -> dict[str, str]:
    controller = catalogue.controller
    return {
        "name": controller.name,
        "contact": controller.contact,
        "country": controller.country,
        "data_protection_officer": controller.data_protection_officer,
    }


class _Copy:
    """Names every part by the catalogue's titles; what the catalogue no longer knows keeps its id."""

    def __init__(self, catalogue: Catalogue, language: str) -> None:
        self._catalogue, self._language = catalogue, language
        self._by_column = {field.column: field for field in catalogue.fields.values() if field.column}
        self._by_identifier = {field.identifier: field for field in catalogue.fields.values() if field.identifier}

    def of(self, person: PersonParts | None) -> dict[str, Any]:
        """Return the parts, all of them empty for nobody."""
        known = person or PersonParts(_NOBODY, _NO_REQUEST)
        return {
            "purposes": [self._purpose(purpose, known) for purpose in self._catalogue.purposes],
            "data": self._data(known),
            "categories": self._categories(known),
            "recipients": self._recipients(known),
            "sources": [{"id": s, "title": self._title(self._catalogue.sources, s)} for s in known.sources],
            "segments": [plain(membership) for membership in known.memberships],
            "releases": [plain(release) for release in known.releases],
            "retention": self._retention(),
            "consents": [
                {
                    "purpose": event.purpose,
                    "title": self._title(self._catalogue.purposes, event.purpose),
                    "status": event.status.value,
                    "at": plain(event.at),
                    "recorded_at": plain(event.recorded_at),
                    "notice": event.notice,
                    "channel": event.channel,
                }
                for event in known.consents
            ],
            "consultations": [plain(consultation) for consultation in known.consultations],
        }

    def _data(self, person: PersonParts) -> dict[str, Any]:
        return {
            "identifiers": [
                {**self._named(self._field(h.field), h.field), "value": h.value} for h in person.identifiers
            ],
            "profile": [
                {**self._named(self._by_column.get(column), column), "value": plain(value)}
                for column, value in person.profile.items()
                if column != _REFERENCE
            ],
            "events": [
                {column: plain(value) for column, value in event.items() if column != _REFERENCE}
                for event in person.events
            ],
            "undecided": [plain(cell) for cell in person.held],
        }

    def _field(self, name: str) -> Field | None:
        return {str(key): field for key, field in self._catalogue.fields.items()}.get(name) or (
            self._by_identifier.get(name)
        )

    def _named(self, field: Field | None, name: str) -> dict[str, Any]:
        if field is None:
            return {"name": name, "field": None, "title": name, "category": None}
        return {"name": name, "field": field.id, "title": self._pick(field.title, field.id), "category": field.category}

    def _purpose(self, purpose: Any, person: PersonParts) -> dict[str, Any]:
        entry = self._catalogue.purposes[purpose]
        return {
            "id": purpose,
            "title": self._pick(entry.title, purpose),
            "legal_basis": entry.legal_basis.value,
            "profiling": entry.profiling,
            "permitted_now": purpose in person.permitted,
        }

    def _categories(self, person: PersonParts) -> list[str]:
        fields = [self._field(held.field) for held in person.identifiers]
        fields += [self._by_column.get(column) for row in (person.profile, *person.events) for column in row]
        return sorted({field.category for field in fields if field is not None})

    def _recipients(self, person: PersonParts) -> list[dict[str, Any]]:
        """By name (C-154/21): those who received something, and those who may."""
        received = {release.recipient for release in person.releases}
        entries = []
        for recipient in sorted({*self._catalogue.recipients, *received}):
            contract = self._catalogue.recipients.get(recipient)
            entries.append(
                {
                    "id": recipient,
                    "title": self._title(self._catalogue.recipients, recipient),
                    "country": contract.country if contract else None,
                    "purposes": list(contract.purposes) if contract else [],
                    "received": recipient in received,
                }
            )
        return entries

    def _retention(self) -> list[dict[str, Any]]:
        return [
            {
                "field": rule.field,
                "title": self._title(self._catalogue.fields, rule.field),
                "purpose": rule.purpose,
                "days": rule.period.days,
            }
            for rule in self._catalogue.retention
        ]

    def _title(self, things: Mapping[Any, Any], name: str) -> str:
        thing = things.get(name)
        return self._pick(thing.title, name) if thing is not None else name

    def _pick(self, titles: Mapping[str, str], name: str) -> str:
        return in_language(titles, self._language) or name


_NOBODY: Any = b""
_NO_REQUEST: Any = ""
