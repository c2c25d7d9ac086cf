"""The index entry of one file, and the names by which the file may be meant."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.names import nfc
from loop_cli.core.store import as_json, head_of, is_flat
from loop_cli.errors import InvalidFile, NoEntity
from loop_cli.lean import jsontext
from loop_cli.lean.records import Struct
from loop_cli.planning import snapshot
from loop_cli.planning.resolution import aliases, frontmatter_of, stem, unescaped
from loop_cli.vault.files.reading import HEAD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.entity import FieldNames

_ID_LINE = r"""(?m)^['"]?%s['"]?\s*:\s*['"]?(.*)$"""


class Entry(Struct):
    """The content of a file: an entity, or nothing, or the `problem` why it can't be read.

    `claims` are names in normal form, besides `id`, by which it may be meant. `fields` are JSON.
    `head` is the beginning of its line in a list, as long as it has no record; empty if the line
    can't be stored as it is printed. In `flat` fields no mapping is within another.
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
    """Return the entry for a file's bytes; it was modified at `modified` (microseconds)."""
    try:
        pieces, fields, _warnings = snapshot.read_frontmatter(data, path, closely=False)
        given, entity_type, name = snapshot.identity(fields, path, names)
    except NoEntity:
        return broken(data[:HEAD], path, names, problem=None)
    except InvalidFile as error:
        return broken(data[:HEAD], path, names, problem=error.message)
    own, shown, text = nfc(given), whole(entity_type), _fields(fields)
    updated_at = snapshot.reported(etag=etag, modified=modified, recorded=None, holds=False)
    start = head_of(own, shown, path, timestamps.render(updated_at), etag)
    return Entry(
        claims=tuple({*aliases(fields, pieces.yaml)} - {own}),
        id=own,
        type=shown,
        name=None if name is None else whole(name),
        etag=etag,
        head=start if jsontext.is_harmless(start) and jsontext.is_harmless(text) else None,
        fields=text,
        flat=is_flat(text),
    )


def broken(start: bytes, path: str, names: FieldNames, *, problem: str | None) -> Entry:
    """Return the entry of a file that is not an entity, or can't be read; `start` is its beginning.

    It may be meant by its name, and by an id in a line of its frontmatter.
    """
    claims = {nfc(names.id_of(path) if names.id_is_stem else stem(path))}
    text = "" if names.id_is_stem else frontmatter_of(start).decode(errors="replace")
    if names.id in text:
        import re

        for match in re.finditer(_ID_LINE % re.escape(names.id), text):
            value = match[1].partition("#")[0].rstrip()
            value = value[:-1] if value.endswith(("'", '"')) else value
            claims |= {nfc(value), nfc(unescaped(value))}
    return Entry(claims=tuple(claims), problem=None if problem is None else whole(problem))


def whole(text: str) -> str:
    """Return a text without half characters, which YAML escapes and file names may have."""
    return text if text.isprintable() else text.encode("utf-8", "replace").decode()


def _fields(fields: Mapping[str, Any]) -> str:
    text = as_json(fields)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, written as an escape
        import json

        return json.dumps(json.loads(text))
    return text
