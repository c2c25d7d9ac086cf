"""The spelling of scalars that plain values can't tell: the digits of `1.10`, `0x1F`, bare dates.

Values are read and compared by what they mean. Their spelling is looked up here when a change is
recorded. It is restored if somebody typed it, or if an undo brings it back.
"""

from __future__ import annotations

from loop_cli.lean.plain import key_text, same
from loop_cli.markdown import reader, scalars
from loop_cli.markdown.limits import YamlSyntaxError, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    Path = tuple[str | int, ...]

USUAL = ""
"""In the place of a text's spelling: none was recorded, so it was as loop writes it by itself. A
null is written so where nothing stands behind the key."""
_LONGEST = 200  # characters of a scalar whose spelling is told


def may_differ(value: Any, yaml_text: str) -> bool:
    """Whether a value may be written in another way than loop writes it, at any depth."""
    if isinstance(value, dict):
        return any(may_differ(item, yaml_text) for item in value.values())
    if isinstance(value, list):
        return any(may_differ(item, yaml_text) for item in value)
    if not isinstance(value, str) or not scalars.is_plain(value):
        return True
    return f'"{value}"' in yaml_text or f"'{value}'" in yaml_text


def spelled(yaml_text: str, path: Path, value: Any) -> dict[Path, str]:
    """How the scalars of the `value` at a path are written, where loop would write them otherwise,
    by their paths."""
    if not may_differ(value, yaml_text):
        return {}
    try:
        found = guarded(_spans, yaml_text, [path])
    except YamlSyntaxError:
        return {}
    if value is None and not found:
        return {path: ""}
    return {
        at: token
        for at, (_start, _end, token) in found.items()
        if _is_other(token, _value_at(value, at[len(path) :]))
    }


def token_at(yaml_text: str, path: Path) -> str | None:
    """Return the written scalar at a path; None if there is none on one line."""
    try:
        found = guarded(_spans, yaml_text, [path])
    except YamlSyntaxError:
        return None
    return found[path][2] if path in found else None


def respelled(yaml_text: str, tokens: Mapping[Path, str]) -> str:
    """`yaml_text` with scalars written as given, `USUAL` as loop writes them; those that would read
    as something else stay."""
    for path, token in tokens.items():
        yaml_text = _respelled(yaml_text, path, token)
    return yaml_text


def _respelled(yaml_text: str, path: Path, token: str) -> str:
    try:
        before = reader.read(yaml_text)
        found = guarded(_spans, yaml_text, [path]).get(path)
        value = _value_at(before, path)
        if token == USUAL and value is not None:
            token = _usual(value) or (found[2] if found else "")
        if found is None or found[2] == token:
            return yaml_text
        data = yaml_text.encode()
        ahead = data[: found[0]] if token else data[: found[0]].rstrip(b" ")
        made = (ahead + token.encode() + data[found[1] :]).decode()
        return made if same(reader.read(made), before) else yaml_text
    except YamlSyntaxError:
        return yaml_text


def _is_other(token: str, value: Any) -> bool:
    return not isinstance(value, dict | list) and token != scalars.emit(value)


def _usual(value: Any) -> str | None:
    """How loop writes a text on one line by itself."""
    return scalars.emit(value) if isinstance(value, str) and "\n" not in value else None


def _value_at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(value, list):
            value = value[part] if isinstance(part, int) and part < len(value) else {}
        elif isinstance(value, dict):
            known = {key_text(key): item for key, item in value.items()}
            value = known.get(str(part), {})
        else:
            return {}
    return value


def _spans(yaml_text: str, paths: Iterable[Path]) -> dict[Path, tuple[int, int, str]]:
    """Yield the places of the scalars at and below some paths, in bytes, and their text."""
    import yaml_edit

    root = yaml_edit.Document.parse(yaml_text).root()
    data = yaml_text.encode()
    found: dict[Path, tuple[int, int, str]] = {}
    for path in paths:
        node, at = root, 0
        while node is not None and at < len(path):
            node = _parts(node, data).get(path[at])
            at += 1
        _collect(node, path, data, found)
    return found


def _collect(node: Any, path: Path, data: bytes, found: dict[Path, tuple[int, int, str]]) -> None:
    if node is None:
        return
    if node.is_scalar():
        start, end = node.byte_range()
        token = data[start:end].decode()
        if token and "\n" not in token and len(token) <= _LONGEST:
            found[path] = start, end, token
        return
    for part, inner in _parts(node, data).items():
        _collect(inner, (*path, part), data, found)


def _parts(node: Any, data: bytes) -> dict[str | int, Any]:
    """Return the content of a mapping or a list; the last entry of a repeated key."""
    from loop_cli.markdown.keys import key_value

    if node.is_sequence():
        return dict(enumerate(node.as_sequence().values()))
    if not node.is_mapping():
        return {}
    return {
        key_text(key_value(key, data)): entry.value()
        for entry in node.as_mapping().entries()
        if (key := entry.key()) is not None and key.is_scalar()
    }
