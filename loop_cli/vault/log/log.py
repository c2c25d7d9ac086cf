"""The audit log on disk: `audit_log.jsonl` in `_build/` or `.loop/`, and its older segments.

Other programs append to it too. Nothing here changes an existing line. Only an incomplete last line
of our own interrupted write is cut, and only if it is the beginning of that line.
"""

from __future__ import annotations

import errno
import os

from loop_cli.core.names import nfc
from loop_cli.lean import jsontext
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.jsontext import as_json
from loop_cli.system import platform
from loop_cli.system.folders import Folders, open_folder
from loop_cli.vault import ACTIVE_LOG, is_log
from loop_cli.vault.index.cache import key_word, word
from loop_cli.vault.log.lines import (
    LogPlace,
    Segment,
    backwards,
    backwards_with,
    cannot_read,
    cannot_write,
    check_length,
    needles_of,
    parse_line,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.system.folders import Folder
    from loop_cli.vault import VaultLayout
    from loop_cli.vault.index.cache import Cache

    Stamp = tuple[int, int, int, int]

_BLOCK = 1 << 16
LONG = 1 << 18  # a log of at least this size is looked up in the cache
_FEW = 4  # up to this many lines are searched in whole blocks; more are compared line by line
_RECENT = 8  # no reader is so slow that more rotations happen between two of its steps


class AuditLog:
    """The log of a vault, wherever the `layout` has it.

    `unreadable` counts the lines that are not records; `cache` is the cache of its `LogIndex`, if
    there is one.
    """

    def __init__(self, layout: VaultLayout, *, cache: Cache | None = None) -> None:
        self.root = layout.root
        self._layout = layout
        self._cache = cache
        self.unreadable = 0
        # The lines of the last append with known records, and the file at that time.
        self._own: dict[bytes, AuditRecord] = {}
        self._after_own: Stamp | None = None

    @property
    def folder(self) -> str:
        """The folder that the log is in now, relative to the vault."""
        return self._layout.log

    @property
    def path(self) -> str:
        """The active file."""
        return os.path.join(self.root, self.shown(ACTIVE_LOG))

    def shown(self, name: str) -> str:
        """Return a file of the log, relative to the vault."""
        return f"{self.folder}/{name}"

    def records(self) -> Iterator[AuditRecord]:
        """Yield all records newest first. Raises `StorageError`."""
        for line in self._lines():
            record = self._parse(line)
            if record is not None:
                yield record

    def records_of(self, entity_id: str, *, path: str | None) -> Iterator[AuditRecord]:
        """Yield an entity's records newest first; only lines with the id are parsed."""
        own = self._own_end()
        for record in reversed(own.values()):
            if record.is_of(entity_id, path):
                yield record
        for line in self._lines_of(word(nfc(entity_id)), needles_of(entity_id)):
            found = None if line in own else self._parse(line)
            if found and found.is_of(entity_id, path):
                yield found

    def records_holding(self, *needles: bytes) -> Iterator[AuditRecord]:
        """Yield the records whose lines have one of some texts, newest first. Raises
        `StorageError`."""
        for line in self._lines(needles):
            record = self._parse(line)
            if record is not None:
                yield record

    def records_with_key(self, key: str) -> Iterator[AuditRecord]:
        """The records of calls with an idempotency key that count, newest first."""
        from loop_cli.core.records.record import with_key

        return with_key(self._maybe_with_key(key), key)

    def _maybe_with_key(self, key: str) -> Iterator[AuditRecord]:
        needles = (as_json(key).encode(), jsontext.ascii_text(key).encode())
        for line in self._lines_of(key_word(key), needles):
            record = self._parse(line)
            if record is not None:
                yield record

    def holding(self, lines: set[bytes], *, since: LogPlace | None = None) -> set[bytes]:
        """Return which of these exact lines (without newlines) the log has, after a place if given.

        If the log was replaced, so that the place is gone, the whole log is searched.
        """
        found: set[bytes] = set()
        try:
            for descriptor, start in self._after(since):
                few = tuple(lines) if len(lines) <= _FEW else ()
                for line in self._reversed(descriptor, few, until=start):
                    if line in lines:
                        found.add(line)
                        if len(found) == len(lines):
                            return found
        except OSError as error:
            raise cannot_read(error) from error
        return found

    def _after(self, since: LogPlace | None) -> Iterator[tuple[int, int]]:
        """Yield the files of the log after a place, newest first, each with the offset to begin at.

        The former active file is the first segment that sorts after the former newest segment.
        """
        try:
            folder = self.open_folder()
        except FileNotFoundError:
            return
        with folder:
            names = segments_in(folder)
            then = since.segment if since is not None else None
            if then is not None and then not in names:
                since = None  # a different log
            later = names[names.index(then) + 1 :] if since and then else names
            for name in reversed(later):
                try:
                    descriptor = folder.open_plain(name)
                except FileNotFoundError:
                    continue
                try:
                    is_first = since is not None and name == later[0]
                    start = since.offset if since is not None and is_first else 0
                    size = os.fstat(descriptor).st_size
                    yield descriptor, start if start <= size else 0
                finally:
                    os.close(descriptor)

    def place(self, descriptor: int) -> LogPlace:
        """Return the end of the log, whose active file is open. Raises `OSError`."""
        with self.open_folder() as folder:
            closed = [name for name in segments_in(folder) if name != ACTIVE_LOG]
        offset = os.fstat(descriptor).st_size
        return LogPlace(segment=closed[-1] if closed else None, offset=offset)

    def is_at(self, descriptor: int) -> bool:
        """Whether an open file is still the active one: another program may replace it."""
        try:
            with self.open_folder() as folder:
                return os.path.samestat(folder.status(ACTIVE_LOG), os.fstat(descriptor))
        except (FileNotFoundError, NotADirectoryError):
            return False

    def open_folder(self) -> Folder:
        """Open the log's folder. Raises `OSError`; `NotADirectoryError` if it is a link."""
        return open_folder(self.root, self.folder)

    def open(self) -> int:
        """Open the active file for appending; make it if it is missing. Raises `StorageError`."""
        name = self.folder
        try:
            with Folders(self.root) as folders:
                folder = folders.make_own(name, mode=0o755)
                return folder.open_shared(ACTIVE_LOG, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise cannot_write(error, f"{name}/{ACTIVE_LOG}") from error

    def link(self) -> dict[str, str | None]:
        """Return what the next record says of the lines before it.

        `previous` is the digest of the last line. If that line is another program's, `previous_own`
        is the digest of our own last line.
        """
        own = self._own_end()
        last = next(reversed(own) if own else self._lines(), None)
        if last is None:
            return {"previous": None}
        record = own.get(last) or parse_line(last)
        if record is not None and record.is_own:
            return {"previous": record.digest}
        previous: dict[str, str | None] = {"previous": sha256_hex(last)}
        for text in self._lines(needles=(b'"previous"',)):
            record = parse_line(text)
            if record is not None and record.is_own:
                return {**previous, "previous_own": record.digest}
        return previous

    def append(
        self, descriptor: int, lines: Sequence[bytes], records: Sequence[AuditRecord] = ()
    ) -> None:
        """Append lines (without newlines) and sync: all of them or none. Raises `StorageError`.

        If the caller gives their `records`, they need not be read again.
        """
        data, start = b"".join(line + b"\n" for line in lines), 0
        try:
            start = os.fstat(descriptor).st_size
            if start and os.pread(descriptor, 1, start - 1) != b"\n":
                data = b"\n" + data
            if not start:  # the first line: the file's name must be as durable as the line
                self._sync_names()
            _write(descriptor, data, start)
            platform.sync(descriptor)
            status = os.fstat(descriptor)
            alone = status.st_size == start + len(data)
            self._own = dict(zip(lines, records, strict=True)) if alone and records else {}
            self._after_own = _stamp(status)
        except OSError as error:
            cut_torn(descriptor, data, start)
            raise cannot_write(error, self.shown(ACTIVE_LOG)) from error

    def _own_end(self) -> dict[bytes, AuditRecord]:
        """Return the last lines, if we have appended them and the file has not changed since."""
        return self._own if self._own and self.end() == self._after_own else {}

    def end(self) -> Stamp | None:
        """What tells the active file from what it was before; None if it can't be seen."""
        try:
            return _stamp(os.lstat(self.path))
        except OSError:
            return None

    def _sync_names(self) -> None:
        with Folders(self.root) as folders:
            folders.open(self.folder).sync()
            folders.root.sync()

    def sync(self) -> None:
        """Sync lines of an earlier append that may not be durable. Raises `OSError`."""
        with self.open_folder() as folder:
            for name in segments_in(folder)[-2:]:
                descriptor = folder.open_plain(name)
                try:
                    platform.sync(descriptor)
                finally:
                    os.close(descriptor)

    def cut_tail(self, line: bytes) -> None:
        """Cut an incomplete last line, if it is the beginning of `line`.

        If the log can only be appended to, the incomplete line stays; the next line begins after
        it.
        """
        try:
            with self.open_folder() as folder:
                descriptor = folder.open_shared(ACTIVE_LOG, os.O_RDWR | os.O_APPEND, make=False)
        except OSError:
            return
        try:
            tail = next(self._reversed(descriptor, ()), b"")
            size = os.fstat(descriptor).st_size
            terminated = not size or os.pread(descriptor, 1, size - 1) == b"\n"
            if tail and not terminated and line.startswith(tail):
                os.ftruncate(descriptor, size - len(tail))
                os.fsync(descriptor)
        except PermissionError:
            return
        finally:
            os.close(descriptor)

    def segments(self) -> list[str]:
        """Return the names of the log's files, oldest first; the active file is the last."""
        try:
            with self.open_folder() as folder:
                return segments_in(folder)
        except FileNotFoundError:
            return []

    def _lines(self, needles: tuple[bytes, ...] = ()) -> Iterator[bytes]:
        try:
            for descriptor in self._newest_first():
                yield from self._reversed(descriptor, needles)
        except OSError as error:
            raise cannot_read(error) from error

    def _lines_of(self, wanted: bytes, needles: tuple[bytes, ...]) -> Iterator[bytes]:
        """Yield the lines that may belong to an entity, or have a key.

        For a long log, the cache finds them by the word `wanted`; otherwise they have one of the
        needles.
        """
        segments = self._open_segments()
        try:
            cache = self._cache
            size = sum(segment.size for segment in segments)
            if cache is None or not cache.is_kept or size < LONG:
                for segment in reversed(segments):
                    yield from self._reversed(segment.descriptor, needles)
            else:
                yield from self._indexed(wanted, needles, segments, cache)
        except OSError as error:
            raise cannot_read(error) from error
        finally:
            _close(segments)

    @staticmethod
    def _indexed(
        wanted: bytes, needles: tuple[bytes, ...], segments: list[Segment], cache: Cache
    ) -> Iterator[bytes]:
        """Yield the lines after the end of the cache, and those that it gives."""
        from loop_cli.vault.log.log_index import AT_A_TIME, look_up

        index, offsets, until = look_up(cache, segments, wanted, None)
        yield from index.lines_after(until, needles)
        while offsets:
            for offset in offsets:
                yield index.line_at(offset)
            if len(offsets) < AT_A_TIME:
                return
            index, offsets, _until = look_up(cache, segments, wanted, offsets[-1])

    def cover(self, cache: Cache) -> None:
        """Put all existing lines into the cache. Raises `StorageError`."""
        from loop_cli.vault.log.log_index import LogIndex

        segments = self._open_segments()
        try:
            cache.run(lambda database: LogIndex(database, segments).cover())
        except OSError as error:
            raise cannot_read(error) from error
        finally:
            _close(segments)

    def _open_segments(self) -> list[Segment]:
        """Open the files of the log, oldest first; the caller closes them. Raises
        `StorageError`."""
        descriptors: list[int] = []
        try:
            for descriptor in self._newest_first():
                descriptors.append(os.dup(descriptor))
            segments = []
            start = 0
            for descriptor in reversed(descriptors):
                size = os.fstat(descriptor).st_size
                segments.append(Segment(descriptor=descriptor, start=start, size=size))
                start += size
            return segments
        except OSError as error:
            for descriptor in descriptors:
                os.close(descriptor)
            raise cannot_read(error) from error

    def _newest_first(self) -> Iterator[int]:
        """Yield the files of the log, newest first; each is open until the next.

        The segments are listed while the active file is open. So if a rotation turns it into a
        segment, it is read once.
        """
        while True:
            name, is_empty = self.folder, True
            for descriptor in self._newest_first_in(name):
                is_empty = False
                yield descriptor
            if not is_empty or self.folder == name:
                return

    def _newest_first_in(self, name: str) -> Iterator[int]:
        try:
            folder = open_folder(self.root, name)
        except FileNotFoundError:
            return
        with folder:
            active = _opened(folder, ACTIVE_LOG)
            if active is None:
                names = [one for one in segments_in(folder) if one != ACTIVE_LOG]
            else:
                try:
                    yield active
                    names = self._segments_before(active)
                finally:
                    os.close(active)
            for one in reversed(names):
                descriptor = self._open_segment(folder, one)
                try:
                    yield descriptor
                finally:
                    os.close(descriptor)

    def _segments_before(self, active: int) -> list[str]:
        """Return the closed segments that are older than an open file."""
        with self.open_folder() as folder:
            names = [one for one in segments_in(folder) if one != ACTIVE_LOG]
            return names[: _place_of(active, folder, names)]

    def _open_segment(self, folder: Folder, name: str) -> int:
        """Open a segment, which may have moved to the other folder meanwhile."""
        try:
            return folder.open_plain(name)
        except FileNotFoundError:
            with self.open_folder() as now:
                return now.open_plain(name)

    @staticmethod
    def _reversed(descriptor: int, needles: tuple[bytes, ...], until: int = 0) -> Iterator[bytes]:
        """Yield the lines from the last back to the offset `until`; with needles, only likely
        ones."""
        position = os.fstat(descriptor).st_size
        rest: list[bytes] = []  # pieces of the line that began before the last block, backwards
        while position > until:
            size = min(_BLOCK, position - until)
            position -= size
            block = os.pread(descriptor, size, position)
            head, newline, after = block.partition(b"\n")
            if not newline:
                rest.append(block)
                check_length(len(rest) * _BLOCK)
                continue
            text = after + b"".join(reversed(rest))
            rest = [head]
            for line in backwards_with(text, needles) if needles else backwards(text):
                if line.strip():
                    yield line
        line = b"".join(reversed(rest))
        if line.strip() and (not needles or any(needle in line for needle in needles)):
            yield line

    def _parse(self, line: bytes) -> AuditRecord | None:
        record = parse_line(line)
        if record is None:
            self.unreadable += 1
        return record


def segments_in(folder: Folder) -> list[str]:
    """Return the names of the log's files in its folder, oldest first; the active one is last."""
    names = folder.names()
    closed = sorted(name for name in names if is_log(name) and name != ACTIVE_LOG)
    return [*closed, ACTIVE_LOG] if ACTIVE_LOG in names else closed


def _opened(folder: Folder, name: str) -> int | None:
    try:
        return folder.open_plain(name)
    except FileNotFoundError:
        return None


def _place_of(descriptor: int, folder: Folder, names: list[str]) -> int:
    """Return the index of an open file among the files of a folder; the list's length if
    missing."""
    status = os.fstat(descriptor)
    for index in range(len(names) - 1, max(-1, len(names) - _RECENT), -1):
        if os.path.samestat(folder.status(names[index]), status):
            return index
    return len(names)


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _close(segments: list[Segment]) -> None:
    for segment in segments:
        os.close(segment.descriptor)


def _write(descriptor: int, data: bytes, start: int) -> None:
    """Write all of `data`; the system may take it in pieces. Raises `OSError`."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
        if rest and os.fstat(descriptor).st_size != start + len(data) - len(rest):
            raise OSError(errno.EAGAIN, "another program wrote into our line")


def cut_torn(descriptor: int, data: bytes, start: int) -> None:
    """Remove the part of `data` that was written at `start`, unless others have appended since."""
    try:
        tail = os.pread(descriptor, len(data) + 1, start)
        if tail and data.startswith(tail):
            os.ftruncate(descriptor, start)
            os.fsync(descriptor)
    except OSError:  # the disk is failing; recovery will find the rest again
        return
