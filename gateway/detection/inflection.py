"""The forms that a name takes in Finnish, Hungarian, Ukrainian and English sentences, as stems with allowed endings.

Everything is folded (:mod:`gateway.detection.folding`), which also evens out vowel harmony and Hungarian -a/-á-.
"""

# ruff: noqa: RUF001 -- Ukrainian endings

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.detection.folding import fold
from gateway.detection.romanised import ROMAN

_VOWELS = "aeiouy"
_FREE_FROM = 5  # a whole name of so many letters is recognised under any ending
_FREE_ENDING = 8  # … of at most so many letters


def _endings(*groups: str) -> frozenset[str]:
    """Every concatenation of one word of each group; ``0`` stands for nothing."""
    choices = [[fold(word).replace("0", "") for word in group.split()] for group in groups]
    return frozenset("".join(parts) for parts in itertools.product(*choices))


_FI_CASES = """0 n a ta tta ssa sta lla lta lle na ksi kse t in en an on un yn hin hen han hon hun hyn seen den
    tten neen
    ineen ia ja ita
    issa ista illa ilta ille ina iksi iin ihin isiin ien jen iden iden itten ei eille eilla eilta eissa
    eista"""
_POSSESSIVE, _CLITIC = "0 ni si nsa mme nne an en", "0 kin kaan ko han pa s"
FINNISH = _endings(_FI_CASES, _POSSESSIVE, _CLITIC)
_FINNISH_CUT = FINNISH - {""}
_FI_AFTER_E = frozenset("e" + ending for ending in FINNISH)
_FI_AFTER_I = frozenset("i" + ending for ending in FINNISH) | frozenset("j" + ending for ending in FINNISH)
_FI_AFTER_EI = _FI_AFTER_E | _FI_AFTER_I
_FI_AFTER_CUT_I = _FI_AFTER_I - {"i"}
_FI_NEN = _FI_AFTER_E | _FI_AFTER_I | _endings("ta ten t", _POSSESSIVE, _CLITIC)
_HU_CASES = """0 t ot et at nak nek val vel kal kel tal tel ra re ba be ban ben bol rol tol hoz hez nal nel ig ert kent
    ul on en n va ve al el"""
HUNGARIAN = _endings("0 k ek ok ak e ei i ne nek a ja je m om em am d od ed ad unk nk eke oke nee", _HU_CASES)
ENGLISH = _endings("0 s es")
LATIN = FINNISH | HUNGARIAN | ENGLISH
# Three letters with every ending would be other words (Kai: kaiken, Tim: time).
_LATIN_SHORT = (_endings(_FI_CASES) | _endings(_HU_CASES) | ENGLISH) - set("eikmd")
_CASES_FI = _endings(_FI_CASES, "0 kin kaan ko han")
_OTHERS_FI = _CASES_FI | frozenset(head + ending for head in "eij" for ending in _CASES_FI)
_OTHERS_HU = _endings("0 k e ek eke ne nee", _HU_CASES)
UKRAINIAN = _endings(
    """0 а у ю я і ї и е є о ові еві єві ом ем єм ою ею єю ої ій ий ого ому им ім їм их ими іх їх ів їв ам ям ами ями
    ах ях ин ина ині иного иному иним
    ину иною иної иних ів ова ову ове ового овому овим ової овою ових ева еву еве евого евому ьо"""
)
_UKRAINIAN_CUT = UKRAINIAN - {""}
_NOTHING, _ITSELF = frozenset[str](), frozenset({""})
_DOUBLED = frozenset({"al", "el", "a", "e"})
_DIGRAPHS = ("cs", "sz", "zs", "gy", "ty", "ny", "ly", "dz")
_LOSE = ("s", *_VOWELS, *_DIGRAPHS)  # names whose last letter changes: Laine, Kangas; Balázs: Balázzsal
_WEAK: Mapping[str, tuple[str, ...]] = {
    "kk": ("k",), "pp": ("p",), "tt": ("t",), "nk": ("ng",), "nt": ("nn",), "mp": ("mm",), "lt": ("ll",),
    "rt": ("rr",), "lk": ("l", "lj"), "rk": ("r", "rj"), "ht": ("hd",), "k": ("", "v"), "p": ("v",), "t": ("d",),
}  # fmt: skip
_STRONG: Mapping[str, tuple[str, ...]] = {
    "ng": ("nk",), "nn": ("nt",), "mm": ("mp",), "ll": ("lt",), "rr": ("rt",), "hd": ("ht",), "d": ("t",),
    "v": ("p",), "k": ("kk",), "p": ("pp",), "t": ("tt",),
}  # fmt: skip
_FIXED = re.compile(r"(?:s[kpt]|t[kp]|h[kp]|[kp]t)[aeiouy]$")  # clusters that never change: Risto, Ritva, Mirka
_CLUSTER = re.compile(r"^(.+?)([^aeiouy]{1,3})([aeiouy])$")

# Consonants that may change with the ending, the vowel behind them, and the s that comes and goes (Kangas, Jukka).
_GRADED = re.compile(r"(?:kk|pp|tt|n[kgt]|m[pm]|l[tkl]|r[tkr]|nn|h[td]|[kptdv])[aeiouy]s?$")
_CYRILLIC = re.compile("[а-яіїєґ]")


@dataclass(frozen=True, slots=True)
class Forms:
    """The stems of one name, each with the endings that may follow, and the letters they all begin with."""

    name: str
    prefix: str
    stems: tuple[tuple[str, frozenset[str]], ...]

    def holds(self, word: str) -> bool:
        """Tell whether a folded word is a form of the name."""
        rest = word[len(self.name) :]
        if word.startswith(self.name) and (not rest or (len(self.name) >= _FREE_FROM and len(rest) <= _FREE_ENDING)):
            return True
        return any(word.startswith(stem) and word[len(stem) :] in endings for stem, endings in self.stems)


@lru_cache(maxsize=65_536)
def forms_of(name: str) -> tuple[Forms, ...]:
    """Return the forms of one folded word of a name: its own, and romanised ones of a Ukrainian name."""
    if len(name) <= 2:  # noqa: PLR2004 -- two letters with endings would be half the dictionary
        return (Forms(name, name, ((name, frozenset({""})),)),)
    if not _CYRILLIC.search(name):
        return (_forms(name, _latin(name)),)
    roman = romanised(name)
    stems = tuple((stem, endings) for stem, endings in _ukrainian(name).items())
    return (_forms(name, dict(stems)), _forms(roman, _latin(roman)))


def romanised(name: str) -> str:
    """Return a folded Ukrainian name in Latin letters; others as they are."""
    return "".join(ROMAN.get(letter, letter) for letter in name)


_SPEECH: Mapping[str, frozenset[str]] = {
    "fi": _OTHERS_FI, "hu": _OTHERS_HU, "en": ENGLISH, "uk": UKRAINIAN | ENGLISH,
}  # fmt: skip


def endings_of(name: str, language: str) -> dict[str, frozenset[str]]:
    """Return the stems of a folded name with the endings that one language gives them; narrower than ``forms_of``.

    Meant for names of anybody, where a false find costs a word of somebody else's text.
    """
    allowed = _SPEECH[language]
    if language == "en" or len(name) <= 2:  # noqa: PLR2004 -- as in ``forms_of``
        return {name: allowed if len(name) > 2 else frozenset({""})}  # noqa: PLR2004 -- as above
    found: dict[str, frozenset[str]] = {name: _ITSELF}
    for forms in forms_of(name):
        for stem, endings in forms.stems:
            kept = _shared(endings, allowed if _CYRILLIC.search(stem) or language != "uk" else ENGLISH)
            if kept and len(stem) > 2:  # noqa: PLR2004 -- two letters with endings are other words
                found[stem] = _joined(kept, found.get(stem, _NOTHING))
    return found


def beginning_of(name: str) -> str:
    """Return letters that all forms of a folded name begin with, at least one, at little cost."""
    if len(name) <= 2:  # noqa: PLR2004 -- what is left of a longer one (Ая) may end otherwise
        return name[:1]
    return (_ukrainian_beginning(name) if _CYRILLIC.search(name) else _latin_beginning(name)) or name[0]


def _ukrainian_beginning(name: str) -> str:
    bare = name[:-2] if name.endswith(("ии", "іи")) else name[:-1] if name[-1] in "аяоиьеі" else name
    return bare[:-2] if bare[-2:-1] in ("і", "е", "о") else bare[:-1] if bare[-1:] in ("г", "к", "х") else bare


def _latin_beginning(name: str) -> str:
    if name.endswith("nen"):
        return name[:-3]
    graded = _GRADED.search(name)
    if graded is not None:
        return name[: graded.start()]
    return name[:-1] if name.endswith(_LOSE) else name


# A set per name would be 30 kB of each: the few that there are stand for all names.
@lru_cache(maxsize=256)
def _joined(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    return one | other


@lru_cache(maxsize=256)
def _shared(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    return one & other


def _forms(name: str, stems: dict[str, frozenset[str]]) -> Forms:
    kept = tuple((stem, endings) for stem, endings in stems.items() if len(stem) >= 2)  # noqa: PLR2004 -- see above
    return Forms(name, _common([name, *(stem for stem, _ in kept)]), kept)


def _common(words: list[str]) -> str:
    low, high = min(words), max(words)
    shared = [
        letter for letter, other in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
    ]
    return "".join(shared)


def _latin(name: str) -> dict[str, frozenset[str]]:
    stems: dict[str, frozenset[str]] = {name: LATIN if len(name) > 3 else _LATIN_SHORT}  # noqa: PLR2004 -- Tim, Sam
    if name.endswith(_DIGRAPHS):
        stems[name[:-2] + name[-2] + name[-2:]] = _DOUBLED
    elif name[-1] not in _VOWELS:
        stems[name + name[-1]] = _DOUBLED
    return stems | _finnish(name)


def _finnish(name: str) -> dict[str, frozenset[str]]:
    if name.endswith("nen"):
        return {name[:-3] + "s": _FI_NEN}
    last = name[-1]
    if last == "s":
        bare = [name[:-1], *_graded(name[:-1], _STRONG)]
        long = {base + base[-1]: FINNISH for base in bare if base[-1] in _VOWELS}
        return long | {name[:-1] + "ks": _FI_AFTER_EI}
    if last not in _VOWELS:
        return {name + "e": _FINNISH_CUT, name + "i": _FINNISH_CUT}
    stems = dict.fromkeys(_graded(name, _WEAK), _FINNISH_CUT)
    for base in (name, *_graded(name, _WEAK)):
        stems |= _vowel_changes(base, last)
    if last == "e":
        stems |= {base + "e": FINNISH for base in (name, *_graded(name, _STRONG))}
    return stems


def _vowel_changes(base: str, last: str) -> dict[str, frozenset[str]]:
    """Niemi: Nieme-; Mattila: Mattiloi-, Mattili-."""
    if last == "i":
        return {base[:-1] + "e": _FINNISH_CUT}
    return {base[:-1] + "o": _FI_AFTER_I, base[:-1]: _FI_AFTER_CUT_I} if last == "a" else {}


def _graded(name: str, changes: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the name with the consonants before its last vowel in the other grade (Jukka: Juka-; Kangas: Kanka-)."""
    match = _CLUSTER.match(name)
    if match is None or _FIXED.search(name):
        return []
    head, cluster, vowel = match.groups()
    for size in (2, 1):
        ending = cluster[-size:]
        if len(ending) == size and ending in changes:
            return [head + cluster[:-size] + change + vowel for change in changes[ending]]
    return []


def _ukrainian(name: str) -> dict[str, frozenset[str]]:
    stems = {name: UKRAINIAN}
    bare = name[:-1] if name[-1] in "аяоиьеі" else name
    bases = {bare}
    if name.endswith(("ии", "іи")):  # -ий, -ій: Зеленський
        bases.add(name[:-2])
    for base in tuple(bases):
        bases |= _alternations(base)
    for base in bases:
        # A cut stem that stands alone is a form too (Олен, plural), but short ones are other words.
        stems.setdefault(base, UKRAINIAN if len(base) > 3 else _UKRAINIAN_CUT)  # noqa: PLR2004 -- letters
    return stems


def _alternations(base: str) -> set[str]:
    """Ольга: Ользі, Ольжин; Федір: Федора; Кравець: Кравця; Ковалів: Ковалева; Лев: Льва."""
    found: set[str] = set()
    mutated = {"г": "зж", "к": "цч", "х": "сш"}.get(base[-1:], "")
    found.update(base[:-1] + letter for letter in mutated)
    if len(base) > 2 and base[-2] == "і":  # noqa: PLR2004 -- a letter before the syllable
        found.update(base[:-2] + vowel + base[-1] for vowel in "ое")
    if len(base) > 2 and base[-2] in "ео":  # noqa: PLR2004 -- as above
        found.update({base[:-2] + base[-1], base[:-2] + "ь" + base[-1]})
    return found
