"""What a file says of others: the ids to which its fields refer, and the names in its links.

Each is a row of the table `mention`, so that what leads to an entity is found without a look at all
files. A name may lead nowhere, or to another file: who asks reads the files that are found.
"""

from __future__ import annotations

from loop_cli.core.links import CANVAS, SOURCES, may_have_links, names_for, names_in, stem_of
from loop_cli.core.names import LOG_FOLDER, is_hidden, nfc, one_name
from loop_cli.core.references import referred
from loop_cli.lean.basics import sha256_hex
from loop_cli.markdown import canvas, links
from loop_cli.planning import link_places
from loop_cli.postgres.keys import word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from loop_cli.core.entity import FieldNames

UNREAD = b"?"
"""What a canvas mentions whose links nobody can read: perhaps every name."""
_LONGEST = 500  # bytes; a longer one has a hash


def may_be_linked(path: str) -> bool:
    """Whether a link may lead to a file: it is not hidden, and not of the log."""
    return not is_hidden(path) and path.partition("/")[0] != LOG_FOLDER


def stem(path: str) -> bytes | None:
    """Return the name by which links find a file; None if none may lead to it."""
    return word(stem_of(path)) if may_be_linked(path) else None


def of_file(path: str, data: bytes) -> tuple[bytes, ...]:
    """Return what the links of a file mention."""
    return tuple(sorted(_in_links(path, data)))


def of_entity(
    links: Iterable[bytes], entity_id: str, fields: Mapping[str, Any], names: FieldNames
) -> tuple[bytes, ...]:
    """Return what the file of an entity mentions: what its `links` do, as `of_file` returns it, its
    fields, and its own id; one with capitals also as it reads without case."""
    own = nfc(entity_id)
    ids = (own, *(text for _path, text in referred(fields, names)))
    found = {*links, *(_row("=", one) for one in ids)}
    without_case = one_name(own)
    return tuple(sorted(found if without_case == own else {*found, folded(without_case)}))


def folded(text: str) -> bytes:
    """Return what mentions an id with capitals; `text` is how it reads without case."""
    return _row("~", text)


def of_ids(texts: Iterable[str]) -> list[bytes]:
    """Return what mentions some ids."""
    return [_row("=", nfc(text)) for text in texts]


def of_files(paths: Iterable[str]) -> list[bytes]:
    """Return what mentions some files, or may do so."""
    return [UNREAD, *(_row("/", name) for path in paths for name in names_for(path))]


def _in_links(path: str, data: bytes) -> set[bytes]:
    if not path.endswith(SOURCES) or not may_be_linked(path) or not may_have_links(path, data):
        return set()
    if path.endswith(CANVAS) and canvas.is_broken(data):
        return {UNREAD}
    said = None if path.endswith(CANVAS) else links.said(data.decode(errors="replace"))
    if said is None:
        said = [(one.link.kind, one.link.path) for one in link_places.placed(path, data)]
    return {_row("/", name) for _kind, aim in said for name in names_in(aim, path)}


def _row(kind: str, text: str) -> bytes:
    data = word(text)
    return kind.encode() + (data if len(data) <= _LONGEST else sha256_hex(data).encode())
