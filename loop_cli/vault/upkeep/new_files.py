"""Make the files of a new vault: its settings and its schema."""

from __future__ import annotations

import os
from contextlib import suppress

from loop_cli.errors import Action, Sentence, StorageError, UsageError
from loop_cli.markdown import patch
from loop_cli.system.folders import Folders, Refused
from loop_cli.vault import LOOP, OWN_SCHEMA, SCHEMAS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema_proposal import Proposal

CONFIG = f"{LOOP}/config.toml"
HEAD = """# The schema of this folder. loop proposed it from the frontmatter of the files.
# You may change it: 'loop check' and 'loop update' follow it.
"""


def make(root: str, proposal: Proposal) -> tuple[str, ...]:
    """Make the files; return their paths relative to the folder. All are made or none.

    Raises `StorageError`; `UsageError` if somebody else was faster.
    """
    body = patch.compose(proposal.schema())
    texts = {OWN_SCHEMA: HEAD + body, CONFIG: _config(proposal.names)}
    try:
        with Folders(root) as folders:
            return _write_all(folders, texts)
    except FileExistsError as error:
        raise UsageError(f"{root} is a vault already, or has a file in its place") from error
    except OSError as error:
        raise _can_not_be_made(root, error) from error


def _write_all(root: Folders, texts: dict[str, str]) -> tuple[str, ...]:
    """Make the files durably; whoever can read the folder can read them.

    Raises `OSError`; then none is left.
    """
    made, folders = list[str](), list[str]()
    try:
        for path, text in texts.items():
            place = root.slot(path)
            if root.make_place(place.folder_path):
                folders.append(place.folder_path)
            place.folder.write_new(place.name, text.encode(), mode=0o644, shared=0o664)
            place.folder.sync()
            made.append(path)
    except OSError:
        for path in made:
            with suppress(OSError):
                root.slot(path).remove()
        for folder in reversed(folders):
            with suppress(OSError):
                root.remove_place(folder)
        raise
    return tuple(made)


def refuse_vault(root: str) -> None:
    """Raise if the folder is a vault already, or can't be made one."""
    for path in (*SCHEMAS, CONFIG):
        _refuse_there(root, path)


def _refuse_there(root: str, path: str) -> None:
    """Raise if a new file exists already, or can't be made."""
    try:
        with Folders(root) as folders:
            place = folders.slot(path)
            place.folder.status(place.name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _can_not_be_made(root, error) from error
    raise UsageError(
        f"{root} is a vault already: it has {path}",
        hint=Sentence(
            "to see what does not fit: ",
            Action("check"),
            "; to see its schema: ",
            Action("show_schema"),
        ),
    )


def _can_not_be_made(root: str, error: OSError) -> StorageError:
    if isinstance(error, Refused):
        return StorageError(
            f"{root} can't be made a vault: {error.filename} {error.strerror}",
            hint=f"put a folder in the place of {os.path.join(root, error.filename)}",
        )
    return StorageError(f"{root} can't be made a vault: {error.strerror}")


def _config(names: FieldNames) -> str:
    """Return the vault's settings as TOML."""
    import json

    lines = [
        f"{key} = {json.dumps(name, ensure_ascii=False)}" for key, name in names.__dict__.items()
    ]
    return "\n".join(["# Which fields carry identity and time.", "[fields]", *lines, ""])
