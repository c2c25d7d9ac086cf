"""A change of an entity as the line of JSON that a server takes."""

from __future__ import annotations

from loop_cli.core import numbers
from loop_cli.errors import UsageError
from loop_cli.lean.jsontext import as_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.changes import Change, Edits

_SIGNS = {"add": "+=", "remove": "-="}


def sent(body: Any) -> bytes:
    """The JSON that goes to the server. Half a surrogate, which is no UTF-8, goes as JSON's escape
    of it: the rules refuse it."""
    return as_json(body).encode("utf-8", "backslashreplace")


def line_of(edits: Edits) -> dict[str, Any]:
    """What the line says of the edits. Raises `UsageError` for those that need the files."""
    line: dict[str, Any] = {}
    if edits.layout is not None:
        line["layout"] = {"text": edits.layout.text, "base": edits.layout.base}
    texts = []
    for change in edits.changes:
        if change.operation == "rewrite" or change.implied or change.restored:
            raise UsageError(f"{change.name}: this change needs the vault's files, not a server")
        text = _text(change)
        if text is not None:
            texts.append(text)
        elif change.operation == "unset":
            line.setdefault("unset", []).append(change.path[0])
        elif change.operation == "set":
            line.setdefault("set", {})[change.path[0]] = change.value
        else:
            line.setdefault(change.operation, {}).setdefault(change.path[0], []).append(
                change.value
            )
    if texts:
        line["changes"] = texts
    if edits.body is not None:
        line["append_body" if edits.body.append else "body"] = edits.body.text
    return line


def _text(change: Change) -> str | None:
    """The change as the command line has it; None where the field's name does not allow that, as
    with those of `--set-json`."""
    name = change.name
    if not all(change.path) or name[-1:] in tuple("!+-:") or "=" in name:
        return None
    if change.operation == "unset":
        return f"{name}!"
    if change.operation in _SIGNS:
        return None if change.typed else f"{name}{_SIGNS[change.operation]}{change.value}"
    if change.typed:
        return f"{name}:={numbers.as_written(change.value, dict(change.written), as_json)}"
    return f"{name}={'@' if change.value.startswith('@') else ''}{change.value}"
