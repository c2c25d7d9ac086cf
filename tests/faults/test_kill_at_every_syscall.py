"""The real command, stopped at every system call that writes.

Killed there, or with an error from there, the entity is wholly old or wholly new, the next
command works, and the log has a record of exactly what landed. An exit code of 0 means that
the change is there, another one that it is not.

LOOP_FAULTS=all stops at every call; by default an even share of them is taken.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.cli import start
from tests.faults import programs
from tests.faults.strikes import (
    KILLED,
    device_error,
    folder_sync_fails,
    free,
    killed,
    no_exchange,
    no_exchange_no_links,
    no_space,
    nothing,
    rehearse,
    strike,
    writer_came,
)
from tests.faults.tracing import Run, Stop, Tracer, spread
from tests.faults.vault import RUN, Vault, change, origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.strikes import Besides
SHARE = 3  # stops of one scenario and kind in the default run


def update(vault: Vault) -> list[str]:
    return ["-m", "loop_cli", "update", vault.id(), "status=hold", "--force", "--json"]


def long_body(vault: Vault) -> list[str]:
    body = "긴 글\n" * 20_000
    vault.known[hashlib.sha256(body.encode()).hexdigest()] = body
    (vault.root / "body.txt").write_text(body)
    return [*update(vault), "--body-file", str(vault.root / "body.txt")]


def group(vault: Vault) -> list[str]:
    return programs.group(vault, atomic=True)


def batch(vault: Vault) -> list[str]:
    """Two changes that share their syncs, and of which each may land without the other."""
    return programs.group(vault, atomic=False)


def untouched(_vault: Vault, _tracer: Tracer) -> None:
    """No `.loop/` and no log yet."""


def used(vault: Vault, _tracer: Tracer) -> None:
    """Some changes were made before."""
    store = vault.store()
    for text in ("status=doing", "priority=high"):
        store.commit([change(vault.id(), text)], origin=origin())


def crashed_recorded(vault: Vault, tracer: Tracer) -> None:
    """The last run was killed between the record and the exchange: to be landed."""
    used(vault, tracer)
    run = tracer(vault, _priority(vault), ["renameat2:signal=SIGKILL:when=1"])
    assert run.code == KILLED and vault.staged


def crashed_landed(vault: Vault, tracer: Tracer) -> None:
    """The last run was killed after the exchange: to be cleaned up."""
    used(vault, tracer)
    run = tracer(vault, _priority(vault), ["unlinkat:signal=SIGKILL:when=1"])
    assert run.code == KILLED and vault.staged


def crashed_failed(vault: Vault, tracer: Tracer) -> None:
    """The last run was killed while it took back a change that had failed."""
    used(vault, tracer)
    broken = ["renameat2:error=EIO:when=1", "ftruncate:signal=SIGKILL:when=2"]
    run = tracer(vault, _priority(vault), [*broken, "unlinkat:signal=SIGKILL:when=1"])
    assert run.code == KILLED and vault.staged


def _priority(vault: Vault) -> list[str]:
    return ["-m", "loop_cli", "update", vault.id(), "priority=medium", "--force", "--json"]


@dataclass(frozen=True)
class Scenario:
    """A state of the vault, a program, and what is wrong with the system besides."""

    name: str
    prepare: Callable[[Vault, Tracer], None] = used
    program: Callable[[Vault], list[str]] = update
    besides: Besides = nothing

    def may_have_landed(self, code: int) -> list[int]:
        """How many changes of the run can stand, by its exit code."""
        whole = 1 if self.program in (update, long_body) else 2
        some = range(whole + 1) if self.program is batch else (0, whole)
        return [whole] if code == 0 else [n for n in some if code == KILLED or n < whole]

    def __str__(self) -> str:
        return self.name


SCENARIOS = (
    Scenario("first change", prepare=untouched),
    Scenario("later change"),
    Scenario("long body", program=long_body),
    Scenario("group", program=group),
    Scenario("batch", program=batch),
    Scenario("recovery lands", prepare=crashed_recorded),
    Scenario("recovery cleans up", prepare=crashed_landed),
    Scenario("recovery takes back", prepare=crashed_failed),
    Scenario("writer came", besides=writer_came),
    Scenario("writer came to a group", program=group, besides=writer_came),
    Scenario("writer came to a batch", program=batch, besides=writer_came),
    Scenario("sync fails", besides=folder_sync_fails),
    Scenario("no exchange", besides=no_exchange),
    Scenario("no exchange, no links", besides=no_exchange_no_links),
    Scenario("no exchange, group", program=group, besides=no_exchange),
)


@pytest.mark.parametrize("fault", [killed, no_space, device_error])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_stopped(
    scenario: Scenario,
    fault: Callable[[list[Stop]], list[tuple[Stop, str]]],
    vault: Vault,
    tracer: Tracer,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    scenario.prepare(vault, tracer)
    rehearsal, besides = rehearse(scenario.program, vault, tracer, tmp_path, scenario.besides)
    stops = free(rehearsal.stops, besides)
    chosen = fault(spread([stop for stop, _kind in fault(stops)], SHARE))
    assert chosen
    for number, (stop, kind) in enumerate(chosen):
        fault_here = [*besides, f"{stop.call}:{kind}:when={stop.when}"]
        struck, run = strike(scenario.program, vault, tracer, tmp_path / str(number), fault_here)
        explain = f"{kind} at {stop.text}: exit {run.code}, {run.err.decode()}"
        _check_fault(run, kind, explain)
        allowed = scenario.may_have_landed(run.code)
        _check_struck(struck, allowed, explain, read_first=number % 2 == 0)
    record_property(f"stops {fault.__name__}", len(chosen))


def _check_fault(run: Run, kind: str, explain: str) -> None:
    """The fault happened, and was answered with one clear error or not at all."""
    if kind.startswith("signal"):
        assert run.code == KILLED, explain
        return
    assert "(INJECTED)" in run.trace, explain
    assert run.code in (0, 1), explain
    assert b"Traceback" not in run.err and b"internal" not in run.err, explain


def _check_struck(vault: Vault, allowed: list[int], explain: str, *, read_first: bool) -> None:
    for number in (1, 2):
        assert _bare(vault.data(number)) in _possible(vault, number), explain
    if read_first:
        shown = _loop("get", vault.id(), "--json", vault=vault)
        assert shown["etag"] == hashlib.sha256(vault.data()).hexdigest()[:16], explain
        _check_settled(vault, allowed, explain)
        done = _loop(
            "update", vault.id(), "status=todo", "--if-match", shown["etag"], "--json", vault=vault
        )
    else:
        done = _loop("update", vault.id(), "status=todo", "--force", "--json", vault=vault)
    assert done["fields"]["status"] == "todo", explain
    _check_settled(vault, allowed, explain)


def _check_settled(vault: Vault, allowed: list[int], explain: str) -> None:
    """After recovery: nothing staged, the log whole and chained, files as it says."""
    assert vault.staged == [], explain
    vault.check_chain()
    vault.check_files()
    wanted = [
        data for data in vault.landed() if data["run_id"] == RUN and _sets(data, "status", "hold")
    ]
    assert len(wanted) in allowed, explain


def _sets(data: dict[str, Any], name: str, value: str) -> bool:
    return bool(data["diff"].get(name, {}).get("new") == value)


def _possible(vault: Vault, number: int) -> set[bytes]:
    """The states that the file can be in right after the stop, without the time."""
    text = vault.original(number)
    states = set()
    bodies = [b"Body\n", *(body.encode() for body in vault.known.values())]
    for status in (b"todo", b"doing", b"hold"):
        for priority in (b"low", b"high", b"medium"):
            changed = text.replace(b"todo", status).replace(b"low", priority)
            states |= {_bare(changed.replace(b"\nBody\n", b"\n" + body)) for body in bodies}
            states |= {_bare(changed.replace(b"\n\nBody\n", b"\n" + body)) for body in bodies}
    return states


def _bare(data: bytes) -> bytes:
    return re.sub(rb"(?m)^updated: .*$", b"updated:", data)


def _loop(*arguments: str, vault: Vault) -> dict[str, Any]:
    """The command in this process: what it does is the same, and hundreds take seconds."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = start.run([*arguments, "--vault", str(vault.root)])
    out.seek(0), err.seek(0)
    assert code == 0, err.read()
    result: dict[str, Any] = json.loads(out.read())
    return result
