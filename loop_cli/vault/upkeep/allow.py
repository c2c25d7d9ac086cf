"""`loop schema allow`: a field more for a type, in the vault's own schema, with a record.

The record comes first. Where the file can't be written after it, an undo record follows.
"""

from __future__ import annotations

import os

from loop_cli.core import timestamps
from loop_cli.core.diff import value_at
from loop_cli.core.fields import KINDS_OF_FIELDS
from loop_cli.core.names import join_dotted, nearest
from loop_cli.core.records.record import AuditRecord, compose_undo
from loop_cli.errors import EntityNotFound, InvalidFile, StorageError, UsageError
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.records import Struct
from loop_cli.markdown import patch
from loop_cli.planning.snapshot import etag_of
from loop_cli.system.folders import Folders
from loop_cli.vault import schema_file
from loop_cli.vault.files import reading as files
from loop_cli.vault.log.lines import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.core.records.record import Origin
    from loop_cli.core.schema.schema import Schema
    from loop_cli.vault.handle import Vault

_ID = "schema"
_TYPE = "Schema"


class Allowed(Struct):
    """What was allowed: the sections of the schema that were changed, as a diff."""

    entity_type: str
    field: str
    kind: str | None
    diff: Diff
    run_id: str
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop schema allow`."""
        said = {
            "entity_type": self.entity_type,
            "field": self.field,
            "type": self.kind,
            "path": schema_file.PATH,
            "changed": bool(self.diff),
            "run_id": self.run_id,
            "diff": self.diff,
        }
        return {**said, "dry_run": True} if self.dry_run else said


def allow(
    vault: Vault,
    entity_type: str,
    field: str,
    kind: str | None,
    *,
    origin: Origin,
    dry_run: bool = False,
) -> Allowed:
    """Allow a field, of that kind where one is given, for a type. What is allowed already changes
    nothing.

    Raises `UsageError` for a type or kind that there is not, and where the vault has no schema of
    its own; `InvalidFile` where the file can't be edited losslessly; `StorageError`.
    """
    if dry_run:
        return _allow(vault, entity_type, field, kind, origin, dry_run=True)
    with vault.lock():
        from loop_cli.vault.commit.recovery import recover

        recover(vault)
        return _allow(vault, entity_type, field, kind, origin, dry_run=False)


def _allow(
    vault: Vault, entity_type: str, field: str, kind: str | None, origin: Origin, *, dry_run: bool
) -> Allowed:
    data = _own_schema(vault.root)
    schema = schema_file.load(vault.root)
    _refuse_unknown(schema, entity_type, field, kind)
    changes = _changes(schema, entity_type, field, kind)
    after = schema_file.edited(data, [patch.Set(path, value) for path, value in changes.items()])
    diff: Diff = {}
    for path, value in changes.items():
        old = value_at(schema.sections, path)
        entry: dict[str, Any] = {"old": old if isinstance(old, list | str) else None, "new": value}
        diff[join_dotted(path)] = entry if entry["old"] is not None else {**entry, "added": True}
    if diff and not dry_run:
        _land(vault, data, after, diff, origin)
    return Allowed(
        entity_type=entity_type,
        field=field,
        kind=kind,
        diff=diff,
        run_id=origin.run_id,
        dry_run=dry_run,
    )


def _own_schema(root: str) -> bytes:
    try:
        return files.read_stable(files.inside(root, schema_file.PATH), schema_file.PATH)[0]
    except EntityNotFound:
        raise UsageError(
            "this vault has no schema of its own that could allow a field",
            hint="'loop init' proposes one by the files that are there",
        ) from None


def _refuse_unknown(schema: Schema, entity_type: str, field: str, kind: str | None) -> None:
    if not schema.knows_type(entity_type):
        close = nearest(entity_type, [*schema.types, *schema.known], count=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise UsageError(f"{entity_type!r} is not a type of the schema{meant}")
    if not field or not field.isprintable():
        raise UsageError(f"{field!r} can't name a field")
    if kind is not None and kind not in KINDS_OF_FIELDS:
        raise UsageError(
            f"{kind!r} is no type of a field", hint=f"one of {', '.join(KINDS_OF_FIELDS)}"
        )


def _changes(
    schema: Schema, entity_type: str, field: str, kind: str | None
) -> dict[tuple[str, ...], Any]:
    """The sections to be changed, with the values to come."""
    found: dict[tuple[str, ...], Any] = {}
    if field not in schema.known_fields(entity_type):
        own = schema.known.get(entity_type, ())
        found["known_fields", entity_type] = [*own, field]
    writable = schema.writable.get(entity_type)
    if writable is not None and field not in writable:
        found["write_targets", "writable_fields", entity_type] = [*writable, field]
    if kind is not None and schema.kinds.get(field) != kind:
        found["field_types", field] = kind
    return found


def _land(vault: Vault, before: bytes, after: bytes, diff: Diff, origin: Origin) -> None:
    """Record the change and write the file. Raises `StorageError`."""
    record: dict[str, Any] = {
        "run_id": origin.run_id,
        "timestamp": timestamps.render(vault.clock()),
        "actor": origin.actor,
        "source": origin.source,
        "entity_type": _TYPE,
        "entity_id": _ID,
        "entity_name": None,
        "action": "update",
        "modified_fields": list(diff),
        "diff": diff,
        "metadata": {
            "path": schema_file.PATH,
            "etag_before": etag_of(before),
            "etag_after": etag_of(after),
            "updated_before": None,
            "updated_after": None,
            "precondition": "etag",
            "schema": True,
            **vault.log.link(),
            "tty": origin.tty,
            "invoked_by": origin.invoked_by,
        },
    }
    line = encode(record)
    landed = AuditRecord(data=record, digest=sha256_hex(line))
    descriptor = vault.log.open()
    try:
        vault.log.append(descriptor, [line], [landed])
        try:
            _replace(vault.root, before, after)
        except OSError as error:
            undone = compose_undo(landed, timestamp=vault.clock())
            undone["metadata"] |= {"previous": landed.digest}
            vault.log.append(descriptor, [encode(undone)])
            raise StorageError(f"{schema_file.PATH} can't be written: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _replace(root: str, before: bytes, after: bytes) -> None:
    """Put the new text in the place of the old one, durably. Raises `OSError`."""
    with Folders(root) as folders:
        place = folders.slot(files.real_name(root, schema_file.PATH))
        new = folders.slot(f"{place.path}.{os.urandom(8).hex()}.tmp")
        like = place.folder.open_plain(place.name)
        try:
            if place.read(len(before) + 1) != before:
                raise OSError(0, "somebody else has changed it just now")
            place.folder.write_new(new.name, after, like=like)
            try:
                new.replace(place)
            except OSError:
                new.remove()
                raise
            place.folder.sync()
        finally:
            os.close(like)


def where(root: str, schema: Schema, entity_type: str) -> tuple[str, int]:
    """The file and the line that say which fields a type may have."""
    from loop_cli.markdown.lines import Lines

    try:
        text, first = schema_file.text_of(_own_schema(root))
    except (UsageError, InvalidFile):
        return schema_file.PATH, 1
    path = ("known_fields", entity_type)
    if entity_type in schema.writable:
        path = ("write_targets", "writable_fields", entity_type)  # type: ignore[assignment]
    return schema_file.PATH, max(1, first + Lines(text).of(path))
