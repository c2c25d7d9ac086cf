"""Find the right value for a wrong one, if there is only one."""

from __future__ import annotations

import re

from loop_cli.core.fields import Mismatch, check, from_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.fields import FieldSpec
    from loop_cli.core.schema.schema import Schema

_DATE = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})\.?", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::00)?", re.ASCII)
_BOOLEANS = {"yes": True, "no": False, "on": True, "off": False, "true": True, "false": False}


def repaired(value: Any, spec: FieldSpec, schema: Schema, entity_type: str, field: str) -> Any:
    """Return the right value of the field for `value`; None if that is not certain."""
    right = _right(value, spec, schema, entity_type, field)
    try:
        return None if right is None else check(right, spec)
    except Mismatch:
        return None


def _right(value: Any, spec: FieldSpec, schema: Schema, entity_type: str, field: str) -> Any:
    if spec.kind == "list":
        if isinstance(value, list):
            items = [_choice(item, spec, schema, entity_type, field) for item in value]
            return None if None in items else items
        single = isinstance(value, str) and re.search(r"[\s,]", value) is None and value
        return [value] if single else None
    if spec.choices:
        return _choice(value, spec, schema, entity_type, field)
    if isinstance(value, str):
        return _from_text(value.strip(), spec)
    if spec.kind == "text" and type(value) is int:
        return str(value)
    return None


def _choice(value: Any, spec: FieldSpec, schema: Schema, entity_type: str, field: str) -> Any:
    """Return the choice that differs only in case or blanks, or has this label.

    Or the new name of an old status, if the schema has one.
    """
    if not isinstance(value, str):
        return None
    if value in spec.choices:
        return value
    wanted = _folded(value)
    names = {
        one: {_folded(one), _folded(_label(schema, entity_type, field, one))}
        for one in spec.choices
    }
    found = [one for one, spellings in names.items() if wanted in spellings]
    if not found and field == "status":
        found = [one for one in spec.choices if one == schema.renamed.get(value)]
    return found[0] if len(found) == 1 else None


def _label(schema: Schema, entity_type: str, field: str, choice: str) -> str:
    label = schema.label(entity_type, field, choice)
    return label if isinstance(label, str) else choice


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip()).casefold()


def _from_text(text: str, spec: FieldSpec) -> Any:
    if spec.kind == "boolean":
        return _BOOLEANS.get(text.lower())
    if spec.kind == "date":
        match = _DATE.fullmatch(text)
        return f"{match[1]}-{int(match[3]):02}-{int(match[4]):02}" if match else None
    if spec.kind == "time":
        match = _TIME.fullmatch(text)
        return f"{int(match[1]):02}:{match[2]}" if match else None
    if spec.kind == "number":
        try:
            return from_text(text, spec)
        except Mismatch:
            return None
    return None
