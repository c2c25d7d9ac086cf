"""SQLite without the extras of Python's `sqlite3`, and the modules that they load.

The Python part adds dates, which loop's databases do not have, and loads the calendar for them. The
C part needs only `lru_cache` of `functools`, which is also in C. Together this saves every command
half an interpreter's start.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

__all__ = ["file_uri", "sqlite3"]
_SAFE = b"/-_.~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def file_uri(path: str) -> str:
    """Return a path as a URI, quoted as `urllib.parse.quote` does, which loads `re`."""
    data = os.fsencode(path)
    return "file:" + "".join(chr(one) if one in _SAFE else f"%{one:02X}" for one in data)


def _without_functools() -> Any:
    """Load the C part, with a stand-in for `functools` that has only this one function."""
    from _functools import _lru_cache_wrapper  # type: ignore[import-not-found]

    def lru_cache(most: int) -> Any:
        return lambda call: _lru_cache_wrapper(call, most, False, tuple)

    name = "functools"
    only: Any = type(sys)(name)
    only.lru_cache = lru_cache
    sys.modules[name] = only
    try:
        import _sqlite3

        return _sqlite3
    finally:
        del sys.modules[name]


if not TYPE_CHECKING:
    try:
        if "functools" in sys.modules:
            import _sqlite3 as sqlite3
        else:
            sqlite3 = _without_functools()
    except ImportError:  # not CPython
        import sqlite3
