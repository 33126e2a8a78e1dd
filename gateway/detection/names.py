"""Names that are known, in every form a sentence gives them, and the words that stand with names or rule them out.

The lists are Faker's (MIT) and those of ``data``; a caller may add the names of its own table (:class:`KnownNames`).
"""

# ruff: noqa: RUF001 -- Ukrainian endings

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from gateway.detection.folding import fold
from gateway.detection.gazetteer import CITIES, COUNTRIES
from gateway.detection.inflection import endings_of

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
    KNOWN = GIVEN | FAMILY


_SECTIONS = {
    "ordinary": Role.ORDINARY, "stop": Role.STOP, "title": Role.TITLE, "after": Role.AFTER, "cue": Role.CUE,
    "says": Role.SAYS, "company": Role.COMPANY, "with": Role.WITH, "and": Role.AND,
}  # fmt: skip
Endings = dict[str, list[tuple[frozenset[str], int]]]


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The given and family names of a caller's own table; personal data, held in memory only."""

    given: frozenset[str] = frozenset()
    family: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Lexicon:
    """The names and words of one language."""

    language: str
    stems: Endings
    words: Mapping[str, int]
    seen: dict[str, int] = field(default_factory=dict)

    def role(self, word: str) -> int:
        """Return what a folded word may be; words met before are remembered, up to a number."""
        known = self.seen.get(word)
        if known is None:
            if len(self.seen) >= _WORDS:
                self.seen.clear()
            known = self.seen[word] = self._role(word)
        return known

    def _role(self, word: str) -> int:
        role = self._named(word) | self.words.get(word, Role.NONE)
        if _LIKE[self.language].fullmatch(word):
            role |= Role.LIKE
        if self.language in _LOCAL_SPEECH and role & Role.PLACE and role & Role.FAMILY and not word.endswith(_LOCAL):
            role &= ~Role.PLACE  # Lahdessa is a town, Lahdelle a person
        return role

    def _named(self, word: str) -> int:
        bare = word.replace("'", "").replace("-", "")
        role = Role.NONE
        for end in range(len(bare), _SHORTEST - 1, -1):
            for endings, kind in self.stems.get(bare[:end], ()):
                if bare[end:] in endings:
                    role |= kind
        if role & Role.RARE and role & Role.FAMILY:
            role &= ~Role.RARE
        return role


_LOCAL_SPEECH = ("fi", "hu")
_LOCAL = ("ssa", "sta", "seen", "en", "ban", "ben", "bol", "rol", "ra", "re")


@lru_cache(maxsize=8)  # a caller's names change with every batch, and are no longer needed after it
def lexicon(language: str, names: KnownNames | None = None) -> Lexicon:
    """Return the lexicon of ``fi``, ``hu``, ``uk`` or ``en``, with a caller's names if there are any."""
    base = _packaged(language)
    if names is None:
        return base
    stems = {stem: list(found) for stem, found in base.stems.items()}
    _add(stems, names.given, Role.GIVEN, language)
    _add(stems, names.family, Role.FAMILY, language)
    return Lexicon(language, stems, base.words)


@cache
def _packaged(language: str) -> Lexicon:
    listed = _sections(language)
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
    return Lexicon(language, stems, words)


def _add(stems: Endings, names: Iterable[str], role: int, language: str) -> None:
    for name in dict.fromkeys(fold(name) for name in names):
        for part in dict.fromkeys([name.replace("'", "").replace("-", ""), *_LETTERS.findall(name)]):
            if len(part) >= _SHORTEST and (part.isalpha()):
                for stem, endings in endings_of(part, language).items():
                    held = stems.setdefault(stem, [])
                    if (endings, role) not in held:
                        held.append((endings, role))


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
