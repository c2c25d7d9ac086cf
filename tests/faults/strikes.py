"""Faults to inject into a run, and runs with one injected: for tests that stop at every call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.faults.tracing import WITH_ENOSPC, WITHOUT_ERROR, Run, Stop, Tracer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.vault import Vault

    Program = Callable[[Vault], list[str]]
    Besides = Callable[[Callable[[], Run]], list[str]]  # faults, by a run without any

KILLED = -9


# -- what is wrong with the system besides ----------------------------------------------------


def nothing(_run: Callable[[], Run]) -> list[str]:
    return []


def no_exchange(_run: Callable[[], Run]) -> list[str]:
    """A file system that can't let two files change places."""
    return ["renameat2:error=EINVAL"]


def no_exchange_no_links(_run: Callable[[], Run]) -> list[str]:
    """One that has no hard links either."""
    return ["renameat2:error=EINVAL", "link,linkat:error=EPERM"]


def writer_came(run: Callable[[], Run]) -> list[str]:
    """A writer waits when the exchange is done: it is taken back and tried again."""
    lease = [stop for stop in run().stops if "F_GETLEASE" in stop.text][-1]
    return [f"fcntl:retval=2:when={lease.when}"]


def folder_sync_fails(run: Callable[[], Run]) -> list[str]:
    """Step 3 fails with an error after the exchange: it is taken back, exit 1."""
    stops = run().stops
    calls = [stop.call for stop in stops]
    sync = next(stop for stop in stops[calls.index("renameat2") :] if stop.call == "fsync")
    return [f"fsync:error=EIO:when={sync.when}"]


# -- the fault -------------------------------------------------------------------------------


def killed(stops: list[Stop]) -> list[tuple[Stop, str]]:
    return [(stop, "signal=SIGKILL") for stop in stops]


def no_space(stops: list[Stop]) -> list[tuple[Stop, str]]:
    return [(stop, "error=ENOSPC") for stop in stops if stop.call in WITH_ENOSPC]


def device_error(stops: list[Stop]) -> list[tuple[Stop, str]]:
    return [(stop, "error=EIO") for stop in stops if stop.call not in WITHOUT_ERROR]


# -- runs ------------------------------------------------------------------------------------


def free(stops: list[Stop], besides: list[str]) -> list[Stop]:
    """The stops that what is wrong besides leaves: other calls, and later than its own, since
    an earlier fault changes which call is the `when`th."""
    for one in besides:
        calls, _colon, rest = one.partition(":")
        when = re.search(r"when=(\d+)", rest)
        if when is not None:
            places = [(stop.call, stop.when) for stop in stops]
            stops = stops[places.index((calls, int(when[1]))) :]
        stops = [stop for stop in stops if stop.call not in calls.split(",")]
    return stops


def rehearse(
    program: Program, vault: Vault, tracer: Tracer, root: Path, besides: Besides
) -> tuple[Run, list[str]]:
    """A run in a copy of the vault, to see what it calls, with what is wrong besides; and that."""

    def run_in(copy: Vault, faults: list[str]) -> Run:
        return tracer(copy, program(copy), faults)

    faults = besides(lambda: run_in(vault.copy(root / "first"), []))
    return run_in(vault.copy(root / "rehearsal"), faults), faults


def strike(
    program: Program, vault: Vault, tracer: Tracer, root: Path, faults: list[str]
) -> tuple[Vault, Run]:
    """A run in which the last fault struck a call on the vault. What the interpreter reads
    for itself counts as well, and once in hundreds it reads a file more or less."""
    for attempt in range(3):
        struck = vault.copy(root / str(attempt))
        run = tracer(struck, program(struck), faults)
        lines = run.trace.splitlines()
        hit = [line for line in lines if "(INJECTED)" in line and str(struck.root) in line]
        if run.code == KILLED or (hit and ":error=" in faults[-1]):
            break
    return struck, run
