"""Entities, their revisions, and the preconditions of writers."""

from __future__ import annotations

from loop_cli.errors import UsageError
from loop_cli.lean import jsontext
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from loop_cli.core.query import Condition

OWN = ("entity_id", "entity_type", "path", "updated_at", "etag")
"""The values of an entity besides its fields, by the names that users use in queries."""
_HEAD = "{{" + ", ".join(f'"{name}": {{}}' for name in OWN) + ', "fields": '


def is_template(entity_id: str) -> bool:
    """Whether an id has a placeholder in braces; real entities do not have that."""
    return "{" in entity_id and "}" in entity_id


PLACES_AS_ID = ("@stem", "@path", "@folder-stem")
"""The values of `[fields] id` that are not the name of a field."""
_PAGES = ("index", "_index")  # of page bundles, as in Hugo, Astro and others


class FieldNames(Struct):
    """The frontmatter fields for identity and time (SPEC §2, `[fields]`)."""

    id: str = "entity_id"
    type: str = "entity_type"
    name: str = "entity_name"
    created: str = "created"
    updated: str = "updated"

    @property
    def id_is_stem(self) -> bool:
        """Whether the file's place is the id, and not a field; `id_of` computes it."""
        return self.id in PLACES_AS_ID

    def id_of(self, path: str) -> str:
        """Return the id of a file, if its place is its id.

        That is its name without `.md`, its path, or its name, but for the page of a bundle the name
        of the folder.
        """
        whole = path.removesuffix(".md").removesuffix(".markdown")
        folder, _slash, name = whole.rpartition("/")
        if self.id == "@path":
            return whole
        is_bundle = self.id == "@folder-stem" and name in _PAGES and bool(folder)
        return folder.rpartition("/")[2] if is_bundle else name

    @property
    def type_is_folder(self) -> bool:
        """Whether the file's top folder is the type."""
        return self.type == "@folder"

    def read_only(self) -> frozenset[str]:
        """The fields that no change may name."""
        return frozenset((self.id, self.type, self.created, self.updated))


class Revision(Struct):
    """One state of an entity: the reported `updated_at`, and the etag."""

    updated_at: str
    etag: str


class Precondition(Struct):
    """The revision that a writer has read, or a part of it.

    `own_reading` tells that the program itself read it, to show it to a person or to plan with:
    whoever asked for the change named an id only. `conditions` must hold for the entity as it is
    under the lock.
    """

    expected_updated_at: str | None = None
    if_match: str | None = None
    forced: bool = False
    own_reading: bool = False
    conditions: tuple[Condition, ...] = ()

    @property
    def given(self) -> bool:
        """Whether the writer named a revision, or a condition."""
        named = self.expected_updated_at is not None or self.if_match is not None
        return named or bool(self.conditions)

    @property
    def names_bytes(self) -> bool:
        """Whether the writer named an etag. A time is not enough: files without a record may share
        it."""
        return self.if_match is not None and not self.own_reading


def precondition_of(
    expected: str | None,
    etag: str | None,
    *,
    forced: bool = False,
    names: tuple[str, str] = ("expected_updated_at", "if_match"),
) -> Precondition:
    """What a writer says it has seen; `names` is what it calls the two. Raises `UsageError` where
    one of them is not a timestamp, or not an etag."""
    from loop_cli.core import timestamps  # most commands have no use for it

    if expected is not None and timestamps.parse(expected) is None:
        raise UsageError(
            f"{names[0]}: {expected!r} is not a timestamp",
            hint=f"such as {timestamps.EXAMPLE} or 2026-01-09, as a read reports it",
        )
    if etag is not None and (len(etag) != 16 or etag.strip("0123456789abcdef")):
        raise UsageError(
            f"{names[1]}: {etag!r} is not an etag",
            hint="16 hex digits such as 9f2c51d0a7b3e4f8, as a read reports it",
        )
    return Precondition(expected_updated_at=expected, if_match=etag, forced=forced)


def agreed(given: Iterable[tuple[str, str | None]], *, times: bool = False) -> str | None:
    """The one value that several places, each with its name, have; None where none has one. Raises
    `UsageError` for two that differ: at most one of them can hold. `times` are compared as
    instants."""
    from loop_cli.core import timestamps

    def meant(value: str) -> Any:
        instant = timestamps.parse(value) if times else None
        return value if instant is None else instant

    found = [(place, value) for place, value in given if value is not None]
    for place, value in found[1:]:
        first, other = found[0]
        if meant(value) != meant(other):
            raise UsageError(
                f"{first} is {other!r}, but {place} is {value!r}: at most one of them can hold",
                hint="name the revision that was read, once",
            )
    return found[0][1] if found else None


class EntityFile(Struct):
    """An entity with only the data of its file, without the log. The names are as in `Entity`."""

    id: str
    type: str
    name: str | None
    path: str
    fields: dict[str, Any]
    body: str
    raw: bytes
    etag: str

    @property
    def is_template(self) -> bool:
        """Whether it is a template: its id has a placeholder."""
        return is_template(self.id)


class Entity(Struct):
    """One state of one entity, as read.

    `path` is relative to the vault, with `/`; `fields` are the frontmatter's values in the file's
    order; `raw` are the file's bytes; `warnings` are sentences for the user.
    """

    id: str
    type: str
    name: str | None
    path: str
    fields: dict[str, Any]
    body: str
    raw: bytes
    revision: Revision
    warnings: tuple[str, ...] = ()

    @property
    def has_bytes(self) -> bool:
        """Whether `raw` is there; a server does not send it."""
        return True

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop get` (SPEC §7)."""
        return {
            "entity_id": self.id,
            "entity_type": self.type,
            "path": self.path,
            "updated_at": self.revision.updated_at,
            "etag": self.revision.etag,
            "fields": self.fields,
            "body": self.body,
        }


def is_flat(fields: str) -> bool:
    """Whether the JSON of fields contains no mapping, and no text that looks like one."""
    return "{" not in fields[1:]


def head_of(*own: str) -> str:
    """Return the JSON before the fields, from the values for `OWN`."""
    return _HEAD.format(*map(jsontext.text, own))
