"""Turn lines of the audit log into records and back; errors of the log."""

from __future__ import annotations

import errno
import os

from loop_cli.core.names import nfc
from loop_cli.core.records.record import record_of
from loop_cli.errors import Action, StorageError
from loop_cli.lean import jsontext
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.records.record import AuditRecord

MAX_LINE = 1 << 29
"""The longest line, in bytes; a longer one is damage, and would fill the memory."""


class LogPlace(Struct):
    """The end of the log when a change was staged.

    That is its newest closed segment, if any, and the size of the active file in bytes. The
    change's line comes after it.
    """

    segment: str | None
    offset: int


class Segment(Struct):
    """An open file of the log; `start` is the offset of its first byte in the whole log."""

    descriptor: int
    start: int
    size: int


def check_length(length: int, what: str | None = None) -> None:
    """Raise `StorageError` if a line of the log is too long; `what` names it, if known."""
    if length > MAX_LINE:
        raise StorageError(
            f"{what or 'a line of the audit log'} has over {MAX_LINE:,} bytes, so it is not a "
            "record of any program: take it out of the file",
            hint=None if what else Action("verify_log"),
        )


def cannot_read(error: OSError) -> StorageError:
    """Make the error that the log can't be read."""
    name = os.path.basename(error.filename) + ": " if isinstance(error.filename, str) else ""
    return StorageError(f"the audit log can't be read: {name}{_reason(error)}")


def cannot_write(error: OSError, file: str) -> StorageError:
    """Make the error that the log's active file refuses a record."""
    return StorageError(f"the audit log {file} can't be written: {_reason(error)}")


def _reason(error: OSError) -> str | None:
    """Return the problem of a file of the log; if it is a link, that is the problem."""
    if isinstance(error, NotADirectoryError):
        return f"{error.filename} {error.strerror}"
    return "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror


def backwards(text: bytes) -> Iterator[bytes]:
    """Yield the lines of a text from the last to the first, without their newlines.

    A final newline gives an empty line. A caller that needs only the last lines does not pay for
    others.
    """
    end = len(text)
    while True:
        start = text.rfind(b"\n", 0, end) + 1
        yield text[start:end]
        if not start:
            return
        end = start - 1


def backwards_with(text: bytes, needles: tuple[bytes, ...]) -> Iterator[bytes]:
    """Yield those of `backwards` that have one of the needles."""
    if any(needle in text for needle in needles):
        for line in backwards(text):
            if any(needle in line for needle in needles):
                yield line


def parse_line(line: bytes) -> AuditRecord | None:
    """Parse a line, without its newline, as a record; None if it is not one."""
    return record_of(line)


def needles_of(entity_id: str) -> tuple[bytes, ...]:
    """Return the spellings of an id in a line of JSON."""
    import unicodedata

    forms = {nfc(entity_id), unicodedata.normalize("NFD", entity_id), entity_id}
    plain = {jsontext.dumps(form).encode("utf-8", "surrogatepass") for form in forms}
    return tuple(plain | {jsontext.ascii_text(form).encode() for form in forms})


def encode(data: dict[str, object]) -> bytes:
    """Turn a record into its line, without the newline."""
    return as_json(data).encode()
