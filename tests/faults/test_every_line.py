"""Any exception at any line between the record and the answer (SPEC §6): the change is taken back,
or the answer says that it has landed or may have."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

import loop_cli
from loop_cli.errors import LoopError
from tests.effort import ALL
from tests.faults import programs
from tests.faults.test_life_at_every_syscall import WITNESS, _tree
from tests.faults.vault import Vault, change, origin

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

OURS = os.path.dirname(loop_cli.__file__)
SHARE = 14  # lines of each case, where not all are tried
KINDS = ["update", "create in new folders", "delete", "move", "group"]


class Fault:
    """Raises at the `at`th line that runs once the log is about to be written, of our own code."""

    def __init__(self, kind: type[BaseException], at: int) -> None:
        self.kind = kind
        self.at = at
        self.lines = 0
        self.where = ""
        self._begun = False

    def __enter__(self) -> Fault:
        self._before = sys.gettrace()
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_raised: object) -> None:
        sys.settrace(self._before)

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(OURS):
            return None
        if code.co_name == "_write" and code.co_filename.endswith("log.py"):
            self._begun = True
        return self._line

    def _line(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line" and self._begun:
            self.lines += 1
            if self.lines == self.at:
                self.where = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
                raise self.kind("injected")
        return self._line


def attempt(vault: Vault, kind: str, fault: Fault) -> tuple[str | None, bool]:
    """What was raised, or was an outcome, in words; and whether the store says that it has
    landed."""
    wanted = (
        [change(vault.id(), "status=hold")] if kind == "update" else programs.KINDS[kind](vault)
    )
    store = vault.store()
    try:
        with fault:
            outcomes = store.commit(wanted, origin=origin(), atomic=kind == "group")
    except BaseException as error:
        return repr(error), bool(store.landed)
    failed = [one for one in outcomes if isinstance(one, LoopError)]
    return (f"{failed[0].code}: {failed[0].message}" if failed else None), bool(store.landed)


def lines_of(vault: Vault, kind: str) -> int:
    fault = Fault(MemoryError, at=0)
    raised, landed = attempt(vault, kind, fault)
    assert raised is None and landed
    return fault.lines


@pytest.mark.parametrize("raised", [MemoryError, ImportError, KeyboardInterrupt, RecursionError])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_passes_by(tmp_path: Path, kind: str, raised: type[BaseException]) -> None:
    vault = Vault(root=tmp_path / "vault", count=4).lay_out()
    for number in range(1, 5):
        vault.store().commit([change(vault.id(number), "priority=high")], origin=origin())
    old = _tree(vault)
    done = vault.copy(tmp_path / "done")
    count = lines_of(done, kind)
    new = _tree(done)
    assert count > 20
    places = range(1, count + 1)
    if not ALL:
        begin = len(kind + raised.__name__) % (count // SHARE)
        places = places[begin :: count // SHARE]
    for at in places:
        struck = vault.copy(tmp_path / str(at))
        fault = Fault(raised, at)
        error, landed = attempt(struck, kind, fault)
        explain = f"{raised.__name__} at {fault.where} (line {at} of {count}): {error}"
        assert fault.where, explain
        now = struck.store()
        now.find(struck.id(WITNESS))
        now.commit([change(struck.id(WITNESS), "status=blocked")], origin=origin())
        assert struck.staged == [], explain
        struck.check_chain()
        tree = _tree(struck)
        if error is not None and "may have landed" in error:
            assert tree in (old, new), explain
        else:
            assert tree == (new if error is None or landed else old), explain
            assert error is None or not error.startswith("conflict"), explain


def test_what_can_be_neither_finished_nor_taken_back_is_called_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loop_cli.vault.commit import staging
    from loop_cli.vault.commit.recovery import Recovery

    vault = Vault(root=tmp_path / "vault").lay_out()

    def fail(*_arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(staging.StagedChange, "exchange", fail)
    monkeypatch.setattr(Recovery, "undo", fail)
    with pytest.raises(LoopError, match=r"may have landed, or may land with the next command"):
        _one(vault)


def _one(vault: Vault) -> None:
    (outcome,) = vault.store().commit([change(vault.id(), "status=hold")], origin=origin())
    if isinstance(outcome, LoopError):
        raise outcome
