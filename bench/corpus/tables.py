"""Tables from templates, in six languages."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from bench.corpus import headers, national, noise
from bench.corpus.cells import MAKERS, Cell
from bench.corpus.kinds import KINDS, Kind
from bench.corpus.people import Person, make_person
from bench.corpus.resources import lines
from bench.corpus.shapes import TABLE_LANGUAGES, LabelledColumn, LabelledTable, Split

SEED = 20_26
_ROWS = range(40, 130)
_EMPTY = (None, None, None, "", "-", "n/a")
_SLIPS = 0.015  # of the cells


def templates(split: Split) -> dict[str, tuple[str, ...]]:
    """Return a split's table templates: name and kinds of columns."""
    found = {}
    for line in lines("schemas", split):
        name, *kinds = line.split()
        found[name] = tuple(kinds)
    return found


def tables(split: Split, seed: int = SEED, copies: int = 3) -> Iterator[LabelledTable]:
    """Yield ``copies`` tables of each template in each language, the same for the same seed."""
    random = Random(f"{seed} {split} tables")
    turn: dict[str, int] = dict.fromkeys(TABLE_LANGUAGES, 0)
    for copy in range(copies):
        for template, listed in templates(split).items():
            for language in TABLE_LANGUAGES:
                kinds = [_resolved(kind, language, turn) for kind in listed]
                yield _table(random, f"{template}_{language}_{copy}", language, split, kinds)


def _resolved(kind: str, language: str, turn: dict[str, int]) -> Kind:
    """``national`` is each identifier of the country in turn."""
    if kind != "national":
        return KINDS[kind]
    choice = national.BY_LANGUAGE[language]
    turn[language] += 1
    return KINDS[choice[turn[language] % len(choice)]]


def _table(random: Random, name: str, language: str, split: Split, kinds: list[Kind]) -> LabelledTable:
    rows = [make_person(random, language, split) for _ in range(random.choice(_ROWS))]
    columns: list[LabelledColumn] = []
    order = list(enumerate(kinds))
    if random.random() < 0.5:
        random.shuffle(order)
    headerless = random.random() < 0.08  # some exports have no header at all
    taken: set[str] = set()
    for place, kind in order:
        header, style = _header(random, kind, language, split, place=place, headerless=headerless)
        while header in taken:
            header = f"{header}_{place + 1}"
        taken.add(header)
        values = _values(random, kind, rows, split)
        columns.append(
            LabelledColumn(
                header, values, kind.name, kind.kind, kind.personal, kind.direct, kind.country, kind.scored, style
            )
        )
    return LabelledTable(name, language, tuple(columns), name.rsplit("_", 2)[0])


def _header(
    random: Random, kind: Kind, language: str, split: Split, *, place: int, headerless: bool
) -> tuple[str, str]:
    if not kind.needs_header:
        drawn = random.random()
        if headerless or drawn < headers.NO_HEADER:
            return headers.missing(random, place, split), "none"
        if drawn < headers.NO_HEADER + headers.WRONG_HEADER:
            return headers.wrong(random, language, split), "wrong"
    return headers.honest(random, kind.name, language, split), "said"


def _values(random: Random, kind: Kind, rows: list[Person], split: Split) -> tuple[str | None, ...]:
    if kind.name == "all_null":
        return tuple(None for _ in rows)
    style, empty = random.randrange(12), random.choice((0.0, 0.0, 0.05, 0.15))
    filler = random.choice(_EMPTY)
    if kind.name in {"constant", "company_iban"}:
        return (MAKERS[kind.name](Cell(random, rows[0], split, style, 0)),) * len(rows)
    found: list[str | None] = []
    for row, person in enumerate(rows):
        value = MAKERS[kind.name](Cell(random, person, split, style, row))
        found.append(filler if random.random() < empty else _typed(random, value))
    return tuple(found)


def _typed(random: Random, value: str) -> str:
    """A slip now and then: another case, a blank too many, two characters swapped."""
    if random.random() >= _SLIPS:
        return value
    kept = "example" in value or "db8:" in value  # a slip in a domain or an address is another's
    swapped = value if kept else noise.swapped(value, random)
    return random.choice((value.lower(), f" {value}", f"{value} ", swapped))
