"""Standard streams that are closed or full: an error in words, and what landed is always said."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from loop_cli.cli.command_table import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
TASK = "tsk-019-14"
ENDLESS = ("watch", "log --follow", "edit", "demo", "help", "serve")
FULL = "standard output: No space left on device"


def run(loop: Loop, line: str, redirected: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of arguments, quoted as for a shell, with redirections of a shell."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m loop_cli {line} {redirected}', sys.executable],
        env=loop.environment,
        cwd=loop.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    for said in (done.stdout, done.stderr):
        assert b"internal" not in said, (line, said)
        assert b"Traceback" not in said, (line, said)
        assert b"Exception ignored" not in said, (line, said)
    return done


@pytest.mark.parametrize(
    "line",
    [
        "apply -",
        "apply - --json --atomic",
        f"update {TASK} --set-json - --force",
        f"update {TASK} notes=@- --force",
        f"update {TASK} --body-file - --force",
        f"update {TASK} --append-body - --force --json",
        "create Task --name x --body-file -",
        "update --where has:due notes=@- --yes",
    ],
)
def test_a_closed_standard_input_is_no_empty_text(loop: Loop, line: str) -> None:
    """An empty body, say, is never written because nothing could be read."""
    before = loop.path().read_bytes()
    done = run(loop, line, "<&-")
    assert done.returncode == 2
    assert b"standard input can't be read: it is closed" in done.stderr
    assert (loop.path().read_bytes(), loop.records) == (before, [])


@pytest.mark.parametrize(
    "redirected", ["<&-", "<&- 2>&-", "2>&-", "2>/dev/full", "<&- 2>/dev/full"]
)
def test_a_stream_that_is_not_needed_may_be_closed_or_full(loop: Loop, redirected: str) -> None:
    done = run(loop, f"update {TASK} status=done --force --json", redirected)
    assert done.returncode == 0
    assert json.loads(done.stdout)["changed"]


def test_a_failure_has_its_code_where_nobody_is_told(loop: Loop) -> None:
    for redirected in ("2>&-", "2>/dev/full", "<&- >&- 2>&-"):
        assert run(loop, "get nope", redirected).returncode == 3


@needs_full
@pytest.mark.parametrize("closed", [">/dev/full", ">&-"])
@pytest.mark.parametrize(
    ("line", "landed"),
    [
        (f"update {TASK} notes=x --force", f"the change of {{path}}/{TASK}.md has landed"),
        (f"update {TASK} notes=x --force --json", f"the change of {{path}}/{TASK}.md has landed"),
        ("update --where status=todo notes=x --yes", "has landed"),
        (f"delete {TASK} --force --orphan --yes", f"{TASK}.md has landed"),
        (f"move {TASK} --project prj-020 --force --yes", "has landed"),
        ("rename --all --yes", ""),
        ("create Evidence --name x", ""),
        ("schema allow Task rating=number", "the schema allows the field"),
        ("view save mine Task --user", "@mine is saved in "),
        ("view save mine Task --user --json", "@mine is saved in "),
        ("token add ours --actor user:ops --source cli --role read", "the token ours is added"),
        ("n8n export workflows", "has the workflows"),
        ("demo sample", "a sample vault is in "),
        ("skill install skills", "is installed"),
        ("completion install bash", "is installed"),
        ("audit rotate", "rotated"),
        (f"audit redact {TASK} notes --yes", ""),
    ],
)
def test_what_landed_is_said_where_the_result_can_t_be(
    loop: Loop, line: str, landed: str, closed: str
) -> None:
    done = run(loop, line, closed)
    if done.returncode != 1:  # nothing was to be done
        assert not landed, done.stderr
        return
    said = done.stderr.decode()
    assert (FULL if "full" in closed else "standard output: Bad file descriptor") in said
    assert landed.replace("{path}", loop.TASKS) in said


@needs_full
@pytest.mark.parametrize(
    ("before", "line", "landed"),
    [
        ("view save mine Task --user", "view delete mine", "@mine is deleted from "),
        ("token add ours --actor user:ops --source cli --role read", "token revoke ours",
         "the token ours is revoked"),
        (f"delete {TASK} --force --orphan --yes", "kept --prune --yes",
         "1 kept copies are removed"),
        (f"update {TASK} notes=x --force", f"undo {TASK} --yes", "has landed"),
    ],
)  # fmt: skip
def test_what_is_taken_back_is_said_too(loop: Loop, before: str, line: str, landed: str) -> None:
    assert run(loop, before, "").returncode == 0
    done = run(loop, line, ">/dev/full")
    assert done.returncode == 1
    assert landed in done.stderr.decode()


@needs_full
def test_so_is_what_became_of_the_schema(loop: Loop, own: Path) -> None:
    (own / "n.md").write_text("---\ntitle: x\nrating: 1\n---\n")
    at = f"--vault '{own}'"
    for line, landed in (
        (f"init '{own}' --yes", ".loop/config.toml"),
        (f"schema allow Note mood {at}", "the schema allows the field"),
        (f"schema close {at}", "the schema is closed"),
    ):
        done = run(loop, line, ">/dev/full")
        assert (done.returncode, landed in done.stderr.decode()) == (1, True), done.stderr
    again = run(loop, f"schema close {at}", ">/dev/full")
    assert "is closed" not in again.stderr.decode()


@needs_full
def test_of_many_changes_that_landed_some_are_named_and_all_counted(loop: Loop) -> None:
    for number in range(30, 40):
        loop.write_task(f"tsk-019-{number}", "status: todo")
    lines = [{"id": f"tsk-019-{number}", "set": {"notes": "x"}} for number in range(30, 40)]
    name = loop.write("../lines.jsonl", "".join(json.dumps(one) + "\n" for one in lines))
    done = run(loop, f"apply {name} --force", ">/dev/full")
    assert done.returncode == 1
    said = json.loads(done.stderr)["error"]
    assert len(loop.records) == 10
    assert said.startswith(FULL)
    assert said.endswith(" and 5 more has landed")


ARGUMENTS = (
    *("", " ", "-", "--", "-x", "--json", "--yes", "--no-input", "-n", "--where", "status=todo"),
    *("--json=1", "--limit", "0", "-1", "x", TASK, "prj-019", "Task", "task", "nope", "=", "a=b"),
    *("status=done", "tags+=", "x.y:=1", "--field", "--path", "--sort", "--columns", "--force"),
    *("--if-match", "0123456789abcdef", "--since", "--run", "allow", "--fix", "--all", "--last"),
    *("--set-json", "--body-file", "/dev/null", "--template", "--id", "../x", "규칙", "--utc"),
    *("\x1b[31m", "a" * 300, "--name", "--lock-timeout", "1", "--plain", "--help"),
)
REDIRECTED = (
    "",
    "<&-",
    ">&-",
    "2>&-",
    ">/dev/full",
    "2>/dev/full",
    "<&- >&- 2>&-",
    ">/dev/full 2>&1",
)


@needs_full
@pytest.mark.parametrize("name", [one for one in COMMANDS if one not in ENDLESS])
def test_no_list_of_arguments_is_an_internal_error(loop: Loop, name: str) -> None:
    """Each command bare, and with lists at random, under every kind of descriptor."""
    drawn = random.Random(name)
    lists = [[], *([*drawn.choices(ARGUMENTS, k=drawn.randint(1, 4))] for _ in range(7))]
    for redirected, words in zip(REDIRECTED, lists, strict=True):
        quoted = " ".join("'" + word + "'" for word in words)
        done = run(loop, f"{name} {quoted}", redirected)
        assert done.returncode in (*range(10), 141), (name, words, redirected)
