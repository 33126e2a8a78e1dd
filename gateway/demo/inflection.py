"""Just enough grammar to write a given or family name the way a note would; wrong at times, as people are."""

# ruff: noqa: RUF001 - these letters are Ukrainian

from __future__ import annotations

_FI_VOWELS = "aeiouyäöå"
_FI_STRONG = {"kk": "k", "pp": "p", "tt": "t"}
_HU_BACK = set("aáoóuú")
_HU_LONG = {"a": "á", "e": "é"}


def finnish_stem(name: str) -> str:
    """Return the weak-grade stem: Virtanen gives Virtase, Pekka gives Peka, Henrik gives Henriki."""
    if name.endswith("nen"):
        return f"{name[:-3]}se"
    if name[-1].lower() not in _FI_VOWELS:
        return f"{name}i"
    double = name[-3:-1]
    return f"{name[:-3]}{_FI_STRONG[double]}{name[-1]}" if double in _FI_STRONG else name


def hungarian_with(name: str, back: str, front: str) -> str:
    """Return a name and its suffix in harmony with the last vowel but i: Judit gives Juditnak."""
    vowels = [letter for letter in name.lower() if letter in "aáeéoóöőuúüű"]
    stem = name[:-1] + _HU_LONG.get(name[-1], name[-1])
    return stem + (back if vowels and vowels[-1] in _HU_BACK else front)


def ukrainian_dative(name: str) -> str:
    """Return the dative: Олена gives Олені, Марія gives Марії, Андрій gives Андрію, Петро gives Петру."""
    endings = {"ія": "ії", "а": "і", "я": "і", "й": "ю", "о": "у", "ь": "ю"}
    return _ending(name, endings, "у")


def ukrainian_accusative(name: str) -> str:
    """Return the accusative: Олена gives Олену, Марія gives Марію, Андрій gives Андрія, Петро gives Петра."""
    endings = {"а": "у", "я": "ю", "й": "я", "о": "а", "ь": "я"}
    return _ending(name, endings, "а")


def _ending(name: str, endings: dict[str, str], otherwise: str) -> str:
    for old, new in endings.items():
        if name.endswith(old):
            return name[: -len(old)] + new
    return name + otherwise if name[-1] not in "иіїеєую" else name
