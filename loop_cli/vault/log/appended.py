"""Of which entities records came to the log since a reader began.

A list takes the files first and the log later. Of an entity that nobody recorded a change of
meanwhile, both are of one moment; any other is read again.
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
    """The ids in the records that came to `log` since this was made. Raises `StorageError`."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._ids: set[bytes] = set()
        self._rewritten = False
        self._stamp = self._stamp_now()
        with OpenLog(log) as opened:
            self._until = opened.size

    def read(self) -> None:
        """Take in what came since this was asked the last time. Raises `StorageError`."""
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
        """Whether a record of the entity may have come."""
        return self._rewritten or entity_id in self._ids

    def __bool__(self) -> bool:
        return self._rewritten or bool(self._ids)

    def _stamp_now(self) -> Stamp | None:
        try:
            status = os.stat(self._log.path)
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_size
