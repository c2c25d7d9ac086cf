"""The README's tour is run as printed: every command, with the exit code that its comment says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"# exit (\d+)$")


def _commands(*headings: str) -> list[str]:
    """The command lines of the shell blocks under some headings."""
    found: list[str] = []
    for part in re.split(r"^## ", README.read_text(), flags=re.MULTILINE):
        if part.split("\n", 1)[0] in headings:
            found += [line for block in BLOCK.findall(part) for line in block.splitlines()]
    return found


def _script(commands: list[str]) -> str:
    """A shell script that prints each command's exit code, marked."""
    return "\n".join(f'{line}\nprintf "@@ %s\\n" "$?"' for line in commands)


def test_the_tour_does_what_it_says(tmp_path: Path) -> None:
    commands = _commands(
        "A tour",
        "Find",
        "Many at once",
        "Making, moving, deleting",
        "Looking back, and undo",
        "Completions",
        "Checking a vault",
        "For agents",
        "Looking after the log",
    )
    assert len(commands) >= 15
    tools = tmp_path / "main" / ".venv" / "bin"
    tools.mkdir(parents=True)
    (tools / "loop").write_text(f'#!/bin/sh\nexec {sys.executable} -m loop_cli "$@"\n')
    (tools / "loop").chmod(0o755)
    (tools / "activate").write_text(f'PATH="{tools}:$PATH"\n')
    (tmp_path / "home").mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOOP_")}
    done = subprocess.run(
        ["bash", "-c", _script(commands)],
        cwd=tmp_path / "main",
        env={**environment, "HOME": str(tmp_path / "home"), "PYTHONPATH": str(README.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    codes = [int(code) for code in re.findall(r"^@@ (\d+)$", done.stdout, re.MULTILINE)]
    wanted = [int(match[1]) if (match := EXIT.search(line)) else 0 for line in commands]
    assert dict(zip(commands, codes, strict=True)) == dict(zip(commands, wanted, strict=True))
    assert "! changed since you read it, and you change it too" in done.stderr
    assert re.search(r"due +2026-01-23 → 2026-02-01", done.stdout)


def test_a_folder_of_notes_becomes_a_vault(tmp_path: Path) -> None:
    """The section's commands, in a home that has such a folder."""
    commands = _commands("Any folder of Markdown files")
    assert commands == ["loop init ~/notes --dry-run", "loop init ~/notes --yes"]
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "My note.md").write_text("---\ntitle: A note\nrating: 1\n---\n")
    script = "\n".join([*commands, "loop --vault ~/notes get 'My note' --field rating"])
    done = subprocess.run(
        ["bash", "-ec", f'loop() {{ "{sys.executable}" -m loop_cli "$@"; }}\n{script}'],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": str(README.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "All of it would fit." in done.stdout
    assert done.stdout.endswith("\n1\n")


def test_the_two_commands_are_marked_for_ci() -> None:
    text = README.read_text()
    for mark in ("demo", "tests"):
        assert re.search(rf"<!-- ci: {mark} -->\n```sh\npython3 -m venv [^\n]+\n```", text)
