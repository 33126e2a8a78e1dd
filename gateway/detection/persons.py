"""Other people's names in a text, by rules: known names and name-like words under a capital, titles and cues.

A capital alone is never enough, and a name that is also a word needs a second sign. The work grows with the text's
length only.
"""

# ruff: noqa: RUF001 -- Ukrainian endings

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from gateway.detection.names import KnownNames, Role, lexicon
from gateway.detection.spans import Rank, Span
from gateway.detection.things import is_brand, is_thing
from gateway.detection.tokens import ENDS, Token, tokens_of

PERSON = "person"
LANGUAGES = ("fi", "hu", "uk", "en")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_OPENS = '«„"“'
_ARTICLES = {"en": frozenset({"the", "a", "an", "our", "this", "these", "those"}), "hu": frozenset({"a", "az", "egy"})}
_FROM = frozenset({"from", "in", "at"})
_SUPPLY = frozenset({"from", "by", "with", "for", "to"})  # said of people and of shops
_MOST = 4  # words of a name
_HOUSE = re.compile(r"[^\W\d_]{3,}(?:ék|né)(?:é|t|[ae]t|n[ae]k|[kv][ae]l|hoz|hez|t[óő]l|r[óő]l|n[áé]l|re|ra|b[ae]n)?")
_STRONG = re.compile("енк|ч[ую]к|[оеі]вич|[оеі]вн")
_SHORT, _SIGNED = 3, 3  # letters of a name; words of a signature
_LOWEST = 4  # letters of a name that stands alone in lower case
_NAMED = Role.KNOWN | Role.LIKE | Role.NICK
_PART = Role.CUE | Role.SAYS | Role.DONE  # never a part of a name
_UNSIGNED = Role.STOP | Role.SAYS | Role.COMPANY | Role.CUE | Role.HEAD | Role.WITH | Role.SIGN | Role.BRAND
_OPEN = Role.STOP | Role.COMPANY | Role.TITLE | Role.AFTER


class Reading:
    """One text read for names: what was found, and whether capitals remain that the rules cannot explain."""

    def __init__(self, text: str, folded: str, language: str | None, names: KnownNames | None = None) -> None:
        spoken = language if language in LANGUAGES else "uk" if _CYRILLIC.search(text) else "en"
        self._words = lexicon(spoken, names)
        self._articles = _ARTICLES.get(spoken, frozenset())
        self._hungarian = spoken == "hu"
        self._sparing = spoken != "en"  # with capitals
        self._capitals = text != text.lower()
        self._shouts = self._capitals and text.isupper()
        self._text = text
        self._tokens = tokens_of(text, folded, self._words)
        found = [place for run in self._runs() for place in self._named(run)]
        found += self._signatures()
        self.spans = [
            Span(self._tokens[low].start, self._tokens[high].end, PERSON, Rank.NAME)
            for low, high in sorted({*found, *self._companions(found)})
        ]

    def _companions(self, found: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """A stranger under a capital, joined to a name found by a word for and."""
        tokens = self._tokens
        for low, high in found:
            for joint, other in ((low - 1, low - 2), (high + 1, high + 2)):
                if 0 <= other < len(tokens) and tokens[joint].role & Role.AND:
                    one = tokens[other]
                    plain = tokens[max(joint, other)].gap == " " and one.capital and not one.first
                    if plain and not one.role & (_OPEN | Role.PLACE | Role.CUE):
                        yield other, other

    @property
    def puzzles(self) -> tuple[int, ...]:
        """Where words under a capital, inside a sentence, are not words known; names found may be among them."""
        explained = _OPEN | Role.PLACE | Role.KNOWN | Role.ORDINARY | Role.CUE
        return tuple(
            token.start
            for token in self._tokens
            if token.capital and not token.first and not token.role & explained
            if len(token.word) > 1
        )

    def _runs(self) -> Iterator[range]:
        """Words side by side that may be the parts of one name."""
        run = range(0)
        for place, token in enumerate(self._tokens):
            if not (token.capital or token.role & _NAMED) or not self._may_be(token):
                continue
            if run and place == run.stop and len(run) < _MOST and self._joins(token, self._tokens[place - 1]):
                run = range(run.start, place + 1)
                continue
            if run:
                yield run
            run = range(place, place + 1)
        if run:
            yield run

    def _joins(self, token: Token, before: Token) -> bool:
        """A blank between them, or a full stop after an initial; a word in lower case ends a name under capitals."""
        if token.role & Role.ORDINARY and before.capital and not token.capital:
            return False
        return token.gap in {" ", "\u00a0"} or (token.gap == ". " and len(before.word) == 1)

    def _may_be(self, token: Token) -> bool:
        role = token.role
        if role & _OPEN and not (role & Role.KNOWN and token.capital and not token.first and not role & Role.STOP):
            return False
        if token.capital and not self._shouts:
            return not (role & Role.PLACE and not role & Role.KNOWN)
        if role & (Role.CUE | Role.SAYS | Role.WITH | Role.AND) or (role & Role.RARE and self._capitals):
            return False
        ending = Role.LIKE if not (self._capitals or self._hungarian) or self._shouts else Role.NONE  # lenne is a verb
        return bool(role & (Role.KNOWN | Role.NICK | ending))

    def _named(self, run: range) -> list[tuple[int, int]]:
        while len(run) > 1 and self._opens(self._tokens[run.start]):
            run = run[1:]
        found = [*self._people(run)]
        return [] if found and (self._in_company(run) or self._in_thing(run)) else found

    def _people(self, run: range) -> Iterator[tuple[int, int]]:
        tokens = self._tokens
        known = [place for place in run if tokens[place].role & _NAMED]
        if not known:
            if self._strangers(run):
                yield run.start, run.stop - 1
            return
        low, high = max(run.start, known[0] - 1), min(run.stop - 1, known[-1] + 1)
        if low < known[0] and not self._leads(tokens[low]):
            low += 1
        if low < high and self._together(range(low, high + 1)):
            yield low, high
            return
        if low < high and self._determined(low) and not self._acts(high):
            return  # a Ford Fiesta
        yield from ((place, place) for place in known if self._alone(place))

    def _opens(self, token: Token) -> bool:
        """A word that only begins the sentence: Менеджерка Ганнуся, Передайте Юрчикові."""
        return token.first and not token.role & _NAMED and bool(token.role & (_PART | Role.GOODS))

    def _signatures(self) -> list[tuple[int, int]]:
        """Who signs, in whatever letters: a few words after a formula, at the end of the text."""
        tokens = self._tokens
        last = len(tokens) - 1
        for place in range(max(0, last - _SIGNED), last):
            after = tokens[place + 1 :]
            if tokens[place].role & Role.SIGN and not any(one.role & _UNSIGNED for one in after):
                apart = after[0].gap != " " or all(one.capital for one in after)
                if apart and all(one.gap in {" ", ". ", "."} for one in after[1:]):
                    return [(place + 1, last)]
        return []

    def _strangers(self, run: range) -> bool:
        """Names that no list has: introduced, or two capitals side by side where only names have capitals."""
        tokens = [self._tokens[place] for place in run]
        if not all(token.capital and not token.role & (_PART | Role.BRAND) for token in tokens) or self._shouts:
            return False
        if self._introduced(run.start):
            return bool(tokens[0].gap) and (tokens[0].gap[:1] not in ENDS or self._labelled(run))
        if self._did(run.start) or self._is_of_house(run):
            return True
        pair = len(tokens) == 2 and min(len(token.word) for token in tokens) >= _SHORT  # noqa: PLR2004 -- a pair
        if tokens[0].first or not pair or self._determined(run.start):
            return False
        return self._sparing or self._beside(run.start)

    def _labelled(self, run: range) -> bool:
        """Customer: P. Wrenfield, and no more; not Customer: Would like to order."""
        ends = run.stop == len(self._tokens) or self._tokens[run.stop].gap.strip(" ") != ""
        return self._tokens[run.start].gap[:1] in ":\n" and ends

    def _is_of_house(self, run: range) -> bool:
        """Whoever belongs to a family or is somebody's wife, in Hungarian: Vadkertiék, Vadkertiné."""
        one = self._tokens[run.start]
        told = _HOUSE.fullmatch(self._text, one.start, one.end) if self._hungarian and len(run) == 1 else None
        return told is not None and not one.first

    def _did(self, place: int) -> bool:
        """Who received or signed: in English after by, elsewhere behind the verb."""
        tokens = self._tokens
        if place == 0 or tokens[place].gap != " ":
            return False
        if self._sparing:
            return bool(tokens[place - 1].role & Role.DONE)
        said = tokens[max(0, place - 4) : place - 1]
        return tokens[place - 1].word == "by" and any(one.role & Role.DONE for one in said)

    def _beside(self, place: int) -> bool:
        return place > 0 and bool(self._tokens[place - 1].role & Role.WITH) and self._tokens[place].gap == " "

    def _leads(self, token: Token) -> bool:
        """An unknown word before a known name is part of it, unless it only begins the sentence."""
        return token.capital and not token.first and not token.role & (_PART | Role.PLACE | Role.BRAND)

    def is_of_thing(self, span: Span) -> bool:
        """Tell whether what another reader takes for a person's name is a thing's or a place's."""
        inside = [place for place, one in enumerate(self._tokens) if one.start < span.end and span.start < one.end]
        run = range(min(inside, default=0), max(inside, default=-1) + 1)
        return bool(run) and (self._in_company(run) or self._in_thing(run))

    def _in_thing(self, run: range) -> bool:
        if self._introduced(run.start):
            return False
        if is_brand(self._tokens, run.start, run.stop - 1, self._words):
            spoken_to = self._beside(run.start) and self._tokens[run.start - 1].word not in _SUPPLY
            return not (spoken_to or self._acts(run.stop - 1))
        if self._determined(run.start) and self._tokens[run.stop - 1].role & Role.HEAD:
            return True  # the Albert Hall
        return is_thing(self._text, self._tokens, run.start, run.stop - 1, self._words)

    def _in_company(self, run: range) -> bool:
        tokens = self._tokens
        around = range(max(0, run.start - 1), min(len(tokens), run.stop + 2))
        for place in around:
            token = tokens[place]
            if not token.role & Role.COMPANY or (token.role & Role.KNOWN and token.capital):
                continue
            between = tokens[run.stop : place + 1] if place >= run.stop else tokens[run.start : run.start + 1]
            if place in run or all(one.gap.strip("& ") == "" for one in between):
                return True
        opening = tokens[run.start].gap.rstrip(" ")[-1:]
        return bool(opening) and opening in _OPENS

    def _together(self, run: range) -> bool:
        tokens = [self._tokens[place] for place in run]
        roles = [token.role for token in tokens]
        firm = [role for role in roles if role & _NAMED and not role & Role.RARE]
        if all(token.capital for token in tokens) and not self._shouts:
            whole = all(role & _NAMED for role in roles) or self._acts(run.stop - 1)
            return not self._determined(run.start) or (whole and bool(firm))
        if not all(role & (Role.KNOWN | Role.LIKE) for role in roles):
            return False
        plain = any(not role & Role.ORDINARY for role in firm)
        return plain and any(
            one & Role.GIVEN and other & (Role.FAMILY | Role.LIKE) for one, other in itertools.permutations(roles, 2)
        )

    def _alone(self, place: int) -> bool:
        token = self._tokens[place]
        if token.role & Role.STOP:
            return False
        introduced = self._introduced(place)
        if not token.capital or self._shouts:
            return self._quiet(token, introduced=introduced)
        if introduced or self._did(place):
            return True
        acts = self._acts(place)
        if (self._article(place) and not acts) or (token.role & Role.PLACE and not (acts and token.first)):
            return False
        doubtful = bool(token.role & (Role.ORDINARY | Role.RARE | Role.NICK))
        if token.first:
            return acts or (bool(token.role & Role.KNOWN) and not doubtful)
        given = token.role & Role.GIVEN or self._sparing
        common = token.role & Role.ORDINARY and (token.role & Role.RARE or not given)
        return not common or acts or self._beside(place)

    def _quiet(self, token: Token, *, introduced: bool) -> bool:
        """A name in lower case: only where the whole text is, or after a word such as wife."""
        role = token.role
        if introduced and role & Role.NICK:
            return True
        if role & (Role.ORDINARY | Role.RARE) or len(token.word) < _LOWEST:
            return introduced and bool(role & Role.KNOWN) and not role & Role.RARE
        if introduced:
            return bool(role & (Role.KNOWN | Role.LIKE)) and not role & Role.PLACE
        if (self._capitals and not self._shouts) or role & Role.PLACE:
            return False
        # Adjectives end as family names do: punainen, армійський.
        ending = role & Role.LIKE and (role & Role.FAMILY or _STRONG.search(token.word) is not None)
        return bool(role & Role.GIVEN or ending)

    def _acts(self, place: int) -> bool:
        """People say and do; and Pat from Leeds is one."""
        if place + 1 >= len(self._tokens):
            return self._tokens[place].first and place > 0  # a signature
        after = self._tokens[place + 1]
        if after.word in _FROM and place + 2 < len(self._tokens):
            return self._tokens[place + 2].capital or self._tokens[place + 2].word in self._articles
        return bool(after.role & Role.SAYS) and after.gap == " "

    def _determined(self, place: int) -> bool:
        return place > 0 and self._tokens[place].gap == " " and self._tokens[place - 1].word in self._articles

    def _article(self, place: int) -> bool:
        """The Charlotte dress, a Dorka modell: a thing of that name."""
        if not self._determined(place):
            return False
        after = self._tokens[place + 1] if place + 1 < len(self._tokens) else None
        return after is not None and after.gap == " " and not after.capital

    def _introduced(self, place: int) -> bool:
        """A title or a word such as wife stands before the name, or úr behind it."""
        if place + 1 < len(self._tokens):
            after = self._tokens[place + 1]
            if after.role & Role.AFTER and after.gap == " ":
                return True
        if place == 0:
            return False
        before, gap = self._tokens[place - 1], self._tokens[place].gap
        if before.role & Role.TITLE:
            return gap in {" ", ". ", "."}
        return bool(before.role & Role.CUE) and gap in {" ", ", ", ": ", ". ", "\n", ",\n", " - ", " – "}
