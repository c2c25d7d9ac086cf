"""Read the other inputs of a command line: files, standard input, a revision."""

from __future__ import annotations

import errno
import sys

from loop_cli.core import changes
from loop_cli.core.changes import BodyChange
from loop_cli.core.entity import Precondition, agreed, precondition_of
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.numbers import Written
    from loop_cli.core.query import Condition

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

        if not name:
            raise UsageError(
                "a file is to be read and none is named",
                hint="field=@FILE; field=@- is standard input, field=@@x the text @x",
            )
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
            if name == "-":
                raise stdin_unread(error) from None
            raise UsageError(f"{name} can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UsageError(f"{name} is not UTF-8 text") from None


def stdin_unread(error: OSError) -> UsageError:
    """What is said where standard input can't be read: closed, it is no empty text."""
    closed = error.errno == errno.EBADF
    return UsageError(
        f"standard input can't be read: {'it is closed' if closed else error.strerror}"
    )


def fields(name: str | None, read: Reader) -> tuple[dict[str, Any] | None, Written]:
    """The fields of `--set-json`, and how their numbers are written. Raises `UsageError`."""
    if name is None:
        return None, ()
    text = read(name).removeprefix(_MARK)
    value = changes.parse_json(text, f"--set-json {name}")
    if not isinstance(value, dict):
        raise UsageError(f"--set-json {name} must be a JSON object of fields")
    from loop_cli.core import numbers

    return value, numbers.in_json(text)


def body(replaced: str | None, appended: str | None, read: Reader) -> BodyChange | None:
    if replaced is not None and appended is not None:
        raise UsageError("--body-file and --append-body can't go together")
    if replaced is not None:
        return BodyChange(text=read(replaced).removeprefix(_MARK))
    if appended is None:
        return None
    return BodyChange(text=read(appended).removeprefix(_MARK), append=True)


def precondition(
    times: list[str] | None,
    etags: list[str] | None,
    conditions: list[str] | None,
    *,
    force: bool,
) -> Precondition:
    """What the options say was read, and must hold; one that is given twice counts twice. Raises
    `UsageError`."""
    if force and (times or etags or conditions):
        raise UsageError("--force skips the precondition, so it can't go with one")
    met: tuple[Condition, ...] = ()
    if conditions:
        from loop_cli.core import query
        from loop_cli.operations import clock

        met = query.parse_conditions(conditions, today=clock.today(), option="--if")
    names = ("--expected-updated-at", "--if-match")
    times, etags = times or [], etags or []
    expected = agreed([(names[0], one) for one in times], times=True)
    etag = agreed([(names[1], one) for one in etags])
    made = precondition_of(expected, etag, forced=force, names=names)
    return made.replace(conditions=met) if met else made
