"""The real program in a subprocess, in an environment of its own."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

import pytest

from loop_cli import demo
from loop_cli.cli import forms
from loop_cli.cli.command_table import COMMANDS
from loop_cli.vault import VaultLayout
from tests.cli import door as doors
from tests.waiting import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.postgres.forks import Forks
    from tests.postgres.mirror import Mirror
    from tests.postgres.ready import InPostgres

REPOSITORY = Path(__file__).parents[2]
TIMEOUT = 60
TASKS = "50_Projects/2026/prj-019_SSOT_규칙/Tasks"
TASK = f"{TASKS}/tsk-019-14.md"
COLUMNS = 80


@dataclass(frozen=True)
class Done:
    """A finished run: exit code and the bytes it wrote."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def err(self) -> str:
        return self.stderr.decode()

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        """The one document of a success: one line on stdout, nothing on stderr."""
        assert self.code == 0, self.err
        assert self.stderr == b""
        assert self.stdout.count(b"\n") == 1
        return json.loads(self.stdout)

    @property
    def error(self) -> Any:
        """The one object of a failure: one line on stderr, nothing on stdout."""
        assert self.code != 0, self.out
        assert self.stdout == b""
        assert self.stderr.count(b"\n") == 1, self.err
        return json.loads(self.stderr)


@dataclass(frozen=True)
class Screen:
    """A finished run on a terminal: exit code, and what the terminal was sent."""

    code: int
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.replace("\r\n", "\n").splitlines()


@dataclass
class Loop:
    """Runs `loop` on one vault."""

    TASKS: ClassVar = TASKS
    TASK: ClassVar = TASK

    vault: Path
    home: Path
    extra: dict[str, str] = field(default_factory=dict)
    door: doors.Door | None = None

    @staticmethod
    def may_end_with(arguments: tuple[str | bytes, ...], code: int) -> bool:
        """Whether the help of the command names the exit code."""
        words = [str(one) for one in arguments[:2]]
        name = next((one for one in (" ".join(words), *words[:1]) if one in COMMANDS), None)
        return code < 0 or not name or "." not in COMMANDS[name][0] or code in forms.codes(name)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        own = {
            **kept,
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "LOOP_VAULT": str(self.vault),
            "PAGER": "cat",  # nobody is there to leave a pager
        }
        return {**own, **doors.environment(self.door, self, own), **self.extra}

    def __call__(
        self,
        *arguments: str | bytes,
        stdin: str | bytes | None = None,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
    ) -> Done:
        """Run and wait; `env` adds variables, or removes those that are None."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = self.finished(arguments, env=self._with(env), cwd=cwd or self.home, data=data)
        assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
        assert self.may_end_with(arguments, done.returncode), f"the help has no {done.returncode}"
        doors.files_needed(arguments, done.returncode, done.stderr)
        return Done(code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def finished(
        self,
        arguments: Sequence[str | bytes],
        *,
        env: Mapping[str, str],
        cwd: Path,
        data: bytes | None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a process to its end, with `data` as its stdin."""
        return subprocess.run(
            self.command(*arguments),
            env=env,
            cwd=cwd,
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )

    def start(
        self,
        *arguments: str,
        stdin: int = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Run without waiting; SIGINT is not ignored even where this process ignores it."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            cwd=self.home,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            preexec_fn=_heed_interrupts,  # noqa: PLW1509
        )

    def on_terminal(
        self, *arguments: str, replies: tuple[tuple[str, str], ...] = (), **env: str
    ) -> Screen:
        """Run on a pseudo-terminal of 80 columns; `replies` are pairs of what to wait for
        and what to type then."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        process = subprocess.Popen(
            self.command(*arguments),
            env={**self.environment, "TERM": "xterm-256color", **env},
            cwd=self.home,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509
        )
        os.close(theirs)
        try:
            sent = _talk(ours, list(replies), self.push)
            code = process.wait(TIMEOUT)
            doors.files_needed(arguments, code, b" ".join(sent.split()))
            return Screen(code=code, text=sent.decode())
        finally:
            process.kill()
            os.close(ours)

    @staticmethod
    def command(*arguments: str | bytes) -> list[str | bytes]:
        return [sys.executable, "-m", "loop_cli", *arguments]

    def push(self) -> None:
        """Have the vault know at once what the test has written to the folder."""

    def pull(self) -> None:
        """Have the folder show what the vault has now."""

    # -- what is on the disk ------------------------------------------------------------

    def path(self, relative: str = TASK) -> Path:
        return self.vault / relative

    @property
    def shown(self) -> str:
        """How people are shown which vault it is."""
        return str(self.vault)

    @property
    def log_path(self) -> Path:
        return self.vault / VaultLayout(str(self.vault)).log / "audit_log.jsonl"

    @property
    def records(self) -> list[dict[str, Any]]:
        """The audit log as any program would read it, oldest first."""
        if not self.log_path.exists():
            return []
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def etag(self, entity_id: str = "tsk-019-14") -> str:
        return self("get", entity_id, "--field", "etag").out.strip()

    @contextmanager
    def unreadable_log(self) -> Iterator[None]:
        """A vault whose log can't be read."""
        self.log_path.mkdir(parents=True)
        yield
        self.log_path.rmdir()

    def replacing(self, old: str, new: str, relative: str = TASK) -> str:
        """Python code with which another program replaces text in a file of the vault."""
        return (
            f"import pathlib; file = pathlib.Path({str(self.vault / relative)!r})\n"
            f"file.write_text(file.read_text().replace({old!r}, {new!r}))\n"
        )

    def write(self, relative: str, text: str) -> Path:
        """Make a file of the vault, byte for byte."""
        path = self.vault / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path

    def write_task(self, entity_id: str, *lines: str, folder: str = TASKS) -> Path:
        """Make a task with further frontmatter lines."""
        more = "".join(line + "\n" for line in lines)
        return self.write(
            f"{folder}/{entity_id}.md",
            f"---\nentity_type: Task\nentity_id: {entity_id}\nentity_name: made\n"
            "created: 2026-01-01\nupdated: 2026-01-01\nstatus: todo\nassignee: ops\n"
            f"parent_id: prj-019\nproject_id: prj-019\n{more}---\nbody\n",
        )

    def _with(self, env: Mapping[str, str | None] | None) -> dict[str, str]:
        merged = {**self.environment, **(env or {})}
        return {name: value for name, value in merged.items() if value is not None}


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _take_terminal() -> None:
    """Make stdin the terminal that Ctrl-C comes from."""
    _heed_interrupts()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _talk(terminal: int, replies: list[tuple[str, str]], ready: Callable[[], None]) -> bytes:
    """Read what the terminal is sent to its end, answering on the way, when `ready`."""
    seen, start = b"", 0
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        if not readable(terminal, 1):
            continue
        try:
            part = os.read(terminal, 1 << 16)
        except OSError:  # Linux says so where the other end is closed
            return seen
        if not part:
            return seen
        seen += part
        if replies and (place := seen.find(replies[0][0].encode(), start)) >= 0:
            start = place + len(replies[0][0].encode())
            answer = replies.pop(0)[1].encode()
            ready()
            os.write(terminal, answer)
    raise TimeoutError(seen.decode(errors="replace"))


def new_loop(folder: Path) -> Loop:
    vault, home = folder / "vault", folder / "home"
    home.mkdir(parents=True)
    demo.lay_out(str(vault))
    return Loop(vault=vault, home=home)


@pytest.fixture(scope="session")
def door() -> Iterator[doors.Door | None]:
    """The server of the second run, over HTTP; None in the first."""
    if not doors.OVER_HTTP:
        yield None
        return
    opened = doors.Door()
    yield opened
    opened.close()


@dataclass
class LoopInPostgres(Loop):
    """Runs `loop` on a vault in PostgreSQL, beside a folder that says the same."""

    mirror: Mirror | None = None
    forks: Forks | None = None

    def __post_init__(self) -> None:
        self._follow()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "vault":
            self._follow()

    def _follow(self) -> None:
        """A test may make another folder the vault; then it has another one in the database."""
        if self.mirror is not None and self.mirror.folder != self.vault:
            self.mirror = self.mirror.beside(self.vault)
            self.extra = {**self.extra, "LOOP_VAULT": self.mirror.address}

    def push(self) -> None:
        assert self.mirror is not None
        self.mirror.push()

    def pull(self) -> None:
        assert self.mirror is not None
        self.mirror.pull()

    @property
    def environment(self) -> dict[str, str]:
        """Who asks for it starts a program."""
        self.push()
        return super().environment

    def path(self, relative: str = TASK) -> Path:
        self.pull()
        return super().path(relative)

    @property
    def shown(self) -> str:
        assert self.mirror is not None
        return self.mirror.store.handle.address.shown

    @property
    def log_path(self) -> Path:
        self.pull()
        return super().log_path

    @contextmanager
    def unreadable_log(self) -> Iterator[None]:
        assert self.mirror is not None
        with self.mirror.without_log():
            yield

    def replacing(self, old: str, new: str, relative: str = TASK) -> str:
        assert self.mirror is not None
        program = (sys.executable, "-m", "tests.postgres.editing")
        words = [*program, self.mirror.address, relative, old, new]
        where = str(REPOSITORY)
        return f"import subprocess; subprocess.run({words!r}, check=True, cwd={where!r})\n"

    def finished(
        self,
        arguments: Sequence[str | bytes],
        *,
        env: Mapping[str, str],
        cwd: Path,
        data: bytes | None,
    ) -> subprocess.CompletedProcess[bytes]:
        if self.forks is not None and self.forks.are_for(env):
            run = self.forks.run
            done = run(arguments, env=env, cwd=cwd, data=data, timeout=TIMEOUT)
        else:
            done = super().finished(arguments, env=env, cwd=cwd, data=data)
        self.pull()
        return done

    def on_terminal(
        self, *arguments: str, replies: tuple[tuple[str, str], ...] = (), **env: str
    ) -> Screen:
        shown = super().on_terminal(*arguments, replies=replies, **env)
        self.pull()
        return shown


def _loop_for(
    request: pytest.FixtureRequest, folder: Path, door: doors.Door | None
) -> Iterator[Loop]:
    """`loop` on a folder; over HTTP, or on PostgreSQL, where the environment says so."""
    made = new_loop(folder)
    if os.environ.get("LOOP_TEST_CLI") != "postgres":
        made.door = door
        yield made
        if door is not None:
            door.forget(made.vault)
        return
    sample: InPostgres = request.getfixturevalue("in_postgres")
    mirror = sample.mirror(made.vault)
    extra = {"LOOP_VAULT": mirror.address}
    yield LoopInPostgres(
        vault=made.vault, home=made.home, extra=extra, mirror=mirror, forks=sample.forks
    )
    sample.drop(mirror)


@pytest.fixture(scope="session")
def in_postgres(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InPostgres]:
    """The sample vault in PostgreSQL, and what runs commands there."""
    from tests.postgres.ready import InPostgres

    made = new_loop(tmp_path_factory.mktemp("sample"))
    ready = InPostgres(postgres, made.vault, made.environment)
    yield ready
    ready.close()


@pytest.fixture
def loop(request: pytest.FixtureRequest, tmp_path: Path, door: doors.Door | None) -> Iterator[Loop]:
    """`loop` on a fresh copy of the sample vault."""
    yield from _loop_for(request, tmp_path, door)


@pytest.fixture(scope="module")
def read_only(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    door: doors.Door | None,
) -> Iterator[Loop]:
    """`loop` on a copy that the tests of a module share and do not change."""
    yield from _loop_for(request, tmp_path_factory.mktemp("shared"), door)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Over HTTP, and on PostgreSQL, only what is about a vault runs."""
    left: list[pytest.Item] = []
    if doors.OVER_HTTP:
        from tests.cli.door_differs import DIFFERS

        items[:], left = doors.arranged(items, DIFFERS, "over HTTP")
    elif os.environ.get("LOOP_TEST_CLI") == "postgres":
        from tests.cli import postgres_differs

        items[:], left = doors.arranged(items, postgres_differs.DIFFERS, "on PostgreSQL")
    if left:
        config.hook.pytest_deselected(items=left)


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the test's own, beside the sample vault."""
    return tmp_path_factory.mktemp("own")
