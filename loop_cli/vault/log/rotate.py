"""Rotation: the active file of the audit log becomes a segment, and a new one begins.

Programs that still have the old file open continue in the segment, so no line is lost. After a
crash between the two steps, the log continues from the segment's last line.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress

from loop_cli.core import timestamps
from loop_cli.core.upkeep import Rotation
from loop_cli.errors import StorageError
from loop_cli.system.folders import copy_rights
from loop_cli.vault import ACTIVE_LOG
from loop_cli.vault.commit.recovery import recover
from loop_cli.vault.log.log import segments_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.system.folders import Folder
    from loop_cli.vault.handle import Vault

_NAME = re.compile(r"audit_log\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{6})Z\.jsonl", re.ASCII)


def rotate(vault: Vault, *, at_least: int) -> Rotation:
    """Begin a new active file, if the old one is not empty and has `at_least` bytes.

    Raises `VaultLocked`, `StorageError`.
    """
    with vault.lock():
        recover(vault)
        try:
            return _rotate(vault, max(1, at_least))
        except OSError as error:
            raise StorageError(f"the audit log can't be rotated: {error}") from error


def _rotate(vault: Vault, at_least: int) -> Rotation:
    try:
        folder = vault.log.open_folder()
        descriptor = folder.open_plain(ACTIVE_LOG)
    except FileNotFoundError:
        return Rotation(rotated=False, segment=None, size=0)
    with folder:
        try:
            size = os.fstat(descriptor).st_size
            if size < at_least:
                return Rotation(rotated=False, segment=None, size=size)
            segment = _next_name(vault, folder)
            folder.rename_new(ACTIVE_LOG, segment)
            _begin(folder, like=descriptor)
            folder.sync()
            return Rotation(rotated=True, segment=vault.log.shown(segment), size=size)
        finally:
            os.close(descriptor)


def _next_name(vault: Vault, folder: Folder) -> str:
    """Return a name that sorts after every segment's, even if the clock went back."""
    instant = vault.clock()
    segments = [name for name in segments_in(folder) if name != ACTIVE_LOG]
    if segments:
        newest = segments[-1]
        match = _NAME.fullmatch(newest)
        known = timestamps.parse("{}-{}-{}T{}:{}:{}.{}".format(*match.groups())) if match else None
        if known is None:
            raise StorageError(
                f"{vault.log.shown(newest)} has no name of a segment, and sorts after any that has",
                hint="give it a name such as audit_log.20260109T143510.123456Z.jsonl",
            )
        instant = max(instant, known + 1)
    digits = timestamps.render(instant).replace("-", "").replace(":", "")
    return f"audit_log.{digits}.jsonl"


def _begin(folder: Folder, *, like: int) -> None:
    """Make a new file with the mode and the owner of the old one."""
    try:
        folder.write_new(ACTIVE_LOG, b"", like=like)
    except FileExistsError:  # another program has already made it, or a link
        try:
            descriptor = folder.open_plain(ACTIVE_LOG)
        except OSError:
            return
        with suppress(PermissionError):
            copy_rights(descriptor, like)
        os.close(descriptor)
