"""Links in texts, for the properties of relinking: written, followed, and taken out."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from loop_cli.core.links import Files
from loop_cli.markdown import links

if TYPE_CHECKING:
    from collections.abc import Iterable


def written(form: str, home: str, target: str) -> str:
    """A link in one of the forms, from the file at `home` to that at `target`."""
    relative = posixpath.relpath(target, posixpath.dirname(home) or ".")
    return form.format(
        stem=posixpath.basename(target).removesuffix(".md"),
        path=target,
        whole=target.removesuffix(".md"),
        tail="/".join(target.removesuffix(".md").split("/")[-2:]),
        relative=relative,
        bare=relative.removesuffix(".md"),
    )


def leads(text: str, home: str, everything: Iterable[str]) -> list[str | None]:
    """What each link of a text leads to."""
    files = Files(everything)
    return [files.resolve(link.kind, link.path, home) for link in links.find(text)]


def around(text: str) -> list[str]:
    """A text without what its links say that they lead to."""
    pieces, position = [], 0
    for link in links.find(text):
        pieces.append(text[position : link.start])
        position = link.end
    return [*pieces, text[position:]]
