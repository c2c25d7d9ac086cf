"""Find the file of an entity: the index gives candidates, the files decide."""

from __future__ import annotations

import os

from loop_cli.core.names import is_hidden, nfc, one_name
from loop_cli.errors import EntityNotFound, InvalidFile, LoopError, StorageError
from loop_cli.planning import resolution, snapshot
from loop_cli.planning.resolution import Broken, Located, claims, is_named
from loop_cli.vault.files import reading as files
from loop_cli.vault.files.walk import Walk
from loop_cli.vault.index.cache import Cache
from loop_cli.vault.index.index import Index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from loop_cli.core.entity import Entity, EntityFile, FieldNames
    from loop_cli.core.links import LinkSource
    from loop_cli.core.schema.paths import Places
    from loop_cli.markdown.document import Document
    from loop_cli.planning.snapshot import Parsed

_NAMED = 5  # folders


class Locator:
    """Looks for entities below `root`, in the places of the schema's `paths`.

    Without a kept `cache`, every find looks at every file.
    """

    def __init__(
        self, root: str, places: Places, names: FieldNames, *, cache: Cache | None = None
    ) -> None:
        self._root = root
        self._names = names
        self._known: Parsed | None = None  # the files read or written last
        self._found: Parsed | None = None  # the last file that was found by its id alone
        self._walk = Walk(root, places)
        self.index = Index(cache or Cache(None), self._walk, names)

    def paths(self) -> Iterator[str]:
        """Yield the Markdown files of the vault, relative with `/`. Raises `UsageError`."""
        return self._walk.paths()

    @property
    def unread(self) -> dict[str, str]:
        """The folders that could not be read at the last look, and why not."""
        return dict(sorted(self._walk.unread.items()))

    @property
    def left_out(self) -> list[str]:
        """What a list says of them."""
        unread = self.unread
        return [f"folders that can't be read are left out: {_named(unread)}"] if unread else []

    def admits(self, path: str) -> bool:
        """Whether the schema has entities at a path, relative with `/` and without links."""
        return self._walk.admits(path)

    def find(self, entity_id: str, *, path: str | None = None) -> Located:
        """Find the file with the id `entity_id`, or if there is none, with the alias.

        Raises `EntityNotFound`, `AmbiguousId`, `InvalidFile`, `UsageError`.
        """
        if path is not None:
            return self._at(entity_id, path)
        self._found = None
        match = resolution.choose(entity_id, *self._meant(nfc(entity_id)))
        if match is None:
            raise self._nowhere(entity_id)
        if nfc(match.parsed.id) == nfc(entity_id) and not match.warnings:
            self._found = match.parsed
        return match

    def _nowhere(self, entity_id: str) -> LoopError:
        """Make the error that nothing is found; it names an excluded file with that id. Where a
        folder can't be read, nobody knows."""
        if self.unread:
            return StorageError(
                f"no entity {entity_id!r} in what can be read, but folders can't be: "
                f"{_named(self.unread)}",
                entity_id=entity_id,
            )
        from loop_cli.vault.index.excluded import excluded_carrier

        path = excluded_carrier(self._walk, entity_id, self._names)
        if path is not None:
            return resolution.excluded(entity_id, path)
        return resolution.no_such_entity(entity_id, self.index.ids())

    def found_before(self, entity_id: str, etag: str) -> Located | None:
        """Return the last found file, if it is still there and a change names its revision.

        A caller with that revision means this file, even if a copy is beside it now. Callers must
        read the file again before they use it.
        """
        found = self._found
        if found is None or found.etag != etag or nfc(found.id) != nfc(entity_id):
            return None
        there = os.path.exists(os.path.join(self._root, found.path))
        return Located(parsed=found, remembered=True) if there else None

    def carriers(self, entity_id: str) -> list[Located]:
        """Return all candidates that have the id, by path."""
        wanted = nfc(entity_id)
        self.index.refresh_if_unknown()
        found, _broken, _known = self._candidates(wanted)
        return [one for one in found if nfc(one.parsed.id) == wanted]

    def named(self, name: str) -> list[Located]:
        """Return all that have the id, or if there are none, the alias."""
        wanted = nfc(name)
        self.index.refresh_if_unknown()
        found, _broken, _known = self._candidates(wanted)
        by_id = [one for one in found if nfc(one.parsed.id) == wanted]
        return by_id or [one for one in found if resolution.is_meant(one, wanted)]

    def alike(self, entity_id: str) -> list[Located]:
        """Return all known that have the id, or one that differs only by case, by path."""
        wanted = one_name(entity_id)
        found = self._read_all(self.index.alike(wanted))
        return [one for one in found if one_name(one.parsed.id) == wanted]

    def _read_all(self, paths: Iterable[str]) -> Iterator[Located]:
        """Read the entities in some files, as they are now."""
        for path in paths:
            try:
                yield self.read(path)
            except LoopError:  # not an entity any more
                continue

    def seems_taken(self, entity_id: str) -> bool:
        """Whether a file may have the id, or one that differs only by case, by what is known
        without looking at all files."""
        self.index.refresh_if_unknown()
        index = self.index
        return bool(index.candidates(nfc(entity_id)) or index.alike(one_name(entity_id)))

    def files(self, paths: Iterable[str]) -> Iterator[EntityFile]:
        """Yield the entities in some files, as they are now."""
        for path in paths:
            try:
                data, _modified = files.read_stable(os.path.join(self._root, path), path)
                yield snapshot.parse(data, path, self._names).file
            except LoopError:  # not an entity
                continue

    def everything(self) -> Iterator[str]:
        """Yield every file that a link may lead to."""
        return (path for path, _plain in self._walk.everything())

    def link_sources(self, where: Callable[[str, bytes], bool]) -> Iterator[LinkSource]:
        """Yield all files that may have links, if `where` accepts path and bytes. Those that can't
        be read come without bytes."""
        from loop_cli.core import links

        for path, plain in self._walk.everything():
            if not plain or not path.endswith(links.SOURCES):
                continue
            try:
                data, _modified = files.read_stable(os.path.join(self._root, path), path)
            except EntityNotFound:
                continue
            except LoopError as error:
                yield links.LinkSource(path=path, data=b"", entity=None, why=error.message)
                continue
            if where(path, data):
                yield links.LinkSource(path=path, data=data, entity=self._entity_in(path, data))

    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        """As `Store.links_to`."""
        from loop_cli.core.links import may_link

        return self.link_sources(may_link(paths))

    def _entity_in(self, path: str, data: bytes) -> EntityFile | None:
        """Return the entity in a file with these bytes, None if there is none."""
        try:
            return snapshot.parse(data, path, self._names, closely=False).file
        except InvalidFile:
            return None

    def read_again(self, place: Located) -> Located:
        """Read the same file again. Raises what `read` raises."""
        path = place.parsed.path
        data, modified = files.read_stable(files.inside(self._root, path), path)
        if data == place.parsed.data:
            return place.replace(modified=modified, remembered=False)
        if place.note:
            return self.note(path)
        return self.read(path).replace(shared=place.shared, warnings=place.warnings)

    def read(self, path: str) -> Located:
        """Read the entity in the file at `path`. Raises `InvalidFile`, `EntityNotFound`."""
        data, modified = files.read_stable(files.inside(self._root, path), path)
        known = self._known
        if known is None or (known.path, known.data) != (path, data):
            notes = self._names.id_is_stem
            known = self._known = snapshot.parse(data, path, self._names, notes=notes)
        return Located(parsed=known, modified=modified)

    def note(self, path: str) -> Located:
        """Read the file at `path`, which is not an entity. Raises `InvalidFile`,
        `EntityNotFound`."""
        resolution.refuse_no_note(path)
        if files.real_name(self._root, path) != path:
            raise InvalidFile(path, "leads through a link")
        data, modified = files.read_stable(files.inside(self._root, path), path)
        parsed = snapshot.parse_note(data, path, self._names)
        return Located(parsed=parsed, modified=modified, note=True)

    def wrote(self, place: Located, entity: Entity, document: Document) -> None:
        """Remember what was written to a file: as long as its bytes are the same, it is not parsed
        again."""
        if not place.parsed.warnings:
            was_found = place.parsed is self._found
            known = self._known = place.parsed.replace(
                path=entity.path,
                data=entity.raw,
                document=document,
                fields=entity.fields,
                name=entity.name,
                known_etag=entity.revision.etag,
            )
            if was_found:
                self._found = known

    def _at(self, entity_id: str, path: str) -> Located:
        relative = self._relative(path)
        located = self.read(relative)
        if not resolution.is_meant(located, nfc(entity_id)):
            raise resolution.wrong_file(entity_id, located)
        own = nfc(located.parsed.id)
        found, _broken = self._meant(own)
        return located.replace(
            shared=any(nfc(one.parsed.id) == own and one.parsed.path != relative for one in found)
        )

    def _relative(self, path: str) -> str:
        base = os.path.realpath(self._root)
        shown = path
        if os.path.isabs(path):
            path = os.path.relpath(os.path.realpath(path), base)
        relative = os.path.relpath(files.inside(self._root, path), base).replace(os.sep, "/")
        if is_hidden(relative):
            raise resolution.not_a_place(shown)
        return relative

    def _meant(self, wanted: str) -> tuple[list[Located], list[Broken]]:
        """Return the entities with the id or alias, and unreadable files that may be meant.

        All files are looked at if the index knows none, or if it was wrong.
        """
        self.index.refresh_if_unknown()
        found, broken, known = self._candidates(wanted)
        if not known:
            self.index.refresh()
            found, broken, _known = self._candidates(wanted)
        return found, broken

    def _candidates(self, wanted: str) -> tuple[list[Located], list[Broken], bool]:
        """Read the candidates as they are now; also return whether the index was right about the
        id."""
        found: list[Located] = []
        broken: list[Broken] = []
        borne_out = True
        for path in self.index.candidates(wanted):
            try:
                located = self.read(path)
            except EntityNotFound:
                borne_out = False
            except LoopError as error:
                start = files.head(os.path.join(self._root, path))
                certain = claims(start, path, wanted, self._names)
                unread = not isinstance(error, InvalidFile)
                if certain or unread or is_named(path, wanted):
                    broken.append(Broken(error=error, claims=certain or unread))
            else:
                found.append(located)
                borne_out = borne_out and resolution.is_meant(located, wanted)
        return found, broken, borne_out and bool(found or broken)


def _named(found: dict[str, str]) -> str:
    """Name the folders that can't be read, and why not."""
    named = [f"{folder or 'the folder of the vault'} ({why})" for folder, why in found.items()]
    more = f" and {len(named) - _NAMED} more folders" if len(named) > _NAMED else ""
    return f"{', '.join(named[:_NAMED])}{more}"


def located_unread(error: InvalidFile, entity_id: str, root: str) -> Located:
    """Return the file of an error, to be repaired. Raises the error if that is impossible."""
    from loop_cli.planning.broken import unread

    parsed = unread(error, entity_id)
    try:
        modified = os.stat(os.path.join(root, parsed.path)).st_mtime_ns // 1000
    except OSError:
        raise error from None
    return Located(parsed=parsed, modified=modified)
