"""Rewrite the links of files.

`markdown.links` and `markdown.canvas` find the links, `core.links` gives their new text.
"""

from __future__ import annotations

from loop_cli.core.changes import BodyChange, Change, Edits
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import Precondition
from loop_cli.core.links import CANVAS, CanNotLink
from loop_cli.core.names import join_dotted
from loop_cli.lean.plain import same
from loop_cli.lean.records import Struct
from loop_cli.markdown import canvas, links, patch
from loop_cli.planning.link_places import pieces, placed
from loop_cli.planning.snapshot import etag_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from loop_cli.core.entity import EntityFile
    from loop_cli.core.links import LinkSource, Moving

    Path = tuple[str, ...]
    Renamed = Callable[[str, str, str], str | None]
    """Return the new text of a link, from its kind, its path and its file; None if it stays.

    Raises `CanNotLink`.
    """


class Relinked(Struct):
    """A text with its new links; `left` are the links that can't be rewritten."""

    text: str
    left: tuple[str, ...] = ()


def relinked(text: str, home: str, moving: Moving) -> Relinked:
    """Rewrite the links in a text of the file at `home` (its old path)."""
    relinker = Relinker(moving.renamed, loses=moving.loses)
    new = relinker.text(text, home)
    return Relinked(text=new, left=tuple(relinker.left))


def broken(source: LinkSource, moving: Moving) -> list[str] | None:
    """Return sentences about the links of a file that can't be changed; None if it can be
    changed."""
    if source.why is not None:
        return [f"{source.why}; its links, if any, are left as they are"]
    if source.path.endswith(CANVAS) and canvas.is_broken(source.data):
        return [f"{source.path}: is not JSON; its links, if any, are left as they are"]
    if source.is_text:
        return None
    return [
        f"{source.path}:{line}: is not UTF-8, so the link {link!r} does not become {new!r}"
        for link, line, new in _would_change(source, moving)
    ]


def _would_change(source: LinkSource, moving: Moving) -> Iterator[tuple[str, int, str]]:
    for one in placed(source.path, source.data):
        try:
            new = moving.renamed(one.link.kind, one.link.path, source.path)
        except CanNotLink:
            continue
        if new is not None:
            yield one.link.path, one.line, new


class Relinker:
    """Rewrites the links of files, as `renamed` says.

    `left` collects the paths of links that can't be rewritten; the caller takes them.
    """

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

    def change(self, source: LinkSource) -> EntityChange:
        """Return the change that rewrites the links of a file, for the bytes that were read."""
        file = source.entity
        seen = Precondition(if_match=etag_of(source.data))
        if file is None or file.is_template:
            text = source.data.decode()
            new = self.note(text, source.path)
            edits = Edits(body=None if new == text else BodyChange(text=new, exact=True))
            return EntityChange(
                entity_id=source.path, path=source.path, edits=edits, precondition=seen, note=True
            )
        return EntityChange(
            entity_id=file.id, path=file.path, edits=self.entity(file), precondition=seen
        )

    def entity(self, file: EntityFile) -> Edits:
        """Return the edits of an entity."""
        body = self.text(file.body, file.path)
        changes = [
            Change(path=path, operation="set", value=value, typed=True, implied=True)
            for path, value in self._fields(file.fields, file.path, ())
            if path[0] not in self._read_only
        ]
        same_body = body == file.body
        return Edits(
            changes=tuple(changes), body=None if same_body else BodyChange(text=body, exact=True)
        )

    def note(self, text: str, home: str) -> str:
        """Return the new text of a file that is not an entity.

        If its frontmatter can't be read, each line is rewritten by itself.
        """
        if home.endswith(CANVAS):
            return canvas.replaced(text, self._new(canvas.find(text), home))
        document, fields = pieces(text)
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
        """Rewrite a text of the file at `home` (its old path)."""
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
