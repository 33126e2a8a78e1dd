"""Random names: never the same twice, whoever draws them."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from gateway.foundation.identifiers import new_id, random_name


def test_a_name_has_128_bits_in_base_32() -> None:
    assert re.fullmatch("[a-z2-7]{26}", random_name())
    assert re.fullmatch("req_[a-z2-7]{26}", new_id("req"))


def test_threads_never_draw_the_same_name() -> None:
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _: [random_name() for _ in range(500)], range(16)))
    names = [name for some in drawn for name in some]
    assert len(set(names)) == len(names) == 8_000


_FORK = """
import os
from gateway.foundation.identifiers import random_name
random_name()  # names are left over that a careless child would give out as well
child = os.fork()
if child:
    os.waitpid(child, 0)  # one after the other, so that no line is cut
print("\\n".join(random_name() for _ in range(200)), flush=True)
"""


def test_a_child_process_draws_its_own() -> None:
    command = [sys.executable, "-c", _FORK]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603 - our own
    assert len(set(told)) == len(told) == 400
