"""Walk over the Markdown files of a vault, where the schema's `paths` allow entities.

Links are not followed, so a walk stays in the vault and meets every file once.
"""

from __future__ import annotations

import errno
import os

from loop_cli.core.names import ENDINGS, LOG_FOLDER, is_hidden
from loop_cli.errors import Action, InvalidFile, UsageError
from loop_cli.vault import LOOP
from loop_cli.vault.files import reading as files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from loop_cli.core.schema.paths import Places

    Files = tuple[list[str], list[int]]

STAMP = 4
"""Numbers that identify a state of a file: size, times of writing and change (ns), inode."""
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW


class Walk:
    """Goes through the folders below `root`."""

    def __init__(self, root: str, places: Places) -> None:
        self.root = root
        self._top = os.fsencode(root) + b"/"
        self.places = places
        self.unread: dict[str, str] = {}
        """The folders that could not be read at the last look, and why not: whatever they have was
        not met."""

    def paths(self) -> Iterator[str]:
        """Yield the files, relative with `/`. Raises `UsageError` for a vault inside the vault."""
        for folder, names, _stamps in self.folders():
            for name in names:
                yield joined(folder, name)

    def folders(
        self, is_known: Callable[[str], bool] | None = None
    ) -> Iterator[tuple[str, list[str], list[int]]]:
        """Yield each folder once: its path, the names of its Markdown files, and the `STAMP` of
        each.

        Those that are known, with everything below them, are left out. Raises what `paths` raises.
        """
        if is_known is None:
            self.unread.clear()
        excluded, seen = set(self.places.exclude), set[str]()
        for name in self.places.include or ("",):
            folder = self._real_folder(name)
            if folder is not None and not excluded & {name, folder}:
                yield from self._below(folder, excluded, seen, is_known)

    def everything(self) -> Iterator[tuple[str, bool]]:
        """Yield every file below the root, in all folders, with whether it is an ordinary file.

        Left out are loop's own files, hidden ones, and a vault inside.
        """
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                opened = os.open(f"{self.root}/{folder}", FOLDER_FLAGS)
            except OSError:
                continue
            try:
                entries = _listed(opened)
                if folder and any(entry.name == LOOP for entry in entries):
                    continue
                for entry in entries:
                    path = joined(folder, entry.name)
                    if entry.name[0] == "." or path == LOG_FOLDER:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    else:
                        yield path, entry.is_file(follow_symlinks=False)
            finally:
                os.close(opened)

    def admits(self, path: str) -> bool:
        """Whether a walk meets a file of this path, relative with `/` and without links."""
        folder, _slash, name = path.rpartition("/")
        if not name.endswith(ENDINGS) or is_hidden(path) or name in self.places.exclude_files:
            return False
        parts = folder.split("/") if folder else []
        above = {"", *("/".join(parts[: count + 1]) for count in range(len(parts)))}
        if above & set(self.places.exclude):
            return False
        included = (self._real_folder(one) for one in self.places.include or ("",))
        return any(one in above for one in included if one is not None)

    def below(
        self, folder: str, is_known: Callable[[str], bool]
    ) -> Iterator[tuple[str, list[str], list[int]]]:
        """Yield as `folders` does, for one folder and those below."""
        yield from self._below(folder, set(self.places.exclude), set(), is_known)

    def content(self, folder: str) -> tuple[Files, list[str]]:
        """Return the files of one folder as in `folders`, and the folders directly in it, without
        excluded ones; none if it is gone. Raises `UsageError`."""
        waiting: list[str] = []
        return self._look_into(folder, set(self.places.exclude), waiting), waiting

    def files_in(self, folder: str) -> Files:
        """Return the files of one folder as in `folders`; none if it is gone."""
        return self._look_into(folder, set(), [])

    def names_in(self, folder: str) -> list[str] | None:
        """Return all names in a folder, in the system's order; None if it is gone."""
        try:
            return os.listdir(f"{self.root}/{folder}")
        except OSError:
            return None

    def are_only(self, names: list[str], known: Mapping[str, object], *, folder: str) -> bool:
        """Whether a folder has exactly the known files.

        A link does not count as a file.
        """
        found = [name for name in names if name.endswith(ENDINGS) and name[0] != "."]
        if self.places.exclude_files:
            found = [name for name in found if name not in self.places.exclude_files]
        inner_vault = bool(folder) and LOOP in names
        return len(found) == len(known) and not inner_vault and all(one in known for one in found)

    def modified(self, folder: str | bytes) -> int:
        """Return the modification time of a folder (nanoseconds); 0 if it is gone."""
        inside = folder if isinstance(folder, bytes) else os.fsencode(folder)
        try:
            return os.stat(self._top + inside, follow_symlinks=False).st_mtime_ns
        except OSError:
            return 0

    def _real_folder(self, name: str) -> str | None:
        """Return the folder that an include names, without links; None if it is not a valid
        place."""
        if not name:
            return name
        try:
            folder = files.real_name(self.root, name).replace(os.sep, "/")
        except InvalidFile:
            return None
        return None if is_hidden(folder) else folder

    def _below(
        self,
        folder: str,
        excluded: set[str],
        seen: set[str],
        is_known: Callable[[str], bool] | None = None,
    ) -> Iterator[tuple[str, list[str], list[int]]]:
        """Yield folders with a list of folders to visit: without recursion, any depth works.

        Folders in `seen` are not visited again, and those that are known not at all.
        """
        waiting = [folder]
        while waiting:
            current = waiting.pop()
            if current in seen or (is_known is not None and is_known(current)):
                continue
            seen.add(current)
            yield current, *self._look_into(current, excluded, waiting)

    def _look_into(self, folder: str, excluded: set[str], waiting: list[str]) -> Files:
        """Return the files of a folder, and add its folders to the list, without excluded ones.

        The folder is open meanwhile, so its files are found without the path above it. There are
        none if it is gone; if it can't be read, it is `unread` from then on.
        """
        names: list[str] = []
        stamps: list[int] = []
        self.unread.pop(folder, None)
        try:
            opened = os.open(f"{self.root}/{folder}", FOLDER_FLAGS)
        except OSError as error:
            self._note_unread(folder, error)
            return names, stamps
        excluded_files, prefix = self.places.exclude_files, f"{folder}/" if folder else ""
        try:
            for entry in _listed(opened):
                name = entry.name
                if name[0] == ".":
                    if name == LOOP and folder:
                        raise _nested_vault(self.root, f"{self.root}/{folder}")
                elif name.endswith(ENDINGS):
                    if name not in excluded_files and not entry.is_symlink():
                        try:
                            status = entry.stat(follow_symlinks=False)
                        except OSError as error:  # gone since, or the folder is closed to us
                            self._note_unread(folder, error)
                            continue
                        names.append(name)
                        stamps += (
                            status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
                        )  # fmt: skip
                elif entry.is_dir(follow_symlinks=False) and prefix + name not in excluded:
                    waiting.append(prefix + name)
        finally:
            os.close(opened)
        return names, stamps

    def _note_unread(self, folder: str, error: OSError) -> None:
        if error.errno not in _GONE:
            self.unread[folder] = error.strerror or str(error)


def _listed(opened: int) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(opened))
    except OSError:
        return []


def listing_of(stamps: dict[str, str]) -> bytes:
    """Encode the names and stamps of a folder's files as bytes; names have no slash."""
    return os.fsencode("/".join([part for pair in stamps.items() for part in pair]))


def stamps_of(names: Sequence[str], numbers: Sequence[int]) -> dict[str, str]:
    """Return the stamps of files, by their names."""
    found = {}
    for at, name in enumerate(names):
        found[name] = " ".join(map(str, numbers[at * STAMP : (at + 1) * STAMP]))
    return found


def stamps_in(listing: bytes) -> dict[str, str]:
    """Decode the result of `listing_of`."""
    parts = iter(os.fsdecode(listing).split("/"))
    return dict(zip(parts, parts, strict=False))


def joined(folder: str, name: str) -> str:
    """Return the path of a file in a folder; the vault itself is the empty folder."""
    return f"{folder}/{name}" if folder else name


def _nested_vault(root: str, inner: str) -> UsageError:
    return UsageError(
        f"a vault inside a vault: {root} and {inner} both are roots, so there would be two locks",
        hint=Action("take_one_vault", vault=os.path.join(root, inner)),
    )
