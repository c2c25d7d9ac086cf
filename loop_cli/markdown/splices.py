"""Collect splices, and apply them to a text."""

from __future__ import annotations

from loop_cli.lean.plain import key_text
from loop_cli.markdown.limits import PatchError
from loop_cli.markdown.source import UNSURE, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.markdown.writer import Writer


class Splices:
    """Collects splices (start, end, text), in bytes, and the values that they write, by path."""

    def __init__(self, source: Source, writer: Writer) -> None:
        self.source = source
        self.writer = writer
        self.splices: list[tuple[int, int, bytes]] = []
        self.written: list[tuple[tuple[Any, ...], Any]] = []

    def splice(self, start: int, end: int, text: str | bytes) -> None:
        self.splices.append((start, end, text.encode() if isinstance(text, str) else text))

    def wrote(self, path: tuple[Any, ...], value: Any) -> None:
        self.written.append((path, value))

    def error(self, reason: str, path: tuple[Any, ...], at: int | None = None) -> PatchError:
        line = None if at is None else self.source.line_number(at)
        return PatchError(reason, tuple(key_text(part) for part in path), line)

    def result(self) -> bytes:
        """Return the text with all splices made. Raises PatchError if two of them overlap."""
        data, position, pieces = self.source.data, 0, list[bytes]()
        for start, end, text in sorted(self.splices, key=lambda splice: splice[:2]):
            if start < position:
                raise PatchError(UNSURE)
            pieces += (data[position:start], text)
            position = end
        return b"".join((*pieces, data[position:]))
