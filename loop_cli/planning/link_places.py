"""Find the places of links in a file, and the links that lead to certain files."""

from __future__ import annotations

from loop_cli.core.links import CANVAS
from loop_cli.core.names import BODY, join_dotted
from loop_cli.lean.records import Struct
from loop_cli.markdown import canvas, links, reader
from loop_cli.markdown.document import FrontmatterError, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from typing import Any

    from loop_cli.core.links import Files, LinkSource
    from loop_cli.markdown.document import Document


class Placed(Struct):
    """A link and its place: the line of the file, and the field (a dotted name, or `body`).

    The field is None in a file without fields. `at` is the field's path in the frontmatter.
    """

    link: links.Link
    line: int
    field: str | None
    at: tuple[str | int, ...] = ()

    @property
    def shown(self) -> str:
        """Return the link as a person would write it."""
        path = self.link.path
        return f"[[{path}]]" if self.link.kind == "wiki" else path


def placed(path: str, data: bytes) -> Iterator[Placed]:
    """Yield the links in a file, in its frontmatter and after it."""
    text = data.decode(errors="replace")
    if path.endswith(CANVAS):
        yield from _by_line(text, canvas.find(text), 1, None)
        return
    document, fields = pieces(text)
    if document is None:
        yield from _by_line(text, links.find(text), 1, None)
        return
    if fields is None:
        for number, line in enumerate(document.yaml.splitlines(), start=document.yaml_line):
            yield from _by_line(line, links.find(line.strip()), number, None)
    else:
        yield from _in_fields(document, fields)
    first = text.count("\n", 0, len(text) - len(document.body)) + 1
    yield from _by_line(document.body, links.find(document.body), first, BODY)


def leading_to(
    sources: Iterable[LinkSource], paths: Collection[str], files: Files
) -> Iterator[tuple[LinkSource, Placed, str]]:
    """Yield the links that lead to one of some files, with that file; links to itself are left
    out."""
    for source in sources:
        for one in placed(source.path, source.data):
            target = files.resolve(one.link.kind, one.link.path, source.path)
            if target is not None and target in paths and target != source.path:
                yield source, one, target


def lines_of(
    data: bytes, paths: Sequence[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], int]]:
    """Return the lines of some fields of a file's frontmatter."""
    if not paths:
        return
    from loop_cli.markdown.lines import Lines

    document = split(data.decode())
    lines = Lines(document.yaml)
    for path in paths:
        yield path, document.yaml_line + max(lines.of(path), 1) - 1


def pieces(text: str) -> tuple[Document | None, dict[str, Any] | None]:
    """Split a text into frontmatter and body, and read the fields; None for missing parts."""
    try:
        document = split(text)
    except FrontmatterError:
        return None, None
    try:
        return document, reader.read(document.yaml)
    except reader.YamlSyntaxError:
        return document, None


def _by_line(
    text: str, found: Iterable[links.Link], first: int, field: str | None
) -> Iterator[Placed]:
    """Yield the links of a text that begins on the line `first`, in their order."""
    line, at = first, 0
    for link in found:
        line += text.count("\n", at, link.start)
        at = link.start
        yield Placed(link=link, line=line, field=field)


def _in_fields(document: Document, fields: dict[str, Any]) -> Iterator[Placed]:
    from loop_cli.markdown.lines import Lines

    lines = Lines(document.yaml)
    for path, value in _texts(fields, ()):
        found = links.find(value)
        if found:
            line = document.yaml_line + max(lines.of(path), 1) - 1
            field = join_dotted([part for part in path if isinstance(part, str)])
            for link in found:
                yield Placed(link=link, line=line, field=field, at=path)


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(key, str):
                yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))
