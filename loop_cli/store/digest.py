"""SHA-256 without OpenSSL: loading that costs a third of an interpreter's start.

CPython's own implementation is as good for files of this size; where a Python has neither
of its modules, `hashlib` does it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha256 as _sha256
else:
    try:
        from _sha2 import sha256 as _sha256  # 3.12 and later
    except ImportError:
        try:
            from _sha256 import sha256 as _sha256
        except ImportError:
            from hashlib import sha256 as _sha256


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of `data` in 64 hex digits."""
    return _sha256(data).hexdigest()
