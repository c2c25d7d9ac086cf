"""The last record of each entity, which a server needs for every answer.

It is known for as long as the active file of the log is the same, by its status: a new record, a
rotation and a redaction each change that.
"""

from __future__ import annotations

from loop_cli.core.records.record import History

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.vault.log.log import AuditLog, Stamp

    Key = tuple[str, str | None]

_MOST = 4_096  # entities


class Lasts:
    """Remembers the last records of a log. Threads may share it."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._known: dict[Key, tuple[Stamp | None, AuditRecord | None]] = {}

    def history(self, entity_id: str, *, path: str | None) -> History:
        """The history of what `AuditLog.records_of` yields. Raises `StorageError`."""
        end = self._log.end()
        records = self._log.records_of(entity_id, path=path)
        known = self._known.get((entity_id, path))
        if known is not None and known[0] == end:
            return History(records, known=(known[1],))
        history = History(records)
        last = history.last
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[entity_id, path] = end, last
        return history
