"""Whether there are files of a kind in a folder: a short look, which ends at the first."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

_DEEP = 3  # folders below the first
_FOLDERS = 100
_NAMES = 10_000


def has_file(folder: str, endings: tuple[str, ...], *, besides: Collection[str] = ()) -> bool:
    """Whether there is a file with one of the endings, as far as a short look shows.

    Left out are hidden names, links, and files and folders of the names `besides`.
    """
    waiting, folders, left = [(folder, 0)], 0, _NAMES
    while waiting and folders < _FOLDERS:
        (current, depth), *waiting = waiting
        folders += 1
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    left -= 1
                    if left < 0:
                        return False
                    if entry.name[0] == "." or entry.name in besides:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting += [(entry.path, depth + 1)] if depth < _DEEP else []
                    elif entry.name.endswith(endings) and entry.is_file(follow_symlinks=False):
                        return True
        except OSError:  # gone, or not for us
            continue
    return False
