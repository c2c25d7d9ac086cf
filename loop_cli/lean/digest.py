"""SHA-256 without OpenSSL: loading that costs a third of an interpreter's start.

CPython's own implementation is as good for a few files; where a Python has neither of its
modules, and for many files, `hashlib` does it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha256 as _small
else:
    try:
        from _sha2 import sha256 as _small  # 3.12 and later
    except ImportError:
        try:
            from _sha256 import sha256 as _small
        except ImportError:
            from hashlib import sha256 as _small

_MANY = 1 << 18  # bytes from which on OpenSSL's, which is several times faster, is worth it
_sha256 = _small
_hashed = 0


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of `data` in 64 hex digits."""
    global _hashed, _sha256  # noqa: PLW0603  who hashes much does not notice what loading costs
    if _sha256 is _small:
        _hashed += len(data)
        if _hashed > _MANY:
            import hashlib

            _sha256 = hashlib.sha256
    return _sha256(data).hexdigest()
