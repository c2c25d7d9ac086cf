"""Change the text of a schema losslessly, and name its lines."""

from __future__ import annotations

from loop_cli.core.schema import open_fields
from loop_cli.errors import Action, InvalidFile, Sentence
from loop_cli.planning import schema_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.schema.schema import Schema
    from loop_cli.errors import InvalidChange


def say_where(error: InvalidChange, file: str, data: bytes | None, schema: Schema) -> None:
    """Add the line of the schema that would allow a field which the schema does not know.

    `data` are the bytes of the schema's `file`, if it can be read.
    """
    for one in error.details.get("problems", ()):
        if one["problem"] != "unknown_field":
            continue
        kind = str(one.get("entity_type"))
        path, line = _where(file, data, schema, kind)
        one["allowed_by"] = f"{path}:{line}"
        if one.get("nearest"):  # it is probably misspelt
            continue
        lists = f"{path}:{line} lists the fields"
        command = Action("allow_field", entity_type=kind, field=one["field"])
        allows = ("; to allow it: ", command) if open_fields.takes_fields(schema, kind) else ()
        error.hint = error.hint or Sentence(lists, *allows)


def _where(file: str, data: bytes | None, schema: Schema, entity_type: str) -> tuple[str, int]:
    """Return the file and the line that list the fields of a type."""
    from loop_cli.markdown.lines import Lines

    try:
        if data is None:
            return file, 1
        text, first = _text_of(file, data)
    except InvalidFile:
        return file, 1
    path: tuple[str, ...] = ("known_fields", entity_type)
    if entity_type in schema.writable:
        path = ("write_targets", "writable_fields", entity_type)
    return file, max(1, first + Lines(text).of(path))


def _text_of(file: str, data: bytes) -> tuple[str, int]:
    """Return the YAML of a schema file, and the number of lines before it. Raises `InvalidFile`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidFile(file, "is not UTF-8 text") from None
    start = schema_text.start_of(text)
    return text[start:], text.count("\n", 0, start)


def edited(file: str, data: bytes, values: dict[tuple[str, ...], Any]) -> bytes:
    """Return the bytes of a schema file with new values and no other change. Raises
    `InvalidFile`."""
    from loop_cli.markdown import patch, reader

    edits = [patch.Set(path, value) for path, value in values.items()]
    text, before = _text_of(file, data)
    newline = "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"
    try:
        made = patch.patch(text, edits, newline=newline)
    except (patch.PatchError, reader.YamlSyntaxError) as error:
        line = None if error.line is None else error.line + before
        raise InvalidFile(file, f"can't be edited: {error.reason}", line=line) from None
    head = data[: len(data) - len(text.encode())]
    return head + made.encode()
