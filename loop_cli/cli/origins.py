"""Who writes, and in which run: from the system, never from an option or variable (SPEC §6).

`LOOP_RUN_ID` joins several commands in one run.
"""

from __future__ import annotations

import os

from loop_cli.cli import output
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.records.record import Origin


def of_folder(root: str) -> Origin:
    """The origin of changes in a vault's folder."""
    return made(actor(root))


def made(who: str) -> Origin:
    """The origin of changes by an actor."""
    from loop_cli.core.records.record import Origin
    from loop_cli.system import platform

    return Origin(
        run_id=run_id(),
        actor=who,
        tty=output.can_ask(),
        invoked_by=platform.parent_name(),
        agent=agent(),
    )


def actor(root: str | None) -> str:
    """Who this is in records: the system's user, by the name that the vault has."""
    from loop_cli.system import platform

    if root is None:
        return f"user:{platform.user_name()}"
    from loop_cli.vault import members

    return "user:" + members.display_name(root, platform.user_name())


def agent() -> str | None:
    """What a program says of itself: `LOOP_AGENT`. Raises `UsageError`."""
    given = os.environ.get("LOOP_AGENT", "").strip()
    if len(given) > 100 or not given.isprintable():
        raise UsageError("LOOP_AGENT must be one line of at most 100 characters")
    return given or None


def run_id() -> str:
    """Return the id of this run: `LOOP_RUN_ID`, or a new UUID v4. Raises `UsageError`."""
    from loop_cli.core.records.record import RUN_ID
    from loop_cli.lean.basics import uuid4

    given = os.environ.get("LOOP_RUN_ID")
    if given:
        import re

        if re.fullmatch(RUN_ID, given, re.IGNORECASE | re.ASCII) is None:
            raise UsageError(
                f"LOOP_RUN_ID must be a UUID v4, not {given!r}",
                hint="export LOOP_RUN_ID=$(python3 -c 'import uuid; print(uuid.uuid4())')",
            )
        return given.lower()
    return uuid4()
