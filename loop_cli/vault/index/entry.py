"""What the index keeps of one file, and by which names the file may be meant."""

from __future__ import annotations

import os

from loop_cli.core import timestamps
from loop_cli.core.names import nfc
from loop_cli.core.store import as_json, head_of, is_flat
from loop_cli.errors import InvalidFile, NoEntity
from loop_cli.lean import jsontext
from loop_cli.lean.records import Struct
from loop_cli.planning import snapshot
from loop_cli.system import platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.entity import FieldNames

_HEAD = 1 << 16
_ESCAPE = r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U((?:000[0-9A-Fa-f]|0010)[0-9A-Fa-f]{4}))"
_ID_LINE = r"""(?m)^['"]?%s['"]?\s*:\s*['"]?(.*)$"""


class Entry(Struct):
    """What a file says: an entity, or nothing, or by its `problem` why it can't be read.

    `claims` are the names in normal form, other than `id`, by which it may be meant; `fields`
    are JSON. `head` is what comes before them in the line that a list prints, as long as nobody
    recorded a change; none where that line can't be kept as it is printed. In those that are
    `flat` no mapping lies within another.
    """

    claims: tuple[str, ...]
    id: str | None = None
    type: str | None = None
    name: str | None = None
    etag: str | None = None
    flat: bool = False
    head: str | None = None
    fields: str | None = None
    problem: str | None = None


def entry_of(data: bytes, path: str, names: FieldNames, *, etag: str, modified: int) -> Entry:
    """The entry of a file's bytes; it was modified at `modified` (microseconds)."""
    try:
        _pieces, fields, _warnings = snapshot.read_frontmatter(data, path, closely=False)
        given, entity_type, name = snapshot.identity(fields, path, names)
    except NoEntity:
        return broken(data[:_HEAD], path, names, problem=None)
    except InvalidFile as error:
        return broken(data[:_HEAD], path, names, problem=error.message)
    own, shown, text = nfc(given), whole(entity_type), _fields(fields)
    updated_at = snapshot.reported(etag=etag, modified=modified, recorded=None, holds=False)
    start = head_of(own, shown, path, timestamps.render(updated_at), etag)
    return Entry(
        claims=tuple({*aliases(fields)} - {own}),
        id=own,
        type=shown,
        name=None if name is None else whole(name),
        etag=etag,
        head=start if jsontext.is_harmless(start) and jsontext.is_harmless(text) else None,
        fields=text,
        flat=is_flat(text),
    )


def broken(start: bytes, path: str, names: FieldNames, *, problem: str | None) -> Entry:
    """The entry of a file that is no entity, or can't be read as one; `start` is its beginning.

    It is meant by its name, and by the id that a line of its frontmatter gives.
    """
    claims = {nfc(names.id_of(path) if names.id_is_stem else stem(path))}
    text = "" if names.id_is_stem else _frontmatter(start).decode(errors="replace")
    if names.id in text:
        import re

        for match in re.finditer(_ID_LINE % re.escape(names.id), text):
            value = match[1].partition("#")[0].rstrip()
            value = value[:-1] if value.endswith(("'", '"')) else value
            claims |= {nfc(value), nfc(unescaped(value))}
    return Entry(claims=tuple(claims), problem=None if problem is None else whole(problem))


def claims(start: bytes, path: str, wanted: str, names: FieldNames) -> bool:
    """Whether a file that can't be parsed has a line that gives it the id, or the name that is
    it; `wanted` is in normal form, `start` the file's beginning."""
    if names.id_is_stem:
        return nfc(names.id_of(path)) == wanted
    import re

    field, value = re.escape(names.id), re.escape(wanted)
    line = rf"^['\"]?{field}['\"]?\s*:\s*['\"]?{value}['\"]?\s*(#.*)?$"
    text = _frontmatter(start).decode(errors="replace")
    return re.search(line, nfc(text if wanted.isascii() else unescaped(text)), re.M) is not None


def is_named(path: str, wanted: str) -> bool:
    """Whether the file has the id for its name; `wanted` is in normal form."""
    return nfc(stem(path)) == wanted


def aliases(fields: Mapping[str, Any]) -> list[str]:
    """An entity's other names, in the normal form that ids are compared in."""
    value = fields.get("aliases")
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    return [
        nfc(str(item))
        for item in items
        if isinstance(item, str | int | float) and not isinstance(item, bool)
    ]


def stem(path: str) -> str:
    """The name of a file without its folder and `.md`."""
    return path.rpartition("/")[2].removesuffix(".md").removesuffix(".markdown")


def head(place: str) -> bytes:
    """The beginning of a file; empty for what can't be read."""
    try:
        descriptor = platform.open_plain(place)
    except OSError:
        return b""
    try:
        return os.read(descriptor, _HEAD)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _frontmatter(start: bytes) -> bytes:
    ends = [end for mark in (b"\n---", b"\n...") if (end := start.find(mark, 3)) >= 0]
    return start[: min(ends)] if ends else start


def unescaped(text: str) -> str:
    """A text with YAML's escapes by number as the characters that they stand for."""
    import re

    return re.sub(_ESCAPE, lambda match: chr(int(match[match.lastindex or 0], 16)), text)


def whole(text: str) -> str:
    """A text without half characters, which YAML's escapes and names of files may have."""
    return text if text.isprintable() else text.encode("utf-8", "replace").decode()


def _fields(fields: Mapping[str, Any]) -> str:
    text = as_json(fields)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, written as an escape
        import json

        return json.dumps(json.loads(text))
    return text
