"""`loop list`: list entities."""

from __future__ import annotations

from loop_cli.cli import context, days, output
from loop_cli.core import query as queries
from loop_cli.core.diff import MISSING
from loop_cli.core.names import split_dotted
from loop_cli.core.query import Query
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from loop_cli.core.evaluate import Selected
    from loop_cli.core.schema.schema import Schema

EXAMPLES = """Forms of EXPR:

\b
'field=a,b'      is one of these; a list: contains one of these
'field!=a,b'     is none of these
'field<value'    also <=, >, >=; compares numbers, dates and times as such
'field~text'     contains the text, in upper or lower case
'has:field'      has a value
'missing:field'  has none
'outer.inner=a'  a nested field

Every entity has the fields entity_id, entity_type, path, updated_at and etag. A date
means the whole day. You can also write today, today+7 and today-1.

Examples:

\b
loop list task --where 'status=todo,doing' --where 'due<today' --sort due
loop list --project prj-019 --columns entity_id,status,assignee
loop list task --where 'tags=urgent' --ids
loop list --where 'missing:assignee' --json
loop list task --csv --columns entity_id,entity_name,due > tasks.csv
"""
_AT_ONCE = 10_000  # characters
_COLUMNS = ("entity_id", "entity_name", "status", "priority", "due", "assignee")


def list_entities(
    *,
    entity_type: list[str] | None,
    where: list[str] | None,
    project: str | None,
    children_of: str | None,
    sort: str | None,
    columns: str | None,
    limit: int | None,
    as_json: bool,
    as_csv: bool,
    ids: bool,
    verbose: bool,
    vault: str | None,
) -> None:
    """Run `loop list`."""
    if sum((as_json, as_csv, ids)) > 1:
        raise UsageError("choose one of --json, --csv and --ids")
    if columns is not None and (as_json or ids):
        raise UsageError("--columns is for the table and --csv; --json has all fields")
    as_table = not (as_json or as_csv or ids)
    at_most = output.ROWS + 1 if limit is None and as_table else limit or None
    asked = query(entity_type, where, project=project, children_of=children_of, sort=sort)
    loop = context.operations(context.open_settings({"vault": vault}))
    with output.progress("looking at the files", unit="files") as progress:
        found = loop.select(asked.replace(limit=at_most), progress=progress)
    names = _column_names(columns, loop.names.name)
    if as_json:
        output.json_lines(one.listed.json for one in found)
    elif ids:
        output.lines(one.listed.id for one in found)
    elif as_csv:
        _csv(names, (_cells(one, names) for one in found))
    else:
        _show_table([*found], names, loop.schema, limit=limit, optional=columns is None)
    output.warn([*found.warnings, *loop.take_warnings()])
    if verbose:
        for sentence in loop.passed_over().sentences:
            output.note(sentence)


def query(
    types: list[str] | None,
    where: list[str] | None,
    *,
    project: str | None,
    children_of: str | None,
    sort: str | None = None,
) -> Query:
    """Return the query for the options. Raises `UsageError`."""
    conditions = [queries.parse_condition(text, today=days.today()) for text in where or ()]
    for field, value in (("project_id", project), ("parent_id", children_of)):
        if value is not None:
            conditions.append(queries.equals(field, value))
    return Query(
        types=tuple(types or ()),
        conditions=tuple(conditions),
        sort=queries.parse_sort(sort) if sort else (),
    )


def _column_names(columns: str | None, name: str) -> tuple[str, ...]:
    if columns is None:
        return tuple(name if one == "entity_name" else one for one in _COLUMNS)
    found = tuple(one.strip() for one in columns.split(",") if one.strip())
    if not found:
        raise UsageError("--columns names no field", hint="--columns entity_id,status")
    return found


def _csv(head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print comma-separated values as in RFC 4180: lines end in CRLF."""
    import csv as format_
    import io

    buffer = io.StringIO(newline="")
    writer = format_.writer(buffer)
    writer.writerow(head)
    for row in rows:
        writer.writerow(row)
        if buffer.tell() > _AT_ONCE:
            output.write(buffer.getvalue())
            buffer.seek(0)
            buffer.truncate()
    output.write(buffer.getvalue())


def _cells(one: Selected, names: tuple[str, ...]) -> list[str]:
    return [_cell(one.value(split_dotted(name))) for name in names]


def _cell(value: Any) -> str:
    if value is MISSING or value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return output.json_text(value)


def _show_table(
    found: list[Selected],
    names: tuple[str, ...],
    schema: Schema,
    *,
    limit: int | None,
    optional: bool,
) -> None:
    if not found:
        output.note("no entities")
        return
    from loop_cli.cli.render import list as render_list

    rows = found if limit is not None else found[: output.ROWS]
    output.show(render_list.table(rows, names, schema, today=days.today(), optional=optional))
    if len(rows) < len(found):
        output.note(f"the first {output.ROWS}; --limit 0 shows all")
