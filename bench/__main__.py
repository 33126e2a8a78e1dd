"""``python -m bench NAME [--people N] [--json]``: run ``bench.NAME``; with ``--json`` the last line is one object."""

from __future__ import annotations

import argparse
import importlib
import json
import sys

from bench.arguments import Arguments

NAMES = ("ingest", "segment", "audit", "detection", "policy")


def main() -> int:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--people", type=int, default=Arguments().people)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line, else a line a figure")
    asked = parser.parse_args()
    figures = importlib.import_module(f"bench.{asked.name}").run(Arguments(asked.people, asked.json))
    print(json.dumps(figures) if asked.json else "\n".join(f"{name}: {value}" for name, value in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
