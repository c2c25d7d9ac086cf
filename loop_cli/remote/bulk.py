"""Many entities are changed over HTTP."""

from __future__ import annotations

from functools import partial

from loop_cli.core.entity import Precondition
from loop_cli.remote import rebuilt
from loop_cli.remote.entities import NOT_FORCED
from loop_cli.remote.reads import RemoteReads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.changes import Edits
    from loop_cli.core.commits import CommitResult, EntityChange
    from loop_cli.core.query import Query
    from loop_cli.operations.boundary import Progress
    from loop_cli.operations.bulk import Outcome, Plan


class RemoteBulk(RemoteReads):
    """Changing many."""

    def plan(self, query: Query, edits: Edits, *, progress: Progress | None = None) -> Plan:
        from loop_cli.core.commits import EntityChange
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
        today: int,
        now: int,
        force: bool = False,
        atomic: bool = False,
        on_conflict: str = "fail",
        dry_run: bool = False,
    ) -> Iterator[Outcome]:
        del today, now  # the server has its own
        from loop_cli.remote.many import apply

        send = partial(
            self._send, atomic=atomic, dry_run=dry_run, force=force, on_conflict=on_conflict
        )
        return apply(send, lines, run_id=self.run_id, atomic=atomic, dry_run=dry_run)

    def _send(
        self,
        lines: Sequence[str],
        *,
        atomic: bool,
        dry_run: bool,
        force: bool = False,
        on_conflict: str = "fail",
    ) -> list[dict[str, Any]]:
        from loop_cli.remote import answers, many

        ways = [("atomic", atomic), ("dry_run", dry_run)]
        query = [(name, "true") for name, wanted in ways if wanted]
        if not force:
            query.append(NOT_FORCED)
        if on_conflict != "fail":
            query.append(("on_conflict", on_conflict))
        answer = self._client.ask(
            "POST",
            "/api/apply",
            query=query,
            headers={"Content-Type": "application/x-ndjson"},
            body="\n".join(lines).encode("utf-8", "backslashreplace"),
            changes=not dry_run,
        )
        if answer.status >= 300:
            answers.document(answer)
        found = many.objects(answer.data)
        if not dry_run:
            self.landed += [path for one in found for path in answers.landed_in(one)]
        return [answers.with_refused(one) for one in found] if force else found
