"""The tests that can't be the same on PostgreSQL, by the reason. A name is that of a module, or of
a class, a test or one case of a test in it."""

from __future__ import annotations

DIFFERS: dict[str, tuple[str, ...]] = {}
