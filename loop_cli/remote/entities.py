"""Read one entity, and change one, over HTTP: a conflict is given to a resolver here."""

from __future__ import annotations

from loop_cli.core.commits import UpdateResult
from loop_cli.core.entity import Precondition
from loop_cli.errors import Action, ConflictError, InvalidFile, LoopError, StorageError, UsageError
from loop_cli.failures import BadAnswer, ConfirmationRefused
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.http import quoted
from loop_cli.remote import answers, rebuilt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from loop_cli.core.commits import CommitResult, EntityChange
    from loop_cli.core.conflict import Conflict, Resolver
    from loop_cli.core.entity import Entity, FieldNames
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.schema.schema import Schema
    from loop_cli.operations.backlinks import Backlinks
    from loop_cli.operations.boundary import EntityOperations
    from loop_cli.remote.client import Client
else:  # the abstract class costs start-up; a test holds the class here against it
    EntityOperations = object

_TRIES = 20

NOT_FORCED = ("unconditional", "false")
"""Tells a server that may take a write without a precondition that this one is not forced."""


class RemoteEntityOperations(EntityOperations):
    """Those on one entity, done by the server that `client` speaks to."""

    def __init__(self, client: Client, *, run_id: Callable[[], str]) -> None:
        self._client = client
        self._run_id = run_id
        self._schema: tuple[Schema, FieldNames] | None = None
        self._warnings: dict[str, None] = {}
        self.landed: list[str] = []  # the files that were changed, for an answer if something fails

    @property
    def vault(self) -> str:
        return self._client.url

    @property
    def names(self) -> FieldNames:
        return self._schema_there()[1]

    @property
    def schema(self) -> Schema:
        return self._schema_there()[0]

    @property
    def rules(self) -> Rules:
        from loop_cli.core.schema.rules import Rules

        return Rules(*self._schema_there())

    @property
    def run_id(self) -> str:
        return self._run_id()

    def take_warnings(self) -> list[str]:
        taken, self._warnings = list(self._warnings), {}
        return taken

    def get(self, entity_id: str, *, path: str | None = None, fresh: bool = False) -> Entity:
        try:
            document = self._read(path_of(entity_id), *where(path))
        except InvalidFile as error:
            if fresh:  # for an editor, which may mend it
                error.data = self._broken(entity_id, path)
            raise
        return rebuilt.entity(document, lambda: self._raw(document))

    def _raw(self, document: dict[str, str]) -> bytes:
        """The bytes of an entity as a document tells of it. Raises `StorageError` where it has
        changed since."""
        data = self._bytes(document["entity_id"], document["path"])
        if sha256_hex(data)[:16] != document["etag"]:
            raise StorageError(
                f"{document['entity_id']} was changed while it was read", hint="try again"
            )
        return data

    def _broken(self, entity_id: str, path: str | None) -> bytes | None:
        """The bytes of a file that can't be read as an entity, if there is such a one."""
        try:
            return self._bytes(entity_id, path, broken=True)
        except LoopError:
            return None

    def _bytes(self, entity_id: str, path: str | None, *, broken: bool = False) -> bytes:
        query = _if(path=path, broken="true" if broken else None)
        answer = self._client.ask("GET", path_of(entity_id, "/raw"), query=query)
        if answer.status != 200:
            answers.document(answer)
        return answer.data

    def backlinks(self, entity_id: str, *, path: str | None = None) -> Backlinks:
        from loop_cli.remote.links import backlinks

        found = self._read(path_of(entity_id, "/backlinks"), *where(path))
        return backlinks(found, self.get(entity_id, path=path))

    def preview(self, change: EntityChange) -> CommitResult:
        for _try in range(_TRIES):
            before = self.get(change.entity_id, path=change.path)
            seen = Precondition(if_match=before.revision.etag, own_reading=True)
            try:
                asked = change.replace(precondition=seen, seen=None)
                found = self._patch(asked, dry_run=True, text=True)
            except ConflictError as error:
                conflict = error.conflict
                continue
            return rebuilt.committed(found, before)
        raise ConflictError(conflict)

    def update(
        self,
        change: EntityChange,
        *,
        resolve: Resolver,
        confirm: Callable[[CommitResult], bool] | None = None,
        dry_run: bool = False,
    ) -> UpdateResult:
        if not change.edits:
            raise UsageError(
                "nothing to change: give at least one CHANGE", hint=Action("example", of="update")
            )
        precondition = change.precondition
        if confirm is not None and not precondition.given and not precondition.forced:
            preview = self.preview(change)
            if dry_run or not preview.changed:
                return self._result(preview, dry_run=dry_run)
            if not confirm(preview):
                raise ConfirmationRefused(f"{preview.before.id} was left as it is")
            read = Precondition(if_match=preview.before.revision.etag, own_reading=True)
            change = change.replace(precondition=read, seen=preview.before)
        return self._commit(change, resolve, dry_run=dry_run)

    def _commit(self, change: EntityChange, resolve: Resolver, *, dry_run: bool) -> UpdateResult:
        """Change; where a resolver says so, on top of the state that was in the way."""
        from loop_cli.operations.resolving import resolved

        told: list[Any] = []

        def attempt(one: EntityChange) -> CommitResult:
            try:
                told[:] = [self._patch(one, dry_run=dry_run)]
            except ConflictError as error:
                error.conflict = self._with_entity(error.conflict)
                raise
            return rebuilt.committed(told[0])

        done = resolved(attempt, change, resolve)
        return self._result(done, dry_run=dry_run, document=told[0])

    def _with_entity(self, conflict: Conflict) -> Conflict:
        """The conflict with the whole state now, as far as that is still what it tells of."""
        if conflict.reason == "deleted":
            return conflict
        now = self.get(conflict.entity_id, path=conflict.path)
        return conflict.replace(entity=now) if _etag(now) == conflict.current_etag else conflict

    def _patch(self, change: EntityChange, *, dry_run: bool, text: bool = False) -> Any:
        query = [
            *_if(text="true" if text else None),
            *how_seen(change.precondition),
        ]
        where = path_of(change.entity_id)
        return self._write("PATCH", where, *query, body=self._line(change), dry_run=dry_run)

    @staticmethod
    def _line(change: EntityChange) -> dict[str, Any]:
        """The change as a line of `loop apply`, but for the id."""
        from loop_cli.remote.lines import line_of

        seen = change.precondition
        more = _if(
            expected_updated_at=seen.expected_updated_at, if_match=seen.if_match, path=change.path
        )
        line = {**line_of(change.edits), **dict(more)}
        if seen.conditions:
            line["if"] = [one.given for one in seen.conditions]
        if change.rebased_from is not None:
            line["rebased_from"] = {
                "updated_at": change.rebased_from.expected_updated_at,
                "etag": change.rebased_from.if_match,
            }
        if change.seen is not None:
            line["seen"] = {"fields": change.seen.fields, "body": change.seen.body}
        return line

    def _result(self, done: CommitResult, *, dry_run: bool, document: Any = None) -> UpdateResult:
        run_id = document.get("run_id") if isinstance(document, dict) else None
        return UpdateResult(
            entity=done.after,
            before=done.before,
            changed=done.changed,
            dry_run=dry_run,
            run_id=run_id if isinstance(run_id, str) else self.run_id,
            diff=done.diff,
            warnings=done.warnings,
        )

    # -- asking --------------------------------------------------------------------------

    def _read(self, path: str, *query: tuple[str, str]) -> Any:
        """The document at a path. Raises the error that the server raised."""
        return answers.document(self._client.ask("GET", path, query=query))

    def _write(
        self,
        method: str,
        path: str,
        *query: tuple[str, str],
        body: Any,
        headers: Mapping[str, str] | None = None,
        dry_run: bool = False,
        keyed: bool = True,
    ) -> Any:
        """The document that answers a write. Raises the error that the server raised."""
        from loop_cli.remote.lines import sent

        more = _if(dry_run="true" if dry_run else None)
        self._run_id()  # what is wrong with it is said, whatever is written
        answer = self._client.ask(
            method,
            path,
            query=(*query, *more),
            headers=headers,
            body=sent(body),
            changes=not dry_run,
            keyed=keyed,
        )
        found = answers.document(answer, forced=NOT_FORCED not in query)
        if not dry_run:
            self.landed += answers.landed_in(found)
        return found

    def _schema_there(self) -> tuple[Schema, FieldNames]:
        """The server's schema, asked for once. Raises `BadAnswer`."""
        if self._schema is None:
            from loop_cli.core.schema import portable

            document = self._read("/api/schema")
            try:
                self._schema = portable.unpacked(document["x-loop"]["vault"])
            except (ValueError, TypeError, KeyError):
                raise BadAnswer("the server does not tell its schema in a way known here") from None
        return self._schema


def path_of(entity_id: str, what: str = "") -> str:
    """The path of an entity, or of something of it."""
    return f"/api/entities/{quoted(entity_id)}{what}"


def how_seen(seen: Precondition) -> list[tuple[str, str]]:
    """What a server is told of a precondition besides itself: who read it. One that is not there
    is refused, unless that was asked for: some servers take it."""
    if seen.own_reading:
        return [("by_id", "true")]
    return [] if seen.given or seen.forced else [NOT_FORCED]


def where(path: str | None) -> list[tuple[str, str]]:
    """What chooses where several files carry an id."""
    return _if(path=path)


def _if(**values: str | None) -> list[tuple[str, str]]:
    return [(name, value) for name, value in values.items() if value is not None]


def _etag(entity: Entity) -> str:
    return entity.revision.etag
