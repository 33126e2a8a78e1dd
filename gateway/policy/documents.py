"""One file of a pack: YAML of the plain kind read into JSON values, each remembered with its line."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from gateway.policy.errors import PackError

MAX_BYTES = 1_000_000  # of one file
MAX_NODES = 100_000
MAX_DEPTH = 16

# The C parser where PyYAML was built with it: a pack is read at every start of every command.
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")

Key = str | int
KeyPath = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. ``lines`` has the line (from 1) of every key path in it."""

    path: str
    data: Any
    lines: Mapping[KeyPath, int]

    def problem(self, where: KeyPath, message: str) -> str:
        """Return one line that says where and what; ``message`` must not hold a value."""
        known = where
        while known not in self.lines and known:
            known = known[:-1]
        place = f"{self.path}, line {self.lines.get(known, 1)}"
        return f"{place}, {_render(where)}: {message}" if where else f"{place}: {message}"


_SHOWN = re.compile(r"[a-z][a-z0-9_-]{0,62}|[A-Z]{2}")  # an id or a country: no other key is repeated


def _render(where: KeyPath) -> str:
    parts = [f"[{key}]" if isinstance(key, int) else f".{key if _SHOWN.fullmatch(key) else '?'}" for key in where]
    return "".join(parts).removeprefix(".")


def read_document(path: str, text: str) -> Document:
    """Parse one YAML file.

    Only mappings, lists, texts, plain numbers, true/false and null are read; dates stay text. Raises ``PackError`` for
    anchors, aliases, tags, duplicate keys, keys that are not texts, and files over ``MAX_BYTES``, ``MAX_NODES`` or
    ``MAX_DEPTH``: a policy has no use for them and a parser bomb does.
    """
    if len(text.encode()) > MAX_BYTES:
        raise PackError.of([f"{path}: larger than {MAX_BYTES} bytes: split it into several files"])
    try:
        _refuse_tricks(path, text)
        node = yaml.compose(text, Loader=_PARSER)
    except yaml.YAMLError as error:
        raise PackError.of([_syntax(path, text, error)]) from None  # its message quotes the file
    if node is None:
        raise PackError.of([f"{path}, line 1: the file is empty: write its contents or remove it"])
    lines: dict[KeyPath, int] = {}
    return Document(path, _Reader(path, lines).read(node, ()), lines)


def _syntax(path: str, text: str, error: yaml.YAMLError) -> str:
    unprintable = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if unprintable is not None:
        before = text.count("\n", 0, unprintable.start())
        return f"{path}, line {before + 1}: a control character stands there: remove it"
    mark = getattr(error, "problem_mark", None)
    line = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{path}{line}: not readable as YAML: check indentation, quotes and colons there"


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=_PARSER)


def _refuse_tricks(path: str, text: str) -> None:
    """Walk the events before any tree is built, so that no bomb can be built."""
    depth = 0
    for count, event in enumerate(_events(text)):
        problem = _trick(event)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            problem = f"nested deeper than {MAX_DEPTH}: flatten it"
        elif count > MAX_NODES:
            problem = f"more than {MAX_NODES} entries: split it into several files"
        if problem:
            raise PackError.of([f"{path}, line {event.start_mark.line + 1}: {problem}"])


def _trick(event: Any) -> str | None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        return "anchors and aliases are not read: write the value out"
    if getattr(event, "tag", None):
        return "tags are not read: remove the word that begins with !"
    return None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns a node tree without aliases into JSON values."""

    path: str
    lines: dict[KeyPath, int]

    def read(self, node: yaml.Node, where: KeyPath) -> Any:
        self.lines[where] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*where, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, where)

    def _mapping(self, node: yaml.MappingNode, where: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key: Hashable = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or not isinstance(key, str):
                raise self._error(key_node, where, "a key is a text: write a plain word")
            if key in result:
                raise self._error(key_node, (*where, key), "this key stands here twice: keep one of them")
            result[key] = self.read(value_node, (*where, key))
            self.lines[(*where, key)] = key_node.start_mark.line + 1
        return result

    def _scalar(self, node: yaml.Node, where: KeyPath) -> Any:
        kind = str(node.tag).rsplit(":", 1)[-1]
        text = str(node.value)
        match kind:
            case "str" | "timestamp":
                return text
            case "null":
                return None
            case "bool" if text in {"true", "false"}:
                return text == "true"
            case "int" if _INTEGER.fullmatch(text):
                return int(text)
            case "float" if re.fullmatch(r"-?[0-9]+\.[0-9]+", text):
                return float(text)
            case _:
                # YAML 1.1 reads `no`, `on`, `010` and `1:30` as something other than what they look like.
                raise self._error(node, where, "YAML reads this as no plain text or number: put it in quotes")

    def _error(self, node: yaml.Node, where: KeyPath, message: str) -> PackError:
        self.lines[where] = node.start_mark.line + 1
        return PackError.of([Document(self.path, None, self.lines).problem(where, message)])
