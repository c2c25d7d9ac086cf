"""What a store commits: changes, and their results."""

from __future__ import annotations

from loop_cli.core.entity import Precondition
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.changes import Edits
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity
    from loop_cli.core.ids import IdRule
    from loop_cli.core.records.record import AuditRecord, Origin


class EntityChange(Struct):
    """An update: what to change in one entity, and the revision that the writer has read.

    `path` chooses where several files carry the id. `seen` is the state at the expected
    revision, where the writer has it at hand: so a conflict knows what was read. `rebased_from`
    is the precondition that did not hold, where a resolver decided to apply on top. `undoes` is
    set where the change takes others back: their `run_id`, and the digests of their `lines`.

    A `note` is a file that is no entity: `path` and `entity_id` are both its path, the body of
    `edits` is its whole text, and it gets no time.
    `origin`, here and below, is that of this one change where several callers share a commit.
    """

    entity_id: str
    edits: Edits
    precondition: Precondition = Precondition()
    path: str | None = None
    seen: Entity | None = None
    rebased_from: Precondition | None = None
    undoes: dict[str, Any] | None = None
    note: bool = False
    origin: Origin | None = None


class Move(EntityChange):
    """An update that also moves the file: into the archive, under another name, to another project.

    `to` is relative to the vault, with `/`, and must be free; folders are made as needed. `leaves`
    means: entities are not found at the new place, such as the archive. Then others that refer or
    link to it stop the move, as for `Delete`; `cascade` is as there.
    """

    to: str
    leaves: bool = False
    cascade: bool = False


class Mend(EntityChange):
    """A whole text, `data`, that replaces a file that can't be read as an entity.

    The old content is unknown, so the record has no diff. It is a conflict if the file can be read
    by now.
    """

    data: bytes


class PutBack(Move):
    """The whole text of an earlier entity, `data`, in the place of one that was made with its id
    after it was deleted. `edits` say nothing. The text that goes is kept, so that this can be
    undone in the same way."""

    data: bytes


class Create(Struct):
    """A new entity in a new file.

    The file is the `template` (called `source` in errors) with its placeholders filled, the
    `fields` set, and the `body`, if given. The store sets identity and times. If `entity_id` is a
    rule, the store makes the id, and `{entity_id}` in `path` stands for it. `problems` are problems
    that the caller found, to be reported with all others; only then id and path may be missing. If
    there is a record with `key`, the result is the entity that it made, unchanged; `request` shows
    that it is the same call. With `text`, the file is that text, with the time of the change: an
    entity that was another one before, because its file had another name.
    """

    entity_type: str
    entity_id: str | IdRule | None
    path: str | None
    fields: dict[str, Any]
    template: str
    source: str = "the template"
    body: str | None = None
    problems: tuple[dict[str, Any], ...] = ()
    key: str | None = None
    request: str | None = None
    text: str | None = None
    origin: Origin | None = None


class Earlier(Struct):
    """A state of a file from before it was deleted: its bytes, its place, and its time."""

    path: str
    data: bytes
    updated_at: str


class Restore(Struct):
    """A deleted entity that comes back in its place, byte for byte.

    It is the only write that does not set `updated`. `record` is the record of the deletion;
    `undoes` is as in `EntityChange`. If other changes are taken back with it, the entity comes back
    as it was before them: `earlier`.
    """

    record: AuditRecord
    earlier: Earlier | None = None
    undoes: dict[str, Any] | None = None
    origin: Origin | None = None


class Delete(Struct):
    """An entity to delete, and the revision that the writer has read. Its bytes are kept.

    Others that refer or link to it stop the deletion, unless they are deleted in the same atomic
    group, or `orphan` allows broken references. With `cascade`, files that only link to it do not
    stop the deletion; a warning names them. `undoes` is as in `EntityChange`.
    """

    entity_id: str
    precondition: Precondition = Precondition()
    path: str | None = None
    orphan: bool = False
    cascade: bool = False
    undoes: dict[str, Any] | None = None
    origin: Origin | None = None


if TYPE_CHECKING:
    AnyChange = EntityChange | Create | Restore | Delete


class CommitResult(Struct):
    """The result of one change. `record` is None if nothing was written.

    A create has no state before, and a delete none after: then both are the one state that exists.
    """

    before: Entity
    after: Entity
    diff: Diff
    changed: bool
    record: AuditRecord | None
    warnings: tuple[str, ...] = ()


class UpdateResult(Struct):
    """The result of an update. `run_id` is its run, `entity` the state after it."""

    entity: Entity
    before: Entity
    changed: bool
    dry_run: bool
    run_id: str
    diff: Diff
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop update` (SPEC §7)."""
        data = {
            **self.entity.as_dict(),
            "changed": self.changed,
            "run_id": self.run_id,
            "modified_fields": list(self.diff),
            "diff": self.diff,
        }
        return {**data, "dry_run": True} if self.dry_run else data
