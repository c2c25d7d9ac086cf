"""Read the bytes of a file as an entity, and compute its revision."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.entity import Entity, EntityFile, FieldNames, Revision, is_template
from loop_cli.core.names import BODY, join_dotted, split_dotted
from loop_cli.errors import InvalidFile, NoEntity
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.records import Struct
from loop_cli.markdown import document, reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.records.record import History
    from loop_cli.markdown.document import Document

MARKER = "<<<<<<< "
"""The beginning of the first side of a merge conflict in git."""
MAX_FILE_BYTES = 32 * 1024 * 1024
NOTE = "Note"
"""The type of a file without a type: it is not an entity, or is in no folder."""


class Parsed(Struct):
    """A file that is an entity, before its history is known."""

    id: str
    type: str
    name: str | None
    path: str
    data: bytes
    document: Document
    fields: dict[str, Any]
    warnings: tuple[str, ...]
    known_etag: str | None = None  # the written text

    @property
    def etag(self) -> str:
        """The etag of its bytes."""
        return self.known_etag or etag_of(self.data)

    @property
    def file(self) -> EntityFile:
        """The same without the document."""
        return EntityFile(
            id=self.id,
            type=self.type,
            name=self.name,
            path=self.path,
            fields=self.fields,
            body=self.document.body,
            raw=self.data,
            etag=self.etag,
        )


class Snapshot(Struct):
    """One state of an entity, as a store compares it.

    `literal` is the instant of the file's own `updated`. `stand_in` means that `updated_at` is not
    that instant. `edited_outside` means that the last record left other bytes.
    """

    entity: Entity
    document: Document
    history: History
    literal: int | None
    stand_in: bool
    edited_outside: bool

    def written(self, name: str, value: Any) -> dict[str, dict[str, str]]:
        """How a value stands in the file, under its name in diffs: by places within it, empty for
        the whole. Nothing where the value itself tells it."""
        from loop_cli.markdown import patch, scalars  # a reader has no use for them

        yaml, path = self.document.yaml, split_dotted(name)
        if name == BODY or _is_bare(value, yaml):
            return {}
        if len(path) == 1 and not isinstance(value, dict | list):
            token = patch.token_on_line(yaml, path[0], value)
            if token is not None:
                return {name: {"": token}} if token != scalars.emit(value) else {}
        from loop_cli.markdown import spelling

        found = spelling.spelled(yaml, path, value)
        places = {join_dotted(map(str, at[len(path) :])): token for at, token in found.items()}
        return {name: places} if places else {}


def etag_of(data: bytes) -> str:
    """The first 16 hex digits of the SHA-256 (SPEC §1)."""
    return sha256_hex(data)[:16]


def _is_bare(value: Any, yaml_text: str) -> bool:
    """Whether a value is a text that is written as it is, without quotes, as far as can be told
    without reading the YAML text."""
    from loop_cli.markdown.scalars import is_plain  # a reader has no use for it

    if not isinstance(value, str) or not is_plain(value):
        return False
    return f'"{value}"' not in yaml_text and f"'{value}'" not in yaml_text


def parse(
    data: bytes, path: str, names: FieldNames, *, closely: bool = True, notes: bool = False
) -> Parsed:
    """Parse the bytes of the file at `path` (relative, `/`). Raises `InvalidFile`.

    Without `closely` there are no warnings. With `notes`, a file without frontmatter counts as one
    without fields: if its name is its id, it can get its first field.
    """
    try:
        pieces, fields, warnings = read_frontmatter(data, path, closely=closely, notes=notes)
    except InvalidFile as error:
        error.data = data
        raise
    entity_id, entity_type, name = identity(fields, path, names)
    return Parsed(
        id=entity_id,
        type=entity_type,
        name=name,
        path=path,
        data=data,
        document=pieces,
        fields=fields,
        warnings=warnings,
    )


def parse_note(data: bytes, path: str, names: FieldNames) -> Parsed:
    """Parse a file that is not an entity, or a template: its id is its path, its body the text.

    Raises `InvalidFile`, also for an entity.
    """
    text = text_of(data, path)
    try:
        is_entity = not is_template(parse(data, path, names, closely=False).id)
    except InvalidFile:
        is_entity = False
    if is_entity:
        raise InvalidFile(path, "is an entity, not a note")
    return Parsed(
        id=path,
        type=NOTE,
        name=None,
        path=path,
        data=data,
        document=document.Document("", "", "", text),
        fields={},
        warnings=(),
    )


def identity(
    fields: Mapping[str, Any], path: str, names: FieldNames
) -> tuple[str, str, str | None]:
    """Return the id, type and name in an entity's fields. Raises `NoEntity`."""
    entity_id = names.id_of(path) if names.id_is_stem else _text(fields.get(names.id))
    entity_type = _top_folder(path) if names.type_is_folder else _text(fields.get(names.type))
    if entity_type is None and names.id_is_stem:
        entity_type = NOTE
    if not entity_id or not entity_type:
        field = names.type if entity_id else names.id
        raise NoEntity(path, f"is not an entity: it has no {field}", line=1)
    return entity_id, entity_type, name_of(fields, names)


def name_of(fields: Mapping[str, Any], names: FieldNames) -> str | None:
    """Return an entity's name. If it is a number, as of a novel, the name is its digits."""
    name = fields.get(names.name)
    return name if isinstance(name, str) else called(name)


def called(name: Any) -> str | None:
    """Return the text of a name; None if it is not one."""
    return _text(name)


def read_frontmatter(
    data: bytes, path: str, *, closely: bool = True, notes: bool = False
) -> tuple[Document, dict[str, Any], tuple[str, ...]]:
    """Return the pieces of a file, its fields, and warnings; `notes` is as in `parse`.

    Raises `InvalidFile`.
    """
    text = text_of(data, path)
    try:
        if notes:
            _refuse_other_frontmatter(path, text)
        pieces = document.split_any(text) if notes else document.split(text)
        fields = reader.read(pieces.yaml)
        duplicates = reader.duplicate_keys(pieces.yaml, fields) if closely else {}
    except document.NoFrontmatter as error:
        if text.startswith(MARKER):
            raise _conflicting(path, text) from None
        raise NoEntity(path, error.reason, line=error.line) from None
    except document.FrontmatterError as error:
        raise InvalidFile(path, error.reason, line=error.line) from None
    except reader.YamlSyntaxError as error:
        if f"\n{MARKER}" in pieces.head + pieces.yaml:
            raise _conflicting(path, text) from None
        line = pieces.yaml_line + error.line - 1
        raise InvalidFile(path, f"broken YAML: {error.reason}", line=line) from None
    warnings = tuple(
        f"{path}: {key} is there {len(lines)} times (lines "
        f"{', '.join(str(pieces.yaml_line + line - 1) for line in lines)}); the last one counts"
        for key, lines in duplicates.items()
    )
    return pieces, fields, warnings


def text_of(data: bytes, path: str) -> str:
    """Return the text of a file. Raises `InvalidFile` if it is too large, or not text."""
    if len(data) > MAX_FILE_BYTES:
        size = f"{len(data):,} bytes; loop reads entities of up to {MAX_FILE_BYTES:,}"
        raise InvalidFile(path, f"is too large: {size}")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidFile(path, "is not UTF-8 text", line=line) from None


def _refuse_other_frontmatter(path: str, text: str) -> None:
    """Raise for frontmatter in another language: one in YAML above it would make it body."""
    text = text.removeprefix("\ufeff")
    if text[:1].isspace() and text.lstrip().startswith("---"):
        _refuse_displaced_frontmatter(path, text)
    if text.startswith("+++") and "\n+++" in text and not text[3:].partition("\n")[0].strip():
        language = "TOML (+++)"
    elif text.startswith("{") and text[1:].lstrip().startswith(('"', "}")):
        language = "JSON"
    else:
        return
    error = InvalidFile(path, f"has frontmatter in {language}; loop reads YAML (---)", line=1)
    error.hint = "Hugo: 'hugo convert toYAML' rewrites a site's; else edit the file itself"
    raise error


def _refuse_displaced_frontmatter(path: str, text: str) -> None:
    """Raise for frontmatter that no reader takes for one, since something is above it."""
    found = text.lstrip()
    try:
        fields = reader.read(document.split(found).yaml)
    except (document.FrontmatterError, reader.YamlSyntaxError):
        return
    if not fields:
        return
    line = text.count("\n", 0, len(text) - len(found)) + 1
    above = "a blank line above" if line > 1 else "blanks before"
    error = InvalidFile(path, f"has {above} its frontmatter, so it is none", line=line)
    error.hint = "take that out; '---' has to be the first line of the file"
    raise error


def _conflicting(path: str, text: str) -> InvalidFile:
    """Whether git left both sides of a merge in a file."""
    line = text.count("\n", 0, ("\n" + text).index(f"\n{MARKER}")) + 1
    error = InvalidFile(path, "has git's conflict markers (<<<<<<<, =======, >>>>>>>)", line=line)
    error.hint = "keep one side of each, remove the markers, then go on: git add FILE, git commit"
    return error


def observe(parsed: Parsed, *, modified: int, history: History, names: FieldNames) -> Snapshot:
    """Make the snapshot of a file modified at `modified` (microseconds), given its records.

    This departs from the letter of SPEC §3: if loop's protocol wrote the last record, and it left
    these bytes, `updated_at` comes from the record, not from the file's `updated`. Other programs
    and an undo may leave `updated` unchanged, so two states could share it.
    """
    etag = parsed.etag
    last = history.last
    own = parsed.fields.get(names.updated)
    literal = timestamps.parse(own) if isinstance(own, str) else None
    recorded = last is not None and last.etag_after == etag
    updated_at = reported(
        etag=etag,
        modified=modified,
        recorded=None if last is None else last.updated_after,
        holds=last is not None and recorded and last.is_own,
    )
    return Snapshot(
        entity=Entity(
            id=parsed.id,
            type=parsed.type,
            name=parsed.name,
            path=parsed.path,
            fields=parsed.fields,
            body=parsed.document.body,
            raw=parsed.data,
            revision=Revision(updated_at=timestamps.render(updated_at), etag=etag),
            warnings=parsed.warnings,
        ),
        document=parsed.document,
        history=history,
        literal=literal,
        stand_in=updated_at != literal,
        edited_outside=last is not None and not recorded,
    )


def reported(*, etag: str, modified: int, recorded: int | None, holds: bool) -> int:
    """Return the `updated_at` of a file as an instant.

    It is the recorded one if loop's protocol wrote the last record and it still `holds`; otherwise
    a stand-in.
    """
    if holds and recorded is not None:
        return recorded
    return timestamps.stand_in(modified=modified, recorded=recorded, etag=etag)


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _top_folder(path: str) -> str:
    return path.partition("/")[0] if "/" in path else NOTE
