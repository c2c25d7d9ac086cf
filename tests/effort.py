"""How much the tests try. `LOOP_FAULTS=all` has all of it, and takes an hour."""

from __future__ import annotations

import os

ALL = os.environ.get("LOOP_FAULTS") == "all"


def examples(count: int) -> int:
    """How many examples a property is tried with, of the `count` that all of it has."""
    return count if ALL else count // 2
