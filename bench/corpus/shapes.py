"""What the evaluation set is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Split = Literal["build", "frozen"]
SPLITS: tuple[Split, ...] = ("build", "frozen")
NOTE_LANGUAGES = ("fi", "hu", "uk", "en")
TABLE_LANGUAGES = (*NOTE_LANGUAGES, "sv", "de")


@dataclass(frozen=True, slots=True)
class LabelledColumn:
    """A column and the truth about it.

    ``category`` is the kind of value (``email``, ``fi_hetu``, ``order_number``…), ``kind`` what it is to a person
    (``direct_identifier``, ``indirect_identifier``, ``special_category``, ``attribute``, ``free_text``,
    ``technical``). ``personal``: it tells something of a person (the wide reading of Art. 4(1)); ``direct``: it finds
    one. ``country`` is that of a national identifier. Columns that are not ``scored`` can be argued either way (date
    of registration, consent) and only keep the others company.
    """

    header: str
    values: tuple[str | None, ...]
    category: str
    kind: str
    personal: bool
    direct: bool
    country: str | None
    scored: bool = True
    header_style: str = "said"  # or "none", "wrong"


@dataclass(frozen=True, slots=True)
class LabelledTable:
    """A table; ``template`` names the list of columns that it was made from."""

    name: str
    language: str
    columns: tuple[LabelledColumn, ...]
    template: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) are of ``category``.

    ``own``: it is one of the row's own identifiers, else another person's (or a nickname, which no row states).
    ``form``: ``plain``, the case (``gen``, ``ins``…), ``nickname`` or ``romanised``; with ``+typo`` where letters
    changed places.
    """

    start: int
    end: int
    category: str
    own: bool
    form: str = "plain"


@dataclass(frozen=True, slots=True)
class LabelledNote:
    """A note with the row's own identifiers by category, and every place where a person is identified.

    ``noise``: what was done to the text (``lower``, ``bare`` for missing diacritics, ``typo`` for a slip in some
    ordinary word).
    """

    text: str
    language: str
    own: Mapping[str, str]
    spans: tuple[Span, ...]
    template: str = ""
    noise: tuple[str, ...] = ()
