"""SQLite without what Python's own `sqlite3` adds to it: that loads the calendar, for dates that
no database of ours holds, and costs every command half an interpreter's start."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
else:
    try:
        import _sqlite3 as sqlite3
    except ImportError:
        import sqlite3

__all__ = ["file_uri", "sqlite3"]
_SAFE = b"/-_.~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def file_uri(path: str) -> str:
    """A path as a URI, quoted as `urllib.parse.quote` does, which loads `re`."""
    data = os.fsencode(path)
    return "file:" + "".join(chr(one) if one in _SAFE else f"%{one:02X}" for one in data)
