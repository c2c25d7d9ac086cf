"""`loop mcp`: the vault for agents, by the Model Context Protocol."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from importlib.util import find_spec

from loop_cli.cli import context, output
from loop_cli.errors import StorageError, UsageError
from loop_cli.mcp.clients import CLIENTS, Entry, added
from loop_cli.system import home
from loop_cli.system.folders import Folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.config import Settings
    from loop_cli.mcp.clients import Client

EXAMPLES = """A client starts it, and speaks to it through its standard input and output.
'loop serve' has the same at /mcp. 'loop help agents' has the rest.

Examples:

\b
loop mcp
loop mcp install
loop mcp install claude-code --dry-run
loop mcp install cursor --vault ~/notes
"""
NEEDED = ("mcp",)
_MOST = 1 << 22  # bytes of a client's settings


def mcp(
    *,
    words: list[str] | None,
    name: str,
    dry_run: bool,
    as_json: bool,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop mcp`."""
    options = {"vault": vault, "lock_timeout": lock_timeout}
    if not words:
        if dry_run or as_json:
            raise UsageError("--dry-run and --json are of 'loop mcp install'")
        _serve(options)
    elif words[0] != "install":
        raise UsageError(f"{words[0]!r} is not 'install'", hint="loop mcp --help")
    elif len(words) == 1:
        _list(as_json=as_json)
    else:
        _install(words[1:], options, name=name, dry_run=dry_run, as_json=as_json)


def _serve(options: dict[str, Any]) -> None:
    missing = [one for one in NEEDED if find_spec(one) is None]
    if missing:
        raise UsageError(
            f"loop mcp needs {', '.join(missing)}, not installed here",
            hint="pip install 'loop-cli[mcp]'",
        )
    from loop_cli.cli.agents import door
    from loop_cli.mcp.stdio import run

    settings = context.open_settings(options)
    if output.is_terminal(sys.stdin):
        output.note("a client of MCP starts this: 'loop mcp install CLIENT' tells it how")
    run(door(settings))


def _list(*, as_json: bool) -> None:
    """The clients that are known, and where their settings are."""
    found = [
        {
            "client": name,
            "title": one.title,
            "path": _path(one),
            "there": os.path.exists(_path(one)),
        }
        for name, one in CLIENTS.items()
    ]
    if as_json:
        output.json_document({"clients": found})
        return
    for one in found:
        state = "is there" if one["there"] else "would be made"
        output.line(f"{one['client']}: {one['title']}: {one['path']} ({state})")


def _is_there(path: str) -> bool:
    return os.path.exists(path)


def _install(
    clients: list[str], options: dict[str, Any], *, name: str, dry_run: bool, as_json: bool
) -> None:
    """Put an entry into the settings of clients, all of which are understood first."""
    unknown = [one for one in clients if one not in CLIENTS]
    if unknown:
        known = ", ".join(CLIENTS)
        raise UsageError(f"{unknown[0]!r} is no client that is known", hint=f"known: {known}")
    entry = _entry(context.open_settings(options))
    planned = [_planned(CLIENTS[one], name, entry) for one in clients]
    for path, old, new in planned:
        if new != old and not dry_run:
            _write(path, new)
            context.did(f"{path} has the entry")
    if as_json:
        told = [
            {"client": client, "path": path, "changed": new != old}
            for client, (path, old, new) in zip(clients, planned, strict=True)
        ]
        document = {"name": name, "entry": entry.as_dict(), "installed": told}
        output.json_document({**document, "dry_run": True} if dry_run else document)
        return
    for path, old, new in planned:
        done = "would get the entry" if dry_run else "has the entry now"
        output.line(f"{path} {done if new != old else 'has the entry already'}")
        if dry_run:
            output.write(new if new.endswith("\n") else new + "\n")


def _entry(settings: Settings) -> Entry:
    """How this program is started on the vault in force. No secret is in it: 'loop login' keeps
    that of a server, and `~/.pgpass` that of a database."""
    script = shutil.which(sys.argv[0])
    command = (os.path.abspath(script),) if script else (sys.executable, "-m", "loop_cli")
    if settings["server"] is not None:
        environment = {"LOOP_API_URL": settings["server"]}
        return Entry(command=command[0], arguments=(*command[1:], "mcp"), environment=environment)
    arguments = (*command[1:], "mcp", "--vault", context.vault_name(settings))
    return Entry(command=command[0], arguments=arguments, environment={})


def _planned(client: Client, name: str, entry: Entry) -> tuple[str, str, str]:
    """The file, what is in it, and what is to be."""
    path = _path(client)
    try:
        with open(path, "rb") as file:
            old = file.read(_MOST).decode()
    except FileNotFoundError:
        old = ""
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise StorageError(f"{path} can't be read: {error.strerror}") from None
    try:
        return path, old, added(old, client, name, entry)
    except UsageError as error:
        error.message = f"{path}: {error.message}"
        raise


def _write(path: str, text: str) -> None:
    """Write the settings whole or not at all, with the rights that they have."""
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        mode = 0o600
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with Folders(os.path.dirname(path)) as folder:
            folder.slot(os.path.basename(path)).write(text.encode(), mode=mode)
    except OSError as error:
        raise StorageError(f"{path} can't be written: {error.strerror}") from None


def _path(client: Client) -> str:
    """Where the settings are; behind a link where its target is."""
    path = client.path
    if sys.platform == "darwin":
        path = client.on_mac or path
    return os.path.realpath(home.expand(path, os.environ))
