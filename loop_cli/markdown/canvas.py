"""The links in a canvas of Obsidian, a JSON file.

These are the files that its cards show, and the links in the Markdown of its text cards. Everything
else stays byte for byte.
"""

from __future__ import annotations

import json
import re

from loop_cli.markdown import links
from loop_cli.markdown.links import Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Span = tuple[int, int]

CARD = "card"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_PIECE = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|.", re.DOTALL)
_IN_A_NODE = ["{", "nodes[", "{"]


def find(text: str) -> list[Link]:
    """Return the links in a canvas, in order; none if the file is not JSON."""
    try:
        json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return []
    found: list[Link] = []
    for node in _nodes(text):
        kind = _said(text, node.get("type"))
        if kind == "file" and (path := _said(text, node.get("file"))):
            start, end = node["file"]
            found.append(Link(kind=CARD, start=start + 1, end=end - 1, path=path))
        elif kind == "text" and "text" in node:
            found += _in_text(text, node["text"])
    return sorted(found, key=lambda link: link.start)


def is_broken(data: bytes) -> bool:
    """Whether a file is not a readable canvas."""
    try:
        json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return True
    return False


def replaced(text: str, new: Iterable[tuple[Link, str]]) -> str:
    """Return the text with other paths in some of its links, which must be in order."""
    parts, position = list[str](), 0
    for link, path in new:
        raw = text[link.start : link.end]
        plain = path if link.kind == CARD else links.written(json.loads(f'"{raw}"'), link, path)
        fresh = json.dumps(plain, ensure_ascii="\\u" in raw)[1:-1]
        parts += (text[position : link.start], fresh)
        position = link.end
    return "".join((*parts, text[position:]))


def _nodes(text: str) -> Iterator[dict[str, Span]]:
    """Yield the places of each card's texts, with their quotes, by their keys."""
    opened: list[str] = []
    node: dict[str, Span] = {}
    key = last = None
    for match in _TOKEN.finditer(text.replace("\ufeff", " ", 1) if text[:1] == "\ufeff" else text):
        token = match[0]
        if token in "{[":
            opened.append((key or "") + token)
            key = None
            if opened == _IN_A_NODE:
                node = {}
        elif token in "}]":
            if opened == _IN_A_NODE:
                yield node
            opened.pop()
        elif token == ":":
            key = last
        elif token == ",":
            key = None
        elif token[0] == '"' and key is None:
            last = json.loads(token)
        elif token[0] == '"' and opened == _IN_A_NODE:
            node[key or ""] = match.span()


def _said(text: str, span: Span | None) -> str:
    """Return the text between two places; empty if there is none."""
    return "" if span is None else str(json.loads(text[span[0] : span[1]]))


def _in_text(text: str, span: Span) -> Iterator[Link]:
    """Yield the links in the Markdown of a card, with their places in the file."""
    raw = text[span[0] + 1 : span[1] - 1]
    places: list[int] = []
    for match in _PIECE.finditer(raw):
        places.append(span[0] + 1 + match.start())
    places.append(span[1] - 1)
    markdown = _said(text, span)
    if len(markdown) + 1 != len(places):
        return  # half characters, which no editor writes
    for link in links.find(markdown):
        yield link.replace(start=places[link.start], end=places[link.end])
