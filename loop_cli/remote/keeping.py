"""Looking after a vault over HTTP: its overview, its schema, broken files, what is kept."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.remote import rebuilt
from loop_cli.remote.entities import path_of, where
from loop_cli.remote.reads import RemoteReads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from loop_cli.core.commits import CommitResult, Mend
    from loop_cli.core.upkeep import Allowed, AllowedField, ClosedSchema, Kept, KeptCopies, Pruned
    from loop_cli.operations.boundary import Progress
    from loop_cli.operations.overview import Overview


class RemoteKeeping(RemoteReads):
    """What is about the vault as a whole, with reading."""

    def overview(self, *, today: int, since: int, progress: Progress | None = None) -> Overview:
        del progress
        from loop_cli.remote.upkeep import overview

        query = [(name, timestamps.render(at)) for name, at in (("today", today), ("since", since))]
        found = self._read("/api/overview", *query)
        self._take(found)
        return overview(found, self.vault)

    def _take(self, document: Any) -> None:
        """Keep the warnings in a document for whoever takes them."""
        self._warnings.update(dict.fromkeys(rebuilt.warnings(document)))

    def mend(self, change: Mend, *, dry_run: bool = False) -> CommitResult:
        body = {"text": change.data.decode("utf-8", "surrogatepass")}
        if change.precondition.if_match is not None:
            body["if_match"] = change.precondition.if_match
        at = path_of(change.entity_id, "/mend")
        found = self._write("POST", at, *where(change.path), body=body, dry_run=dry_run)
        return rebuilt.committed(found)

    def close_schema(self, *, dry_run: bool = False) -> ClosedSchema:
        from loop_cli.remote.upkeep import closed

        found = self._write("POST", "/api/schema/close", body={}, dry_run=dry_run)
        self._take(found)
        return closed(found, dry_run=dry_run)

    def allow(self, field: AllowedField, *, dry_run: bool = False) -> Allowed:
        from loop_cli.remote.upkeep import allowed

        body = {"entity_type": field.entity_type, "field": field.name, "kind": field.kind}
        found = self._write("POST", "/api/schema/allow", body=body, dry_run=dry_run)
        self._take(found)
        return allowed(found, field, dry_run=dry_run)

    def views(self) -> dict[str, dict[str, Any]]:
        found = self._read("/api/views")
        told = {name: found.get(name) for name in ("views", "columns")}
        if not all(isinstance(one, dict) for one in told.values()):
            raise rebuilt.bad_answer()
        return told

    def save_view(
        self,
        name: str,
        settings: dict[str, Any] | None,
        *,
        before: dict[str, Any] | None,
        dry_run: bool = False,
    ) -> None:
        body = {"name": name, "settings": settings, "before": before}
        self._write("POST", "/api/views", body=body, dry_run=dry_run, keyed=False)

    def kept(self, *, entity_id: str | None = None, before: int | None = None) -> KeptCopies:
        from loop_cli.remote.upkeep import kept

        query = [] if entity_id is None else [("entity_id", entity_id)]
        if before is not None:
            query.append(("before", timestamps.render(before)))
        found = self._read("/api/kept", *query)
        self._take(found)
        return kept(found)

    def prune(self, unwanted: Sequence[Kept]) -> Pruned:
        from loop_cli.core.upkeep import Pruned

        body = {"kept": [{"name": one.name, "stamp": [*one.stamp]} for one in unwanted]}
        found = self._write("POST", "/api/kept/prune", body=body, keyed=False)
        self._take(found)
        gone = found.get("gone", []) if isinstance(found, dict) else []
        staying = found.get("staying", []) if isinstance(found, dict) else []
        return Pruned(
            gone=tuple(one for one in unwanted if one.name in gone),
            staying=tuple(one for one in unwanted if one.name in staying),
        )
