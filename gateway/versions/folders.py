"""The texts of a pack in a folder: where drafts come from."""

from __future__ import annotations

from pathlib import Path

from gateway.foundation.errors import InvalidInput

MAX_PACK_BYTES = 4 * 1024 * 1024
_SUFFIXES = {".yaml", ".yml", ".md"}


def read_folder(directory: Path) -> dict[str, str]:
    """Return the texts of a pack by path; raises ``InvalidInput`` for a folder that is none, or too large."""
    if not (directory / "pack.yaml").is_file():
        raise InvalidInput(f"no policy pack in {directory}: name a folder with pack.yaml by --policies")
    files: dict[str, str] = {}
    size = 0
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.suffix in _SUFFIXES:
            size += path.stat().st_size
            if size > MAX_PACK_BYTES:
                raise InvalidInput(f"the policy pack in {directory} is larger than {MAX_PACK_BYTES} bytes")
            name = path.relative_to(directory).as_posix()
            try:
                files[name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                raise InvalidInput(f"{name} of the policy pack is not UTF-8") from None
    return files
