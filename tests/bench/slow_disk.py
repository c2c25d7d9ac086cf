"""A disk that takes its time: every sync takes so many milliseconds more.

As a program, it runs another module so: python -m tests.bench.slow_disk MS MODULE ARGUMENT...
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from typing import Any

_sync = os.fsync


def slow(milliseconds: float) -> None:
    """Have every sync of this process take longer from now on, as other threads go on."""

    def sync(fd: Any) -> None:
        time.sleep(milliseconds / 1000)
        _sync(fd)

    os.fsync = sync


if __name__ == "__main__":
    slow(float(sys.argv[1]))
    module, sys.argv = sys.argv[2], sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
