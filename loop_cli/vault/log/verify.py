"""Verify the audit log: chain, schema, and every entity's last record against its file.

Each record of loop has the digest of the line before it. Lines of other programs may be in between.
A line that a redaction rewrote counts as the old line.
"""

from __future__ import annotations

import hashlib
from collections import deque
from contextlib import ExitStack

from loop_cli.core.names import nfc
from loop_cli.core.records.record import History, digests_of
from loop_cli.core.upkeep import LogProblem, RecordedPlace, Verification
from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.records import Struct
from loop_cli.planning.snapshot import etag_of
from loop_cli.vault.files import reading as files
from loop_cli.vault.find import recover_if_free
from loop_cli.vault.log.lines import parse_line
from loop_cli.vault.log.segments import open_settled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.log.segments import OpenLog

_TAILS = 64  # lines of others that may have been incomplete when our next line was written


def verify(vault: Vault) -> Verification:
    """Read the whole log, and the files of its entities. Raises `StorageError`."""
    with ExitStack() as stack:
        log = open_settled(vault, stack)
        walk = _Walk(_claims(log))
        for place in log.lines():
            walk.step(*place)
        walk.finish()
        names = tuple(log.names)
    edited, gone = _against_files(vault, walk.entities)
    return Verification(
        files=names,
        records=walk.own + walk.migrated + walk.foreign,
        own=walk.own,
        migrated=walk.migrated,
        foreign=walk.foreign,
        unreadable=walk.unreadable,
        problems=tuple(walk.problems),
        edited_outside=tuple(edited),
        gone=tuple(gone),
    )


def against_files(vault: Vault) -> tuple[list[RecordedPlace], list[RecordedPlace]]:
    """Return the entities edited outside since their last record, and those without a file.

    Raises `StorageError`.
    """
    entities = _Entities()
    with ExitStack() as stack:
        log = open_settled(vault, stack)
        earlier = _claims(log).earlier
        for _file, _number, text in log.lines():
            record = parse_line(text)
            if record is not None:
                entities.add(record, digests_of(sha256_hex(text), earlier))
    return _against_files(vault, entities)


class _Claims(Struct):
    """References to lines: `earlier` are the old digests of rewritten lines, `undone` those of
    undone ones."""

    earlier: dict[str, str]
    undone: frozenset[str]


def _claims(log: OpenLog) -> _Claims:
    earlier: dict[str, str] = {}
    undone: set[str] = set()
    for _file, _number, text in log.lines(b'"redacted"', b'"rolled_back"'):
        record = parse_line(text)
        if record is not None and record.is_own:
            earlier.update(record.redacted)
            if record.undoes is not None:
                undone.add(record.undoes)
    return _Claims(earlier=earlier, undone=frozenset(undone))


class _Walk:
    """One pass over the lines, oldest first."""

    def __init__(self, claims: _Claims) -> None:
        self._claims = claims
        self._missing = set(claims.undone)
        self._undoes: list[tuple[str, int, str]] = []
        self._own_last: list[str] | None = None
        self._window: set[str] = set()  # digests of our last line and of all lines after it
        self._tails: deque[bytes] = deque(maxlen=_TAILS)
        self.own = self.migrated = self.foreign = self.unreadable = 0
        self.problems: list[LogProblem] = []
        self.entities = _Entities()

    def step(self, file: str, number: int, text: bytes) -> None:
        """Check the next line."""
        record = parse_line(text)
        digests = digests_of(sha256_hex(text), self._claims.earlier)
        if record is None or not record.is_own:
            self._window.update(digests)
            self._tails.append(text)
            self._count(record)
        else:
            self.own += 1
            if not self._is_linked(record):
                self._report(file, number, "chain", "altered or missing lines before this one")
            for message in _schema_errors(record):
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
            record = parse_line(line[:end])
            return record is None or not record.is_own
    return False


def _schema_errors(record: AuditRecord) -> Iterator[str]:
    from pydantic import ValidationError

    from loop_cli.wire import models

    try:
        models.AuditRecord.model_validate(record.data)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False, include_context=False):
            where = ".".join(map(str, one["loc"]))
            yield f"not a valid record: {where or 'record'}: {one['msg']}"


class _Entities:
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


def _against_files(
    vault: Vault, entities: _Entities
) -> tuple[list[RecordedPlace], list[RecordedPlace]]:
    """Return the entities edited outside, and those without a file."""
    edited: list[RecordedPlace] = []
    gone: list[RecordedPlace] = []
    for entity_id, path, expected, newest in entities.expected():
        place = RecordedPlace(entity_id=entity_id, path=path)
        now = vault.layout.now(path)
        if now != path and not newest:
            continue
        found = _etag_at(vault, now)
        moved_away = not newest and None in (found, expected)
        if found == expected or moved_away:
            continue
        if found is not None and _settled_since(vault, place, found):
            continue
        (gone if found is None else edited).append(place)
    return edited, gone


def _etag_at(vault: Vault, path: str) -> str | None:
    """Return the etag of the file; None if there is none, empty if it can't be read."""
    try:
        data, _modified = files.read_stable(files.inside(vault.root, path), path)
        return etag_of(data)
    except (EntityNotFound, ValueError):
        return None
    except LoopError:
        return ""


def _settled_since(vault: Vault, place: RecordedPlace, etag: str) -> bool:
    """Whether a change that came meanwhile explains the state of the file.

    The file is as a newer record says, or as before a change that is about to land.
    """
    unsettled = recover_if_free(vault)
    records = vault.log.records_of(place.entity_id, path=place.path)
    last = History(one for one in records if nfc(one.entity_id) == place.entity_id).last
    if last is None:
        return False
    return last.etag_after == etag or (unsettled and last.etag_before == etag)
