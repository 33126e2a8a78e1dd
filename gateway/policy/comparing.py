"""What the files of two packs say differently: entries added, removed and changed, and by which keys."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.policy.describing import plain
from gateway.policy.documents import read_document
from gateway.policy.errors import PackError
from gateway.policy.pack import Pack, Rule, RuleKind
from gateway.vocabulary.contracts import IgnoredColumn, ScopeMode
from gateway.vocabulary.purposes import MinimumAge

# Words that explain and decide nothing.
_HARMLESS = frozenset(
    {
        "title",
        "languages",
        "supersedes",
        "rationale",
        "matchers",
        "remedy",
        "article",
        "dpv",
        "formats",
        "encoding",
        "delimiter",
    }
)
# A new door is looked at a second time, and so is whom a definition puts on a list.
_BY_ITSELF = frozenset({"recipients", "sources", "retention", "signals", "segments"})
_FORGOTTEN = frozenset({"recipients", "signals"})  # with the entry goes what it limited: what a recipient holds counts


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One key of an entry, before and after, as plain data; ``widens`` where more may be done after it than before."""

    key: str
    old: Any
    new: Any
    widens: bool


@dataclass(frozen=True, slots=True)
class EntryChange:
    """One entry of a pack that is there in one version only, or says something else in the other."""

    section: str  # one of ``_sections``
    id: str
    change: str  # added, removed, changed
    keys: tuple[KeyChange, ...] = ()
    by_itself: bool = False  # an added or removed entry that widens

    @property
    def widens(self) -> bool:
        """Whether more may be done after the change than before, as far as the entry tells."""
        return self.by_itself or any(key.widens for key in self.keys)


@dataclass(frozen=True, slots=True)
class _Head:
    """What ``pack.yaml`` says of the pack itself, its version aside."""

    title: Mapping[str, str]
    languages: tuple[str, ...]
    effective_from: dt.datetime
    supersedes: str | None


def entry_changes(old: Pack, new: Pack) -> tuple[EntryChange, ...]:
    """Return how the entries of two packs differ, by section and id."""
    found: list[EntryChange] = []
    before, after = _sections(old), _sections(new)
    for section, entries in before.items():
        found += _compared(section, entries, after[section])
    return tuple(found)


def _sections(pack: Pack) -> dict[str, dict[str, Any]]:
    catalogue = pack.catalogue
    head = _Head(pack.title, pack.languages, pack.effective_from, pack.supersedes)
    return {
        "pack": {catalogue.pack: head},
        "purposes": {str(name): entry for name, entry in catalogue.purposes.items()},
        "fields": {str(name): entry for name, entry in catalogue.fields.items()},
        "sources": {str(name): entry for name, entry in catalogue.sources.items()},
        "recipients": {str(name): entry for name, entry in catalogue.recipients.items()},
        "retention": {f"{entry.purpose}, {entry.field}": entry for entry in catalogue.retention},
        "rules": {rule.id: rule for rule in pack.rules},
        "signals": {"signals": catalogue.signals},
        "controller": {"controller": catalogue.controller},
        "segments": pack.written_in("segments"),
        "traits": pack.written_in("traits"),
        "cases": {case.id: case for case in pack.cases},
    }


def _compared(section: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[EntryChange]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield EntryChange(section, name, "added", by_itself=_added_widens(section, new[name]))
        elif name not in new:
            yield EntryChange(section, name, "removed", by_itself=_removed_widens(section, old[name]))
        elif old[name] != new[name]:
            yield EntryChange(section, name, "changed", tuple(_keys(section, old[name], new[name])))


def _added_widens(section: str, entry: Any) -> bool:
    return section in _BY_ITSELF or (isinstance(entry, Rule) and entry.kind is RuleKind.PERMISSION)


def _removed_widens(section: str, entry: Any) -> bool:
    return section in _FORGOTTEN or (isinstance(entry, Rule) and entry.kind is not RuleKind.PERMISSION)


def _keys(section: str, old: Any, new: Any) -> Iterator[KeyChange]:
    if not dataclasses.is_dataclass(old):
        yield from _definition_keys(old, new)
        return
    for item in dataclasses.fields(old):
        before, after = getattr(old, item.name), getattr(new, item.name)
        if before != after:
            widens = _widens(section, item.name, old, new)
            was, now = _differing(before, after)
            yield KeyChange(item.name, plain(was), plain(now), widens)


def _definition_keys(old: str, new: str) -> Iterator[KeyChange]:
    """Yield what a segment's or trait's text says otherwise: whom it is about then, nobody can tell from the text."""
    try:
        before, after = (read_document("", text).data for text in (old, new))
        differing = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    except (PackError, AttributeError):  # not of the plain kind: it is for segments to refuse it
        yield KeyChange("text", None, None, widens=True)
        return
    for key in differing:
        yield KeyChange(key, before.get(key), after.get(key), widens=key not in _HARMLESS)
    if not differing:
        yield KeyChange("text", None, None, widens=False)


def _differing(old: Any, new: Any) -> tuple[Any, Any]:
    """Leave of two mappings what differs: of forty columns the one that an officer has changed."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return old, new
    same = {key for key in old.keys() & new.keys() if old[key] == new[key]}
    was, now = ({key: value for key, value in side.items() if key not in same} for side in (old, new))
    return was, now


def _widens(section: str, key: str, old: Any, new: Any) -> bool:
    """Tell whether a changed key lets more be done; of a key that nobody has thought about: yes."""
    if key in _HARMLESS or section in {"cases", "controller"}:
        return False
    before, after = getattr(old, key), getattr(new, key)
    if isinstance(old, Rule) and key == "fields":
        return _rule_fields(old, new)
    judge = _JUDGES.get((section, key))
    return True if judge is None else judge(before, after)


def _rule_fields(old: Rule, new: Rule) -> bool:
    """A permission widens by fields it gains; a prohibition by those it loses, and a combination by those it gains."""
    if old.fields is None or new.fields is None:
        return old.fields is None or old.kind is RuleKind.PERMISSION
    more_is_wider = old.kind is RuleKind.PERMISSION or old.together
    return bool(new.fields - old.fields if more_is_wider else old.fields - new.fields)


def _more(old: Any, new: Any) -> bool:
    return bool(new > old)


def _less(old: Any, new: Any) -> bool:
    return bool(new < old)


def _gained(old: Any, new: Any) -> bool:
    return not set(new) <= set(old)


def _lost(old: Any, new: Any) -> bool:
    return not set(old) <= set(new)


def _end_later(old: Any, new: Any) -> bool:
    return new is None or (old is not None and new > old)


def _limit_lower(old: Any, new: Any) -> bool:
    return new is None or (old is not None and new < old)


def _age_lower(old: MinimumAge | None, new: MinimumAge | None) -> bool:
    return new is None or (old is not None and old.asks_more_than(new))


def _notices(old: Any, new: Any) -> bool:
    """No notice at all means any."""
    return bool(old) and (not new or _gained(old, new))


def _columns(old: Any, new: Any) -> bool:
    """Why a column is ignored is a word that decides nothing; anything else about a column may open something."""

    def decided(columns: Any) -> dict[str, Any]:
        return {name: None if isinstance(column, IgnoredColumn) else column for name, column in columns.items()}

    return decided(old) != decided(new)


_JUDGES: Mapping[tuple[str, str], Callable[[Any, Any], bool]] = {
    ("pack", "effective_from"): _less,
    ("purposes", "consent_valid_for"): _end_later,
    ("purposes", "notices"): _notices,
    ("purposes", "minimum_age"): _age_lower,
    ("purposes", "explicit_consent"): _gained,
    ("fields", "reveals"): _lost,
    ("fields", "special"): lambda _, new: new is None,
    ("sources", "purposes"): _gained,
    ("sources", "columns"): _columns,
    ("sources", "quarantine_days"): _more,
    ("recipients", "purposes"): _gained,
    ("recipients", "fields"): _gained,
    ("recipients", "minimum_size"): _less,
    ("recipients", "expires"): _more,
    ("recipients", "epoch_days"): _more,
    ("recipients", "mode"): lambda _, new: new is ScopeMode.RELATIONSHIP,
    ("retention", "period"): _more,
    ("rules", "minimum_size"): _limit_lower,
    ("rules", "look_back"): _end_later,
}
