"""The record of processing activities as a document for people or spreadsheets, in the record's own language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.accountability.numbers import days, grouped
from gateway.accountability.record_words import say
from gateway.accountability.sheets import Section, to_csv, to_markdown


@dataclass(frozen=True, slots=True)
class Say:
    """Says the words of a language."""

    language: str

    def __call__(self, key: str) -> str:
        """Return a word."""
        return say(key, self.language)


def record_markdown(record: Mapping[str, Any]) -> str:
    """Return the record of ``processing_activities`` as Markdown."""
    return to_markdown(say("record", record["language"]), _sections(record))


def record_csv(record: Mapping[str, Any]) -> str:
    """Return the record of ``processing_activities`` as CSV: section, item, property, value."""
    return to_csv(_sections(record))


def _sections(record: Mapping[str, Any]) -> Iterator[Section]:
    words = Say(record["language"])
    yield pairs(words, "general", general(words, record))
    versions = [(each["pack"], each["since"]) for each in record["versions"]]
    yield table(words, "versions", ("version", "since"), versions)
    for activity in record["activities"]:
        yield from _activity(words, activity)
    sources = [(s["source"], s["title"], ", ".join(s["purposes"]), s["last_batch"]) for s in record["sources"]]
    yield table(words, "sources", ("source", "title", "purpose", "last_batch"), sources)
    kept = [(k["data"], k["why"], k["until"] or period(words, k["days"], "unknown")) for k in record["kept"]]
    yield table(words, "kept", ("what", "why", "retention"), kept)
    numbered = [(str(number), text) for number, text in enumerate(record["security_measures"], 1)]
    yield Section(words("measures"), ("#", words("measure")), tuple(numbered))
    missing = [(gap["place"], f"{words('safeguard_missing')} ({gap['article']})") for gap in record["missing"]]
    yield table(words, "missing", ("place", "what"), missing)


def general(words: Say, record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the controller, the policy and the instant (Art. 30(1)(a))."""
    controller = record["controller"]
    return [
        ("pack", record["pack"]),
        ("made_at", record["made_at"]),
        ("controller", controller["name"]),
        *[(key, controller[key]) for key in ("country", "contact", "data_protection_officer", "supervisory_authority")],
        ("joint_controllers", ", ".join(controller["joint_controllers"]) or words("none")),
        ("people", count(words, record["people"])),
    ]


def basis(words: Say, activity: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a purpose, its legal basis and whom it concerns."""
    return [
        ("purpose", f"{activity['purpose']} ({activity['dpv']})"),
        ("legal_basis", f"{activity['legal_basis']} ({activity['legal_basis_dpv']})"),
        ("profiling", words("yes" if activity["profiling"] else "no")),
        ("special_categories", ", ".join(activity["special_categories"]) or words("none")),
        ("data_subjects", "; ".join(activity["data_subjects"]) or words("none")),
        ("people", count(words, activity["people"])),
        ("minimum_age", _age(words, activity["minimum_age"])),
        ("notices", ", ".join(activity["consent_notices"]) or words("none")),
        ("consent_days", period(words, activity["consent_valid_days"], "none")),
    ]


def _age(words: Say, age: Mapping[str, Any] | None) -> str:
    if age is None:
        return words("none")
    return ", ".join([str(age["otherwise"]), *(f"{country}: {years}" for country, years in age["countries"].items())])


def _activity(words: Say, activity: Mapping[str, Any]) -> Iterator[Section]:
    title = activity["title"]
    yield pairs(words, "purpose", basis(words, activity), title)
    rows = [
        (
            each["field"], each["title"], each["category"], each["kind"], ", ".join(each["special_categories"]),
            each["kept_as"], period(words, each["retention_days"], "as_record"), uses(words, each),
        )
        for each in activity["data"]
    ]  # fmt: skip
    columns = ("field", "title", "category", "kind", "special_categories", "kept_as", "retention", "uses")
    yield table(words, "data", columns, rows, title)
    yield recipients(words, activity["recipients"], title)


def recipients(words: Say, found: Iterable[Mapping[str, Any]], title: str) -> Section:
    """Return who receives what, where, until when (Art. 30(1)(d), (e))."""
    rows = [
        (
            each["recipient"], each["title"], each["country"], _transfer(words, each), received(words, each),
            str(each["minimum_size"]), each["contract_expires"], _last(words, each["last_release"]),
        )
        for each in found
    ]  # fmt: skip
    columns = ("recipient", "title", "country", "transfer", "receives", "minimum_size", "expires", "last_release")
    return table(words, "recipients", columns, rows, title)


def uses(words: Say, field: Mapping[str, Any]) -> str:
    """Return what a field is used for, in words."""
    found = [words("store")] if field["stored"] else []
    found += [words("segment_use")] if field["segmented"] else []
    return ", ".join([*found, *field["released_to"]]) or words("none")


def received(words: Say, recipient: Mapping[str, Any]) -> str:
    """Return what a recipient may have now, or why nothing."""
    if not recipient["receives"]:
        return words("closed_now").format(", ".join(recipient["refused_because"]))
    return ", ".join([words("pseudonym"), *recipient["receives"][1:]])


def _transfer(words: Say, recipient: Mapping[str, Any]) -> str:
    if not recipient["outside_eea"]:
        return words("inside")
    return f"{words('yes')}: {words(recipient['safeguard'] or 'safeguard_missing')}"


def _last(words: Say, release: Mapping[str, Any] | None) -> str:
    if release is None:
        return words("none")
    return f"{release['at']}, {release['segment']}, {count(words, release['size'], 'under_minimum')}"


def count(words: Say, number: int | None, otherwise: str = "unknown") -> str:
    """Return a protected number of people."""
    return words(otherwise) if number is None else words("about").format(grouped(number, words.language))


def period(words: Say, number: int | None, otherwise: str) -> str:
    """Return a number of days."""
    return words(otherwise) if number is None else days(number, words.language)


def pairs(words: Say, heading: str, rows: Iterable[tuple[str, str]], title: str | None = None) -> Section:
    """Return a section of names and values."""
    named = tuple((words(key), value) for key, value in rows)
    return Section(title or words(heading), (words("what"), words("answer")), named)


def table(
    words: Say, heading: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]], title: str | None = None
) -> Section:
    """Return a section with a table; what is not known says so."""
    cells = tuple(tuple(words("none") if cell in {None, ""} else str(cell) for cell in row) for row in rows)
    cells = cells or ((words("none"), *([""] * (len(columns) - 1))),)
    full = f"{title}: {words(heading)}" if title else words(heading)
    return Section(full, tuple(map(words, columns)), cells, level=3 if title else 2)
