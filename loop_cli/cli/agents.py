"""How agents get to a vault: on its files, over a server, or within a server."""

from __future__ import annotations

from loop_cli.cli import context
from loop_cli.core.records.record import Origin
from loop_cli.failures import NotAllowed
from loop_cli.lean.basics import uuid4
from loop_cli.mcp.server import Door

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.config import Settings
    from loop_cli.operations.boundary import Operations
    from loop_cli.server.options import Options
    from loop_cli.server.service import OpenOperations


def door(settings: Settings) -> Door:
    """The door to the vault in force. Raises what opening it raises."""
    return FilesDoor(settings) if settings["server"] is None else ServerDoor(settings)


class FilesDoor(Door):
    """On the files: a store that stays open. Each call is a run, in the name of this user."""

    def __init__(self, settings: Settings) -> None:
        from loop_cli.cli.shared import opener

        self._settings = settings
        self._opened = opener(settings)

    def open(self, request: Any, agent: str | None) -> Operations:
        del request
        return self._opened(context.agent_origin(self._settings, agent))

    def check_writer(self, request: Any) -> None:
        del request

    def close(self) -> None:
        """Have the system tell no more of changed files."""
        self._opened.close()


class ServerDoor(Door):
    """Over a server, which knows by the token who calls; each call has a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def open(self, request: Any, agent: str | None) -> Operations:
        del request
        from loop_cli.cli import there

        run_id = context.run_id()
        return there.operations(
            self._settings, run_id=lambda: run_id, agent=lambda: context.agent() or agent
        )

    def check_writer(self, request: Any) -> None:
        del request  # the server looks


class ServedDoor(Door):
    """Within a server: whoever the token says."""

    def __init__(self, opened: OpenOperations, options: Options) -> None:
        self._opened = opened
        self._options = options

    def open(self, request: Any, agent: str | None) -> Operations:
        from loop_cli.server.visit import visit_of

        visit = visit_of(request.scope)
        assert visit.caller is not None, "no request without a token comes so far"
        token = visit.caller.token
        visit.run_id = uuid4()
        origin = Origin(run_id=visit.run_id, actor=token.actor, source=token.source, agent=agent)
        return self._opened(origin)

    def check_writer(self, request: Any) -> None:
        from loop_cli.server.visit import visit_of

        visit = visit_of(request.scope)
        assert visit.caller is not None, "no request without a token comes so far"
        if self._options.read_only:
            raise NotAllowed("this server only reads", hint="a person started it with --read-only")
        if visit.caller.token.role != "write":
            raise NotAllowed(
                f"the token {visit.caller.token.name!r} may only read",
                hint="'loop token add NAME --role write' makes one that may",
            )
