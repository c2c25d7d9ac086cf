"""Undo a run that deleted a file, after other changes of it: the file comes back as it was before
all of them.

If the run made another file with the same id after that, this one becomes the old one again.
"""

from __future__ import annotations

from loop_cli.core.commits import Earlier
from loop_cli.core.diff import diff_body, diff_fields
from loop_cli.core.names import BODY
from loop_cli.core.records.inverse import EntityUndo, invert
from loop_cli.core.records.record import History
from loop_cli.errors import Action, LoopError, StorageError
from loop_cli.lean.plain import same
from loop_cli.planning import life, rewinding, snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from loop_cli.core.entity import Entity
    from loop_cli.core.records.past import Reveal
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.store import Store

    Problems = list[dict[str, Any]]

_NOT_EXACT = "the text of the file before that change can't be made again from the records"


def brought_back(
    store: Store, records: Sequence[AuditRecord], reveal: Reveal
) -> tuple[EntityUndo, Problems]:
    """Plan the return of a deleted file; `records` are of it, newest first, its deletion the first.

    Also returns what can't be taken back. Raises `StorageError` if its bytes are gone.
    """
    deletion, *older = records
    deleted = _as_deleted(store, deletion)
    planned, problems = invert(
        deleted,
        older,
        history=older,
        reveal=reveal,
        by_path=False,
        updated=store.names.updated,
    )
    planned = planned.replace(records=tuple(records), later=(), to=None)
    if planned.left:  # somebody changed it in between: it is left as it is, which is deleted
        return planned.replace(diff={}), problems
    if problems:
        return planned, problems
    earlier = _earlier(store, deleted, records)
    if earlier is None or not _is_as_planned(store, earlier, deleted, planned):
        problem = {"entity_id": deletion.entity_id, "field": BODY, "problem": "not_exact"}
        return planned, [{**problem, "message": _NOT_EXACT}]
    entity = deleted.replace(path=earlier.path)
    return planned.replace(entity=entity, diff={}, restores=deletion, earlier=earlier), []


def put_back(
    store: Store, records: Sequence[AuditRecord], newer: EntityUndo, reveal: Reveal
) -> tuple[EntityUndo, Problems]:
    """Plan the return of a deleted file in the place of another one, which was made with its id.

    `records` are of the deleted one, newest first, `newer` is the undo of what made the other one.
    Also returns what can't be taken back. Raises `StorageError` if the bytes are gone.
    """
    if not newer.gone:
        return newer, []
    whole = (*newer.records, *records)
    old, problems = brought_back(store, records, reveal)
    if problems or old.earlier is None:
        return old.replace(records=whole), problems
    return _replacing(store, newer.replace(records=whole), old.earlier), []


def put_back_again(
    store: Store, entity: Entity, record: AuditRecord, planned: EntityUndo
) -> EntityUndo:
    """Plan to take back what `put_back` did, if the file is as that left it: else `planned`."""
    sha256 = life.kept_of(record)
    data = None if sha256 is None else store.kept(sha256)
    if data is None or record.etag_after != entity.revision.etag:
        return planned
    metadata = record.metadata
    path = str(metadata.get("path_before") or metadata.get("path"))
    earlier = Earlier(path=path, data=data, updated_at=str(metadata.get("updated_before")))
    return _replacing(store, planned, earlier)


def _replacing(store: Store, planned: EntityUndo, earlier: Earlier) -> EntityUndo:
    now, found = planned.entity, _read(store, earlier.data, earlier.path)
    diff = {**diff_fields(now.fields, found.fields), **diff_body(now.body, found.body)}
    diff.pop(store.names.updated, None)
    return planned.replace(
        diff=diff,
        gone=False,
        to=None if earlier.path == now.path else earlier.path,
        replaces=earlier,
    )


def _as_deleted(store: Store, deletion: AuditRecord) -> Entity:
    """The entity in the bytes that were kept of a deleted file."""
    data = _kept(store, deletion)
    try:
        return _read(store, data, str(deletion.metadata.get("path")))
    except LoopError:
        raise StorageError(
            f"{deletion.entity_id} can't come back: its kept bytes are no entity",
            hint=Action("list_kept"),
        ) from None


def _kept(store: Store, deletion: AuditRecord) -> bytes:
    sha256 = life.kept_of(deletion)
    data = None if sha256 is None else store.kept(sha256)
    if data is None:
        raise StorageError(
            f"{deletion.entity_id} can't come back: its kept bytes are gone",
            hint=Action("list_kept"),
        )
    return data


def _read(store: Store, data: bytes, path: str) -> Entity:
    parsed = snapshot.parse(data, path, store.names, notes=store.names.id_is_stem)
    return snapshot.observe(parsed, modified=0, history=History(), names=store.names).entity


def _earlier(store: Store, deleted: Entity, records: Sequence[AuditRecord]) -> Earlier | None:
    """The file before all records, as they tell it; None if they tell of none."""
    tree = {deleted.path: deleted.raw}
    for record in records[1:]:
        rewinding.rewind(tree, record, updated=store.names.updated, kept=store.kept)
    path, data = next(iter(tree.items()), (None, b""))
    if path is None:
        return None
    updated_at = str(records[-1].metadata.get("updated_before"))
    return Earlier(path=path, data=data, updated_at=updated_at)


def _is_as_planned(store: Store, earlier: Earlier, deleted: Entity, planned: EntityUndo) -> bool:
    """Whether exactly the values come back that the records tell."""
    try:
        found = _read(store, earlier.data, earlier.path)
    except LoopError:
        return False
    diff = {
        **diff_fields(deleted.fields, found.fields),
        **diff_body(deleted.body, found.body),
    }
    diff.pop(store.names.updated, None)
    return same(diff, {**planned.diff})
