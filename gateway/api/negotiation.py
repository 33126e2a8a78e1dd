"""Which form an answer takes (RFC 9110, 12.5.1), and whether the caller has it already (13.1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

from fastapi import HTTPException

from gateway.flows.release_segment import Format

Form = Literal["json"] | Format
T = TypeVar("T")
# In the order in which a wildcard chooses.
FORMS: dict[str, Form] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.parquet": "parquet",
}


def choose(accept: str) -> Form:
    """Return the form of a list of members that ``Accept`` weighs most; 406 where it has none of ours."""
    return choose_of(accept, FORMS)


def choose_of(accept: str, forms: Mapping[str, T]) -> T:
    """Return the form that ``Accept`` weighs most, the first named of equals; 406 where it has none of ``forms``."""
    weighed = sorted(map(_weighed, accept.split(",")), key=lambda entry: -entry[1])
    refused = {media for media, weight in weighed if weight <= 0}
    for wanted, weight in weighed:
        for media, form in forms.items():
            if weight > 0 and media not in refused and _covers(wanted, media):
                return form
    raise HTTPException(406)


def media_of(form: Form) -> str:
    """Return the media type of a form."""
    return next(media for media, known in FORMS.items() if known == form)


def tag(digest: str, form: Form) -> str:
    """Return the entity tag of a list. JSON comes in pages that name their release: the same list, other bytes."""
    return f'W/"json-{digest}"' if form == "json" else f'"{digest}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Whether the caller has it: the weak comparison of RFC 9110, 8.8.3.2."""
    held = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return tag.removeprefix("W/") in held or held == ["*"]


def _weighed(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
    try:
        return media, min(float(weight), 1.0)
    except ValueError:
        return media, 0.0


def _covers(wanted: str, media: str) -> bool:
    return wanted in {"*/*", media, f"{media.partition('/')[0]}/*"}
