"""The contract of a store: where entities live, and where a change is one step.

A store alone holds the lock, compares, builds the record and writes; so a write without
its record, or a check apart from its write, can't be expressed (`loop help architecture`).
Every store passes the suite in `tests/store/`.
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
    """What to change in one entity, and the revision that the writer has seen: an update.

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
    """The same, with the file going to another place: archived, renamed, in another project.

    `to` is relative to the vault, with `/`, and must be free; folders are made as needed.
    Where it `leaves` for a place in which nobody finds it, such as the archive, others that
    refer or link to it are in the way, as with `Delete`; `cascade` as there.
    """

    to: str
    leaves: bool = False
    cascade: bool = False


class Mend(EntityChange):
    """A whole text, `data`, in the place of one that can't be read as an entity.

    What the file said before nobody can tell, so the record has no diff: it is an outside edit
    mended. Raises a conflict where the file can be read by now.
    """

    data: bytes


class Create(Struct):
    """A new entity, in a file that is not there yet.

    The file is the `template` (called `source` in errors) with its placeholders filled, the
    `fields` put in, and with `body` that instead of its own. Identity and times are the
    store's to set: where `entity_id` is a rule, it makes the id, and `{entity_id}` in `path`
    stands for it. `problems` are what the caller found wrong, to be said with all the rest;
    only then may id and path be missing. Where a record of `key` is found, the entity that
    it made is the result, unchanged; `request` tells that it is the same call.
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
    """A deleted entity back in its place, byte for byte: the one write that leaves `updated`
    alone. `record` is that of its deletion; `undoes` as in `EntityChange`."""

    record: AuditRecord
    undoes: dict[str, Any] | None = None
    origin: Origin | None = None


class Delete(Struct):
    """An entity to remove, and the revision that the writer has seen. Its bytes are kept.

    Others that refer or link to it are in the way, unless they go in the same atomic group, or
    `orphan` says that they may refer to nothing. With `cascade`, what only links to it is no
    obstacle, and named in a warning. `undoes` as in `EntityChange`.
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
    """What became of one change. `record` is None where nothing was written.

    A create has no state before and a delete none after: there both are the one that is.
    """

    before: Entity
    after: Entity
    diff: Diff
    changed: bool
    record: AuditRecord | None
    warnings: tuple[str, ...] = ()


class UpdateResult(Struct):
    """What an update did. `run_id` is that of the run, `entity` the state after it."""

    entity: Entity
    before: Entity
    changed: bool
    dry_run: bool
    run_id: str
    diff: Diff
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop update` (SPEC §7)."""
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
        """What it has besides its fields, by the names that conditions and columns use."""
        values = (self.id, self.type, self.path, self.revision.updated_at, self.revision.etag)
        return dict(zip(OWN, values, strict=True))

    @property
    def etag(self) -> str:
        """That of its revision."""
        return self.revision.etag

    def dated(self, updated_at: str) -> Listed:
        """The same with another `updated_at`."""
        return self.replace(revision=Revision(updated_at=updated_at, etag=self.etag))

    @property
    def flat(self) -> bool:
        """Whether it is certain that no mapping lies within its fields."""
        return is_flat(self.fields)

    @property
    def json(self) -> bytes:
        """It in one line of JSON that no terminal acts on: what `get` prints of it but for the
        body."""
        text = f"{head_of(*self.own.values())}{self.fields}}}"
        return jsontext.harmless(text).encode()


class Hit(Listed):
    """An entity that a search found. Of its body, `line` of the file and `text` are the first
    line that has the most words; none where only the names have any."""

    in_names: bool
    line: int | None = None
    text: str | None = None


class Store(ABC):
    """A set of entities with an audit log."""

    names: FieldNames

    @property
    @abstractmethod
    def schema(self) -> Schema:
        """What the entities are made of.

        Raises `InvalidFile` where the schema can't be read, with file, line and reason.
        """

    @property
    @abstractmethod
    def rules(self) -> Rules:
        """The rules for entities. Raises as `schema` does."""

    @abstractmethod
    def find(self, entity_id: str, *, path: str | None = None) -> Entity:
        """The entity with the id, or with the alias where none has the id.

        Raises `EntityNotFound` with the nearest ids; `AmbiguousId` where several files
        carry it and `path` does not choose; `InvalidFile` where the file that carries it
        can't be read; `StorageError` where the system refuses.
        """

    @abstractmethod
    def note(self, path: str) -> Entity:
        """A file that is no entity, as one whose id is its path and whose body its whole text.

        Raises `EntityNotFound`; `InvalidFile` for an entity, what is no place for a note, and what
        is not UTF-8.
        """

    def refresh(self) -> None:
        """Look for files that came to any folder or went from it, so that the finds that follow
        know of them: for a write whose caller names an id and not the bytes of a file.

        Raises `UsageError`.
        """
        return

    @abstractmethod
    def scan(
        self, query: Query | None = None, *, told: Callable[[int], None] | None = None
    ) -> Iterator[Listed]:
        """The entities that a query asks for, as they are now, in its order; of none all, by id.

        What comes out is what `core.evaluate` says. `told` is given the number of files looked
        at so far. Files that can't be read are passed over; a warning then says so. Raises
        `UsageError`, `StorageError`.
        """

    @abstractmethod
    def search(self, query: Query, *, told: Callable[[int], None] | None = None) -> Iterator[Hit]:
        """The entities that a query asks for whose names (id and name) and body have all words of
        its `text`: sorted as it says, else by id, but those first whose names alone have them.

        Each was read as it is now. `told` is given the number of files looked at so far, then
        of those read. Raises as `scan` does; `UsageError` where there is no word.
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
        """Compare, record and write, under one lock: one outcome for each change, in order.

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
        """Every entity that can be read, in no order, as its file has it: at least those in
        whose fields or path one of some texts is, and of these those whose path and bytes
        `where` admits. The log is not asked, so there are no revisions. Raises `UsageError`.
        """

    @abstractmethod
    def paths(self) -> Iterator[str]:
        """Every file that a link may lead to, of any kind and wherever it lies, in no order."""

    @abstractmethod
    def link_sources(
        self, where: Callable[[str, bytes], bool] = lambda _path, _data: True
    ) -> Iterator[LinkSource]:
        """Every Markdown file and every canvas, an entity or not and wherever it lies, as it is
        now, whose path and bytes `where` admits, in no order; and without bytes what can't be read.
        """

    @abstractmethod
    def records(self, entity_id: str | None = None) -> Iterator[AuditRecord]:
        """The audit records newest first, undone ones and undo records included: all, or
        those of the files that carry the id.

        Lines that are no records are passed over; a warning then says so.
        """

    @abstractmethod
    def records_of_run(self, run_id: str) -> Iterator[AuditRecord]:
        """Newest first, a run's records, and any that name the run or rewrote lines."""

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
        """What is kept of a value that records hold only the hash of; None where nothing is."""

    @property
    def upkeep(self) -> Upkeep:
        """What the store does besides; by default it refuses all of it in words."""
        from loop_cli.core.upkeep import Upkeep

        return Upkeep()

    @abstractmethod
    def take_warnings(self) -> list[str]:
        """Sentences for the user about what this thread has met since it last took them, each
        once: so what is told with a result is about that result."""


def list_entity(entity: Entity) -> Listed:
    """An entity as it is listed."""
    return Listed(
        id=nfc(entity.id),
        type=entity.type,
        name=entity.name,
        path=entity.path,
        revision=entity.revision,
        fields=as_json(entity.fields),
    )


def is_flat(fields: str) -> bool:
    """Whether the JSON of fields has no mapping within, nor a text that looks like one."""
    return "{" not in fields[1:]


def head_of(*own: str) -> str:
    """What comes before the fields in the JSON of an entity, of its values for `OWN`."""
    return _HEAD.format(*map(jsontext.text, own))


def names_of(listed: Listed) -> tuple[str, ...]:
    """What an entity is called."""
    return (listed.id,) if listed.name is None else (listed.id, listed.name)


def passed_over(files: int) -> list[str]:
    """The warning about files that a list is without."""
    what = "1 file has frontmatter that" if files == 1 else f"{files} files have frontmatter that"
    end = (" can't be read; passed over ('", Action("check"), "' tells why)")
    return [Sentence(what, *end)] if files else []


def only(outcomes: list[CommitResult | LoopError]) -> CommitResult:
    """The outcome of a commit of one change. Raises it where it is an error."""
    (outcome,) = outcomes
    if isinstance(outcome, LoopError):
        raise outcome
    return outcome


def as_json(value: Any) -> str:
    """One line of JSON; what JSON can't say (`.inf`, `.nan`) becomes its YAML text."""
    try:
        return jsontext.dumps(value)
    except ValueError:
        return jsontext.dumps(_finite(value))


def harmless_json(value: Any) -> str:
    """One line of JSON that no terminal acts on."""
    return jsontext.harmless(as_json(value))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {_finite(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"  # noqa: PLR0124
    return value
