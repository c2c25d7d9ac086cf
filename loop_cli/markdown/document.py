"""A Markdown file as its frontmatter and body, byte for byte.

Only ``---`` closes a frontmatter, as in Obsidian and python-frontmatter; a ``---``
line inside a block scalar closes it too, as it does for every reader of Markdown.
"""

from __future__ import annotations

from loop_cli.lean.records import Struct

_FENCE = "---"
_MARK = "\ufeff"  # a byte order mark


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


class Document(Struct):
    """The four pieces of a Markdown file; joined they are the file's text again.

    ``head`` is the byte order mark, if any, and the opening fence line; ``yaml`` the text
    between the fences; ``foot`` the closing fence line; ``body`` all that follows.
    """

    head: str
    yaml: str
    foot: str
    body: str

    def __init__(self, head: str, yaml: str, foot: str, body: str) -> None:
        super().__init__(head=head, yaml=yaml, foot=foot, body=body)

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

    def replace(  # type: ignore[override]  # the fences follow from what is between them
        self, *, yaml: str | None = None, body: str | None = None
    ) -> Document:
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
            if _closing(yaml, 0) is not None:
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
    opening = _after_fence(text, len(_MARK) if text.startswith(_MARK) else 0)
    if opening is None:
        raise NoFrontmatter("no frontmatter")
    if not text[:opening].endswith("\n"):
        raise FrontmatterError("frontmatter is not closed")
    closing = _closing(text, opening)
    if closing is None:
        raise FrontmatterError("frontmatter is not closed")
    start, end = closing
    return Document(text[:opening], text[opening:start], text[start:end], text[end:])


def _closing(text: str, start: int) -> tuple[int, int] | None:
    """Where the first fence line from `start` on, which begins a line, begins and ends."""
    at = start
    while True:
        end = _after_fence(text, at)
        if end is not None:
            return at, end
        at = text.find("\n" + _FENCE, at) + 1
        if not at:
            return None


def _after_fence(text: str, at: int) -> int | None:
    """The end of the fence line at `at`, with its newline if it has one; None for no fence."""
    if not text.startswith(_FENCE, at):
        return None
    end = text.find("\n", at)
    line = text[at:] if end < 0 else text[at:end].removesuffix("\r")
    if line.rstrip(" \t") != _FENCE:
        return None
    return len(text) if end < 0 else end + 1
