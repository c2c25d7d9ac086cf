"""A Markdown file as its frontmatter and body, byte for byte.

Only ``---`` closes a frontmatter, as in Obsidian and python-frontmatter; a ``---``
line inside a block scalar closes it too, as it does for every reader of Markdown.
"""

from __future__ import annotations

import re

_OPENING = re.compile(r"\ufeff?---[ \t]*\r?\n")
_CLOSING = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_ONLY_FENCE = re.compile(r"\ufeff?---[ \t]*\Z")


class FrontmatterError(ValueError):
    """The text has no frontmatter that could be split off.

    ``line`` is 1-based in the file, ``reason`` says what is missing.
    """

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class NoFrontmatter(FrontmatterError):
    """The text does not begin with one, as notes need not."""


class Document:
    """The four pieces of a Markdown file; joined they are the file's text again.

    ``head`` is the byte order mark, if any, and the opening fence line; ``yaml`` the text
    between the fences; ``foot`` the closing fence line; ``body`` all that follows.
    """

    __slots__ = ("body", "foot", "head", "yaml")
    head: str
    yaml: str
    foot: str
    body: str

    def __init__(self, head: str, yaml: str, foot: str, body: str) -> None:
        for name, piece in (("head", head), ("yaml", yaml), ("foot", foot), ("body", body)):
            object.__setattr__(self, name, piece)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Document is immutable: {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Document is immutable: {name}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Document):
            return NotImplemented
        return self._pieces == other._pieces

    def __hash__(self) -> int:
        return hash(self._pieces)

    def __repr__(self) -> str:
        return "Document(head={!r}, yaml={!r}, foot={!r}, body={!r})".format(*self._pieces)

    @property
    def _pieces(self) -> tuple[str, str, str, str]:
        return self.head, self.yaml, self.foot, self.body

    @property
    def text(self) -> str:
        """The whole file's text."""
        return self.head + self.yaml + self.foot + self.body

    @property
    def newline(self) -> str:
        """The line ending most frontmatter lines have: ``"\\n"`` or ``"\\r\\n"``."""
        lines = self.yaml or self.head
        return "\r\n" if 2 * lines.count("\r\n") > lines.count("\n") else "\n"

    @property
    def yaml_line(self) -> int:
        """The 1-based line of the file on which ``yaml`` begins."""
        return self.head.count("\n") + 1

    def replace(self, *, yaml: str | None = None, body: str | None = None) -> Document:
        """The same document with another ``yaml``, ``body`` or both.

        A ``yaml`` that lacks its last newline gets one, since the closing fence follows; a
        closing fence that lacks its newline gets one where a ``body`` follows.
        Raises ValueError if a line of ``yaml`` would be taken for the closing fence.
        """
        if yaml is None:
            yaml = self.yaml
        else:
            if yaml and not yaml.endswith("\n"):
                yaml += self.newline
            if _CLOSING.search(yaml, 0):
                raise ValueError("a line of the YAML text would close the frontmatter")
        if body is None:
            body = self.body
        unended = bool(body) and not self.foot.endswith("\n")
        foot = self.foot + self.newline if unended else self.foot
        return Document(self.head, yaml, foot, body)


def split(text: str) -> Document:
    """Split a file's text, decoded from UTF-8 with its newlines untouched.

    Raises FrontmatterError if the first line is not ``---`` (blanks may follow it) or no
    later line is.
    """
    opening = _OPENING.match(text)
    if opening is None:
        if _ONLY_FENCE.match(text) is None:
            raise NoFrontmatter("no frontmatter")
        raise FrontmatterError("frontmatter is not closed")
    start = opening.end()
    closing = _CLOSING.search(text, start)
    if closing is None:
        raise FrontmatterError("frontmatter is not closed")
    end = closing.end()
    return Document(
        text[:start], text[start : closing.start()], text[closing.start() : end], text[end:]
    )
