"""Find what a walk leaves out: links, excluded folders and files, unreadable files."""

from __future__ import annotations

import os

from loop_cli.core.check.report import PassedOver
from loop_cli.core.names import ENDINGS
from loop_cli.vault.files.walk import FOLDER_FLAGS, joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from loop_cli.core.schema.paths import Places


def passed_over(root: str, places: Places) -> PassedOver:
    """Return what a walk over the vault at `root` leaves out, without hidden names."""
    found: dict[str, list[str]] = {name: [] for name in PassedOver._fields}
    excluded = set(places.exclude)
    waiting = [name for name in places.include or ("",) if name not in excluded]
    seen: set[str] = set()
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        try:
            opened = os.open(os.path.join(root, folder), FOLDER_FLAGS)
        except OSError:
            if os.path.lexists(os.path.join(root, folder)):
                found["unread"].append(folder)
            continue
        try:
            entries = sorted(os.scandir(opened), key=lambda one: one.name)
            for kind, path in _judged(entries, opened, folder, excluded, places):
                if kind == "inside":
                    waiting.append(path)
                else:
                    found[kind].append(path)
        except OSError:  # gone meanwhile
            continue
        finally:
            os.close(opened)
    return PassedOver(**{name: tuple(sorted(paths)) for name, paths in found.items()})


def _judged(
    entries: list[os.DirEntry[str]],
    opened: int,
    folder: str,
    excluded: set[str],
    places: Places,
) -> Iterator[tuple[str, str]]:
    """Sort the names in an open folder by what to do with them; `inside` means: go into it."""
    for entry in entries:
        path = joined(folder, entry.name)
        if entry.name.startswith("."):
            continue
        is_text = entry.name.endswith(ENDINGS)
        if entry.is_symlink():
            if is_text or entry.is_dir():
                yield "links", path
        elif entry.is_dir(follow_symlinks=False):
            yield ("folders" if path in excluded else "inside"), path
        elif is_text and entry.name in places.exclude_files:
            yield "files", path
        elif is_text and not os.access(entry.name, os.R_OK, dir_fd=opened):
            yield "unread", path
