"""The tools that `peers.py` compares: what each needs laid out, and its command for each job.

Every side works on a copy of its own. A command is a shell line, as a user would type it, or an
argument list; nothing is timed but its process.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

JOBS = ("read", "change", "list", "change 500", "search")
AT_ONCE = 500
CALLS = 10  # of a tool that has no bulk: so many are timed, and multiplied


@dataclass(frozen=True)
class Command:
    """What is run and timed."""

    words: tuple[str, ...]
    given: bytes = b""
    times: int = 1  # what the time is multiplied by


@dataclass
class Side(ABC):
    """A tool. `facts`, as it documents: whether it checks a precondition and records a change."""

    folder: Path
    ids: list[str]
    phrase: str  # to search for: the name of an entity, that some bodies have too
    python: Path  # of the environment that `loop` is installed in
    name = ""
    facts = ("no", "no")
    environment: dict[str, str] = field(default_factory=dict)
    # Of the file of an entity: the lines that a change of its status may touch.
    touched = re.compile(rb"^(status|updated): .*\n", re.MULTILINE)

    @staticmethod
    def installed() -> bool:
        """Whether the tool is on the PATH."""
        return True

    def prepare(self, vault: Path) -> None:
        """Lay out what the tool works on: by default a copy of the vault."""
        shutil.copytree(vault, self.folder)

    def files(self) -> list[Path]:
        """Where the entities of "change 500" are; none where the tool has no files of Markdown."""
        wanted = set(self.ids[:AT_ONCE])
        return [path for path in sorted(self.folder.rglob("*.md")) if path.stem in wanted]

    @abstractmethod
    def command(self, job: str, entity_id: str, status: str) -> Command | None:
        """The command of a job, or none where the tool has no such thing."""


class Loop(Side):
    """The project, as installed from its wheel."""

    name = "`loop`"
    facts = ("yes", "yes")

    def prepare(self, vault: Path) -> None:
        super().prepare(vault)
        self._loop = str(self.python.parent / "loop")
        self.environment = {"LOOP_VAULT": str(self.folder), "HOME": f"{self.folder}-home"}
        self._paths = {path.stem: path for path in self.folder.rglob("tsk-*.md")}

    def command(self, job: str, entity_id: str, status: str) -> Command | None:
        words: dict[str, list[str]] = {
            "read": ["get", entity_id, "--json"],
            "list": ["list", "--where", "status=todo", "--json"],
            "change 500": ["apply", "-"],
            "search": ["search", f'"{self.phrase}"', "--json"],
        }
        if job == "change":  # the revision is that of an earlier reading, as any client has it
            seen = ["--if-match", self._etag(entity_id)]
            return Command((self._loop, "update", entity_id, f"status={status}", *seen, "--json"))
        given = "".join(map(self._line, self.ids[:AT_ONCE], [status] * AT_ONCE))
        return Command((self._loop, *words[job]), given.encode() if job == "change 500" else b"")

    def _line(self, entity_id: str, status: str) -> str:
        change = {"id": entity_id, "set": {"status": status}, "if_match": self._etag(entity_id)}
        return json.dumps(change) + "\n"

    def _etag(self, entity_id: str) -> str:
        return hashlib.sha256(self._paths[entity_id].read_bytes()).hexdigest()[:16]


class Script(Side):
    """`naive.py`."""

    name = "script with python-frontmatter"

    def command(self, job: str, entity_id: str, status: str) -> Command | None:
        words = {
            "read": ["get", entity_id],
            "change": ["set", entity_id, status],
            "list": ["list", "todo"],
            "change 500": ["set", "-", status],
        }
        if job not in words:
            return None
        script = [str(self.python), str(Path(__file__).with_name("naive.py"))]
        given = "\n".join(self.ids[:AT_ONCE]).encode() if job == "change 500" else b""
        return Command((*script, str(self.folder), *words[job]), given)


class Sed(Side):
    """`rg` (or `grep`) to find, `sed` to change."""

    name = "`rg` + `sed -i`" if shutil.which("rg") else "`grep -rl` + `sed -i`"
    _find = "rg" if shutil.which("rg") else "grep -r --include='*.md'"
    _edit = "sed -i '2,/^---$/s/^status: .*/status: {status}/'"
    _show = "cat"
    _each = "xargs -rd '\\n' grep -h -m 1 '^entity_id: '"

    def command(self, job: str, entity_id: str, status: str) -> Command | None:
        edit = "xargs -rd '\\n' " + self._edit.format(status=status)
        line = {
            "read": f"{self._find} -lx 'entity_id: {entity_id}' . | xargs -rd '\\n' {self._show}",
            "change": f"{self._find} -lx 'entity_id: {entity_id}' . | {edit}",
            "list": f"{self._find} -lx 'status: todo' . | {self._each}",
            "change 500": f"{self._find} -lFxf - . | {edit}",
            "search": f"{self._find} -lF '{self.phrase}' .",
        }[job]
        given = "".join(f"entity_id: {one}\n" for one in self.ids[:AT_ONCE]).encode()
        return Command(("sh", "-c", line), given if job == "change 500" else b"")


class Yq(Sed):
    """The Go program; found by `rg` or `grep`, since it reads one file a process."""

    name = "`yq --front-matter`, each file"
    _edit = f"-n 1 -P {os.cpu_count()} yq --front-matter=process -i '.status = \"{{status}}\"'"
    _show = "yq --front-matter=extract -o=json ."
    _each = f"xargs -rd '\\n' -n 1 -P {os.cpu_count()} yq --front-matter=extract .entity_id"

    @staticmethod
    def installed() -> bool:
        if shutil.which("yq") is None:
            return False
        done = subprocess.run(["yq", "--version"], capture_output=True, check=False)
        return b"mikefarah" in done.stdout

    def command(self, job: str, entity_id: str, status: str) -> Command | None:
        return None if job == "search" else super().command(job, entity_id, status)


class Taskwarrior(Side):
    """As many tasks, without the bodies: it keeps fields only."""

    name = "taskwarrior"
    facts = ("no", "undo only")

    @staticmethod
    def installed() -> bool:
        return shutil.which("task") is not None

    def prepare(self, vault: Path) -> None:
        self.folder.mkdir()
        settings = ("confirmation=no", "bulk=0", "gc=off", "verbose=nothing", "hooks=off")
        lines = [f"data.location={self.folder}/data", "uda.state.type=string", *settings]
        (self.folder / "taskrc").write_text("\n".join(lines) + "\n")
        (self.folder / "data").mkdir()
        self.environment = {"TASKRC": str(self.folder / "taskrc"), "HOME": str(self.folder)}
        tasks = [self._task(path.read_text()) for path in sorted(vault.rglob("*.md"))]
        given = json.dumps([task for task in tasks if task is not None])
        environment = {**os.environ, **self.environment}
        command = ["task", "import", "-"]
        subprocess.run(
            command, input=given.encode(), env=environment, capture_output=True, check=True
        )

    def files(self) -> list[Path]:
        return []

    def command(self, job: str, entity_id: str, status: str) -> Command | None:
        words = {
            "read": [_uuid(entity_id), "export"],
            "change": [_uuid(entity_id), "modify", f"state:{status}"],
            "list": ["state:todo", "export"],
            "change 500": [f"1-{AT_ONCE}", "modify", f"state:{status}"],
        }
        return Command(("task", *words[job])) if job in words else None

    @staticmethod
    def _task(text: str) -> dict[str, object] | None:
        entries = dict(re.findall(r"^(\w+): ([^#\n]+)", text.partition("\n---\n")[0], re.MULTILINE))
        if "entity_id" not in entries:
            return None
        return {
            "uuid": _uuid(entries["entity_id"]),
            "description": entries["entity_name"],
            "status": "pending",
            "entry": "20260101T000000Z",
            "state": entries["status"],
            "project": entries["parent_id"],
            "tags": re.findall(r"^- (\w+)$", text.partition("\n---\n")[0], re.MULTILINE),
        }


def _uuid(entity_id: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, entity_id.strip()))


class Juno(Side):
    """One Markdown file a task, in the form that the tool writes, with the same bodies."""

    name = "juno-kanban"
    facts = ("on demand", "yes")
    touched = re.compile(rb"^(status|last_modified): .*\n", re.MULTILINE)

    @staticmethod
    def installed() -> bool:
        return shutil.which("juno-kanban") is not None

    def prepare(self, vault: Path) -> None:
        self.environment = {"HOME": str(self.folder)}
        self._numbers: dict[str, str] = {}
        for path in sorted(vault.rglob("*.md")):
            head, _mark, body = path.read_text().partition("\n---\n")
            status = re.search(r"^status: (\w+)$", head, re.MULTILINE)
            if status is None:
                continue
            number = f"a{len(self._numbers):05d}"
            self._numbers[path.stem if path.stem != "project" else number] = number
            target = self.folder / ".juno_task" / "tasks" / number[:2] / f"{number}.md"
            target.parent.mkdir(parents=True, exist_ok=True)
            word = {"todo": "todo", "doing": "in_progress", "done": "done"}.get(
                status[1], "backlog"
            )
            target.write_text(_JUNO.format(number=number, status=word, body=body))

    def files(self) -> list[Path]:
        wanted = [self._numbers[one] for one in self.ids[:CALLS]]
        return [self.folder / ".juno_task" / "tasks" / one[:2] / f"{one}.md" for one in wanted]

    def command(self, job: str, entity_id: str, status: str) -> Command | None:
        number, word = self._numbers[entity_id], "in_progress" if status == "doing" else "backlog"
        some = " ".join(self._numbers[one] for one in self.ids[:CALLS])
        each = f"for one in {some}; do juno-kanban update $one --status {word}; done"
        listed = ("--limit", "100000", "--projection", "metadata", "-f", "ndjson")
        commands = {
            "read": Command(("juno-kanban", "get", number)),
            "change": Command(("juno-kanban", "update", number, "--status", word)),
            "list": Command(("juno-kanban", "list", "--status", "todo", *listed)),
            "change 500": Command(("sh", "-c", each), times=AT_ONCE // CALLS),
            "search": Command(("juno-kanban", "search", "--body", self.phrase, *listed)),
        }
        return commands[job]


_JUNO = """\
---
id: {number}
status: {status}
created_date: '2026-01-02T02:56:53.006948Z'
last_modified: '2026-01-02T02:56:53.006987Z'
commit_hash:
feature_tags:  # 회의에서 정함
- loop
related_tasks:
blocked_by:
schema_version: 1
fields: {{}}
---

<!-- juno:body:start -->
{body}
<!-- juno:body:end -->

<!-- juno:response:start -->

<!-- juno:response:end -->
"""

ALL: tuple[type[Side], ...] = (Loop, Script, Sed, Yq, Taskwarrior, Juno)
