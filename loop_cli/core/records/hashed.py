"""The diff of a record, with hashes for long and private values.

The values themselves are kept for undo (SPEC §6).
"""

from __future__ import annotations

from loop_cli.core.names import BODY, join_dotted
from loop_cli.core.records import record as audit
from loop_cli.lean import jsontext
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.plain import key_text, same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.records.record import AuditRecord


def digest_of(data: bytes) -> dict[str, Any]:
    """Return the hash that stands for a value in a record, and names the kept value."""
    return {"sha256": sha256_hex(data), "bytes": len(data)}


def value_bytes(value: Any) -> bytes:
    """Return the bytes of a value to keep and to hash: a text as it is, other values as JSON."""
    return value.encode() if isinstance(value, str) else as_json(value).encode()


def as_logged(value: Any, data: bytes | None = None) -> Any:
    """Return a value as readers of the log see it.

    Keys become texts, and so do values that JSON can't express. `data` are its `value_bytes`, if
    they are known.
    """
    if not isinstance(value, dict | list | float):
        return value
    return jsontext.loads(value_bytes(value) if data is None else data)


def comparable_digest(value: Any) -> dict[str, Any]:
    """Return the hash for a value that is not kept.

    The keys of mappings are sorted, as texts, because their order does not change the value.
    """
    return digest_of(value_bytes(_sorted(value)))


def is_hash_of(value: Any, digest: Any) -> bool:
    """Whether a record's hash fits a value; there are two ways to hash."""
    data = value_bytes(value)
    if len(data) != digest["bytes"]:
        return False
    return digest in (digest_of(data), comparable_digest(value))


def value_of(data: bytes, record: AuditRecord, name: str, side: str) -> Any:
    """Return the value that was kept as `data`, for `old` or `new` in the entry `name` of a diff.

    The bytes alone can't tell `5` from `"5"`, but the record can, for `old`. Raises `ValueError` if
    the bytes are wrong, or nothing tells the value.
    """
    import json

    if side == "old" and name in record.kept_as_json:
        return json.loads(data)
    if side == "new" and name != BODY:
        try:
            json.loads(data)
        except ValueError:  # so they can only be a text
            return data.decode()
        raise ValueError("a text or a value as JSON")
    return data.decode()


def hides_name(name: object, names: FieldNames, private: tuple[str, ...]) -> bool:
    """Whether records leave out the entity's name, because it is a private field."""
    return audit.is_private(join_dotted((names.name,)), name, private)


def recordable(
    diff: Diff,
    private: tuple[str, ...],
    *,
    written: Callable[[str, Any], dict[str, Any]] | None = None,
) -> tuple[Diff, dict[str, bytes], dict[str, Any]]:
    """Return a diff as it is recorded (all keys are texts), and what goes with it.

    Also returned: the values that undo needs, by hash; and marks about old values that are kept as
    JSON, or that JSON can't express. `written` is the spelling of old values that JSON can't tell.
    """
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
