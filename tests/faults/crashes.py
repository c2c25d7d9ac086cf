"""What the state machines share: a process that dies before or after any step of the protocol."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING
from unittest import mock

from loop_cli.system import folders, platform
from loop_cli.vault.commit import recovery, staging
from loop_cli.vault.log.log import AuditLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


# What a process that is dead does not do any more.
CALLS = (
    "open", "write", "pwrite", "ftruncate", "fsync", "rename", "unlink", "rmdir", "mkdir", "link",
    "stat", "listdir", "scandir", "fchmod", "fchown", "utime",
)  # fmt: skip


class Crash(BaseException):
    """The process dies here."""


@contextlib.contextmanager
def crashing(step: str, *, call: int, after: bool) -> Iterator[None]:
    """The process dies before or after the `call`th call of a step.

    Whoever catches that finds a system that does nothing any more: so nobody mends anything.
    """
    owner, name = STEPS[step]
    original = getattr(owner, name)
    left = call
    dead = False

    def wrapped(*arguments: object, **options: object) -> object:
        nonlocal left, dead
        left -= 1
        last = left == 0
        result = None if dead or (last and not after) else original(*arguments, **options)
        dead = dead or last
        if dead:
            raise Crash
        return result

    def unless_dead(call: Callable[..., object]) -> Callable[..., object]:
        def checked(*arguments: object, **options: object) -> object:
            if dead:
                raise Crash
            return call(*arguments, **options)

        return checked

    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(Crash))
        stack.enter_context(mock.patch.object(owner, name, wrapped))
        for one in CALLS:
            stack.enter_context(mock.patch.object(os, one, unless_dead(getattr(os, one))))
        for one in ("exchange", "move"):
            if (owner, name) != (platform, one):
                checked = unless_dead(getattr(platform, one))
                stack.enter_context(mock.patch.object(platform, one, checked))
        yield
