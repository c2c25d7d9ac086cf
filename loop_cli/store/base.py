"""The contract of a store: where entities live, and where a change is one step.

A store alone holds the lock, compares, builds the record and writes; so a write without
its record, or a check apart from its write, can't be expressed (README, "How it is built").
Every store passes the suite in `tests/store/`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from loop_cli.core.entity import Entity, Precondition
from loop_cli.errors import LoopError
from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from loop_cli.core.audit import AuditRecord, Origin
    from loop_cli.core.changes import Edits
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema import Schema

    Outcome = "CommitResult | LoopError"


class EntityChange(Struct):
    """What to change in one entity, and the revision that the writer has seen.

    `path` chooses where several files carry the id. `rebased_from` is the precondition
    that did not hold, where a resolver decided to apply on top. `undoes` is set where the
    change takes others back: their `run_id`, and the digests of their `lines`.
    """

    entity_id: str
    edits: Edits
    precondition: Precondition = Precondition()
    path: str | None = None
    rebased_from: Precondition | None = None
    undoes: dict[str, Any] | None = None


class CommitResult(Struct):
    """What became of one change. `record` is None where nothing was written."""

    before: Entity
    after: Entity
    diff: Diff
    changed: bool
    record: AuditRecord | None
    warnings: tuple[str, ...] = ()


class Store(ABC):
    """A set of entities with an audit log."""

    names: FieldNames

    @property
    @abstractmethod
    def schema(self) -> Schema:
        """What the entities are made of.

        Raises `InvalidFile` where the schema can't be read, with file, line and reason.
        """

    @abstractmethod
    def find(self, entity_id: str, *, path: str | None = None) -> Entity:
        """The entity with the id, or with the alias where none has the id.

        Raises `EntityNotFound` with the nearest ids; `AmbiguousId` where several files
        carry it and `path` does not choose; `InvalidFile` where the file that carries it
        can't be read; `StorageError` where the system refuses.
        """

    @abstractmethod
    def commit(
        self,
        changes: Sequence[EntityChange],
        *,
        origin: Origin,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> list[CommitResult | LoopError]:
        """Compare, record and write, under one lock: one outcome for each change, in order.

        Outcomes that are errors: what `find` raises; `InvalidChange` with all problems;
        `InvalidFile` where the text can't be edited losslessly; `PreconditionRequired`;
        `ConflictError`; `StorageError` where it could not be recorded or written. With
        `atomic` all changes land or none, and the error is raised instead. `dry_run` does
        everything but writing. Raises `VaultLocked`; `InvalidFile` for a broken schema.
        """

    @abstractmethod
    def records(self, entity_id: str | None = None) -> Iterator[AuditRecord]:
        """The audit records newest first, undone ones and undo records included: all, or
        those of the files that carry the id.

        Lines that are no records are passed over; `warnings` then says so.
        """

    @abstractmethod
    def records_of_run(self, run_id: str) -> Iterator[AuditRecord]:
        """Newest first, a run's records, and any that name the run or rewrote lines."""

    @abstractmethod
    def kept(self, sha256: str) -> bytes | None:
        """What is kept of a value that records hold only the hash of; None where nothing is."""

    @property
    @abstractmethod
    def warnings(self) -> list[str]:
        """Sentences for the user about what was met while reading, each once."""


def only(outcomes: list[CommitResult | LoopError]) -> CommitResult:
    """The outcome of a commit of one change. Raises it where it is an error."""
    (outcome,) = outcomes
    if isinstance(outcome, LoopError):
        raise outcome
    return outcome


def as_json(value: Any) -> str:
    """One line of JSON; what JSON can't say (`.inf`, `.nan`) becomes its YAML text."""
    import json

    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {_finite(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return value
