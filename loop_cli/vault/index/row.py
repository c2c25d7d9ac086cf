"""A listed entity from its cached line; the line is parsed only if more is needed."""

from __future__ import annotations

import os

from loop_cli.core import timestamps
from loop_cli.core.entity import OWN, Revision
from loop_cli.core.listed import Listed
from loop_cli.lean import jsontext
from loop_cli.planning.snapshot import called
from loop_cli.vault.files.walk import joined
from loop_cli.vault.index.refresh import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The texts in a line before its values; no value contains them, because quotes in values are
# escaped.
_UPDATED, _ETAG, _FIELDS = b', "updated_at": "', b', "etag": "', b', "fields": '
_INSTANT = len(timestamps.EXAMPLE)


class Row(Listed):
    """An entity with its line; the line is parsed if another value is needed."""

    def __init__(self, line: bytes, flat: int, name_field: str) -> None:
        self.__dict__["_kept"] = (line, flat, name_field)

    @property
    def json(self) -> bytes:
        return self.__dict__["_kept"][0]  # type: ignore[no-any-return]

    @property
    def flat(self) -> bool:
        return bool(self.__dict__["_kept"][1])

    @property
    def etag(self) -> str:
        line = self.json
        at = line.index(_ETAG) + len(_ETAG)
        return line[at : line.index(b'"', at)].decode()

    def dated(self, updated_at: str) -> Row:
        line = self.json
        at = line.index(_UPDATED) + len(_UPDATED)
        dated = b"".join((line[:at], updated_at.encode(), line[at + _INSTANT :]))
        return Row(dated, *self.__dict__["_kept"][1:])

    def __getattr__(self, name: str) -> Any:
        """Parse the line for a value that was not needed yet."""
        if name not in self._fields:
            raise AttributeError(name)
        line = self.json
        at = line.index(_FIELDS)
        self.__dict__["fields"] = fields = line[at + len(_FIELDS) : -1].decode()
        if name != "fields":
            own = jsontext.loads(line[:at] + b"}")
            entity_id, kind, path, updated_at, etag = (own[one] for one in OWN)
            title = jsontext.loads(fields).get(self.__dict__["_kept"][2])
            self.__dict__.update(
                id=entity_id,
                type=kind,
                name=None if (name_now := called(title)) is None else whole(name_now),
                path=path,
                revision=Revision(updated_at=updated_at, etag=etag),
            )
        return self.__dict__[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and (self.json, self.name) == (other.json, other.name)

    def __hash__(self) -> int:
        return hash(self.json)


def without_line(
    entity_id: bytes,
    entity_type: str,
    title: str | None,
    place: tuple[bytes, bytes],
    etag: str,
    fields: str,
) -> Listed:
    """Make an entity whose line is not in the cache, still without its time."""
    folder, name = place
    return Listed(
        id=text_of(entity_id),
        type=entity_type,
        name=title,
        path=joined(os.fsdecode(folder), os.fsdecode(name)),
        revision=Revision(updated_at="", etag=etag),
        fields=fields,
    )


def text_of(data: bytes) -> str:
    """Return the text of an id as the cache stores it."""
    return data.decode("utf-8", "surrogatepass")
