"""Values that a record holds only the hash of, and what is kept of them for undo (SPEC §6)."""

from __future__ import annotations

from loop_cli.core.names import BODY
from loop_cli.store.base import as_json
from loop_cli.store.digest import sha256_hex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.audit import AuditRecord


def digest_of(data: bytes) -> dict[str, Any]:
    """What a record holds instead of a value that it does not show."""
    return {"sha256": sha256_hex(data), "bytes": len(data)}


def value_bytes(value: Any) -> bytes:
    """A value as it is hashed and kept: a text as it is, anything else as JSON."""
    return value.encode() if isinstance(value, str) else as_json(value).encode()


def value_of(data: bytes, record: AuditRecord, name: str, side: str) -> Any:
    """The value that was kept as `data` for one side, `old` or `new`, of the entry `name` of a
    record's diff.

    The bytes alone do not tell `5` from `"5"`; of `old` the record does. Raises `ValueError`
    where they are not what they should be, or nothing tells.
    """
    import json

    if side == "old" and name in record.kept_as_json:
        return json.loads(data)
    if side == "new" and name != BODY:
        try:
            json.loads(data)
        except ValueError:  # so they can be nothing but a text
            return data.decode()
        raise ValueError("a text or a value as JSON")
    return data.decode()
