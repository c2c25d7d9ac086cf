"""`loop skill`: the skill that teaches an agent to work with this program."""

from __future__ import annotations

import os

from loop_cli import skill as package
from loop_cli.cli import context, output
from loop_cli.cli.unpack import unpack
from loop_cli.system import home

EXAMPLES = """Examples:

\b
loop skill install
loop skill install ~/agent/skills
"""


def install(*, folder: str | None, force: bool, as_json: bool) -> None:
    """Run `loop skill install`."""
    root = os.path.abspath(home.expand(folder or os.curdir, os.environ))
    target = os.path.join(root, package.NAME)
    wanted = {f"{package.NAME}/{path}": data for path, data in package.files().items()}
    changed = unpack(root, wanted, force=force)
    if changed:
        context.did(f"{target} is installed")
    listed, changed = ([os.path.join(root, one) for one in paths] for paths in (wanted, changed))
    if as_json:
        output.json_document({"skill": target, "files": listed, "written": changed})
    elif changed:
        output.line(f"installed: {target}")
    else:
        output.line(f"nothing to do: {target} is as it should be")
