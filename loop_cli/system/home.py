"""The user's own folders: configuration, cache, state, data (XDG base directories).

Cache and state are for this user only: folders 0700, files 0600, whatever the umask is. Folders
that belong to somebody else, are links, or can be written by others are not used. A relative path
in HOME or in an XDG variable does not count: it would be in the working directory, which may be
anybody's vault.
"""

from __future__ import annotations

import errno
import os
import stat

from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "loop"
NO_HOME = "HOME names no folder that is there, and the system knows none for this user"
_OTHERS = 0o077  # all rights of others
_WRITE = 0o022  # the right of others to write


def home(environ: Mapping[str, str]) -> str | None:
    """Return the user's home folder: HOME, or the one in the password database.

    None if neither is an existing folder.
    """
    named = environ.get("HOME", "")
    if _is_folder(named):
        return named
    listed = _listed(None)
    return listed if listed is not None and _is_folder(listed) else None


def config(environ: Mapping[str, str]) -> str | None:
    """Return the folder of configurations of all programs."""
    return _base(environ, "XDG_CONFIG_HOME", ".config")


def data(environ: Mapping[str, str]) -> str | None:
    """Return the folder of data of all programs."""
    return _base(environ, "XDG_DATA_HOME", ".local", "share")


def cache(environ: Mapping[str, str]) -> str | None:
    """Return our folder for files that can be made again."""
    return _ours(_base(environ, "XDG_CACHE_HOME", ".cache"))


def state(environ: Mapping[str, str]) -> str | None:
    """Return our folder for files to keep."""
    return _ours(_base(environ, "XDG_STATE_HOME", ".local", "state"))


def expand(path: str, environ: Mapping[str, str]) -> str:
    """Replace `~` by the home folder, and `~name` by that of another user.

    Raises `UsageError` if there is no such folder.
    """
    if not path.startswith("~"):
        return path
    name, slash, rest = path.partition("/")
    found = home(environ) if name == "~" else _listed(name[1:])
    if found is None:
        why = NO_HOME if name == "~" else f"there is no user {name[1:]}"
        hint = "name the folder by its whole path; ./~ is a folder of that name"
        raise UsageError(f"{path}: {why}", hint=hint)
    return found.rstrip("/") + slash + rest if rest else found


def make_private(folder: str) -> None:
    """Make a folder for this user only (0700), or restrict an existing one.

    Raises `OSError` with the reason in words if it can't be used.
    """
    above = os.path.dirname(folder)
    status = _status(folder)
    if status is None:
        _make_above(above)
        _refuse_strangers(above)
        _make(folder)
        _narrow(folder, _FOLDER)
        return
    _refuse_strangers(above)
    if not stat.S_ISDIR(status.st_mode) or _is_wide(status):
        _narrow(folder, _FOLDER)
    elif _is_strange(status):
        raise _refused(folder, "it belongs to another user")


def narrow(file: str) -> bool | None:
    """Take all rights to a file of ours from others.

    True if there is such a file; False if there is something else, such as a link; None if there is
    nothing. Raises `OSError` if the rights can't be taken.
    """
    status = _status(file)
    if status is None:
        return None
    if not stat.S_ISREG(status.st_mode) or _is_strange(status):
        return False
    if _is_wide(status):
        _narrow(file, os.O_NONBLOCK)
    return True


def create(file: str) -> int:
    """Make a new file for this user only (0600); return its descriptor. Raises `OSError`."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(file, flags, 0o600)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o600)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read(file: str, *, most: int) -> tuple[bytes, float]:
    """Read a file of ours; also return its modification time in seconds since 1970.

    Raises `OSError`, also if it is not an ordinary file, or has more bytes than `most`.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | _AT_ONCE
    with open(os.open(file, flags), "rb") as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode) or _is_strange(status):
            raise _refused(file, "it is not a file of this user")
        if status.st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), file)
        return opened.read(most), status.st_mtime


_AT_ONCE = getattr(os, "O_NONBLOCK", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)


def _base(environ: Mapping[str, str], variable: str, *below: str) -> str | None:
    named = environ.get(variable, "")
    if os.path.isabs(named):
        return named
    found = home(environ)
    return None if found is None else os.path.join(found, *below)


def _ours(base: str | None) -> str | None:
    return None if base is None else os.path.join(base, NAME)


def _is_folder(path: str) -> bool:
    return os.path.isabs(path) and os.path.isdir(path)


def _listed(name: str | None) -> str | None:
    """Return the home folder that the system knows for a user, or for this user."""
    try:
        import pwd
    except ImportError:  # Windows
        return None
    try:
        entry = pwd.getpwuid(os.getuid()) if name is None else pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None
    return entry.pw_dir if os.path.isabs(entry.pw_dir) else None


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _make_above(folder: str) -> None:
    """Make missing folders above one of ours, each 0700, as XDG requires."""
    missing = []
    while folder and not os.path.exists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for one in reversed(missing):
        _make(one)


def _make(folder: str) -> None:
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:  # another process was faster, or it is a broken link
        if not os.path.isdir(folder):
            raise


def _is_strange(status: os.stat_result) -> bool:
    """Whether it belongs to another user."""
    return hasattr(os, "geteuid") and status.st_uid != os.geteuid()


def _is_wide(status: os.stat_result) -> bool:
    """Whether others have rights to it."""
    return bool(status.st_mode & _OTHERS) and hasattr(os, "fchmod")


def _narrow(path: str, flags: int) -> None:
    """Take the rights of others away, with a descriptor, because the name may change."""
    if not hasattr(os, "fchmod"):
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | flags)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise _refused(path, "it is a link or no folder") from None
        raise
    try:
        status = os.fstat(descriptor)
        if _is_strange(status):
            raise _refused(path, "it belongs to another user")
        mode = stat.S_IMODE(status.st_mode) & ~_OTHERS | (0o700 if flags == _FOLDER else 0o600)
        os.fchmod(descriptor, mode)
        if os.fstat(descriptor).st_mode & _WRITE:  # a file system without rights
            raise _refused(path, "others can write to it")
    finally:
        os.close(descriptor)


def _refuse_strangers(above: str) -> None:
    """Raise if the folder above ours belongs neither to this user nor to the system.

    Its owner could replace our folder. And root would lock the owner out.
    """
    if not hasattr(os, "geteuid"):
        return
    if os.stat(above).st_uid not in (0, os.geteuid()):
        raise _refused(above, f"{above} belongs to another user")


def _refused(path: str, why: str) -> OSError:
    return PermissionError(errno.EPERM, why, path)
