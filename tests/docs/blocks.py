"""The blocks of code in README and pages, and the shell session that they make together."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from loop_cli import demo

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "loop_cli" / "docs"
PAGES = [README, *sorted(DOCS.glob("*.md"))]
CONTRACT = DOCS / "contract.md"
_FENCE = re.compile(r"^```(\w*)$")
_MARK = re.compile(r"^<!-- (not run|ci): (.*) -->$")
_EXIT = re.compile(r"# exit (\d+)$")
_HERE = re.compile(r"<<'(\w+)'")
_END = re.compile(r"^@@ (\d+)$", re.MULTILINE)
_NOT_OURS = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
# What differs from run to run, and a sign for it.
_MASKS = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "RUN"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "SHA256"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "ETAG"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)?"), "TIME"),
    (re.compile(r"\buser:[^\s,\"]+"), "user:NAME"),
    (re.compile(r"^\S+ changed (.*) through (.*), .*$"), r"NAME changed \1 through \2"),
    (re.compile(r"\b(just now|\d+ (second|minute|hour|day)s? ago)\b"), "AGO"),
    (re.compile(r"\brun [0-9a-f]{8}\b"), "run RUN"),
    (re.compile(r"-\d{13}\b"), "-MS"),
    (re.compile(r"\s{2,}|─+"), "  "),
)


@dataclass(frozen=True)
class Command:
    """A printed command: the exit code that its comment says, and the output that follows it."""

    line: str
    code: int
    output: tuple[str, ...] | None


@dataclass(frozen=True)
class Block:
    """A fenced block. `why` tells why it is not run; `mark` is the comment's kind."""

    language: str
    lines: tuple[str, ...]
    mark: str | None = None
    why: str | None = None

    @property
    def commands(self) -> list[Command]:
        """The commands of a block of a shell."""
        if self.language == "sh":
            return [_command(text, None) for text in _whole_lines(self.lines)]
        if self.language != "console":
            return []
        starts = [index for index, line in enumerate(self.lines) if line.startswith("$ ")]
        ends = [*starts[1:], len(self.lines)]
        return [
            _command(self.lines[start][2:], self.lines[start + 1 : end] or None)
            for start, end in zip(starts, ends, strict=True)
        ]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    lines: list[str] | None = None
    language, before = "", ""
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = _FENCE.match(line)
        if lines is None and fence is not None:
            language, lines = fence[1], []
        elif lines is not None and line == "```":
            mark = _MARK.match(before)
            kind, why = (mark[1], mark[2]) if mark else (None, None)
            found.append(Block(language, tuple(lines), kind, why))
            lines, before = None, ""
        elif lines is not None:
            lines.append(line)
        elif line.strip():
            before = line
    assert lines is None, f"{page.name}: a block without an end"
    return found


def session(page: Path) -> list[Command]:
    """All commands of a page that are run, top to bottom."""
    return [command for block in blocks(page) if not block.mark for command in block.commands]


def masked(text: str) -> str:
    """A line of output without what differs from run to run."""
    for pattern, sign in _MASKS:
        text = pattern.sub(sign, text)
    return text.strip()


def run(commands: list[Command], home: Path) -> list[tuple[int, list[str]]]:
    """Run commands in one bash, in a home with the sample vault; exit code and output of each."""
    (home / "main").mkdir(parents=True)
    if not any("loop demo ~/sample-vault" in command.line for command in commands):
        demo.lay_out(str(home / "sample-vault"))
    script = "exec 2>&1\n" + "\n".join(
        f'{command.line}\nprintf "\\n@@ %s\\n" "$?"' for command in commands
    )
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("LOOP_") and key not in _NOT_OURS
    }
    if "loop demo" not in script:
        environment["LOOP_VAULT"] = str(home / "sample-vault")
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=home / "main",
        env={
            **environment,
            "HOME": str(home),
            "TZ": "UTC",
            "PYTHONPATH": str(ROOT),
            "PATH": f"{_tools(home)}:{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    text = done.stdout.decode().replace(str(home), "~")
    parts = _END.split(text)
    outputs, codes = parts[:-1:2], parts[1::2]
    return [
        (int(code), [line.rstrip() for line in output.strip("\n").splitlines()])
        for output, code in zip(outputs, codes, strict=True)
    ]


def _tools(home: Path) -> Path:
    """A folder with `loop`, which is also the environment that the README's command makes."""
    tools = home / "main" / ".venv" / "bin"
    tools.mkdir(parents=True)
    (tools / "loop").write_text(f'#!/bin/sh\nexec {sys.executable} -m loop_cli "$@"\n')
    (tools / "loop").chmod(0o755)
    (tools / "activate").write_text(f'PATH="{tools}:$PATH"\n')
    return tools


def _whole_lines(lines: tuple[str, ...]) -> list[str]:
    """The lines with those that go on joined: after a backslash, and up to a here-document's
    end. Without empty lines and comments."""
    found: list[str] = []
    end: str | None = None
    goes_on = False
    for line in lines:
        if end is not None or goes_on:
            found[-1] += "\n" + line
        elif line.strip() and not line.startswith("#"):
            found.append(line)
        else:
            continue
        if end is not None:
            end = None if line == end else end
        elif (here := _HERE.search(line)) is not None:
            end = here[1]
        goes_on = end is None and line.endswith("\\")
    return found


def _command(text: str, output: tuple[str, ...] | None) -> Command:
    exit_ = _EXIT.search(text)
    return Command(text, int(exit_[1]) if exit_ else 0, output)
