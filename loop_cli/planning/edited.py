"""Compare the edited text of an entity with the old one: the changes, and the new layout."""

from __future__ import annotations

import re

from loop_cli.core.changes import BodyChange, Edits, Layout, changes_of
from loop_cli.core.diff import diff_fields
from loop_cli.core.merge import merge
from loop_cli.errors import InvalidFile
from loop_cli.markdown import patch, reader
from loop_cli.markdown.document import Document, split, split_any
from loop_cli.planning.snapshot import read_frontmatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.commits import CommitResult
    from loop_cli.core.entity import Entity, FieldNames


def edits_of(opened: Entity, data: bytes) -> Edits:
    """Return the edits that turn the `opened` entity into these bytes.

    Raises `InvalidFile` with the line of the text, if it can't be read as an entity, or if it
    repeats a key that was there once.
    """
    before = split_any(opened.raw.decode())
    pieces, fields, _warnings = read_frontmatter(data, opened.path, notes=not before.foot)
    _refuse_duplicates(pieces, before, opened.path)
    head, base = _head(pieces), _head(before)
    return Edits(
        changes=changes_of(diff_fields(opened.fields, fields)),
        body=None if pieces.body == opened.body else BodyChange(text=pieces.body, exact=True),
        layout=None if head == base else Layout(text=head, base=base),
    )


def not_yet(done: CommitResult, names: FieldNames) -> Document:
    """Return the entity after a change, but with its old `updated`."""
    before, after = split_any(done.before.raw.decode()), split_any(done.after.raw.decode())
    line = re.compile(rf"^{re.escape(names.updated)}:[^\n]*\n", re.MULTILINE)
    own, new = line.findall(before.yaml), line.findall(after.yaml)
    if len(own) == len(new) == 1:
        return after.replace(yaml=after.yaml.replace(new[0], own[0], 1))
    fields = {**done.after.fields}
    fields.pop(names.updated, None)
    if names.updated in done.before.fields:
        fields[names.updated] = done.before.fields[names.updated]
    return _with_values(after, fields)


def laid_out(document: Document, layout: Layout, fields: dict[str, Any]) -> Document:
    """Return the document with the new layout and with `fields`.

    Returns the document itself if its layout is not different, or if the layout and the fields do
    not fit together. Raises `patch.PatchError` if the layout was made for this document and can't
    be read.
    """
    now = _head(document)
    try:
        pieces = split(merge(layout.base, now, layout.text).taking("mine"))
        found = _with_values(pieces, fields)
    except ValueError:
        if layout.base == now:
            raise
        return document
    twice = {*reader.duplicate_keys(found.yaml)} - {*reader.duplicate_keys(document.yaml)}
    if pieces.body or (twice and layout.base != now) or _is_plain(found, document, fields):
        return document
    return Document(found.head, found.yaml, found.foot, document.body)


def _is_plain(found: Document, document: Document, fields: dict[str, Any]) -> bool:
    """Whether setting the values, without the layout, gives the same text."""
    try:
        return _head(found) == _head(_with_values(document, fields))
    except patch.PatchError:  # a key that occurred twice, and now does not
        return False


def _with_values(document: Document, fields: dict[str, Any]) -> Document:
    """Change the document so that it reads as `fields`. Raises ValueError if that is impossible."""
    edits = [
        patch.Remove(change.path)
        if change.operation == "unset"
        else patch.Set(change.path, change.value)
        for change in changes_of(diff_fields(reader.read(document.yaml), fields))
    ]
    return document.replace(yaml=patch.patch(document.yaml, edits, newline=document.newline))


def _head(document: Document) -> str:
    return document.head + document.yaml + document.foot


def _refuse_duplicates(pieces: Document, before: Document, path: str) -> None:
    known = reader.duplicate_keys(before.yaml)
    for key, lines in reader.duplicate_keys(pieces.yaml).items():
        if len(lines) > max(1, len(known.get(key, ()))):
            where = [pieces.yaml_line + line - 1 for line in lines]
            listed = " and ".join(map(str, where))
            raise InvalidFile(path, f"{key} is there twice (lines {listed})", line=where[-1])
