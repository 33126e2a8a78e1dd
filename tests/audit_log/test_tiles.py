"""Tiles and bundles: the known answers of c2sp.org/tlog-tiles, the same proofs as the whole tree, and no bad tile."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from audit import merkle
from audit.errors import AuditError, EntryPruned, EntryRefused, VerificationFailed
from audit.tiles import (
    MAX_BUNDLE,
    TileTree,
    decode_bundle,
    encode_bundle,
    new_tiles,
    parse_tile_path,
    tile_path,
    tiles_of,
)

LARGE = 66_000
SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, LARGE]


class Store:
    """Tiles by path, and the paths that were asked for."""

    def __init__(self, size: int) -> None:
        self.tiles = dict(tiles_by_path(size))
        self.asked: list[str] = []

    def fetch(self, path: str) -> bytes:
        self.asked.append(path)
        if path not in self.tiles:
            raise FileNotFoundError(path)
        return self.tiles[path]

    def tree(self, size: int, *, keep: int = 4096, minimum: int = 0) -> TileTree:
        return TileTree(self.fetch, size, root=whole().root(size), keep=keep, minimum=minimum)


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same draws in every run


@cache
def leaves() -> list[bytes]:
    return merkle.leaf_hashes([b"%d" % number for number in range(LARGE)])


@cache
def whole() -> merkle.Tree:
    tree = merkle.Tree()
    tree.extend(leaves())
    return tree


@cache
def tiles_by_path(size: int) -> dict[str, bytes]:
    rows = merkle.TileRows()
    rows.extend(leaves()[:size])
    full = {tile_path(level, index): data for level, index, data in rows.take_full()}
    return full | {tile_path(level, index, width): data for level, index, width, data in rows.partials()}


# -- paths --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "index", "width", "path"), [
    (0, 1234067, 256, "tile/0/x001/x234/067"),
    (None, 1234067, 256, "tile/entries/x001/x234/067"),
    (0, 273, 112, "tile/0/273.p/112"),
    (63, 0, 1, "tile/63/000.p/1"),
    (1, 1000, 255, "tile/1/x001/000.p/255"),
    (None, 999, 1, "tile/entries/999.p/1"),
])  # fmt: skip
def test_the_known_paths(level: int | None, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width) == path
    assert parse_tile_path(path) == (level, index, width)


@given(st.none() | st.integers(0, 63), st.integers(0, 2**63), st.integers(1, 256))
def test_a_path_is_read_as_it_was_written(level: int | None, index: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, index, width)) == (level, index, width)


@pytest.mark.parametrize("path", [
    "", "tile", "/tile/0/000", "tile/0/000/", "tile/00/000", "tile/64/000", "tile/99/000", "tile/-1/000",
    "tile/0/0", "tile/0/0000", "tile/0/x000/067", "tile/0/001/067", "tile/0/x001", "tile/0/X001/067",
    "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000p/1",
    "tile/entries/000.p/999", "tile/data/000", "tile/0/000\n", "tile/0/\u0660\u0660\u0660", "tile/0/../0/000",
    "tile/8/0/000", "tile/0/" + "x001/" * 30 + "000",
])  # fmt: skip
def test_no_other_path_is_read(path: str) -> None:
    with pytest.raises(VerificationFailed):
        parse_tile_path(path)


@given(st.text(alphabet="tilenrsxp0129./", max_size=30))
def test_whatever_is_read_is_canonical(path: str) -> None:
    try:
        read = parse_tile_path(path)
    except VerificationFailed:
        return
    assert tile_path(*read) == path


@pytest.mark.parametrize(("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_no_path_for_what_is_no_tile(level: int, index: int, width: int) -> None:
    with pytest.raises(ValueError, match="no tile"):
        tile_path(level, index, width)


# -- which tiles --------------------------------------------------------------------------------------------------


def test_the_tiles_of_70_000_entries() -> None:
    tiles = list(tiles_of(70_000))
    assert [tile for tile in tiles if tile[0] == 0] == [*((0, at, 256) for at in range(273)), (0, 273, 112)]
    assert [tile for tile in tiles if tile[0] > 0] == [(1, 0, 256), (1, 1, 17), (2, 0, 1)]


@pytest.mark.parametrize(("size", "tiles"), [
    (0, []),
    (1, [(0, 0, 1)]),
    (255, [(0, 0, 255)]),
    (256, [(0, 0, 256), (1, 0, 1)]),
    (257, [(0, 0, 256), (0, 1, 1), (1, 0, 1)]),
])  # fmt: skip
def test_the_tiles_of_small_trees(size: int, tiles: list[tuple[int, int, int]]) -> None:
    assert list(tiles_of(size)) == tiles


@given(st.integers(0, 200_000))
def test_the_widths_are_those_of_the_text(size: int) -> None:
    tiles = list(tiles_of(size))
    for level in range(4):
        full, partial = size // 256 ** (level + 1), size // 256**level % 256
        expected = [(level, index, 256) for index in range(full)] + ([(level, full, partial)] if partial else [])
        assert [tile for tile in tiles if tile[0] == level] == expected


@given(st.integers(0, 140_000), st.integers(0, 140_000))
@example(256, 256)
@example(0, 65_536)
@example(65_535, 65_536)
def test_a_tree_that_grows_needs_just_the_tiles_it_had_not(one: int, other: int) -> None:
    old, new = sorted((one, other))
    needed = list(new_tiles(old, new))
    assert len(needed) == len(set(needed))
    assert set(needed) == set(tiles_of(new)) - set(tiles_of(old))


# -- bundles ------------------------------------------------------------------------------------------------------


def test_a_known_bundle() -> None:
    assert encode_bundle([b"", b"ab", b"\0"]) == b"\0\0" + b"\0\2ab" + b"\0\1\0"


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_is_read_as_it_was_written(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries)) == entries


@given(st.binary(max_size=60), st.integers(0, 6))
def test_whatever_bundle_is_read_is_canonical(data: bytes, width: int) -> None:
    try:
        entries = decode_bundle(data, width)
    except VerificationFailed:
        return
    assert len(entries) == width
    assert encode_bundle(entries) == data


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=9), st.data())
def test_no_bundle_of_another_length_or_width_is_read(entries: list[bytes], data: st.DataObject) -> None:
    bundle = encode_bundle(entries)
    cut = data.draw(st.integers(0, len(bundle) - 1))
    for other, width in [
        (bundle[:cut], len(entries)), (bundle + b"\0", len(entries)),
        (bundle, len(entries) + 1), (bundle, len(entries) - 1),
    ]:  # fmt: skip
        with pytest.raises(VerificationFailed):
            decode_bundle(other, width)


def test_a_bundle_of_a_claimed_width_is_not_walked_beyond_its_end() -> None:
    with pytest.raises(VerificationFailed, match="ends before"):
        decode_bundle(b"\0\0", 2**60)


def test_the_bounds_of_an_entry_and_a_bundle() -> None:
    largest = [b"x" * 65_535] * 256
    assert len(encode_bundle(largest)) == MAX_BUNDLE
    assert decode_bundle(encode_bundle(largest), 256) == largest
    with pytest.raises(VerificationFailed, match="too long"):
        decode_bundle(bytes(MAX_BUNDLE + 1), 256)
    with pytest.raises(EntryRefused, match="65535"):
        encode_bundle([b"x" * 65_536])


# -- proofs -------------------------------------------------------------------------------------------------------


def check_against_whole(tree: TileTree, draws: random.Random, rounds: int) -> None:
    """Compare proofs with those of the tree that holds everything, for sizes up to the tree's."""
    assert tree.root() == whole().root(tree.size)
    assert tree.root(0) == merkle.EMPTY_ROOT
    for _ in range(rounds if tree.size else 0):
        size = draws.choice([tree.size, draws.randint(1, tree.size)])
        index, old = draws.randrange(size), draws.randint(0, size)
        assert tree.leaf(index) == leaves()[index]
        assert tree.leaves(index // 256) == b"".join(leaves()[index // 256 * 256 : tree.size][:256])
        assert tree.inclusion(index, size) == whole().inclusion(index, size)
        assert tree.consistency(old, size) == whole().consistency(old, size)
        assert tree.root(size) == whole().root(size)


@pytest.mark.parametrize("size", SIZES)
def test_the_proofs_are_those_of_the_whole_tree(size: int) -> None:
    check_against_whole(Store(size).tree(size), seeded(size), 200)


@settings(max_examples=60)
@given(st.one_of(st.integers(0, 1500), st.integers(0, LARGE)), st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_proofs_of_any_size_with_any_memory(size: int, keep: int, draws: random.Random) -> None:
    check_against_whole(Store(size).tree(size, keep=keep), draws, 10)


def test_every_proof_verifies() -> None:
    tree = Store(1000).tree(1000)
    for size in (1, 255, 256, 257, 600, 1000):
        for index in range(0, size, 37):
            path = tree.inclusion(index, size)
            merkle.verify_inclusion(tree.leaf(index), index, size, path, tree.root(size))
            path = tree.consistency(index, size)
            merkle.verify_consistency(index, tree.root(index), size, tree.root(size), path)


def test_what_lies_outside_the_tree_is_refused() -> None:
    tree = Store(300).tree(300)
    for ask in (
        lambda: tree.leaf(300), lambda: tree.leaf(-1), lambda: tree.leaves(2), lambda: tree.leaves(-1),
        lambda: tree.inclusion(0, 301), lambda: tree.inclusion(300, 300), lambda: tree.inclusion(-1, 300),
        lambda: tree.consistency(1, 301), lambda: tree.consistency(5, 4), lambda: tree.consistency(-1, 4),
        lambda: tree.root(301), lambda: tree.root(-1),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"tree of|do not hold"):
            ask()


def test_a_warm_proof_fetches_nothing() -> None:
    store = Store(LARGE)
    tree = store.tree(LARGE)
    tree.inclusion(5, LARGE)
    tree.consistency(300, LARGE)
    store.asked.clear()
    tree.inclusion(6, LARGE)
    tree.consistency(301, LARGE)
    assert store.asked == []


def test_memory_is_bounded() -> None:
    tree = Store(LARGE).tree(LARGE, keep=3)
    for number in range(0, LARGE, 256):
        tree.leaves(number // 256)
        assert len(tree._tiles) + len(tree._earlier) <= 3
    grown = tree.grown(LARGE, tree.root())
    for number in range(0, LARGE, 256):
        grown.leaves(number // 256)
        assert len(grown._tiles) + len(grown._earlier) <= 3


# -- bad tiles ----------------------------------------------------------------------------------------------------


def flipped(data: bytes, bit: int) -> bytes:
    other = bytearray(data)
    other[bit // 8 % len(other)] ^= 1 << bit % 8
    return bytes(other)


@settings(max_examples=150)
@given(st.integers(1, 1200) | st.integers(65_530, LARGE), st.data())
def test_no_mutated_tile_goes_into_a_proof(size: int, data: st.DataObject) -> None:
    store = Store(size)
    path = data.draw(st.sampled_from(sorted(store.tiles)))
    tile = store.tiles[path]
    store.tiles[path] = data.draw(st.sampled_from([
        flipped(tile, data.draw(st.integers(0, 8 * len(tile) - 1))),
        tile[:-1], tile[:-32], tile + b"\0", tile + bytes(32), b"", tile[32:] + tile[:32],
        store.tiles[data.draw(st.sampled_from(sorted(store.tiles)))],
    ]))  # fmt: skip
    assume(store.tiles[path] != tile)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    asks: list[tuple[Callable[[TileTree], object], object]] = [
        (lambda tree: tree.inclusion(index, size), whole().inclusion(index, size)),
        (lambda tree: tree.consistency(old, size), whole().consistency(old, size)),
        (lambda tree: tree.leaf(index), leaves()[index]),
        (lambda tree: tree.root(old), whole().root(old)),
    ]
    for ask, right in asks:
        store.asked.clear()
        try:
            found = ask(store.tree(size))
        except VerificationFailed as error:
            assert error.place == path or ".p/" in path  # noqa: PT017 - the partial tiles are only known together
            assert path in store.asked
        else:
            assert found == right
            assert path not in store.asked


def test_a_tile_that_is_missing_or_has_another_length_is_named() -> None:
    for path in tiles_by_path(700):
        for bad in (None, b"", bytes(8193), tiles_by_path(700)[path][:-1]):
            store = Store(700)
            if bad is None:
                del store.tiles[path]
            else:
                store.tiles[path] = bad
            with pytest.raises(VerificationFailed) as caught:
                [store.tree(700).leaf(index) for index in (0, 300, 600)]
            assert caught.value.place == path


def test_a_tile_that_cannot_be_read_is_named() -> None:
    def fetch(path: str) -> bytes:
        raise PermissionError(path)

    with pytest.raises(VerificationFailed, match=r"tile/0/000\.p/9: it cannot be read"):
        TileTree(fetch, 9)


def test_the_tiles_of_another_root_are_refused() -> None:
    for size in (0, 1, 256, 700):
        with pytest.raises(VerificationFailed, match="do not lead to the root"):
            TileTree(Store(size).fetch, size, root=bytes(32))


@pytest.mark.parametrize("size", [1, 255, 257, 65_600])
def test_a_full_tile_stands_in_for_a_partial_one_that_is_gone(size: int) -> None:
    store = Store(size)
    store.tiles |= {path: data for path, data in tiles_by_path(LARGE).items() if ".p/" not in path}
    for path in [path for path in store.tiles if path.startswith("tile/0/") and ".p/" in path]:
        del store.tiles[path]
    check_against_whole(store.tree(size), seeded(size), 20)
    stand_in = tile_path(0, size // 256)
    store.tiles[stand_in] = store.tiles[stand_in][:-1]
    with pytest.raises(VerificationFailed) as caught:
        store.tree(size)
    assert caught.value.place == stand_in


# -- growing and pruning ------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(0, 3000), st.integers(0, 3000), st.randoms(use_true_random=False))
def test_a_tree_that_grew_gives_the_same_proofs(one: int, other: int, draws: random.Random) -> None:
    old, new = sorted((one, other))
    tree = Store(old).tree(old)
    check_against_whole(tree, draws, 20)
    tree._source.fetch.__self__.tiles = tiles_by_path(new)  # type: ignore[attr-defined] # the store of this test
    check_against_whole(tree.grown(new, whole().root(new)), draws, 20)


def test_growing_keeps_the_tiles_in_memory() -> None:
    store = Store(LARGE)
    tree = store.tree(LARGE - 300)
    tree.inclusion(5, LARGE - 300)
    store.asked.clear()
    tree.grown(LARGE, whole().root(LARGE)).inclusion(6, LARGE)
    assert tile_path(0, 0) not in store.asked


def test_a_fork_is_refused_when_growing() -> None:
    forked, rows, store = list(leaves()[:900]), merkle.TileRows(), Store(600)
    tree = store.tree(600)
    tree.inclusion(5, 600)
    forked[7] = bytes(32)
    rows.extend(forked)
    store.tiles = {tile_path(level, index): data for level, index, data in rows.take_full()}
    store.tiles |= {tile_path(level, index, width): data for level, index, width, data in rows.partials()}
    with pytest.raises(VerificationFailed, match="does not begin with the tree of 600"):
        tree.grown(900, rows.root())


def test_a_tree_does_not_shrink() -> None:
    store = Store(600)
    tree = store.tree(600)
    store.tiles |= tiles_by_path(599)
    with pytest.raises(VerificationFailed, match="tree of 599 is smaller than the tree of 600"):
        tree.grown(599, whole().root(599))


@pytest.mark.parametrize("minimum", [1024, 1100, 1279])
def test_a_pruned_tile_is_told_from_a_lost_one(minimum: int) -> None:
    size = 2000
    store = Store(size)
    for index in range(minimum // 256):
        del store.tiles[tile_path(0, index)]
    tree = store.tree(size, minimum=minimum)
    for index in range(minimum // 256 * 256, size):
        assert tree.inclusion(index, size) == whole().inclusion(index, size)
        assert tree.consistency(index, size) == whole().consistency(index, size)
    with pytest.raises(EntryPruned, match=f"from {minimum} on") as caught:
        tree.leaf(1023)
    assert caught.value.minimum == minimum
    with pytest.raises(EntryPruned):
        tree.inclusion(3, size)
    del store.tiles[tile_path(0, minimum // 256)]
    with pytest.raises(VerificationFailed, match="tile/0/004: it is not there"):
        store.tree(size, minimum=minimum).leaf(minimum)
    assert issubclass(EntryPruned, AuditError)
    assert not issubclass(EntryPruned, VerificationFailed)
