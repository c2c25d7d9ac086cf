"""Short runs of the fuzzers, so that they do not rot; the long ones are the programs themselves.
`LOOP_FUZZ_MINUTES` says how long each is, and has another seed each time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import attacker
from tests.fuzz.strange_vaults import Makings
from tests.strace import calls_in

REPOSITORY = Path(__file__).parents[2]
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not there")
LONG = os.environ.get("LOOP_FUZZ_MINUTES")


@pytest.mark.parametrize(
    "program",
    [("fuzz",), ("commands", "--what", "arguments"), ("commands", "--what", "files")],
    ids=["texts", "arguments", "files"],
)
def test_a_run_finds_nothing(program: tuple[str, ...]) -> None:
    assert_nothing_is_found(*program, short=("--minutes", "0.05", "--seed", "1"))


@needs_strace
def test_no_vault_of_an_attacker_does_harm() -> None:
    assert_nothing_is_found("attacker", short=("--minutes", "5", "--seed", "1", "--rounds", "6"))


def assert_nothing_is_found(name: str, *options: str, short: tuple[str, ...]) -> None:
    length = ("--minutes", LONG) if LONG else short
    done = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.{name}", *length, *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 problems" in done.stdout


@pytest.fixture
def fuzzed(tmp_path: Path) -> attacker.Round:
    makings = Makings(tmp_path, attacker.environment(tmp_path, str(REPOSITORY)))
    return attacker.Round(tmp_path, makings, seed=1, code=str(REPOSITORY))


HARM = {
    'openat(AT_FDCWD<{cwd}>, "{root}/outside/x", O_RDONLY|O_CREAT, 0600) = 3': "outside",
    'openat(4<{vault}>, "x", O_RDWR|O_NOFOLLOW) = 3<{root}/outside/x>': "outside",
    'openat(4<{vault}>, "x.md", O_RDWR|O_CLOEXEC) = 3<{vault}/x.md>': "follow a link",
    'openat(AT_FDCWD<{cwd}>, "vault/x.md", O_WRONLY|O_NOFOLLOW) = 3': "by a path",
    'unlink("../outside/x") = 0': "outside",
    'unlinkat(4<{root}/outside>, "x", 0) = 0': "outside",
    'unlinkat(4<{root}/out\\"s\\303\\251>, "x", 0) = 0': "outside",
    'renameat2(4<{vault}>, "x", 5<{vault}>, ".git", RENAME_NOREPLACE) = 0': "another program",
    'linkat(4<{root}/outside>, "x", 5<{vault}>, "x", 0) = 0': "outside",
    'mkdirat(4<{home}>, ".bashrc.d", 0700) = 0': "outside",
    'mkdir("{vault}/new", 0700) = 0': "by a path",
    "fchmod(4<{root}/outside/x>, 0644) = 0": "outside",
    "fchmod(4<{vault}/.obsidian/app.json>, 0644) = 0": "another program",
    'utimensat(4<{vault}>, "x", NULL, 0) = 0': "follow a link",
    'chmod("{root}/outside/x" <unfinished ...>\n2 fsync(3) = 0\n1 <... chmod resumed>, 0) = 0': (
        "outside"
    ),
}


@pytest.mark.parametrize("call", HARM)
def test_the_look_at_calls_can_fail(fuzzed: attacker.Round, call: str) -> None:
    (fault,) = faults(fuzzed, call)
    assert HARM[call] in fault


def test_what_a_command_may_do_is_no_fault(fuzzed: attacker.Round) -> None:
    for call in (
        'openat(AT_FDCWD<{cwd}>, "{root}/outside/x", O_RDONLY) = 3<{root}/outside/x>',
        'openat(4<{vault}>, "x.md", O_WRONLY|O_CREAT|O_EXCL, 0600) = 3<{vault}/x.md>',
        'mkdir("{home}/.cache/loop", 0700) = 0',
        'mkdir("{home}/.local", 0700) = -1 EEXIST (File exists)',
        'renameat2(4<{vault}/a>, "x", 5<{vault}/.loop/staged>, "x", RENAME_EXCHANGE) = 0',
        'openat(AT_FDCWD<{cwd}>, "/dev/null", O_RDWR) = 3',
        "fchmod(4<{vault}/.loop/kept/x (deleted)>, 0644) = 0",
        'symlinkat("/etc", 4<{vault}>, "x") = 0',
    ):
        assert faults(fuzzed, call) == []


def faults(fuzzed: attacker.Round, call: str) -> list[str]:
    cwd = str(fuzzed.root)
    places = {"{cwd}": cwd, "{root}": cwd, "{vault}": str(fuzzed.vault), "{home}": str(fuzzed.home)}
    for name, place in places.items():
        call = call.replace(name, place)
    found = (fuzzed.fault(one, cwd) for one in calls_in(f"1 {call}"))
    return [fault for fault in found if fault is not None]
