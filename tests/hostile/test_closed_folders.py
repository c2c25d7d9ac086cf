"""A folder that can't be read: nobody knows what it has, and every command says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.strangers import USER, Machine, machine, needs_root

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

__all__ = ["machine"]

ENTITY = "---\nentity_type: Zed\nentity_id: {0}\nentity_name: n\nstatus: a\n---\nb\n"
SCHEMA = "open: true\nentity_types: [Zed]\n"


class Vault:
    """A vault of another user, with an entity in each of two folders; the log knows one of them."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.root = machine.folder("v", owner=USER, group=USER)
        machine.folder("home", owner=USER)
        for folder, text in (("v/.loop", ""), ("v/a", "e1"), ("v/a/in", "e3"), ("v/b", "e2")):
            machine.folder(folder, owner=USER, group=USER)
            if text:
                machine.file(f"{folder}/{text}.md", ENTITY.format(text), owner=USER)
        machine.file("v/.loop/schema.yaml", SCHEMA, owner=USER)
        assert self.run("update", "e1", "status=b", "--force").returncode == 0
        assert self.run("list", "--ids").stdout.split() == ["e1", "e2", "e3"]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {"LOOP_VAULT": str(self.root), "HOME": str(self._machine.root / "home")}
        return self._machine.run(*arguments, user=USER, env=env)

    @property
    def closed(self) -> Path:
        return self.root / "a"


@pytest.fixture(params=[0o000, 0o444], ids=["closed", "only names"])
def vault(machine: Machine, request: pytest.FixtureRequest) -> Vault:
    made = Vault(machine)
    made.closed.chmod(request.param)
    return made


WORDS = "a (Permission denied)"


@needs_root
class TestClosed:
    def test_check_says_so_and_does_not_pass(self, vault: Vault) -> None:
        done = vault.run("check")
        assert done.returncode == 6
        assert "a:1: error: the folder can't be read: Permission denied" in done.stdout
        assert "edited outside" not in done.stdout + done.stderr
        assert "is not there" not in done.stdout + done.stderr

    @pytest.mark.parametrize("command", [("list", "--ids"), ("list",), ("board",), ("count",)])
    def test_a_list_says_once_what_it_leaves_out(
        self, vault: Vault, command: tuple[str, ...]
    ) -> None:
        if command == ("count",):
            command = ("list", "--count")
        done = vault.run(*command)
        assert done.returncode == 0
        assert done.stderr.count(WORDS) == 1
        assert "e1" not in done.stdout

    def test_the_overview_says_so(self, vault: Vault) -> None:
        done = vault.run()
        assert WORDS in done.stdout + done.stderr
        assert "loop init" not in done.stdout + done.stderr

    @pytest.mark.parametrize(
        "command", [("get", "e1"), ("update", "e1", "status=c", "--force"), ("get", "e9")]
    )
    def test_that_there_is_no_entity_is_not_claimed(
        self, vault: Vault, command: tuple[str, ...]
    ) -> None:
        vault.run("list")
        done = vault.run(*command)
        assert done.returncode == 1, done.stderr  # as for a file that can't be read
        assert "in what can be read, but" in done.stderr
        assert WORDS in done.stderr

    @pytest.mark.parametrize("command", ["get", "list"])
    def test_once_it_can_be_read_all_is_as_before(self, vault: Vault, command: str) -> None:
        vault.run("list")
        vault.run("get", "e1")
        vault.closed.chmod(0o755)
        if command == "get":
            for entity_id in ("e3", "e1"):
                assert vault.run("get", entity_id).returncode == 0
        assert vault.run("list", "--ids").stdout.split() == ["e1", "e2", "e3"]
        done = vault.run("check")
        assert done.returncode == 0, done.stdout
