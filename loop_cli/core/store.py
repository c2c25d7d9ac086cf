"""The interface of a store: it holds entities, and makes each change in one step.

Only the store holds the lock, compares, builds the record and writes. So no code can write without
a record, or check a precondition apart from the write (`loop help architecture`). Every store must
pass the tests in `tests/store/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from loop_cli.core.entity import OWN, Entity, Precondition, Revision
from loop_cli.core.names import nfc
from loop_cli.errors import Action, LoopError, Sentence
from loop_cli.lean import jsontext
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.changes import Edits
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import EntityFile, FieldNames
    from loop_cli.core.ids import IdRule
    from loop_cli.core.links import LinkSource
    from loop_cli.core.query import Query
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.upkeep import Upkeep

    Outcome = "CommitResult | LoopError"

_HEAD = "{{" + ", ".join(f'"{name}": {{}}' for name in OWN) + ', "fields": '


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


class Create(Struct):
    """A new entity in a new file.

    The file is the `template` (called `source` in errors) with its placeholders filled, the
    `fields` set, and the `body`, if given. The store sets identity and times. If `entity_id` is a
    rule, the store makes the id, and `{entity_id}` in `path` stands for it. `problems` are problems
    that the caller found, to be reported with all others; only then id and path may be missing. If
    there is a record with `key`, the result is the entity that it made, unchanged; `request` shows
    that it is the same call.
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
    origin: Origin | None = None


class Restore(Struct):
    """A deleted entity that comes back in its place, byte for byte.

    It is the only write that does not set `updated`. `record` is the record of the deletion;
    `undoes` is as in `EntityChange`.
    """

    record: AuditRecord
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


class Listed(Struct):
    """An entity in a list: its id in normal form, its fields as JSON, as `get` shows them."""

    id: str
    type: str
    name: str | None
    path: str
    revision: Revision
    fields: str

    @property
    def own(self) -> dict[str, str]:
        """Its values besides the fields, by the names that conditions and columns use."""
        values = (self.id, self.type, self.path, self.revision.updated_at, self.revision.etag)
        return dict(zip(OWN, values, strict=True))

    @property
    def etag(self) -> str:
        """The etag of its revision."""
        return self.revision.etag

    def dated(self, updated_at: str) -> Listed:
        """Return a copy with another `updated_at`."""
        return self.replace(revision=Revision(updated_at=updated_at, etag=self.etag))

    @property
    def flat(self) -> bool:
        """Whether it is certain that its fields contain no mapping."""
        return is_flat(self.fields)

    @property
    def json(self) -> bytes:
        """The JSON of `get` without the body, in one line that is harmless on a terminal."""
        text = f"{head_of(*self.own.values())}{self.fields}}}"
        return jsontext.harmless(text).encode()


class Hit(Listed):
    """An entity that a search found.

    `line` and `text` are the first line of the body with the most words; none if only the names
    have the words.
    """

    in_names: bool
    line: int | None = None
    text: str | None = None


class Store(ABC):
    """A set of entities with an audit log."""

    names: FieldNames

    @property
    @abstractmethod
    def schema(self) -> Schema:
        """The schema of the vault.

        Raises `InvalidFile` with file, line and reason if the schema can't be read.
        """

    @property
    @abstractmethod
    def rules(self) -> Rules:
        """The rules for entities. Raises what `schema` raises."""

    @abstractmethod
    def find(self, entity_id: str, *, path: str | None = None) -> Entity:
        """Find the entity with the id, or if there is none, with the alias.

        Raises `EntityNotFound` with the nearest ids; `AmbiguousId` if several files have the id and
        `path` does not choose one; `InvalidFile` if the file can't be read as an entity;
        `StorageError` if the system refuses.
        """

    @abstractmethod
    def note(self, path: str) -> Entity:
        """Return a file that is not an entity, in the form of one: its id is its path, its body its
        text.

        Raises `EntityNotFound`; `InvalidFile` if it is an entity, at a wrong place, or not UTF-8.
        """

    def refresh(self) -> None:
        """Look for new and removed files in all folders, so that later calls of `find` know them.

        For writes whose caller names an id, and not the bytes of a file. Raises `UsageError`.
        """
        return

    @abstractmethod
    def scan(
        self, query: Query | None = None, *, told: Callable[[int], None] | None = None
    ) -> Iterator[Listed]:
        """Yield the entities of a query as they are now, in its order; without a query all, by id.

        `core.evaluate` defines the result. `told` is called with the number of files looked at so
        far. Files that can't be read are left out, with a warning. Raises `UsageError`,
        `StorageError`.
        """

    @abstractmethod
    def search(self, query: Query, *, told: Callable[[int], None] | None = None) -> Iterator[Hit]:
        """Yield the entities of a query whose id, name and body have all words of its `text`.

        They are sorted as the query says, or by id; matches in names come first. Each file is read
        again. `told` is called with the number of files looked at, and then of files read. Raises
        what `scan` raises; `UsageError` if there is no word.
        """

    @abstractmethod
    def commit(
        self,
        changes: Sequence[AnyChange],
        *,
        origin: Origin,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> list[CommitResult | LoopError]:
        """Compare, record and write, under one lock; return one outcome per change, in order.

        Outcomes that are errors: what `find` raises; `InvalidChange` with all problems, a
        place or an id that is taken among them; `StillReferred`; `InvalidFile` where the text
        can't be edited losslessly; `PreconditionRequired`; `ConflictError`; `StorageError`
        where it could not be recorded or written, and for a deleted entity that is not kept
        any more; `AlreadyDone` where another call with the idempotency key of the origin has
        made a change. A change with an `origin` of its own is recorded as of that one.
        With `atomic` all changes land or none, and the error is raised instead.
        `dry_run` does everything but writing. Raises `VaultLocked`; `InvalidFile` for a
        broken schema.
        """

    @abstractmethod
    def files(
        self,
        *,
        mentioning: Sequence[str] | None = None,
        where: Callable[[str, bytes], bool] | None = None,
    ) -> Iterator[EntityFile]:
        """Yield the entities that can be read, with the data of their files, in no order.

        These are at least the entities whose fields or path contain one of some texts, if `where`
        accepts the path and bytes. The log is not read, so there are no revisions. Raises
        `UsageError`.
        """

    @abstractmethod
    def paths(self) -> Iterator[str]:
        """Yield the paths of all files that a link may lead to, of any kind, in no order."""

    @abstractmethod
    def link_sources(
        self, where: Callable[[str, bytes], bool] = lambda _path, _data: True
    ) -> Iterator[LinkSource]:
        """Yield all Markdown files and canvases as they are now, entities or not, in no order.

        `where` must accept the path and bytes. Files that can't be read come without bytes.
        """

    @abstractmethod
    def records(self, entity_id: str | None = None) -> Iterator[AuditRecord]:
        """Yield the audit records newest first, with undone records and undo records.

        All records, or those of the files that have the id. Lines that are not records are skipped,
        with a warning.
        """

    @abstractmethod
    def records_of_run(self, run_id: str) -> Iterator[AuditRecord]:
        """Yield the records of a run, newest first, and records that name the run or rewrote
        lines."""

    def records_with_key(self, key: str) -> Iterator[AuditRecord]:
        """Newest first, the records of calls with an idempotency key, without undone ones."""
        from loop_cli.core.records.record import with_key

        return with_key(self.records(), key)

    def count(self, query: Query) -> int:
        """How many entities a query asks for, whatever its limit and cursor. Raises as `scan` or
        `search` does."""
        whole = query.replace(limit=None, cursor=None, sort=())
        return sum(1 for _one in (self.scan if query.text is None else self.search)(whole))

    @abstractmethod
    def kept(self, sha256: str) -> bytes | None:
        """Return the value that was kept for a hash in a record; None if it was not kept."""

    @property
    def upkeep(self) -> Upkeep:
        """The other work of the store; by default it refuses all of it with a message."""
        from loop_cli.core.upkeep import Upkeep

        return Upkeep()

    @abstractmethod
    def take_warnings(self) -> list[str]:
        """Return the warnings that this thread has met since its last call, each once.

        So the warnings with a result are about that result.
        """


def list_entity(entity: Entity) -> Listed:
    """Make the list form of an entity."""
    return Listed(
        id=nfc(entity.id),
        type=entity.type,
        name=entity.name,
        path=entity.path,
        revision=entity.revision,
        fields=as_json(entity.fields),
    )


def is_flat(fields: str) -> bool:
    """Whether the JSON of fields contains no mapping, and no text that looks like one."""
    return "{" not in fields[1:]


def head_of(*own: str) -> str:
    """Return the JSON before the fields, from the values for `OWN`."""
    return _HEAD.format(*map(jsontext.text, own))


def names_of(listed: Listed) -> tuple[str, ...]:
    """Return the names of an entity."""
    return (listed.id,) if listed.name is None else (listed.id, listed.name)


def passed_over(files: int) -> list[str]:
    """Return the warning about files that a list leaves out."""
    what = "1 file has frontmatter that" if files == 1 else f"{files} files have frontmatter that"
    end = (" can't be read; passed over ('", Action("check"), "' tells why)")
    return [Sentence(what, *end)] if files else []


def only(outcomes: list[CommitResult | LoopError]) -> CommitResult:
    """Return the outcome of a commit of one change, or raise it if it is an error."""
    (outcome,) = outcomes
    if isinstance(outcome, LoopError):
        raise outcome
    return outcome


def as_json(value: Any) -> str:
    """Return one line of JSON; values that JSON can't express (`.inf`) become their YAML text."""
    try:
        return jsontext.dumps(value)
    except ValueError:
        return jsontext.dumps(_finite(value))


def harmless_json(value: Any) -> str:
    """Return one line of JSON that is harmless on a terminal."""
    return jsontext.harmless(as_json(value))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {_finite(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"  # noqa: PLR0124
    return value
