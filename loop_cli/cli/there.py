"""The operations of a server, where the settings name one instead of a folder."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.config import Settings
    from loop_cli.operations.boundary import EntityOperations, Operations
    from loop_cli.remote.session import Session

    Agent = Callable[[], str | None]


def operations(settings: Settings, *, run_id: Callable[[], str], agent: Agent) -> Operations:
    """All of them. Raises `UsageError`, `StorageError`; nothing is asked yet."""
    from loop_cli.remote.operations import RemoteOperations

    return RemoteOperations(session(settings, run_id=run_id, agent=agent).client, run_id=run_id)


def entity_operations(
    settings: Settings, *, run_id: Callable[[], str], agent: Agent
) -> EntityOperations:
    """Those on one entity, for which less is loaded. Raises as `operations` does."""
    from loop_cli.remote.entities import RemoteEntityOperations

    return RemoteEntityOperations(
        session(settings, run_id=run_id, agent=agent).client, run_id=run_id
    )


def session(
    settings: Settings,
    *,
    run_id: Callable[[], str] | None = None,
    agent: Agent = lambda: None,
) -> Session:
    """The way to the server in force. Raises as `operations` does."""
    from loop_cli.remote.session import opened

    allowed = settings["allow_http"]
    return opened(settings["server"], os.environ, allow_http=allowed, run_id=run_id, agent=agent)
