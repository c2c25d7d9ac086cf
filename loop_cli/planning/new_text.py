"""The new text of an entity: put the values of a change into the current text."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.diff import MISSING, value_at
from loop_cli.core.entity import Revision
from loop_cli.core.names import BODY, join_dotted
from loop_cli.errors import Action, InvalidChange, InvalidFile
from loop_cli.lean.plain import same
from loop_cli.markdown import patch, reader
from loop_cli.markdown.document import split, split_any
from loop_cli.planning.snapshot import MAX_FILE_BYTES, etag_of, name_of, parse_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.changes import BodyChange, Layout
    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity, FieldNames
    from loop_cli.core.intent import Intent
    from loop_cli.markdown.document import Document
    from loop_cli.planning.snapshot import Snapshot

    Spelled = Callable[[str, Any], dict[str, dict[str, str]]]


def new_body(snapshot: Snapshot, change: BodyChange | None) -> str:
    """Return the body after a change replaces it or appends to it."""
    body = snapshot.entity.body
    if change is None:
        return body
    if change.exact or not change.text:
        return change.text if not change.append else body
    newline = _newline(body) or snapshot.document.newline
    text = change.text.replace("\r\n", "\n")
    if change.append:
        if body and not body.endswith("\n"):
            body += newline
        return body + text.replace("\n", newline)
    if text == body.replace("\r\n", "\n"):
        return body
    _refuse_frontmatter(snapshot.entity, text)
    return text.replace("\n", newline)


def _newline(body: str) -> str:
    """Return the line ending of most lines of a body; empty if it has one line."""
    lines = body.count("\n")
    return "" if not lines else "\r\n" if 2 * body.count("\r\n") > lines else "\n"


def _refuse_frontmatter(entity: Entity, text: str) -> None:
    """Raise if a new body is a whole file: the file would have the frontmatter twice."""
    if not text.startswith(("---", "\ufeff---")):
        return
    try:
        fields = reader.read(split(text).yaml)
    except ValueError:
        return
    shared = [name for name in fields if name in entity.fields]
    if not shared:
        return
    words = f"begins with frontmatter ({shared[0]}, ...), which the file has already"
    problem = {"field": BODY, "problem": "frontmatter", "message": words}
    raise InvalidChange(
        f"{entity.id}: the body {words}",
        entity_id=entity.id,
        problems=[problem],
        hint=Action("edit_whole", entity_id=entity.id),
    )


def other_digits(snapshot: Snapshot, intent: Intent) -> tuple[Diff, Spelled]:
    """What is the same number and shall be written otherwise: `1.10` for 1.1; and what tells how
    old values are written, as `Snapshot.written` and these too."""
    found: Diff = {}
    old: dict[str, dict[str, str]] = {}
    for path, token in intent.written:
        depth = next((at for at, part in enumerate(path) if isinstance(part, int)), len(path))
        names = tuple(map(str, path[:depth]))
        value = value_at(intent.fields, names)
        if not token or not same(value_at(snapshot.entity.fields, names), value):
            continue
        from loop_cli.markdown import spelling

        there = spelling.token_at(snapshot.document.yaml, path)
        if there not in (token, None):
            name = join_dotted(names)
            found[name] = {"old": value, "new": value}
            old.setdefault(name, {})[join_dotted(map(str, path[depth:]))] = str(there)

    def written(name: str, value: Any) -> dict[str, dict[str, str]]:
        return {name: old[name]} if name in old else snapshot.written(name, value)

    return found, written


def laid_out(snapshot: Snapshot, layout: Layout | None, intent: Intent) -> Document:
    """Return the document with a new layout, if there is one, and the new values.

    Returns the same document if its layout does not change.
    """
    document = snapshot.document
    if layout is None:
        return document
    from loop_cli.planning import edited

    try:
        return edited.laid_out(document, layout, intent.fields)
    except patch.PatchError as error:
        raise _can_not(snapshot, document, error) from None


def after(
    snapshot: Snapshot,
    document: Document,
    intent: Intent,
    body: str,
    updated: int,
    names: FieldNames,
) -> tuple[Entity, Document]:
    """Return the entity with the new values, and the pieces of its file.

    Raises `InvalidFile` if they can't be written without changing something else.
    """
    rendered = timestamps.render(updated)
    fields = {**intent.fields, names.updated: rendered}
    data, made = _new_bytes(snapshot, document, intent, fields, body, names)
    after = snapshot.entity.replace(
        fields=fields,
        name=name_of(intent.fields, names),
        body=body,
        raw=data,
        revision=Revision(updated_at=rendered, etag=etag_of(data)),
    )
    return after, made


def without_frontmatter(
    entity: Entity, document: Document, names: FieldNames, *, etag: str | None
) -> tuple[Entity, Document]:
    """Return a note without its frontmatter, if that has only the time of the last change and the
    `etag` tells that the note had none; else the same entity."""
    if entity.fields.keys() != {names.updated}:
        return entity, document
    bare = split_any(document.head.partition("---")[0] + document.body)
    data = bare.text.encode()
    known = etag_of(data)
    if known != etag or bare.foot:
        return entity, document
    revision = entity.revision.replace(etag=known)
    return entity.replace(fields={}, raw=data, revision=revision), bare


def note(snapshot: Snapshot, text: str, updated: int, names: FieldNames) -> tuple[Entity, Document]:
    """Do the same for a file that is not an entity. Raises `InvalidFile` if it would become one."""
    data = text.encode()
    made = parse_note(data, snapshot.entity.path, names).document
    revision = Revision(updated_at=timestamps.render(updated), etag=etag_of(data))
    return snapshot.entity.replace(body=text, raw=data, revision=revision), made


def _new_bytes(
    snapshot: Snapshot,
    document: Document,
    intent: Intent,
    fields: dict[str, Any],
    body: str,
    names: FieldNames,
) -> tuple[bytes, Document]:
    edits: list[patch.Set | patch.Remove] = []
    if document is snapshot.document:
        edits = [
            patch.Remove(path) if value is MISSING else patch.Set(path, value)
            for path, value in intent.edits
        ]
    edits.append(patch.Set((names.updated,), fields[names.updated]))
    try:
        yaml = document.yaml
        for path, value in intent.rewrites:
            yaml = patch.rewrite(yaml, path, value, newline=document.newline)
        known = yaml is snapshot.document.yaml
        old = snapshot.entity.fields if known else reader.read(yaml)
        yaml, read = patch.patched(yaml, old, edits, newline=document.newline)
        if intent.written:
            from loop_cli.markdown import spelling

            yaml = spelling.respelled(yaml, dict(intent.written))
    except patch.PatchError as error:
        raise _can_not(snapshot, document, error) from None
    made = document.replace(yaml=yaml, body=body)
    text = made.text
    data = text.encode()
    if len(data) > MAX_FILE_BYTES:
        size = f"{len(data):,} bytes; loop reads entities of up to {MAX_FILE_BYTES:,}"
        raise InvalidFile(snapshot.entity.path, f"would become too large: {size}")
    if not (same(read, fields) and _is_split_into(text, made)):
        reason = "could not be written without changing something else"
        raise InvalidFile(snapshot.entity.path, reason)
    return data, made


def _can_not(snapshot: Snapshot, document: Document, error: patch.PatchError) -> InvalidFile:
    line = None if error.line is None else document.yaml_line + error.line - 1
    what = f"{join_dotted(error.path)}: {error.reason}" if error.path else error.reason
    return InvalidFile(snapshot.entity.path, what, line=line)


def _is_split_into(text: str, made: Document) -> bool:
    """Whether the text of a file consists of exactly this frontmatter and this body."""
    try:
        return split(text) == made
    except ValueError:
        return False
