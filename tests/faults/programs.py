"""Programs that are stopped at their system calls, and in no need of pytest.

python -m tests.faults.programs life KIND ROOT
python -m tests.faults.programs (group | batch) ROOT
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from loop_cli.core.entity import Precondition
from loop_cli.errors import LoopError
from loop_cli.store.base import Create, Delete, Move, Restore
from tests.faults.vault import FOLDER, PLAIN, Vault, change, origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.store.base import AnyChange

NEW = f"{FOLDER}/tsk-001-09.md"
FAR = "50_Projects/2026/새 폴더/Tasks/tsk-001-09.md"
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
    return Move(**{**change(vault.id(number), "status=done").__dict__, "to": to})


def restore(vault: Vault) -> Restore:
    deletion = next(one for one in vault.store().records() if one.data["action"] == "delete")
    return Restore(record=deletion)


KINDS: dict[str, Callable[[Vault], list[AnyChange]]] = {
    "create": lambda _vault: [create(NEW)],
    "create in new folders": lambda _vault: [create(FAR)],
    "delete": lambda vault: [delete(vault)],
    "move": lambda vault: [move(vault)],
    "rename": lambda vault: [move(vault, to=f"{FOLDER}/다른 이름.md")],
    "restore": lambda vault: [restore(vault)],
    "group": lambda vault: [
        change(vault.id(4), "status=done"),
        create(FAR),
        move(vault),
        delete(vault, 2),
    ],
}


def life(vault: Vault, kind: str) -> list[str]:
    """The arguments for Python that make a change of some kind."""
    return ["-m", __name__, "life", kind, str(vault.root)]


def group(vault: Vault, *, atomic: bool) -> list[str]:
    """Those that change two tasks, together or each by itself."""
    return ["-m", __name__, "group" if atomic else "batch", str(vault.root)]


def run(vault: Vault, kind: str) -> int:
    """Make a change of some kind; its exit code."""
    return _exit_code(vault, KINDS[kind](vault), atomic=kind == "group")


def _exit_code(vault: Vault, wanted: list[AnyChange], *, atomic: bool) -> int:
    try:
        found = vault.store().commit(wanted, origin=origin(), atomic=atomic)
    except LoopError as error:
        return _told(error)
    return next((_told(one) for one in found if isinstance(one, LoopError)), 0)


def _told(error: LoopError) -> int:
    print(error.message, file=sys.stderr)
    return error.exit_code


if __name__ == "__main__":
    what, *kinds, root = sys.argv[1:]
    struck = Vault(root=Path(root), count=4)
    if what == "life":
        sys.exit(run(struck, *kinds))
    both: list[AnyChange] = [change(struck.id(number), "status=done") for number in (1, 2)]
    sys.exit(_exit_code(struck, both, atomic=what == "group"))
