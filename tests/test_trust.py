"""What a vault can decide: nothing that runs, leads out or widens rights; and of choices, those
of a vault that this user or a member of a group has made."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli import config, trust
from loop_cli.errors import StorageError, UsageError
from loop_cli.system.folders import Folders
from tests.strangers import USER, Machine, machine, needs_root

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["machine"]
OTHER = USER + 1
GROUP = USER + 2
CONFIG = """lock_timeout = 86400
on_conflict = "rebase"
plain = true
[audit]
private = ["salary"]
[fields]
id = "key"
"""
CHOICES = ("lock_timeout", "on_conflict", "plain")
ENTITY = "---\nentity_type: Zed\nkey: e1\nentity_name: n\nsalary: 1\nstatus: todo\n---\nb\n"


def vault(machine: Machine, owner: int, *, group: int = 0, mode: int = 0o755) -> Path:
    """A vault whose `.loop` is that user's."""
    root = machine.folder("v", owner=owner, group=group, mode=mode)
    machine.folder("v/.loop", owner=owner, group=group, mode=mode)
    machine.file("v/.loop/config.toml", CONFIG, owner=owner)
    machine.file("v/e.md", ENTITY, owner=owner, mode=0o666)
    return root


def settings(machine: Machine, root: Path, *, user: int, groups: str = "", **env: str) -> Any:
    env = {"HOME": str(machine.root), "LOOP_VAULT": str(root), **env}
    done = machine.run("config", "--json", user=user, groups=groups, env=env)
    assert done.returncode == 0, done.stderr
    return {one["name"]: one for one in json.loads(done.stdout)["settings"]}


def are_choices_taken(found: Any) -> bool:
    """Whether the vault's choices count: all of them, or none; its data always does."""
    assert found["fields.id"]["value"] == "key"
    assert found["audit.private"]["value"] == ["salary"]
    taken = {found[name]["origin"] == config.VAULT_FILE for name in CHOICES}
    assert len(taken) == 1
    values = [found[name]["value"] for name in CHOICES]
    assert values == ([86400, "rebase", True] if taken == {True} else [10, "fail", False])
    return taken == {True}


@needs_root
class TestWhoseItIs:
    def test_ones_own(self, machine: Machine) -> None:
        assert are_choices_taken(settings(machine, vault(machine, USER), user=USER))

    @pytest.mark.parametrize("owner", [OTHER, 0])
    def test_anothers(self, machine: Machine, owner: int) -> None:
        found = settings(machine, vault(machine, owner), user=USER)
        assert not are_choices_taken(found)
        assert "default; not .loop/config.toml" in found["on_conflict"]["origin"]

    @pytest.mark.parametrize("owner", [OTHER, 0])
    @pytest.mark.parametrize(
        ("group", "mode", "groups", "taken"),
        [
            (GROUP, 0o2775, str(GROUP), True),
            (GROUP, 0o770, f"{GROUP},7", True),
            (USER, 0o775, "", True),  # the user's own group
            (GROUP, 0o755, str(GROUP), False),  # is not shared
            (GROUP, 0o775, "7", False),  # is not theirs
            (GROUP, 0o757, "", False),  # anybody's
        ],
    )
    def test_a_groups(
        self, machine: Machine, owner: int, group: int, mode: int, groups: str, taken: bool
    ) -> None:
        root = vault(machine, owner, group=group, mode=mode)
        assert are_choices_taken(settings(machine, root, user=USER, groups=groups)) is taken

    def test_a_file_that_another_has_put_into_ones_own(self, machine: Machine) -> None:
        root = vault(machine, USER)
        os.chown(root / ".loop" / "config.toml", OTHER, OTHER)
        found = settings(machine, root, user=USER)
        assert not are_choices_taken(found)
        assert "config.toml is another user's" in found["plain"]["origin"]

    @pytest.mark.parametrize(
        ("owner", "caller", "taken"),
        [
            (0, "", True),
            (USER, "", False),
            (USER, str(USER), True),
            (USER, str(OTHER), False),
            (0, str(OTHER), True),
            (USER, "-1", False),
            (USER, "x", False),
        ],
    )
    def test_root_trusts_itself_and_who_has_called_it(
        self, machine: Machine, owner: int, caller: str, taken: bool
    ) -> None:
        root = vault(machine, owner)
        found = settings(machine, root, user=0, SUDO_UID=caller)
        assert are_choices_taken(found) is taken

    def test_root_trusts_no_group(self, machine: Machine) -> None:
        root = vault(machine, USER, group=0, mode=0o775)
        assert not are_choices_taken(settings(machine, root, user=0))

    def test_it_is_said_with_what_the_command_does(self, machine: Machine) -> None:
        root = vault(machine, OTHER)
        home = machine.folder("home", owner=USER)
        env = {"HOME": str(home), "LOOP_VAULT": str(root)}
        done = machine.run("get", "e1", "--json", user=USER, env=env)
        (warning,) = json.loads(done.stdout)["warnings"]
        assert "lock_timeout, on_conflict, plain" in warning
        assert "neither you nor a member of your groups" in warning
        machine.file("v/.loop/config.toml", "[fields]\nid = 'key'\n", owner=OTHER)
        done = machine.run("get", "e1", "--json", user=USER, env=env)
        assert "warnings" not in json.loads(done.stdout)

    def test_the_users_own_choice_counts_in_its_place(self, machine: Machine) -> None:
        home = machine.folder("home/.config/loop", owner=USER)
        machine.file("home/.config/loop/config.toml", "lock_timeout = 3\n")
        found = settings(
            machine, vault(machine, OTHER), user=USER, HOME=str(home.parent.parent)
        )  # fmt: skip
        assert found["lock_timeout"]["value"] == 3
        assert "not .loop/config.toml" in found["lock_timeout"]["origin"]


class TestTheFile:
    """`.loop/config.toml` is read through no link, and is an ordinary file."""

    def load(self, root: Path) -> config.Settings:
        return config.load({"vault": str(root)}, environ={}, cwd=str(root))

    def test_no_program_is_named_by_a_vault(self, tmp_path: Path) -> None:
        (tmp_path / ".loop").mkdir()
        (tmp_path / ".loop" / "config.toml").write_text("editor = 'touch pwned'\n")
        with pytest.raises(UsageError, match="may not set editor"):
            self.load(tmp_path)

    def test_no_other_vault_is_named_by_a_vault(self, tmp_path: Path) -> None:
        (tmp_path / ".loop").mkdir()
        (tmp_path / ".loop" / "config.toml").write_text("vault = '/'\n")
        assert self.load(tmp_path).root == str(tmp_path)

    @pytest.mark.parametrize("what", [".loop", ".loop/config.toml"])
    @pytest.mark.parametrize("where", ["inside", "outside"])
    def test_a_link_is_refused(self, tmp_path: Path, what: str, where: str) -> None:
        root = tmp_path / "v"
        target = (root if where == "inside" else tmp_path) / "target"
        root.mkdir()
        target.mkdir()
        (target / "config.toml").write_text("lock_timeout = 5\n")
        if what == ".loop":
            (root / ".loop").symlink_to(target)
        else:
            (root / ".loop").mkdir()
            (root / what).symlink_to(target / "config.toml")
        with pytest.raises(StorageError, match="link"):
            self.load(root)

    @pytest.mark.parametrize("what", ["pipe", "giant", "folder"])
    def test_what_is_no_file_of_settings_is_refused_at_once(
        self, tmp_path: Path, what: str
    ) -> None:
        (tmp_path / ".loop").mkdir()
        file = tmp_path / ".loop" / "config.toml"
        if what == "pipe":
            os.mkfifo(file)
        elif what == "folder":
            file.mkdir()
        else:
            with file.open("wb") as giant:
                giant.truncate(1 << 40)
        with pytest.raises(UsageError, match=r"config\.toml is (not an ordinary|too large)"):
            self.load(tmp_path)

    def test_a_vault_named_by_the_user_has_a_whole_path(self, tmp_path: Path) -> None:
        (tmp_path / "loop").mkdir()
        (tmp_path / "loop" / "config.toml").write_text("vault = 'v'\n")
        (tmp_path / "v").mkdir()
        environ = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
        with pytest.raises(UsageError, match="vault must be a whole path"):
            config.load({}, environ=environ, cwd=str(tmp_path))
        (tmp_path / "loop" / "config.toml").write_text("vault = '~/v'\n")
        assert config.load({}, environ=environ, cwd="/").root == f"{tmp_path}/v"

    def test_one_that_is_not_there_is_nobodys(self, tmp_path: Path) -> None:
        with Folders(str(tmp_path)) as folder, pytest.raises(FileNotFoundError):
            trust.distrust(folder, config.VAULT_FILE)
