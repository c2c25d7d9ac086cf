"""The links of files: where they stand, which lead to a file, and what they are to say.

What `markdown.links` and `markdown.canvas` find is resolved by `core.links`.
"""

from __future__ import annotations

from loop_cli.core.changes import BodyChange, Change, Edits
from loop_cli.core.links import CANVAS, CanNotLink, may_link
from loop_cli.core.names import BODY, join_dotted
from loop_cli.lean.plain import same
from loop_cli.lean.records import Struct
from loop_cli.markdown import canvas, links, patch, reader
from loop_cli.markdown.document import FrontmatterError, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import Any

    from loop_cli.core.entity import EntityFile
    from loop_cli.core.links import Files, LinkSource, Moving
    from loop_cli.markdown.document import Document

    Path = tuple[str, ...]
    Renamed = Callable[[str, str, str], str | None]
    """What a link is to say, by its kind, its path and its file; None where it stays. Raises
    `CanNotLink`."""

__all__ = ["Placed", "Relinker", "leading_to", "may_link", "placed", "relinked"]


class Placed(Struct):
    """A link and where it stands: on which line of the file, and in which field (a dotted name,
    or `body`); None in a file without either."""

    link: links.Link
    line: int
    field: str | None

    @property
    def shown(self) -> str:
        """The link as a person would write it."""
        path = self.link.path
        return f"[[{path}]]" if self.link.kind == "wiki" else path


class Relinked(Struct):
    """A text with its links as they are to be; `left` are those that can't be put right."""

    text: str
    left: tuple[str, ...] = ()


def placed(path: str, data: bytes) -> Iterator[Placed]:
    """The links in a file, by its path and bytes, in its frontmatter and after it."""
    text = data.decode(errors="replace")
    if path.endswith(CANVAS):
        yield from _by_line(text, canvas.find(text), 1, None)
        return
    document, fields = _pieces(text)
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
    """The links that lead to one of some files, and to which, file by file; those of a file to
    itself are none."""
    for source in sources:
        for one in placed(source.path, source.data):
            target = files.resolve(one.link.kind, one.link.path, source.path)
            if target is not None and target in paths and target != source.path:
                yield source, one, target


def relinked(text: str, home: str, moving: Moving) -> Relinked:
    """A text of the file at `home` (its path before) with the links that it is to have."""
    relinker = Relinker(moving.renamed, loses=moving.loses)
    new = relinker.text(text, home)
    return Relinked(text=new, left=tuple(relinker.left))


class Relinker:
    """Puts the links of files right, as `renamed` says; `left` are the paths of those that can't
    be, for what is asked next to take."""

    def __init__(
        self,
        renamed: Renamed,
        *,
        loses: Callable[[str], bool] = lambda _path: False,
        read_only: frozenset[str] = frozenset(),
    ) -> None:
        self._renamed = renamed
        self._loses = loses
        self._read_only = read_only
        self.left: list[str] = []

    def entity(self, file: EntityFile) -> Edits:
        """The edits of an entity."""
        body = self.text(file.body, file.path)
        changes = [
            Change(path=path, operation="set", value=value, typed=True, implied=True)
            for path, value in self._fields(file.fields, file.path, ())
            if path[0] not in self._read_only
        ]
        same_body = body == file.body
        return Edits(changes=tuple(changes), body=None if same_body else BodyChange(text=body))

    def note(self, text: str, home: str) -> str:
        """The whole text of a file that is no entity. Where its frontmatter can't be read, its
        lines are taken one by one."""
        if home.endswith(CANVAS):
            return canvas.replaced(text, self._new(canvas.find(text), home))
        document, fields = _pieces(text)
        if document is None:
            return self.text(text, home)
        yaml = document.yaml
        if fields is None:
            yaml = "".join(self._line(line, home) for line in yaml.splitlines(keepends=True))
        else:
            edits = [patch.Set(path, value) for path, value in self._fields(fields, home, ())]
            try:
                yaml = patch.patch(yaml, edits, newline=document.newline) if edits else yaml
            except patch.PatchError as error:
                self.left.append(join_dotted(error.path))
        return document.head + yaml + document.foot + self.text(document.body, home)

    def text(self, text: str, home: str) -> str:
        """A text of the file at `home` (its path before)."""
        new = self._new(links.find(text), home)
        return links.replaced(text, new) if new else text

    def _line(self, line: str, home: str) -> str:
        start = len(line) - len(line.lstrip())
        return line[:start] + self.text(line[start:], home)

    def _new(self, found: Iterable[links.Link], home: str) -> list[tuple[links.Link, str]]:
        new: list[tuple[links.Link, str]] = []
        for link in found:
            try:
                path = self._renamed(link.kind, link.path, home)
            except CanNotLink:
                path = None
                self.left.append(link.path)
            if path is not None:
                new.append((link, path))
            elif link.kind == "wiki" and self._loses(link.path):
                self.left.append(link.path)
        return new

    def _fields(self, fields: dict[Any, Any], home: str, path: Path) -> Iterator[tuple[Path, Any]]:
        for key, value in fields.items():
            if not isinstance(key, str):
                continue
            if isinstance(value, dict):
                yield from self._fields(value, home, (*path, key))
            else:
                new = self._value(value, home)
                if not same(new, value):
                    yield (*path, key), new

    def _value(self, value: Any, home: str) -> Any:
        if isinstance(value, str):
            return self.text(value, home)
        if isinstance(value, list):
            return [self._value(item, home) for item in value]
        if isinstance(value, dict):
            return {key: self._value(item, home) for key, item in value.items()}
        return value


def _pieces(text: str) -> tuple[Document | None, dict[str, Any] | None]:
    """A text as frontmatter and body, and the fields; None for what is not there, or can't be
    read."""
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
    """Links of a text that begins on the line `first`, in their order."""
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
                yield Placed(link=link, line=line, field=field)


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
