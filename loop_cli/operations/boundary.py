"""`Operations`: all that a user can do, one method a verb. Every door calls these and no store.

What goes in and comes out is data, so that HTTP fits in between. The exceptions are the callables
that a door passes in to be asked: `resolve`, `confirm`, `ask`, and `progress`, which is given the
number of files or changes so far. An implementation may refuse any verb with `UsageError`. All
raise `StorageError` where the system refuses; what else they raise is said at each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Protocol

    from loop_cli.core.changes import Edits
    from loop_cli.core.check.report import Checked, PassedOver, Scope
    from loop_cli.core.conflict import Resolver
    from loop_cli.core.entity import Entity, FieldNames, Precondition
    from loop_cli.core.evaluate import Selected
    from loop_cli.core.query import Query
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import Schema
    from loop_cli.core.store import CommitResult, EntityChange, Mend, UpdateResult
    from loop_cli.core.upkeep import (
        Allowed,
        AllowedField,
        ClosedSchema,
        Happening,
        Kept,
        KeptCopies,
        Migration,
        Pruned,
        Redaction,
        Rotation,
        Verification,
    )
    from loop_cli.operations import create, delete
    from loop_cli.operations.asking import Ask
    from loop_cli.operations.backlinks import Backlinks
    from loop_cli.operations.board import Agenda, Board, Stats
    from loop_cli.operations.bulk import Outcome, Plan
    from loop_cli.operations.create import CreateResult
    from loop_cli.operations.delete import DeleteResult
    from loop_cli.operations.history import Difference, Since, Story
    from loop_cli.operations.log import LogQuery
    from loop_cli.operations.move import Confirm, RelocateResult
    from loop_cli.operations.overview import Overview
    from loop_cli.operations.repair import Repair
    from loop_cli.operations.undo import Target, UndoPlan, UndoResult

    Progress = Callable[[int], None]

    class Selection(Protocol):
        """Entities as they are found, to be iterated once. After that `warnings` are complete."""

        def __iter__(self) -> Iterator[Selected]: ...

        @property
        def warnings(self) -> list[str]:
            """Sentences for the user about the query."""

        def cursor_after(self, one: Selected) -> str:
            """The cursor with which the same query goes on after one of its entities."""


class EntityOperations(ABC):
    """What can be done with one entity of a vault, by one actor, in one run: the part of
    `Operations` that a command on one entity needs, so that it has little to load."""

    @property
    @abstractmethod
    def vault(self) -> str:
        """What the vault is called: its folder or its address."""

    @property
    @abstractmethod
    def names(self) -> FieldNames:
        """What the fields of identity and time are called."""

    @property
    @abstractmethod
    def schema(self) -> Schema:
        """The vault's schema. Raises `InvalidFile`."""

    @property
    @abstractmethod
    def rules(self) -> Rules:
        """The rules of the schema. Raises `InvalidFile`."""

    @property
    @abstractmethod
    def run_id(self) -> str:
        """The id of this run, which all it writes share. Raises `UsageError`."""

    @abstractmethod
    def take_warnings(self) -> list[str]:
        """Sentences for the user about what this thread has met since it last took them, each
        once: to be told with the result of what it did meanwhile."""

    @abstractmethod
    def get(self, entity_id: str, *, path: str | None = None, fresh: bool = False) -> Entity:
        """The entity as it is now; `path` chooses where several files carry the id. With `fresh`
        other files that carry it are looked for first. Raises what `Store.find` raises."""

    @abstractmethod
    def preview(self, change: EntityChange) -> CommitResult:
        """What a change would do to the state now, whatever its precondition. Raises what
        `Store.commit` lists, but for conflicts."""

    @abstractmethod
    def backlinks(self, entity_id: str, *, path: str | None = None) -> Backlinks:
        """Who refers and who links to an entity. Raises what `Store.find` raises."""

    @abstractmethod
    def update(
        self,
        change: EntityChange,
        *,
        resolve: Resolver,
        confirm: Callable[[CommitResult], bool] | None = None,
        dry_run: bool = False,
    ) -> UpdateResult:
        """Change one entity. `resolve` decides about a conflict; `confirm` is asked where no
        precondition was given, and what it sees becomes the precondition. Raises what
        `Store.commit` lists, `ConfirmationRefused`, `UsageError` for a change of nothing."""


class Operations(EntityOperations):
    """What can be done with one vault, by one actor, in one run."""

    # -- reading --------------------------------------------------------------------------

    @abstractmethod
    def select(self, query: Query, *, progress: Progress | None = None) -> Selection:
        """The entities that a query finds, in its order; with a text, as a search does. Raises
        `UsageError` for a type or field that there is not and for a comparison with what is no
        value of the field, and what `Store.scan` raises."""

    @abstractmethod
    def count(self, query: Query) -> int:
        """How many entities a query finds, whatever its limit and cursor. Raises as `select`."""

    @abstractmethod
    def members(self) -> dict[str, Any]:
        """Who is listed as a member of the vault, as the file has it; empty if there is none."""

    @abstractmethod
    def recorded_with(self, key: str) -> list[AuditRecord]:
        """The records of the call with an idempotency key, oldest first, undone ones left out."""

    @abstractmethod
    def overview(self, *, today: int, since: int, progress: Progress | None = None) -> Overview:
        """Count the entities and what has happened `since` an instant; `today` is the one at
        which the day began."""

    @abstractmethod
    def board(
        self, query: Query, by: str, *, today: int, progress: Progress | None = None
    ) -> Board:
        """The entities of a query by the values of a field; `today` as in `overview`. Raises as
        `select` does."""

    @abstractmethod
    def agenda(self, query: Query, *, today: int, progress: Progress | None = None) -> Agenda:
        """What of a query is overdue, today, this week and later. Raises as `select` does."""

    @abstractmethod
    def stats(self, *, today: int, count: int) -> Stats:
        """The changes of the last `count` days, by day, from the log."""

    @abstractmethod
    def check(self, scope: Scope) -> Checked:
        """What is wrong with the entities of a scope. Raises `EntityNotFound` for a name that is
        no id, alias or type."""

    @abstractmethod
    def passed_over(self) -> PassedOver:
        """What is passed over wherever entities are looked for."""

    @abstractmethod
    def template(self, entity_type: str) -> tuple[str, str] | None:
        """The vault's template of a type, its text and what it is called; None where there is
        none. Raises `InvalidFile`."""

    # -- making and removing ----------------------------------------------------------------

    @abstractmethod
    def create(
        self, request: create.Request, *, ask: Ask | None = None, dry_run: bool = False
    ) -> CreateResult:
        """Make one entity; `ask` is given the problems of fields that are required. Raises what
        `Store.commit` lists for a create."""

    @abstractmethod
    def mend(self, change: Mend, *, dry_run: bool = False) -> CommitResult:
        """Put a whole text in the place of one that can't be read as an entity. Raises what
        `Store.commit` lists."""

    @abstractmethod
    def delete(
        self,
        request: delete.Request,
        *,
        confirm: Callable[[DeleteResult], bool] | None = None,
        dry_run: bool = False,
    ) -> DeleteResult:
        """Delete or archive an entity, and those that refer to it where that is asked for. Raises
        what `Store.commit` lists, `ConfirmationRefused`."""

    @abstractmethod
    def move(
        self,
        entity_id: str,
        project: str,
        *,
        precondition: Precondition,
        path: str | None = None,
        confirm: Confirm | None = None,
        dry_run: bool = False,
    ) -> RelocateResult:
        """Move a task to another project, and put the links to it right. Raises what
        `Store.commit` lists, `ConfirmationRefused`."""

    @abstractmethod
    def rename(
        self,
        entity_id: str | None,
        *,
        path: str | None = None,
        confirm: Confirm | None = None,
        dry_run: bool = False,
    ) -> RelocateResult:
        """Give the file of an entity, or of all, the name that rule A has for it. Raises as
        `move` does."""

    # -- changing many --------------------------------------------------------------------

    @abstractmethod
    def plan(self, query: Query, edits: Edits, *, progress: Progress | None = None) -> Plan:
        """What `edits` would do to all that a query finds. Raises what `select` raises, and
        `UsageError` where there is nothing to change."""

    @abstractmethod
    def carry_out(
        self,
        changes: Sequence[EntityChange],
        *,
        atomic: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Commit changes; an outcome says what is durable. With `atomic` all or none; raises then
        what is in the way."""

    @abstractmethod
    def apply(
        self,
        lines: Iterable[Sequence[str]],
        *,
        today: int,
        force: bool = False,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> Iterator[Outcome]:
        """Commit the change of each line of JSON, in order. `lines` come so many at once as are
        there; `today` is the instant at which the day began, for conditions.
        With `atomic` all or none; raises then what is in the way, with its line."""

    @abstractmethod
    def preview_repairs(self, found: Checked) -> list[Repair]:
        """The repairs that there are for what a check found, and what each would change."""

    @abstractmethod
    def repair(self, planned: Sequence[Repair]) -> list[Repair]:
        """Make the repairs of a preview that can be made; each one stands for itself."""

    # -- looking back, and going back -----------------------------------------------------

    @abstractmethod
    def history(self, entity_id: str, *, limit: int | None, path: str | None = None) -> Story:
        """The story of an entity. Raises what `Store.find` raises."""

    @abstractmethod
    def difference(self, entity_id: str, since: Since, *, path: str | None = None) -> Difference:
        """An entity now against an earlier state of it. Raises what `Store.find` raises, and
        `UsageError` for a run that it has no change of."""

    @abstractmethod
    def state_after(self, record: AuditRecord) -> Entity:
        """The entity as a record left it, as far as the log tells. Raises what `Store.find`
        raises."""

    @abstractmethod
    def log(self, query: LogQuery) -> Iterator[AuditRecord]:
        """The records that are asked for, newest first. Raises `AmbiguousId` for an alias of
        several entities."""

    @abstractmethod
    def follow(self, query: LogQuery) -> Iterator[list[AuditRecord]]:
        """The records that are asked for, oldest first, in one batch; then those that come, each
        time that the caller asks. Never ends. Raises `AmbiguousId` as `log` does."""

    @abstractmethod
    def watch(self) -> Iterator[list[Happening]]:
        """What changes from now on, inside and outside; some batches are empty, so that the
        caller can see whether anybody still reads. Never ends."""

    @abstractmethod
    def undo(
        self,
        target: Target,
        *,
        on_conflict: str = "fail",
        confirm: Callable[[UndoPlan], bool] | None = None,
        dry_run: bool = False,
    ) -> UndoResult:
        """Put back what a run or a change found, all of it or nothing; `confirm` is asked about
        the plan. Raises `NoSuchChange`, `InvalidChange`, `ConflictError`, `ConfirmationRefused`."""

    # -- looking after the vault ----------------------------------------------------------

    @abstractmethod
    def allow(self, field: AllowedField, *, dry_run: bool = False) -> Allowed:
        """Allow a field more for a type, in the schema. Raises `UsageError` for a type or kind
        that there is not, `InvalidFile`, `VaultLocked`."""

    @abstractmethod
    def close_schema(self, *, dry_run: bool = False) -> ClosedSchema:
        """Close an open schema. Raises `UsageError` where the vault has none of its own,
        `InvalidFile`, `VaultLocked`."""

    @abstractmethod
    def kept(self, *, entity_id: str | None = None, before: int | None = None) -> KeptCopies:
        """What is kept of deleted entities and replaced values: of all or of one entity, and
        from before an instant."""

    @abstractmethod
    def prune(self, unwanted: Sequence[Kept]) -> Pruned:
        """Remove for good what is still as it was listed. Raises `VaultLocked`."""

    @abstractmethod
    def take_aside(self, *, dry_run: bool = False) -> list[str]:
        """Keep what was staged and can't be finished; the paths. Raises `VaultLocked`."""

    @abstractmethod
    def verify(self) -> Verification:
        """Check the chain of the log, its records, and each entity against its last one."""

    @abstractmethod
    def rotate(self, *, at_least: int) -> Rotation:
        """Begin a new file of the log, if that has so many bytes. Raises `VaultLocked`."""

    @abstractmethod
    def redact(
        self, entity_id: str, field: str, *, run_id: str | None = None, dry_run: bool = False
    ) -> Redaction:
        """Put hashes in the place of the values of a field in an entity's records, or in those of
        one run. Raises `EntityNotFound`, `InvalidChange`, `VaultLocked`."""

    @abstractmethod
    def migrate(self, file: str | None, *, dry_run: bool = False) -> Migration:
        """Take the lines of an older log into this one. Raises `EntityNotFound` where there is no
        such file, `VaultLocked`."""
