"""The interface of a store: it holds entities, and makes each change in one step.

Only the store holds the lock, compares, builds the record and writes. So no code can write without
a record, or check a precondition apart from the write (`loop help architecture`). Every store must
pass the tests in `tests/store/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from loop_cli.errors import Action, Sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from loop_cli.core.commits import AnyChange, CommitResult
    from loop_cli.core.entity import Entity, EntityFile, FieldNames
    from loop_cli.core.links import Files, LinkSource
    from loop_cli.core.listed import Hit, Listed
    from loop_cli.core.query import Query
    from loop_cli.core.records.record import AuditRecord, Origin
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.upkeep import Upkeep
    from loop_cli.errors import LoopError


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
    def files(self, *, referring_to: Sequence[str] | None = None) -> Iterator[EntityFile]:
        """Yield the entities that can be read, with the data of their files, in no order.

        With `referring_to` these are at least the entities that have one of some ids, or refer to
        one in a field. The log is not read, so there are no revisions. Raises `UsageError`.
        """

    @abstractmethod
    def paths(self) -> Iterator[str]:
        """Yield the paths of all files that a link may lead to, of any kind, in no order."""

    def link_targets(self) -> Files:
        """Return the files that a link may lead to, as links find them."""
        from loop_cli.core.links import Files

        return Files(self.paths())

    @abstractmethod
    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        """Yield the Markdown files and canvases as they are now, entities or not, in no order, that
        may have a link to one of some files, and these files themselves.

        Files that can't be read come without bytes.
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


def passed_over(files: int) -> list[str]:
    """Return the warning about files that a list leaves out."""
    what = "1 file has frontmatter that" if files == 1 else f"{files} files have frontmatter that"
    end = (" can't be read; passed over (to see why: ", Action("check"), ")")
    return [Sentence(what, *end)] if files else []
