"""The data sheet of an impact assessment as a document, in its own language; blanks are visibly blank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.accountability.record_forms import Say, basis, general, period, recipients, table
from gateway.accountability.record_words import WORDS, say
from gateway.accountability.sheets import Section, to_csv, to_markdown

BLANK: Final = "……………"


def dpia_markdown(sheet: Mapping[str, Any]) -> str:
    """Return the sheet of ``dpia_sheet`` as Markdown."""
    return to_markdown(f"{say('sheet', sheet['language'])}: {sheet['description']['title']}", _sections(sheet))


def dpia_csv(sheet: Mapping[str, Any]) -> str:
    """Return the sheet of ``dpia_sheet`` as CSV: section, item, property, value."""
    return to_csv(_sections(sheet))


def _sections(sheet: Mapping[str, Any]) -> Iterator[Section]:
    words = Say(sheet["language"])
    described = sheet["description"]
    named = [row for row in general(words, {**sheet, "people": None}) if row[0] != "people"]
    rows = tuple((words(key), value) for key, value in [*named, *basis(words, described)])
    yield Section(words("description"), (words("what"), words("answer")), rows)
    yield recipients(words, described["recipients"], described["title"])
    yield from _necessity(words, sheet["necessity"])
    yield _segments(words, sheet["segments"])
    found = [(c["title"], words(c["finding"]), _listed(words, c["because"])) for c in sheet["criteria"]]
    yield table(words, "criteria", ("criterion", "finding", "because"), found)
    yield table(
        words, "risks", ("risk", "because", "measure", "likelihood", "severity"),
        [(r["title"], _listed(words, r["because"]), _in_force(words, r), BLANK, BLANK) for r in sheet["risks"]],
    )  # fmt: skip
    blanks = [(each["question"], each["answer"] or BLANK) for each in sheet["blanks"]]
    yield table(words, "blanks", ("question", "answer"), blanks)


def _necessity(words: Say, necessity: Mapping[str, Any]) -> Iterator[Section]:
    rows = [
        (
            each["field"], each["title"], each["kept_as"], _yes(words, each["stored"]), _yes(words, each["segmented"]),
            ", ".join(each["used_by"]) or words("none"), ", ".join(each["released_to"]) or words("none"),
            period(words, each["retention_days"], "as_record"),
        )
        for each in necessity["fields"]
    ]  # fmt: skip
    columns = ("field", "title", "kept_as", "stored", "permitted", "used", "released", "retention")
    yield table(words, "necessity", columns, rows)
    minimised = [
        (words("surplus"), ", ".join(necessity["permitted_and_unused"]) or words("none")),
        (words("closed"), ", ".join(necessity["stored_and_closed"]) or words("none")),
    ]
    yield table(words, "fields", ("what", "fields"), minimised, words("necessity"))


def _segments(words: Say, segments: list[Mapping[str, Any]]) -> Section:
    rows = [
        (
            each["segment"], each["title"], ", ".join(each["fields"]), _permitted(words, each),
            words(each["size_class"]) if each["size_class"] in WORDS else each["size_class"], each["taken_at"],
        )
        for each in segments
    ]  # fmt: skip
    return table(words, "segments", ("segment", "title", "fields", "permitted", "size_class", "taken_at"), rows)


def _permitted(words: Say, segment: Mapping[str, Any]) -> str:
    return words("yes") if segment["permitted"] else f"{words('no')}: {', '.join(segment['refused_because'])}"


def _in_force(words: Say, risk: Mapping[str, Any]) -> str:
    rules = [f"{rule['rule']} (Art. {rule['article']}): {rule['rationale']}" for rule in risk["rules"]]
    return "; ".join([*rules, *risk["measures"]]) or words("none")


def _listed(words: Say, because: list[str]) -> str:
    """Return what a finding rests on; a name such as ``minimum_age`` in words."""
    told = []
    for each in because:
        name, separator, value = each.partition(": ")
        if not separator or name not in WORDS:
            told.append(each)
            continue
        said = words("none") if value == "None" else value
        told.append(f"{words(name)}: {period(words, int(value), 'none') if name == 'retention' else said}")
    return ", ".join(told) or words("none")


def _yes(words: Say, answer: bool) -> str:  # noqa: FBT001 - the answer is what it tells
    return words("yes" if answer else "no")
