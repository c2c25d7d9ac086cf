"""Take a record back from the bytes of its file, as far as the record tells what was there before.

The result is exact where its etag is the record's `etag_before`. Otherwise it has the old values in
the text of now: nobody kept the old text.
"""

from __future__ import annotations

from loop_cli.core.names import BODY, split_dotted
from loop_cli.core.records.record import is_digest
from loop_cli.lean.records import Struct
from loop_cli.markdown import patch
from loop_cli.markdown.document import split
from loop_cli.planning.snapshot import etag_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from loop_cli.core.records.record import AuditRecord

    Tree = dict[str, bytes]


class Step(Struct):
    """What a record did to the files: the bytes after it by path, None for one that is gone."""

    record: AuditRecord
    after: dict[str, bytes | None]


def rewind(
    tree: Tree, record: AuditRecord, *, updated: str, kept: Callable[[str], bytes | None]
) -> Step:
    """Take a record back from `tree`, in place; return what going forward again does.

    `updated` is the name of the field with the time of the last change.
    """
    path = str(record.metadata.get("path") or "")
    source = record.metadata.get("path_before")
    action = record.data.get("action")
    if not path or record.is_aside:
        return Step(record=record, after={})
    now = tree.get(path)
    if action == "delete":
        data = _kept(record, kept)
        if data is not None and path not in tree:
            tree[path] = data
        return Step(record=record, after={path: None})
    if now is None:
        return Step(record=record, after={})
    if action == "create":
        del tree[path]
        return Step(record=record, after={path: now})
    before = _kept(record, kept) or _before(now, record, updated=updated, kept=kept)
    if isinstance(source, str) and source != path:
        del tree[path]
        tree[source] = before
        return Step(record=record, after={source: None, path: now})
    tree[path] = before
    return Step(record=record, after={path: now})


def _kept(record: AuditRecord, kept: Callable[[str], bytes | None]) -> bytes | None:
    """Return the bytes of the whole file before a record, if they were kept."""
    held = record.metadata.get("kept")
    return kept(str(held.get("sha256"))) if isinstance(held, dict) else None


def _before(
    data: bytes, record: AuditRecord, *, updated: str, kept: Callable[[str], bytes | None]
) -> bytes:
    """Return the bytes with the old values of a record; as they are where that can't be done."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data
    values, body = _old_values(record, kept)
    if record.is_note:
        return data if body is None else body.encode()
    before = record.metadata.get("literal_before") or record.metadata.get("updated_before")
    edits: list[patch.Set | patch.Remove] = [
        patch.Remove(name) if value is None else patch.Set(name, value[0])
        for name, value in values.items()
    ]
    timed = [patch.Set((updated,), before)] if isinstance(before, str) else []
    try:
        found = _edited(text, [*edits, *timed], body)
        if etag_of(found) != record.etag_before:  # its time may have been that of the file
            timeless = _edited(text, [*edits, patch.Remove((updated,))], body)
            found = timeless if etag_of(timeless) == record.etag_before else found
    except ValueError:
        return data
    return found


def _edited(text: str, edits: list[patch.Set | patch.Remove], body: str | None) -> bytes:
    """Return a text with other values, and another body if one is given. Raises ValueError."""
    pieces = split(text)
    yaml = patch.patch(pieces.yaml, edits, newline=pieces.newline)
    changed = pieces.replace(yaml=yaml)
    return (changed if body is None else changed.replace(body=body)).text.encode()


def _old_values(
    record: AuditRecord, kept: Callable[[str], bytes | None]
) -> tuple[Mapping[tuple[str, ...], tuple[Any] | None], str | None]:
    """Return the old values by path, None for a field that was not there; and the old body."""
    values: dict[tuple[str, ...], tuple[Any] | None] = {}
    body: str | None = None
    for name, entry in record.diff.items():
        if entry.get("added"):
            values[split_dotted(name)] = None
            continue
        if "old" not in entry:
            continue
        old = entry["old"]
        if is_digest(old):
            held = kept(str(old["sha256"]))
            if held is None:
                continue
            old = held.decode(errors="replace")
            if name in record.kept_as_json:
                continue
        if name == BODY:
            body = str(old)
        else:
            values[split_dotted(name)] = (old,)
    return values, body
