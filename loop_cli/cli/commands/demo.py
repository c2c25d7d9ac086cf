"""`loop demo`: make a sample vault, and show the main job on it with the real program."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

from loop_cli import demo as sample
from loop_cli.cli import context, output
from loop_cli.errors import StorageError, UsageError
from loop_cli.system import home

EXAMPLES = """Examples:

\b
loop demo
loop demo ~/sample-vault
"""
_ENTITY = "tsk-019-14"
_CHANGES = ("status=doing", "tags+=in-review")
_OTHERS = ("status=hold", "priority=low")  # what somebody else wants, who has read the same


def demo(*, folder: str | None) -> None:
    """Run `loop demo`."""
    root = _place(folder)
    try:
        sample.lay_out(root)
    except OSError as error:
        raise StorageError(f"{root} can't be written: {error}") from error
    context.did(f"a sample vault is in {root}")
    output.line(f"A sample vault is in {root}")
    tour = _Tour(root)
    tour.say("1. Read an entity. It has a revision: updated_at, and an etag.")
    tour.show("get", _ENTITY)
    seen = tour.read("get", _ENTITY, "--json")["updated_at"]
    expected = ("--expected-updated-at", seen)
    tour.say("2. Change it, saying which revision you have seen.")
    tour.show("update", _ENTITY, *_CHANGES, *expected)
    tour.say(
        "3. Somebody else has read the same revision and wants another status. It is no\n"
        "   longer the current one, so nothing is written. In a script that is exit code 4;\n"
        "   at a terminal loop asks: take theirs, overwrite, edit, or leave it."
    )
    tour.show("update", _ENTITY, *_OTHERS, *expected, expected=4)
    tour.say("4. Every change has its record in _build/audit_log.jsonl.")
    tour.show("log", _ENTITY)
    tour.show("log", _ENTITY, "--json")
    output.line(f"\nGo on with it:  export LOOP_VAULT={shlex.quote(root)}")


class _Tour:
    """Runs commands of the program on the sample vault, as a user would."""

    def __init__(self, root: str) -> None:
        plain = {key: value for key, value in os.environ.items() if not key.startswith("LOOP_")}
        self._environment = {**plain, "LOOP_VAULT": root}
        if output.is_terminal(sys.stdout):  # the commands write to a pipe, but are shown here
            self._environment["COLUMNS"] = str(shutil.get_terminal_size().columns)
            if "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb":
                self._environment["FORCE_COLOR"] = "1"

    def say(self, text: str) -> None:
        output.line(f"\n{text}")

    def show(self, *arguments: str, expected: int = 0) -> None:
        """Run a command, and show it with its output, and with its exit code if that is not 0."""
        output.line(f"\n$ {shlex.join(['loop', *arguments])}")
        done = self._run(arguments, stderr=subprocess.STDOUT)
        output.write_bytes(done.stdout)
        if done.returncode:
            output.line(f"(exit code {done.returncode})")
        if done.returncode != expected:
            raise StorageError(f"'loop {arguments[0]}' failed on the sample vault")

    def read(self, *arguments: str) -> dict[str, str]:
        """Return the JSON that a command prints."""
        data: dict[str, str] = json.loads(self._run(arguments, stderr=None).stdout)
        return data

    def _run(
        self, arguments: tuple[str, ...], *, stderr: int | None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "loop_cli", *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            check=False,
        )


def _place(folder: str | None) -> str:
    if folder is None:
        return tempfile.mkdtemp(prefix="loop-demo-")
    root = os.path.abspath(home.expand(folder, os.environ))
    if os.path.exists(root) and (not os.path.isdir(root) or os.listdir(root)):
        raise UsageError(
            f"{root} is there and not empty; the demo writes into a new or empty folder only",
            hint="loop demo NEW_DIR",
        )
    return root
