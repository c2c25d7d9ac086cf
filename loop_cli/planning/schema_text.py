"""The text of a schema, read and built: pure, used by every store."""

from __future__ import annotations

import os

from loop_cli.core.schema import paths
from loop_cli.errors import InvalidFile
from loop_cli.markdown import reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.schema.schema import Schema

START = r"\A((?:[ \t]*(?:#[^\n]*)?\n)*)---[ \t]*\r?\n"  # a file may have a document start
PATH = "00_Meta/schema_constants.yaml"
OWN = ".loop/schema.yaml"
"""The file in a vault that has none at `PATH`."""
"""Where a vault has its own."""
SHIPPED = "the default schema"
_FENCE = "---"


def shipped() -> Schema:
    """Return the default schema."""
    data = shipped_bytes()
    return built(parsed(data, SHIPPED), data, SHIPPED, shipped=True)


def shipped_bytes() -> bytes:
    """Return the default schema as YAML."""
    with open(
        os.path.join(os.path.dirname(os.path.dirname(paths.__file__)), "default_schema.yaml"), "rb"
    ) as file:
        return file.read()


def build(data: bytes, path: str = PATH) -> Schema:
    """Build the schema from the bytes of a vault's own file at `path`. Raises `InvalidFile`."""
    return built(parsed(data, path), data, path, shipped=False)


def start_of(text: str) -> int:
    """Return where the mapping begins: after the start of a document, if there is one."""
    import re

    start = re.match(START, text)
    return 0 if start is None else start.end()


def built(said: dict[str, Any], data: bytes, path: str, *, shipped: bool) -> Schema:
    """Build the schema from what the text says. Raises `InvalidFile`."""
    from loop_cli.core.schema.schema import build

    try:
        return build(said, shipped=shipped)
    except paths.SchemaError as error:
        raise InvalidFile(path, str(error), line=_line_of(data, str(error))) from None


def parsed(data: bytes, path: str) -> dict[str, Any]:
    """Return what the text of the file at `path` says. Raises `InvalidFile`."""
    try:
        text = data.decode("utf-8-sig")
        if _FENCE in text:
            import re

            text = re.sub(START, r"\1\n", text)
        return reader.read(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidFile(path, "is not UTF-8 text", line=line) from None
    except reader.YamlSyntaxError as error:
        raise InvalidFile(path, f"broken YAML: {error.reason}", line=error.line) from None


def _line_of(data: bytes, message: str) -> int | None:
    """Return the line of the key at the beginning of a message, as well as the text allows."""
    lines = [line.strip() for line in data.removeprefix(b"\xef\xbb\xbf").splitlines()]
    number = 0
    for key in message.split(" ", maxsplit=1)[0].encode().split(b"."):
        spellings = tuple(quote + key + quote + b":" for quote in (b"", b'"', b"'"))
        found = (at for at in range(number, len(lines)) if lines[at].startswith(spellings))
        number = next(found, number - 1) + 1
    return number or None
