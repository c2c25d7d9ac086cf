"""`loop apply`: many changes, one per line, with one start-up."""

from __future__ import annotations

import os
import sys

from loop_cli.cli import context, hints, inputs, output
from loop_cli.cli.prompt.interrupts import Held
from loop_cli.errors import UsageError
from loop_cli.failures import Interrupted
from loop_cli.operations import bulk, clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


_AT_ONCE = 1 << 16  # bytes
EXAMPLES = """A line is a JSON object. Without "op" it is an update: "id", and at least one of
"set" (fields and values), "unset" (names), "add" and "remove" (fields and items of
lists) and "body"; "if_match" or "expected_updated_at" is the revision that was seen,
"if" a list of conditions that must hold, as in 'loop update --if'; "path" chooses where
several files carry the id. With an "op" a line may also do this:

\b
create   "type", "name", "set", "changes", "body", "id", "idempotency_key"
delete   "id", "cascade", "orphan", "archive", and a revision
move     "id", "project", and a revision
rename   "id", "name", and a revision

A line that creates may have "as": "$LABEL". In later lines a text that is $LABEL stands
for the new id.

For each line, loop prints a line on stdout, in order, once the change is durable: the
entity as 'loop update --json' prints it, without fields and body, or an error. If a
line fails, the next ones are still applied. The exit code is then that of the first
line that failed, and stderr has a summary. Warnings are in the lines; without --json
stderr has them too, each once. With --atomic the error on stderr names the line.
With --dry-run a line about what a line before would make is "pending".

Examples:

\b
loop apply changes.jsonl
printf '%s' '{"id": "tsk-019-14", "set": {"status": "done"}}' | loop apply - --force
loop apply changes.jsonl --atomic --dry-run
loop apply project_with_tasks.jsonl --atomic
"""


def apply(
    *,
    file: str,
    atomic: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop apply`."""
    settings = context.open_settings({"vault": vault, "lock_timeout": lock_timeout})
    loop = context.operations(settings)
    counts, warned = bulk.Counts(), bulk.Warned()
    held = Held()
    outcomes = loop.apply(
        _lines(file, held),
        today=clock.today(),
        now=context.now(),
        force=force,
        atomic=atomic,
        dry_run=dry_run,
    )
    held.open = atomic or dry_run
    try:
        with held, output.progress("applied", unit="changes") as told:
            for one in outcomes:
                output.line(output.json_text(hints.spelled(one.as_dict())))
                counts.count(one)
                warned.add(one.entity_id, one.done)
                if told is not None:
                    told(counts.landed + counts.unchanged + counts.failed)
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {_so_far(counts)}") from None
    output.warn(loop.take_warnings())
    failed = counts.error()
    if failed is not None:
        raise failed  # one JSON object is then all that stderr has
    if not as_json:
        output.warn_of_many(warned)


def _so_far(counts: bulk.Counts) -> str:
    return f"{counts.landed} changed, {counts.unchanged} unchanged, {counts.failed} failed so far"


def _lines(name: str, held: Held) -> Iterator[list[str]]:
    """Yield the lines of a file in batches of the available ones, up to a hundred.

    So a program can wait for the result of a line before it sends the next one. Raises
    `UsageError`, and `KeyboardInterrupt` after Ctrl-C.
    """
    try:
        descriptor = os.dup(sys.stdin.fileno()) if name == "-" else os.open(name, os.O_RDONLY)
    except OSError as error:
        if name == "-":
            raise inputs.stdin_unread(error) from None
        raise UsageError(f"{name} can't be read: {error.strerror}") from None
    rest = b""
    try:
        while part := _read(descriptor, held):
            *whole, rest = (rest + part).split(b"\n")
            for start in range(0, len(whole), bulk.AT_ONCE):
                held.check()
                yield [_decoded(line, name) for line in whole[start : start + bulk.AT_ONCE]]
        yield [_decoded(rest, name)]
    except OSError as error:
        if name == "-":
            raise inputs.stdin_unread(error) from None
        raise UsageError(f"{name} can't be read: {error.strerror}") from None
    finally:
        os.close(descriptor)


def _read(descriptor: int, held: Held) -> bytes:
    before, held.open = held.open, True
    try:
        held.check()  # Ctrl-C came before it was open
        return os.read(descriptor, _AT_ONCE)
    finally:
        held.open = before


def _decoded(line: bytes, name: str) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not UTF-8 text", hint="nothing after that was read") from None
