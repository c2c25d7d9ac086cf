"""What makes, moves, deletes and brings back, stopped at every system call that writes.

Killed there, or with an error from there, the vault's files and folders are wholly as before
or wholly as after, once the next command has run; the log has the records of exactly what
landed, and what was deleted is kept. LOOP_FAULTS=all stops at every call.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults import programs
from tests.faults.programs import KINDS, delete
from tests.faults.strikes import (
    KILLED,
    device_error,
    folder_sync_fails,
    free,
    killed,
    no_exchange,
    no_space,
    nothing,
    rehearse,
    strike,
    writer_came,
)
from tests.faults.tracing import Run, Tracer, spread
from tests.faults.vault import Vault, change, origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.strikes import Besides
    from tests.faults.tracing import Stop

SHARE = 2  # stops of one scenario and kind in the default run
WITNESS = 3  # the task that the next command changes


def used(vault: Vault, _name: str, _tracer: Tracer) -> None:
    """Some changes were made before."""
    vault.store().commit([change(vault.id(1), "priority=high")], origin=origin())


def deleted(vault: Vault, _name: str, _tracer: Tracer) -> None:
    used(vault, _name, _tracer)
    vault.store().commit([delete(vault)], origin=origin())


def lay_out(root: Path, kind: str) -> Vault:
    """A vault; in it a note that links to a task and is no entity, where the kind is of one."""
    vault = Vault(root=root, count=4).lay_out()
    if "note" in kind:
        note = vault.root / programs.NOTE
        note.parent.mkdir()
        note.write_text("see [[tsk-001-01]]\r\n")
    return vault


def crashed_with_a_note(vault: Vault, name: str, tracer: Tracer) -> None:
    """A run was killed between the entity's landing and the note's."""
    used(vault, name, tracer)
    _crash(vault, name, tracer, "renameat2:signal=SIGKILL:when=3")


def crashed_recorded(vault: Vault, name: str, tracer: Tracer) -> None:
    """A run was killed between the record and the first step of landing."""
    used(vault, name, tracer)
    _crash(vault, name, tracer, "renameat2:signal=SIGKILL:when=1")


def crashed_between(vault: Vault, name: str, tracer: Tracer) -> None:
    """A run was killed between two steps of landing: a move's, or a group's."""
    used(vault, name, tracer)
    _crash(vault, name, tracer, "renameat2:signal=SIGKILL:when=2")


def crashed_failed(vault: Vault, name: str, tracer: Tracer) -> None:
    """A run was killed while it took back what had failed."""
    used(vault, name, tracer)
    kept = name == "group"  # what is deleted; that unlinks, too, and before anything is staged
    _crash(
        vault,
        name,
        tracer,
        "renameat2:error=EIO:when=2",
        f"unlinkat:signal=SIGKILL:when={1 + kept}",
    )
    assert any(path.endswith(".undone") for path in vault.staged)


def _crash(vault: Vault, name: str, tracer: Tracer, *faults: str) -> None:
    assert tracer(vault, programs.life(vault, name), faults).code == KILLED
    assert vault.staged


def _next_command(vault: Vault) -> list[str]:
    return ["-m", "loop_cli", "update", vault.id(WITNESS), "status=doing", "--force", "--json"]


@dataclass(frozen=True)
class Scenario:
    """A kind of change, a state of the vault, and what is wrong with the system besides.

    Where a crash came before, the program is the next command, which recovers.
    """

    kind: str
    prepare: Callable[[Vault, str, Tracer], None] = used
    besides: Besides = nothing

    def __str__(self) -> str:
        words = (self.kind, self.prepare.__name__, self.besides.__name__)
        return ", ".join(word for word in words if word not in ("used", "nothing"))

    @property
    def recovers(self) -> bool:
        return self.prepare.__name__.startswith("crashed")

    def program(self, vault: Vault) -> list[str]:
        return _next_command(vault) if self.recovers else programs.life(vault, self.kind)


SCENARIOS = (
    Scenario("create"),
    Scenario("create in new folders"),
    Scenario("delete"),
    Scenario("move"),
    Scenario("rename"),
    Scenario("restore", prepare=deleted),
    Scenario("group"),
    Scenario("group with a note"),
    Scenario("group with a note", prepare=crashed_with_a_note),
    Scenario("create in new folders", besides=no_exchange),
    Scenario("delete", besides=no_exchange),
    Scenario("move", besides=no_exchange),
    Scenario("group", besides=no_exchange),
    Scenario("delete", besides=writer_came),
    Scenario("move", besides=writer_came),
    Scenario("create in new folders", besides=folder_sync_fails),
    Scenario("move", besides=folder_sync_fails),
    Scenario("group", besides=folder_sync_fails),
    Scenario("create in new folders", prepare=crashed_recorded),
    Scenario("delete", prepare=crashed_recorded),
    Scenario("move", prepare=crashed_recorded),
    Scenario("move", prepare=crashed_between),
    Scenario("move", prepare=crashed_failed),
    Scenario("group", prepare=crashed_recorded),
    Scenario("group", prepare=crashed_between),
    Scenario("group", prepare=crashed_failed),
)


@pytest.mark.parametrize("fault", [killed, no_space, device_error])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_stopped(
    scenario: Scenario,
    fault: Callable[[list[Stop]], list[tuple[Stop, str]]],
    tracer: Tracer,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    vault = lay_out(tmp_path / "vault", scenario.kind)
    before = vault.copy(tmp_path / "before")
    scenario.prepare(vault, scenario.kind, tracer)
    if not scenario.recovers:
        before = vault.copy(tmp_path / "prepared")
    states = _states(scenario, before, tmp_path / "after")
    rehearsal, besides = rehearse(scenario.program, vault, tracer, tmp_path, scenario.besides)
    assert rehearsal.code in (0, 1), rehearsal.err.decode()
    stops = free(rehearsal.stops, besides)
    chosen = fault(spread([stop for stop, _kind in fault(stops)], SHARE))
    assert chosen
    for number, (stop, kind) in enumerate(chosen):
        fault_here = [*besides, f"{stop.call}:{kind}:when={stop.when}"]
        root = tmp_path / str(number)
        struck, done = strike(scenario.program, vault, tracer, root, fault_here)
        explain = f"{kind} at {stop.text}: exit {done.code}, {done.err.decode()}"
        _check(scenario, struck, done, states, explain, read_first=number % 2 == 0)
    record_property(f"stops {fault.__name__}", len(chosen))


def _states(scenario: Scenario, before: Vault, root: Path) -> tuple[Any, Any]:
    """The files and folders without the change and with it."""
    after = before.copy(root)
    if scenario.recovers:
        used(after, "", None)  # type: ignore[arg-type]
        old = _tree(after)
    else:
        old = _tree(before)
    assert programs.run(after, scenario.kind) == 0
    assert _tree(after) != old
    return old, _tree(after)


def _check(
    scenario: Scenario,
    vault: Vault,
    done: Run,
    states: tuple[Any, Any],
    explain: str,
    *,
    read_first: bool,
) -> None:
    assert b"Traceback" not in done.err and b"internal" not in done.err, explain
    assert done.code in (0, 1, KILLED), explain
    if read_first:
        vault.store().find(vault.id(WITNESS))
    vault.store().commit([change(vault.id(WITNESS), "status=blocked")], origin=origin())

    assert vault.staged == [], explain
    assert not list(vault.root.rglob(".loop-*")), explain
    vault.check_chain()
    old, new = states
    tree = _tree(vault)
    assert tree in (old, new), explain
    landed = tree == new
    if not scenario.recovers and done.code != KILLED:
        assert landed is (done.code == 0), explain
    _check_log(scenario, vault, landed, explain)


def _check_log(scenario: Scenario, vault: Vault, landed: bool, explain: str) -> None:
    """Every record that counts is of what is there, and of nothing else."""
    records = [one for one in vault.landed() if one["entity_id"] != vault.id(WITNESS)]
    count = {"group": 4, "group with a note": 2}.get(scenario.kind, 1)
    last = records[-count:]
    actions = [one["action"] for one in last]
    wanted = {
        "group": ["update", "create", "move", "delete"],
        "group with a note": ["move", "update"],
        "rename": ["move"],
        "restore": ["create"],
    }.get(scenario.kind, [scenario.kind.partition(" ")[0]])
    assert (actions == wanted) is landed, f"{explain}: {actions}"
    for one in last if landed else ():
        metadata = one["metadata"]
        path = vault.root / metadata["path"]
        if metadata["etag_after"] is None:
            assert not path.exists(), explain
            kept = vault.root / ".loop" / "kept" / metadata["kept"]["sha256"]
            assert hashlib.sha256(kept.read_bytes()).hexdigest() == kept.name, explain
        else:
            found = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            assert found == metadata["etag_after"], explain


def _tree(vault: Vault) -> dict[str, bytes | None]:
    """Every folder, and every file without its times, but those of loop and the witness."""
    found: dict[str, bytes | None] = {}
    for folder, _folders, names in os.walk(vault.root):
        relative = os.path.relpath(folder, vault.root)
        if relative.partition("/")[0] in (".loop", "_build"):
            continue
        found[relative] = None
        for name in names:
            if vault.id(WITNESS) not in name:
                with open(os.path.join(folder, name), "rb") as file:
                    found[f"{relative}/{name}"] = re.sub(
                        rb"(?m)^(updated|created): .*$", rb"\1:", file.read()
                    )
    return found


def test_the_log_can_be_read(tmp_path: Path) -> None:
    """The programs of this file do what they are called."""
    for kind in (*KINDS, "group with a note"):
        vault = lay_out(tmp_path / kind.replace(" ", "_"), kind)
        if kind == "restore":
            deleted(vault, kind, None)  # type: ignore[arg-type]
        assert programs.run(vault, kind) == 0
        for line in vault.log.read_bytes().splitlines():
            json.loads(line)
