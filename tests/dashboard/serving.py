"""`loop serve` over a vault, for a browser; and who may use it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.waiting import TIMEOUT, wait_until

REPOSITORY = Path(__file__).parents[2]
TASK = "50_Projects/2026/prj-019_SSOT_규칙/Tasks/tsk-019-14.md"
PEOPLE = {
    "eun": ("user:김은향", "ui", "write"),
    "seo": ("user:박서준", "ui", "write"),
    "wall": ("user:게시판", "ui", "read"),
    "n8n": ("api:n8n", "api", "write"),
}
TASKS = "50_Projects/2026/prj-019_SSOT_규칙/Tasks"
NEW = """---
entity_type: Task
entity_id: {id}
entity_name: 할 일 {number}
created: 2026-01-08
updated: 2026-01-08
status: {status}
parent_id: prj-019
project_id: prj-019
aliases: []
assignee: 개발팀
due: 2026-03-{day:02}
priority: low
type: ops
tags: []
---

{number}
"""


@dataclass
class Served:
    """A vault, its server, and who may use it."""

    root: Path
    home: Path
    tokens: dict[str, str]
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    options: tuple[str, ...] = ()
    logs: int = 0
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "LOOP_VAULT": str(self.root),
            **self.extra,
        }

    def start(self, *options: str) -> Served:
        """Start it, on the port that it had before."""
        self.options = options or self.options
        self.logs += 1
        log = self.home / f"server-{self.logs}.log"
        command = [sys.executable, "-m", "loop_cli", "serve", "--port", str(self.port)]
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [*command, *self.options],
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        wait_until(lambda: self._listens(log))
        return self

    def _listens(self, log: Path) -> bool:
        assert self.process is not None
        said = log.read_text(encoding="utf-8")
        assert self.process.poll() is None, said
        found = re.search(r"at http://127\.0\.0\.1:(\d+)", said)
        if found is None:
            return False
        self.port = int(found[1])
        return "Uvicorn running" in said or _answers(self.url)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def task(self) -> Path:
        return self.root / TASK

    def edit(self, old: str, new: str, path: str = TASK) -> None:
        """What an editor does that knows no lock."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def command(self, *arguments: str) -> Any:
        """A run of the command line; its JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "loop_cli", *arguments, "--json"],
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
        )
        return json.loads(done.stdout or done.stderr)

    def update(self, entity_id: str, *changes: str) -> Any:
        """What somebody does at a command line, who has just read the entity."""
        etag = self.command("get", entity_id)["etag"]
        return self.command("update", entity_id, *changes, "--if-match", etag)

    def fields(self, entity_id: str = "tsk-019-14") -> dict[str, Any]:
        return dict(self.command("get", entity_id)["fields"])

    def body(self, entity_id: str = "tsk-019-14") -> str:
        return str(self.command("get", entity_id)["body"])

    def records(self) -> list[dict[str, Any]]:
        log = self.root / "_build/audit_log.jsonl"
        return [json.loads(line) for line in log.read_bytes().splitlines()] if log.exists() else []


def _answers(url: str) -> bool:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(f"{url}/health", timeout=5):
            return True
    except (URLError, OSError):
        return False


def make_tokens(home: Path) -> dict[str, str]:
    """Have a home with a token for each of `PEOPLE`; their secrets."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "HOME": str(home)}
    environment["XDG_CONFIG_HOME"] = str(home / ".config")
    tokens = {}
    for name, (actor, source, role) in PEOPLE.items():
        how = ("--actor", actor, "--source", source, "--role", role)
        done = subprocess.run(
            [sys.executable, "-m", "loop_cli", "token", "add", name, *how],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT,
        )
        tokens[name] = done.stdout.strip()
    return tokens


def fill(root: Path, count: int) -> None:
    """Add so many tasks to the sample vault."""
    statuses = ("todo", "doing", "hold", "done", "blocked")
    for number in range(count):
        entity_id = f"tsk-{number:06x}-{1765756800000 + number}"
        text = NEW.format(
            id=entity_id, number=number, status=statuses[number % 5], day=number % 28 + 1
        )
        (root / TASKS / f"{entity_id}.md").write_text(text, encoding="utf-8")
