"""The demo's data: real purchase histories joined with fictional people.

Takes: a folder and a seed. Gives: two source files, the same bytes for the same seed, and what to expect of them.
Never: data of a real person; where it comes from and on which terms: ``data/NOTICE.md``.
"""

from __future__ import annotations

from gateway.demo.identities import DemoFiles, write_demo_files
from gateway.demo.story import tell

__all__ = ["DemoFiles", "tell", "write_demo_files"]
