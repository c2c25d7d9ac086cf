"""A Markdown file as its frontmatter and body, byte for byte.

``---`` closes a frontmatter, and ``...`` as in Pandoc and Jekyll, whichever comes first; a ``---``
line inside a block scalar closes it too, as it does for every reader of Markdown. A text that
begins with ``---`` and has no such line is plain text with a rule at its top.
"""

from __future__ import annotations

from loop_cli.lean.records import Struct

_FENCE = "---"
_DOTS = "..."
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
    """The text does not begin with frontmatter; notes need none."""


class Document(Struct):
    """The four pieces of a Markdown file; joined they are the text of the file.

    ``head`` is the byte order mark, if any, and the opening fence line; ``yaml`` the text between
    the fences; ``foot`` the closing fence line; ``body`` everything after it.
    """

    head: str
    yaml: str
    foot: str
    body: str

    def __init__(self, head: str, yaml: str, foot: str, body: str) -> None:
        super().__init__(head=head, yaml=yaml, foot=foot, body=body)

    @property
    def text(self) -> str:
        """The text of the whole file."""
        return self.head + self.yaml + self.foot + self.body

    @property
    def newline(self) -> str:
        r"""The line ending of most frontmatter lines: ``"\n"`` or ``"\r\n"``."""
        lines = self.yaml or self.head.removeprefix(_MARK) or self.body
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
        closing fence that lacks its newline gets one where a ``body`` follows. A text without
        frontmatter gets one with its first ``yaml``.
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
        head, foot = self.head, self.foot
        if yaml and not foot:
            head, foot = head + _FENCE + self.newline, _FENCE + self.newline
        unended = bool(body) and bool(foot) and not foot.endswith("\n")
        return Document(head, yaml, foot + self.newline if unended else foot, body)


def split(text: str) -> Document:
    """Split a file's text, decoded from UTF-8 with its newlines untouched.

    Raises NoFrontmatter if the first line is not ``---`` (blanks may follow it) or no later line
    closes it.
    """
    opening = _after_fence(text, len(_MARK) if text.startswith(_MARK) else 0)
    if opening is None:
        raise NoFrontmatter("no frontmatter")
    closing = _closing(text, opening) if text[:opening].endswith("\n") else None
    if closing is None:
        raise NoFrontmatter("frontmatter is not closed")
    start, end = closing
    return Document(text[:opening], text[opening:start], text[start:end], text[end:])


def split_any(text: str) -> Document:
    """Split like ``split``; a text without frontmatter is all body."""
    try:
        return split(text)
    except NoFrontmatter:
        mark = _MARK if text.startswith(_MARK) else ""
        return Document(mark, "", "", text.removeprefix(_MARK))


def _closing(text: str, start: int) -> tuple[int, int] | None:
    """Return the start and end of the first closing line after `start`, the start of a line."""
    fence = _first(text, start, len(text), _FENCE)
    before = len(text) if fence is None else fence[0]
    if text.find(_DOTS, start, before) < 0:  # the usual case
        return fence
    return _first(text, start, before, _DOTS) or fence


def _first(text: str, start: int, before: int, mark: str) -> tuple[int, int] | None:
    at = start
    while True:
        end = _after_fence(text, at, mark)
        if end is not None:
            return at, end
        at = text.find("\n" + mark, at, before) + 1
        if not at:
            return None


def _after_fence(text: str, at: int, mark: str = _FENCE) -> int | None:
    """Return the end of the fence line at `at`, with its newline; None if it is not a fence."""
    if not text.startswith(mark, at):
        return None
    end = text.find("\n", at)
    line = text[at:] if end < 0 else text[at:end].removesuffix("\r")
    if line.rstrip(" \t") != mark:
        return None
    return len(text) if end < 0 else end + 1
