"""Open folders, and the names in them.

All files of `loop` in a vault are opened here, and entities are written here: relative to an open
folder, one name after the other, without following links. So a link that came with a vault, or that
somebody puts there meanwhile, leads nowhere (SPEC §8). Modes and owners are set on open files,
never by path.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time

from loop_cli.errors import StorageError
from loop_cli.system import platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_BLOCK = 1 << 20
_TRIES = 20
_LINK = "is a link, and none is followed there"
_ODD = "is not an ordinary file"
_OPEN = 100  # files that wait to be synced together
_SEVERAL = 4  # files that are worth threads
_SLOW = 0.001  # seconds of a sync from which threads are worth their start
_THREADS = 16
# Why a folder can't be removed, now and later: not empty, missing, not ours to change.
_STAYS = (
    errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM,
    errno.EBUSY, errno.EROFS, errno.ELOOP,
)  # fmt: skip


class Refused(OSError):
    """Something that is not an ordinary file; `strerror` says what it is."""


class NotAFolder(Refused, NotADirectoryError):
    """A link (`ELOOP`), or something else (`ENOTDIR`), instead of a folder."""


class Folder:
    """An open folder. `path` is relative to the vault; errors name files by it.

    `vault` is the status of the vault's own folder, which says who gets new files.
    """

    def __init__(self, descriptor: int, path: str, vault: os.stat_result) -> None:
        self.descriptor = descriptor
        self.path = path
        self.vault = vault

    def inner(self, name: str) -> Folder:
        """Open a folder in this one. Raises `OSError`; `NotAFolder` for a link."""
        path = self._shown(name)
        try:
            descriptor = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise self._named(error, name) from None
            if stat.S_ISLNK(self.status(name).st_mode):
                raise NotAFolder(errno.ELOOP, _LINK, path) from None
            raise NotAFolder(errno.ENOTDIR, "is not a folder", path) from None
        return Folder(descriptor, path, self.vault)

    def names(self) -> list[str]:
        """Return all names in it, in the system's order. Raises `OSError`."""
        return os.listdir(self.descriptor)

    def status(self, name: str) -> os.stat_result:
        """Return the status of a name; a link is not followed. Raises `OSError`."""
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except OSError as error:
            raise self._named(error, name) from None

    def has(self, name: str) -> bool:
        """Whether a name exists, even as a link."""
        try:
            self.status(name)
        except FileNotFoundError:
            return False
        return True

    def open_plain(self, name: str, *, patient: bool = True) -> int:
        """Open an ordinary file for reading. Raises `OSError`; `Refused` if it is something else.

        If it is not `patient`, a leased file raises `BlockingIOError` at once.
        """
        try:
            descriptor = platform.open_plain(name, self.descriptor, patient=patient)
        except OSError as error:
            raise self._refused(error, name) from None
        self._refuse_odd(descriptor, name)
        return descriptor

    def _refuse_odd(self, descriptor: int, name: str) -> None:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Refused(errno.ENXIO, _ODD, self._shown(name))

    def _refused(self, error: OSError, name: str) -> OSError:
        """Make the error for a file that could not be opened; a link or a socket is named in
        words."""
        words = {errno.ELOOP: _LINK, errno.ENXIO: _ODD}.get(error.errno or 0)
        return Refused(error.errno, words, self._shown(name)) if words else self._named(error, name)

    def open_shared(self, name: str, flags: int, *, make: bool = True) -> int:
        """Open a file of ours; make it private, or share it with the vault's group if that may
        write.

        Raises `OSError`; `Refused` if it is not an ordinary file.
        """
        flags |= os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            try:
                descriptor = os.open(name, flags, dir_fd=self.descriptor)
            except FileNotFoundError:
                if not make:
                    raise
                return self._open_new(name, flags)
        except OSError as error:
            raise self._refused(error, name) from None
        self._refuse_odd(descriptor, name)
        return descriptor

    def _open_new(self, name: str, flags: int) -> int:
        made = flags | os.O_CREAT | os.O_EXCL
        try:
            descriptor = os.open(name, made, 0o600, dir_fd=self.descriptor)
        except FileExistsError:
            return os.open(name, flags, dir_fd=self.descriptor)
        try:
            self.share(descriptor, 0o660)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def read(self, name: str, limit: int, *, patient: bool = True) -> bytes:
        """Read an ordinary file of at most `limit` bytes; if it changes meanwhile, read it again.

        Raises `OSError`; `Refused` with `EFBIG` if it is larger.
        """
        for _attempt in range(_TRIES):
            descriptor = self.open_plain(name, patient=patient)
            try:
                before = os.fstat(descriptor)
                data = b"" if before.st_size > limit else _read(descriptor, limit + 1)
                after = os.fstat(descriptor)
            finally:
                os.close(descriptor)
            if before.st_size > limit or len(data) > limit:
                words = f"is too large: it may have {limit:,} bytes at most"
                raise Refused(errno.EFBIG, words, self._shown(name))
            if (len(data), before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
                return data
            time.sleep(0.005)
        raise Refused(errno.EBUSY, "changes all the time", self._shown(name))

    def write_new(
        self,
        name: str,
        data: bytes,
        *,
        like: int | None = None,
        shared: int | None = None,
        mode: int = 0o600,
        syncs: Syncs | None = None,
    ) -> tuple[int, int]:
        """Make a new file and sync it; return its device and inode. After a failure nothing is
        left.

        It gets mode, owner and attributes of the open file `like`. With the mode `shared` it is
        shared with the vault's group, if that may write. Otherwise it has `mode`; the user's mask
        reduces only 0666. With `syncs` it is synced later, with others. Raises `OSError`.
        """
        try:
            descriptor = os.open(name, _NEW, mode, dir_fd=self.descriptor)
        except OSError as error:
            raise self._named(error, name) from None
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            if like is not None:
                copy_rights(descriptor, like)
            else:
                if mode not in (0o600, 0o666):
                    os.fchmod(descriptor, mode)
                self.share(descriptor, shared)
            status = os.fstat(descriptor)
            if syncs is None:
                platform.sync(descriptor)
            else:
                syncs.take(descriptor)
        except BaseException as error:
            os.close(descriptor)
            self.remove(name)
            raise self._named(error, name) if isinstance(error, OSError) else error from None
        if syncs is None:
            os.close(descriptor)
        return status.st_dev, status.st_ino

    def share(self, descriptor: int, mode: int | None) -> None:
        """Give a new file or folder to the vault's owner, if root made it.

        With `mode`, also to the vault's group, if that may write.
        """
        vault = self.vault
        if vault.st_uid != os.geteuid() == 0:
            os.fchown(descriptor, vault.st_uid, vault.st_gid)
        if mode is not None and vault.st_mode & 0o020:
            try:
                os.fchown(descriptor, -1, vault.st_gid)
                os.fchmod(descriptor, mode)
            except PermissionError:  # we are not a member of the group: it stays private
                pass

    def make(self, name: str, *, mode: int, shared: int) -> bool:
        """Make a folder in this one if it is missing, durably; return whether it was made.

        With the mode `shared` it is shared with the vault's group, if that may write. Raises
        `OSError`; `NotAFolder` if something else is there.
        """
        try:
            os.mkdir(name, mode, dir_fd=self.descriptor)
        except FileExistsError:
            self.inner(name).close()
            return False
        except OSError as error:
            raise self._named(error, name) from None
        made = self.inner(name)
        try:
            self.share(made.descriptor, shared)
        finally:
            made.close()
        self.sync()
        return True

    def remove(self, name: str) -> bool:
        """Remove a file; return whether it existed. Raises `OSError`."""
        try:
            os.unlink(name, dir_fd=self.descriptor)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._named(error, name) from None
        return True

    def rename(self, name: str, other: str, folder: Folder | None = None) -> None:
        """Rename a file, into `folder` if given; an existing file is replaced. Raises `OSError`."""
        target = self if folder is None else folder
        os.rename(name, other, src_dir_fd=self.descriptor, dst_dir_fd=target.descriptor)

    def rename_new(self, name: str, other: str) -> None:
        """Rename a file within this folder; an existing file is not replaced. Raises `OSError`."""
        try:
            platform.move(name, other, self.descriptor, self.descriptor)
        except platform.Unsupported:  # under the lock nobody else makes such a name
            if self.has(other):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), other) from None
            self.rename(name, other)

    def sync(self) -> None:
        """Make the names in it durable. Raises `OSError`."""
        platform.sync_folder(self.descriptor)

    def close(self) -> None:
        """Close the folder."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _shown(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name

    def _named(self, error: OSError, name: str) -> OSError:
        error.filename = self._shown(name)
        return error


class Folders:
    """A context manager: the folders of the vault at `root`, each open after its first use.

    A folder is named by its path relative to the vault, with `/`; the vault itself is the empty
    name. A path through a link raises `NotAFolder`. `root` itself may be a link: the caller means
    its target.
    """

    def __init__(self, root: str) -> None:
        try:
            descriptor = os.open(root, _FOLDER)
        except OSError as error:
            raise StorageError(f"the vault {root} can't be opened: {error.strerror}") from error
        self.root = Folder(descriptor, "", os.fstat(descriptor))
        self._open: dict[str, Folder] = {"": self.root}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all of them."""
        while self._open:
            self._open.popitem()[1].close()

    def open(self, path: str) -> Folder:
        """Open a folder. Raises `OSError`."""
        found = self._open.get(path)
        if found is None:
            outer, _slash, name = path.rpartition("/")
            if name in ("", ".", ".."):
                raise NotAFolder(errno.ENOTDIR, "is not a path in normal form", path)
            found = self._open[path] = self.open(outer).inner(name)
        return found

    def detach(self, path: str) -> Folder:
        """Open a folder that the caller will close. Raises `OSError`."""
        found = self.open(path)
        del self._open[path]
        return found

    def slot(self, path: str) -> Slot:
        """Return the place of a file."""
        return Slot(self, path)

    def is_in_place(self, path: str) -> bool:
        """Whether the path of an open folder still leads to it, without links."""
        folder, found = self.open(path), self.root
        try:
            for name in path.split("/") if path else ():
                found, before = found.inner(name), found
                if before is not self.root:
                    before.close()
        except OSError:
            return False
        finally:
            if found is not self.root:
                status = os.fstat(found.descriptor)
                found.close()
            else:
                status = self.root.vault
        return os.path.samestat(status, os.fstat(folder.descriptor))

    def make_own(self, path: str, *, mode: int = 0o700) -> Folder:
        """Make one of our folders if it is missing, durably. Raises `OSError`.

        It is shared with the vault's group, if that may write.
        """
        try:
            return self.open(path)
        except FileNotFoundError:
            outer, _slash, name = path.rpartition("/")
            folder = self.make_own(outer, mode=mode) if outer else self.root
            folder.make(name, mode=mode, shared=mode | 0o070)
        return self.open(path)

    def make_place(self, path: str) -> bool:
        """Make a folder if it is missing, durably, with ordinary rights; return whether it was
        made.

        It is shared with the vault's group, if that may write. Raises `OSError`.
        """
        outer, _slash, name = path.rpartition("/")
        return self.open(outer).make(name, mode=0o777, shared=0o775)

    def remove_place(self, path: str) -> None:
        """Remove an empty folder, durably; leave it if that is impossible. Raises `OSError`."""
        outer, _slash, name = path.rpartition("/")
        try:
            folder = self.open(outer)
            os.rmdir(name, dir_fd=folder.descriptor)
        except OSError as error:
            if error.errno in _STAYS:
                return
            raise
        for one in [one for one in self._open if one == path or one.startswith(f"{path}/")]:
            self._open.pop(one).close()
        folder.sync()


def open_folder(root: str, path: str) -> Folder:
    """Open one folder of the vault at `root`. Raises `OSError`, `StorageError`."""
    with Folders(root) as folders:
        return folders.detach(path)


class Slot:
    """The place of a file: its folder, opened when needed, and its name there.

    If the folder is missing, or a link is on the way, the file does not exist.
    """

    def __init__(self, folders: Folders, path: str) -> None:
        self.folders = folders
        self.path = path
        self.folder_path, _slash, self.name = path.rpartition("/")

    @property
    def folder(self) -> Folder:
        """The open folder. Raises `OSError`."""
        return self.folders.open(self.folder_path)

    @property
    def is_taken(self) -> bool:
        """Whether something is there, even a link."""
        try:
            return self.folder.has(self.name)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def file(self) -> tuple[int, int] | None:
        """Return device and inode of the ordinary file there; None if there is none."""
        try:
            status = self.folder.status(self.name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None

    def read(self, limit: int, *, patient: bool = True) -> bytes:
        """Read the file, at most `limit` bytes. Raises what `Folder.read` raises."""
        return self.folder.read(self.name, limit, patient=patient)

    def write(self, data: bytes, *, mode: int) -> None:
        """Make or replace the file, whole or not at all, durably. Raises `OSError`."""
        folder, temporary = self.folder, f"{self.name}.{os.urandom(4).hex()}"
        folder.write_new(temporary, data, mode=mode)
        try:
            folder.rename(temporary, self.name)
        except BaseException:
            folder.remove(temporary)
            raise
        folder.sync()

    def remove(self) -> bool:
        """Remove the file; return whether it existed. Raises `OSError`."""
        try:
            return self.folder.remove(self.name)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def exchange(self, other: Slot) -> None:
        """Exchange two files in one step. Raises `platform.Unsupported`, `OSError`."""
        one, two = self.folder.descriptor, other.folder.descriptor
        platform.exchange(self.name, other.name, one, two)

    def move_to(self, other: Slot) -> None:
        """Rename without replacing. Raises `FileExistsError`, `OSError`."""
        one, two = self.folder.descriptor, other.folder.descriptor
        try:
            platform.move(self.name, other.name, one, two)
        except platform.Unsupported:
            if other.is_taken:
                raise FileExistsError(errno.EEXIST, "is there already", other.path) from None
            self.replace(other)

    def replace(self, other: Slot) -> None:
        """Rename; an existing file is replaced. Raises `OSError`."""
        self.folder.rename(self.name, other.name, other.folder)

    def link_to(self, other: Slot) -> None:
        """Give the file a second name. Raises `OSError`."""
        os.link(
            self.name,
            other.name,
            src_dir_fd=self.folder.descriptor,
            dst_dir_fd=other.folder.descriptor,
            follow_symlinks=False,
        )

    def lease(self) -> platform.Lease:
        """Take a lease on the file. Raises `OSError`."""
        return platform.Lease(self.name, self.folder.descriptor)

    def is_leased_by(self, lease: platform.Lease) -> bool:
        """Whether the leased file is still here."""
        try:
            return lease.is_at(self.name, self.folder.descriptor)
        except (FileNotFoundError, NotADirectoryError):
            return False


class Syncs:
    """Files and folders that are synced together.

    The disk writes the others while we wait for one, and a folder of several files is synced once.
    Where it takes its time for the first, several threads wait for the others, so that it can write
    them together.
    """

    def __init__(self) -> None:
        self._folders: dict[int, Folder] = {}
        self._files: list[int] = []

    def add(self, folder: Folder) -> None:
        """Sync a folder later, after the files. It stays open until then."""
        self._folders[folder.descriptor] = folder

    def take(self, descriptor: int) -> None:
        """Sync an open file together with the others, and close it.

        Raises `OSError`; then the file stays as it is. The disk begins to write it at once. Only
        the first file is written later, because we wait for it first.
        """
        if len(self._files) == _OPEN:
            self._sync_files()
        if self._files:
            platform.begin_to_write_out(descriptor)
        self._files.append(descriptor)

    def run(self) -> None:
        """Sync the files, and then the folders. Raises `OSError`."""
        self._sync_files()
        for folder in self._folders.values():
            folder.sync()
        self._folders.clear()

    def _sync_files(self) -> None:
        try:
            _sync_all(self._files)
        finally:
            self.close()

    def close(self) -> None:
        """Close everything that will not be synced any more."""
        while self._files:
            os.close(self._files.pop())


def _sync_all(descriptors: list[int]) -> None:
    """Sync open files. Raises `OSError`; then none is being synced any more."""
    began = time.monotonic()
    for one in descriptors[:1]:
        platform.sync(one)
    left = descriptors[1:]
    slow = time.monotonic() - began >= _SLOW
    if slow and len(left) >= _SEVERAL and _sync_together(left):
        return
    for one in left:
        platform.sync(one)


def _sync_together(descriptors: list[int]) -> bool:
    """Sync open files in several threads; False if there can be no more threads. Raises
    `OSError`."""
    from concurrent.futures import ThreadPoolExecutor

    try:
        with ThreadPoolExecutor(min(_THREADS, len(descriptors))) as pool:
            for _done in pool.map(platform.sync, descriptors):
                pass
    except RuntimeError:
        return False
    return True


def _read(descriptor: int, limit: int) -> bytes:
    """Read an open file, up to `limit` bytes."""
    parts: list[bytes] = []
    while limit > 0 and (part := os.read(descriptor, min(limit, _BLOCK))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def copy_rights(descriptor: int, like: int) -> None:
    """Give an open file the owner, mode and attributes of another. Raises `OSError`."""
    status = os.fstat(like)
    _copy_owner(descriptor, status)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    _copy_attributes(descriptor, like)
    _copy_birth(descriptor, status)


def _copy_owner(descriptor: int, like: os.stat_result) -> None:
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
        for owner in (like.st_uid, -1):
            try:
                os.fchown(descriptor, owner, like.st_gid)
                break
            # it belongs to the writer from now on, as with editors that rename
            except PermissionError:
                continue


def _copy_birth(descriptor: int, like: os.stat_result) -> None:
    """Give the file the creation time of the other.

    macOS and the BSDs take an older modification time for that. Linux can't set it, so there it is
    the time of the last change.
    """
    birth = getattr(like, "st_birthtime", None)
    if birth is None:
        return
    at = int(birth * 1_000_000) * 1_000
    try:
        os.utime(descriptor, ns=(at, at))
        os.utime(descriptor)
    except OSError:  # a file system without creation times
        pass


def _copy_attributes(descriptor: int, like: int) -> None:
    """Copy access lists and notes of programs, as far as the system allows it."""
    if sys.platform != "linux":
        return
    try:
        for name in os.listxattr(like):
            if name.startswith(("user.", "system.posix_acl_access")):
                os.setxattr(descriptor, name, os.getxattr(like, name))
    except OSError:
        return
