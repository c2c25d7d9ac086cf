"""The methods of `core.upkeep` for a vault in PostgreSQL; each has its own module."""

from __future__ import annotations

from loop_cli.core.upkeep import Upkeep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.postgres.handle import Handle


class PostgresUpkeep(Upkeep):
    """The other work of one vault."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
