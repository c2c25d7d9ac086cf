"""Find the broken links of a vault, for `loop check`.

A link has one right answer if exactly one file elsewhere has its name, or exactly one entity has it
as its id or alias.
"""

from __future__ import annotations

from loop_cli.core.check.finding import Finding, Found
from loop_cli.core.check.report import MendedLinks
from loop_cli.core.links import CANVAS, CARD, CanNotLink, Files, joined, may_have_links
from loop_cli.lean.records import Struct
from loop_cli.markdown import links
from loop_cli.planning import link_places, relinking
from loop_cli.planning.snapshot import etag_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Protocol

    from loop_cli.core.check.across import Register
    from loop_cli.core.entity import FieldNames
    from loop_cli.core.links import LinkSource

    class Surroundings(Protocol):
        """What is asked of a store."""

        names: FieldNames

        @property
        def excluded(self) -> Iterable[str]:
            """The folders without entities."""

        def paths(self) -> Iterable[str]:
            """All files that a link may lead to."""

        def link_sources(self, where: Callable[[str, bytes], bool]) -> Iterator[LinkSource]:
            """All files that may have links."""

        def is_there(self, path: str) -> bool:
            """Whether anything is at a path, also what no link should lead to."""


class Mending(Struct):
    """The broken links: `findings`, and by path the changes that repair some."""

    findings: tuple[Finding, ...]
    changes: dict[str, MendedLinks]


def look(around: Surroundings, register: Register) -> Mending:
    """Check all links, without those in excluded places and in templates.

    `register` has the entities of the vault.
    """
    those = _Links(around, register)
    findings: list[Finding] = []
    changes: dict[str, MendedLinks] = {}
    for source in around.link_sources(those.admits):
        found = list(those.findings(source))
        findings += found
        if any(one.found.mends for one in found):
            changes[source.path] = those.mended(source, around.names)
    return Mending(findings=tuple(findings), changes=changes)


class _Links:
    def __init__(self, around: Surroundings, register: Register) -> None:
        self._around = around
        self._register = register
        self._files = Files(around.paths())
        self._excluded = tuple(f"{folder}/" for folder in around.excluded)

    def admits(self, path: str, data: bytes) -> bool:
        return not path.startswith(self._excluded) and may_have_links(path, data)

    def findings(self, source: LinkSource) -> Iterator[Finding]:
        entity = source.entity
        if entity is not None and entity.is_template:
            return
        if not self._may_dangle(source):
            return
        for one in link_places.placed(source.path, source.data):
            kind, name = one.link.kind, one.link.path
            if not self._dangles(kind, name, source.path):
                continue
            new = self._mended(kind, name, source.path) if source.is_text else None
            yield Finding(
                path=source.path,
                line=one.line,
                found=Found(
                    rule="dangling-link",
                    message=f"{one.shown} leads to no file" + (f"; {new} is there" if new else ""),
                    at=one.at,
                    allowed=new,
                    mends=new is not None,
                ),
                entity_id=None if entity is None else entity.id,
                entity_type=None if entity is None else entity.type,
            )

    def _may_dangle(self, source: LinkSource) -> bool:
        """Whether the parser is needed to see that all links lead somewhere."""
        text = source.data.decode(errors="replace")
        said = None if source.path.endswith(CANVAS) else links.said(text)
        return said is None or any(self._dangles(*one, source.path) for one in said)

    def mended(self, source: LinkSource, names: FieldNames) -> MendedLinks:
        """Return the change that repairs the links of a file, for the bytes that were read."""
        relinker = relinking.Relinker(self._mended, read_only=names.read_only())
        change = relinker.change(source)
        return MendedLinks(edits=change.edits, etag=etag_of(source.data), note=change.note)

    def _mended(self, kind: str, name: str, home: str) -> str | None:
        """Return the new text of a broken link, if there is one answer."""
        if not self._dangles(kind, name, home):
            return None
        found = set(self._files.meant(name))
        if not found and kind != CARD:
            found = {who.path for who in self._register.named(name)}
        if len(found) != 1:
            return None
        try:
            return self._files.naming(kind, found.pop(), home, like=name)
        except CanNotLink:
            return None

    def _dangles(self, kind: str, name: str, home: str) -> bool:
        if not self._files.dangles(kind, name, home):
            return False
        aim = joined("" if kind == CARD else home, name)  # hidden, or behind a link
        return "\0" in name or aim is None or not self._around.is_there(aim)
