"""Who is another person, where two are asked for: one comparison for every decision that four eyes take."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from gateway.foundation.errors import InvalidInput

# Small letters and digits that look like another: Cyrillic ones, capitals included, to Latin; within Latin, to one.
_ALIKE = str.maketrans("авекмнорстухіјѕһԛԝӏёїĸlı10", "abekmhopctyxijshqwieikiiio", "\u02bc")  # noqa: RUF001 - they are
_APOSTROPHES = "\u2019\u02bc"  # within Ukrainian names
_LETTERS = (("A", "\u017f"), ("\u0218", "\u021b"), ("\u1e00", "\u1eff"), ("\u0400", "\u052f"))
_KEY = "act_"  # how the log's name of whoever comes with an API key of their own begins


@dataclass(frozen=True, slots=True)
class Person:
    """Who takes a step: the name that they gave, and as the log knows them."""

    name: str
    ref: str

    @property
    def has_key(self) -> bool:
        """Whether an API key says who it is, and not a name alone."""
        return self.ref.startswith(_KEY)


def is_another(one: Person, other: Person) -> bool:
    """Whether two steps are shown to be two people's: other names, and other keys as soon as either came with a key.

    Anybody can type a name: beside a key, a name alone shows nobody else.
    """
    if _folded(one.name) == _folded(other.name):
        return False
    if one.has_key or other.has_key:
        return one.has_key and other.has_key and one.ref != other.ref
    return True


def check_name(name: str) -> None:
    """Raise ``InvalidInput`` for a name that cannot be told from another's: letters of two scripts, or of others.

    Latin (as European languages write it, and Vietnamese) or Cyrillic, with digits, ASCII signs and apostrophes.
    """
    scripts = {_script(char) for char in unicodedata.normalize("NFKC", name)} - {""}
    if not scripts or scripts - {"LATIN", "CYRILLIC", "DIGIT"} or {"LATIN", "CYRILLIC"} <= scripts:
        raise InvalidInput(
            "a name has letters of one script, Latin or Cyrillic, with digits and plain signs: write it so",
            reasons=("unfit_name",),
        )


def _script(char: str) -> str:
    """Return the script of a letter, DIGIT, nothing for a plain sign, and OTHER for what no name needs."""
    if char in _APOSTROPHES or (char.isascii() and not char.isalnum()):
        return ""
    if char.isascii() and char.isdigit():
        return "DIGIT"
    known = char.isalpha() and any(first <= char <= last for first, last in _LETTERS)
    script = unicodedata.name(char, "").split(" ")[0]
    return script if known and script in {"LATIN", "CYRILLIC"} else "OTHER"


def _folded(name: str) -> str:
    """Return what is left of a name beside another: letters and digits, those that look alike as one."""
    told = unicodedata.normalize("NFKC", name).casefold().translate(_ALIKE)
    return "".join(char for char in told if char.isalnum())
