"""Lists, histories and checks over HTTP."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.errors import EntityNotFound
from loop_cli.remote import rebuilt
from loop_cli.remote.entities import RemoteEntityOperations, path_of, where
from loop_cli.remote.files import needs_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from loop_cli.core.check.report import Checked, PassedOver, Scope
    from loop_cli.core.query import Query
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.operations.boundary import Progress, Selection
    from loop_cli.operations.history import Difference, Since, Story
    from loop_cli.operations.log import LogQuery


class RemoteReads(RemoteEntityOperations):
    """Reading, with the operations on one entity."""

    def select(self, query: Query, *, progress: Progress | None = None) -> Selection:
        del progress
        from loop_cli.remote.lists import RemoteSelection

        return RemoteSelection(self._read, query, lambda: self.schema)

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

    def check(self, scope: Scope) -> Checked:
        if scope.paths:
            needs_files("loop check FILE")
        from loop_cli.remote.checked import checked

        found = self._read("/api/check", *[("name", name) for name in scope.names])
        self._warnings.update(dict.fromkeys(rebuilt.warnings(found)))
        return checked(found)

    def passed_over(self) -> PassedOver:
        from loop_cli.core.check.report import PassedOver

        return PassedOver(links=(), folders=(), files=(), unread=())

    def history(self, entity_id: str, *, limit: int | None, path: str | None = None) -> Story:
        from loop_cli.remote import past

        query = [*where(path), ("limit", str(limit or 0))]
        found = self._read(path_of(entity_id, "/history"), *query)
        return past.story(found, lambda at: self.get(entity_id, path=at), entity_id)

    def difference(self, entity_id: str, since: Since, *, path: str | None = None) -> Difference:
        from loop_cli.remote import past

        # A day begins here, and not where the server is.
        asked = since.given if since.at is None else timestamps.render(since.at)
        query = [*where(path), ("since", asked), ("said", since.given)]
        found = self._read(path_of(entity_id, "/diff"), *query)
        try:
            now = self.get(entity_id, path=path)
        except EntityNotFound:  # it was deleted, and the log tells of it
            now = past.gone(found)
        return past.difference(found, now)

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

        found = self._read("/api/audit", *query)
        self._warnings.update(dict.fromkeys(rebuilt.warnings(found)))
        return past.records(found)
