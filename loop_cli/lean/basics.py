"""Dates, SHA-256, random UUIDs and context managers without their usual modules.

Each is a few lines, and saves a third of an interpreter's start or more: `datetime` defines all its
classes in Python first, `hashlib` loads OpenSSL, `uuid` asks the system for its network,
`contextlib` loads four other modules.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import ExitStack, closing, suppress
    from datetime import date
    from hashlib import sha256 as _small
else:
    try:
        from _datetime import date
    except ImportError:
        from datetime import date
    try:  # looking for a missing module costs as much as loading one
        if sys.version_info >= (3, 12):
            from _sha2 import sha256 as _small
        else:
            from _sha256 import sha256 as _small
    except ImportError:
        from hashlib import sha256 as _small

    class suppress:  # noqa: N801
        """Suppresses these errors in a block."""

        def __init__(self, *kinds):
            self._kinds = kinds

        def __enter__(self):
            return None

        def __exit__(self, kind, _error, _trace):
            return kind is not None and issubclass(kind, self._kinds)

    class closing:  # noqa: N801
        """Closes something after the block, whatever happened in it."""

        def __init__(self, thing):
            self._thing = thing

        def __enter__(self):
            return self._thing

        def __exit__(self, *_raised):
            self._thing.close()

    class ExitStack:
        """Enters other managers, and leaves them after the block in reverse order."""

        def __init__(self):
            self._entered = []

        def __enter__(self):
            return self

        def enter_context(self, manager):
            """Enter a manager; return its value."""
            given = manager.__enter__()
            self._entered.append(manager)
            return given

        def __exit__(self, _kind, error, _trace):
            raised = error
            while self._entered:
                manager = self._entered.pop()
                try:
                    kind = None if raised is None else type(raised)
                    trace = None if raised is None else raised.__traceback__
                    if manager.__exit__(kind, raised, trace):
                        raised = None
                except BaseException as other:
                    raised = other
            if raised is not None and raised is not error:
                raise raised
            return error is not None and raised is None


__all__ = ["ExitStack", "closing", "date", "sha256_hex", "suppress", "uuid4"]
_MANY = 1 << 18  # from this size on OpenSSL is worth its cost: it is several times faster
_sha256 = _small
_hashed = 0


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` in 64 hex digits.

    For a few files, CPython's own is as good as OpenSSL's.
    """
    global _hashed, _sha256  # noqa: PLW0603  who hashes much does not notice what loading costs
    if _sha256 is _small:
        _hashed += len(data)
        if _hashed > _MANY:
            import hashlib

            _sha256 = hashlib.sha256
    return _sha256(data).hexdigest()


def uuid4() -> str:
    """Return a random UUID (RFC 9562, version 4) as text."""
    bits = int.from_bytes(os.urandom(16))
    bits = bits & ~(0xF << 76) | 4 << 76
    bits = bits & ~(0x3 << 62) | 2 << 62
    digits = f"{bits:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
