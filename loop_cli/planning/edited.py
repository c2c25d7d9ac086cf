"""The text of an entity as somebody has edited it: what it asks for, and how it is laid out."""

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

    from loop_cli.core.entity import Entity, FieldNames
    from loop_cli.core.store import CommitResult


def edits_of(opened: Entity, data: bytes) -> Edits:
    """What is to be done so that the entity, which was `opened`, becomes these bytes.

    Raises `InvalidFile`, with the line of the text, where it can't be read as an entity or
    has a key twice that was there once.
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
    """What a change would make of an entity, with its `updated` still as it is."""
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
    """The document with the layout and with `fields`; the document itself where that is no
    other layout than it has, or where the two do not go together.

    Raises `patch.PatchError` where the layout was made for this document and can't be read.
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
    """Whether setting the values in the document, without any layout, gives the same text."""
    try:
        return _head(found) == _head(_with_values(document, fields))
    except patch.PatchError:  # a key that is there twice, and in what was found no longer
        return False


def _with_values(document: Document, fields: dict[str, Any]) -> Document:
    """The document so that it reads as `fields`. Raises ValueError where it can't be so."""
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
