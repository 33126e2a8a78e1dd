"""From text to plain values to a model: bounded, without aliases, with errors that name a path and never a value."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gateway.segmentation.definition import MAX_CONDITIONS, MAX_DEPTH
from gateway.segmentation.errors import InvalidSegment

MAX_CHARACTERS = 65_536
NODES = ("all", "any", "not", "event", "field", "segment", "trait")
_SHOWN = re.compile(r"[a-z][a-z0-9_]{0,62}")  # a key of ours, or an id: no other is repeated

M = TypeVar("M", bound=BaseModel)


class _NotPlain(yaml.MarkedYAMLError):
    """What is YAML and yet not read here; ``problem`` repeats nothing of the text."""


class _Loader(yaml.SafeLoader):
    """Plain YAML: no aliases (they multiply), no key twice (the first would be lost in silence), no merging.

    A number looks like one: YAML 1.1 reads `1:30` as 90, `010` as 8 and `no` as false.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call] # PyYAML's
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _NotPlain(problem="anchors and aliases are not read", problem_mark=event.start_mark)
        if getattr(event, "tag", None):
            raise _NotPlain(
                problem="tags are not read: remove the word that begins with !", problem_mark=event.start_mark
            )
        node = super().compose_node(parent, index)
        if isinstance(node, yaml.ScalarNode) and not _is_plain(node):
            words = "YAML reads this as no plain text or number: put it in quotes"
            raise _NotPlain(problem=words, problem_mark=node.start_mark)
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[Any] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                raise _NotPlain(problem="a key stands twice, or is not a word", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_PLAIN = {
    "int": re.compile(r"[-+]?(0|[1-9][0-9]*)"),
    "float": re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+][0-9]+)?|[-+]?\.(inf|nan)"),  # the last two are refused as values
    "bool": re.compile("true|false"),
    "merge": re.compile("(?!)"),
    "value": re.compile("(?!)"),
}


def _is_plain(node: yaml.ScalarNode) -> bool:
    form = _PLAIN.get(str(node.tag).rsplit(":", 1)[-1])
    return form is None or form.fullmatch(node.value) is not None


def read(text: str, name: str, *, what: str = "segment") -> dict[Any, Any]:
    """Return the mapping that a file's text says; ``name`` is the file's, for errors.

    :raises InvalidSegment: where it is no mapping, no plain YAML, or too large.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidSegment(name, "file", f"longer than {MAX_CHARACTERS} characters", what=what)
    try:
        data = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "file"
        words = error.problem if isinstance(error, _NotPlain) else None
        raise InvalidSegment(
            name, place, words or "not readable as YAML: check indentation and quotes", what=what
        ) from None
    except yaml.reader.ReaderError:
        raise InvalidSegment(
            name, _control_character(text), "a control character stands there: remove it", what=what
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InvalidSegment(name, "file", "not YAML, or nested too deeply", what=what) from None
    if not isinstance(data, dict):
        raise InvalidSegment(name, "file", "id, title and conditions are needed", what=what)
    return data


def _control_character(text: str) -> str:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return f"line {text.count(chr(10), 0, found.start()) + 1}" if found else "file"


def check_bounds(where: Any, name: str, *, what: str = "segment", written_out: bool = False) -> None:
    """Refuse a tree too deep or too large before anything recurses through it."""
    level, depth, conditions = [where], 0, 0
    while level:
        depth += 1
        conditions += sum(1 for node in level if isinstance(node, dict) and any(key in node for key in NODES))
        if depth > MAX_DEPTH or conditions > MAX_CONDITIONS:
            counted = ", those of the segments and traits that it names counted" if written_out else ""
            words = f"at most {MAX_DEPTH} levels and {MAX_CONDITIONS} conditions{counted}"
            raise InvalidSegment(name, "where", words, what=what)
        level = [child for node in level for child in _nested(node)]


def _nested(node: Any) -> list[Any]:
    if not isinstance(node, dict):
        return []
    found = [node[key] for key in ("not", "where") if key in node]
    for key in ("all", "any"):
        if isinstance(node.get(key), list):
            found.extend(node[key])
    return found


def shaped(shape: type[M], data: Any, name: str, *, place: str = "", what: str = "segment") -> M:
    """Return ``data`` as a model; ``place`` is where in the file it stands.

    :raises InvalidSegment: naming the path of what does not fit, for example ``where.all[1].gte``.
    """
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise InvalidSegment(name, _place(place, first["loc"], name), _words(first), what=what) from None


def _place(path: str, location: tuple[int | str, ...], name: str) -> str:
    """Return a path such as ``where.all[1].gte``; keys that are not ours are not repeated."""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not step.startswith("<"):
            path += f".{step}" if _SHOWN.fullmatch(step) else ".?"
    return path.lstrip(".") or f"file {name}"


def _words(error: Any) -> str:
    """Return pydantic's message, which says what is needed and not what was given."""
    if error["type"] in {"extra_forbidden", "missing"}:
        return "an unknown key" if error["type"] == "extra_forbidden" else "is missing"
    return str(error["msg"]).removeprefix("Value error, ")
