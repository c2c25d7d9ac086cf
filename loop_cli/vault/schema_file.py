"""Load the schema: the vault's own file, or the default one of the package."""

from __future__ import annotations

import codecs

from loop_cli.core.schema import paths
from loop_cli.errors import EntityNotFound, LoopError
from loop_cli.lean import jsontext
from loop_cli.lean.plain import same
from loop_cli.markdown import reader
from loop_cli.vault.files import reading as files

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from loop_cli.core.schema.schema import Schema
    from loop_cli.vault.index.cache import Cache

PATH = "00_Meta/schema_constants.yaml"
_SHIPPED = "the default schema"
_REMEMBERED = """
SELECT said.value FROM note AS source, note AS said
WHERE source.name = 'schema source' AND source.value = ? AND said.name = 'schema said'
"""


def load(root: str, *, cache: Cache | None = None) -> Schema:
    """Return the schema of the vault at `root`. Raises `InvalidFile` with file, line and reason.

    The `cache` keeps the parsed YAML with its bytes, because parsing costs a writer as much as the
    start of an interpreter.
    """
    try:
        data, _modified = files.read_stable(files.inside(root, PATH), PATH)
        path, own = PATH, True
    except EntityNotFound:
        data, path, own = shipped_bytes(), _SHIPPED, False
    return _built(_said(data, path, cache), data, path, shipped=not own)


def load_places(root: str) -> paths.Places:
    """Return where the entities of the vault at `root` are; a reader needs nothing else.

    Only that section is parsed, because the rest would cost half the start of an interpreter. If
    that fails, the whole file is parsed. Raises what `load` raises.
    """
    try:
        data, _modified = files.read_stable(files.inside(root, PATH), PATH)
    except EntityNotFound:
        data = shipped_bytes()
    lines = b"\n" + data.removeprefix(codecs.BOM_UTF8)
    section = lines.rfind(b"\npaths:")
    if section < 0:  # the key may be quoted; an indented key belongs to another one
        return build(data).places if b"paths" in data else paths.Places()
    try:
        text = lines[section + 1 : _next_key(lines, section + 1)].decode()
        return paths.build_places(reader.read(text))
    except (ValueError, paths.SchemaError):
        return build(data).places


def members(root: str) -> dict[Any, Any]:
    """Return who is listed as a member, by login; nobody if the list can't be read."""
    from loop_cli.planning import membership

    try:
        data, _modified = files.read_stable(files.inside(root, membership.PATH), membership.PATH)
    except LoopError:
        return {}
    return membership.said(data)


def _next_key(lines: bytes, at: int) -> int:
    """Return the start of the next line that is not indented, a comment, or an item of a list."""
    while (at := lines.find(b"\n", at) + 1) > 0:
        if lines[at : at + 1].strip() and lines[at : at + 1] not in b"#-":
            return at - 1
    return len(lines)


def _built(said: dict[str, Any], data: bytes, path: str, *, shipped: bool) -> Schema:
    from loop_cli.core.schema.schema import build as build_schema

    try:
        return build_schema(said, shipped=shipped)
    except paths.SchemaError:
        from loop_cli.planning import schema_text

        return schema_text.built(said, data, path, shipped=shipped)  # which names the line


def _said(data: bytes, path: str, cache: Cache | None) -> dict[str, Any]:
    if cache is None or not cache.is_kept:
        return parsed(data, path)
    said = _remembered(data, cache)
    if said is None:
        said = parsed(data, path)
        _remember(data, said, cache)
    return said


def _remembered(data: bytes, cache: Cache) -> dict[str, Any] | None:
    """Return the cached result for these bytes; comparing them is faster than hashing."""
    row = cache.run(lambda database: database.execute(_REMEMBERED, (data,)).fetchone())
    return None if row is None else jsontext.loads(row[0])


def _remember(data: bytes, said: dict[str, Any], cache: Cache) -> None:
    """Cache the result, unless JSON can't express it, such as a key that is not a text."""
    from loop_cli.vault.index.cache import transaction

    try:
        text = jsontext.dumps(said)
        text.encode()
    except ValueError:
        return
    if not same(jsontext.loads(text), said):
        return

    def write(database: sqlite3.Connection) -> None:
        with transaction(database):
            for note in (("schema source", data), ("schema said", text)):
                database.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", note)

    cache.run(write)


def parsed(data: bytes, path: str) -> dict[str, Any]:
    """Return what the text of a schema says. Raises `InvalidFile`."""
    from loop_cli.planning import schema_text

    return schema_text.parsed(data, path)


def shipped() -> Schema:
    """Return the default schema."""
    from loop_cli.planning import schema_text

    return schema_text.shipped()


def shipped_bytes() -> bytes:
    """Return the default schema as YAML."""
    from loop_cli.planning import schema_text

    return schema_text.shipped_bytes()


def build(data: bytes) -> Schema:
    """Build the schema from the bytes of a vault's own file. Raises `InvalidFile`."""
    from loop_cli.planning import schema_text

    return schema_text.build(data)
