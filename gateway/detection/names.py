"""Names that are known, in every form a sentence gives them, and the words that stand with names or rule them out.

The lists are Faker's (MIT) and those of ``data``; a caller may add the names of its own table (:class:`KnownNames`).
"""

# ruff: noqa: RUF001 -- Ukrainian endings

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from gateway.detection.folding import fold
from gateway.detection.gazetteer import CITIES, COUNTRIES
from gateway.detection.inflection import beginning_of, endings_of, romanised

_DATA = Path(__file__).parent / "data"
_FAKER = {"fi": ("fi_FI",), "hu": ("hu_HU",), "uk": ("uk_UA",), "en": ("en_GB", "en_US")}
_RARE = {"en": ("en",)}  # long lists of rare given names: they count beside another sign only
_LETTERS = re.compile(r"[^\W\d_]+")
_WORDS = 65_536
_SHORTEST = 2

# Endings of family names (and of patronymics), after folding, strong enough to stand alone under a capital.
_LIKE = {
    "fi": re.compile(
        r"[a-z]{2,}nen|[a-z]{2,}[aeiouy]se(?:n|lle|lta|lla|sta|ssa|nkin)"
        r"|[a-z]{3,}(?:qvist|strom|berg|lund|gren|roos|holm)\w{0,4}"
    ),
    "hu": re.compile(r"[a-z]{2,}(?:falvi|hazi|hegyi|ffy|laki|szegi|kovics|ovics|szky|szki|varyi)\w{0,4}|[a-z]{3,}ne"),
    "uk": re.compile(
        r"[а-яіїє']{2,}(?:енк(?:о|а|у|ом|ові|и|ів)|[чнлрдсмщ][ую]к(?:а|у|ом|ові)?|[оеі]вич(?:а|у|ем|еві)?|"
        r"[оеі]вн(?:а|и|і|у|ою|о)|ишин(?:а|у|им|ої|ій|ою)?|[сц]ьк(?:ии|ого|ому|им|ім|ої|іи|ою))"
        r"|[a-z]{2,}(?:enko|chuk|[sz]kyi|tskyi|ovych|evych|ivna|yshyn|iuk)"
    ),
    "en": re.compile(
        r"(?:mc|mac|o')[a-z]{4,}"
        r"|[a-z]{2,}(?:enko|chuk|skyi|ovych|ivna|yshyn|worth|ingham|bottom|thwaite|wright|shaw)"
    ),
}  # fmt: skip


# What makes a pet name of a given name's beginning, after folding, and the endings that it takes.
_PETS = {
    "fi": re.compile(r"(?:kk?|pp?|ts|ks|sk|nk)[aeiou](?:[aeiou]?n|ll[ae]|lt[ae]|a|s|ksen|kselle)?"),
    "hu": re.compile(
        r"(?:i|k[ae]|ik[ae]|csi|us|usk[ae]|csk[ae]|o|es|isz)"
        r"(?:t|n[ae]k|v[ae]l|hoz|hez|tol|rol|n[ae]l|ert|[eo]k|e|je|[aeo]m)?"
    ),
    "uk": re.compile(
        r"(?:[ео]?чк|[ео]?ньк|[ію]нк|к|[ую]с|[ую]н|чик|ик|ць|с[ьи]к|ул|юх)"
        r"(?:[аояеуиії]|ою|ею|ові|еві|ом|ем|ів|ам)?"
    ),
    "en": re.compile(r"(?:y|ie|o|s|ers|ster|zy|z)"),
}  # fmt: skip
_PET_VOWELS = {"fi": ("", "a", "i", "u", "o"), "hu": ("", "a"), "uk": ("", "а", "я", "о"), "en": ("",)}
_PET_HEAD = 3  # letters of the name that stay


class Role:
    """What a word may be: bits of a plain int, since enum's flags would take half of the time."""

    NONE = 0
    GIVEN = 1
    FAMILY = 2
    LIKE = 4  # it ends as family names do
    ORDINARY = 8  # a name that is a word, too
    RARE = 16  # a name that few bear
    STOP = 32  # never a name by itself
    PLACE = 64
    TITLE = 128
    AFTER = 256  # a title that follows the name
    CUE = 512  # names often follow it
    SAYS = 1024  # what people do
    COMPANY = 2048  # the words around it are a company, a street or a product
    WITH = 4096  # people and little else stand beside it
    AND = 8192
    NICK = 16384  # built as a pet name is, on a name that is known
    SIGN = 32768  # a signature follows it
    DONE = 65536  # who did it stands behind it, in English after by
    HEAD = 131072  # a thing or place is called by the name that stands before it
    LEAD = 262144  # … by the name behind it
    GOODS = 524288  # … by the name behind it in the nominative
    BRAND = 1048576
    SALE = 2097152  # a word of Black Friday
    KNOWN = GIVEN | FAMILY


_SECTIONS = {
    "ordinary": Role.ORDINARY, "stop": Role.STOP, "title": Role.TITLE, "after": Role.AFTER, "cue": Role.CUE,
    "says": Role.SAYS, "company": Role.COMPANY, "with": Role.WITH, "and": Role.AND, "sign": Role.SIGN,
    "done": Role.DONE, "sale": Role.SALE,
}  # fmt: skip
_INFLECTED = {
    "head": Role.HEAD, "lead": Role.LEAD, "goods": Role.GOODS, "brand": Role.BRAND, "place": Role.PLACE,
}  # fmt: skip
Endings = dict[str, list[tuple[frozenset[str], int]]]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class KnownNames:
    """The names of a caller's own table; personal data, held in memory only.

    ``streets`` are the names of streets without number, the word for street in them or not. What is prepared of the
    names is kept by the object itself, since comparing them for each text would cost more than the text.
    """

    given: frozenset[str] = frozenset()
    family: frozenset[str] = frozenset()
    streets: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Lexicon:
    """The names and words of one language."""

    language: str
    stems: Endings
    words: Mapping[str, int]
    given: frozenset[str]  # packaged ones that are not rare, folded, as they are listed
    phrases: frozenset[str]  # brands that are called like people, with _ for the blank
    seen: dict[str, int] = field(default_factory=dict)
    mine: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)  # a caller's, by their beginnings

    def role(self, word: str) -> int:
        """Return what a folded word may be; words met before are remembered, up to a number."""
        known = self.seen.get(word)
        if known is None:
            if len(self.seen) >= _WORDS:
                self.seen.clear()
            known = self.seen[word] = self._role(word)
        return known

    def _role(self, word: str) -> int:
        role = self.named(word) | self.words.get(word, Role.NONE)
        if _LIKE[self.language].fullmatch(word):
            role |= Role.LIKE
        if not role and self._pet(word):
            role = Role.NICK
        if self.language in _LOCAL_SPEECH and role & Role.PLACE and role & Role.FAMILY and not word.endswith(_LOCAL):
            role &= ~Role.PLACE  # Lahdessa is a town, Lahdelle a person
        return role

    def _pet(self, word: str) -> bool:
        """Tell whether a word is the beginning of a given name under an ending of pet names."""
        pets, vowels = _PETS[self.language], _PET_VOWELS[self.language]
        heads = (word[:end] for end in range(_PET_HEAD, len(word)) if pets.fullmatch(word, end))
        return any(head + vowel in self.given for head in heads for vowel in vowels)

    def named(self, word: str) -> int:
        """Return what a folded word may be as a form of a listed name."""
        bare = word.replace("'", "").replace("-", "")
        role = Role.NONE
        for end in range(len(bare), _SHORTEST - 1, -1):
            for endings, kind in self.stems.get(bare[:end], ()):
                if bare[end:] in endings:
                    role |= kind
        if self.mine:
            role |= self._mine(bare)
        if role & Role.RARE and role & Role.FAMILY:
            role &= ~Role.RARE
        return role

    def _mine(self, bare: str) -> int:
        role = Role.NONE
        for end in range(1, len(bare) + 1):
            for name, kind in self.mine.get(bare[:end], ()):
                if role | kind != role:
                    stems = endings_of(name, self.language).items()
                    role |= (
                        kind if any(bare.startswith(s) and bare[len(s) :] in ends for s, ends in stems) else Role.NONE
                    )
        return role


_LOCAL_SPEECH = ("fi", "hu")
_LOCAL = ("ssa", "sta", "seen", "en", "ban", "ben", "bol", "rol", "ra", "re")


@lru_cache(maxsize=8)  # a caller's names change with every batch, and are no longer needed after it
def lexicon(language: str, names: KnownNames | None = None) -> Lexicon:
    """Return the lexicon of ``fi``, ``hu``, ``uk`` or ``en``, with a caller's names if there are any."""
    base = _packaged(language)
    if names is None or not (names.given or names.family):
        return base
    mine: dict[str, list[tuple[str, int]]] = {}
    for listed, role in ((names.given, Role.GIVEN), (names.family, Role.FAMILY)):
        for part in _parts(listed):
            for start in {beginning_of(part), beginning_of(romanised(part))}:
                mine.setdefault(start, []).append((part, role))
    return Lexicon(language, base.stems, base.words, base.given, base.phrases, mine=mine)


@cache
def _packaged(language: str) -> Lexicon:
    listed = {**_sections("brands"), **_sections(language)}
    given, family = _faker(_FAKER[language])
    rare, _ = _faker(_RARE.get(language, ()))
    stems: Endings = {}
    _add(stems, [*given, *listed["given"]], Role.GIVEN, language)
    _add(stems, [*family, *listed["family"]], Role.FAMILY, language)
    _add(stems, rare - given - set(listed["given"]), Role.GIVEN | Role.RARE, language)
    _add(stems, [place for place in CITIES | COUNTRIES if " " not in place], Role.PLACE, language)
    words: dict[str, int] = {}
    for section, role in _SECTIONS.items():
        for word in listed.get(section, ()):
            words[fold(word)] = words.get(fold(word), Role.NONE) | role
    for name in [*listed["ordinary"]]:  # a name that is a word is one in every form
        _add(stems, [name], Role.ORDINARY, language)
    for section, role in _INFLECTED.items():
        _add(stems, listed.get(section, ()), role, language)
    common = frozenset(fold(name) for name in [*given, *listed["given"]])
    return Lexicon(language, stems, words, common, frozenset(listed["phrase"]))


def _add(stems: Endings, names: Iterable[str], role: int, language: str) -> None:
    for part in _parts(names):
        for stem, endings in endings_of(part, language).items():
            held = stems.setdefault(stem, [])
            if (endings, role) not in held:
                held.append((endings, role))


def _parts(names: Iterable[str]) -> Iterator[str]:
    """Names folded, with the parts of double ones."""
    for name in dict.fromkeys(fold(name) for name in names):
        for part in dict.fromkeys([name.replace("'", "").replace("-", ""), *_LETTERS.findall(name)]):
            if len(part) >= _SHORTEST and part.isalpha():
                yield part


def _faker(locales: Iterable[str]) -> tuple[set[str], set[str]]:
    given: set[str] = set()
    family: set[str] = set()
    for locale in locales:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute in dir(provider):
            found = getattr(provider, attribute)
            if attribute.startswith("first_names"):
                given.update(found)
            elif attribute.startswith(("last_names", "middle_names")):
                family.update(found)
    return {name for name in given if " " not in name}, {name for name in family if " " not in name}


def _sections(language: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (_DATA / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            current += line.split()
    return {section: tuple(words) for section, words in found.items()}
