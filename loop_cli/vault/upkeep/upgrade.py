"""`loop init --upgrade`: move schema and log of a vault that an older `loop init` made to `.loop/`.

Before, both were in folders that site generators publish. One step decides, and it can't be seen
half done: the schema's file is renamed or, if there is none, the active file of the log gets its
name in `.loop/`. Until then the old places are in use, and the new names are only second names of
the same files. After it the old names are only leftovers. So a crash between any two steps leaves a
vault that works, and the next run goes on.
"""

from __future__ import annotations

import os
import re

from loop_cli.core.names import LOG_FOLDER
from loop_cli.errors import Action, InvalidFile, Sentence, StorageError, UsageError
from loop_cli.lean.records import Struct
from loop_cli.system.folders import Folders
from loop_cli.vault import (
    ACTIVE_LOG,
    LOOP,
    OWN_SCHEMA,
    SHARED_SCHEMA,
    VaultLayout,
    is_log,
    schema_file,
)
from loop_cli.vault.commit.recovery import recover
from loop_cli.vault.log.log import segments_in
from loop_cli.vault.upkeep.new_files import HEAD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.system.folders import Folder
    from loop_cli.vault.handle import Vault

_MADE_BY_INIT = HEAD.splitlines()[0].encode()
_TEMPORARY = re.compile(r"\.loop-[0-9a-f]{32}", re.ASCII)
_BLOCK = 1 << 20


class Upgrade(Struct):
    """The files that move, by their old path, or have moved; `left` are files of a log in the old
    folder that are no part of the one in use."""

    root: str
    moves: dict[str, str]
    left: tuple[str, ...]
    dry_run: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop init --upgrade`."""
        moved = [{"from": old, "to": new} for old, new in self.moves.items()]
        data = {"vault": self.root, "moved": moved, "left": list(self.left)}
        return {**data, "dry_run": True} if self.dry_run else data


def moves(layout: VaultLayout) -> dict[str, str]:
    """Return what an upgrade would move, by its old path; nothing for a vault that is shared with
    other programs, or whose settings name the places.

    Raises `StorageError`.
    """
    if layout.is_named:
        return {}
    found: dict[str, str] = {}
    schema = layout.schema
    if schema == SHARED_SCHEMA:
        if not _is_made_by_init(layout):
            return {}
        found[SHARED_SCHEMA] = OWN_SCHEMA
    if layout.log == LOG_FOLDER or found:
        found.update({f"{LOG_FOLDER}/{name}": f"{LOOP}/{name}" for name in _logs_of(layout)})
    return found


def plan(layout: VaultLayout) -> Upgrade:
    """Return what `upgrade` would do. Raises `StorageError`."""
    return Upgrade(root=layout.root, moves=moves(layout), left=(), dry_run=True)


def upgrade(vault: Vault) -> Upgrade:
    """Move schema and log to `.loop/`; a second call does nothing.

    Raises `VaultLocked`; `StorageError` if a file of another log is in the way.
    """
    with vault.lock():
        recover(vault)
        planned = moves(vault.layout)
        try:
            with Folders(vault.root) as folders:
                own = folders.make_own(LOOP, mode=0o755)
                if planned:
                    _move(folders, own, planned)
                left = _clear_old(folders, own) if _is_in_own(vault.layout) else ()
        except FileExistsError as error:
            words = f"{vault.root} can't be upgraded: {error.filename} is there"
            raise StorageError(words) from error
        except OSError as error:
            raise StorageError(f"{vault.root} can't be upgraded: {error}") from error
    return Upgrade(root=vault.root, moves=planned, left=left, dry_run=False)


def refuse_older(root: str) -> None:
    """Raise `UsageError` if an older `loop init` has made the folder a vault."""
    if SHARED_SCHEMA in moves(VaultLayout(root)):
        raise UsageError(
            f"{root} is a vault already, made by an older version",
            hint=Sentence(f"to move its schema and log to {LOOP}: ", Action("upgrade_vault")),
        )


def _is_in_own(layout: VaultLayout) -> bool:
    return layout.log == LOOP and not layout.is_named


def _is_made_by_init(layout: VaultLayout) -> bool:
    try:
        _path, data = schema_file.own_bytes(layout)
    except InvalidFile:
        return False
    return data.startswith(_MADE_BY_INIT)


def _logs_of(layout: VaultLayout) -> list[str]:
    try:
        with Folders(layout.root) as folders:
            return segments_in(folders.open(LOG_FOLDER))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StorageError(f"{LOG_FOLDER} can't be read: {error.strerror}") from error


def _move(folders: Folders, own: Folder, planned: dict[str, str]) -> None:
    """Give each file of the log its new name, the active one last; then move the schema."""
    if any(path != SHARED_SCHEMA for path in planned):
        old = folders.open(LOG_FOLDER)
        _clear_unfinished(old, own)
        if ACTIVE_LOG not in old.names():  # after a rotation that a crash cut short
            os.close(old.open_shared(ACTIVE_LOG, os.O_RDWR | os.O_APPEND))
            old.sync()
        *segments, active = segments_in(old)
        for name in segments:
            _give(old, own, name)
        own.sync()
        _give(old, own, active)
        own.sync()
    if SHARED_SCHEMA in planned:
        schema = folders.slot(SHARED_SCHEMA)
        schema.move_to(folders.slot(OWN_SCHEMA))
        own.sync()
        schema.folder.sync()
        folders.remove_place(schema.folder_path)


def _give(old: Folder, own: Folder, name: str) -> None:
    """Give a file of the log a second name in the new folder; a copy where the system has no second
    names.

    Other programs that have the file open go on writing to it under both names.
    """
    try:
        os.link(
            name,
            name,
            src_dir_fd=old.descriptor,
            dst_dir_fd=own.descriptor,
            follow_symlinks=False,
        )
    except FileExistsError:
        raise
    except OSError:
        _copy(old, own, name)


def _copy(old: Folder, own: Folder, name: str) -> None:
    temporary = f".loop-{os.urandom(16).hex()}"
    source = old.open_plain(name)
    try:
        own.write_new(temporary, b"", like=source)
        target = own.open_shared(temporary, os.O_RDWR | os.O_APPEND, make=False)
        try:
            while part := os.read(source, _BLOCK):
                rest = memoryview(part)
                while rest:
                    rest = rest[os.write(target, rest) :]
            os.fsync(target)
        finally:
            os.close(target)
        own.rename_new(temporary, name)
    except BaseException:
        own.remove(temporary)
        raise
    finally:
        os.close(source)


def _clear_unfinished(old: Folder, own: Folder) -> None:
    """Remove the names that an upgrade gave which a crash cut short.

    Raises `StorageError` for a file that is not the beginning of one of the log in use.
    """
    for name in own.names():
        if _TEMPORARY.fullmatch(name):
            own.remove(name)
        elif is_log(name):
            if not _is_within(own, name, old):
                raise StorageError(
                    f"{LOOP}/{name} is of another log than {LOG_FOLDER}, so nothing was moved",
                    hint=f"look at {LOOP}/{name}, and move it out of {LOOP}",
                )
            own.remove(name)


def _clear_old(folders: Folders, own: Folder) -> tuple[str, ...]:
    """Remove the old names of what is in the new folder, and the folder if it is empty; return the
    files that are not there."""
    try:
        old = folders.open(LOG_FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    if not any(map(is_log, own.names())):
        return ()
    names = segments_in(old)
    left = [name for name in names if not _is_within(old, name, own)]
    for name in names:
        if name not in left:
            old.remove(name)
    old.sync()
    folders.remove_place(LOG_FOLDER)
    return tuple(f"{LOG_FOLDER}/{name}" for name in left)


def _is_within(folder: Folder, name: str, other: Folder) -> bool:
    """Whether a file is one of the log's files in the other folder, or the beginning of one."""
    descriptor = folder.open_plain(name)
    try:
        return any(_begins(descriptor, other, one) for one in segments_in(other))
    finally:
        os.close(descriptor)


def _begins(descriptor: int, folder: Folder, name: str) -> bool:
    other = folder.open_plain(name)
    try:
        mine, theirs = os.fstat(descriptor), os.fstat(other)
        if os.path.samestat(mine, theirs):
            return True
        if mine.st_size > theirs.st_size:
            return False
        return all(
            os.pread(descriptor, size, place) == os.pread(other, size, place)
            for place in range(0, mine.st_size, _BLOCK)
            for size in (min(_BLOCK, mine.st_size - place),)
        )
    finally:
        os.close(other)
