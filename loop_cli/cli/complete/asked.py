"""Completions of a vault in PostgreSQL: nothing is kept here, each TAB asks the database."""

from __future__ import annotations

import signal

from loop_cli.cli import context
from loop_cli.cli.complete import words
from loop_cli.cli.complete.candidates import MOST, Vault, runs_in
from loop_cli.errors import LoopError
from loop_cli.planning import membership
from loop_cli.postgres import offering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.postgres.store import PostgresStore

    Word = tuple[str, str]

_PATIENCE = 3  # seconds that a shell waits for a database
_NAMES = 20_000  # entities whose names are searched
_LINES = 500


class StoredVault(Vault):
    """The words of a vault at an address. Raises `LoopError` where it can't be opened."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        signal.signal(signal.SIGALRM, _give_up)
        signal.alarm(_PATIENCE)
        self._settings = context.open_settings({"vault": address})
        self._store: PostgresStore = context.open_database(self._settings)

    def views(self) -> list[str]:
        from loop_cli.cli.views import Views

        return sorted(Views(self._settings).all())

    def ids_from(self, prefix: str) -> list[Word]:
        return [*map(_shown, offering.ids_from(self._store.handle, prefix, MOST))]

    def items(self, entity_id: str, field: str) -> list[Word]:
        found = self._fields_in(entity_id).get(field)
        listed = found if isinstance(found, list) else []
        return [(one, "") for one in listed if isinstance(one, str)]

    def runs(self) -> list[Word]:
        return runs_in(offering.last_lines(self._store.handle, _LINES))

    def _type_of(self, entity_id: str) -> str:
        return offering.type_and_fields(self._store.handle, entity_id)[0]

    def _fields_in(self, entity_id: str) -> dict[str, Any]:
        return offering.type_and_fields(self._store.handle, entity_id)[1]

    def _all_words(self) -> bytes:
        named = map(_shown, offering.newest(self._store.handle, _NAMES))
        return "".join(f"{entity_id}\t{name}\n" for entity_id, name in named).encode()

    def _table(self) -> str:
        store = self._store
        try:
            schema = store.schema
        except LoopError:  # every other command reports it
            schema = None
        names = membership.names(store.handle.members) or ()
        return words.table([], schema, store.names, names)


def _shown(named: tuple[bytes, str | None]) -> Word:
    entity_id, name = named
    return entity_id.decode("utf-8", "replace"), name or ""


def _give_up(*_signal: object) -> None:
    raise TimeoutError
