"""Whose the new files are, and with what rights: in a vault of a group, and when root writes."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from loop_cli.errors import LoopError, only
from loop_cli.system import platform
from loop_cli.system.folders import Folder, Folders
from loop_cli.vault.commit import staging
from tests.faults.vault import Vault, change, origin
from tests.strangers import USER, Machine, machine, needs_root

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["machine"]

GROUP = 54399
ENTITY = "---\nentity_type: Zed\nentity_id: e1\nentity_name: n\n---\nb\n"


def files_of(root: Path) -> dict[str, tuple[int, int, int]]:
    """Owner, group and mode of all in the vault but its entities."""
    found = {}
    for place in (*(root / ".loop").rglob("*"), *(root / "_build").rglob("*")):
        status = place.lstat()
        found[str(place.relative_to(root))] = (status.st_uid, status.st_gid, status.st_mode & 0o777)
    return found


@needs_root
class TestRoot:
    def test_root_writes_once_and_the_owner_goes_on(self, machine: Machine) -> None:
        root = machine.folder("v", owner=USER, group=USER)
        machine.give(machine.file("v/e.md", ENTITY), owner=USER, group=USER, mode=0o644)
        homes = {who: {"HOME": str(machine.folder(f"home{who}", owner=who))} for who in (0, USER)}
        env = {"LOOP_VAULT": str(root)}
        done = machine.run("update", "e1", "notes=1", "--force", env={**env, **homes[0]})
        assert done.returncode == 0, done.stderr
        assert {(uid, gid) for uid, gid, _mode in files_of(root).values()} == {(USER, USER)}
        for command in (
            ("get", "e1", "--field", "notes"),
            ("update", "e1", "notes=2", "--force"),
            (
                "create",
                "MetaHypothesis",
                "--name",
                "new",
                "--id",
                "mh-9",
                "if_broken=x",
                "status=testing",
            ),
            ("delete", "mh-9", "--force", "--yes"),
            ("audit", "rotate"),
            ("kept",),
        ):
            done = machine.run(*command, user=USER, env={**env, **homes[USER]})
            assert done.returncode == 0, (command, done.stderr)

    def test_what_root_makes_in_it_is_the_owners(self, machine: Machine) -> None:
        root = machine.folder("v", owner=USER, group=USER)
        machine.give(machine.file("v/e.md", ENTITY), owner=USER, group=USER, mode=0o600)
        env = {"LOOP_VAULT": str(root), "HOME": str(machine.folder("home"))}
        done = machine.run(
            "create",
            "MetaHypothesis",
            "--name",
            "new",
            "--id",
            "mh-9",
            "if_broken=x",
            "status=testing",
            env=env,
        )
        assert done.returncode == 0, done.stderr
        machine.run("update", "e1", "notes=1", "--force", env=env)
        for path in root.rglob("*.md"):
            status = path.stat()
            assert (status.st_uid, status.st_gid) == (USER, USER), path
        assert stat.S_IMODE((root / "e.md").stat().st_mode) == 0o600


@needs_root
class TestGroup:
    def test_all_members_can_write(self, machine: Machine) -> None:
        root = machine.folder("v", owner=USER, group=GROUP, mode=0o2770)
        machine.give(machine.file("v/e.md", ENTITY), owner=USER, group=GROUP, mode=0o660)
        for number, user in enumerate((USER, USER + 1, USER, USER + 1)):
            home = machine.folder(f"home{user}", owner=user)
            done = machine.run(
                "update",
                "e1",
                f"notes={number}",
                "--force",
                user=user,
                groups=str(GROUP),
                env={"LOOP_VAULT": str(root), "HOME": str(home)},
            )
            assert done.returncode == 0, done.stderr
        modes = files_of(root)
        assert {gid for _uid, gid, _mode in modes.values()} == {GROUP}
        assert modes[".loop/lock"][2] == modes[".loop/audit_log.jsonl"][2] == 0o660


@pytest.fixture
def shared(tmp_path: Path) -> Vault:
    """A vault whose group writes, so that new files get other rights than their maker's."""
    vault = Vault(root=tmp_path / "vault").lay_out()
    vault.root.chmod(0o770)
    only(vault.store().commit([change(vault.id(), "priority=high")], origin=origin()))
    return vault


@pytest.mark.parametrize("step", ["share", "sync", "copy_rights"])
def test_rights_are_given_to_open_files_and_not_to_what_took_their_name(
    shared: Vault, monkeypatch: pytest.MonkeyPatch, step: str, tmp_path: Path
) -> None:
    """Another member swaps each new file for a link to a private file of the writer's."""
    from loop_cli.system import folders

    private = tmp_path / "id_rsa"
    private.write_bytes(b"SECRET")
    private.chmod(0o600)
    staged = shared.root / ".loop" / "staged"

    def swap() -> None:
        for name in os.listdir(staged):
            place = staged / name
            if name.endswith((".new", ".intent")) and not place.is_symlink():
                place.unlink()
                place.symlink_to(private)

    owner: object = {"share": Folder, "sync": platform, "copy_rights": folders}[step]
    original: Callable[..., object] = getattr(owner, step)

    def swapped(*arguments: object, **options: object) -> object:
        swap()
        return original(*arguments, **options)

    monkeypatch.setattr(owner, step, swapped)
    for texts in (("status=done",), ("notes=x",)):
        outcome = shared.store().commit([change(shared.id(), *texts)], origin=origin())[0]
        assert isinstance(outcome, LoopError) or outcome.changed is not None
    monkeypatch.undo()
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert private.read_bytes() == b"SECRET"
    assert not shared.path().is_symlink()
    assert b"SECRET" not in shared.data()


def test_a_folder_that_is_swapped_for_a_link_while_a_change_lands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entity's folder becomes a link to one outside, with an entity of the same text."""
    vault = Vault(root=tmp_path / "vault").lay_out()
    only(vault.store().commit([change(vault.id(2), "priority=high")], origin=origin()))
    folder = vault.path().parent
    outside = tmp_path / "outside"
    before = vault.data()
    original = staging.StagedCommit.stage

    def swapped(self: staging.StagedCommit, contents: list[bytes | None]) -> None:
        original(self, contents)
        if not folder.is_symlink():
            folder.rename(outside)
            folder.symlink_to(outside)

    monkeypatch.setattr(staging.StagedCommit, "stage", swapped)
    outcome = vault.store().commit([change(vault.id(), "status=done")], origin=origin())[0]
    monkeypatch.undo()
    assert isinstance(outcome, LoopError)
    # The folder itself went out of the vault: what was open there is taken back.
    assert (outside / vault.path().name).read_bytes() == before


def test_a_path_through_a_link_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "outside" / "inner").mkdir(parents=True)
    root = tmp_path / "vault"
    (root / "a").mkdir(parents=True)
    (root / "a" / "link").symlink_to(tmp_path / "outside")
    (root / "a" / "inside").symlink_to("../a")
    with Folders(str(root)) as folders:
        for path in (
            "a/link",
            "a/link/inner",
            "a/inside",
            "../outside",
            "a/..",
            "/etc",
            "a//x",
            ".",
        ):
            with pytest.raises((NotADirectoryError, FileNotFoundError)):
                folders.open(path)
        slot = folders.slot("a/link/inner/x.md")
        assert staging.etag_at(slot) is None and not slot.is_taken and not slot.remove()
        with pytest.raises(NotADirectoryError):
            slot.folder.write_new("x.md", b"x")
