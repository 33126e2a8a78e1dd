"""Which licence each locked package has, read from its installed metadata; renews the list in ``docs/dependencies.md``.

``python -m tests.architecture.licences`` writes it; ``test_dependencies.py`` keeps it true.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "dependencies.md"
BEGIN, END = "<!-- locked packages: begin -->", "<!-- locked packages: end -->"

# Nothing with stronger terms than the LGPL's.
ACCEPTED = frozenset(
    [
        "0BSD",
        "Apache-2.0",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
        "LGPL-2.1-or-later",
        "LGPL-3.0-only",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    ]
)
# Locked for other platforms, so not installed here; read from the packages by hand.
ELSEWHERE = {"colorama": "BSD-3-Clause", "httpx2-jsfetch": "BSD-3-Clause"}
# Offered under several, whose names the metadata leave to classifiers; the one that is taken here.
CHOSEN = {"libvoikko": "LGPL-2.1-or-later"}  # or MPL-1.1, or GPL-2.0-or-later
# How older metadata put it.
_SPDX = {
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd license": "BSD",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.1-or-later",  # its files say 2.1 or later
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "lgpl": "LGPL-2.1-or-later",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
}
_LONGEST = 60  # some put the whole text where a name belongs


def normal(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(file: str) -> set[str]:
    """Return the names of the packages in a lock file."""
    text = (ROOT / file).read_text("utf-8")
    return {normal(name) for name in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)}


def direct() -> set[str]:
    """Return the names that the project asks for itself."""
    text = "\n".join((ROOT / file).read_text("utf-8") for file in ("requirements.in", "requirements-dev.in"))
    return {normal(name) for name in re.findall(r"^([A-Za-z0-9][A-Za-z0-9_.-]*)", text, re.MULTILINE)}


def licence(name: str) -> str:
    """Return the SPDX expression of a package, or ``unknown``."""
    if name in CHOSEN:
        return CHOSEN[name]
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ELSEWHERE.get(name, "unknown")
    classifiers = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier", []) if c.startswith("License ::")]
    for given in (about.get("License-Expression"), about.get("License"), " OR ".join(classifiers)):
        if given and len(given) <= _LONGEST and "\n" not in given:
            return _SPDX.get(given.lower(), given)
    return "unknown"


def parts(expression: str) -> set[str]:
    """Return the licences that an SPDX expression names."""
    return set(re.split(r"\s+(?:AND|OR)\s+|[()]", expression)) - {""}


def listing() -> str:
    """Return the table of all locked packages."""
    runtime = locked("requirements.lock")
    rows = [
        f"| {name} | {licence(name)} | {'runtime' if name in runtime else 'development'} |"
        for name in sorted(runtime | locked("requirements-dev.lock"))
    ]
    return "\n".join([BEGIN, "| package | licence | for |", "|---|---|---|", *rows, END])


def renewed(document: str) -> str:
    """Return the document with its list renewed."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + listing() + after


if __name__ == "__main__":
    DOCUMENT.write_text(renewed(DOCUMENT.read_text("utf-8")), "utf-8")
