"""From text to plain values to a model: bounded, without aliases, with errors that name a path and never a value."""

from __future__ import annotations

from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gateway.segmentation.definition import MAX_CONDITIONS, MAX_DEPTH
from gateway.segmentation.errors import InvalidSegment

MAX_CHARACTERS = 65_536
NODES = ("all", "any", "not", "event", "field", "segment", "trait")
_LONGEST_KEY = 64

M = TypeVar("M", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Plain YAML: no aliases (they multiply), no key twice (the first would be lost in silence)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call] # PyYAML's
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[Any] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                raise yaml.MarkedYAMLError(problem="a key stands twice, or is not a word", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


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
        raise InvalidSegment(
            name, place, "not the YAML that is read here (no aliases, no key twice)", what=what
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InvalidSegment(name, "file", "not YAML, or nested too deeply", what=what) from None
    if not isinstance(data, dict):
        raise InvalidSegment(name, "file", "id, title and conditions are needed", what=what)
    return data


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
            path += f".{step}" if step.replace("_", "a").isidentifier() and len(step) <= _LONGEST_KEY else ".?"
    return path.lstrip(".") or f"file {name}"


def _words(error: Any) -> str:
    """Return pydantic's message, which says what is needed and not what was given."""
    if error["type"] in {"extra_forbidden", "missing"}:
        return "an unknown key" if error["type"] == "extra_forbidden" else "is missing"
    return str(error["msg"]).removeprefix("Value error, ")
