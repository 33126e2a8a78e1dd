"""One definition written in two ways: its conditions where they are read, or moved at random behind names."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.apart import dumped

TITLE = {"en": "x", "fi": "x", "hu": "x", "uk": "x"}


@dataclass
class Hiding:
    """Moves conditions into computed traits and nested segments, as ``random`` says; ``files`` are what that makes.

    Whoever gives a ``Random`` of Hypothesis gets every way of hiding; every name begins with ``prefix``.
    """

    random: Random
    purpose: str = "direct_marketing"
    prefix: str = "hidden"
    files: dict[str, str] = field(default_factory=dict)

    def segment(self, name: str, where: Any) -> None:
        """Add a segment of that name whose conditions are hidden."""
        self._add_segment(name, self.hidden(where))

    def hidden(self, where: Any) -> Any:
        """Return a tree that says the same as ``where``, partly by names."""
        node = self._inside(where)
        return {"segment": self._add_segment(f"{self.prefix}_{len(self.files)}", node)} if self._now() else node

    def _now(self) -> bool:
        return self.random.random() < 0.5

    def _inside(self, node: dict[str, Any]) -> dict[str, Any]:
        if "event" in node:
            return self._trait(node) if self._now() else node
        return {
            key: self.hidden(value)
            if key == "not"
            else [self.hidden(part) for part in value]
            if key in {"all", "any"}
            else value
            for key, value in node.items()
        }

    def _trait(self, event: dict[str, Any]) -> dict[str, Any]:
        (measure,) = {"count", "sum", "last"} & event.keys()
        compared = dict(event[measure])
        measured = compared.pop("field") if measure == "sum" else True
        name = f"{self.prefix}_{len(self.files)}"
        about = {key: value for key, value in event.items() if key != measure}
        self.files[f"traits/{name}.yaml"] = dumped({"id": name, "title": TITLE, **about, measure: measured})
        return {"trait": name, **compared}

    def _add_segment(self, name: str, where: Any) -> str:
        said = {"id": name, "purpose": self.purpose, "title": TITLE, "where": where}
        self.files[f"segments/{name}.yaml"] = dumped(said)
        return name
