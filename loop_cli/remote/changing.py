"""Entities are made, moved, deleted, and changes undone, over HTTP."""

from __future__ import annotations

from loop_cli.core.entity import Precondition
from loop_cli.failures import ConfirmationRefused
from loop_cli.lean.http import quoted
from loop_cli.remote.entities import how_seen, path_of, where
from loop_cli.remote.reads import RemoteReads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.operations import create, delete
    from loop_cli.operations.asking import Ask
    from loop_cli.operations.create import CreateResult
    from loop_cli.operations.delete import DeleteResult
    from loop_cli.operations.delete import Request as DeleteRequest
    from loop_cli.operations.move import Confirm, RelocateResult
    from loop_cli.operations.undo import Target, UndoPlan, UndoResult


class RemoteChanges(RemoteReads):
    """Making, removing, moving, and going back."""

    def create(
        self, request: create.Request, *, ask: Ask | None = None, dry_run: bool = False
    ) -> CreateResult:
        from loop_cli.remote.creation import Creation

        making = Creation(
            self._write,
            self.get,
            names=self.names,
            rules=lambda: self.rules,
            ids_of=self._ids_of,
            run=self.run_id,
        )
        return making.create(request, ask=ask, dry_run=dry_run)

    def _ids_of(self, entity_type: str) -> list[str]:
        from loop_cli.core.query import Query

        return [one.listed.id for one in self.select(Query(types=(entity_type,)))]

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
            *where(request.path),
            *how_seen(request.precondition),
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
        on_conflict: str = "fail",
        confirm: Confirm | None = None,
        dry_run: bool = False,
    ) -> RelocateResult:
        def run(seen: Precondition, *, dry: bool) -> RelocateResult:
            return self._relocate(
                path_of(entity_id, "/move"),
                {"project": project, **_expected(seen)},
                path=path,
                seen=seen,
                on_conflict=on_conflict,
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
        precondition: Precondition | None = None,
        path: str | None = None,
        name: str | None = None,
        confirm: Confirm | None = None,
        dry_run: bool = False,
    ) -> RelocateResult:
        at = "/api/rename" if entity_id is None else path_of(entity_id, "/rename")
        seen = precondition or Precondition()
        body = {**({} if name is None else {"name": name}), **_expected(seen)}
        if confirm is None or dry_run:
            return self._relocate(at, body, path=path, seen=seen, dry_run=dry_run)
        preview = self._relocate(at, body, path=path, seen=seen, dry_run=True)
        if not preview.changed:
            return preview
        if not confirm(preview):
            raise ConfirmationRefused("everything was left as it is")
        return self._relocate(at, body, path=path, seen=seen, dry_run=False)

    def _relocate(
        self,
        at: str,
        body: Any,
        *,
        path: str | None,
        seen: Precondition,
        on_conflict: str = "fail",
        dry_run: bool,
    ) -> RelocateResult:
        from loop_cli.remote import life

        query = [*where(path), *how_seen(seen)]
        if on_conflict != "fail":
            query.append(("on_conflict", on_conflict))
        found = self._write("POST", at, *query, body=body, headers=_if_match(seen), dry_run=dry_run)
        return life.relocated(found, dry_run=dry_run)

    def template(self, entity_type: str) -> tuple[str, str] | None:
        del entity_type
        from loop_cli.remote.creation import TEMPLATE

        return TEMPLATE

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


def _expected(seen: Precondition) -> dict[str, Any]:
    """What the body of a request says of what was seen, and of what must hold."""
    found: dict[str, Any] = {}
    if seen.expected_updated_at is not None:
        found["expected_updated_at"] = seen.expected_updated_at
    if seen.conditions:
        found["if"] = [one.given for one in seen.conditions]
    return found


def _if_match(seen: Precondition) -> dict[str, str]:
    return {} if seen.if_match is None else {"If-Match": f'"{quoted(seen.if_match)}"'}
