"""All that is opened, made, moved or removed below `.loop/` and in the log's folder is named by
one part in an open folder, through no link: held by what the system was asked (SPEC §8)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from loop_cli import demo
from tests.strace import CALLS, calls_in

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not there")

OURS = (".loop", "_build")
TASK = "tsk-019-14"


def faults(trace: str, root: str) -> list[str]:
    """The calls that name something of ours by a path, or may follow a link to it."""
    found = []
    for one in calls_in(trace):
        for folder, name in one.names:
            whole = os.path.normpath(os.path.join(folder, name))
            inside = os.path.relpath(whole, root).split(os.sep)
            if whole != root and not whole.startswith(root + os.sep):
                continue
            walked = inside == ["_build"] and "O_NOFOLLOW|O_CLOEXEC|O_DIRECTORY" in one.text
            if inside[0] not in OURS or walked:  # a walk for entities looks into every folder
                continue
            if "/" in name or (one.opens and "O_NOFOLLOW" not in one.text):
                found.append(one.text)
    return found


class Vault:
    """The sample vault, and `loop` run on it under strace."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "vault"
        self.tmp = tmp_path
        shutil.copytree(demo.SAMPLE, self.root)

    def run(self, *arguments: str, stdin: str = "", kill: str | None = None) -> tuple[int, str]:
        trace = self.tmp / "trace"
        inject = [] if kill is None else ["-e", f"inject={kill}"]
        done = subprocess.run(
            ["strace", "-f", "-y", "-e", f"trace={CALLS}", *inject, "-o", str(trace),
             sys.executable, "-m", "loop_cli", *arguments],
            env={
                "PATH": os.environ["PATH"], "HOME": str(self.tmp), "LOOP_VAULT": str(self.root),
                "LOOP_EDITOR": "sed -i s/todo/doing/", "PYTHONPATH": os.getcwd(),
            },
            input=stdin, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert "internal error" not in done.stderr, done.stderr
        text = trace.read_text(errors="replace")
        assert faults(text, str(self.root)) == []
        return done.returncode, text


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


NEW = (
    "create",
    "Task",
    "--name",
    "새 일",
    "project_id=prj-019",
    "assignee=개발팀",
    "--id",
    "tsk-019-90",
)
STORY: tuple[tuple[str, ...], ...] = (
    ("config",),
    ("get", TASK),
    ("update", TASK, "status=doing", "--force"),
    ("update", TASK, "notes=" + "x" * 70_000, "--force"),
    ("update", TASK, "notes=short", "--force"),
    NEW,
    ("move", "tsk-019-90", "--project", "prj-020", "--force"),
    ("delete", "tsk-019-90", "--force", "--yes"),
    ("undo", "tsk-019-90", "--yes"),
    ("edit", TASK),
    ("list", "Task", "--json"),
    ("search", "규칙"),
    ("log",),
    ("history", TASK),
    ("diff", TASK),
    ("check",),
    ("check", "--fix", "--yes"),
    ("schema",),
    ("kept",),
    ("audit", "redact", TASK, "notes", "--yes"),
    ("audit", "verify"),
    ("audit", "rotate"),
    ("update", TASK, "status=todo", "--force"),
    ("audit", "migrate"),
    ("kept", "--prune", "--yes"),
    ("__complete", "bash", "loop get tsk"),
    ("__complete", "bash", "loop log --run "),
)


def test_every_command_names_what_is_ours_in_an_open_folder(vault: Vault) -> None:
    codes = {" ".join(one)[:40]: vault.run(*one)[0] for one in STORY}
    failed = {name: code for name, code in codes.items() if code not in (0, 1, 3, 6)}
    assert failed == {}
    assert codes["get tsk-019-14"] == codes["update tsk-019-14 status=todo --force"] == 0
    lines = "".join(
        f'{{"id": "{TASK}", "set": {{"status": "{one}"}}}}\n' for one in ("hold", "done")
    )
    vault.run("apply", "-", "--force", stdin=lines)


@pytest.mark.parametrize(
    "moment", ["fsync:signal=SIGKILL:when=6", "renameat2:signal=SIGKILL:when=1"]
)
def test_recovery_does_so_too(vault: Vault, moment: str) -> None:
    vault.run("update", TASK, "status=doing", "--force")
    vault.run("update", TASK, "status=hold", "--force", kill=moment)
    vault.run("get", TASK)
    vault.run("update", TASK, "status=todo", "--force")


def test_the_look_at_calls_can_fail(vault: Vault) -> None:
    root = str(vault.root)
    bad = (
        f'1 openat(AT_FDCWD</tmp>, "{root}/.loop/lock", O_RDWR|O_NOFOLLOW) = 3',
        f'1 openat(3<{root}/.loop>, "lock", O_RDWR) = 3',
        f'1 unlink("{root}/_build/x") = 0',
        f'1 renameat2(3<{root}>, "x.md", 4<{root}>, ".loop/staged/x", RENAME_EXCHANGE) = 0',
    )
    assert faults("\n".join(bad), root) == list(bad)
    good = (
        f'1 openat(AT_FDCWD</tmp>, "{root}", O_RDONLY|O_DIRECTORY) = 3',
        f'1 openat(3<{root}>, ".loop", O_RDONLY|O_NOFOLLOW|O_DIRECTORY) = 4',
        f'1 unlinkat(5<{root}/.loop/staged>, "x.new", 0) = 0',
    )
    assert faults("\n".join(good), root) == []
