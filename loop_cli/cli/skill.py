"""`loop skill`: the skill that teaches an agent to work with this program."""

from __future__ import annotations

import os

from loop_cli import skill as package
from loop_cli.cli import output
from loop_cli.errors import StorageError, UsageError

EXAMPLES = """Examples:

\b
loop skill install
loop skill install ~/agent/skills
"""


def install(*, folder: str | None, force: bool, as_json: bool) -> None:
    """Run `loop skill install`."""
    root = os.path.abspath(os.path.expanduser(folder or os.curdir))
    target = os.path.join(root, package.NAME)
    wanted = {
        os.path.join(target, *path.split("/")): data for path, data in package.files().items()
    }
    try:
        changed = _changed(wanted, force=force)
        for path in changed:
            _write(path, wanted[path])
    except OSError as error:
        raise StorageError(
            f"{error.filename or target} can't be written: {error.strerror}"
        ) from error
    if as_json:
        output.json_document({"skill": target, "files": list(wanted), "written": changed})
    elif changed:
        output.line(f"installed: {target}")
    else:
        output.line(f"nothing to do: {target} is as it should be")


def _changed(wanted: dict[str, bytes], *, force: bool) -> list[str]:
    """The files to be written. Raises `UsageError` for one that somebody has changed."""
    changed = []
    for path, data in wanted.items():
        if os.path.lexists(path):
            with open(path, "rb") as file:
                if file.read() == data:
                    continue
            if not force:
                raise UsageError(
                    f"{path} is there and differs", hint="--force replaces it by the one of loop"
                )
        changed.append(path)
    return changed


def _write(path: str, data: bytes) -> None:
    """A file whole or not at all; scripts can be run."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "xb") as file:
        file.write(data)
    os.chmod(temporary, 0o755 if path.endswith(".sh") else 0o644)
    os.replace(temporary, path)
