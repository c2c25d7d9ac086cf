"""SQLite without what Python's own `sqlite3` adds to it: that loads the calendar, for dates that
no database of ours holds, and costs every command half an interpreter's start."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
else:
    try:
        import _sqlite3 as sqlite3
    except ImportError:
        import sqlite3

__all__ = ["sqlite3"]
