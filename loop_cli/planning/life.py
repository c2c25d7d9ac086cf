"""Plans that create, delete and restore an entity: the checks, and the record.

All is pure; every store calls it under its lock, as it does `planning.plan`.
"""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.diff import diff_body, diff_fields
from loop_cli.core.names import nfc
from loop_cli.core.records import record as audit
from loop_cli.core.records.hashed import digest_of, recordable
from loop_cli.errors import Action, InvalidChange, InvalidFile, StorageError
from loop_cli.markdown import patch
from loop_cli.markdown.document import FrontmatterError, split
from loop_cli.planning import precondition, snapshot
from loop_cli.planning.plan import (
    Plan,
    as_recorded,
    later_than,
    next_instant,
)
from loop_cli.planning.snapshot import etag_of, observe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.commits import Create, Delete, Mend, PutBack, Restore
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import AuditRecord, History, Origin
    from loop_cli.planning.plan import Policy
    from loop_cli.planning.snapshot import Snapshot


def create(
    change: Create,
    text: str,
    entity_id: str,
    path: str,
    *,
    history: History,
    policy: Policy,
    origin: Origin,
) -> Plan:
    """Plan a new entity with this id and place.

    `text` is its file without times, but with that of its creation if the change has a `text`;
    `history` are records that the id already has. Raises `InvalidFile`.
    """
    names = policy.names
    now = policy.clock()
    updated = later_than([history.ceiling], now, path=path)
    rendered = timestamps.render(updated)
    stamps = (names.created, names.updated) if change.text is None else (names.updated,)
    data = _stamped(text, path, stamps, rendered)
    entity = _entity(data, path, rendered, policy)
    if (entity.id, entity.type) != (entity_id, change.entity_type):
        found = f"{entity.type} {entity.id}"
        raise InvalidFile(path, f"would be {found}, not {change.entity_type} {entity_id}")
    fields = {name: value for name, value in entity.fields.items() if name != names.updated}
    diff = {**diff_fields({}, fields), **diff_body("", entity.body)}
    recorded, kept, _marks = recordable(diff, policy.private)
    marks = {"idempotency_key": change.key, "request": change.request}
    planned = _coming(
        entity,
        path,
        data,
        policy=policy,
        origin=origin,
        timestamp=now,
        recorded=recorded,
        marks={name: mark for name, mark in marks.items() if mark is not None},
    )
    return planned.replace(diff=diff, kept=kept)


def restore(change: Restore, data: bytes | None, *, policy: Policy, origin: Origin) -> Plan:
    """Plan the return of a deleted entity; `data` are its kept bytes.

    Raises `InvalidChange` if the record is not a deletion; `StorageError` if the bytes are not
    kept, or are wrong.
    """
    record, undoes, earlier = change.record, change.undoes, change.earlier
    path = record.metadata.get("path")
    if record.data.get("action") != "delete" or not isinstance(path, str):
        raise _no_deletion(record)
    if data is None or etag_of(data) != record.etag_before:
        raise StorageError(
            f"{record.entity_id} can't come back: its kept bytes are gone",
            hint=Action("list_kept"),
        )
    reported = str(record.metadata.get("updated_before"))
    if earlier is not None:
        path, data, reported = earlier.path, earlier.data, earlier.updated_at
    entity = _entity(data, path, reported, policy)
    return _coming(
        entity,
        path,
        data,
        policy=policy,
        origin=origin,
        timestamp=policy.clock(),
        recorded={},
        marks={"restores": record.digest, **_undoing(undoes)},
    )


def _coming(
    entity: Entity,
    path: str,
    data: bytes,
    *,
    policy: Policy,
    origin: Origin,
    timestamp: int,
    recorded: Diff,
    marks: dict[str, Any],
) -> Plan:
    """Plan a new file, whose diff is recorded as `recorded`."""
    return Plan(
        before=entity,
        after=entity,
        source=None,
        target=path,
        data=data,
        diff={},
        wanted={},
        record=audit.compose(
            action="create",
            before=as_recorded(entity, policy),
            diff=recorded,
            origin=origin,
            timestamp=timestamp,
            metadata={**_metadata(None, entity, "none"), **marks},
        ),
        kept={},
        warnings=entity.warnings,
    )


def mend(seen: Snapshot, change: Mend, *, policy: Policy, origin: Origin) -> Plan:
    """Plan a whole new text for a file that could not be read; its `updated` is set.

    Raises `InvalidFile` if the new text can't be read either, or is another entity;
    `ConflictError`.
    """
    before, now = seen.entity, policy.clock()
    parsed = snapshot.parse(change.data, before.path, policy.names)
    if nfc(parsed.id) != nfc(before.id):
        raise InvalidFile(before.path, f"would be {parsed.id}, not {before.id}")
    rendered = timestamps.render(next_instant(seen, now))
    data = _stamped(change.data.decode(), before.path, (policy.names.updated,), rendered)
    entity = _entity(data, before.path, rendered, policy)
    used = precondition.check(seen, change, {}, rules=policy.rules)
    metadata = {**_metadata(before, entity, used), "mended": True}
    if seen.edited_outside:
        metadata["edited_outside"] = True
    return Plan(
        before=before,
        after=entity,
        source=before.path,
        target=before.path,
        data=data,
        diff={},
        wanted={},
        record=audit.compose(
            action="update",
            before=as_recorded(entity, policy),
            diff={},
            origin=origin,
            timestamp=now,
            metadata=metadata,
        ),
        kept={},
        warnings=entity.warnings,
    )


def delete(seen: Snapshot, change: Delete, *, policy: Policy, origin: Origin, shared: bool) -> Plan:
    """Plan the deletion of an entity; `shared` means that other files carry its id. Raises
    `PreconditionRequired`, `ConflictError`."""
    entity = seen.entity
    used = precondition.check(seen, change, {}, rules=policy.rules)
    kept = digest_of(entity.raw)
    metadata = {**_metadata(entity, None, used), "kept": kept, **_undoing(change.undoes)}
    if change.precondition.forced:
        metadata["forced"] = True
    if seen.edited_outside:
        metadata["edited_outside"] = True
    if shared:
        metadata["shared"] = True
    return Plan(
        before=entity,
        after=entity,
        source=entity.path,
        target=None,
        data=b"",
        diff={},
        wanted={},
        record=audit.compose(
            action="delete",
            before=as_recorded(entity, policy),
            diff={},
            origin=origin,
            timestamp=policy.clock(),
            metadata=metadata,
        ),
        kept={kept["sha256"]: entity.raw},
        warnings=entity.warnings,
    )


def put_back(seen: Snapshot, change: PutBack, *, policy: Policy, origin: Origin) -> Plan:
    """Plan the text of an earlier entity in the place of another one; its `updated` is set.

    Raises `InvalidFile` if the text is of another id, `PreconditionRequired`, `ConflictError`.
    """
    before, names, now = seen.entity, policy.names, policy.clock()
    used = precondition.check(seen, change, {}, rules=policy.rules, updated=names.updated)
    rendered = timestamps.render(next_instant(seen, now))
    data = _stamped(change.data.decode(), change.to, (names.updated,), rendered)
    after = _entity(data, change.to, rendered, policy)
    if nfc(after.id) != nfc(before.id):
        raise InvalidFile(change.to, f"would be {after.id}, not {before.id}")
    old, new = (
        {name: value for name, value in one.fields.items() if name != names.updated}
        for one in (before, after)
    )
    diff = {**diff_fields(old, new), **diff_body(before.body, after.body)}
    recorded, kept, marks = recordable(diff, policy.private)
    goes = digest_of(before.raw)
    moved = {"path": after.path, "path_before": before.path} if after.path != before.path else {}
    metadata = {**moved, **_metadata(before, after, used), "kept": goes, **marks}
    return Plan(
        before=before,
        after=after,
        source=before.path,
        target=after.path,
        data=data,
        diff=diff,
        wanted={},
        record=audit.compose(
            action="move" if moved else "update",
            before=as_recorded(before, policy),
            diff=recorded,
            origin=origin,
            timestamp=now,
            metadata={**metadata, **_undoing(change.undoes)},
        ),
        kept={**kept, goes["sha256"]: before.raw},
        warnings=after.warnings,
    )


def _undoing(undoes: dict[str, Any] | None) -> dict[str, Any]:
    return {} if undoes is None else {"undoes": undoes}


def was_shared(record: AuditRecord) -> bool:
    """Whether other files carried the id of a deleted entity: then they are no obstacle to its
    return."""
    return record.metadata.get("shared") is True


def kept_of(record: AuditRecord) -> str | None:
    """Return the SHA-256 of the kept bytes of a file that was deleted, or replaced as a whole."""
    kept = record.metadata.get("kept")
    sha256 = kept.get("sha256") if isinstance(kept, dict) else None
    return sha256 if isinstance(sha256, str) else None


def _metadata(before: Entity | None, after: Entity | None, used: str) -> dict[str, Any]:
    old, new = (one.revision if one else None for one in (before, after))
    return {
        "etag_before": old and old.etag,
        "etag_after": new and new.etag,
        "updated_before": old and old.updated_at,
        "updated_after": new and new.updated_at,
        "precondition": used,
        "previous": None,
    }


def _stamped(text: str, path: str, names: tuple[str, ...], rendered: str) -> bytes:
    """Return the bytes of a file with its times set."""
    try:
        document = split(text)
        edits = [patch.Set((name,), rendered) for name in names]
        yaml = patch.patch(document.yaml, edits, newline=document.newline)
    except FrontmatterError as error:
        raise InvalidFile(path, error.reason, line=error.line) from None
    except ValueError as error:
        raise InvalidFile(path, str(error)) from None
    return document.replace(yaml=yaml).text.encode()


def _entity(data: bytes, path: str, updated_at: str, policy: Policy) -> Entity:
    """Read the bytes as an entity, as it is reported. Raises `InvalidFile`."""
    parsed = snapshot.parse(data, path, policy.names, notes=policy.names.id_is_stem)
    seen = observe(parsed, modified=0, history=audit.History(), names=policy.names).entity
    return seen.replace(revision=seen.revision.replace(updated_at=updated_at))


def _no_deletion(record: AuditRecord) -> InvalidChange:
    message = "the record is of no deletion, so there is nothing to bring back"
    problem = {"field": "record", "problem": "no_deletion", "message": message}
    return InvalidChange(
        f"{record.entity_id}: {message}", entity_id=record.entity_id, problems=[problem]
    )
