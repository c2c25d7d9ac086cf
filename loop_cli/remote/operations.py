"""`Operations` over HTTP. What needs the vault's files says so."""

from __future__ import annotations

from functools import partial

from loop_cli.core.entity import Precondition
from loop_cli.errors import ConfirmationRefused, UsageError
from loop_cli.operations.boundary import Operations
from loop_cli.remote import rebuilt
from loop_cli.remote.client import quoted
from loop_cli.remote.entities import RemoteEntityOperations, path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, NoReturn

    from loop_cli.core.changes import Edits
    from loop_cli.core.check.report import Checked, PassedOver, Scope
    from loop_cli.core.diff import Diff
    from loop_cli.core.query import Query
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.store import CommitResult, EntityChange, Mend
    from loop_cli.core.upkeep import (
        Allowed,
        AllowedField,
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
    from loop_cli.operations.boundary import Progress, Selection
    from loop_cli.operations.bulk import Outcome, Plan
    from loop_cli.operations.create import CreateResult
    from loop_cli.operations.delete import DeleteResult
    from loop_cli.operations.delete import Request as DeleteRequest
    from loop_cli.operations.history import Difference, Since, Story
    from loop_cli.operations.log import LogQuery
    from loop_cli.operations.move import Confirm, RelocateResult
    from loop_cli.operations.overview import Overview
    from loop_cli.operations.repair import Repair
    from loop_cli.operations.undo import Target, UndoPlan, UndoResult

_RECORDS = 1000  # asked for at once


class RemoteOperations(RemoteEntityOperations, Operations):
    """All of them, with those on one entity."""

    # -- reading --------------------------------------------------------------------------

    def select(self, query: Query, *, progress: Progress | None = None) -> Selection:
        del progress
        from loop_cli.remote.lists import RemoteSelection

        return RemoteSelection(self._read, query)

    def count(self, query: Query) -> int:
        """How many entities a query finds, whatever its limit and cursor."""
        from loop_cli.remote.lists import parameters

        total = self._read("/api/entities", *parameters(query), ("limit", "0")).get("total")
        if not isinstance(total, int):
            raise rebuilt.bad_answer()
        return total

    def members(self) -> dict[str, Any]:
        """Who is listed as a member of the vault."""
        found = self._read("/api/members").get("members")
        return found if isinstance(found, dict) else {}

    def overview(self, *, today: int, since: int, progress: Progress | None = None) -> Overview:
        del today, since, progress
        _needs_files("the overview")

    def check(self, scope: Scope) -> Checked:
        if scope.paths:
            _needs_files("loop check FILE")
        from loop_cli.remote.checked import checked

        found = self._read("/api/check", *[("name", name) for name in scope.names])
        self._warnings.update(dict.fromkeys(rebuilt.warnings(found)))
        return checked(found)

    def passed_over(self) -> PassedOver:
        from loop_cli.core.check.report import PassedOver

        return PassedOver(links=(), folders=(), files=(), unread=())

    def template(self, entity_type: str) -> tuple[str, str] | None:
        del entity_type
        from loop_cli.remote.creation import TEMPLATE

        return TEMPLATE

    # -- making and removing ----------------------------------------------------------------

    def create(
        self, request: create.Request, *, ask: Ask | None = None, dry_run: bool = False
    ) -> CreateResult:
        from loop_cli.remote.creation import Creation

        making = Creation(self._write, self.get, self.schema, self.names)
        return making.create(request, ask=ask, dry_run=dry_run)

    def mend(self, change: Mend, *, dry_run: bool = False) -> CommitResult:
        del change, dry_run
        _needs_files("loop edit")

    def delete(
        self,
        request: delete.Request,
        *,
        confirm: Callable[[DeleteResult], bool] | None = None,
        dry_run: bool = False,
    ) -> DeleteResult:
        seen = request.precondition
        if confirm is None or seen.given or seen.forced:
            return self._delete(request, dry_run=dry_run)
        now = self.get(request.entity_id, path=request.path)
        read = Precondition(if_match=now.revision.etag, own_reading=True)
        preview = self._delete(request.replace(precondition=read), dry_run=True)
        if dry_run:
            return preview
        if not confirm(preview):
            raise ConfirmationRefused(f"{now.id} was left as it is")
        return self._delete(request.replace(precondition=read), dry_run=False)

    def _delete(self, request: DeleteRequest, *, dry_run: bool) -> DeleteResult:
        from loop_cli.remote import life

        ways = [(name, "true") for name in ("cascade", "orphan", "archive")]
        found = self._write(
            "DELETE",
            path_of(request.entity_id),
            *[way for way in ways if getattr(request, way[0])],
            *_where(request.path),
            body=_expected(request.precondition),
            headers=_if_match(request.precondition),
            dry_run=dry_run,
        )
        return life.deleted(found, {}, dry_run=dry_run)

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
        def run(seen: Precondition, *, dry: bool) -> RelocateResult:
            return self._relocate(
                path_of(entity_id, "/move"),
                {"project": project, **_expected(seen)},
                path=path,
                seen=seen,
                dry_run=dry,
            )

        if confirm is None or precondition.given or precondition.forced:
            return run(precondition, dry=dry_run)
        now = self.get(entity_id, path=path)
        read = Precondition(if_match=now.revision.etag, own_reading=True)
        preview = run(read, dry=True)
        if dry_run or not preview.changed:
            return preview
        if not confirm(preview):
            raise ConfirmationRefused("everything was left as it is")
        return run(read, dry=False)

    def rename(
        self,
        entity_id: str | None,
        *,
        path: str | None = None,
        confirm: Confirm | None = None,
        dry_run: bool = False,
    ) -> RelocateResult:
        if entity_id is None:
            _needs_files("loop rename --all")
        where = path_of(entity_id, "/rename")
        none = Precondition()
        if confirm is None or dry_run:
            return self._relocate(where, {}, path=path, seen=none, dry_run=dry_run)
        preview = self._relocate(where, {}, path=path, seen=none, dry_run=True)
        if not preview.changed:
            return preview
        if not confirm(preview):
            raise ConfirmationRefused("everything was left as it is")
        return self._relocate(where, {}, path=path, seen=none, dry_run=False)

    def _relocate(
        self, where: str, body: Any, *, path: str | None, seen: Precondition, dry_run: bool
    ) -> RelocateResult:
        from loop_cli.remote import life

        found = self._write(
            "POST", where, *_where(path), body=body, headers=_if_match(seen), dry_run=dry_run
        )
        diffs: dict[str, Diff] = {}
        if not dry_run and isinstance(found, dict) and found.get("changed") is True:
            diffs = {one.entity_id: one.diff for one in self._records(("run_id", self.run_id))}
        return life.relocated(found, diffs, dry_run=dry_run)

    # -- changing many --------------------------------------------------------------------

    def plan(self, query: Query, edits: Edits, *, progress: Progress | None = None) -> Plan:
        from loop_cli.core.store import EntityChange
        from loop_cli.operations.bulk import nothing_to_change
        from loop_cli.remote.many import plan

        if not edits:
            raise nothing_to_change()
        found = self.select(query, progress=progress)
        changes = (
            EntityChange(
                entity_id=one.listed.id,
                path=one.listed.path,
                edits=edits,
                precondition=Precondition(if_match=one.listed.revision.etag),
            )
            for one in found
        )
        return plan(self._previewed, changes, lambda: found.warnings)

    def _previewed(self, change: EntityChange) -> CommitResult:
        return rebuilt.committed(self._patch(change, dry_run=True))

    def carry_out(
        self,
        changes: Sequence[EntityChange],
        *,
        atomic: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        from loop_cli.remote.many import carry_out

        return carry_out(
            partial(self._send, atomic=atomic, dry_run=False),
            changes,
            lambda one: {"id": one.entity_id, **self._line(one)},
            run_id=self.run_id,
            atomic=atomic,
            progress=progress,
        )

    def apply(
        self,
        lines: Iterable[Sequence[str]],
        *,
        force: bool = False,
        atomic: bool = False,
        dry_run: bool = False,
    ) -> Iterator[Outcome]:
        del force  # the server alone says whether lines without a revision may do
        from loop_cli.remote.many import apply

        send = partial(self._send, atomic=atomic, dry_run=dry_run)
        return apply(send, lines, run_id=self.run_id, atomic=atomic, dry_run=dry_run)

    def _send(self, lines: Sequence[str], *, atomic: bool, dry_run: bool) -> list[dict[str, Any]]:
        from loop_cli.remote import answers, many

        ways = [("atomic", atomic), ("dry_run", dry_run)]
        answer = self._client.ask(
            "POST",
            "/api/apply",
            query=[(name, "true") for name, wanted in ways if wanted],
            headers={"Content-Type": "application/x-ndjson"},
            body="\n".join(lines).encode("utf-8", "surrogatepass"),
            changes=not dry_run,
            keyed=False,
        )
        if answer.status >= 300:
            answers.document(answer)
        return many.objects(answer.data)

    def preview_repairs(self, found: Checked) -> list[Repair]:
        del found
        _needs_files("loop check --fix")

    def repair(self, planned: Sequence[Repair]) -> list[Repair]:
        del planned
        _needs_files("loop check --fix")

    # -- looking back, and going back -----------------------------------------------------

    def history(self, entity_id: str, *, limit: int | None, path: str | None = None) -> Story:
        from loop_cli.remote import past

        query = [*_where(path), ("limit", str(limit or 0))]
        found = self._read(path_of(entity_id, "/history"), *query)
        return past.story(found, lambda at: self.get(entity_id, path=at), entity_id)

    def difference(self, entity_id: str, since: Since, *, path: str | None = None) -> Difference:
        from loop_cli.remote import past

        query = [*_where(path), ("since", since.given)]
        found = self._read(path_of(entity_id, "/diff"), *query)
        return past.difference(found, self.get(entity_id, path=path))

    def log(self, query: LogQuery) -> Iterator[AuditRecord]:
        from loop_cli.core import timestamps

        asked = [
            (name, value)
            for name in ("entity_id", "actor", "source", "run_id")
            if (value := getattr(query, name)) is not None
        ]
        if query.since is not None:
            asked.append(("since", timestamps.render(query.since)))
        limit = 0 if query.limit is None else query.limit
        return self._records(*asked, ("limit", str(limit)))

    def _records(self, *query: tuple[str, str]) -> Iterator[AuditRecord]:
        from loop_cli.remote import past

        return past.records(self._read("/api/audit", *query))

    def recorded_with(self, key: str) -> list[AuditRecord]:
        """The records of the call with an idempotency key."""
        del key
        _needs_files("this")

    def state_after(self, record: AuditRecord) -> NoReturn:
        """The entity as a record left it."""
        del record
        _needs_files("this")

    def follow(self, query: LogQuery) -> Iterator[list[AuditRecord]]:
        del query
        _needs_files("loop log --follow")

    def watch(self) -> Iterator[list[Happening]]:
        _needs_files("loop watch")

    def undo(
        self,
        target: Target,
        *,
        on_conflict: str = "fail",
        confirm: Callable[[UndoPlan], bool] | None = None,
        dry_run: bool = False,
    ) -> UndoResult:
        from loop_cli.remote.undoing import undo

        return undo(self._write, target, on_conflict=on_conflict, confirm=confirm, dry_run=dry_run)

    # -- looking after the vault ----------------------------------------------------------

    def allow(self, field: AllowedField, *, dry_run: bool = False) -> Allowed:
        del field, dry_run
        _needs_files("loop schema allow")

    def kept(self, *, entity_id: str | None = None, before: int | None = None) -> KeptCopies:
        del entity_id, before
        _needs_files("loop kept")

    def prune(self, unwanted: Sequence[Kept]) -> Pruned:
        del unwanted
        _needs_files("loop kept")

    def take_aside(self, *, dry_run: bool = False) -> list[str]:
        del dry_run
        _needs_files("loop kept --aside")

    def verify(self) -> Verification:
        _needs_files("loop audit verify")

    def rotate(self, *, at_least: int) -> Rotation:
        del at_least
        _needs_files("loop audit rotate")

    def redact(
        self, entity_id: str, field: str, *, run_id: str | None = None, dry_run: bool = False
    ) -> Redaction:
        del entity_id, field, run_id, dry_run
        _needs_files("loop audit redact")

    def migrate(self, file: str | None, *, dry_run: bool = False) -> Migration:
        del file, dry_run
        _needs_files("loop audit migrate")


def _needs_files(what: str) -> NoReturn:
    raise UsageError(
        f"{what} needs the vault's files, and a server is asked here",
        hint="run it where the vault is; --vault DIR names a folder",
    )


def _where(path: str | None) -> list[tuple[str, str]]:
    return [] if path is None else [("path", path)]


def _expected(seen: Precondition) -> dict[str, str]:
    expected = seen.expected_updated_at
    return {} if expected is None else {"expected_updated_at": expected}


def _if_match(seen: Precondition) -> dict[str, str]:
    return {} if seen.if_match is None else {"If-Match": f'"{quoted(seen.if_match)}"'}
