"""Where the entities of a vault are: the section `paths` of the schema (SPEC §2).

This file is separate because reading needs nothing else of the schema.
"""

from __future__ import annotations

from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Names = tuple[str, ...]


class SchemaError(ValueError):
    """A section has the wrong shape; the message names the section and the right shape."""


class Places(Struct):
    """The folders and file names of the schema's `paths`.

    The folders are relative to the vault, without `.`, `..` and double slashes; the empty name is
    the vault itself.
    """

    include: Names = ()
    exclude: Names = ()
    exclude_files: Names = ()


def build_places(data: Mapping[str, Any]) -> Places:
    """Build the places from a parsed file, or from its section `paths`. Raises `SchemaError`."""
    paths = mapping(data, "paths")
    include, exclude, files = (names(paths, key, inside="paths.") for key in Places._fields)
    for name in include:
        hidden = any(part.startswith(".") for part in _plain(name).split("/"))
        if name.startswith("/") or hidden or "\0" in name:
            raise SchemaError(f"paths.include must be folders of the vault, not {name!r}")
    return Places(
        include=tuple(dict.fromkeys(map(_plain, include))),
        exclude=tuple(plain for plain in map(_plain, exclude) if plain),
        exclude_files=files,
    )


def names(data: Mapping[str, Any], key: str, *, inside: str = "") -> Names:
    """Return the list of names under a key, empty if it is missing. Raises `SchemaError`."""
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or {*map(type, value)} - {str}:
        raise SchemaError(f"{inside}{key} must be a list of names")
    return tuple(value)


def mapping(data: Mapping[str, Any], key: str, *, inside: str = "") -> dict[str, Any]:
    """Return the mapping under a key, empty if it is missing. Raises `SchemaError`."""
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SchemaError(f"{inside}{key} must be a mapping")
    return value


def _plain(folder: str) -> str:
    return "/".join(part for part in folder.split("/") if part not in ("", "."))
