"""Answer a planner's questions about the database. Whether it asked for more than one entity is
remembered: then a plan holds only as long as nothing at all has changed."""

from __future__ import annotations

import os

from loop_cli.core.names import one_name
from loop_cli.core.records.record import History
from loop_cli.errors import InvalidFile
from loop_cli.planning.planner import StoreContext
from loop_cli.planning.resolution import refuse_no_place
from loop_cli.postgres import projection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from loop_cli.core.entity import Entity, EntityFile
    from loop_cli.core.links import Files, LinkSource
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.schema.rules import Rules
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.lines import Log
    from loop_cli.postgres.locating import Locator
    from loop_cli.postgres.reading import Reader

# Who has a place, which file is where a folder is needed, and whether a folder is there in another
# case or normal form, and not in this one. Folders are the spans of the paths beneath them.
_PLACE = """
SELECT ARRAY(SELECT path FROM file WHERE folded = %s),
    (SELECT path FROM file WHERE path = ANY(%s) LIMIT 1),
    EXISTS (
        SELECT FROM unnest(%s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[])
            AS folder (first, last, folded_first, folded_last)
        WHERE NOT EXISTS (SELECT FROM file WHERE path >= first AND path < last)
            AND EXISTS (SELECT FROM file WHERE folded >= folded_first AND folded < folded_last)
    )
"""


class PostgresContext(StoreContext):
    """The answers as of now. `asked` tells that the plan depends on more than its own entity."""

    def __init__(
        self, connection: Connection, reader: Reader, locator: Locator, log: Log, rules: Rules
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._locator = locator
        self._log = log
        self._rules = rules
        self.asked = False

    @property
    def rules(self) -> Rules:
        return self._rules

    def named(self, name: str) -> list[EntityFile]:
        self.asked = True
        return [one.located.parsed.file for one in self._locator.named(name)]

    def carrier(self, entity_id: str) -> EntityFile | None:
        self.asked = True
        found = self._locator.carriers(entity_id)
        return found[0].located.parsed.file if found else None

    def alike(self, entity_id: str) -> list[EntityFile]:
        self.asked = True
        return [one.located.parsed.file for one in self._locator.alike(entity_id)]

    def find(self, entity_id: str) -> Entity | None:
        self.asked = True
        found = self._locator.carriers(entity_id)
        return self._locator.observe(found[0]).entity if found else None

    def seems_taken(self, entity_id: str) -> bool:
        return bool(self.alike(entity_id))

    def all_ids(self) -> Iterable[str]:
        self.asked = True
        return self._locator.ids()

    def history(self, entity_id: str) -> History:
        self.asked = True
        return History(self._log.records_of(entity_id))

    def recorded_with(self, key: str) -> AuditRecord | None:
        from loop_cli.core.records.record import with_key

        return next(with_key(self._log.with_key(key), key), None)

    def admits(self, path: str) -> bool:
        refuse_no_place(path)
        return projection.admits(path, self._rules.schema.places)

    def is_free(self, path: str, *, leaves: str | None = None) -> bool:
        self.asked = True
        refuse_no_place(path)
        folders = _above(path)
        spans = [(*_span(one), *_span(one_name(one))) for one in folders]
        there, file, alike = self._connection.execute(
            _PLACE,
            (
                os.fsencode(one_name(path)),
                [*map(os.fsencode, folders)],
                *([one[side] for one in spans] for side in range(4)),
            ),
        ).fetchall()[0]
        if any(os.fsdecode(one) != leaves for one in there):
            return False
        if file is not None:
            raise InvalidFile(os.fsdecode(file), "is a file where a folder is needed")
        return not alike

    def kept(self, sha256: str) -> bytes | None:
        from loop_cli.postgres import keeping

        return keeping.read(self._connection, sha256)

    def referring_to(self, entity_id: str) -> Iterator[EntityFile]:
        self.asked = True
        return self._reader.files(referring_to=(entity_id,))

    def has_field(self, name: str) -> bool:
        self.asked = True
        return self._reader.has_field(name)

    def link_targets(self) -> Files:
        self.asked = True
        return self._reader.link_targets()

    def links_to(self, paths: Collection[str]) -> Iterator[LinkSource]:
        self.asked = True
        return self._reader.links_to(paths)


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _span(folder: str) -> tuple[bytes, bytes]:
    """Return the first and the last path beneath a folder."""
    return os.fsencode(folder) + b"/", os.fsencode(folder) + b"0"
