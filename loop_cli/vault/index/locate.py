"""Finding the file of an entity: the index says which may be meant, the files themselves decide."""

from __future__ import annotations

import os

from loop_cli.core.names import nearest, nfc
from loop_cli.errors import (
    Action,
    AmbiguousId,
    EntityNotFound,
    InvalidFile,
    LoopError,
    Sentence,
    UsageError,
)
from loop_cli.lean.records import Struct
from loop_cli.planning import snapshot
from loop_cli.vault import LOG_FOLDER
from loop_cli.vault.files import reading as files
from loop_cli.vault.files.walk import ENDINGS, Walk, is_hidden
from loop_cli.vault.index import entry
from loop_cli.vault.index.cache import Cache
from loop_cli.vault.index.entry import aliases, claims, is_named
from loop_cli.vault.index.index import Index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from loop_cli.core.entity import Entity, EntityFile, FieldNames
    from loop_cli.core.schema.paths import Places
    from loop_cli.markdown.document import Document
    from loop_cli.planning.snapshot import Parsed


# Of the log; and the shell's name for the home folder, which nobody should have to remove.
_NO_PLACES = (LOG_FOLDER.casefold(), "~")


class Located(Struct):
    """A file that is the entity looked for.

    `modified` is the file's time when it was read (microseconds), 0 where it was not; `shared`
    tells that other files carry the id too, so its records are those of its path; `warnings`
    are about files that might have been meant and can't be read; `remembered` that it was not
    looked for anew.
    """

    parsed: Parsed
    modified: int = 0
    shared: bool = False
    warnings: tuple[str, ...] = ()
    remembered: bool = False


class Broken(Struct):
    """A file that might be the one looked for and can't be read; `claims` tells that the id is
    in it, and not only its name."""

    error: LoopError
    claims: bool


class Locator:
    """Looks for entities below `root`, where the schema's `paths` say they are.

    Without a `cache` that is kept, every find looks at every file.
    """

    def __init__(
        self, root: str, places: Places, names: FieldNames, *, cache: Cache | None = None
    ) -> None:
        self._root = root
        self._names = names
        self._known: Parsed | None = None  # what was read or written last
        self._found: Parsed | None = None  # the last that an id alone was enough to find
        self._walk = Walk(root, places)
        self.index = Index(cache or Cache(None), self._walk, names)

    def paths(self) -> Iterator[str]:
        """The Markdown files of the vault, relative with `/`. Raises `UsageError`."""
        return self._walk.paths()

    def admits(self, path: str) -> bool:
        """Whether the schema has entities at a path, relative with `/` and without links."""
        return self._walk.admits(path)

    def find(self, entity_id: str, *, path: str | None = None) -> Located:
        """The file whose id, or else whose alias, is `entity_id`.

        Raises `EntityNotFound`, `AmbiguousId`, `InvalidFile`, `UsageError`.
        """
        if path is not None:
            return self._at(entity_id, path)
        self._found = None
        match = choose(entity_id, *self._meant(nfc(entity_id)))
        if match is None:
            raise no_such_entity(entity_id, self.index.ids())
        if nfc(match.parsed.id) == nfc(entity_id) and not match.warnings:
            self._found = match.parsed
        return match

    def found_before(self, entity_id: str, etag: str) -> Located | None:
        """What was found last, or what became of it here, if it is still there and a change names
        this revision: who does has been told of this file, whatever lies beside it by now. For
        callers that read the file again before anything comes of it."""
        found = self._found
        if found is None or found.etag != etag or nfc(found.id) != nfc(entity_id):
            return None
        there = os.path.exists(os.path.join(self._root, found.path))
        return Located(parsed=found, remembered=True) if there else None

    def carriers(self, entity_id: str) -> list[Located]:
        """All whose id it is, by path, of the files that may be meant as far as is known."""
        wanted = nfc(entity_id)
        self.index.refresh_if_unknown()
        found, _broken, _known = self._candidates(wanted)
        return [one for one in found if nfc(one.parsed.id) == wanted]

    def named(self, name: str) -> list[Located]:
        """All whose id it is, else all whose alias, as `carriers` finds them."""
        wanted = nfc(name)
        self.index.refresh_if_unknown()
        found, _broken, _known = self._candidates(wanted)
        by_id = [one for one in found if nfc(one.parsed.id) == wanted]
        return by_id or [one for one in found if wanted in aliases(one.parsed.fields)]

    def seems_taken(self, entity_id: str) -> bool:
        """Whether a file may be meant by the id, by what is known without looking at all."""
        self.index.refresh_if_unknown()
        return bool(self.index.candidates(nfc(entity_id)))

    def files(
        self, paths: Iterable[str], where: Callable[[str, bytes], bool] | None = None
    ) -> Iterator[EntityFile]:
        """The entities in some of the files, as they are now, where path and bytes are admitted."""
        for path in paths:
            try:
                data, _modified = files.read_stable(os.path.join(self._root, path), path)
                if where is None or where(path, data):
                    yield snapshot.parse(data, path, self._names).file
            except LoopError:  # what can't be read as an entity is none
                continue

    def read_again(self, place: Located) -> Located:
        """The same file as it is now. Raises as `read` does."""
        path = place.parsed.path
        data, modified = files.read_stable(files.inside(self._root, path), path)
        if data == place.parsed.data:
            return place.replace(modified=modified, remembered=False)
        return self.read(path).replace(shared=place.shared, warnings=place.warnings)

    def read(self, path: str) -> Located:
        """The entity in the file at `path`. Raises `InvalidFile`, `EntityNotFound`."""
        data, modified = files.read_stable(files.inside(self._root, path), path)
        known = self._known
        if known is None or (known.path, known.data) != (path, data):
            notes = self._names.id_is_stem
            known = self._known = snapshot.parse(data, path, self._names, notes=notes)
        return Located(parsed=known, modified=modified)

    def wrote(self, place: Located, entity: Entity, document: Document) -> None:
        """Tell of what was written to a file: as long as its bytes are those, it need not be
        parsed again."""
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
        if not _is_meant(located, nfc(entity_id)):
            raise wrong_file(entity_id, located)
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
            raise not_a_place(shown)
        return relative

    def _meant(self, wanted: str) -> tuple[list[Located], list[Broken]]:
        """The entities that have the id or alias, and the files that seem to be the one but
        can't be read. All files are looked at where the index knows none, or another one."""
        self.index.refresh_if_unknown()
        found, broken, known = self._candidates(wanted)
        if not known:
            self.index.refresh()
            found, broken, _known = self._candidates(wanted)
        return found, broken

    def _candidates(self, wanted: str) -> tuple[list[Located], list[Broken], bool]:
        """As the files are now; and whether they bear out what the index says of the id."""
        found: list[Located] = []
        broken: list[Broken] = []
        borne_out = True
        for path in self.index.candidates(wanted):
            try:
                located = self.read(path)
            except EntityNotFound:
                borne_out = False
            except LoopError as error:
                start = entry.head(os.path.join(self._root, path))
                certain = claims(start, path, wanted, self._names)
                unread = not isinstance(error, InvalidFile)
                if certain or unread or is_named(path, wanted):
                    broken.append(Broken(error=error, claims=certain or unread))
            else:
                found.append(located)
                borne_out = borne_out and _is_meant(located, wanted)
        return found, broken, borne_out and bool(found or broken)


def _is_meant(located: Located, wanted: str) -> bool:
    """Whether the entity has the id or the alias; `wanted` is in normal form."""
    return wanted in (nfc(located.parsed.id), *aliases(located.parsed.fields))


def not_a_place(path: str) -> InvalidFile:
    """The error for a `--path` to a hidden file, or into a hidden folder such as `.loop`."""
    return InvalidFile(path, "is not a place for entities")


def refuse_no_place(path: str) -> None:
    """Raise `InvalidFile` where no entity can be, whatever is there now."""
    if path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise InvalidFile(path, "leads out of the vault")
    top = path.partition("/")[0].casefold()
    if is_hidden(path) or top in _NO_PLACES:
        raise not_a_place(path)
    if not path.endswith(ENDINGS):
        raise InvalidFile(path, "is not a place for entities: it does not end in .md")


def choose(
    entity_id: str, found: Sequence[Located], broken: Sequence[Broken] = ()
) -> Located | None:
    """The one whose id it is, warning of broken files; else the one whose alias it is, where no
    broken file claims the id.

    Raises `AmbiguousId`, and what is wrong with a broken file that may be the one meant.
    """
    wanted = nfc(entity_id)
    matches = [one for one in found if nfc(one.parsed.id) == wanted]
    what = "carry the id"
    if not matches:
        for one in broken:
            if one.claims:
                raise one.error
        matches = [one for one in found if wanted in aliases(one.parsed.fields)]
        what = "have the alias"
    if len(matches) > 1:
        raise _ambiguous(entity_id, sorted(one.parsed.path for one in matches), what)
    if not matches and broken:
        raise broken[0].error
    warnings = tuple(one.error.message for one in broken)
    return matches[0].replace(warnings=warnings) if matches else None


def located_unread(error: InvalidFile, entity_id: str, root: str) -> Located:
    """The file that an error is about, to be mended. Raises the error where it can't be."""
    from loop_cli.planning.broken import unread

    parsed = unread(error, entity_id)
    try:
        modified = os.stat(os.path.join(root, parsed.path)).st_mtime_ns // 1000
    except OSError:
        raise error from None
    return Located(parsed=parsed, modified=modified)


def refuse_twice(places: Iterable[Located]) -> None:
    """Raise `UsageError` where two changes of an atomic group are of one file."""
    seen: set[str] = set()
    for path in (place.parsed.path for place in places):
        if path in seen:
            raise UsageError(f"an atomic group changes {path} twice")
        seen.add(path)


def no_such_entity(entity_id: str, ids: Iterable[str]) -> EntityNotFound:
    """The error for an id that nothing carries, with the nearest ones."""
    close = nearest(entity_id, ids)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    return EntityNotFound(
        f"no entity {entity_id!r}{meant}",
        entity_id=entity_id,
        nearest=close,
        hint=Action("read", entity_id=close[0]) if close else None,
    )


def wrong_file(entity_id: str, located: Located) -> EntityNotFound:
    """The error for a `--path` that is another entity."""
    parsed = located.parsed
    return EntityNotFound(
        f"{parsed.path} is not {entity_id!r}: its id is {parsed.id!r}",
        entity_id=entity_id,
        hint=Action("read", entity_id=parsed.id),
    )


def _ambiguous(entity_id: str, paths: list[str], what: str) -> AmbiguousId:
    listed = "\n".join(f"  {path}" for path in paths)
    return AmbiguousId(
        Sentence(
            f"{len(paths)} files {what} {entity_id!r}; ",
            Action("choose_path"),
            f" chooses\n{listed}",
        ),
        entity_id=entity_id,
        paths=paths,
        hint=Action("choose_path"),
    )
