"""The table of words for completions, made from schema, members and settings."""

from __future__ import annotations

import os
from contextlib import suppress

from loop_cli.cli import context
from loop_cli.core.fields import KINDS
from loop_cli.errors import LoopError
from loop_cli.store import cache, schema_file
from loop_cli.store.members import PATH as MEMBERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema.schema import Schema


def make(root: str) -> str:
    """The table, a row a line, with tabs between its words."""
    settings = context.open_settings({"vault": root})
    folder = context.cache_folder(root, settings.names)
    rows: list[tuple[str, ...]] = []
    if folder is not None:
        rows.append(("index", os.path.join(folder, f"index-{cache.LAYOUT}.sqlite")))
    with suppress(LoopError):  # a schema that is broken; every other command says so
        rows += _of_schema(schema_file.load(root), settings.names)
    rows += [("member", name) for name in _members(root)]
    lines = ["\t".join(row) for row in rows if all(part.isprintable() for part in row)]
    return "\n".join(lines)


def _of_schema(schema: Schema, names: FieldNames) -> Iterator[tuple[str, ...]]:
    for kind in schema.types:
        yield "type", kind
        writable = schema.writable_fields(kind, {})
        for name in dict.fromkeys((*(writable or ()), *schema.known_fields(kind))):
            can = (writable is None or name in writable) and name not in names.read_only()
            yield "field", kind, name, KINDS.get(name, ""), "w" if can else "r"
    for (kind, field), choices in schema.choices.items():
        for choice in choices:
            label = schema.label(kind, field, choice)
            yield "choice", kind, field, choice, label or ""


def _members(root: str) -> list[str]:
    """Logins are no names; what the vault calls its people is."""
    from loop_cli.markdown import reader
    from loop_cli.store import files

    try:
        data, _modified = files.read_stable(files.inside(root, MEMBERS), MEMBERS)
        listed = reader.read(data.decode("utf-8-sig")).get("members")
    except (LoopError, ValueError):
        return []
    names = listed.values() if isinstance(listed, dict) else ()
    return list(dict.fromkeys(name for name in names if isinstance(name, str) and name.strip()))
