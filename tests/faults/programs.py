"""Programs that are stopped at their system calls, or run many at once, and in no need of pytest.

    python -m tests.faults.programs life KIND ROOT
    python -m tests.faults.programs (group | batch) ROOT
    python -m tests.faults.programs lines NAME ROUNDS ROOT
    python -m tests.faults.programs priorities ROUNDS ROOT
    python -m tests.faults.programs updates COUNT ROUNDS ROOT

ROOT is a vault as `tests.faults.vault` lays it out.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from loop_cli.core.changes import BodyChange, Edits
from loop_cli.core.commits import Create, Delete, EntityChange, Mend, Move, Restore
from loop_cli.core.entity import Precondition
from loop_cli.errors import ConflictError, LoopError
from loop_cli.failures import VaultLocked
from tests.faults.vault import FOLDER, PLAIN, Vault, change, etag, origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.core.commits import AnyChange

NEW = f"{FOLDER}/tsk-001-09.md"
FAR = "50_Projects/2026/새 폴더/Tasks/tsk-001-09.md"
NOTE = "00_Inbox/메모.md"
TO = "90_Archive/2026/보관/tsk-001-01.md"


def create(path: str) -> Create:
    return Create(
        entity_id="tsk-001-09",
        entity_type="MetaHypothesis",
        path=path,
        fields={},
        template=PLAIN.format(id="tsk-001-09"),
    )


def delete(vault: Vault, number: int = 1) -> Delete:
    return Delete(entity_id=vault.id(number), precondition=Precondition(forced=True))


def move(vault: Vault, number: int = 1, to: str = TO) -> Move:
    return Move(**{**change(vault.id(number), "status=hold").__dict__, "to": to})


def restore(vault: Vault) -> Restore:
    deletion = next(one for one in vault.store().records() if one.data["action"] == "delete")
    return Restore(record=deletion)


def note(vault: Vault) -> EntityChange:
    """What follows the move of a file in a note that links to it."""
    data = (vault.root / NOTE).read_bytes()
    text = data.decode().replace("tsk-001-01", "다른 이름")
    return EntityChange(
        entity_id=NOTE,
        path=NOTE,
        edits=Edits(body=BodyChange(text=text, exact=True)),
        precondition=Precondition(if_match=etag(data)),
        note=True,
    )


KINDS: dict[str, Callable[[Vault], list[AnyChange]]] = {
    "create": lambda _vault: [create(NEW)],
    "create in new folders": lambda _vault: [create(FAR)],
    "delete": lambda vault: [delete(vault)],
    "move": lambda vault: [move(vault)],
    "rename": lambda vault: [move(vault, to=f"{FOLDER}/다른 이름.md")],
    "restore": lambda vault: [restore(vault)],
    "group": lambda vault: [
        change(vault.id(4), "status=hold"),
        create(FAR),
        move(vault),
        delete(vault, 2),
    ],
}


def mend(vault: Vault) -> Mend:
    """The first task, whose text can't be read, whole again."""
    return Mend(
        entity_id=vault.id(1),
        edits=Edits(),
        precondition=Precondition(forced=True),
        data=vault.path(1).read_bytes().replace(BROKEN, b""),
    )


BROKEN = b"broken: a: b\n"
_EVERY: dict[str, Callable[[Vault], list[AnyChange]]] = {
    **KINDS,
    "group with a note": lambda vault: [move(vault, to=f"{FOLDER}/다른 이름.md"), note(vault)],
    "mend": lambda vault: [mend(vault)],
}


def life(vault: Vault, kind: str) -> list[str]:
    """The arguments for Python that make a change of some kind."""
    return ["-m", __name__, "life", kind, str(vault.root)]


def group(vault: Vault, *, atomic: bool) -> list[str]:
    """Those that change two tasks, together or each by itself."""
    return ["-m", __name__, "group" if atomic else "batch", str(vault.root)]


def run(vault: Vault, kind: str) -> int:
    """Make a change of some kind; its exit code."""
    return _exit_code(vault, _EVERY[kind](vault), atomic=kind.startswith("group"))


def _exit_code(vault: Vault, wanted: list[AnyChange], *, atomic: bool) -> int:
    try:
        found = vault.store().commit(wanted, origin=origin(), atomic=atomic)
    except LoopError as error:
        return _told(error)
    return next((_told(one) for one in found if isinstance(one, LoopError)), 0)


def _told(error: LoopError) -> int:
    print(error.message, file=sys.stderr)
    return error.exit_code


# -- many at once -----------------------------------------------------------------------------


def lines(vault: Vault, name: str, rounds: int) -> list[str]:
    """The arguments for Python that read the first task and append a line, until that many have
    landed; it prints them."""
    return ["-m", __name__, "lines", name, str(rounds), str(vault.root)]


def priorities(vault: Vault, rounds: int) -> list[str]:
    """Those that try as often to set its priority, whatever it is; how often it did is printed."""
    return ["-m", __name__, "priorities", str(rounds), str(vault.root)]


def updates(vault: Vault, rounds: int) -> list[str]:
    """Those that change any of the tasks so often, whatever it is then."""
    return ["-m", __name__, "updates", str(vault.count), str(rounds), str(vault.root)]


def _update_any(vault: Vault, count: str, rounds: str) -> int:
    store = vault.store(wait=60)
    for number in range(int(rounds)):
        priority = ("high", "medium", "low")[number % 3]
        entity_id = vault.id(random.randint(1, int(count)))
        (outcome,) = store.commit([change(entity_id, f"priority={priority}")], origin=origin())
        if isinstance(outcome, LoopError) and not isinstance(outcome, ConflictError):
            raise outcome
    return 0


def _append_lines(vault: Vault, name: str, rounds: str) -> int:
    store = vault.store(wait=60)
    written = 0
    while written < int(rounds):
        entity = store.find(vault.id())
        line = f"{name}-{written}\n"
        wanted = change(vault.id(), if_match=entity.revision.etag, append=line)
        (outcome,) = store.commit([wanted], origin=origin())
        if not isinstance(outcome, LoopError):
            written += 1
            sys.stdout.write(line)
        elif not isinstance(outcome, ConflictError | VaultLocked):
            raise outcome
    return 0


def _set_priorities(vault: Vault, rounds: str) -> int:
    landed = sum(_sets_priority(vault, number) for number in range(int(rounds)))
    print(landed)
    return 0


def _sets_priority(vault: Vault, number: int) -> bool:
    priority = ("high", "medium", "low")[number % 3]
    wanted = change(vault.id(), f"priority={priority}")
    try:
        (outcome,) = vault.store(wait=60).commit([wanted], origin=origin())
    except LoopError:  # truncated at this moment: no entity to be read
        return False
    return not isinstance(outcome, LoopError) and outcome.changed


def _both(vault: Vault, *, atomic: bool) -> int:
    wanted: list[AnyChange] = [change(vault.id(number), "status=hold") for number in (1, 2)]
    return _exit_code(vault, wanted, atomic=atomic)


_PROGRAMS: dict[str, Callable[..., int]] = {
    "life": run,
    "group": lambda vault: _both(vault, atomic=True),
    "batch": lambda vault: _both(vault, atomic=False),
    "lines": _append_lines,
    "priorities": _set_priorities,
    "updates": _update_any,
}

if __name__ == "__main__":
    program, *values, root = sys.argv[1:]
    sys.exit(_PROGRAMS[program](Vault(root=Path(root), count=4), *values))
