"""Find the entities with new records since a reader began.

A list reads the files first and the log later. If an entity has no new record, both are of one
moment. Otherwise it is read again.
"""

from __future__ import annotations

import os

from loop_cli.vault.index.cache import word
from loop_cli.vault.log.lines import parse_line
from loop_cli.vault.log.segments import OpenLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.vault.log.log import AuditLog

    Stamp = tuple[int, int, int]


class Appended:
    """The ids in the records that were added to `log` since this was made. Raises
    `StorageError`."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._ids: set[bytes] = set()
        self._rewritten = False
        self._stamp = self._stamp_now()
        with OpenLog(log) as opened:
            self._until = opened.size

    def read(self) -> None:
        """Read the new records since the last call. Raises `StorageError`."""
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        with OpenLog(self._log) as opened:
            self._rewritten = self._rewritten or opened.size < self._until
            for line, end in opened.lines_from(self._until):
                self._until = end
                record = parse_line(line)
                if record is not None:
                    self._ids.add(word(record.entity_id))

    def is_of(self, entity_id: bytes) -> bool:
        """Whether there may be a new record of the entity."""
        return self._rewritten or entity_id in self._ids

    def __bool__(self) -> bool:
        return self._rewritten or bool(self._ids)

    def _stamp_now(self) -> Stamp | None:
        try:
            status = os.stat(self._log.path)
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_size
