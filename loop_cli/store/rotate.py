"""Rotation: the active file of the audit log becomes a segment, and a new one begins.

Programs that still have the old file open go on in the segment, so no line is lost. After a
crash between the two steps the log goes on from the segment's last line.
"""

from __future__ import annotations

import os
import re
import stat

from loop_cli.core import timestamps
from loop_cli.errors import StorageError
from loop_cli.store import files, platform
from loop_cli.store.segments import shown
from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.store.vault import VaultStore

_NAME = re.compile(r"audit_log\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{6})Z\.jsonl", re.ASCII)


class Rotation(Struct):
    """What was done. `size` is that of the active file in bytes, before."""

    rotated: bool
    segment: str | None
    size: int

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop audit rotate`."""
        return {"rotated": self.rotated, "segment": self.segment, "bytes": self.size}


def rotate(store: VaultStore, *, at_least: int) -> Rotation:
    """Begin a new active file where the one there is not empty and has `at_least` bytes.

    Raises `VaultLocked`, `StorageError`.
    """
    with store.lock():
        store.recover()
        try:
            return _rotate(store, max(1, at_least))
        except OSError as error:
            raise StorageError(f"the audit log can't be rotated: {error}") from error


def _rotate(store: VaultStore, at_least: int) -> Rotation:
    active = store.log.path
    try:
        status = os.lstat(active)
    except FileNotFoundError:
        return Rotation(rotated=False, segment=None, size=0)
    if not stat.S_ISREG(status.st_mode):
        raise StorageError(f"{shown(active)} is not an ordinary file")
    if status.st_size < at_least:
        return Rotation(rotated=False, segment=None, size=status.st_size)
    segment = os.path.join(os.path.dirname(active), _next_name(store))
    _move(active, segment)
    _begin(active, like=segment)
    platform.sync_folder(os.path.dirname(active))
    return Rotation(rotated=True, segment=shown(segment), size=status.st_size)


def _next_name(store: VaultStore) -> str:
    """A name that sorts after every segment's, even when the clock went back."""
    instant = store.clock()
    segments = [path for path in store.log.segments() if path != store.log.path]
    if segments:
        newest = os.path.basename(segments[-1])
        match = _NAME.fullmatch(newest)
        known = timestamps.parse("{}-{}-{}T{}:{}:{}.{}".format(*match.groups())) if match else None
        if known is None:
            raise StorageError(
                f"{shown(newest)} has no name of a segment, and sorts after any that has",
                hint="give it a name such as audit_log.20260109T143510.123456Z.jsonl",
            )
        instant = max(instant, known + 1)
    digits = timestamps.render(instant).replace("-", "").replace(":", "")
    return f"audit_log.{digits}.jsonl"


def _move(active: str, segment: str) -> None:
    try:
        platform.move(active, segment)
    except platform.Unsupported:  # under the lock nobody else makes such a name
        if os.path.lexists(segment):
            raise FileExistsError(segment) from None
        os.rename(active, segment)


def _begin(active: str, *, like: str) -> None:
    """A new file with the mode and the owner of the old one."""
    try:
        files.write_synced(active, b"", like=like)
    except FileExistsError:  # another program has already begun it
        _give_mode(active, os.lstat(like).st_mode)


def _give_mode(path: str, mode: int) -> None:
    """Give a file the mode, if it is one: what a link in its place leads to keeps its own."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, stat.S_IMODE(mode))
    except PermissionError:  # it is another user's
        return
    finally:
        os.close(descriptor)
