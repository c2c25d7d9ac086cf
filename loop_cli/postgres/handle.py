"""The handle of one vault in PostgreSQL: the database, and what its files say of schema and
members.

The facade `PostgresStore` makes it. Modules below take the handle, and never the facade.
"""

from __future__ import annotations

import threading

from loop_cli.core.names import SETTINGS
from loop_cli.core.schema.rules import Rules
from loop_cli.planning import membership, plan, schema_text
from loop_cli.postgres.address import parse
from loop_cli.postgres.database import Database
from loop_cli.postgres.lines import Log
from loop_cli.postgres.reading import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema.paths import Places
    from loop_cli.core.schema.schema import Schema
    from loop_cli.planning.plan import Policy
    from loop_cli.postgres.database import Connection

_FILE = "SELECT data FROM file WHERE path = %s"
_RULES = "SELECT rules FROM head"


class Handle:
    """The vault at an address. `patience` is in seconds; `clock` gives microseconds; `private`
    names the fields that are recorded as hashes; `schema_at` is the file of the schema, where a
    setting names one.

    It is opened by `opening`. Raises `UsageError` for a wrong address.
    """

    def __init__(
        self,
        address: str,
        *,
        names: FieldNames,
        clock: Callable[[], int],
        patience: float,
        private: tuple[str, ...],
        schema_at: str | None = None,
    ) -> None:
        self.place = address
        self.address = parse(address)
        self.names = names
        self.clock = clock
        self.private = private
        self.database = Database(self.address, patience=patience)
        self.schema_at = schema_at
        self.schemas = (schema_text.PATH, schema_text.OWN) if schema_at is None else (schema_at,)
        self.deciding = (*self.schemas, membership.PATH, SETTINGS)
        self.channel = f"loop_{self.address.schema}"
        self._noticed = _Noticed()
        self._known: _Known | None = None
        self._lock = threading.Lock()
        self.same_zone = False  # whether days are those of this program's time zone

    @property
    def schema(self) -> Schema:
        """As `Store.schema`."""
        return self.known.schema

    @property
    def rules(self) -> Rules:
        """As `Store.rules`."""
        return self.known.rules

    @property
    def places(self) -> Places:
        """Where entities are."""
        return self.known.schema.places

    @property
    def members(self) -> dict[Any, Any]:
        """Who is listed, by login."""
        return self.known.members

    @property
    def policy(self) -> Policy:
        """What every plan is made by."""
        return plan.Policy(rules=self.rules, clock=self.clock, private=self.private)

    @property
    def known(self) -> _Known:
        """What the deciding files say, as it was read last."""
        if self._known is None:
            self.database.read(self.renew)
        assert self._known is not None, "it was just read"
        return self._known

    def renew(self, connection: Connection, rules: int | None = None) -> None:
        """Read the deciding files again, if one of them has changed; `rules` counts their changes.

        Raises `InvalidFile` for a broken schema.
        """
        if rules is None:
            row = connection.execute(_RULES).fetchone()
            rules = 0 if row is None else int(row[0])
        with self._lock:
            if self._known is None or self._known.rules_seen != rules:
                self._known = _Known(connection, self.names, self.schemas, rules)

    def reader_over(self, connection: Connection) -> Reader:
        """Return what reads files over one connection."""
        return Reader(lambda work: work(connection), self.names)

    def log_over(self, connection: Connection) -> Log:
        """Return the log over one connection."""
        return Log(lambda work: work(connection), self._unreadable)

    def reader(self) -> Reader:
        """Return what reads files, a page at a time, over any connection."""
        return Reader(self.database.read, self.names)

    def log(self) -> Log:
        """Return the log, a page at a time, over any connection."""
        return Log(self.database.read, self._unreadable)

    def notice(self, sentences: Iterable[str]) -> None:
        """Add warnings for this thread, each once."""
        known = self._noticed.sentences
        known += [one for one in sentences if one not in known]

    def take_notices(self) -> list[str]:
        """Return the new warnings of this thread."""
        noticed = self._noticed
        taken, noticed.sentences = noticed.sentences, []
        count, noticed.unreadable = noticed.unreadable, 0
        if count:
            lines = "a line" if count == 1 else f"{count} lines"
            taken.append(f"{lines} of the audit log can't be read; passed over")
        return taken

    def close(self) -> None:
        """Close the connections."""
        self.database.close()

    def _unreadable(self) -> None:
        self._noticed.unreadable += 1


class _Known:
    """What the deciding files say; `rules_seen` is how often they had changed then. `path` is the
    file of the schema, whether it is there or not: of several the first that is."""

    def __init__(
        self, connection: Connection, names: FieldNames, schemas: Sequence[str], rules: int
    ) -> None:
        self.rules_seen = rules
        there = ((path, _read(connection, path)) for path in schemas)
        self.path, self.data = next(
            (one for one in there if one[1] is not None), (schemas[-1], None)
        )
        if self.data is None:
            self.schema = schema_text.shipped()
        else:
            self.schema = schema_text.build(self.data, self.path)
        self.members = membership.said(_read(connection, membership.PATH))
        self.rules = Rules(self.schema, names, lambda: membership.names(self.members))


class _Noticed(threading.local):
    """Warnings for the user; each thread has its own."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.unreadable = 0


def _read(connection: Connection, path: str) -> bytes | None:
    row = connection.execute(_FILE, (path.encode(),)).fetchone()
    return None if row is None else row[0]
