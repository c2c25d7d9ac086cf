"""Dates, SHA-256 and random UUIDs from the C below the standard library.

Each is a few lines, and what it stands in for costs a third of an interpreter's start or more:
`datetime` defines all its classes in Python first, `hashlib` loads OpenSSL, `uuid` asks the system
for its network.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import date
    from hashlib import sha256 as _small
else:
    try:
        from _datetime import date
    except ImportError:
        from datetime import date
    try:  # to look for a module that is not there costs as much as to load one that is
        if sys.version_info >= (3, 12):
            from _sha2 import sha256 as _small
        else:
            from _sha256 import sha256 as _small
    except ImportError:
        from hashlib import sha256 as _small

__all__ = ["date", "sha256_hex", "uuid4"]
_MANY = 1 << 18  # bytes from which on OpenSSL's, which is several times faster, is worth it
_sha256 = _small
_hashed = 0


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of `data` in 64 hex digits. CPython's own is as good as OpenSSL's for a few
    files."""
    global _hashed, _sha256  # noqa: PLW0603  who hashes much does not notice what loading costs
    if _sha256 is _small:
        _hashed += len(data)
        if _hashed > _MANY:
            import hashlib

            _sha256 = hashlib.sha256
    return _sha256(data).hexdigest()


def uuid4() -> str:
    """A random UUID (RFC 9562, version 4) as text."""
    bits = int.from_bytes(os.urandom(16))
    bits = bits & ~(0xF << 76) | 4 << 76
    bits = bits & ~(0x3 << 62) | 2 << 62
    digits = f"{bits:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
