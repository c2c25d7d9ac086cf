"""What the row of a file has beside its bytes: all of it computed from bytes, path and history.

`keys` has the columns that conditions and orders ask, `names` and `grams` (tsvector) are the grams
of the names, and of names and body, that searches ask; `mentions` are what leads to others.
"""

from __future__ import annotations

import os
import re

from loop_cli.core import order, timestamps
from loop_cli.core.names import ENDINGS, is_hidden, nfc, one_name
from loop_cli.core.records.record import AuditRecord
from loop_cli.core.wanted import grams_of
from loop_cli.errors import InvalidFile, NoEntity
from loop_cli.lean import jsontext
from loop_cli.lean.jsontext import as_json
from loop_cli.lean.records import Struct
from loop_cli.planning import snapshot
from loop_cli.planning.resolution import aliases, frontmatter_of, stem, unescaped
from loop_cli.postgres import keys, mentions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema.paths import Places

FORM = 5
"""The version of what is computed here; another one in the database is computed anew."""
OTHER, NOTE, BROKEN, ENTITY = range(4)
"""What a file is: no Markdown, a note, an entity that can't be read, an entity."""
_HEAD = 1 << 16  # bytes of an unreadable file in which an id is looked for
_MOST_GRAMS = 700_000  # bytes; PostgreSQL takes 1 MiB
_ID_LINE = r"""(?m)^['"]?%s['"]?\s*:\s*['"]?(.*)$"""


class Row(Struct):
    """The columns of one file; `updated` is the instant that a list reports. `stem` is the name by
    which links find the file, None where none may lead to it."""

    path: bytes
    folded: bytes
    data: bytes
    etag: str
    modified: int
    kind: int
    admitted: bool
    id: bytes | None = None
    type: str | None = None
    title: str | None = None
    updated: int | None = None
    at: str | None = None
    fields: str | None = None
    keys: str | None = None
    ranks: str | None = None
    names: list[str] | None = None
    grams: list[str] | None = None
    claims: tuple[bytes, ...] = ()
    stem: bytes | None = None
    mentions: tuple[bytes, ...] = ()


class Left(Struct):
    """What the last record of an entity left, as far as a list needs it."""

    etag: str | None = None
    updated: int | None = None
    own: bool = False


def row_of(
    path: str,
    data: bytes,
    *,
    modified: int,
    names: FieldNames,
    places: Places,
) -> Row:
    """Compute the row of a file, without the time that depends on its records."""
    row = Row(
        path=os.fsencode(path),
        folded=os.fsencode(one_name(path)),
        data=data,
        etag=snapshot.etag_of(data),
        modified=modified,
        kind=OTHER,
        admitted=admits(path, places),
        stem=mentions.stem(path),
        mentions=mentions.of_file(path, data),
    )
    if not path.endswith(ENDINGS):
        return row
    try:
        pieces, found, _warnings = snapshot.read_frontmatter(data, path, closely=False)
        given, kind, name = snapshot.identity(found, path, names)
    except NoEntity:
        return row.replace(kind=NOTE, claims=_claims(data[:_HEAD], path, names))
    except InvalidFile:
        return row.replace(kind=BROKEN, claims=_claims(data[:_HEAD], path, names))
    text = as_json(found)
    own = nfc(given)
    title = keys.plain(name) if name is not None else None
    said = jsontext.loads(text)
    values = [*keys.values_in(said), *_own(own, kind, path, row.etag)]
    words, grams = words_of(keys.word(own), name, pieces.body)
    return row.replace(
        kind=ENTITY,
        id=keys.word(own),
        type=keys.plain(kind),
        title=title,
        fields=storable(text),
        keys=as_json(keys.keys_of(values)),
        ranks=as_json(keys.ranks_of(values)),
        names=words,
        grams=grams,
        claims=tuple(sorted({*map(keys.word, aliases(found, pieces.yaml))} - {keys.word(own)})),
        mentions=mentions.of_entity(row.mentions, own, found, names),
    )


def words_of(own: bytes, name: str | None, body: str) -> tuple[list[str], list[str] | None]:
    """Return the grams of the names of an entity, and of names and body."""
    entity_id = own.decode("utf-8", "surrogatepass")
    title = keys.plain(name) if name is not None else ""
    names = sorted(grams_of(f"{keys.plain(entity_id)} {title}"))
    return names, _grams(entity_id, name, body)


def recorded(row: Row, data: dict[str, Any]) -> Row:
    """Return the row with the time that its new record gives it."""
    record = AuditRecord(data=data, digest="")
    left = Left(etag=record.etag_after, updated=record.updated_after, own=True)
    return dated(row, left)


def dated(row: Row, left: Left) -> Row:
    """Return the row with the time that a list reports."""
    if row.kind != ENTITY:
        return row
    holds = left.own and left.etag == row.etag
    updated = snapshot.reported(
        etag=row.etag, modified=row.modified, recorded=left.updated, holds=holds
    )
    return row.replace(updated=updated, at=order.rank(timestamps.render(updated)).hex())


def admits(path: str, places: Places) -> bool:
    """Whether an entity may be at a path, relative to the vault."""
    folder, _slash, name = path.rpartition("/")
    if not name.endswith(ENDINGS) or is_hidden(path) or name in places.exclude_files:
        return False
    parts = folder.split("/") if folder else []
    above = {"", *("/".join(parts[: count + 1]) for count in range(len(parts)))}
    if above & set(places.exclude):
        return False
    return not places.include or not above.isdisjoint(places.include)


def _own(entity_id: str, kind: str, path: str, etag: str) -> Iterator[tuple[str, Any]]:
    for name, value in (("entity_id", entity_id), ("entity_type", kind), ("etag", etag)):
        yield keys.own_name(name), value
    yield keys.own_name("path"), path


def _grams(own: str, name: str | None, body: str) -> list[str] | None:
    """Return the grams of a file; None if there are too many, so that it is always read."""
    found = grams_of(f"{keys.plain(own)} {keys.plain(name or '')}\n{body}")
    if sum(len(one.encode()) + 8 for one in found) > _MOST_GRAMS:
        return None
    return sorted(found)


def _claims(start: bytes, path: str, names: FieldNames) -> tuple[bytes, ...]:
    """Return the names by which a file that can't be read may be meant."""
    found = {nfc(names.id_of(path) if names.id_is_stem else stem(path))}
    text = "" if names.id_is_stem else frontmatter_of(start).decode(errors="replace")
    if names.id in text:
        for match in re.finditer(_ID_LINE % re.escape(names.id), text):
            value = match[1].partition("#")[0].rstrip()
            value = value[:-1] if value.endswith(("'", '"')) else value
            found |= {nfc(value), nfc(unescaped(value))}
    return tuple(sorted(map(keys.word, found)))


def storable(text: str) -> str:
    """Return JSON without half characters, which become escapes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        import json

        return json.dumps(json.loads(text))
    return text
