"""The settings of usual clients: where they are, and how one more server is put into them.

Only text is added; what stands there stays as it is, to the byte.
"""

from __future__ import annotations

import json
import tomllib
from json.decoder import scanstring  # type: ignore[attr-defined]

from loop_cli.errors import UsageError
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BLANKS = " \t\r\n"


class Client(Struct):
    """A program that starts servers. `path` is of its settings on Linux, `on_mac` on macOS; `~` is
    the home folder, and one without it is in the working directory. `key` is where servers are.
    """

    title: str
    path: str
    key: str = "mcpServers"
    on_mac: str | None = None
    typed: bool = False
    toml: bool = False


CLIENTS: dict[str, Client] = {
    "claude-code": Client(title="Claude Code, this folder", path=".mcp.json", typed=True),
    "claude-desktop": Client(
        title="Claude Desktop",
        path="~/.config/Claude/claude_desktop_config.json",
        on_mac="~/Library/Application Support/Claude/claude_desktop_config.json",
    ),
    "codex": Client(title="Codex", path="~/.codex/config.toml", key="mcp_servers", toml=True),
    "cursor": Client(title="Cursor", path="~/.cursor/mcp.json"),
    "gemini": Client(title="Gemini CLI", path="~/.gemini/settings.json"),
    "vscode": Client(
        title="VS Code, this folder", path=".vscode/mcp.json", key="servers", typed=True
    ),
    "windsurf": Client(title="Windsurf", path="~/.codeium/windsurf/mcp_config.json"),
}


class Entry(Struct):
    """How a client starts the server: a command line, and variables of the environment."""

    command: str
    arguments: tuple[str, ...]
    environment: dict[str, str]

    def as_dict(self, *, typed: bool = False) -> dict[str, Any]:
        """The entry as clients have it."""
        kind = {"type": "stdio"} if typed else {}
        more = {"env": self.environment} if self.environment else {}
        return {**kind, "command": self.command, "args": list(self.arguments), **more}


def added(text: str, client: Client, name: str, entry: Entry) -> str:
    """The settings with the entry in them; the same text where it is there already. Raises
    `UsageError` where another one has the name, or the settings can't be understood."""
    wanted = entry.as_dict(typed=client.typed)
    read = _of_toml if client.toml else _of_json
    there = _servers(read(text), client).get(name)
    if there == wanted:
        return text
    if there is not None:
        raise UsageError(
            f"there is another server called {name!r}", hint="--name NAME takes another name"
        )
    new = (_in_toml if client.toml else _in_json)(text, client.key, name, wanted)
    if _servers(read(new), client) != {**_servers(read(text), client), name: wanted}:
        raise UsageError("the settings have a form that is not understood here")
    return new


def _servers(data: dict[str, Any], client: Client) -> dict[str, Any]:
    found = data.get(client.key, {})
    if not isinstance(found, dict):
        raise UsageError(f"{client.key} is no object")
    return found


def _of_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise UsageError(f"it is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError("it is no JSON object")
    return found


def _of_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"it is no TOML: {error}") from None


def _in_toml(text: str, key: str, name: str, wanted: dict[str, Any]) -> str:
    """Tables may stand in any order, so the entry goes to the end."""
    lines = [f"[{key}.{json.dumps(name)}]"]
    for setting in ("command", "args"):
        lines.append(f"{setting} = {json.dumps(wanted[setting], ensure_ascii=False)}")
    if "env" in wanted:
        lines.append(f"[{key}.{json.dumps(name)}.env]")
        pairs = wanted["env"].items()
        lines += [f"{one} = {json.dumps(value, ensure_ascii=False)}" for one, value in pairs]
    start = text if not text or text.endswith("\n") else text + "\n"
    return start + ("\n" if start else "") + "\n".join(lines) + "\n"


def _in_json(text: str, key: str, name: str, wanted: dict[str, Any]) -> str:
    if not text.strip():
        return json.dumps({key: {name: wanted}}, indent=2, ensure_ascii=False) + "\n"
    top = _Members(text, text.index("{"))
    where = top.of(key)
    if where is None:
        return top.with_member(key, {name: wanted})
    return _Members(text, where).with_member(name, wanted)


class _Members:
    """The members of the object that begins at `start` in a JSON text."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._start = start
        self._places: dict[str, int] = {}  # of values, by key
        self._first: int | None = None  # of the first key
        self._end = self._read()

    def of(self, key: str) -> int | None:
        """Where the value of a key begins."""
        return self._places.get(key)

    def with_member(self, key: str, value: Any) -> str:
        """The text with one more member at the end."""
        text, end = self._text, self._end
        indent = self._indent()
        step = indent[len(self._outer()) :] or "  "
        shown = json.dumps(value, indent=step, ensure_ascii=False).replace("\n", "\n" + indent)
        member = f"\n{indent}{json.dumps(key, ensure_ascii=False)}: {shown}"
        if not self._places:
            return f"{text[: self._start + 1]}{member}\n{self._outer()}{text[end:]}"
        last = len(text[:end].rstrip(_BLANKS))
        return f"{text[:last]},{member}{text[last:end] or chr(10) + self._outer()}{text[end:]}"

    def _outer(self) -> str:
        """What stands before the line of the object itself."""
        return _indent_at(self._text, self._start)

    def _indent(self) -> str:
        """What stands before the members, each of which has a line."""
        if self._first is not None and "\n" in self._text[self._start : self._first]:
            return _indent_at(self._text, self._first)
        return self._outer() + "  "

    def _read(self) -> int:
        """Find the members; returns where the object ends."""
        text = self._text
        at = _skip(text, self._start + 1)
        while text[at] != "}":
            self._first = at if self._first is None else self._first
            key, at = scanstring(text, at + 1)
            at = _skip(text, _skip(text, at) + 1)  # the colon
            self._places[key] = at
            _value, at = json.JSONDecoder().raw_decode(text, at)
            at = _skip(text, at)
            if text[at] == ",":
                at = _skip(text, at + 1)
        return at


def _skip(text: str, at: int) -> int:
    while text[at] in _BLANKS:
        at += 1
    return at


def _indent_at(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]
