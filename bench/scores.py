"""How right an answer is: counts of columns and spans, and the measures that come of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.corpus import LabelledColumn, LabelledNote, LabelledTable, Span
from bench.detecting import ANY_COUNTRY, Found, Said

NAMES = frozenset({"full_name", "given_name", "family_name", "patronymic"})
IDS = frozenset({"national_id", "email", "phone", "iban", "card", "ip", "customer_number"})
_COVERED = 0.8  # of a place's letters and digits: an ending may stay, a name may not
_TOUCHED = 0.5  # of another person's name, which two finds may share; and of a find, that it be right


@dataclass(slots=True)
class Counts:
    """Hits, misses and false alarms."""

    right: int = 0
    missed: int = 0
    wrong: int = 0

    def add(self, *, true: bool, said: bool) -> None:
        """Count one answer of yes or no."""
        self.right += true and said
        self.missed += true and not said
        self.wrong += said and not true

    @property
    def recall(self) -> float | None:
        """Of the true ones, the share found; None where there are none."""
        return _share(self.right, self.right + self.missed)

    @property
    def precision(self) -> float | None:
        """Of those found, the share that is true; None where none was found."""
        return _share(self.right, self.right + self.wrong)

    def f(self, beta: float = 1.0) -> float | None:
        """Return F1, or F2 (``beta`` 2), which counts a miss four times."""
        weighted = (1 + beta**2) * self.right
        return _share(weighted, weighted + beta**2 * self.missed + self.wrong)

    def report(self) -> dict[str, float | int | None]:
        """Return all of it."""
        counted = {"right": self.right, "missed": self.missed, "wrong": self.wrong}
        return counted | {"precision": self.precision, "recall": self.recall, "f1": self.f(), "f2": self.f(2)}


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


@dataclass(slots=True)
class ColumnScores:
    """What a detector said of the columns of many tables."""

    direct: Counts = field(default_factory=Counts)
    personal: Counts = field(default_factory=Counts)
    impersonal: Counts = field(default_factory=Counts)
    national: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    direct_by: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    personal_by: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    special: Counts = field(default_factory=Counts)
    faults: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # truth, answer, header style

    def add(self, table: LabelledTable, answers: Sequence[Said]) -> None:
        """Count the answers for one table."""
        for column, said in zip(table.columns, answers, strict=True):
            if column.scored:
                self._column(column, said, table.language)

    def _column(self, column: LabelledColumn, said: Said, language: str) -> None:
        for counts in (self.direct, self.direct_by[f"language {language}"], self.direct_by[column.category]):
            counts.add(true=column.direct, said=said.direct)
        for counts in (self.personal, self.personal_by[f"language {language}"], self.personal_by[column.category]):
            counts.add(true=column.personal, said=said.personal)
        self.impersonal.add(true=not column.personal, said=not said.personal)
        self.special.add(true=column.kind == "special_category", said=said.special)
        if column.country:
            self.national[column.country].add(true=True, said=said.national in {column.country, ANY_COUNTRY})
        if column.direct != said.direct or column.personal != said.personal:
            self.faults[column.category, said.category, column.header_style] += 1

    @property
    def balanced_accuracy(self) -> float | None:
        """The mean of the recalls of personal and not personal columns."""
        recalls = (self.personal.recall, self.impersonal.recall)
        return round((recalls[0] + recalls[1]) / 2, 4) if recalls[0] is not None and recalls[1] is not None else None


@dataclass(slots=True)
class NoteScores:
    """What a detector found in many notes of one language."""

    own: Counts = field(default_factory=Counts)
    person: Counts = field(default_factory=Counts)
    ids: Counts = field(default_factory=Counts)  # other people's: the row's own are known, and easy
    spans: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))  # by category, own and others'
    by: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))  # recall by category, form and noise
    untouched: Counts = field(default_factory=Counts)  # notes without personal data that stay as they are
    faults: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def add(self, note: LabelledNote, found: Sequence[Found]) -> None:
        """Count the finds in one note."""
        covered = {place for find in found for place in range(find.start, find.end)}
        for span in note.spans:
            self._truth(note, span, covered, found)
        names = {place for span in note.spans if span.category in NAMES for place in range(span.start, span.end)}
        for find in _joined(note.text, [find for find in found if find.name]):
            if _coverage(note.text, find, names) < _TOUCHED:
                self.person.wrong += 1
                self.faults["false name", note.language] += 1
        true = {place for span in note.spans for place in range(span.start, span.end)}
        for find in found:
            if _coverage(note.text, find, true) < _TOUCHED:
                for key in ("all", find.category):
                    self.spans[key].wrong += 1
        if not note.spans:
            self.untouched.add(true=True, said=not found)

    def _truth(self, note: LabelledNote, span: Span, covered: set[int], found: Sequence[Found]) -> None:
        share = _coverage(note.text, span, covered)
        if span.own:
            sort, counts, said = "own", self.own, share >= _COVERED
        elif span.category in NAMES:
            named = {place for find in found if find.name for place in range(find.start, find.end)}
            sort, counts, said = "other", self.person, _coverage(note.text, span, named) >= _TOUCHED
        else:
            counts = self.ids if span.category in IDS else Counts()
            sort, said = "other", share >= _COVERED
        counts.add(true=True, said=said)
        for key in ("all", span.category):
            self.spans[key].add(true=True, said=said)
        label = f"{sort} {span.category}"
        for key in (label, f"{sort} form {span.form}", *(f"{sort} noise {kind}" for kind in note.noise)):
            self.by[key].add(true=True, said=said)
        if not said:
            self.faults[label, span.form, *note.noise] += 1


def _coverage(text: str, span: Span | Found, covered: set[int]) -> float:
    letters = [place for place in range(span.start, span.end) if text[place].isalnum()]
    return sum(place in covered for place in letters) / max(1, len(letters))


def _joined(text: str, found: Iterable[Found]) -> list[Found]:
    """Finds with nothing but a blank between them are one name."""
    joined: list[Found] = []
    for find in sorted(found, key=lambda one: one.start):
        if joined and not text[joined[-1].end : find.start].strip():
            joined[-1] = Found(joined[-1].start, find.end, find.category, name=True)
        else:
            joined.append(find)
    return joined
