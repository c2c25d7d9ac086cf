"""The requirement's scenario: a skill creates, then a dashboard, n8n, an agent and the command line
change one project at once. The log tells who did what through which door, and each run can be
undone."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")
pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
if shutil.which("jq") is None:
    pytest.skip("jq is not installed", allow_module_level=True)

import httpx2
from mcp.client import Client

from loop_cli import n8n
from tests.mcp.conftest import Agent, over_http, run
from tests.remote.conftest import Served, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHANGES = 4  # by each door
TRIES = 40
DOORS = {
    "skill": ("api:skill", "script"),
    "dashboard": ("user:김은향", "ui"),
    "n8n": ("api:n8n", "api"),
    "agent": ("api:agent", "api"),
}


class Scene:
    """A server, a token for each door, and what each of them has changed: run, task, field."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.files = served.files
        self.tokens = {name: self._token(name, *who) for name, who in DOORS.items()}
        self.done: list[tuple[str, str, str, str]] = []
        self.conflicts: Counter[str] = Counter()

    def _token(self, name: str, actor: str, source: str) -> str:
        words = (name, "--actor", actor, "--source", source, "--role", "write")
        return self.files("token", "add", *words).out.strip()

    def http(self, door: str) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.tokens[door]}"}
        return httpx2.Client(base_url=self.served.url, headers=headers, timeout=60)

    def did(self, door: str, run_id: str, task: str, field: str) -> None:
        self.done.append((door, run_id, task, field))

    def create(self) -> tuple[str, list[str]]:
        """A project with three tasks, by the script of the skill, over the server, in one run."""
        folder = self.files.home / "skills"
        assert self.files("skill", "install", str(folder)).code == 0
        tools = self.files.home / "bin"
        tools.mkdir()
        (tools / "loop").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m loop_cli "$@"\n')
        (tools / "loop").chmod(0o755)
        env = {**self.served.loop.environment, "LOOP_API_TOKEN": self.tokens["skill"]}
        env["PATH"] = f"{tools}:{env['PATH']}"
        script = folder / "loop-entity-creator/scripts/project_with_tasks.sh"
        done = subprocess.run(
            [str(script), "모든 문", "개발팀"], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        project, *tasks = re.findall(r"(?:prj|tsk)-\S+", done.stdout.splitlines()[0])
        return project, tasks


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    served = serve(tmp_path)
    yield Scene(served)
    served.process.kill()
    served.process.communicate()


def dashboard(scene: Scene, tasks: list[str]) -> None:
    """Saves only what was typed, with the revision that the form was filled from; on a 409 it shows
    the three values, and saves again with the new revision."""
    with scene.http("dashboard") as http:
        for number in range(CHANGES):
            task = tasks[number % len(tasks)]
            shown = http.get(f"/api/tasks/{task}").json()["task"]["updated"]
            for _try in range(TRIES):
                body = {"notes": f"화면 {number}", "expected_updated_at": shown}
                answer = http.put(f"/api/tasks/{task}", json=body)
                if answer.status_code == 200:
                    scene.did("dashboard", answer.json()["run_id"], task, "notes")
                    break
                told = answer.json()
                assert (answer.status_code, told["success"]) == (409, False), told
                assert told["changes"] or told["reason"] == "edited_outside"
                scene.conflicts["dashboard"] += 1
                shown = told["current_updated_at"]
            else:
                raise AssertionError("the dashboard never got through")


def workflow(scene: Scene, tasks: list[str]) -> None:
    """The calls of the exported workflow *update with precondition*: read, decide, write; after a
    409 again, three times at most. What has stopped is started again later."""
    flow = json.loads(n8n.files(scene.served.url)["update-with-precondition.json"])
    nodes = {one["name"]: one["parameters"] for one in flow["nodes"]}
    with scene.http("n8n") as http:
        for number in range(CHANGES):
            task = tasks[number % len(tasks)]
            for _start in range(TRIES):
                if _once(scene, http, nodes, task, f"n8n-{number}"):
                    break
            else:
                raise AssertionError("n8n never got through")


def _once(scene: Scene, http: httpx2.Client, nodes: Any, task: str, tag: str) -> bool:
    for _try in range(3):
        read = http.request(nodes["Read"]["method"], _address(nodes["Read"]["url"], scene, task))
        found = read.json()["task"]
        change = {"tags": [*(found.get("tags") or []), tag]}
        body = {**change, "expected_updated_at": found["updated"]}
        address = _address(nodes["Write"]["url"], scene, task)
        answer = http.request(nodes["Write"]["method"], address, json=body)
        if answer.status_code == 200:
            scene.did("n8n", answer.json()["run_id"], task, "tags")
            return True
        assert answer.status_code == 409, answer.text
        scene.conflicts["n8n"] += 1
        time.sleep(random.random() / 10)
    return False


def _address(template: str, scene: Scene, task: str) -> str:
    """What n8n makes of the address in a node."""
    base, rest = re.fullmatch(r"=\{\{ .*?base \}\}(/api/tasks/)\{\{ .*id\) \}\}", template), task
    assert base is not None, template
    return f"{scene.served.url}{base[1]}{rest}"


def agent(scene: Scene, tasks: list[str]) -> None:
    """Calls tools at /mcp, and does what a refusal says."""

    async def work() -> None:
        address = over_http(f"{scene.served.url}/mcp", scene.tokens["agent"])
        async with Client(address) as client:
            own = Agent(client)
            for number in range(CHANGES):
                task = tasks[number % len(tasks)]
                await _get_through(own, task, number)

    async def _get_through(own: Agent, task: str, number: int) -> None:
        for _try in range(TRIES):
            etag = await own.etag(task)
            given = {"id": task, "set": {"estimated_hours": number + 1}, "if_match": etag}
            done = await own.client.call_tool("update", given)
            told = done.structured_content
            if not done.is_error:
                scene.did("agent", told["run_id"], task, "estimated_hours")
                return
            assert (told["code"], told["nothing_written"]) == ("conflict", True), told
            scene.conflicts["agent"] += 1
        raise AssertionError("the agent never got through")

    run(work, seconds=180)


def command_line(scene: Scene, tasks: list[str]) -> None:
    """A person's script on the files: exit 4 means to read again."""
    for number in range(CHANGES):
        task = tasks[number % len(tasks)]
        due = f"due=2026-03-{number + 1:02}"
        for _try in range(TRIES):
            done = scene.files("update", task, due, "--if-match", scene.files.etag(task), "--json")
            if done.code == 0:
                scene.did("cli", done.json["run_id"], task, "due")
                break
            assert done.code == 4, done.err
            scene.conflicts["cli"] += 1
        else:
            raise AssertionError("the command line never got through")


def at_once(works: list[Callable[[], None]]) -> None:
    failed: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if failed:
        raise failed[0]


def test_all_doors_on_one_project(scene: Scene) -> None:
    before = _notes(scene)
    project, tasks = scene.create()
    created = scene.files.records
    run_of_create = created[0]["run_id"]
    assert [one["action"] for one in created[:4]] == ["create"] * 4
    assert {one["run_id"] for one in created[:4]} == {run_of_create}
    as_created = _notes(scene)

    doors = (dashboard, workflow, agent, command_line)
    at_once([lambda door=door: door(scene, tasks) for door in doors])  # type: ignore[misc]

    records = scene.files.records[len(created) :]
    assert len(records) == len(scene.done) == CHANGES * len(doors)
    who = {**DOORS, "cli": (scene.files("whoami", "--json").json["actor"], "cli")}
    by_run = {one["run_id"]: one for one in records}
    for door, run_id, task, field in scene.done:
        record = by_run[run_id]
        told = (record["actor"], record["source"], record["entity_id"])
        assert told == (*who[door], task)
        assert record["modified_fields"] == [field]
    assert scene.files("audit", "verify").code == 0
    assert scene.files("check", project).code == 0
    for task in tasks:
        listed = scene.files("log", task, "--source", "ui", "--json").lines
        assert {json.loads(line)["actor"] for line in listed} <= {"user:김은향"}

    for record in reversed(records):
        assert scene.files("undo", record["run_id"], "--yes").code == 0
    assert _without_times(_notes(scene)) == _without_times(as_created)
    for run_id in dict.fromkeys(one["run_id"] for one in reversed(created)):
        assert scene.files("undo", run_id, "--yes").code == 0, run_id
    assert _notes(scene) == before
    assert scene.files("audit", "verify").code == 0


def _notes(scene: Scene) -> dict[str, str]:
    root = scene.files.vault
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*.md"))
        if ".loop" not in path.parts
    }


def _without_times(notes: dict[str, str]) -> dict[str, str]:
    """An undo is a change too, and has its own time."""
    return {path: re.sub(r"(?m)^updated: .*$", "", text) for path, text in notes.items()}
