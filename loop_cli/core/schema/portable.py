"""A vault's schema as a document that crosses a boundary, and back."""

from __future__ import annotations

from loop_cli.core.entity import FieldNames
from loop_cli.core.schema import schema as schemas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.schema.schema import Schema


def packed(schema: Schema, names: FieldNames) -> dict[str, Any]:
    """The schema as its file has it, and what the fields of identity and time are called."""
    return {
        "sections": dict(schema.sections),
        "shipped": schema.shipped,
        "fields": {name: getattr(names, name) for name in FieldNames._fields},
    }


def unpacked(document: Any) -> tuple[Schema, FieldNames]:
    """The schema and the names in such a document. Raises `ValueError`."""
    try:
        names = FieldNames(**{key: str(one) for key, one in document["fields"].items()})
        shipped = document["shipped"] is True
        return schemas.build(document["sections"], shipped=shipped), names
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from None
