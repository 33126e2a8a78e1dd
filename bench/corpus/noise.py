"""What people's typing does to a text, keeping its length, so that places stay right."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from bench.corpus.folding import bare

LOWER, BARE, TYPO = "lower", "bare", "typo"
_SHARES = ((LOWER, 0.15), (BARE, 0.10), (TYPO, 0.10))
OWN_TYPO = 0.02  # of the names in notes, two letters have changed places
_SHORTEST = 5


def draw(random: Random) -> tuple[str, ...]:
    """Return what befalls a note."""
    return tuple(kind for kind, share in _SHARES if random.random() < share)


def applied(text: str, kinds: Sequence[str], kept: Sequence[tuple[int, int]], random: Random) -> str:
    """Return ``text`` with its noise; slips spare the places in ``kept``."""
    if TYPO in kinds:
        text = _slip(text, kept, random)
    if LOWER in kinds:
        text = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    return bare(text) if BARE in kinds else text


def swapped(word: str, random: Random) -> str:
    """Return a word with two letters after the first swapped; unchanged where it is short or they are equal."""
    if len(word) < _SHORTEST:
        return word
    at = random.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :] if word[at : at + 2].isalpha() else word


def _slip(text: str, kept: Sequence[tuple[int, int]], random: Random) -> str:
    at = 0
    free = []
    for word in text.split(" "):
        place = (at, at + len(word))
        if (
            word.isalpha()
            and len(word) >= _SHORTEST
            and not any(low < place[1] and place[0] < high for low, high in kept)
        ):
            free.append(place)
        at = place[1] + 1
    if not free:
        return text
    low, high = random.choice(free)
    return text[:low] + swapped(text[low:high], random) + text[high:]
