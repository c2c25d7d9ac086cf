"""The texts of people that stayed after an edit that did not land: list them, remove them.

Each lies in a folder of its own below `edits`. While its editor is open, that folder is locked.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from loop_cli.core import timestamps
from loop_cli.errors import StorageError
from loop_cli.lean.records import Struct
from loop_cli.system import home, platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_MENTIONED = ".mentioned"


class KeptText(Struct):
    """A text; `kept_at` is an instant, `is_open` means that an editor may still have it."""

    path: str
    size: int
    kept_at: int
    is_open: bool

    @property
    def place(self) -> str:
        """The folder that it has for itself."""
        return os.path.dirname(self.path)

    @property
    def entity_id(self) -> str:
        """The id of its entity, as far as a file name can hold it."""
        return os.path.splitext(os.path.basename(self.path))[0]


def folder(environ: Mapping[str, str]) -> str:
    """Return the folder of texts that are being edited; after a failure they stay there.

    Raises `StorageError` if there is no folder for them.
    """
    base = home.state(environ)
    if base is None:
        hint = "export XDG_STATE_HOME=DIR names a folder of yours"
        raise StorageError(f"there is no place for your text: {home.NO_HOME}", hint=hint)
    return os.path.join(base, "edits")


def hold(place: str) -> int:
    """Lock the folder of a text; the caller closes the descriptor. Raises `OSError`."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW)
    platform.lock(descriptor, patience=0)
    return descriptor


def listed(top: str) -> list[KeptText]:
    """Return all texts, the newest first. Raises `StorageError`."""
    try:
        places = [entry.path for entry in os.scandir(top) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"{top} can't be read: {error.strerror}") from error
    found = [one for place in places for one in _texts_in(place)]
    return sorted(found, key=lambda one: (-one.kept_at, one.path))


def remove(text: KeptText) -> bool:
    """Remove a text for good; False if an editor has it open, or it has changed since it was
    listed. Raises `StorageError`."""
    place = text.place
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        is_free = platform.lock(descriptor, patience=0)
        if not is_free or text.replace(is_open=False) not in _texts_in(place, held=True):
            return False
        clear(place)
        return not os.path.lexists(place)
    except OSError as error:
        raise StorageError(f"{place} can't be removed: {error.strerror}") from error
    finally:
        os.close(descriptor)


def clear(place: str) -> None:
    """Remove the folder of a text, as far as it is there."""
    shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):
        os.unlink(place + _MENTIONED)


def unmentioned(top: str, name: str, *, but: str) -> list[KeptText]:
    """Return the texts of an entity that nobody has been told of, and mark them as mentioned.

    `name` is that of the entity's file without its ending; the folder `but` does not count.
    """
    try:
        texts = [one for one in listed(top) if one.entity_id == name and one.place != but]
    except StorageError:
        return []
    found = [one for one in texts if not os.path.lexists(one.place + _MENTIONED)]
    for one in found:
        mark = one.place + _MENTIONED
        with suppress(OSError):  # then it is said once more
            os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
    return found


def as_dict(found: list[KeptText], *, pruned: bool, dry_run: bool) -> dict[str, Any]:
    """Return the JSON of `loop kept --edits`."""
    return {
        "edits": [
            {
                "path": one.path,
                "bytes": one.size,
                "kept_at": timestamps.render(one.kept_at),
                "open": one.is_open,
            }
            for one in found
        ],
        "bytes": sum(one.size for one in found),
        "pruned": pruned,
        **({"dry_run": True} if dry_run else {}),
    }


def _texts_in(place: str, *, held: bool = False) -> Iterator[KeptText]:
    try:
        entries = [one for one in os.scandir(place) if one.name[0] != "."]
        is_open = not held and _is_held(place)
        for one in entries:
            if one.is_file(follow_symlinks=False):
                status = one.stat(follow_symlinks=False)
                yield KeptText(
                    path=one.path,
                    size=status.st_size,
                    kept_at=status.st_mtime_ns // 1000,
                    is_open=is_open,
                )
    except FileNotFoundError:
        return


def _is_held(place: str) -> bool:
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        return not platform.lock(descriptor, patience=0)
    finally:
        os.close(descriptor)
