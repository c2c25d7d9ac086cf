"""What the tests of commands need on PostgreSQL, made once: copying is cheaper than making."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.postgres.forks import Forks
from tests.postgres.mirror import Mirror
from tests.postgres.vaults import dropped, fresh

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class InPostgres:
    """The vault of `folder` at a server, of which each test gets a copy, and `forks`, which run
    commands with an environment like this one."""

    def __init__(self, server: str, folder: Path, environment: Mapping[str, str]) -> None:
        self._server = server
        self._sample = Mirror(folder, fresh(server))
        self._sample.push()
        self.forks = Forks(environment)

    def mirror(self, folder: Path) -> Mirror:
        """The mirror of another folder with the same files, in a vault of its own."""
        made = Mirror(folder, fresh(self._server))
        made.begin_as(self._sample)
        return made

    def drop(self, mirror: Mirror) -> None:
        """Remove the vault of a mirror, and all beside it."""
        for one in mirror.all:
            one.close()
            dropped(one.address)

    def close(self) -> None:
        """Remove the sample, and end what runs commands."""
        self.forks.close()
        self.drop(self._sample)
