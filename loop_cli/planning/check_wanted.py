"""The scope of `loop check`: everything, some files, or some entities."""

from __future__ import annotations

from loop_cli.core.names import nearest, nfc
from loop_cli.errors import EntityNotFound
from loop_cli.planning.resolution import aliases, stem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loop_cli.core.check import across
    from loop_cli.core.check.finding import Finding, Subject
    from loop_cli.core.check.report import Scope

    Admits = Callable[[str, str | None], bool]  # of a file, and the type of the entity in it


def may_be(wanted: Scope, one: Subject) -> bool:
    """Whether an entity may be in the scope."""
    if not wanted.names and not wanted.paths:
        return True
    called = {one.type, one.id, nfc(one.id), _stem(one.path), *aliases(one.fields)}
    return one.path in wanted.paths or any(
        name in called or nfc(name) in called for name in wanted.names
    )


def selection(
    wanted: Scope, register: across.Register, types: set[str], found: Sequence[Finding]
) -> Admits:
    """Tell which files are in the scope. Raises `EntityNotFound`."""
    if not wanted.names and not wanted.paths:
        return lambda _path, _entity_type: True
    paths, chosen = set(wanted.paths), set[str]()
    for name in wanted.names:
        if name in types:
            chosen.add(name)
        else:
            paths.update(_paths_of(name, register, types, found))
    return lambda path, entity_type: path in paths or entity_type in chosen


def _paths_of(
    name: str, register: across.Register, types: set[str], findings: Sequence[Finding]
) -> list[str]:
    """Return the files of an id or an alias; for an unreadable file, its name is the id."""
    found = [who.path for who in register.named(name)]
    found += [one.path for one in findings if _stem(one.path) == nfc(name)]
    if not found:
        close = nearest(name, [*register.ids(), *types])
        meant = f"; did you mean {' or '.join(close)}?" if close else ""
        raise EntityNotFound(
            f"{name!r} is not an id, an alias or a type of this vault{meant}",
            entity_id=name,
            nearest=close,
        )
    return found


def _stem(path: str) -> str:
    return nfc(stem(path))
