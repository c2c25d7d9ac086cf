"""The tables of views in a file of settings: `[views.NAME]`, read and replaced. All else stays as
it is."""

from __future__ import annotations

import json
import tomllib

from loop_cli.core.names import nfc
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
VIEWS, COLUMNS = "views", "columns"


def tables(text: str, path: str) -> dict[str, dict[str, Any]]:
    """The tables `views` and `columns` of a file's text, empty where it has none. Raises
    `UsageError`."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    found = {name: read.get(name, {}) for name in (VIEWS, COLUMNS)}
    for name, table in found.items():
        if not isinstance(table, dict):
            raise UsageError(f"{path}: {name} must be a table")
    return found


def edited(text: str, name: str, settings: dict[str, Any] | None, path: str) -> str:
    """The text with these settings as the view of a name, or without it. Raises `UsageError` where
    the file can't be edited so."""
    after = with_table(text, name, settings)
    wanted = tomllib.loads(text)
    views = {nfc(key): value for key, value in wanted.pop(VIEWS, {}).items()}
    views.pop(name, None)
    views |= {} if settings is None else {name: settings}
    try:
        made = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        made = {}
    found = {nfc(key): value for key, value in made.pop(VIEWS, {}).items()}
    if (made, found) != (wanted, views):
        raise UsageError(f"{path}: [views.{name}] can't be edited as it stands; edit the file")
    return after


def with_table(text: str, name: str, settings: dict[str, Any] | None) -> str:
    """The text with that table of a view and no other of the name; all else stays as it is."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            inside = _names_view(line, name)
        if not inside:
            kept.append(line)
    made = "".join(kept)
    if settings is None:
        return made
    if made and not made.endswith("\n"):
        made += "\n"
    lines = [f"[views.{_key(name)}]"]
    lines += [f"{key} = {_value(value)}" for key, value in settings.items()]
    gap = "\n" if made.strip() and not made.endswith("\n\n") else ""
    return made + gap + "\n".join(lines) + "\n"


def _names_view(line: str, name: str) -> bool:
    """Whether a line is the head of the table of that view."""
    try:
        table = tomllib.loads(line).get("views")
    except tomllib.TOMLDecodeError:
        return False
    return isinstance(table, dict) and [nfc(one) for one in table] == [name]


def _key(name: str) -> str:
    return name if name and set(name) <= _PLAIN else _value(name)


def _value(value: Any) -> str:
    """A value as TOML: a text, a number, a list of texts. JSON of those is TOML, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
