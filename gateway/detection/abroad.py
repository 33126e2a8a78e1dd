"""Identifiers of further countries, by python-stdnum's formulas (each of its modules cites the authority's source).

A module is asked only where most values of a sample have a shape that it can pass (digits as ``9``, letters as ``A``),
so that a table costs no more for knowing forty countries. ``chance`` is the share of 20,000 random values of that very
shape, digits and letters drawn evenly (a country's prefix kept), that passed the module. A dated column of things
passes more often than that, which is why Danish numbers are asked for their check digit although those issued since
2007 need none (CPR-kontoret).

``business_id`` is the number of a company: with its check digit right it is no person's. A sole trader's is a person's,
and Portuguese, Croatian and Dutch ones share one series with people's, so that those count as people's here.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stdnum.dk import cpr
from stdnum.hu import anum
from stdnum.lv import pvn

BUSINESS = "business_id"
_ASKED = 100  # values that a module tests
_FIRST = 20  # a module that fails on most of these is asked no further
_HALF = 0.5
_RARELY = 0.01  # by luck
_SEPARATORS = re.compile(r"[\s\-./]")
_DIGITS_LETTERS = str.maketrans("012345678ABCDEFGHIJKLMNOPQRSTUVWXYZ", "9" * 9 + "A" * 26)


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """One country's numbers: python-stdnum's modules, the shapes that they have, and how often luck passes.

    Ordered by luck, the least first.
    """

    chance: float
    category: str
    modules: tuple[str, ...]
    shapes: tuple[str, ...]
    noun: str

    @property
    def strict(self) -> bool:
        """Tell whether luck hardly ever passes a value."""
        return self.chance < _RARELY


def _person(modules: str, shapes: str, chance: float, noun: str) -> Series:
    names = tuple(modules.split())
    return Series(chance, names[0].replace(".", "_").replace("__", "_"), names, tuple(shapes.split()), noun)


def _business(modules: str, shapes: str, chance: float, noun: str) -> Series:
    return Series(chance, BUSINESS, tuple(modules.split()), tuple(shapes.split()), noun)


_9, _10, _11, _13 = "9" * 9, "9" * 10, "9" * 11, "9" * 13
PEOPLE = (
    _person("no.fodselsnummer", _11, 0.0006, "Norwegian fødselsnummer"),
    _person("dk.cpr", _10, 0.003, "Danish CPR numbers"),
    _person("ee.ik", _11, 0.003, "Estonian or Lithuanian personal codes"),
    _person("lv.pvn", _11, 0.005, "Latvian personal codes"),
    _person("pl.pesel", _11, 0.0175, "PESEL"),
    _person("cz.rc", _10, 0.021, "Czech or Slovak birth numbers"),
    _person("ro.cnp", _13, 0.0017, "Romanian CNP"),
    _person("bg.egn", _10, 0.0116, "Bulgarian EGN"),
    _person("hr.oib", _11, 0.105, "Croatian OIB"),
    _person("si.emso", _13, 0.0032, "EMŠO or JMBG of Slovenia and its neighbours"),
    _person("it.codicefiscale", "AAAAAA99A99A999A", 0.0135, "Italian codici fiscali"),
    _person("es.dni", "99999999A", 0.0387, "Spanish DNI"),
    _person("es.nie", "A9999999A", 0.0041, "Spanish NIE"),
    _person("fr.nir", "9" * 15, 0.0108, "French NIR"),
    _person("fr.nif", _13, 0.0003, "French tax numbers"),
    _person("nl.bsn", _9, 0.091, "Dutch BSN"),
    _person("be.nn be.bis", _11, 0.0059, "Belgian national numbers"),
    _person("at.vnr", _10, 0.0803, "Austrian insurance numbers"),
    _person("ie.pps", "9999999A 9999999AA", 0.0393, "Irish PPS numbers"),
    _person("pt.cc", "999999999AA9", 0.0988, "Portuguese citizen cards"),
    _person("pt.nif", _9, 0.0938, "Portuguese NIF"),
    _person("gr.amka", _11, 0.0035, "Greek AMKA"),
    _person("ch.ssn", _13, 0.0001, "Swiss AHV numbers"),
    _person("is_.kennitala", _10, 0.0014, "Icelandic kennitölur"),
    _person("md.idno", _13, 0.0969, "Moldovan IDNP"),
    _person("ca.sin", _9, 0.0759, "Canadian SIN"),
    _person("tr.tckimlik", _11, 0.0097, "Turkish identity numbers"),
    _person("in_.aadhaar", "9" * 12, 0.0806, "Indian Aadhaar"),
    _person("in_.pan", "AAAAA9999A", 0.425, "Indian PAN"),
    _person("br.cpf", _11, 0.0098, "Brazilian CPF"),
    _person("za.idnr", _13, 0.0005, "South African identity numbers"),
)
_VAT = "AA99999999 AA999999999 AA9999999999 AA99999999999 AA999999999999 AAA99999999 AA999999999A99 AAA9999999A"
COMPANIES = (
    _business("fi.ytunnus ua.edrpou", "99999999", 0.19, "Finnish Y-tunnus or Ukrainian EDRPOU"),
    _business("hu.anum dk.cvr", "99999999", 0.18, "Hungarian or Danish company tax numbers"),
    _business("hu.anum_long", _11, 0.05, "Hungarian company tax numbers"),
    _business("se.orgnr", _10, 0.1027, "Swedish organisation numbers"),
    _business("gb.utr", _10, 0.0973, "British UTR"),
    _business("pl.nip", _10, 0.0918, "Polish NIP"),
    _business("gb.vat", _9, 0.0301, "British VAT numbers"),
    _business("no.orgnr", _9, 0.0896, "Norwegian organisation numbers"),
    _business("fr.siren", _9, 0.0987, "French SIREN"),
    _business("de.vat", _9, 0.0901, "German VAT numbers"),
    _business("it.iva", _11, 0.011, "Italian VAT numbers"),
    _business("fr.siret", "9" * 14, 0.0089, "French SIRET"),
    _business("es.cif", "A99999999 A9999999A", 0.0622, "Spanish CIF"),
    _business("eu.vat gb.vat", _VAT, 0.1, "VAT numbers with their country"),
    _business("ch.uid", "AAA999999999", 0.0888, "Swiss UID"),
)


def _checked_cpr(number: str) -> bool:
    return bool(cpr.is_valid(number)) and cpr.checksum(number) == 0


def _latvian(number: str) -> bool:
    """A person's: companies' numbers begin with 4 or more."""
    return number[0] in "0123" and bool(pvn.is_valid(number))


def _long_anum(number: str) -> bool:
    """Adószám: eight digits with their check, the kind of taxation (1 to 5) and the tax office."""
    return bool(anum.is_valid(number[:8])) and number[8] in "12345"


_OTHERWISE: dict[str, Callable[[str], bool]] = {
    "dk.cpr": _checked_cpr, "lv.pvn": _latvian, "hu.anum_long": _long_anum,
}  # fmt: skip
_BY_SHAPE: defaultdict[str, list[Series]] = defaultdict(list)
for _series in (*PEOPLE, *COMPANIES):
    for _shape in _series.shapes:
        _BY_SHAPE[_shape].append(_series)
NATIONAL = frozenset(series.category for series in PEOPLE)
STRICT = tuple(series.category for series in PEOPLE if series.strict)
CHECKED = tuple(series.category for series in sorted(PEOPLE, key=lambda series: series.chance) if not series.strict)


@dataclass(frozen=True, slots=True)
class Passed:
    """How many of the asked values are well-formed numbers of a series."""

    series: Series
    hits: int
    asked: int


def passes(values: Sequence[str]) -> list[Passed]:
    """Return the series that half of ``values`` or more belong to, the best of each category."""
    tidied = [_SEPARATORS.sub("", value).upper() for value in values[:_ASKED]]
    shapes = [value.translate(_DIGITS_LETTERS) for value in tidied]
    shared = Counter(shape for shape in shapes if shape in _BY_SHAPE)
    likely = {series for shape in shared for series in _BY_SHAPE[shape]}
    likely = {series for series in likely if sum(shared[shape] for shape in series.shapes) >= _HALF * len(tidied)}
    best: dict[str, Passed] = {}
    for one in sorted((_ask(series, tidied, shapes) for series in likely), key=lambda one: (-one.hits, one.series)):
        if one.hits >= _HALF * len(tidied):
            best.setdefault(one.series.category, one)
    return [*best.values()]


def is_valid(series: Series, value: str) -> bool:
    """Tell whether a value, in capitals and without separators, is a well-formed number of the series."""
    return any(_module(name)(value) for name in series.modules)


def _ask(series: Series, tidied: Sequence[str], shapes: Sequence[str]) -> Passed:
    formed = [value for value, shape in zip(tidied, shapes, strict=True) if shape in series.shapes]
    hits = sum(is_valid(series, value) for value in formed[:_FIRST])
    if hits >= _HALF * len(formed[:_FIRST]):
        hits += sum(is_valid(series, value) for value in formed[_FIRST:])
    return Passed(series, hits, len(tidied))


def _module(name: str) -> Callable[[str], bool]:
    if name not in _OTHERWISE:
        _OTHERWISE[name] = importlib.import_module(f"stdnum.{name}").is_valid
    return _OTHERWISE[name]
