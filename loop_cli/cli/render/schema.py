"""How `loop schema` looks."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from loop_cli.cli.render import styles
from loop_cli.cli.render.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from loop_cli.core.describe import FieldView, TypeView


def types(views: Sequence[TypeView]) -> RenderableType:
    """Show the types: their ids, and the places of their files."""
    table = _table("type", "required", "ids", "files")
    for view in views:
        required = sum(field.required for field in view.fields)
        table.add_row(
            Text(visible(view.name), style=styles.FIELD),
            Text(f"{required} of {len(view.fields)} fields"),
            Text(visible(view.id_pattern or styles.nothing())),
            Text(visible(_files(view))),
        )
    return Group(table, Text("loop schema TYPE shows its fields", style=styles.QUIET))


def fields(view: TypeView, *, is_open: bool = False) -> RenderableType:
    """One type, field by field."""
    heading = Text(visible(view.name), style=styles.TITLE)
    facts = [f"ids match {view.id_pattern}" if view.id_pattern else ""]
    facts.append(f"files go to {_files(view)}" if view.place else "")
    facts.append(f"the parent is a {view.parent}" if view.parent else "")
    facts.append("open: other fields are written too, with a warning" if is_open else "")
    lines = "\n".join(visible(fact) for fact in facts if fact)
    table = _table("field", "takes", "", "")
    for field in view.fields:
        table.add_row(
            Text(visible(field.name), style=styles.FIELD),
            Text(visible(field.takes)),
            Text(_duty(field), style=styles.NOTICE if field.required else ""),
            Text("" if field.writable else "not for writing", style=styles.QUIET),
        )
    return Group(heading, *([Text(lines, style=styles.QUIET)] if lines else []), table)


def _duty(field: FieldView) -> str:
    if field.forbidden:
        return "must not be there"
    if field.computed:
        return "computed"
    words = ["required"] if field.required else [f"required when {when}" for when in field.when]
    words += [f"default {visible(field.default)}"] if field.default is not None else []
    return ", ".join(words)


def _files(view: TypeView) -> str:
    """Return the place of a type's files, with the name, if rule A gives one."""
    if view.place is None:
        return styles.nothing()
    return view.place + (view.file or "") if view.place.endswith("/") else view.place


def _table(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table
