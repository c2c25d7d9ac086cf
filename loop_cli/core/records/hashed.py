"""A diff as a record holds it: long and private values as their hash, of which the value is kept
for undo (SPEC §6)."""

from __future__ import annotations

from loop_cli.core.names import BODY, join_dotted
from loop_cli.core.records import record as audit
from loop_cli.core.store import as_json
from loop_cli.lean import jsontext
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.plain import key_text, same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.records.record import AuditRecord


def digest_of(data: bytes) -> dict[str, Any]:
    """What a record holds instead of a value that it does not show, and what it is kept under."""
    return {"sha256": sha256_hex(data), "bytes": len(data)}


def value_bytes(value: Any) -> bytes:
    """A value as it is kept, and hashed under that name: a text as it is, anything else as JSON."""
    return value.encode() if isinstance(value, str) else as_json(value).encode()


def as_logged(value: Any, data: bytes | None = None) -> Any:
    """A value as the log's readers have it: keys are texts, and what JSON can't say is a text.
    `data` are its `value_bytes`, where they are known."""
    if not isinstance(value, dict | list | float):
        return value
    return jsontext.loads(value_bytes(value) if data is None else data)


def comparable_digest(value: Any) -> dict[str, Any]:
    """What a record holds instead of a value that is not kept: the hash with the keys of mappings
    sorted, as texts, since their order makes no other value."""
    return digest_of(value_bytes(_sorted(value)))


def is_hash_of(value: Any, digest: Any) -> bool:
    """Whether a record's digest is that of a value, whichever way it was hashed."""
    data = value_bytes(value)
    if len(data) != digest["bytes"]:
        return False
    return digest in (digest_of(data), comparable_digest(value))


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


def hides_name(name: object, names: FieldNames, private: tuple[str, ...]) -> bool:
    """Whether records are without the entity's name, because that is a private field."""
    return audit.is_private(join_dotted((names.name,)), name, private)


def recordable(
    diff: Diff,
    private: tuple[str, ...],
    *,
    written: Callable[[str, Any], dict[str, Any]] | None = None,
) -> tuple[Diff, dict[str, bytes], dict[str, Any]]:
    """The diff as it is recorded, where all keys are texts; what undo needs of the values it only
    hashes, by hash; and which old ones are kept and no texts, or are more than JSON can say.
    `written` gives how an old value stood there, where JSON does not tell it."""
    recorded: Diff = {}
    kept: dict[str, bytes] = {}
    marks: dict[str, Any] = {}
    for name, entry in diff.items():
        shown = dict(entry)
        for side in ("old", "new"):
            value = entry[side]
            data = value_bytes(value)
            logged = as_logged(value, data)
            if side == "old" and not same(value, logged):
                marks.setdefault("inexact", []).append(name)
            hidden = audit.is_private(name, value, private)
            if value is None or (not hidden and len(data) <= audit.PLAIN_LIMIT):
                shown[side] = logged
                if side == "old" and written and not hidden and "added" not in entry:
                    marks.setdefault("written", {}).update(written(name, value))
                continue
            shown[side] = digest_of(data) if side == "old" else comparable_digest(value)
            if side == "old":
                kept[shown[side]["sha256"]] = data
                if not isinstance(value, str):
                    marks.setdefault("kept_as_json", []).append(name)
        recorded[name] = shown
    if not marks.get("written", True):
        del marks["written"]
    return recorded, kept, marks


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=key_text)}
    return list(map(_sorted, value)) if isinstance(value, list) else value
