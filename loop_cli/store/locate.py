"""Finding the file of an entity: by name first, the others searched for the id's bytes.

Only a file whose frontmatter holds the id is parsed. Links are not followed, so a walk
stays in the vault and meets every file once.
"""

from __future__ import annotations

import os
import re
import unicodedata

from loop_cli.core.names import nearest, nfc
from loop_cli.errors import AmbiguousId, EntityNotFound, InvalidFile, LoopError, UsageError
from loop_cli.store import files, snapshot
from loop_cli.struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema import Places
    from loop_cli.store.snapshot import Parsed

_HEAD = 1 << 16
_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U((?:000[0-9A-Fa-f]|0010)[0-9A-Fa-f]{4}))"
)


class Located(Struct):
    """A file that is the entity looked for.

    `shared` tells that other files carry the id too, so its records are those of its path;
    `warnings` are about files that might have been meant and can't be read.
    """

    parsed: Parsed
    modified: int
    shared: bool = False
    warnings: tuple[str, ...] = ()


class Broken(Struct):
    """A file that might be the one looked for and can't be read; `claims` tells that the id is
    in it, and not only its name."""

    error: LoopError
    claims: bool


class Locator:
    """Looks for entities below `root`, where the schema's `paths` say they are."""

    def __init__(self, root: str, places: Places, names: FieldNames) -> None:
        self._root = root
        self._places = places
        self._names = names

    def paths(self) -> Iterator[str]:
        """The Markdown files of the vault, relative with `/`. Raises `UsageError`."""
        excluded, seen = set(self._places.exclude), set[str]()
        for name in self._places.include or ("",):
            folder = self._real_folder(name)
            if folder is not None and not excluded & {name, folder}:
                yield from self._walk(folder, excluded, seen)

    def find(self, entity_id: str, *, path: str | None = None) -> Located:
        """The file whose id, or else whose alias, is `entity_id`.

        Raises `EntityNotFound`, `AmbiguousId`, `InvalidFile`, `UsageError`.
        """
        if path is not None:
            return self._at(entity_id, path)
        found, broken = self._candidates(nfc(entity_id))
        match = choose(entity_id, found, broken)
        if match is None:
            raise no_such_entity(entity_id, self.ids())
        return match

    def read(self, path: str) -> Located:
        """The entity in the file at `path`. Raises `InvalidFile`, `EntityNotFound`."""
        data, modified = files.read_stable(files.inside(self._root, path), path)
        return Located(parsed=snapshot.parse(data, path, self._names), modified=modified)

    def ids(self) -> list[str]:
        """Every id that a file seems to carry, without parsing: for suggestions only."""
        found = []
        pattern = re.compile(
            rb"^%s[ \t]*:[ \t]*(.+?)[ \t\r]*$" % re.escape(self._names.id.encode()), re.M
        )
        for path in self.paths():
            if self._names.id_is_stem:
                found.append(_stem(path))
            elif match := pattern.search(_head(os.path.join(self._root, path))):
                found.append(_unescaped(match[1].decode(errors="replace").strip("'\"")))
        return found

    def _at(self, entity_id: str, path: str) -> Located:
        relative = self._relative(path)
        located = self.read(relative)
        if nfc(entity_id) not in (nfc(located.parsed.id), *aliases(located.parsed)):
            raise wrong_file(entity_id, located)
        found, _broken = self._candidates(nfc(located.parsed.id))
        others = [one for one in found if one.parsed.path != relative]
        return located.replace(
            shared=any(nfc(one.parsed.id) == nfc(located.parsed.id) for one in others)
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

    def _real_folder(self, name: str) -> str | None:
        """The folder that an include names, without links; None where it is no place."""
        if not name:
            return name
        try:
            real = files.inside(self._root, name)
        except InvalidFile:
            return None
        folder = os.path.relpath(real, os.path.realpath(self._root)).replace(os.sep, "/")
        if folder == ".":
            return ""
        return None if is_hidden(folder) else folder

    def _candidates(self, wanted: str) -> tuple[list[Located], list[Broken]]:
        """The entities whose frontmatter holds the id, and the files that seem to carry it
        but can't be read."""
        needles = _needles(wanted)
        base = os.path.join(self._root, "")
        found: list[Located] = []
        broken: list[Broken] = []
        for path in self.paths():
            named = wanted in nfc(path) and is_named(path, wanted)
            if not named and not _mentions(base + path, needles):
                continue
            try:
                found.append(self.read(path))
            except InvalidFile as error:
                certain = claims(_head(base + path), path, wanted, self._names)
                if named or certain:
                    broken.append(Broken(error=error, claims=certain))
            except EntityNotFound:  # gone since it was listed
                continue
            except LoopError as error:
                if named:
                    broken.append(Broken(error=error, claims=True))
        return found, broken

    def _walk(self, folder: str, excluded: set[str], seen: set[str]) -> Iterator[str]:
        """A generator over folders still to visit: no recursion, so no depth is too deep.

        The folders `seen`, by this walk or one before, are not visited again.
        """
        left_out = set(self._places.exclude_files)
        waiting = [folder]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            prefix = current + "/" if current else ""
            try:
                entries = list(os.scandir(os.path.join(self._root, current)))
            except OSError:  # gone, or not ours to read: what is in it can't be meant
                continue
            for entry in entries:
                name = entry.name
                if name.startswith("."):
                    if name == ".loop" and current:
                        raise _nested_vault(self._root, entry.path)
                elif name.endswith(".md"):
                    if name not in left_out and not entry.is_symlink():
                        yield prefix + name
                elif entry.is_dir(follow_symlinks=False) and prefix + name not in excluded:
                    waiting.append(prefix + name)


def is_named(path: str, wanted: str) -> bool:
    """Whether the file has the id for its name; `wanted` is in normal form."""
    return nfc(_stem(path)) == wanted


def is_hidden(path: str) -> bool:
    """Whether a relative path leads through a name that begins with a dot."""
    return any(part.startswith(".") and part != "." for part in path.split("/"))


def not_a_place(path: str) -> InvalidFile:
    """The error for a `--path` to a hidden file, or into a hidden folder such as `.loop`."""
    return InvalidFile(path, "is not a place for entities")


def claims(head: bytes, path: str, wanted: str, names: FieldNames) -> bool:
    """Whether a file that can't be parsed has a line that gives it the id, or the name that is
    it; `wanted` is in normal form."""
    if names.id_is_stem:
        return is_named(path, wanted)
    field, value = re.escape(names.id), re.escape(wanted)
    line = rf"^['\"]?{field}['\"]?\s*:\s*['\"]?{value}['\"]?\s*(#.*)?$"
    text = head.decode(errors="replace")
    return re.search(line, nfc(text if wanted.isascii() else _unescaped(text)), re.M) is not None


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
        matches = [one for one in found if wanted in aliases(one.parsed)]
        what = "have the alias"
    if len(matches) > 1:
        raise _ambiguous(entity_id, sorted(one.parsed.path for one in matches), what)
    if not matches and broken:
        raise broken[0].error
    warnings = tuple(one.error.message for one in broken)
    return matches[0].replace(warnings=warnings) if matches else None


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
        hint=_get(close[0]) if close else None,
    )


def wrong_file(entity_id: str, located: Located) -> EntityNotFound:
    """The error for a `--path` that is another entity."""
    parsed = located.parsed
    return EntityNotFound(
        f"{parsed.path} is not {entity_id!r}: its id is {parsed.id!r}",
        entity_id=entity_id,
        hint=_get(parsed.id),
    )


def _get(entity_id: str) -> str:
    import shlex

    return shlex.join(["loop", "get", entity_id])


def _ambiguous(entity_id: str, paths: list[str], what: str) -> AmbiguousId:
    listed = "\n".join(f"  {path}" for path in paths)
    return AmbiguousId(
        f"{len(paths)} files {what} {entity_id!r}; --path FILE chooses\n{listed}",
        entity_id=entity_id,
        paths=paths,
        hint="--path FILE",
    )


def _nested_vault(root: str, inner: str) -> UsageError:
    return UsageError(
        f"a vault inside a vault: {root} and {os.path.dirname(inner)} both are roots, "
        "so there would be two locks",
        hint="remove the .loop folder of one of them",
    )


def aliases(parsed: Parsed) -> list[str]:
    """The entity's other names, in the normal form that ids are compared in."""
    value = parsed.fields.get("aliases")
    items = value if isinstance(value, list) else [value]
    return [nfc(item) for item in items if isinstance(item, str)]


def _unescaped(text: str) -> str:
    """A text with YAML's escapes by number as the characters that they stand for."""
    return _ESCAPE.sub(lambda match: chr(int(match[match.lastindex or 0], 16)), text)


def _needles(wanted: str) -> tuple[bytes, ...]:
    """What a frontmatter with the id holds: the id in either form, or an escape of YAML, since
    other programs write `"\\uAC00"` for what is not ASCII."""
    forms = {wanted, unicodedata.normalize("NFD", wanted)}
    needles = tuple(form.encode("utf-8", "surrogateescape") for form in forms)
    return needles if wanted.isascii() else (*needles, b"\\u", b"\\U", b"\\x")


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md")


def _mentions(path: str, needles: tuple[bytes, ...]) -> bool:
    """Whether the frontmatter of a file holds the id. Run for every file of the vault, so
    the frontmatter is told from the body only where that matters."""
    try:
        descriptor = files.open_plain(path)
    except OSError:
        return False
    try:
        start = os.read(descriptor, _HEAD)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    for needle in needles:
        if needle in start or len(start) == _HEAD:
            return any(one in _head(path) for one in needles)
    return False


def _head(path: str) -> bytes:
    """The frontmatter's bytes and maybe some of the body; empty for what can't be read."""
    try:
        descriptor = files.open_plain(path)
    except OSError:
        return b""
    try:
        head = os.read(descriptor, _HEAD)
        end = head.find(b"\n---", 3)
        while end < 0 and len(head) < snapshot.MAX_FILE_BYTES:
            more = os.read(descriptor, 1 << 20)
            if not more:
                break
            start = len(head) - 4
            head += more
            end = head.find(b"\n---", start)
        return head if end < 0 else head[:end]
    except OSError:
        return b""
    finally:
        os.close(descriptor)
