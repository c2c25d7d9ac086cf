"""From what a user asks for to what an entity shall be: typed, validated, all problems at once.

`intend` is pure: every store calls it under its lock, with the state it compares.
"""

from __future__ import annotations

from loop_cli.core.diff import MISSING, diff_fields, value_at
from loop_cli.core.fields import (
    Mismatch,
    allowed,
    check,
    from_text,
    item_from_text,
)
from loop_cli.core.names import join_dotted, nearest
from loop_cli.errors import InvalidChange
from loop_cli.lean.plain import copied_at, key_in, same
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from loop_cli.core.changes import Change
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema import Schema

_SHOWN = 200


class Intent(Struct):
    """The state that changes lead to.

    `wanted` maps the names of diffs to the values asked for, `MISSING` for a removal;
    `edits` are those that differ, by path, `rewrites` the values to be written once more, which
    the diff has with `old` as `new`; `warnings` are sentences for the user.
    """

    fields: dict[str, Any]
    wanted: dict[str, Any]
    edits: tuple[tuple[tuple[str, ...], Any], ...]
    diff: Diff
    warnings: tuple[str, ...]
    rewrites: tuple[tuple[tuple[str, ...], Any], ...] = ()


class _Problem(Exception):
    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.entry = {"problem": code, "message": message, **more}


def intend(
    fields: Mapping[str, Any],
    changes: Iterable[Change],
    *,
    entity_id: str,
    entity_type: str,
    schema: Schema,
    names: FieldNames,
) -> Intent:
    """What `fields` become. Raises `InvalidChange` with every problem (SPEC §4)."""
    changes = tuple(changes)
    result = copied_at(fields, {change.path[0] for change in changes})
    edits: dict[tuple[str, ...], Any] = {}
    rewrites: dict[tuple[str, ...], Any] = {}
    problems: list[dict[str, Any]] = []
    for change in changes:
        try:
            _refuse_unwritable(change, entity_type, fields, schema, names)
            if change.operation == "rewrite":
                rewrites[change.path] = value_at(fields, change.path)
                continue
            edits[change.path] = _apply(change, result, entity_type, schema)
        except _Problem as problem:
            value = {} if change.operation == "unset" else {"value": _shown(change.value)}
            problems.append({"field": change.name, **value, **problem.entry})
    if problems:
        raise InvalidChange(_summary(entity_id, problems), entity_id=entity_id, problems=problems)
    return Intent(
        fields=result,
        wanted={join_dotted(path): value for path, value in edits.items()},
        edits=tuple(
            (path, value)
            for path, value in edits.items()
            if not same(value_at(fields, path), value)
        ),
        diff={**_rewritten(rewrites), **diff_fields(fields, result)},
        warnings=tuple(
            f"{rule.field} is required when {rule.when}"
            for rule in schema.unmet(entity_type, result)
        ),
        rewrites=tuple(rewrites.items()),
    )


def _rewritten(rewrites: Mapping[tuple[str, ...], Any]) -> Diff:
    return {join_dotted(path): {"old": value, "new": value} for path, value in rewrites.items()}


def _summary(entity_id: str, problems: list[dict[str, Any]]) -> str:
    lines = [f"{problem['field']}: {problem['message']}" for problem in problems]
    if len(lines) == 1:
        return f"{entity_id}: {lines[0]}"
    return f"{entity_id}: {len(lines)} problems\n" + "\n".join(f"  {line}" for line in lines)


def _shown(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _SHOWN:
        return value[:_SHOWN] + "…"
    return value


def _refuse_unwritable(
    change: Change,
    entity_type: str,
    fields: Mapping[str, Any],
    schema: Schema,
    names: FieldNames,
) -> None:
    field = change.path[0]
    if field in names.read_only():
        what = "tells which entity it is" if field in (names.id, names.type) else "is set by loop"
        raise _Problem("read_only", f"{what} and can't be changed")
    writable = schema.writable_fields(entity_type, fields)
    if change.implied or change.restored or writable is None or field in writable:
        return
    choices = [name for name in writable if name not in names.read_only()]
    if field in schema.known_fields(entity_type):
        message = f"is read-only for {entity_type} (write_targets.writable_fields)"
        raise _Problem("read_only", message, allowed=choices)
    close = nearest(field, choices)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    message = f"is not a field of {entity_type}{meant}"
    raise _Problem("unknown_field", message, allowed=choices, nearest=close)


def _apply(change: Change, fields: dict[str, Any], entity_type: str, schema: Schema) -> Any:
    current = value_at(fields, change.path)
    if change.operation == "unset":
        if _is_required(change, entity_type, schema):
            raise _Problem("required", f"is required for {entity_type} and can't be removed")
        _remove(fields, change.path)
        return MISSING
    try:
        value = _value(change, current, fields, entity_type, schema)
    except Mismatch as mismatch:
        raise _mismatch(change, mismatch, entity_type, schema, fields) from None
    _refuse_unwritable_text(value)
    if value is None and current is not None and _is_required(change, entity_type, schema):
        raise _Problem("required", f"is required for {entity_type} and can't be null")
    if value is not MISSING:
        _put(fields, change.path, value)
    return value


def _is_required(change: Change, entity_type: str, schema: Schema) -> bool:
    field = change.path[0]
    top = len(change.path) == 1 and not change.restored
    return top and field in schema.required_fields(entity_type)


def _value(
    change: Change, current: Any, fields: dict[str, Any], entity_type: str, schema: Schema
) -> Any:
    if change.restored:
        return change.value
    spec = schema.spec(entity_type, change.path, fields)
    if change.operation == "set":
        return check(change.value, spec) if change.typed else from_text(change.value, spec)
    if isinstance(current, list):
        items = current
    elif current in (None, MISSING) and spec.kind in ("list", "any"):
        items = []
    else:
        raise _Problem("not_a_list", "+= and -= are for lists; this is not one")
    item = item_from_text(change.value, spec, items) if change.operation == "add" else change.value
    if change.operation == "add":
        if any(isinstance(one, dict | list) for one in items):
            raise _Problem("wrong_type", "its items are no texts: replace the list with :=")
        return current if any(same(item, one) for one in items) else [*items, item]
    kept = [one for one in items if not (same(one, item) or _text(one) == item)]
    return current if len(kept) == len(items) else kept


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return None
    return str(value)


def _mismatch(
    change: Change, mismatch: Mismatch, entity_type: str, schema: Schema, fields: dict[str, Any]
) -> _Problem:
    spec = schema.spec(entity_type, change.path, fields)
    meant = f"; did you mean {mismatch.nearest[0]}?" if mismatch.nearest else ""
    more: dict[str, Any] = {"nearest": mismatch.nearest}
    more["allowed"] = list(spec.choices) or allowed(spec)
    code = "not_in_enumeration" if spec.choices else "wrong_type"
    message = f"{_quoted(change.value)} is not {mismatch.allowed}{meant}"
    if change.value == "" and not change.typed:
        message = f"'' is not {mismatch.allowed} ('{change.name}:=null')"
    return _Problem(code, message, **more)


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _refuse_unwritable_text(value: Any) -> None:
    for text in _texts(value):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _Problem("not_text", "holds bytes or surrogates that are not UTF-8") from None


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)


def _put(fields: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    target = fields
    for depth, part in enumerate(path[:-1], start=1):
        key = key_in(target, part)
        inner = target.get(key)
        if inner is None:
            inner = target[key] = {}
        _refuse_index(inner, path, depth)
        target = inner
    target[key_in(target, path[-1])] = value


def _remove(fields: dict[str, Any], path: tuple[str, ...]) -> None:
    target: Any = fields
    for depth, part in enumerate(path[:-1], start=1):
        target = target.get(key_in(target, part))
        if target is None:
            return
        _refuse_index(target, path, depth)
    target.pop(key_in(target, path[-1]), None)


def _refuse_index(inner: Any, path: tuple[str, ...], depth: int) -> None:
    if isinstance(inner, dict):
        return
    outer = join_dotted(path[:depth])
    if isinstance(inner, list):
        raise _Problem("not_a_mapping", f"{outer} is a list: change it whole, or with += and -=")
    raise _Problem("not_a_mapping", f"{outer} is not a mapping, so it has no {path[depth]!r}")
