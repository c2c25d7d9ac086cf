"""`loop list`: list entities."""

from __future__ import annotations

import sys

from loop_cli.cli import context, output
from loop_cli.core import query as queries
from loop_cli.core.diff import MISSING
from loop_cli.core.names import join_dotted, split_dotted
from loop_cli.core.query import Query
from loop_cli.errors import EntityNotFound, InvalidFile, UsageError
from loop_cli.failures import AmbiguousId
from loop_cli.operations import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from loop_cli.cli.views import View
    from loop_cli.config import Settings
    from loop_cli.core.evaluate import Selected
    from loop_cli.core.schema.schema import Schema
    from loop_cli.operations.boundary import Operations

EXAMPLES = """Examples:

\b
loop list task --where 'status=todo,doing' --where 'due<today' --sort due
loop list --project prj-019 --columns entity_id,status,assignee
loop list task --where 'tags=urgent' --ids
loop list --where 'missing:assignee' --json
loop list task --json=entity_id,status,due
loop list task --template '- [{{ "x" if status == "done" else " " }}] {{ entity_name }}'
loop list @mine
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
    as_json: bool | str,
    template: str | None,
    as_csv: bool,
    ids: bool,
    count: bool,
    verbose: bool,
    vault: str | None,
) -> None:
    """Run `loop list`."""
    with_json = as_json is not False
    _refuse_several((with_json, as_csv, ids, count, template is not None))
    if columns is not None and (with_json or ids or template is not None):
        raise UsageError("--columns is for the table and --csv; --json=FIELD,FIELD chooses too")
    settings = context.open_settings({"vault": vault})
    if any(one.startswith("@") for one in entity_type or ()):
        view, entity_type = viewed(settings, entity_type or [])
        where = [*view.where, *(where or ())]
        sort, columns = sort or view.sort, columns or ",".join(view.columns) or None
        limit = view.limit if limit is None else limit
    as_table = not (with_json or as_csv or ids or count or template is not None)
    at_most = output.ROWS + 1 if limit is None and as_table else limit or None
    loop = context.operations(settings)
    asked = only_of(
        loop, query(entity_type, where, sort), project_id=project, parent_id=children_of
    )
    with output.progress("looking at the files", unit="files") as progress:
        found = loop.select(asked.replace(limit=at_most), progress=progress)
    with_columns = as_csv or as_table
    names = _column_names(columns, settings, loop, asked.types) if with_columns else ()
    if columns is not None:
        refuse_unknown(names, asked.types, loop, "--columns")
    if template is not None or isinstance(as_json, str):
        output.write_each(shaped(as_json, template, found, asked.types, loop))
    elif with_columns and as_table:
        _show_table([*found], names, loop.schema, limit=limit, optional=columns is None)
    elif with_columns:
        _csv(names, (_cells(one, names) for one in found))
    else:
        _bare(found, as_json=as_json is True, count=count)
    output.warn([*found.warnings, *loop.take_warnings()])
    if verbose:
        for sentence in loop.passed_over().sentences:
            output.note(sentence)


def _bare(found: Iterable[Selected], *, as_json: bool, count: bool) -> None:
    """JSON, the number, or the ids."""
    if as_json:
        output.json_lines(one.listed.json for one in found)
    elif count:
        output.line(str(sum(1 for _one in found)))
    else:
        output.lines(one.listed.id for one in found)


def _refuse_several(forms: tuple[bool, ...]) -> None:
    if sum(forms) > 1:
        raise UsageError("choose one of --json, --csv, --ids, --count and --template")


def shaped(
    as_json: bool | str,
    template: str | None,
    found: Iterable[Selected],
    types: tuple[str, ...],
    loop: Operations,
) -> Iterator[str]:
    """Entities in the shape that is asked for, a text each. Raises `UsageError`."""
    from loop_cli.cli import shape

    text = shape.template_of(template)
    if text is not None:
        refuse_unknown([join_dotted((one,)) for one in text.names], types, loop, "--template")
        return (text({**one.listed.own, "fields": one.fields}, one.listed.name) for one in found)
    names = shape.fields_of(as_json)
    refuse_unknown(names, types, loop, "--json")
    return (output.json_text(shape.picked(names, one.value)) + "\n" for one in found)


def query(types: list[str] | None, where: list[str] | None, sort: str | None = None) -> Query:
    """The query that options ask for. Raises `UsageError`."""
    return Query(
        types=tuple(types or ()),
        conditions=tuple(queries.parse_conditions(where or (), today=clock.today())),
        sort=queries.parse_sort(sort) if sort is not None else (),
    )


def only_of(loop: Operations, asked: Query, **named: str | None) -> Query:
    """The query for only those that have in a field the id of an entity, which is named by its id
    or an alias. Raises `EntityNotFound` where it names none, and nothing has it in the field."""
    found = list(asked.conditions)
    for field, value in named.items():
        if value is None:
            continue
        meant = {value: None}
        try:
            meant[loop.get(value).id] = None
        except (InvalidFile, AmbiguousId):
            pass
        except EntityNotFound:
            alone = Query(conditions=(queries.equals(field, value),), limit=1)
            if next(iter(loop.select(alone)), None) is None:
                raise
        found.append(queries.equals(field, *meant))
    return asked.replace(conditions=tuple(found))


def viewed(settings: Settings, words: list[str]) -> tuple[View, list[str]]:
    """The view that the words name, and the types that it and they are about."""
    from loop_cli.cli.views import Views

    named, types = [one for one in words if one[0] == "@"], [one for one in words if one[0] != "@"]
    if len(named) > 1:
        raise UsageError(f"one view at a time, not {' and '.join(named)}")
    view = Views(settings).get(named[0])
    return view, types or list(view.types)


def _column_names(
    columns: str | None, settings: Settings, loop: Operations, types: tuple[str, ...]
) -> tuple[str, ...]:
    if columns is None:
        from loop_cli.cli import views
        from loop_cli.operations.selection import resolve_types

        types = resolve_types(types, loop.schema)
        chosen = views.Views(settings).columns(types)
        own = loop.names.__dict__.values()
        usual = tuple(loop.names.name if one == "entity_name" else one for one in _COLUMNS)
        return chosen or views.default_columns(loop.schema, types, usual, own)
    found = tuple(one.strip() for one in columns.split(",") if one.strip())
    if not found:
        raise UsageError("--columns names no field", hint="--columns entity_id,status")
    return found


def refuse_unknown(
    names: Iterable[str], types: tuple[str, ...], loop: Operations, option: str
) -> None:
    """Raises `UsageError` for a name that is no field of any entity."""
    for name in names:
        path = split_dotted(name)
        if not all(path):
            raise UsageError(f"{option}: {name!r} names no field")
        try:
            loop.select(Query(types=types, conditions=(queries.is_there(path),), limit=1))
        except UsageError as error:
            raise UsageError(f"{option}: {error.message}", hint=error.hint) from None


def _csv(head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Comma-separated values on stdout, as RFC 4180 has them: lines end in CRLF, but on a terminal,
    where that would be a control character."""
    import csv as format_
    import io

    buffer = io.StringIO(newline="")
    end = "\n" if output.is_terminal(sys.stdout) else "\r\n"
    writer = format_.writer(buffer, lineterminator=end)
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
    dropped: list[str] = []
    today = clock.today()
    output.page()
    output.show(
        render_list.table(rows, names, schema, today=today, optional=optional, dropped=dropped)
    )
    if dropped:
        output.note(f"no room for {', '.join(dropped)}; --columns chooses")
    if len(rows) < len(found):
        output.note(f"the first {output.ROWS}; --limit 0 shows all")
