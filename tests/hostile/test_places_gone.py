"""Whatever becomes of the folders around a crash, the vault goes on taking writes (SPEC §6)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from loop_cli.errors import LoopError, only
from tests.effort import ALL
from tests.faults import programs
from tests.faults.crashes import STEPS, crashing
from tests.faults.test_life_at_every_syscall import WITNESS
from tests.faults.vault import FOLDER, Vault, change, origin

HOME = FOLDER.rpartition("/")[0]
PLACES = [FOLDER, HOME, "50_Projects/2026", "50_Projects/2026/새 폴더", "90_Archive", "50_Projects"]


class PlacesGone(RuleBasedStateMachine):
    """Changes that are killed at any step, and folders that are removed, moved, linked, replaced
    by files or closed in between. The witness lies apart, and can always be written."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(os.path.realpath("/tmp")) / f"loop-places-{os.urandom(6).hex()}"
        self.base.mkdir()
        self.outside = self.base / "outside"
        self.outside.mkdir()
        (self.outside / "tsk-001-01.md").write_bytes(b"precious")
        self.vault = Vault(root=self.base / "vault", count=4).lay_out()
        self.witness = self.vault.root / "10_Witness" / f"{self.vault.id(WITNESS)}.md"
        self.witness.parent.mkdir()
        self.vault.path(WITNESS).rename(self.witness)
        self.rounds = 0
        self._write_witness()

    def teardown(self) -> None:
        for place in self.base.rglob("*"):
            if place.is_dir() and not place.is_symlink():
                place.chmod(0o755)
        shutil.rmtree(self.base)

    @rule(
        kind=st.sampled_from([*sorted(programs.KINDS)[:5], "update"]),
        step=st.sampled_from(sorted(STEPS)),
        call=st.integers(1, 4),
        after=st.booleans(),
    )
    def killed(self, kind: str, step: str, call: int, after: bool) -> None:
        with crashing(step, call=call, after=after):
            self._attempt(kind)

    @rule(kind=st.sampled_from(["create", "create in new folders", "delete", "move", "update"]))
    def changed(self, kind: str) -> None:
        self._attempt(kind)

    @rule(place=st.sampled_from(PLACES))
    def removed(self, place: str) -> None:
        path = self.vault.root / place
        if not self._is_inside(path.parent):
            return
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)

    @rule(place=st.sampled_from(PLACES), number=st.integers(0, 3))
    def moved(self, place: str, number: int) -> None:
        path = self.vault.root / place
        target = self.vault.root / f"moved-{number}"
        if self._is_inside(path) and not os.path.lexists(target):
            path.rename(target)

    @rule(place=st.sampled_from(PLACES), inside=st.booleans())
    def linked(self, place: str, inside: bool) -> None:
        path = self.vault.root / place
        if not os.path.lexists(path) and self._is_inside(path.parent):
            path.symlink_to(self.witness.parent if inside else self.outside)

    @rule(place=st.sampled_from(PLACES))
    def a_file_in_its_place(self, place: str) -> None:
        path = self.vault.root / place
        if not os.path.lexists(path) and self._is_inside(path.parent):
            path.write_bytes(b"no folder")

    @rule(place=st.sampled_from(PLACES))
    def made_again(self, place: str) -> None:
        path = self.vault.root / place
        if not os.path.lexists(path) and self._is_inside(path.parent):
            path.mkdir()
            if place == FOLDER:
                self.vault.path(1).write_bytes(self.vault.original(1))

    @precondition(lambda self: os.geteuid() != 0)
    @rule(place=st.sampled_from(PLACES), mode=st.sampled_from([0o555, 0o755]))
    def closed(self, place: str, mode: int) -> None:
        path = self.vault.root / place
        if path.is_dir() and not path.is_symlink():
            path.chmod(mode)

    @invariant()
    def the_vault_goes_on(self) -> None:
        self._write_witness()
        assert [path.name for path in self.outside.iterdir()] == ["tsk-001-01.md"]
        assert (self.outside / "tsk-001-01.md").read_bytes() == b"precious"
        self.vault.check_chain()

    def _is_inside(self, folder: Path) -> bool:
        """Whether it is a folder that no link leads to, so that it is the vault's."""
        return folder.is_dir() and folder.resolve() == folder

    def _attempt(self, kind: str) -> None:
        try:
            if kind == "update":
                wanted: list[Any] = [change(self.vault.id(), "status=done")]
            else:
                wanted = programs.KINDS[kind](self.vault)
            self.vault.store().commit(wanted, origin=origin())
        except LoopError as error:
            assert error.code != "internal", error

    def _write_witness(self) -> None:
        self.rounds += 1
        text = f"notes={self.rounds}"
        result = only(
            self.vault.store().commit([change(self.vault.id(WITNESS), text)], origin=origin())
        )
        assert result.changed
        assert f"notes: '{self.rounds}'\n".encode() in self.witness.read_bytes()


TestPlacesGone = PlacesGone.TestCase
TestPlacesGone.settings = settings(
    max_examples=400 if ALL else 25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("kind", ["create in new folders", "move", "delete", "update"])
@pytest.mark.parametrize("gone", ["removed", "linked", "file"])
@pytest.mark.parametrize("after", [False, True])
def test_a_place_that_goes_after_a_crash(tmp_path: Path, kind: str, gone: str, after: bool) -> None:
    vault = Vault(root=tmp_path / "vault", count=4).lay_out()
    other = vault.root / "10_Witness" / vault.path(WITNESS).name
    other.parent.mkdir()
    vault.path(WITNESS).rename(other)
    wanted = (
        [change(vault.id(), "status=done")] if kind == "update" else programs.KINDS[kind](vault)
    )
    step = "move" if kind != "update" else "exchange"
    with crashing(step, call=1, after=after):
        vault.store().commit(wanted, origin=origin())
    assert vault.staged_anywhere
    shutil.rmtree(vault.root / "50_Projects")
    if gone == "linked":
        (tmp_path / "elsewhere").mkdir()
        (vault.root / "50_Projects").symlink_to(tmp_path / "elsewhere")
    elif gone == "file":
        (vault.root / "50_Projects").write_bytes(b"no folder")
    for number in range(2):
        text = f"notes={number}"
        result = only(vault.store().commit([change(vault.id(WITNESS), text)], origin=origin()))
        assert result.changed
    if gone != "linked":
        assert vault.staged_anywhere == []
    vault.check_chain()
