"""The texts of a pack's segments and traits to definitions that name nothing any more."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.segmentation.definition import SegmentDefinition
from gateway.segmentation.errors import InvalidSegment
from gateway.segmentation.inlining import SegmentFile, TraitFile, inlined
from gateway.segmentation.reading import check_bounds, read, shaped
from gateway.segmentation.written import Trait, WrittenSegment
from gateway.vocabulary.names import SegmentId

TRAITS = "traits/"
_NONE: Mapping[str, str] = MappingProxyType({})


def load_segment(text: str, *, name: str, beside: Mapping[str, str] = _NONE) -> SegmentDefinition:
    """Return the definition that ``text`` (YAML) says; ``name`` is the file's, for errors.

    It may name the segments and traits of ``beside``, a pack's texts by path; a segment there of its id gives way.

    :raises InvalidSegment: naming the path of what does not fit, for example ``where.all[1].gte``.
    """
    own = _segment(name, text)
    others = [file for file in _segments(beside) if file.segment.id != own.segment.id]
    return inlined([*others, own], _traits(beside))[own.segment.id]


def load_segments(texts: Mapping[str, str]) -> dict[SegmentId, SegmentDefinition]:
    """Return the definitions of a pack's files (``segments/`` and ``traits/``, by path) by their ids.

    :raises InvalidSegment: for the first file that does not fit, and for an id that two files give.
    """
    files = _segments(texts)
    seen: set[SegmentId] = set()
    for file in files:
        if file.segment.id in seen:
            raise InvalidSegment(file.name, "id", "another file of the pack has this id: rename one of them")
        seen.add(file.segment.id)
    return inlined(files, _traits(texts))


def load_traits(texts: Mapping[str, str]) -> dict[str, Trait]:
    """Return the traits among a pack's files by their ids; raises as ``load_segments`` does."""
    return {name: file.trait for name, file in _traits(texts).items()}


def _segments(texts: Mapping[str, str]) -> list[SegmentFile]:
    return [_segment(name, text) for name, text in texts.items() if not name.startswith(TRAITS)]


def _segment(name: str, text: str) -> SegmentFile:
    data = read(text, name)
    check_bounds(data.get("where"), name)
    return SegmentFile(name, shaped(WrittenSegment, data, name), data)


def _traits(texts: Mapping[str, str]) -> dict[str, TraitFile]:
    found: dict[str, TraitFile] = {}
    for name, text in texts.items():
        if not name.startswith(TRAITS):
            continue
        file = _trait(name, text)
        if file.trait.id in found:
            words = "another file of the pack has this id: rename one of them"
            raise InvalidSegment(name, "id", words, what="trait")
        found[file.trait.id] = file
    return found


def _trait(name: str, text: str) -> TraitFile:
    data = read(text, name, what="trait")
    check_bounds(data.get("where"), name, what="trait")
    return TraitFile(name, shaped(Trait, data, name, what="trait"), data)
