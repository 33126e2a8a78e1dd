"""What is sound and yet not what an officer can mean: contradictions, rules without effect, gaps, proxies.

``load_pack`` refuses what is broken; this finds what loads and surprises. It changes no answer.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway.policy.cases import check
from gateway.policy.findings import Finding, Pages, Severity, error, ordered, warning
from gateway.policy.lint_catalogue import catalogue_findings
from gateway.policy.lint_effects import effect_findings
from gateway.policy.lint_rules import rule_findings
from gateway.policy.loading import load_pack
from gateway.policy.pack import Pack
from gateway.vocabulary.languages import LANGUAGES

__all__ = ["Finding", "Severity", "as_data", "lint", "overlaps"]


def lint(files: Mapping[str, str], at: dt.datetime) -> tuple[Finding, ...]:
    """Return what is doubtful about a pack, by file and line; nothing when all is well.

    ``files`` are the pack's texts as ``load_pack`` takes them; ``at`` is the instant at which contracts are measured.
    Raises ``PackError`` where the pack does not load.
    """
    pack = load_pack(files)
    pages = Pages.of(files)
    found = itertools.chain(
        rule_findings(pack, pages, at),
        effect_findings(pack, pages, at),
        catalogue_findings(pack, pages, at),
        _cases(pack),
        _languages(pack, pages),
    )
    return ordered(found)


def overlaps(packs: Iterable[Pack]) -> tuple[Finding, ...]:
    """Return where two versions of one pack would be in force at once.

    A version is in force from its ``effective_from`` until that of the version which supersedes it, and for no time
    where the two are the same; one that nothing supersedes has no end.
    """
    by_id: dict[str, list[Pack]] = {}
    for pack in packs:
        by_id.setdefault(pack.catalogue.pack, []).append(pack)
    found = [finding for group in by_id.values() for finding in _periods(sorted(group, key=_number))]
    return ordered(found)


def as_data(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain data."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "file": finding.file,
        "line": finding.line,
        "key": finding.key,
        "rule": finding.rule,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def _number(pack: Pack) -> tuple[int, ...]:
    return tuple(map(int, pack.catalogue.version.split(".")))


def _periods(versions: list[Pack]) -> Iterator[Finding]:
    for older, newer in itertools.pairwise(versions):
        place = f"pack.yaml of {newer.catalogue.pack} {newer.catalogue.version}"
        if older.catalogue.version == newer.catalogue.version:
            if older.digest != newer.digest:
                yield error("version_twice", place, "version", "two packs have this version and differ",
                            "a version is never changed: give the later one a number of its own")  # fmt: skip
            continue
        if newer.supersedes != older.catalogue.version:
            yield error("overlapping_periods", place, "supersedes", "nothing ends the version before this one",
                        "name the version before in `supersedes`")  # fmt: skip
        elif newer.effective_from < older.effective_from:
            yield error("overlapping_periods", place, "effective_from", "earlier than that of the version before",
                        "let this version begin with the one that it supersedes, or later")  # fmt: skip


def _cases(pack: Pack) -> Iterator[Finding]:
    for result in check(pack):
        rule = result.case.removeprefix("rule ") if result.file == "rules/" else None
        for problem in result.problems:
            if rule is not None:
                missing = error(
                    "case_missing", "rules/", rule, problem.partition(":")[0], "add one that names it in `rules`"
                )
                yield dataclasses.replace(missing, rule=rule)
            else:
                yield error("case_fails", result.file, result.case, problem, "correct the pack or the case")


def _languages(pack: Pack, pages: Pages) -> Iterator[Finding]:
    missing = [language for language in LANGUAGES if language not in pack.languages]
    if missing:
        yield warning("language_missing", "pack.yaml", "languages", f"no titles in {', '.join(missing)}",
                      "add the language and its titles: reasons are told in it",
                      line=pages.line("pack.yaml", "languages"))  # fmt: skip
