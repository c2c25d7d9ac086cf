"""Change the schema of a vault in PostgreSQL: it lands as a change of an entity does."""

from __future__ import annotations

from loop_cli.core.upkeep import Allowed, ClosedSchema
from loop_cli.errors import UsageError
from loop_cli.planning import allowing, schema_edits, schema_text
from loop_cli.postgres.landing import Landing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.core.records.record import Origin
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.upkeep import AllowedField
    from loop_cli.planning.plan import Plan
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle

    Values = dict[tuple[str, ...], Any]

_DATA = "SELECT data FROM file WHERE path = %s"


def allow(handle: Handle, field: AllowedField, *, origin: Origin, dry_run: bool) -> Allowed:
    """Allow a field for a type. Raises what `Upkeep.allow` raises."""

    def values(schema: Schema) -> Values:
        allowing.refuse_unknown(schema, field)
        return allowing.changes(schema, field)

    return Allowed(
        field=field,
        path=handle.known.path,
        diff=_changed(handle, values, origin, dry_run=dry_run),
        run_id=origin.run_id,
        dry_run=dry_run,
    )


def close(handle: Handle, *, origin: Origin, dry_run: bool) -> ClosedSchema:
    """Close a schema that is open. Raises what `Upkeep.close_schema` raises."""

    def values(schema: Schema) -> Values:
        return {("open",): False} if schema.is_open else {}

    return ClosedSchema(
        path=handle.known.path,
        diff=_changed(handle, values, origin, dry_run=dry_run),
        run_id=origin.run_id,
        dry_run=dry_run,
    )


def _changed(
    handle: Handle, wanted: Callable[[Schema], Values], origin: Origin, *, dry_run: bool
) -> Diff:
    """Set values in the schema; return the diff."""

    def planned(connection: Connection) -> tuple[Diff, Plan | None]:
        handle.renew(connection)
        path = handle.known.path
        row = connection.execute(_DATA, (path.encode(),)).fetchone()
        if row is None:
            raise UsageError("this vault has no schema of its own that could allow a field")
        before = bytes(row[0])
        schema = schema_text.build(before, path)
        values = wanted(schema)
        after = schema_edits.edited(path, before, values) if values else before
        schema_text.build(after, path)
        diff = allowing.diff_of(schema, values)
        now = handle.clock()
        return diff, allowing.plan(
            path, before, after, diff, origin=origin, now=now
        ) if diff else None

    if dry_run:
        return handle.database.read(planned)[0]
    return Landing(handle, origin).land_made(planned)
