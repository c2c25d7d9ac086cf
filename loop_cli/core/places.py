"""Rule A: the folder and the name of a new entity's file (SPEC §2)."""

from __future__ import annotations

import re

from loop_cli.core.names import nfc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from loop_cli.core.schema.paths import Places

ID = "{entity_id}"
"""The placeholder for the id in a place, until the id is known."""
_MAX_PART = 255  # bytes of one part of a path, on all known file systems
_NAME = r"\{[A-Za-z]*[Nn]ame\}|\{folder\}"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


class NoPlace(ValueError):
    """The entity has no place; the message says why, and `field` names the cause."""

    def __init__(self, message: str, *, field: str = "entity_type") -> None:
        super().__init__(message)
        self.field = field


def place_for(
    entity_type: str,
    *,
    name: str,
    year: int,
    locations: Mapping[str, str],
    project: str | None,
    siblings: Callable[[], Iterable[str]],
) -> str:
    """Return the path of a new entity, with `ID` for its id.

    `project` is the path of its project's file; `siblings` are the paths of other entities of its
    type. Raises `NoPlace`.
    """
    if entity_type == "Task" and project is not None:
        return _joined(project.rpartition("/")[0], f"Tasks/{ID}.md")
    place = locations.get(entity_type)
    if place is None:
        return _joined(_most_common(entity_type, siblings()), f"{ID}.md")
    folder, _slash, file = place.strip().rpartition("/")
    file = file or ("project.md" if entity_type == "Project" else f"{ID}.md")
    folder = "/".join(part for part in folder.split("/") if part not in ("", "."))
    path = _joined(folder, file).replace("{year}", str(year))
    path = re.sub(_NAME, lambda match: _named(match[0], name), path)
    left = [one for one in _PLACEHOLDER.findall(path) if one != ID]
    if left or "..." in path.split("/"):
        path = _joined(_like(path.rpartition("/")[0], entity_type, siblings()), file)
    return path


def outside(path: str, places: Places) -> str | None:
    """Return why loop would not find an entity at a path; None if it would."""
    name = path.rpartition("/")[2]
    if name in places.exclude_files:
        return f"{name} is one of the schema's paths.exclude_files"
    parents = [path[: match.start()] for match in re.finditer("/", path)]
    for folder in places.exclude:
        if folder in parents:
            return f"{folder} is one of the schema's paths.exclude"
    if places.include and not any(folder in ("", *parents) for folder in places.include):
        return "it is outside the schema's paths.include"
    return None


def too_long(path: str) -> bool:
    """Whether a part of a path is too long for file systems."""
    return any(len(part.encode()) > _MAX_PART for part in path.split("/"))


def slug(name: str) -> str:
    """Turn a name into a part of a path: letters and digits stay, other characters become `_`."""
    return re.sub(r"[^\w.-]+|_+", "_", nfc(name)).strip("._-")


def file_name(name: str) -> str:
    """Turn a name into a file name without ending.

    Characters that file systems or links use become blanks.
    """
    made = re.sub(r"[\x00-\x1f\x7f/\\:*?\"<>|#^\[\]_]+", " ", nfc(name))
    return " ".join(part for part in made.split(" ") if part).strip(". ")


def _named(placeholder: str, name: str) -> str:
    """Return the part of a path for a name. Raises `NoPlace`."""
    if "/" in name or "\\" in name or ".." in name:
        raise NoPlace(f"{name!r} can't name a folder: it holds '/', '\\' or '..'", field="name")
    made = slug(name)
    if not re.search(r"\w", made):
        raise NoPlace(f"{name!r} can't name a folder: it has no letter or digit", field="name")
    return f"{ID}_{made}" if placeholder == "{folder}" else made


def _most_common(entity_type: str, paths: Iterable[str]) -> str:
    folders = [path.rpartition("/")[0] for path in paths]
    if not folders:
        raise NoPlace(
            f"file_locations has no place for {entity_type}, and no other one shows where to put it"
        )
    return max(sorted(set(folders)), key=folders.count)


def _like(folder: str, entity_type: str, paths: Iterable[str]) -> str:
    """Return the last folder of other entities of the type that matches the place."""
    parts = folder.split("/")
    found = {path.rpartition("/")[0] for path in paths}
    fitting = [one for one in found if _fits(one.split("/"), parts)]
    if not fitting:
        raise NoPlace(f"no folder is there yet that is {folder}, the place of a {entity_type}")
    return max(fitting)


def _fits(names: list[str], parts: list[str]) -> bool:
    """Whether a path matches a place, in which each `...` is one name or more.

    It goes step by step and keeps all possible positions; trying all combinations would be too
    slow.
    """
    if len(parts) > len(names):
        return False
    reached = {0}  # positions in the parts of the place
    for name in names:
        following = set()
        for place in reached:
            if place and parts[place - 1] == "...":
                following.add(place)
            if place < len(parts) and (parts[place] == "..." or _is_named(name, parts[place])):
                following.add(place + 1)
        reached = following
    return len(parts) in reached


def _is_named(name: str, part: str) -> bool:
    """Whether a name matches a part of a place, in which each placeholder is a character or
    more."""
    first, *others = _PLACEHOLDER.split(part)
    if not others:
        return name == part
    if not name.startswith(first):
        return False
    at = len(first)
    for text in others[:-1]:
        at = name.find(text, at + 1)  # the first match leaves the most text for the others
        if at < 0:
            return False
        at += len(text)
    return len(name) - len(others[-1]) > at and name.endswith(others[-1])


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
