"""The auditor's kit: a static folder of a log or trail as it is published, which anyone can check offline."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit import format as layout
from audit import inventory, tiles
from audit.errors import AuditError, VerificationFailed
from audit.inventory import open_file, read_file, read_text, shown
from audit.manifest import manifest_lines
from audit.published import Minimum
from audit.shards import shard_names
from audit.treecheck import WIDTH, Progress, PublishedTree, named_tags
from audit.verifier import Verified, read_checkpoint, silent, verify_directory, verify_trail

_MAX_TOOL: Final = 1_048_576  # bytes

_README: Final = """\
An audit log, to be checked offline
===================================

This folder is a copy of what {what} had published when it was made. Nothing in it has to be believed.

1. Are the files whole? (coreutils)

       sha256sum -c {manifest}

2. Are they the log that was signed? (Python, the package `audit` with `cryptography` and `msgspec`; no network)

       python -m audit verify .
       python -m audit verify . --policy YOUR-POLICY

   The first command takes the keys from this folder: then the log agrees with itself. Whose log it is shows the second
   one: YOUR-POLICY holds the keys of the log and of its witnesses that you got on another way (c2sp.org/tlog-policy).

3. By other programs: checkpoint, tiles and entry bundles are as c2sp.org/tlog-checkpoint and c2sp.org/tlog-tiles have
   them, so golang.org/x/mod/sumdb (note, tlog) and all tools for tiled logs can read them.{tools}

Compare the checkpoint with one that you kept earlier, or that somebody else has: the log must have grown out of it.
{tags}"""
_TOOLS: Final = """
   The source of such a program is in `tools/`; its first lines say how to build and to run it."""
_NO_TAGS: Final = """
The tag files of bulk entries were left out. `verify` says how many there are; what was released to whom can be checked
for the other entries only.
"""


@dataclass(frozen=True, slots=True)
class Kit:
    """What a kit is made of, apart from the log."""

    with_tags: bool = True
    tools: Sequence[Path] = ()  # source files of other verifiers


def write_kit(directory: Path, out: Path, kit: Kit = Kit(), *, progress: Progress = silent) -> list[Verified]:
    """Write the kit of a log or a trail into the folder ``out``, which is made; verify it, and say what it holds.

    The log may be written meanwhile: the kit is of one checkpoint. Raises ``AuditError`` and ``VerificationFailed``;
    the folder is then not whole, and does not verify.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise AuditError("the folder of a kit is made new, or empty")
    out.mkdir(parents=True, exist_ok=True)
    is_log = (directory / layout.CHECKPOINT_FILE).exists()
    names = [""] if is_log else shard_names(directory)
    if not names:
        raise VerificationFailed(shown(directory.name), "it holds neither a log nor shards")
    for name in names:
        _copy_log(directory / name, out / name, with_tags=kit.with_tags, progress=progress)
    _put_texts(out, kit, "a log" if is_log else f"a trail of {len(names)} shards")
    with (out / inventory.MANIFEST_FILE).open("wb") as file:
        file.writelines(manifest_lines(out))
    return [verify_directory(out)] if is_log else verify_trail(out)


def _put_texts(out: Path, kit: Kit, what: str) -> None:
    for tool in kit.tools:
        _put(out, f"{inventory.TOOLS_FOLDER}/{tool.name}", read_file(tool.parent, tool.name, _MAX_TOOL))
    tags, tools = "" if kit.with_tags else _NO_TAGS, _TOOLS if kit.tools else ""
    text = _README.format(what=what, manifest=inventory.MANIFEST_FILE, tools=tools, tags=tags)
    _put(out, inventory.README_FILE, text.encode())


def _copy_log(directory: Path, out: Path, *, with_tags: bool, progress: Progress) -> None:
    """Copy what one checkpoint publishes."""
    pruned = Minimum.read(directory)
    signed = read_text(directory, layout.CHECKPOINT_FILE)
    published, _ = read_checkpoint(directory, signed, None)
    tree = PublishedTree(directory, published.size, pruned.minimum if pruned else 0)
    _put(out, layout.CHECKPOINT_FILE, signed.encode())
    _put(out, layout.POLICY_FILE, read_file(directory, layout.POLICY_FILE))
    if pruned:
        _put(out, layout.MINIMUM_FILE, read_file(directory, layout.MINIMUM_FILE))
    named: set[str] = set()
    for index in range(tree.minimum // WIDTH, -(-tree.size // WIDTH)):  # what is pruned may be any number
        named.update(_copy_bundle(tree, out, index))
        progress(min(tree.size, (index + 1) * WIDTH), tree.size)
    _copy_tiles(tree, out)
    if with_tags:
        _copy_tags(directory, out, named)


def _copy_bundle(tree: PublishedTree, out: Path, index: int) -> Iterable[str]:
    """Copy a bundle; return the roots of the tag files that its entries name."""
    entries = tree.entries(index)
    if entries is None:
        return ()
    _put(out, tiles.tile_path(None, index, len(entries)), tiles.encode_bundle(entries))
    return {bulk[0] for at, entry in enumerate(entries, index * WIDTH) if (bulk := named_tags(at, entry))}


def _copy_tiles(tree: PublishedTree, out: Path) -> None:
    """Copy all tiles, but of level 0 those from the minimum on only."""
    for above, index, width in tiles.tiles_of(tree.size // WIDTH):
        _put(out, tiles.tile_path(above + 1, index, width), tree.row(above + 1, index))
    for index in range(tree.minimum // WIDTH, -(-tree.size // WIDTH)):
        width = min(WIDTH, tree.size - index * WIDTH)
        _put(out, tiles.tile_path(0, index, width), tree.leaves(index) or b"")


def _copy_tags(directory: Path, out: Path, named: set[str]) -> None:
    for root in sorted(named):
        path = f"{layout.TAGS_FOLDER}/{root}"
        (out / layout.TAGS_FOLDER).mkdir(exist_ok=True)
        try:
            with open_file(directory, path) as source, (out / path).open("xb") as file:
                shutil.copyfileobj(source, file, 1_048_576)
        except OSError:
            raise VerificationFailed(path, "it cannot be copied") from None


def _put(out: Path, path: str, data: bytes) -> None:
    (out / path).parent.mkdir(parents=True, exist_ok=True)
    (out / path).write_bytes(data)
