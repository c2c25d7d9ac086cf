"""`loop skill`: the skill that teaches an agent to work with this program."""

from __future__ import annotations

import os

from loop_cli import skill as package
from loop_cli.cli import context, output
from loop_cli.errors import StorageError, UsageError
from loop_cli.system import home
from loop_cli.system.folders import Folders, Refused

EXAMPLES = """Examples:

\b
loop skill install
loop skill install ~/agent/skills
"""

_MOST = 1 << 20  # largest size of a file of the skill


def install(*, folder: str | None, force: bool, as_json: bool) -> None:
    """Run `loop skill install`."""
    root = os.path.abspath(home.expand(folder or os.curdir, os.environ))
    target = os.path.join(root, package.NAME)
    wanted = {f"{package.NAME}/{path}": data for path, data in package.files().items()}
    try:
        os.makedirs(root, exist_ok=True)
        with Folders(root) as opened:
            changed = _changed(opened, wanted, root, force=force)
            for path in changed:
                _write(opened, path, wanted[path])
    except OSError as error:
        place = os.path.join(root, error.filename or package.NAME)
        raise StorageError(
            f"{place} can't be written: {error.strerror}",
            hint="remove it" if isinstance(error, Refused) else None,
        ) from error
    if changed:
        context.did(f"{target} is installed")
    listed, changed = ([os.path.join(root, one) for one in paths] for paths in (wanted, changed))
    if as_json:
        output.json_document({"skill": target, "files": listed, "written": changed})
    elif changed:
        output.line(f"installed: {target}")
    else:
        output.line(f"nothing to do: {target} is as it should be")


def _changed(folders: Folders, wanted: dict[str, bytes], root: str, *, force: bool) -> list[str]:
    """Return the files to write.

    Raises `UsageError` for a file that somebody has changed, `OSError` for something that is not a
    file, such as a link.
    """
    changed = []
    for path, data in wanted.items():
        try:
            there = folders.slot(path).read(_MOST)
        except FileNotFoundError:
            there = None
        if there == data:
            continue
        if there is not None and not force:
            raise UsageError(
                f"{os.path.join(root, path)} is there and differs",
                hint="--force replaces it by the one of loop",
            )
        changed.append(path)
    return changed


def _write(folders: Folders, path: str, data: bytes) -> None:
    """Write a file whole or not at all; make scripts executable."""
    above = path.rpartition("/")[0]
    parts = above.split("/")
    for count in range(1, len(parts) + 1):
        folders.make_place("/".join(parts[:count]))
    folders.slot(path).write(data, mode=0o755 if path.endswith(".sh") else 0o644)
