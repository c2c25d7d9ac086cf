"""The lines of the audit log as records, records as lines, and what is said where the log fails."""

from __future__ import annotations

import errno
import os

from loop_cli.core.names import LOG_FOLDER, nfc
from loop_cli.core.records.record import AuditRecord
from loop_cli.core.store import as_json
from loop_cli.errors import Action, StorageError
from loop_cli.lean import jsontext
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


ACTIVE = "audit_log.jsonl"
MAX_LINE = 1 << 29
"""Bytes of a line; what is longer is damage, not a record, and would fill the memory."""


class LogPlace(Struct):
    """Where the log ended when a change was staged: its newest closed segment, if any, and the
    size of the active file in bytes. The change's line comes after that."""

    segment: str | None
    offset: int


class Segment(Struct):
    """An open file of the log; `start` is its first byte's offset in the whole log."""

    descriptor: int
    start: int
    size: int


def check_length(length: int, what: str | None = None) -> None:
    """Raise `StorageError` where a line of the log, `what` if it is known, is too long."""
    if length > MAX_LINE:
        raise StorageError(
            f"{what or 'a line of the audit log'} has over {MAX_LINE:,} bytes, so it is no record "
            "of any program: take it out of the file",
            hint=None if what else Action("verify_log"),
        )


def shown(name: str) -> str:
    """A file of the log, relative to the vault."""
    return f"{LOG_FOLDER}/{name}"


def cannot_read(error: OSError) -> StorageError:
    """The error for a log that can't be read."""
    name = os.path.basename(error.filename) + ": " if isinstance(error.filename, str) else ""
    return StorageError(f"the audit log can't be read: {name}{_reason(error)}")


def cannot_write(error: OSError) -> StorageError:
    """The error for a log that refuses a record."""
    return StorageError(f"the audit log {LOG_FOLDER}/{ACTIVE} can't be written: {_reason(error)}")


def _reason(error: OSError) -> str | None:
    """What is wrong with a file of the log; of a link, that it is one."""
    if isinstance(error, NotADirectoryError):
        return f"{error.filename} {error.strerror}"
    return "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror


def backwards(text: bytes) -> Iterator[bytes]:
    """The lines of a text from the last to the first, without their newlines; one that is empty
    after a newline at the end. Whoever wants the last few pays for no others."""
    end = len(text)
    while True:
        start = text.rfind(b"\n", 0, end) + 1
        yield text[start:end]
        if not start:
            return
        end = start - 1


def parse_line(line: bytes) -> AuditRecord | None:
    """A line, without its newline, as a record; None where it is none."""
    try:
        data = jsontext.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or "entity_id" not in data:
        return None
    return AuditRecord(data=data, digest=sha256_hex(line))


def needles_of(entity_id: str) -> tuple[bytes, ...]:
    """How the id may be spelled in a line of JSON."""
    import unicodedata

    forms = {nfc(entity_id), unicodedata.normalize("NFD", entity_id), entity_id}
    plain = {jsontext.dumps(form).encode("utf-8", "surrogatepass") for form in forms}
    return tuple(plain | {jsontext.ascii_text(form).encode() for form in forms})


def encode(data: dict[str, object]) -> bytes:
    """A record as the line it becomes, without the newline."""
    return as_json(data).encode()
