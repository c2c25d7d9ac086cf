"""The skill: it is installed whole, and every call in it does what it says, run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml12

from loop_cli import errors
from loop_cli.wire import check as models_check
from tests.cli.conftest import Loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "loop-entity-creator"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"# exit (\d+)$")


@pytest.fixture
def skill(loop: Loop, tmp_path: Path) -> Path:
    """The skill as installed."""
    assert loop("skill", "install", str(tmp_path / "skills")).code == 0
    return tmp_path / "skills" / NAME


@pytest.fixture
def over(loop: Loop, tmp_path: Path) -> Iterator[Callable[[], Loop]]:
    """Starts a server on the vault; the command line that asks it."""
    pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
    servers = []

    def start() -> Loop:
        words = ("skill", "--actor", "user:김은향", "--source", "script", "--role", "write")
        token = loop("token", "add", *words).out.strip()
        server = loop.start("serve", "--port", "0")
        servers.append(server)
        assert server.stdout is not None
        url = server.stdout.readline().decode().split()[-1]
        home = tmp_path / "elsewhere"
        home.mkdir()
        where = {"LOOP_API_URL": url, "LOOP_API_TOKEN": token, "LOOP_VAULT": ""}
        return Loop(vault=loop.vault, home=home, extra=where)

    yield start
    for one in servers:
        one.kill()
        one.communicate()


def shell(loop: Loop, tmp_path: Path, script: str, *arguments: str) -> Any:
    """Run a script in bash, where `loop` is this program."""
    tools = tmp_path / "bin"
    tools.mkdir(exist_ok=True)
    program = tools / "loop"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m loop_cli "$@"\n')
    program.chmod(0o755)
    environment = {**loop.environment, "PATH": f"{tools}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-c", script, "bash", *arguments],
        env=environment,
        cwd=loop.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


class TestInstall:
    def test_what_is_written(self, skill: Path) -> None:
        files = sorted(path.relative_to(skill).as_posix() for path in skill.rglob("*.*"))
        assert files == ["SKILL.md", "scripts/project_with_tasks.sh"]
        assert os.access(skill / "scripts/project_with_tasks.sh", os.X_OK)
        assert not os.access(skill / "SKILL.md", os.X_OK)

    def test_into_the_folder_one_is_in(self, loop: Loop) -> None:
        assert loop("skill", "install").code == 0
        assert (loop.home / NAME / "SKILL.md").exists()

    def test_again_changes_nothing(self, loop: Loop, skill: Path) -> None:
        before = (skill / "SKILL.md").stat().st_mtime_ns
        done = loop("skill", "install", str(skill.parent), "--json").json
        models_check.SkillDocument.model_validate(done)
        assert done["written"] == []
        assert (skill / "SKILL.md").stat().st_mtime_ns == before

    def test_what_somebody_has_changed_is_kept(self, loop: Loop, skill: Path) -> None:
        (skill / "SKILL.md").write_text("mine")
        assert loop("skill", "install", str(skill.parent)).code == 2
        assert (skill / "SKILL.md").read_text() == "mine"
        assert loop("skill", "install", str(skill.parent), "--force").code == 0
        assert (skill / "SKILL.md").read_text() != "mine"

    def test_where_a_file_is_in_the_way(self, loop: Loop, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        error = loop("skill", "install", str(tmp_path / "file"), "--json").error
        assert error["code"] == "io"


class TestText:
    def test_its_frontmatter(self, skill: Path) -> None:
        head: Any = yaml12.parse_yaml((skill / "SKILL.md").read_text().split("---\n")[1])
        assert head["name"] == NAME
        assert "Never edit the files of entities by hand" in head["description"]

    def test_every_exit_code_is_there(self, skill: Path) -> None:
        rows = re.findall(r"^\| (\d+) \|", (skill / "SKILL.md").read_text(), re.MULTILINE)
        kinds = [errors.LoopError]
        for kind in kinds:
            kinds += kind.__subclasses__()
        assert {int(row) for row in rows} == {0, *(kind.exit_code for kind in kinds)} - {130}

    @pytest.mark.parametrize("through", ["files", "server"])
    def test_every_call_does_what_it_says(
        self, loop: Loop, skill: Path, tmp_path: Path, through: str, over: Callable[[], Loop]
    ) -> None:
        """The same calls, on the files and over a server."""
        files, loop = loop, over() if through == "server" else loop
        text = (skill / "SKILL.md").read_text()
        commands = [line for block in BLOCK.findall(text) for line in block.splitlines()]
        assert len(commands) > 15
        script = "\n".join(f'{line}\nprintf "\\n@@ %s\\n" "$?"' for line in commands)
        done = shell(loop, tmp_path, script)
        codes = [int(code) for code in re.findall(r"^@@ (\d+)$", done.stdout, re.MULTILINE)]
        wanted = [int(match[1]) if (match := EXIT.search(line)) else 0 for line in commands]
        assert dict(zip(commands, codes, strict=True)) == dict(zip(commands, wanted, strict=True))
        records = files.records
        actions = [one["action"] for one in records]
        assert actions == ["create"] * 4 + ["update"] * 5 + ["delete"]
        assert records[2]["run_id"] == records[3]["run_id"]
        assert records[2]["entity_id"] in records[3]["diff"]["tags"]["new"]
        assert records[7]["run_id"] == records[8]["run_id"]
        assert {one["source"] for one in records} == {"script" if through == "server" else "cli"}
        assert files("check").code == 0
        assert re.search(r"^status: todo when I read it, doing now", done.stdout, re.MULTILINE)
        assert re.search(r"^user:\S+ changed status, tags through", done.stdout, re.MULTILINE)


class TestScript:
    def test_the_whole_scenario(self, loop: Loop, skill: Path, tmp_path: Path) -> None:
        script = str(skill / "scripts" / "project_with_tasks.sh")
        done = shell(loop, tmp_path, 'exec "$0" "$@"'.replace("$0", script), "알림", "개발팀")
        assert done.returncode == 0, done.stderr
        made = re.match(r"made (prj-\w{6}) with (\S+) (\S+) (\S+)\n", done.stdout)
        assert made is not None
        assert done.stdout.endswith("was left as it is\n")
        assert "the change goes on top" in done.stderr
        assert "status was todo, is doing now, and hold was wanted" in done.stderr
        records = loop.records
        assert [one["action"] for one in records] == ["create"] * 4 + ["update"] * 2
        assert len({one["run_id"] for one in records[:4]}) == 1
        assert "rebased_from" in records[5]["metadata"]
        task = loop("get", made[2], "--json").json["fields"]
        assert (task["status"], task["priority"]) == ("doing", "high")
        assert loop("check").code == 0
        assert loop("audit", "verify").code == 0

    def test_it_stops_at_what_is_wrong(self, loop: Loop, skill: Path, tmp_path: Path) -> None:
        script = str(skill / "scripts" / "project_with_tasks.sh")
        done = shell(loop, tmp_path, f'exec "{script}" "$@"', "a/../b", "개발팀")
        assert done.returncode != 0
        assert loop.records == []


class TestStrangePlaces:
    """What is no folder or file is neither followed nor read."""

    @pytest.mark.parametrize("where", [NAME, f"{NAME}/scripts", f"{NAME}/SKILL.md"])
    @pytest.mark.parametrize("option", [(), ("--force",)], ids=str)
    def test_a_link(self, loop: Loop, tmp_path: Path, where: str, option: tuple[str, ...]) -> None:
        victim = tmp_path / "victim"
        victim.mkdir()
        if where.endswith(".md"):
            victim = victim / "file"
            victim.write_text("mine")
        place = tmp_path / "skills" / where
        place.parent.mkdir(parents=True)
        place.symlink_to(victim)
        done = loop("skill", "install", str(tmp_path / "skills"), *option)
        assert done.code == 1
        assert "is a link" in done.err
        assert str(place) in done.err
        assert victim.is_file() or list(victim.iterdir()) == []
        assert victim.is_dir() or victim.read_text() == "mine"

    @pytest.mark.parametrize("what", ["pipe", "giant"])
    def test_what_is_no_file_of_ours(self, loop: Loop, tmp_path: Path, what: str) -> None:
        place = tmp_path / "skills" / NAME / "SKILL.md"
        place.parent.mkdir(parents=True)
        if what == "pipe":
            os.mkfifo(place)
        else:
            with place.open("wb") as file:
                file.truncate(1 << 40)
        assert loop("skill", "install", str(tmp_path / "skills"), "--force").code == 1
