"""The links of one text, put right for files that move: what `markdown.links` finds has to say
what `core.links` tells."""

from __future__ import annotations

from loop_cli.core.links import CanNotLink, may_link
from loop_cli.lean.records import Struct
from loop_cli.markdown import links

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.links import Moving

__all__ = ["Relinked", "may_link", "relinked"]


class Relinked(Struct):
    """A text with its links as they are to be; `left` are those that can't be put right."""

    text: str
    left: tuple[str, ...] = ()


def relinked(text: str, home: str, moving: Moving) -> Relinked:
    """A text of the file at `home` (its path before) with the links that it is to have."""
    new: list[tuple[links.Link, str]] = []
    left: list[str] = []
    for link in links.find(text):
        try:
            path = moving.renamed(link.kind, link.path, home)
        except CanNotLink:
            path = None
            left.append(link.path)
        if path is not None:
            new.append((link, path))
        elif link.kind == "wiki" and moving.loses(link.path):
            left.append(link.path)
    return Relinked(text=links.replaced(text, new) if new else text, left=tuple(left))
