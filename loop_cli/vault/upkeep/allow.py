"""`loop schema allow`: allow another field for a type, in the vault's schema, with a record.

It lands as a change of an entity does (`vault/commit`): staged, recorded, exchanged.
"""

from __future__ import annotations

from loop_cli.core import unprepared
from loop_cli.core.upkeep import Allowed, ClosedSchema
from loop_cli.errors import Action, EntityNotFound, InvalidFile, Sentence, StorageError, UsageError
from loop_cli.planning import allowing, schema_edits
from loop_cli.vault import schema_file
from loop_cli.vault.commit.recovery import recover
from loop_cli.vault.commit.staging import ConcurrentWrite
from loop_cli.vault.commit.writes import land

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.core.records.record import Origin
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.store import Store
    from loop_cli.core.upkeep import AllowedField
    from loop_cli.errors import InvalidChange, LoopError
    from loop_cli.vault import VaultLayout
    from loop_cli.vault.handle import Vault

    Values = dict[tuple[str, ...], Any]

_TRIES = 3  # where somebody else writes the schema at the same time


def allow(vault: Vault, field: AllowedField, *, origin: Origin, dry_run: bool = False) -> Allowed:
    """Allow a field for a type, with a kind, if one is given.

    If it is allowed already, nothing changes. Raises `UsageError` for an unknown type or kind, and
    if the vault has no schema of its own; `InvalidFile` if the file can't be edited losslessly;
    `StorageError`.
    """

    def values(schema: Schema) -> Values:
        allowing.refuse_unknown(schema, field)
        return allowing.changes(schema, field)

    return Allowed(
        field=field,
        path=vault.layout.schema,
        diff=_changed(vault, values, origin, dry_run=dry_run),
        run_id=origin.run_id,
        dry_run=dry_run,
    )


def close(vault: Vault, *, origin: Origin, dry_run: bool = False) -> ClosedSchema:
    """Close a schema that is open; a closed one stays as it is. Raises as `allow` does."""

    def values(schema: Schema) -> Values:
        return {("open",): False} if schema.is_open else {}

    return ClosedSchema(
        path=vault.layout.schema,
        diff=_changed(vault, values, origin, dry_run=dry_run),
        run_id=origin.run_id,
        dry_run=dry_run,
    )


def _changed(
    vault: Vault, values: Callable[[Schema], Values], origin: Origin, *, dry_run: bool
) -> Diff:
    """Set values in the schema, as often as somebody else was faster; the diff."""
    if dry_run:
        return _change(vault, values, origin, dry_run=True)
    with vault.lock():
        for _attempt in range(_TRIES):
            recover(vault)
            try:
                return _change(vault, values, origin, dry_run=False)
            except ConcurrentWrite:
                continue
    raise StorageError(
        f"{vault.layout.schema} was left as it is: other programs change it all the time"
    )


def _change(
    vault: Vault, wanted: Callable[[Schema], Values], origin: Origin, *, dry_run: bool
) -> Diff:
    path, before = _own_schema(vault.layout)
    schema = schema_file.load(vault.layout)
    values = wanted(schema)
    after = schema_edits.edited(path, before, values) if values else before
    schema_file.build(after, path)
    diff = allowing.diff_of(schema, values)
    if diff and not dry_run:
        planned = allowing.plan(path, before, after, diff, origin=origin, now=vault.clock())
        land(vault, [(planned, None)], begun=[])
    return diff


def _own_schema(layout: VaultLayout) -> tuple[str, bytes]:
    """Return the path and the bytes of the vault's own schema. Raises `UsageError`."""
    try:
        return schema_file.own_bytes(layout)
    except EntityNotFound:
        raise UsageError(
            "this vault has no schema of its own that could allow a field",
            hint=Sentence("to have one proposed by your files: ", Action("make_vault")),
        ) from None


def say_where(error: InvalidChange, layout: VaultLayout, schema: Schema) -> None:
    """Add the line of the schema that would allow a field which the schema does not know."""
    try:
        path, data = _own_schema(layout)
    except (UsageError, InvalidFile):
        path, data = layout.schema, None
    schema_edits.say_where(error, path, data, schema)


def say_how_to_begin(error: LoopError, store: Store) -> None:
    """Say of an error in a folder that is no vault yet how it becomes one."""
    if error.hint is None and unprepared.is_unprepared(store):
        error.hint = Action("make_vault")
