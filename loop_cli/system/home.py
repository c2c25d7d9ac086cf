"""The user's own folders: configuration, cache, state, data (XDG base directories).

Cache and state are for this user alone: folders 0700, files 0600, whatever the umask. What
belongs to somebody else, is a link or can be written by others is not used. A relative path in
HOME or in a variable of XDG does not count: it would lie in the folder that the command runs
in, which may be anybody's vault.
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
    """The user's home folder: HOME, else the one in the password database; None where neither
    is a folder that is there."""
    named = environ.get("HOME", "")
    if _is_folder(named):
        return named
    listed = _listed(None)
    return listed if listed is not None and _is_folder(listed) else None


def config(environ: Mapping[str, str]) -> str | None:
    """The folder of configurations, of all programs."""
    return _base(environ, "XDG_CONFIG_HOME", ".config")


def data(environ: Mapping[str, str]) -> str | None:
    """The folder of data, of all programs."""
    return _base(environ, "XDG_DATA_HOME", ".local", "share")


def cache(environ: Mapping[str, str]) -> str | None:
    """Our folder of what can be made again."""
    return _ours(_base(environ, "XDG_CACHE_HOME", ".cache"))


def state(environ: Mapping[str, str]) -> str | None:
    """Our folder of what is to be kept."""
    return _ours(_base(environ, "XDG_STATE_HOME", ".local", "state"))


def expand(path: str, environ: Mapping[str, str]) -> str:
    """The path with the home folder for `~`, or that of another user for `~name`.

    Raises `UsageError` where there is no such folder.
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
    """Make a folder for this user alone, 0700, or narrow the one that is there.

    Raises `OSError`, which says in words why it is not to be used.
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
    """Take from others all rights to a file of ours. True where there is one; False where
    something else is in its place, a link say; None where nothing is.

    Raises `OSError` where the rights can't be taken.
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
    """A descriptor that writes a new file for this user alone, 0600. Raises `OSError`."""
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
    """The bytes of a file of ours, and when it was written, in seconds since 1970.

    Raises `OSError`, for what is no ordinary file or has more bytes than `most` too.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | _AT_ONCE
    with open(os.open(file, flags), "rb") as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode) or _is_strange(status):
            raise _refused(file, "it is no file of this user")
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
    """The home folder that the system has for a user, or for this one."""
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
    """Make what is missing above a folder of ours, each 0700, as XDG asks for."""
    missing = []
    while folder and not os.path.exists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for one in reversed(missing):
        _make(one)


def _make(folder: str) -> None:
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:  # another process was faster, or it is a link to nowhere
        if not os.path.isdir(folder):
            raise


def _is_strange(status: os.stat_result) -> bool:
    """Whether it belongs to another user."""
    return hasattr(os, "geteuid") and status.st_uid != os.geteuid()


def _is_wide(status: os.stat_result) -> bool:
    """Whether others have rights to it."""
    return bool(status.st_mode & _OTHERS) and hasattr(os, "fchmod")


def _narrow(path: str, flags: int) -> None:
    """Take the rights of others away, through a descriptor: a name may lead elsewhere by then."""
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
    """Raise where the folder that ours lies in belongs to neither this user nor the system: its
    owner could put another one in our place; and root would lock its owner out."""
    if not hasattr(os, "geteuid"):
        return
    if os.stat(above).st_uid not in (0, os.geteuid()):
        raise _refused(above, f"{above} belongs to another user")


def _refused(path: str, why: str) -> OSError:
    return PermissionError(errno.EPERM, why, path)
