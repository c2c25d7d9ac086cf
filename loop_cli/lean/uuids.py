"""Random UUIDs without `uuid`, which costs twice an interpreter."""

from __future__ import annotations

import os


def uuid4() -> str:
    """A random UUID (RFC 9562, version 4) as text."""
    bits = int.from_bytes(os.urandom(16))
    bits = bits & ~(0xF << 76) | 4 << 76
    bits = bits & ~(0x3 << 62) | 2 << 62
    digits = f"{bits:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
