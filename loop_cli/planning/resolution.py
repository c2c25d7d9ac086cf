"""Find the file for an id, an alias or a path: the same answer from every store (SPEC §2)."""

from __future__ import annotations

from loop_cli.core.names import ENDINGS, LOG_FOLDER, is_hidden, nearest, nfc
from loop_cli.errors import Action, EntityNotFound, InvalidFile, LoopError, Sentence, UsageError
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.planning.snapshot import Parsed

_ESCAPE = r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U((?:000[0-9A-Fa-f]|0010)[0-9A-Fa-f]{4}))"
# The log's folder, and the shell's name for the home folder: nobody should have to remove that.
_NO_PLACES = (LOG_FOLDER.casefold(), "~")


class Located(Struct):
    """A file that matches.

    `modified` is the file's time when it was read (microseconds), 0 if it was not read. `shared`
    means: other files have the id too, so only records of its path are its own. `warnings` are
    about unreadable files that may be meant. `remembered` means: it comes from the index. `note`
    means: it is not an entity.
    """

    parsed: Parsed
    modified: int = 0
    shared: bool = False
    warnings: tuple[str, ...] = ()
    remembered: bool = False
    note: bool = False


class Broken(Struct):
    """An unreadable file that may be the one; `claims` means: the id is in it, not only in its
    name."""

    error: LoopError
    claims: bool


def choose(
    entity_id: str, found: Sequence[Located], broken: Sequence[Broken] = ()
) -> Located | None:
    """Choose the file with the id, and warn of unreadable files; or the file with the alias.

    The alias counts only if no unreadable file claims the id. Raises `AmbiguousId`, or the error of
    an unreadable file that may be meant.
    """
    wanted = nfc(entity_id)
    matches = [one for one in found if nfc(one.parsed.id) == wanted]
    what = "carry the id"
    if not matches:
        for one in broken:
            if one.claims:
                raise one.error
        matches = [one for one in found if is_meant(one, wanted)]
        what = "have the alias"
    if len(matches) > 1:
        raise _ambiguous(entity_id, sorted(one.parsed.path for one in matches), what)
    if not matches and broken:
        raise broken[0].error
    warnings = tuple(one.error.message for one in broken)
    return matches[0].replace(warnings=warnings) if matches else None


def is_meant(located: Located, wanted: str) -> bool:
    """Whether the entity has the id or the alias; `wanted` is in normal form."""
    parsed = located.parsed
    return wanted in (nfc(parsed.id), *aliases(parsed.fields, parsed.document.yaml))


def not_a_place(path: str) -> InvalidFile:
    """Make the error for a `--path` to a hidden file, or into a hidden folder such as `.loop`."""
    return InvalidFile(path, "is not a place for entities")


def refuse_no_place(path: str) -> None:
    """Raise `InvalidFile` if no entity can be at a path."""
    if path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise InvalidFile(path, "leads out of the vault")
    top = path.partition("/")[0].casefold()
    if is_hidden(path) or top in _NO_PLACES:
        raise not_a_place(path)
    if not path.endswith(ENDINGS):
        raise InvalidFile(path, "is not a place for entities: it does not end in .md")


def refuse_no_note(path: str) -> None:
    """Raise `InvalidFile` if no file with links can be at a path."""
    from loop_cli.core.links import SOURCES

    stem, dot, ending = path.rpartition(".")
    refuse_no_place(f"{stem}.md" if dot + ending in SOURCES else path)


def claims(start: bytes, path: str, wanted: str, names: FieldNames) -> bool:
    """Whether an unreadable file has a line with the id, or a name that is the id.

    `wanted` is in normal form, `start` is the file's beginning.
    """
    if names.id_is_stem:
        return nfc(names.id_of(path)) == wanted
    import re

    field, value = re.escape(names.id), re.escape(wanted)
    line = rf"^['\"]?{field}['\"]?\s*:\s*['\"]?{value}['\"]?\s*(#.*)?$"
    text = frontmatter_of(start).decode(errors="replace")
    return re.search(line, nfc(text if wanted.isascii() else unescaped(text)), re.M) is not None


def is_named(path: str, wanted: str) -> bool:
    """Whether the id is the file's name; `wanted` is in normal form."""
    return nfc(stem(path)) == wanted


def aliases(fields: Mapping[str, Any], yaml_text: str = "") -> list[str]:
    """An entity's other names, in the normal form that ids are compared in; numbers also with the
    digits that stand in the YAML text."""
    value = fields.get("aliases")
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    names = [
        str(item)
        for item in items
        if isinstance(item, str | int | float) and not isinstance(item, bool)
    ]
    if yaml_text and any(isinstance(item, float) for item in items):
        from loop_cli.markdown import spelling

        names += spelling.spelled(yaml_text, ("aliases",), value).values()
    return list(map(nfc, names))


def stem(path: str) -> str:
    """Return a file's name without its folder and `.md`."""
    return path.rpartition("/")[2].removesuffix(".md").removesuffix(".markdown")


def frontmatter_of(start: bytes) -> bytes:
    ends = [end for mark in (b"\n---", b"\n...") if (end := start.find(mark, 3)) >= 0]
    return start[: min(ends)] if ends else start


def unescaped(text: str) -> str:
    """Replace YAML's numeric escapes in a text by their characters."""
    import re

    return re.sub(_ESCAPE, lambda match: chr(int(match[match.lastindex or 0], 16)), text)


def refuse_twice(places: Iterable[Located]) -> None:
    """Raise `UsageError` if two changes of an atomic group are about one file."""
    seen: set[str] = set()
    for path in (place.parsed.path for place in places):
        if path in seen:
            raise UsageError(f"an atomic group changes {path} twice")
        seen.add(path)


def no_such_entity(entity_id: str, ids: Iterable[str]) -> EntityNotFound:
    """Make the error for an unknown id, with the nearest ids."""
    close = nearest(entity_id, ids)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    return EntityNotFound(
        f"no entity {entity_id!r}{meant}",
        entity_id=entity_id,
        nearest=close,
        hint=Action("read", entity_id=close[0]) if close else None,
    )


def excluded(entity_id: str, path: str) -> EntityNotFound:
    """Make the error for an id that only an excluded file has."""
    return EntityNotFound(
        f"no entity {entity_id!r}: {path} carries it, where the schema has no entities",
        entity_id=entity_id,
        excluded=path,
        hint=Action("read", entity_id=entity_id, path=path),
    )


def wrong_file(entity_id: str, located: Located) -> EntityNotFound:
    """Make the error for a `--path` to another entity."""
    parsed = located.parsed
    return EntityNotFound(
        f"{parsed.path} is not {entity_id!r}: its id is {parsed.id!r}",
        entity_id=entity_id,
        hint=Action("read", entity_id=parsed.id),
    )


def _ambiguous(entity_id: str, paths: list[str], what: str) -> LoopError:
    from loop_cli.failures import AmbiguousId

    listed = "\n".join(f"  {path}" for path in paths)
    return AmbiguousId(
        Sentence(
            f"{len(paths)} files {what} {entity_id!r}; to choose: ",
            Action("choose_path"),
            f"\n{listed}",
        ),
        entity_id=entity_id,
        paths=paths,
        hint=Action("choose_path"),
    )
