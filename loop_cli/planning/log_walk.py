"""Walk over the lines of an audit log: chain, schema, and the state that each file should have.

Each record of loop has the digest of the line before it. Lines of other programs may be in between.
A line that a redaction rewrote counts as the old line.
"""

from __future__ import annotations

import hashlib
from collections import deque

from loop_cli.core.records.record import digests_of, record_of
from loop_cli.core.upkeep import LogProblem, Verification
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.upkeep import RecordedPlace

    SchemaErrors = Callable[[AuditRecord], Iterable[str]]

_TAILS = 64  # lines of others that may have been incomplete when our next line was written


class Claims(Struct):
    """References to lines: `earlier` are the old digests of rewritten lines, `undone` those of
    undone ones."""

    earlier: dict[str, str]
    undone: frozenset[str]


def claims_in(lines: Iterable[bytes]) -> Claims:
    """Return the references in some lines, among which are all that redact or take back."""
    earlier: dict[str, str] = {}
    undone: set[str] = set()
    for text in lines:
        record = record_of(text)
        if record is not None and record.is_own:
            earlier.update(record.redacted)
            if record.undoes is not None:
                undone.add(record.undoes)
    return Claims(earlier=earlier, undone=frozenset(undone))


class LogWalk:
    """One pass over the lines, oldest first."""

    def __init__(self, claims: Claims, schema_errors: SchemaErrors) -> None:
        self._claims = claims
        self._schema_errors = schema_errors
        self._missing = set(claims.undone)
        self._undoes: list[tuple[str, int, str]] = []
        self._own_last: list[str] | None = None
        self._window: set[str] = set()  # digests of our last line and of all lines after it
        self._tails: deque[bytes] = deque(maxlen=_TAILS)
        self.own = self.migrated = self.foreign = self.unreadable = 0
        self.problems: list[LogProblem] = []
        self.entities = Entities()

    def result(
        self,
        files: Iterable[str],
        edited_outside: Iterable[RecordedPlace],
        gone: Iterable[RecordedPlace],
    ) -> Verification:
        """What was found in these files of the log, and of the entities' own files."""
        return Verification(
            files=tuple(files),
            records=self.own + self.migrated + self.foreign,
            own=self.own,
            migrated=self.migrated,
            foreign=self.foreign,
            unreadable=self.unreadable,
            problems=tuple(self.problems),
            edited_outside=tuple(edited_outside),
            gone=tuple(gone),
        )

    def step(self, file: str, number: int, text: bytes) -> None:
        """Check the next line."""
        record = record_of(text)
        digests = digests_of(sha256_hex(text), self._claims.earlier)
        if record is None or not record.is_own:
            self._window.update(digests)
            self._tails.append(text)
            self._count(record)
        else:
            self.own += 1
            if not self._is_linked(record):
                self._report(file, number, "chain", "altered or missing lines before this one")
            for message in self._schema_errors(record):
                self._report(file, number, "schema", message)
            if record.undoes is not None:
                self._undoes.append((file, number, record.undoes))
            self._own_last, self._window = digests, set(digests)
            self._tails.clear()
        self._missing.difference_update(digests)
        if record is not None:
            self.entities.add(record, digests)

    def finish(self) -> None:
        """Finish after the last line: report undo records whose line was not found."""
        for file, number, digest in self._undoes:
            if digest in self._missing:
                words = "takes back a line that is not in the log"
                self._report(file, number, "rolled_back", words)

    def _is_linked(self, record: AuditRecord) -> bool:
        previous = record.metadata["previous"]
        if previous is None:
            return self._own_last is None
        own = record.metadata.get("previous_own")
        if own is not None and own not in (self._own_last or ()):
            return False
        return previous in self._window or any(_grew(tail, previous) for tail in self._tails)

    def _count(self, record: AuditRecord | None) -> None:
        if record is None:
            self.unreadable += 1
        elif "migrated_from" in record.metadata:
            self.migrated += 1
        else:
            self.foreign += 1

    def _report(self, file: str, number: int, problem: str, message: str) -> None:
        self.problems.append(LogProblem(file=file, line=number, problem=problem, message=message))


def _grew(line: bytes, digest: str) -> bool:
    """Whether a line of another program had the digest before it was complete.

    Our own lines never grow: that would be an altered line.
    """
    state = hashlib.sha256()
    for end in range(1, len(line)):
        state.update(line[end - 1 : end])
        if state.hexdigest() == digest:
            record = record_of(line[:end])
            return record is None or not record.is_own
    return False


class Entities:
    """The last record of every entity: the expected state of its file."""

    def __init__(self) -> None:
        # id -> its records in order: (digests of the line, path, etag, deleted there)
        self._states: dict[str, list[tuple[list[str], str, str | None, bool]]] = {}

    def add(self, record: AuditRecord, digests: list[str]) -> None:
        """Add the next record; notes are left out, because other programs may write to them
        freely."""
        if record.is_note:
            return
        states = self._states.setdefault(record.entity_id, [])
        if record.undoes is not None:
            states[:] = [state for state in states if record.undoes not in state[0]]
        path = record.metadata.get("path")
        if not isinstance(path, str):
            return
        before = record.metadata.get("path_before")
        if isinstance(before, str):
            states.append((digests, before, None, True))
        if record.etag_after is not None:
            states.append((digests, path, record.etag_after, False))
        elif record.data.get("action") == "delete":
            states.append((digests, path, None, True))

    def expected(self) -> Iterator[tuple[str, str, str | None, bool]]:
        """Yield id, path, etag (None if deleted), and whether it is the id's last record."""
        for entity_id, states in self._states.items():
            last = {path: (etag, deleted) for _digests, path, etag, deleted in states}
            for path, (etag, deleted) in last.items():
                yield entity_id, path, None if deleted else etag, path == states[-1][1]
