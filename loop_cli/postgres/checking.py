"""`loop check` and `loop audit verify` of a vault in PostgreSQL."""

from __future__ import annotations

import os

from loop_cli.core.check.report import PassedOver
from loop_cli.core.names import LOG_FOLDER
from loop_cli.core.upkeep import RecordedPlace
from loop_cli.errors import EntityNotFound
from loop_cli.planning import check_links
from loop_cli.planning.check_walk import against_records, walked
from loop_cli.planning.log_walk import LogWalk, claims_in
from loop_cli.wire.record_errors import record_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from loop_cli.core.check.finding import Finding
    from loop_cli.core.check.report import Checked, Scope
    from loop_cli.core.links import LinkSource
    from loop_cli.core.upkeep import Verification
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle

_PATHS = "SELECT path FROM file WHERE admitted ORDER BY path"
_DATA = "SELECT data FROM file WHERE path = %s"
_THERE = "SELECT 1 FROM file WHERE path = %s OR (path >= %s AND path < %s) LIMIT 1"
_LINES = """
SELECT seq, segment, line FROM record WHERE seq > %s AND (NOT %s OR redacts OR
    position('"rolled_back"'::bytea in line) > 0) ORDER BY seq LIMIT 1000
"""
_ETAG = "SELECT etag FROM file WHERE path = %s"


def check(handle: Handle, wanted: Scope) -> Checked:
    """Check all files, and list the findings that are `wanted`. Raises `EntityNotFound`."""

    def read(path: str) -> bytes:
        row = handle.database.read(
            lambda connection: connection.execute(_DATA, (os.fsencode(path),)).fetchone()
        )
        if row is None:
            raise EntityNotFound(f"{path} is not there")
        return bytes(row[0])

    handle.database.read(handle.renew)
    for path in wanted.paths:
        if not _is_there(handle, path):
            raise EntityNotFound(f"{path} is not there", entity_id=path, nearest=[])
    paths = [os.fsdecode(path) for (path,) in _rows(handle, _PATHS)]
    walk = walked(paths, read, handle.rules, wanted, schema=handle.known.path)
    links = check_links.look(Surroundings(handle), walk.register)
    found = (*_edited(handle), *links.findings)
    return walk.result(links.replace(findings=found), passed_over(handle))


def passed_over(handle: Handle) -> PassedOver:
    """Return what is left out: there are no links here, and nothing that can't be read."""
    places = handle.places
    files = [
        path for path in handle.reader().paths() if path.rpartition("/")[2] in places.exclude_files
    ]
    folders = [folder for folder in places.exclude if _is_there(handle, folder)]
    return PassedOver(links=(), folders=tuple(folders), files=tuple(files), unread=())


def verify(handle: Handle) -> Verification:
    """Check the chain of the log, its records, and each entity against its last record."""
    walk = LogWalk(claims_in(text for _segment, _seq, text in _lines(handle, True)), record_errors)
    names: dict[str, int] = {}
    for segment, _seq, text in _lines(handle, False):
        names[segment] = names.get(segment, 0) + 1
        if text.strip():
            walk.step(f"{LOG_FOLDER}/{segment}", names[segment], text)
    walk.finish()
    files = (f"{LOG_FOLDER}/{name}" for name in names)
    return walk.result(files, *_against_files(handle, walk))


class Surroundings:
    """What the check of links asks of a vault."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.names = handle.names

    @property
    def excluded(self) -> Iterable[str]:
        """As `check_links.Surroundings`."""
        return self._handle.places.exclude

    def paths(self) -> Iterable[str]:
        """As `check_links.Surroundings`."""
        return self._handle.reader().paths()

    def link_sources(self, where: Callable[[str, bytes], bool]) -> Iterator[LinkSource]:
        """As `check_links.Surroundings`."""
        return self._handle.reader().link_sources(where)

    def is_there(self, path: str) -> bool:
        """As `check_links.Surroundings`."""
        return _is_there(self._handle, path)


def _edited(handle: Handle) -> Iterator[Finding]:
    claims = claims_in(text for _segment, _seq, text in _lines(handle, True))
    walk = LogWalk(claims, lambda _record: ())
    for segment, seq, text in _lines(handle, False):
        if text.strip():
            walk.step(segment, seq, text)
    yield from against_records(*_against_files(handle, walk))


def _against_files(
    handle: Handle, walk: LogWalk
) -> tuple[list[RecordedPlace], list[RecordedPlace]]:
    """Return the entities edited outside, and those without a file."""
    edited: list[RecordedPlace] = []
    gone: list[RecordedPlace] = []
    for entity_id, path, expected, newest in walk.entities.expected():
        row = handle.database.read(
            lambda connection, path=path: connection.execute(  # type: ignore[misc]
                _ETAG, (os.fsencode(path),)
            ).fetchone()
        )
        found = None if row is None else str(row[0])
        if found != expected and not (not newest and None in (found, expected)):
            place = RecordedPlace(entity_id=entity_id, path=path)
            (gone if found is None else edited).append(place)
    return edited, gone


def _lines(handle: Handle, referring: bool) -> Iterator[tuple[str, int, bytes]]:
    """Yield the lines, oldest first; or only those that may redact or take back others."""
    after = 0
    while True:
        page = handle.database.read(
            lambda connection, after=after: connection.execute(  # type: ignore[misc]
                _LINES, (after, referring)
            ).fetchall()
        )
        for seq, segment, line in page:
            yield segment, seq, line
        if len(page) < 1000:
            return
        after = page[-1][0]


def _is_there(handle: Handle, path: str) -> bool:
    name = os.fsencode(path)

    def work(connection: Connection) -> bool:
        return connection.execute(_THERE, (name, name + b"/", name + b"0")).fetchone() is not None

    return handle.database.read(work)


def _rows(handle: Handle, query: str) -> list[tuple[bytes]]:
    return handle.database.read(
        lambda connection: [(row[0],) for row in connection.execute(query.encode()).fetchall()]
    )
