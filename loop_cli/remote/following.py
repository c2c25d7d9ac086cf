"""Following a vault over HTTP: its records, and all that changes."""

from __future__ import annotations

from loop_cli.core.records.record import AuditRecord
from loop_cli.core.upkeep import Happening
from loop_cli.errors import EntityNotFound, InvalidFile
from loop_cli.failures import AmbiguousId
from loop_cli.remote.reads import RemoteReads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.operations.log import LogQuery


class RemoteFollowing(RemoteReads):
    """What comes as it happens, with reading."""

    def follow(self, query: LogQuery) -> Iterator[list[AuditRecord]]:
        from loop_cli.lean.jsontext import as_json
        from loop_cli.remote import stream

        known = self._followed(query.entity_id)
        coming = stream.events(self._client)
        next(coming)  # from here on no new record is missed
        backlog = [*self.log(query)]
        yield backlog[::-1]
        shown = {as_json(one.data) for one in backlog}  # new records may be among these
        for batch in coming:
            yield [
                one
                for one in batch
                if isinstance(one, AuditRecord)
                and query.admits(one)
                and (known is None or one.is_of(known, None))
                and as_json(one.data) not in shown
            ]

    def _followed(self, given: str | None) -> str | None:
        """The id to wait for, as records have it; the entity need not exist yet."""
        if given is None:
            return None
        from loop_cli.core.names import nfc
        from loop_cli.operations.log import LogQuery

        for record in self.log(LogQuery(entity_id=given, limit=1)):
            return record.entity_id
        try:
            return self.get(given).id
        except (EntityNotFound, InvalidFile, AmbiguousId):
            return nfc(given)

    def watch(self) -> Iterator[list[Happening]]:
        from loop_cli.remote import stream

        for batch in stream.events(self._client):
            yield [one if isinstance(one, Happening) else Happening.inside(one) for one in batch]
