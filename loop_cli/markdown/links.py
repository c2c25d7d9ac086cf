"""Find the links in a Markdown text, and the place of each target.

A CommonMark parser with Obsidian's `[[wiki links]]` decides what is a link. So there are none in
code, HTML and escaped brackets. Obsidian's `%%comments%%` are left out here. The parser gives the
range of a link. This module finds the destination in that range, and accepts it only if it reads as
the destination of the parser.
"""

from __future__ import annotations

import html
import re

from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z0-9]+);")
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_HALVES = re.compile("[\ud800-\udfff]")  # half of a surrogate pair, which YAML escapes can make
_GAP = re.compile(rb"[ \t]*(?:\r?\n[ \t>]*)?")
_WIKI = re.compile(r"\[(?=\[([^\[\]|#^\n]*))")
_INLINE = re.compile(r"\]\([ \t]*([^\s)]*)(.?)")
# A bracket in the name of a wiki link, or a name that ends in the next line.
_UNSURE = re.compile(r"\[\[[^\[\]\n]*(?:\](?!\])|\[|\n)")
_MARKERS = re.compile(rb"%%")
_LINE_START = re.compile(rb"(?:^|\n)[ \t>]*\Z")


class Link(Struct):
    """One link.

    `kind` is `wiki`, `inline` or `definition`. `start` and `end` are the place of the destination
    in the text, without anything after the path, such as `#heading`. `path` is the decoded path.
    `angle` means that the destination is in `<>`; `embed` means that the link shows its target.
    """

    kind: str
    start: int
    end: int
    path: str
    angle: bool = False
    embed: bool = False


def find(text: str) -> list[Link]:
    """Return the links in a text, in order, without links to other sites."""
    if "[" not in text:
        return []
    if text[0] == "\ufeff":  # a mark of the file, which is not part of its first line
        return [one.replace(start=one.start + 1, end=one.end + 1) for one in find(text[1:])]
    # which have the same length, and which the parser can't read
    text = _HALVES.sub("\ufffd", text)
    data = text.encode()
    found = _Finder(data).links(text)
    return _in_characters(text, data, sorted(found, key=lambda link: link.start))


def said(text: str) -> list[tuple[str, str]] | None:
    """Return possible link targets of a file, by kind and path; None if the parser is needed.

    They include everything that `find` returns for its frontmatter and the rest, but this is much
    faster.
    """
    found: list[tuple[str, str]] = []
    if "]:" in text or _UNSURE.search(text):
        return None
    if text.lstrip("\ufeff").startswith("---"):
        end = text.find("\n---")
        if "\\" in text[:end] or "''" in text[:end]:  # as YAML escapes
            return None
    for match in _WIKI.finditer(text):
        name = match[1].strip().removesuffix("\\").strip()
        if name:
            found.append(("wiki", name))
    for match in _INLINE.finditer(text):
        target = match[1]
        if match[2] not in (")", " ", "\t") or re.search(r"[\\&<(]", target):
            return None
        path = decoded(target[: _length_of_path(target)])
        if path and not _leads_away(target):
            found.append(("inline", path))
    return found


def replaced(text: str, new: Iterable[tuple[Link, str]]) -> str:
    """Return the text with other paths in some of its links, which must be in order."""
    parts, position = list[str](), 0
    for link, path in new:
        parts += (text[position : link.start], written(text[link.start : link.end], link, path))
        position = link.end
    return "".join((*parts, text[position:]))


def written(old: str, link: Link, path: str) -> str:
    """Return a path as written in a link, in the style of the `old` one."""
    if link.kind == "wiki":
        lead = old[: len(old) - len(old.lstrip())]
        return lead + path + old[len(old.rstrip()) :]
    fully = old.isascii() and not link.path.isascii()
    unsafe = r"[%<>#?\\\x00-\x1f\x7f]" if link.angle else r"[ %()<>#?\\\x00-\x1f\x7f]"
    pattern = f"{unsafe}|[^\x00-\x7f]" if fully else unsafe
    return re.sub(pattern, _encode, path)


def _encode(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def decoded(text: str) -> str:
    """Return a path without URL escapes."""

    def decode(match: re.Match[str]) -> str:
        try:
            return bytes.fromhex(match[0].replace("%", "")).decode()
        except UnicodeDecodeError:
            return match[0]

    return _ENCODED.sub(decode, text) if "%" in text else text


class _Finder:
    """Goes through the events of the parser for a text, which is `data` in UTF-8."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._found: dict[int, Link] = {}
        self._comments: list[tuple[int, int]] = []

    def links(self, text: str) -> list[Link]:
        """Return the links; their places count bytes."""
        import pyromark

        option = pyromark.Options
        plain = (
            option.ENABLE_TABLES
            | option.ENABLE_FOOTNOTES
            | option.ENABLE_MATH
            | option.ENABLE_STRIKETHROUGH
        )
        self._read(pyromark.events_with_range(text, options=plain | option.ENABLE_WIKILINKS))
        if "[[" in text and "](" in text:  # `[[1]](a.md)`: for CommonMark a link to `a.md`
            self._read(pyromark.events_with_range(text, options=plain))
        if "]:" in text:
            found = pyromark.reference_definitions(text, options=plain)
            for one in found.values():
                self._definition(one["span"]["start"], one["span"]["end"], one["dest"])
        return [one for one in self._found.values() if not self._in_comment(one)]

    def _read(self, events: Iterable[Any]) -> None:
        """Collect the links of the events, and the places of comments."""
        opened: list[tuple[dict[str, Any], int, bool]] = []  # links: kind, end of the text, image
        markers: list[tuple[int, int]] = []
        block = 0
        for event, place in events:
            start, end = place["start"], place["end"]
            if type(event) is not dict:
                continue
            if "Text" in event:
                spots = _MARKERS.finditer(self._data, start, end)
                markers += [(match.start(), block) for match in spots]
            begins, ends = event.get("Start"), event.get("End")
            if ends in ("Link", "Image"):
                what, inner, image = opened.pop()
                self._take(what, start, end, inner, image=image)
            elif begins is not None:
                link = begins.get("Link") or begins.get("Image") if type(begins) is dict else None
                if link is None:
                    block += begins not in ("Emphasis", "Strong", "Strikethrough")
                else:
                    image = "Image" in begins
                    opened.append((link, start + (2 if image else 1), image))
                    continue
            if opened:
                what, inner, image = opened[-1]
                opened[-1] = what, max(inner, end), image
        self._comments += _comments(self._data, markers)

    def _take(self, what: dict[str, Any], start: int, end: int, inner: int, *, image: bool) -> None:
        kind, target = what["link_type"], what["dest_url"]
        if type(kind) is dict:  # a wiki link
            at = start + (3 if image else 2)
            raw = target.encode()
            if self._data[at : at + len(raw)] == raw and "\n" not in target:
                self._wiki(at, target, image=image)
        elif kind == "Inline":
            at = self._data.find(b"](", inner, end)
            if at >= 0:
                self._destination(at + 2, end, target, kind="inline", embed=image)

    def _wiki(self, at: int, target: str, *, image: bool) -> None:
        name = re.split(r"[#^]", target, maxsplit=1)[0]
        if name == target:
            name = name.removesuffix("\\")  # of the pipe, which is escaped in a table
        if name.strip():
            self._found[at] = Link(
                kind="wiki",
                start=at,
                end=at + len(name.encode()),
                path=name.strip(),
                embed=image,
            )

    def _definition(self, start: int, end: int, target: str) -> None:
        match = re.compile(rb"\[(?:[^\\\]]|\\.)*\]:", re.DOTALL).match(self._data, start, end)
        if match is not None:
            self._destination(match.end(), end, target, kind="definition", embed=False)

    def _destination(self, at: int, end: int, target: str, *, kind: str, embed: bool) -> None:
        """Accept the text at `at` as the destination, if it reads as `target`."""
        gap = _GAP.match(self._data, at, end)
        at = at if gap is None else gap.end()
        angle = self._data[at : at + 1] == b"<"
        stop = _angle_end(self._data, at, end) if angle else _plain_end(self._data, at, end)
        at += angle
        raw = self._data[at:stop].decode()
        if _unescaped(raw) != target or _leads_away(target):
            return
        raw = raw[: _length_of_path(raw)]
        path = decoded(_unescaped(raw))
        if path:
            self._found[at] = Link(
                kind=kind,
                start=at,
                end=at + len(raw.encode()),
                path=path,
                angle=angle,
                embed=embed,
            )

    def _in_comment(self, link: Link) -> bool:
        return any(start < link.start < end for start, end in self._comments)


def _comments(data: bytes, markers: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Return the starts and ends of Obsidian's comments.

    A comment at the start of a line goes to the next `%%`; others end in their block. An unclosed
    one is none.
    """
    left = iter(markers)
    opened: tuple[int, int] | None = None
    for at, block in left:
        if opened is None:
            opened = at, block
        elif block == opened[1] or _LINE_START.search(data, max(0, opened[0] - 99), opened[0]):
            yield opened[0], at
            opened = None
        else:
            opened = at, block


def _angle_end(data: bytes, at: int, end: int) -> int:
    position = at + 1
    while position < end and data[position] != 0x3E:
        position += 2 if data[position] == 0x5C else 1
    return min(position, end)


def _plain_end(data: bytes, at: int, end: int) -> int:
    """Return the end of a destination without `<>`: a blank, or an unopened parenthesis."""
    depth, position = 0, at
    while position < end:
        byte = data[position]
        if byte <= 0x20:
            break
        if byte == 0x5C and position + 1 < end and data[position + 1] > 0x20:
            position += 1
        elif byte == 0x28:
            depth += 1
        elif byte == 0x29:
            if not depth:
                break
            depth -= 1
        position += 1
    return position


def _unescaped(raw: str) -> str:
    """Return a destination without the escapes of Markdown and HTML."""
    if "\\" not in raw and "&" not in raw:
        return raw
    return _ESCAPE.sub(lambda match: match[1] or html.unescape(match[0]), raw)


def _length_of_path(raw: str) -> int:
    """Return the length of the path in a destination: up to `#`, or else `?`.

    An `#` in a character reference such as `&#39;` does not count.
    """
    for mark in "#?":
        at = raw.find(mark)
        while at > 0 and mark == "#" and raw[at - 1] == "&":
            at = raw.find(mark, at + 1)
        if at >= 0:
            raw = raw[:at]
    return len(raw)


def _leads_away(target: str) -> bool:
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:|//", target) is not None


def _in_characters(text: str, data: bytes, found: list[Link]) -> list[Link]:
    """Return the links with places that count characters instead of bytes."""
    if len(text) == len(data):
        return found
    moved, at, count = list[Link](), 0, 0
    for link in found:
        count += len(data[at : link.start].decode())
        at = link.start
        size = len(data[link.start : link.end].decode())
        moved.append(link.replace(start=count, end=count + size))
    return moved
