"""`Operations`: everything that a user can do, one method per verb.

Every door (command line, HTTP) calls these methods, and no store. Input and output are data, so
that HTTP fits in between. The exceptions are the callables that a door passes in: `resolve`,
`confirm` and `ask` ask the user; `progress` is called with the number of files or changes so far.

An implementation may refuse any verb with `UsageError`. All raise `StorageError` if the system
refuses; each docstring names the other errors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Protocol

    from loop_cli.core.changes import Edits
    from loop_cli.core.check.report import Checked, PassedOver, Scope
    from loop_cli.core.commits import CommitResult, EntityChange, Mend, UpdateResult
    from loop_cli.core.conflict import Resolver
    from loop_cli.core.entity import Entity, FieldNames, Precondition
    from loop_cli.core.evaluate import Selected
    from loop_cli.core.query import Query
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import Schema
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
        """Entities of a query, to be iterated once. After that `warnings` are complete."""

        def __iter__(self) -> Iterator[Selected]: ...

        @property
        def warnings(self) -> list[str]:
            """The warnings about the query."""

        def cursor_after(self, one: Selected) -> str:
            """The cursor with which the same query goes on after one of its entities."""


class EntityOperations(ABC):
    """What one actor can do with one entity, in one run.

    It is a part of `Operations`, so that a command on one entity loads little code.
    """

    @property
    @abstractmethod
    def vault(self) -> str:
        """The name of the vault: its folder or its address."""

    @property
    @abstractmethod
    def names(self) -> FieldNames:
        """The names of the fields of identity and time."""

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
        """The id of this run, which all its records share. Raises `UsageError`."""

    @abstractmethod
    def take_warnings(self) -> list[str]:
        """Return the warnings that this thread has met since its last call, each once.

        They belong to the result of what it did meanwhile.
        """

    @abstractmethod
    def get(self, entity_id: str, *, path: str | None = None, fresh: bool = False) -> Entity:
        """Return the entity as it is now; `path` chooses a file if several have the id.

        With `fresh`, it first looks for new files with the id. Raises what `Store.find` raises.
        """

    @abstractmethod
    def preview(self, change: EntityChange) -> CommitResult:
        """Show the effect of a change on the current state, whatever its precondition.

        Raises what `Store.commit` lists, except conflicts.
        """

    @abstractmethod
    def backlinks(self, entity_id: str, *, path: str | None = None) -> Backlinks:
        """Return the references and links to an entity. Raises what `Store.find` raises."""

    @abstractmethod
    def update(
        self,
        change: EntityChange,
        *,
        resolve: Resolver,
        confirm: Callable[[CommitResult], bool] | None = None,
        dry_run: bool = False,
    ) -> UpdateResult:
        """Change one entity.

        `resolve` decides about a conflict. `confirm` is called if no precondition was given; the
        state that it shows becomes the precondition. Raises what `Store.commit` lists,
        `ConfirmationRefused`, and `UsageError` if there is nothing to change.
        """


class Operations(EntityOperations):
    """What one actor can do with one vault, in one run."""

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
        """Count the entities, and the events `since` an instant; `today` is when the day began."""

    @abstractmethod
    def check(self, scope: Scope) -> Checked:
        """Check the entities of a scope. Raises `EntityNotFound` for an unknown name."""

    @abstractmethod
    def passed_over(self) -> PassedOver:
        """Return the files that are left out wherever loop looks for entities."""

    @abstractmethod
    def template(self, entity_type: str) -> tuple[str, str] | None:
        """Return the vault's template of a type, its text and its name; None if there is none.

        Raises `InvalidFile`.
        """

    # -- making and removing ----------------------------------------------------------------

    @abstractmethod
    def create(
        self, request: create.Request, *, ask: Ask | None = None, dry_run: bool = False
    ) -> CreateResult:
        """Create one entity; `ask` is called with the problems of required fields.

        Raises what `Store.commit` lists for a create.
        """

    @abstractmethod
    def mend(self, change: Mend, *, dry_run: bool = False) -> CommitResult:
        """Replace the whole text of a file that can't be read as an entity.

        Raises what `Store.commit` lists.
        """

    @abstractmethod
    def delete(
        self,
        request: delete.Request,
        *,
        confirm: Callable[[DeleteResult], bool] | None = None,
        dry_run: bool = False,
    ) -> DeleteResult:
        """Delete or archive an entity, and the entities that refer to it, if asked for.

        Raises what `Store.commit` lists, `ConfirmationRefused`.
        """

    @abstractmethod
    def move(
        self,
        entity_id: str,
        project: str,
        *,
        precondition: Precondition,
        path: str | None = None,
        on_conflict: str = "fail",
        confirm: Confirm | None = None,
        dry_run: bool = False,
    ) -> RelocateResult:
        """Move a task to another project, and change the links to it. `on_conflict` is `fail`, or
        `rebase`: move it as it is now, unless its project was changed since.

        Raises what `Store.commit` lists, `ConfirmationRefused`.
        """

    @abstractmethod
    def rename(
        self,
        entity_id: str | None,
        *,
        precondition: Precondition | None = None,
        path: str | None = None,
        name: str | None = None,
        confirm: Confirm | None = None,
        dry_run: bool = False,
    ) -> RelocateResult:
        """Rename the file of an entity, or of all, as rule A says; or call an entity `name`, and
        its file with it; a `precondition` that is given must hold. Raises what `move` raises."""

    # -- changing many --------------------------------------------------------------------

    @abstractmethod
    def plan(self, query: Query, edits: Edits, *, progress: Progress | None = None) -> Plan:
        """Show the effect of `edits` on all entities of a query.

        Raises what `select` raises, and `UsageError` if there is nothing to change.
        """

    @abstractmethod
    def carry_out(
        self,
        changes: Sequence[EntityChange],
        *,
        atomic: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Commit changes; yield one outcome each, as soon as it is durable.

        With `atomic` all land or none, and an error is raised.
        """

    @abstractmethod
    def apply(
        self,
        lines: Iterable[Sequence[str]],
        *,
        today: int,
        now: int,
        force: bool = False,
        atomic: bool = False,
        on_conflict: str = "fail",
        dry_run: bool = False,
    ) -> Iterator[Outcome]:
        """Carry out each line of JSON, in order: an update, or what its "op" says. `lines` come so
        many at once as are there; `now` is an instant, `today` that at which its day began.
        `on_conflict` is `fail`, or `rebase`: apply on top, unless a field that a line changes was
        changed since.
        With `atomic` all or none; raises then what is in the way, with its line."""

    @abstractmethod
    def preview_repairs(self, found: Checked) -> list[Repair]:
        """Return the possible repairs of the findings of a check, with their changes."""

    @abstractmethod
    def repair(self, planned: Sequence[Repair]) -> list[Repair]:
        """Make the repairs of a preview; each one succeeds or fails by itself."""

    # -- looking back, and going back -----------------------------------------------------

    @abstractmethod
    def history(self, entity_id: str, *, limit: int | None, path: str | None = None) -> Story:
        """Return the history of an entity. Raises what `Store.find` raises."""

    @abstractmethod
    def difference(self, entity_id: str, since: Since, *, path: str | None = None) -> Difference:
        """Compare an entity with an earlier state.

        Raises what `Store.find` raises, and `UsageError` for a run that did not change it.
        """

    @abstractmethod
    def state_after(self, record: AuditRecord) -> Entity:
        """The entity as a record left it, as far as the log tells. Raises what `Store.find`
        raises."""

    @abstractmethod
    def log(self, query: LogQuery) -> Iterator[AuditRecord]:
        """Yield the matching records, newest first.

        Raises `AmbiguousId` for an alias of several entities.
        """

    @abstractmethod
    def follow(self, query: LogQuery) -> Iterator[list[AuditRecord]]:
        """Yield the matching records, oldest first, in one batch; then new ones, for ever.

        Raises `AmbiguousId`, as `log` does.
        """

    @abstractmethod
    def watch(self) -> Iterator[list[Happening]]:
        """Yield all changes from now on, inside and outside, for ever.

        Some batches are empty, so that the caller can see whether anybody still reads.
        """

    @abstractmethod
    def undo(
        self,
        target: Target,
        *,
        on_conflict: str = "fail",
        confirm: Callable[[UndoPlan], bool] | None = None,
        dry_run: bool = False,
    ) -> UndoResult:
        """Undo a run or a change, all of it or nothing; `confirm` is called with the plan.

        Raises `NoSuchChange`, `InvalidChange`, `ConflictError`, `ConfirmationRefused`.
        """

    # -- looking after the vault ----------------------------------------------------------

    @abstractmethod
    def allow(self, field: AllowedField, *, dry_run: bool = False) -> Allowed:
        """Allow another field for a type, in the schema.

        Raises `UsageError` for an unknown type or kind, `InvalidFile`, `VaultLocked`.
        """

    @abstractmethod
    def close_schema(self, *, dry_run: bool = False) -> ClosedSchema:
        """Close an open schema. Raises `UsageError` where the vault has none of its own,
        `InvalidFile`, `VaultLocked`."""

    @abstractmethod
    def views(self) -> dict[str, dict[str, Any]]:
        """The tables `views` and `columns` of the vault's settings. Raises `UsageError`."""

    @abstractmethod
    def save_view(
        self,
        name: str,
        settings: dict[str, Any] | None,
        *,
        before: dict[str, Any] | None,
        dry_run: bool = False,
    ) -> None:
        """Write a view of the vault in the place of what was read `before`; None is no view.

        Raises `ChangedMeanwhile`, `UsageError`, `VaultLocked`.
        """

    @abstractmethod
    def kept(self, *, entity_id: str | None = None, before: int | None = None) -> KeptCopies:
        """Return the kept copies of deleted entities and replaced values.

        All of them, or those of one entity, or those from before an instant.
        """

    @abstractmethod
    def prune(self, unwanted: Sequence[Kept]) -> Pruned:
        """Remove kept copies for good, if they have not changed since they were listed.

        Raises `VaultLocked`.
        """

    @abstractmethod
    def take_aside(self, *, dry_run: bool = False) -> list[str]:
        """Keep staged files that can't be finished; return the paths. Raises `VaultLocked`."""

    @abstractmethod
    def verify(self) -> Verification:
        """Check the chain of the log, its records, and each entity against its last record."""

    @abstractmethod
    def rotate(self, *, at_least: int) -> Rotation:
        """Begin a new file of the log, if the old one is large enough. Raises `VaultLocked`."""

    @abstractmethod
    def redact(
        self, entity_id: str, field: str, *, run_id: str | None = None, dry_run: bool = False
    ) -> Redaction:
        """Replace the values of a field by hashes, in an entity's records, or in those of one run.

        Raises `EntityNotFound`, `InvalidChange`, `VaultLocked`.
        """

    @abstractmethod
    def migrate(self, file: str | None, *, dry_run: bool = False) -> Migration:
        """Copy the lines of an older log into this one.

        Raises `EntityNotFound` if there is no such file, `VaultLocked`.
        """
