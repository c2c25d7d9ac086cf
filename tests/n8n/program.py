"""The workflows of `loop n8n export` in a real n8n, against a real `loop serve`.

Run as `python -m tests.n8n.program FOLDER [SCENE...]`, where FOLDER has n8n in its node_modules.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loop_cli import n8n as package
from tests.n8n.editing import Editing
from tests.remote.conftest import Served, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TASK = "tsk-019-14"
ONE = f"/api/tasks/{TASK}"
UPDATE, CLOSE, CHANGED = "loopUpdate000001", "loopBulkClose001", "loopOnChange0001"
PATIENCE = 300


class N8n:
    """A real n8n, with a home of its own."""

    def __init__(self, folder: Path, home: Path) -> None:
        own = sorted(folder.glob("node_modules/node-linux-*/bin/node"))
        node = str(own[0]) if own else shutil.which("node")
        assert node is not None, "there is no Node.js"
        self._command = [node, str(folder / "node_modules/n8n/bin/n8n")]
        self._home = home
        home.mkdir()
        self._environment = {
            "PATH": f"{Path(node).parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "N8N_USER_FOLDER": str(home),
            "N8N_DIAGNOSTICS_ENABLED": "false",
            "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
            "N8N_PERSONALIZATION_ENABLED": "false",
            "N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS": "true",
            "N8N_EXPRESSION_ENGINE": "legacy",  # the other is a module that is to be compiled
            "N8N_RUNNERS_ENABLED": "false",
            "N8N_RUNNERS_BROKER_PORT": "0",
            "DB_SQLITE_POOL_SIZE": "2",
            "NO_COLOR": "1",
        }

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """Run it; the exit code, and what it printed."""
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def take(self, address: str, token: str) -> None:
        """Import what `loop n8n export` writes, with a token put in by the person."""
        folder = self._home / "files"
        folder.mkdir(exist_ok=True)
        for name, data in package.files(address).items():
            text = data.decode().replace("PUT-THE-TOKEN-HERE", token)
            if name.endswith(".json"):
                (folder / name).write_text(text, encoding="utf-8")
        code, said = self("import:credentials", f"--input={folder / 'credential.json'}")
        assert code == 0, said
        (folder / "credential.json").unlink()
        code, said = self("import:workflow", "--separate", f"--input={folder}")
        assert code == 0, said

    def run(self, workflow: str) -> Any:
        """Execute a workflow; what its nodes gave, and the error."""
        _code, said = self("execute", f"--id={workflow}", "--rawOutput")
        start = said.find("{\n" if "{\n" in said else "{")
        assert start >= 0, said
        try:
            found, _end = json.JSONDecoder().raw_decode(said, start)
        except ValueError:
            raise AssertionError(said[-3000:]) from None
        return found["data"]["resultData"]


def _replace(file: Path, data: bytes) -> None:
    """Write a file whole: a server may read it at this moment."""
    staged = file.with_suffix(".new")
    staged.touch(mode=0o600)
    staged.write_bytes(data)
    staged.replace(file)


def ran(result: Any, node: str) -> list[Any]:
    """What a node gave in each of its runs, item by item."""
    return [
        item["json"]
        for run in result["runData"].get(node, [])
        for output in (run.get("data") or {}).get("main", [])
        for item in output or []
    ]


def times(result: Any, node: str) -> int:
    return len(result["runData"].get(node, []))


class Scenes:
    """The scenes, each on a fresh vault, which n8n finds at one address with one token."""

    def __init__(self, n8n: N8n, between: Editing, folder: Path) -> None:
        self._n8n = n8n
        self._between = between
        self._folder = folder
        self._number = 0
        self._known: bytes | None = None
        self.token = ""

    @contextmanager
    def _served(self) -> Iterator[None]:
        """A server on a fresh vault, which knows the token of n8n."""
        self._number += 1
        folder = self._folder / str(self._number)
        folder.mkdir()
        self.served = serve(folder)
        file = self.served.files.home / "config" / "loop" / "tokens.json"
        try:
            if self._known is None:
                actor = ("--actor", "api:n8n", "--source", "api", "--role", "write")
                self.token = self.served.files("token", "add", "n8n", *actor).out.strip()
                self._known = file.read_bytes()
                self._n8n.take(self._between.url, self.token)
            else:  # the secret of `tests` is another one, and is of no use any more
                _replace(file, self._known)
            yield
        finally:
            self.served.stop()

    def play(self, edit: Callable[[Served], None], path: str, count: int, workflow: str) -> Any:
        """Run a workflow while somebody edits `count` times, each time after it has read."""
        with self._served():
            self._between.lead(
                self.served.url, path=path, edit=lambda: edit(self.served), times=count
            )
            return self._n8n.run(workflow)

    def _puts(self) -> list[int]:
        return [status for method, _path, status in self._between.asked if method == "PUT"]

    def _fields(self, task: str = TASK) -> dict[str, Any]:
        found: dict[str, Any] = self.served.files("get", task, "--json").json["fields"]
        return found

    def _written(self) -> list[tuple[str, str]]:
        return [(one["actor"], one["source"]) for one in self.served.files.records]

    def nobody_else(self) -> None:
        result = self.play(_nothing, ONE, 0, UPDATE)
        assert "error" not in result, result["error"]
        assert (times(result, "Write"), times(result, "Done")) == (1, 1)
        assert self._fields()["status"] == "doing"
        assert self._written() == [("api:n8n", "api")]

    def one_conflict(self) -> None:
        result = self.play(_add_line, ONE, 1, UPDATE)
        assert "error" not in result, result["error"]
        assert self._puts() == [409, 200], result.get("error")
        assert (times(result, "Read"), times(result, "Done")) == (2, 1)
        fields = self._fields()
        assert (fields["status"], "n8n" in fields["tags"]) == ("doing", True)
        task = (self.served.files.vault / self.served.files.TASK).read_text()
        assert task.count("한 줄 더") == 1

    def a_conflict_each_time(self) -> None:
        result = self.play(_add_line, ONE, 9, UPDATE)
        assert self._puts() == [409] * 3, (self._between.asked, result.get("error"))
        (told,) = ran(result, "The conflict")
        conflict = told["conflict"]
        assert (told["tries"], conflict["code"], conflict["entity_id"]) == (3, "conflict", TASK)
        assert {one["field"] for one in conflict["fields"] if one["wanted"]} == {"status", "tags"}
        assert TASK in json.dumps(result["error"])
        assert self._fields()["status"] == "todo"
        assert self._written() == []

    def a_conflict_after_which_there_is_nothing_to_do(self) -> None:
        result = self.play(_put_on_hold, ONE, 1, UPDATE)
        assert "error" not in result, result["error"]
        assert (times(result, "Write"), times(result, "Nothing to do")) == (1, 1)
        assert self._fields()["status"] == "hold"

    def many_with_a_conflict(self) -> None:
        result = self.play(_add_line_to_doing, "/api/projects/", 1, CLOSE)
        assert "error" not in result, result["error"]
        tried = ran(result, "Outcomes")
        assert [sum("error" in line for line in one["results"]) for one in tried] == [1, 0]
        words = ("task", "--project", "prj-019", "--where", "status=doing")
        assert self.served.files("list", *words, "--ids").lines == []
        assert len(self._written()) == len(tried[0]["results"])

    def many_with_a_conflict_each_time(self) -> None:
        result = self.play(_add_line_to_doing, "/api/projects/", 9, CLOSE)
        (told,) = ran(result, "The conflicts")
        assert [one["code"] for one in told["conflicts"]] == ["conflict"]
        assert times(result, "Apply") == 3
        assert "error" in result

    def each_change_once(self) -> None:
        """A command changes a task, and n8n itself another one, before the workflow runs twice."""
        with self._served():
            seen = self.served.files.etag()
            assert self.served.files("update", TASK, "notes=x", "--if-match", seen).code == 0
            as_n8n = {"LOOP_API_TOKEN": self.token}
            words = ("tsk-019-07", "notes=x", "--if-match", self.served.files.etag("tsk-019-07"))
            assert self.served.loop("update", *words, env=as_n8n).code == 0
            nobody = {"path": "/", "edit": lambda: None, "times": 0}
            self._between.lead(self.served.url, **nobody)  # type: ignore[arg-type]
            result, again = self._n8n.run(CHANGED), self._n8n.run(CHANGED)

        assert [one["entity_id"] for one in ran(result, "Your steps")] == [TASK]
        assert ran(again, "Your steps") == []


def _nothing(served: Served) -> None:
    del served


def _add_line(served: Served) -> None:
    """What an editor does that knows no lock."""
    path = served.files.vault / served.files.TASK
    path.write_text(path.read_text() + "\n한 줄 더\n")


def _put_on_hold(served: Served) -> None:
    path = served.files.vault / served.files.TASK
    path.write_text(path.read_text().replace("status: todo", "status: hold"))


def _add_line_to_doing(served: Served) -> None:
    """Change one of the tasks that are to be closed."""
    found = served.files("list", "task", "--project", "prj-019", "--where", "status=doing", "--ids")
    path = served.files("get", found.lines[0], "--path").out.strip()
    file = served.files.vault / path
    file.write_text(file.read_text() + "\n한 줄 더\n")


def main(folder: Path, names: list[str]) -> None:
    """Play all scenes, or those with these names."""
    with tempfile.TemporaryDirectory() as work, Editing() as between:
        n8n = N8n(folder, Path(work) / "n8n")
        scenes = Scenes(n8n, between, Path(work))
        for scene in (
            scenes.nobody_else,
            scenes.one_conflict,
            scenes.a_conflict_each_time,
            scenes.a_conflict_after_which_there_is_nothing_to_do,
            scenes.many_with_a_conflict,
            scenes.many_with_a_conflict_each_time,
            scenes.each_change_once,
        ):
            if names and scene.__name__ not in names:
                continue
            scene()
            print(f"  {scene.__name__}: as it should be", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
