"""What the state machines share: a process that dies before or after any step of the protocol."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from unittest import mock

from loop_cli.store import folders, platform, recovery, staging
from loop_cli.store.log import AuditLog

if TYPE_CHECKING:
    from collections.abc import Iterator

START = 1_767_970_000_000_000  # microseconds, in January 2026

# Where a crash may come: before or after each of these.
STEPS = {
    "written file": (folders.Folder, "write_new"),
    "synced together": (folders.Syncs, "run"),
    "synced folder": (platform, "sync_folder"),
    "folder made": (folders.Folders, "make_place"),
    "append": (AuditLog, "append"),
    "exchange": (platform, "exchange"),
    "move": (platform, "move"),
    "discard": (staging.StagedCommit, "discard"),
    "content removed": (staging.StagedChange, "discard"),
    "mark": (staging.StagedCommit, "mark_undone"),
    "kept": (recovery, "keep"),
}


class Crash(BaseException):
    """The process dies here."""


@contextlib.contextmanager
def crashing(step: str, *, call: int, after: bool) -> Iterator[None]:
    """The process dies before or after the `call`th call of a step."""
    owner, name = STEPS[step]
    original = getattr(owner, name)
    left = call

    def wrapped(*arguments: object, **options: object) -> object:
        nonlocal left
        left -= 1
        if left == 0 and not after:
            raise Crash
        result = original(*arguments, **options)
        if left == 0:
            raise Crash
        return result

    with mock.patch.object(owner, name, wrapped), contextlib.suppress(Crash):
        yield
