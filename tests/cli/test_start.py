"""The two doors to the program: `loop`, as it is installed, and `python -m loop_cli`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loop_cli import __version__
from tests.cli.conftest import REPOSITORY

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

SCRIPT = REPOSITORY / "loop_cli" / "__main__.py"
INSTALLED = Path(sys.executable).parent / "loop"
DOORS = [
    pytest.param(
        [str(INSTALLED)],
        id="loop",
        marks=pytest.mark.skipif(not INSTALLED.exists(), reason="it is not installed here"),
    ),
    pytest.param([sys.executable, "-m", "loop_cli"], id="python -m"),
]


def test_installers_take_the_script_for_one_of_python() -> None:
    """They write the interpreter's path over its first line, and leave its mode as it is."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())

    scripts = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-scripts"]
    assert scripts == {"loop_cli/__main__.py": "loop"}
    assert "scripts" not in settings["project"]  # installers prefer an entry point of that name
    assert SCRIPT.read_bytes().startswith(b"#!python\n")
    assert os.access(SCRIPT, os.X_OK)


@pytest.mark.parametrize("program", DOORS)
def test_both_are_the_program(program: list[str], loop: Loop) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [*program, *arguments],
            env=loop.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    assert run("--version") == (0, f"loop {__version__}\n")
    assert run("get", "tsk-019-14", "--field", "status") == (0, "todo\n")
    assert run("get") == (2, "")
    assert run("get", "nothing") == (3, "")


@pytest.mark.skipif(not INSTALLED.exists(), reason="it is not installed here")
def test_the_script_itself_loads_nothing(loop: Loop) -> None:
    """As that of an entry point does: `re`, for the name of the program on Windows."""

    def loaded(*command: str) -> set[str]:
        environment = {**loop.environment, "PYTHONPROFILEIMPORTTIME": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    bare = loaded(sys.executable, "-c", "pass")
    by_script = loaded(sys.executable, str(INSTALLED), "--version")
    assert "loop_cli.cli.start" in by_script
    assert not (by_script - bare) & {"re", "enum", "functools", "collections"}


@pytest.mark.parametrize("program", DOORS)
def test_an_interrupt_is_130(program: list[str], loop: Loop) -> None:
    loop("update", "tsk-019-14", "status=doing", "--force")
    process = subprocess.Popen(
        [*program, "log", "--follow", "--json"],
        env=loop.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    assert process.stdout is not None
    process.stdout.readline()  # it runs
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert b'"code": "interrupted"' in err


# What only some commands need, and what is slow to load.
NOT_NEEDED = (
    "jinja2", "prompt_toolkit", "typer", "rich", "pydantic", "difflib", "subprocess",
    "loop_cli.cli.app", "loop_cli.cli.choosing", "loop_cli.cli.forms", "loop_cli.cli.pager",
    "loop_cli.cli.shape", "loop_cli.operations.apply", "loop_cli.operations.line",
    "loop_cli.operations.move", "loop_cli.operations.local",
)  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ("get", "tsk-019-14", "--json"),
        ("get", "tsk-019-14", "--json=entity_id,status"),
        ("update", "tsk-019-14", "status=doing", "--json", "--force"),
    ],
)
def test_little_is_loaded(loop: Loop, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "loop_cli", *arguments],
        env=loop.environment,
        cwd=loop.home,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert "loop_cli.cli.parser" in loaded  # so the list can be read
    shaped = {"loop_cli.cli.shape"} if "=" in arguments[-1] else set()
    assert loaded & {*NOT_NEEDED} == shaped
