"""`loop n8n`: workflows for n8n that change a vault over a server."""

from __future__ import annotations

import os

from loop_cli import n8n as package
from loop_cli.cli import context, output
from loop_cli.cli.unpack import unpack
from loop_cli.errors import UsageError
from loop_cli.system import home

EXAMPLES = """'loop help n8n-workflows' tells what the workflows do, and how to import them.

Examples:

\b
loop n8n export
loop n8n export ~/n8n --url https://notes.example
"""


def export(*, folder: str | None, url: str, force: bool, as_json: bool) -> None:
    """Run `loop n8n export`."""
    address = _address(url)
    root = os.path.abspath(home.expand(folder or "loop-n8n", os.environ))
    wanted = package.files(address)
    changed = unpack(root, wanted, force=force)
    if changed:
        context.did(f"{root} has the workflows")
    listed, changed = ([os.path.join(root, one) for one in paths] for paths in (wanted, changed))
    if as_json:
        output.json_document({"folder": root, "files": listed, "written": changed})
    elif changed:
        output.lines(f"written: {one}" for one in changed)
    else:
        output.line(f"nothing to do: {root} is as it should be")


def _address(url: str) -> str:
    """The address of a server. Raises `UsageError`."""
    scheme, sep, rest = url.partition("://")
    plain = rest.isprintable() and not set(' "\\{}') & set(rest)
    if not sep or scheme not in ("http", "https") or not rest or not plain:
        example = f"such as {package.ADDRESS}"
        raise UsageError(f"--url: {url!r} is not the address of a server", hint=example)
    return url.rstrip("/")
