"""The names of other segments and of computed traits, replaced by the conditions that they stand for.

It happens once, when a pack's segments are read. Policy, the query, the evaluator, the digest and every explanation
then see plain conditions: nobody can hide a field behind a name, and nobody has to remember to look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from gateway.segmentation.definition import MAX_DEPTH, SegmentDefinition, Use
from gateway.segmentation.errors import InvalidSegment
from gateway.segmentation.reading import NODES, check_bounds, shaped
from gateway.segmentation.written import LatestTrait, MeasuredTrait, SegmentReference, Trait, WrittenSegment
from gateway.vocabulary.names import SegmentId

_Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A segment as its file says it, in a shape and as plain values."""

    name: str
    segment: WrittenSegment
    data: _Data


@dataclass(frozen=True, slots=True)
class TraitFile:
    """A trait as its file says it, in a shape and as plain values."""

    name: str
    trait: Trait
    data: _Data


def inlined(files: Sequence[SegmentFile], traits: Mapping[str, TraitFile]) -> dict[SegmentId, SegmentDefinition]:
    """Return the definitions with their conditions written out, by id; each id is one file's.

    :raises InvalidSegment: naming file and path of a reference to nothing, to another purpose's segment, in a circle or
        too deep, of a comparison that the trait does not have, and of a tree that its references make too large.
    """
    return _Inlining({file.segment.id: file for file in files}, traits).definitions()


class _Inlining:
    """Writes segments out, those first that others name; trees are shared: nothing grows before it is bounded."""

    def __init__(self, files: Mapping[SegmentId, SegmentFile], traits: Mapping[str, TraitFile]) -> None:
        self._files = files
        self._traits = traits
        self._trees: dict[str, Any] = {}
        self._uses: dict[str, tuple[Use, ...]] = {}
        self._heights: dict[str, int] = {}  # how many segments deep it names others

    def definitions(self) -> dict[SegmentId, SegmentDefinition]:
        """Return them in the files' order."""
        named = {segment: dict(self._named(file)) for segment, file in self._files.items()}
        try:
            order = tuple(TopologicalSorter(named).static_order())
        except CycleError as circle:
            raise self._circle([SegmentId(segment) for segment in circle.args[1]], named) from None
        made = {segment: self._definition(self._files[segment], named[segment]) for segment in order}
        return {segment: made[segment] for segment in self._files}

    def _named(self, file: SegmentFile) -> Iterator[tuple[SegmentId, str]]:
        """Yield the segments that a file names, with the places; each is there and of the file's purpose."""
        for place, node in _references(file.segment.where, "where"):
            if "segment" not in node:
                continue
            segment = SegmentId(shaped(SegmentReference, node, file.name, place=place).segment)
            if segment not in self._files:
                raise InvalidSegment(
                    file.name, f"{place}.segment", "the pack has no segment of this id: correct it or add the segment"
                )
            if self._files[segment].segment.purpose != file.segment.purpose:
                raise InvalidSegment(
                    file.name,
                    f"{place}.segment",
                    "that segment is for another purpose (Art. 5(1)(b)): name one of this purpose",
                )
            yield segment, place

    def _circle(self, circle: list[SegmentId], named: Mapping[SegmentId, Mapping[SegmentId, str]]) -> InvalidSegment:
        """The sorter gives the circle against the direction of its references, its first once more at its end."""
        named_one, naming = min(pairwise(circle), key=lambda pair: self._files[pair[1]].name)
        place = f"{named[naming][named_one]}.segment"
        words = "a segment that names this one, directly or through others: take one of the references out"
        return InvalidSegment(self._files[naming].name, place, words)

    def _definition(self, file: SegmentFile, named: Mapping[SegmentId, str]) -> SegmentDefinition:
        height = 1 + max((self._heights[segment] for segment in named), default=0)
        if height > MAX_DEPTH:
            place = max(named, key=lambda segment: self._heights[segment])
            words = f"segments name each other at most {MAX_DEPTH} deep: write the conditions of one out"
            raise InvalidSegment(file.name, f"{named[place]}.segment", words)
        uses: list[Use] = []
        tree = self._written_out(file, file.segment.where, "where", uses)
        check_bounds(tree, file.name, written_out=bool(uses))
        made = shaped(SegmentDefinition, {**file.data, "where": tree}, file.name).using(tuple(uses))
        self._trees[made.id], self._uses[made.id], self._heights[made.id] = tree, made.uses, height
        return made

    def _written_out(self, file: SegmentFile, node: Any, place: str, uses: list[Use]) -> Any:
        """Return a tree of plain values without names; ``uses`` gets what it was made of."""
        match _kind(node):
            case "segment":
                named = node["segment"]
                uses.append(Use("segment", named, place))
                inner = self._uses[named]
                uses.extend(Use(use.kind, use.id, place + use.place.removeprefix("where")) for use in inner)
                return self._trees[named]
            case "trait":
                comparison = self._comparison(file, node, place)
                uses.append(Use("trait", node["trait"], place))
                return comparison
            case _:
                return self._joined(file, node, place, uses)

    def _joined(self, file: SegmentFile, node: Any, place: str, uses: list[Use]) -> Any:
        if not isinstance(node, dict):
            return node
        made = dict(node)
        for key in ("all", "any"):
            if isinstance(node.get(key), list):
                made[key] = [
                    self._written_out(file, child, f"{place}.{key}[{index}]", uses)
                    for index, child in enumerate(node[key])
                ]
        if "not" in node:
            made["not"] = self._written_out(file, node["not"], f"{place}.not", uses)
        return made

    def _comparison(self, file: SegmentFile, node: _Data, place: str) -> _Data:
        """Return a trait and what it is compared with as the event condition that it stands for."""
        known = self._traits.get(node["trait"]) if isinstance(node["trait"], str) else None
        if known is None:
            raise InvalidSegment(
                file.name, f"{place}.trait", "the pack has no trait of this id: correct it or add it under traits/"
            )
        measure = known.trait.op
        shaped(LatestTrait if measure == "last" else MeasuredTrait, node, file.name, place=place)
        compared = {key: value for key, value in node.items() if key != "trait"}
        if measure == "sum":
            compared["field"] = known.trait.sum
        about = {key: known.data[key] for key in ("event", "where", "within") if key in known.data}
        return {**about, measure: compared}


def _kind(node: Any) -> str | None:
    """Return ``segment`` or ``trait`` for a reference; what is none, or also something else, is left to the shapes."""
    if not isinstance(node, dict):
        return None
    kinds = [key for key in NODES if key in node]
    return kinds[0] if len(kinds) == 1 and kinds[0] in {"segment", "trait"} else None


def _references(node: Any, place: str) -> Iterator[tuple[str, _Data]]:
    """Yield the references under a node with their places, not those in an event's ``where``: there are none."""
    if _kind(node) is not None:
        yield place, node
    elif isinstance(node, dict):
        for key in ("all", "any"):
            for index, child in enumerate(node[key] if isinstance(node.get(key), list) else ()):
                yield from _references(child, f"{place}.{key}[{index}]")
        if "not" in node:
            yield from _references(node["not"], f"{place}.not")
