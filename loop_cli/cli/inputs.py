"""Read the other inputs of a command line: files, standard input, a revision."""

from __future__ import annotations

import sys

from loop_cli.core import changes, timestamps
from loop_cli.core.changes import BodyChange
from loop_cli.core.entity import Precondition
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_MARK = "\ufeff"  # some editors begin a text with this


class Reader:
    """Reads the files that the command line names; standard input only once."""

    def __init__(self) -> None:
        self._stdin_read = False

    def __call__(self, name: str) -> str:
        """Return the text of a file, `-` for standard input.

        Raises `UsageError`, also for an endless device, or for more than the largest file that loop
        reads.
        """
        from loop_cli.planning.snapshot import MAX_FILE_BYTES

        if name == "-":
            if self._stdin_read:
                raise UsageError("standard input can be read once only; name a file for the other")
            self._stdin_read = True
        try:
            if name == "-":
                data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
            else:
                with open(name, "rb") as file:
                    data = file.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise UsageError(f"{name} is longer than {MAX_FILE_BYTES:,} bytes, the limit")
            return data.decode()
        except OSError as error:
            raise UsageError(f"{name} can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UsageError(f"{name} is not UTF-8 text") from None


def fields(name: str | None, read: Reader) -> dict[str, Any] | None:
    if name is None:
        return None
    value = changes.parse_json(read(name).removeprefix(_MARK), f"--set-json {name}")
    if not isinstance(value, dict):
        raise UsageError(f"--set-json {name} must be a JSON object of fields")
    return value


def body(replaced: str | None, appended: str | None, read: Reader) -> BodyChange | None:
    if replaced is not None and appended is not None:
        raise UsageError("--body-file and --append-body can't go together")
    if replaced is not None:
        return BodyChange(text=read(replaced).removeprefix(_MARK))
    if appended is None:
        return None
    return BodyChange(text=read(appended).removeprefix(_MARK), append=True)


def precondition(expected: str | None, etag: str | None, force: bool) -> Precondition:
    if force and (expected is not None or etag is not None):
        raise UsageError("--force skips the precondition, so it can't go with one")
    if expected is not None and timestamps.parse(expected) is None:
        raise UsageError(
            f"--expected-updated-at: {expected!r} is not a timestamp",
            hint=f"such as {timestamps.EXAMPLE} or 2026-01-09, as 'loop get' reports it",
        )
    if etag is not None and (len(etag) != 16 or etag.strip("0123456789abcdef")):
        raise UsageError(
            f"--if-match: {etag!r} is not an etag",
            hint="16 hex digits such as 9f2c51d0a7b3e4f8, as 'loop get' reports it",
        )
    return Precondition(expected_updated_at=expected, if_match=etag, forced=force)
