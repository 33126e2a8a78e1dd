"""The tree of RFC 6962: known answers, every proof of every small tree, and no other proof."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit import merkle
from audit.errors import VerificationFailed
from audit.tiles import TileTree, tile_path

# google/certificate-transparency, python/ct/crypto/merkle_test.py
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LARGEST = 64


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return merkle.node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def grown(size: int) -> tuple[merkle.Tree, list[bytes]]:
    leaves = merkle.leaf_hashes([b"entry %d" % number for number in range(size)])
    tree = merkle.Tree()
    tree.extend(leaves)
    return tree, leaves


@pytest.mark.parametrize("size", range(1, 9))
def test_the_known_roots_of_rfc_6962(size: int) -> None:
    tree, accumulator, rows = merkle.Tree(), merkle.Accumulator(), merkle.TileRows()
    for leaf in LEAVES[:size]:
        for grows in (tree, accumulator, rows):
            grows.extend([merkle.leaf_hash(leaf)])
    assert tree.root().hex() == accumulator.root().hex() == rows.root().hex() == ROOTS[size - 1]
    ((level, index, width, data),) = rows.partials()
    tile = TileTree({tile_path(level, index, width): data}.__getitem__, size)
    assert tile.root().hex() == ROOTS[size - 1]


def test_the_empty_tree() -> None:
    assert merkle.Tree().root() == merkle.Accumulator().root() == merkle.EMPTY_ROOT
    assert merkle.EMPTY_ROOT.hex().startswith("e3b0c44298fc1c14")


def test_every_inclusion_proof_of_every_small_tree_verifies_and_no_neighbour_does() -> None:
    tree, leaves = grown(LARGEST)
    for size in range(1, LARGEST + 1):
        root = tree.root(size)
        assert root == naive_root(leaves[:size])
        for index in range(size):
            proof = tree.inclusion(index, size)
            merkle.verify_inclusion(leaves[index], index, size, proof, root)
            for wrong in {index - 1, index + 1}:
                with pytest.raises(VerificationFailed):
                    merkle.verify_inclusion(leaves[index], wrong, size, proof, root)


def test_every_consistency_proof_of_every_small_tree_verifies_and_no_neighbour_does() -> None:
    tree, _ = grown(LARGEST)
    roots = [tree.root(size) for size in range(LARGEST + 1)]
    for new in range(LARGEST + 1):
        for old in range(new + 1):
            proof = tree.consistency(old, new)
            merkle.verify_consistency(old, roots[old], new, roots[new], proof)
            if old > 0:
                with pytest.raises(VerificationFailed):
                    merkle.verify_consistency(old, roots[old - 1], new, roots[new], proof)
            if 0 < old < new:  # an old tree of nothing says nothing of the new one
                with pytest.raises(VerificationFailed):
                    merkle.verify_consistency(old, roots[old], new, roots[new - 1], proof)


def halves(leaves: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return leaves[:k], leaves[k:]


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    left, right = halves(leaves)
    if m < len(left):
        return [*naive_path(m, left), naive_root(right)]
    return [*naive_path(m - len(left), right), naive_root(left)]


def naive_subproof(m: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2, word for word."""
    if m == len(leaves):
        return [] if known else [naive_root(leaves)]
    left, right = halves(leaves)
    if m <= len(left):
        return [*naive_subproof(m, left, known=known), naive_root(right)]
    return [*naive_subproof(m - len(left), right, known=False), naive_root(left)]


@pytest.mark.parametrize("size", [*range(1, 18), 31, 32, 33])
def test_the_proofs_are_those_of_the_definition(size: int) -> None:
    tree, leaves = grown(size)
    for at in range(size):
        assert tree.inclusion(at, size) == naive_path(at, leaves)
        assert tree.consistency(at + 1, size) == naive_subproof(at + 1, leaves, known=True)


@given(st.data())
def test_a_mutated_inclusion_proof_is_rejected(data: st.DataObject) -> None:
    tree, leaves = grown(size := data.draw(st.integers(2, 200)))
    index = data.draw(st.integers(0, size - 1))
    proof = data.draw(mutated(tree.inclusion(index, size)))
    with pytest.raises(VerificationFailed):
        merkle.verify_inclusion(leaves[index], index, size, proof, tree.root(size))


@given(st.data())
def test_a_mutated_consistency_proof_is_rejected(data: st.DataObject) -> None:
    tree, _ = grown(new := data.draw(st.integers(2, 200)))
    old = data.draw(st.integers(1, new - 1))
    proof = data.draw(mutated(tree.consistency(old, new)))
    with pytest.raises(VerificationFailed):
        merkle.verify_consistency(old, tree.root(old), new, tree.root(new), proof)


@st.composite
def mutated(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    at = draw(st.integers(0, len(proof) - 1))
    kind = draw(st.sampled_from(["flip", "drop", "double", "add", "cut"]))
    other = list(proof)
    if kind == "flip":
        flipped = bytearray(other[at])
        flipped[draw(st.integers(0, 31))] ^= 1 << draw(st.integers(0, 7))
        other[at] = bytes(flipped)
    elif kind == "drop":
        del other[at]
    elif kind == "double":
        other.insert(at, other[at])
    elif kind == "add":
        other.append(draw(st.binary(min_size=32, max_size=32)))
    else:
        other[at] = other[at][:-1]
    return other


@given(st.lists(st.lists(st.binary(max_size=4), max_size=40), max_size=10))
def test_growing_in_any_steps_gives_the_same_tree(steps: list[list[bytes]]) -> None:
    tree, accumulator, leaves = merkle.Tree(), merkle.Accumulator(), []
    for step in steps:
        leaves += merkle.leaf_hashes(step)
        tree.extend(merkle.leaf_hashes(step))
        accumulator.extend(merkle.leaf_hashes(step))
    assert tree.root() == accumulator.root() == naive_root(leaves)
    assert tree.size == accumulator.size == len(leaves)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, 4)])
def test_a_proof_outside_the_tree_is_refused(index: int, size: int) -> None:
    tree, _ = grown(3)
    with pytest.raises(ValueError, match=r"tree|sizes"):
        tree.inclusion(index, size)


def naive_tiles(leaves: list[bytes]) -> dict[tuple[int, int, int], bytes]:
    """Make the tiles as c2sp.org/tlog-tiles defines them: level l holds MTH(D[i * 256**l : (i + 1) * 256**l])."""
    tiles: dict[tuple[int, int, int], bytes] = {}
    level, row = 0, leaves
    while row:
        for index, at in enumerate(range(0, len(row), 256)):
            hashes = row[at : at + 256]
            tiles[level, index, len(hashes)] = b"".join(hashes)
        row = [naive_root(row[at : at + 256]) for at in range(0, len(row) - 255, 256)]
        level += 1
    return tiles


def emitted(leaves: list[bytes], cuts: list[int]) -> tuple[merkle.TileRows, dict[tuple[int, int, int], bytes]]:
    """Extend the rows from cut to cut, and check that nothing is handed out twice."""
    rows, full = merkle.TileRows(), {}
    for start, stop in pairwise([0, *cuts, len(leaves)]):
        rows.extend(leaves[start:stop])
        for level, index, data in rows.take_full():
            assert (level, index, 256) not in full
            full[level, index, 256] = data
    assert not rows.take_full()
    return rows, full | {(level, index, width): data for level, index, width, data in rows.partials()}


@given(st.integers(0, 1200), st.lists(st.integers(0, 1200), max_size=6))
@example(0, []).via("the empty tree has no tile")
@example(256, [255]).via("a full tile, and one hash above it")
@example(1024, [0, 256, 257, 1023])
def test_the_rows_give_the_tiles_of_the_definition_however_they_grew(size: int, cuts: list[int]) -> None:
    leaves = merkle.leaf_hashes([b"%d" % number for number in range(size)])
    rows, tiles = emitted(leaves, sorted(min(cut, size) for cut in cuts))
    assert tiles == naive_tiles(leaves)
    assert (rows.size, rows.root()) == (size, naive_root(leaves))


def test_the_rows_of_70_000_entries_in_groups() -> None:
    leaves = merkle.leaf_hashes([b"%d" % number for number in range(70_000)])
    rows, tiles = emitted(leaves, list(range(37, 70_000, 997)))
    assert tiles == naive_tiles(leaves)
    assert rows.root() == naive_root(leaves)
    assert [sum(level == at for level, _, _ in tiles) for at in range(4)] == [274, 2, 1, 0]


def test_partials_may_be_asked_at_any_time_and_change_nothing() -> None:
    leaves = merkle.leaf_hashes([b"%d" % number for number in range(600)])
    rows = merkle.TileRows()
    for leaf in leaves:
        rows.extend([leaf])
        assert rows.partials() == rows.partials()
    assert [(level, index, width) for level, index, width, _ in rows.partials()] == [(0, 2, 88), (1, 0, 2)]
    assert [(level, index) for level, index, _ in rows.take_full()] == [(0, 0), (0, 1)]
