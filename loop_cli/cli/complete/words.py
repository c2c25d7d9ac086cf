"""Make the table of words for completions, from schema, members and settings."""

from __future__ import annotations

import os
from contextlib import suppress

from loop_cli import config
from loop_cli.cli import context
from loop_cli.core.fields import KINDS
from loop_cli.core.schema.field_rules import MEMBER_FIELDS
from loop_cli.errors import LoopError
from loop_cli.planning import membership
from loop_cli.vault import ACTIVE_LOG, VaultLayout, members, schema_file
from loop_cli.vault.index import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from loop_cli.config import Settings
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema.schema import Schema


def make(root: str) -> str:
    """Return the table, one row per line, with tabs between its words."""
    rows: list[tuple[str, ...]] = []
    settings = context.open_settings({"vault": root})
    folder = cache.folder(root, settings.names, os.environ)
    if folder is not None:
        rows.append(("index", os.path.join(folder, f"index-{cache.LAYOUT}.sqlite")))
    layout = _layout(settings, root)
    rows.append(("log", f"{layout.log}/{ACTIVE_LOG}"))
    schema = None
    with suppress(LoopError):  # a broken schema; every other command reports it
        schema = schema_file.load(layout)
    return table(rows, schema, settings.names, members.names(root) or ())


def table(
    rows: list[tuple[str, ...]], schema: Schema | None, names: FieldNames, people: Iterable[str]
) -> str:
    """Return the table of some rows, and those of a schema and of who is listed."""
    found = [*rows, *(() if schema is None else _of_schema(schema, names))]
    found += [("member", name) for name in people]
    found += [("of_members", field) for field in MEMBER_FIELDS]
    return "\n".join("\t".join(row) for row in found if all(part.isprintable() for part in row))


def sources(root: str) -> Iterator[str]:
    """Return the files that the table is made from.

    An empty name stands for a file whose state is unknown: the table is then never up to date.
    """
    layout = _layout(context.open_settings({"vault": root}), root)
    inside = (*layout.schemas, membership.PATH, config.VAULT_FILE)
    outside = (config.user_config_path(os.environ), cache.__file__)
    for path in (*(os.path.join(root, one) for one in inside), *outside):
        # The table can't hold an unprintable name. Without a settings folder, there may be one at
        # the next TAB.
        yield "" if path is None or not path.isprintable() else path


def _layout(settings: Settings, root: str) -> VaultLayout:
    return VaultLayout(root, schema=settings["files.schema"], log=settings["files.log"])


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
