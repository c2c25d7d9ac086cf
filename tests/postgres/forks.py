"""Runs commands as forks of a process that has the driver of PostgreSQL loaded already.

Loading psycopg takes longer than most commands. Nothing of loop is loaded before the fork, so a
command starts as `python -m loop_cli` does: arguments, environment, folder and streams are its own.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "TZ")  # what an interpreter reads as it starts
_BEFORE = "from tests.postgres import forks; forks.serve()"


class Forks:
    """One process that forks for every command; it ends with `close`, or with its parent."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._at_start = _read_at_start(environment)
        self._ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"import psycopg; {_BEFORE}", str(theirs.fileno())],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # so that the streams are made for pipes, as those of a test
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()

    def are_for(self, environment: Mapping[str, str]) -> bool:
        """Whether an interpreter with this environment starts as the process has started."""
        return _read_at_start(environment) == self._at_start

    def run(
        self,
        arguments: Sequence[str | bytes],
        *,
        env: Mapping[str, str],
        cwd: Path,
        data: bytes | None,
        timeout: float,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `loop` to its end, as `subprocess.run` does."""
        request = os.memfd_create("request")
        with os.fdopen(os.dup(request), "wb") as file:
            words = [os.fsencode(one) for one in arguments]
            pickle.dump((words, dict(env), os.fsencode(cwd), _mask()), file)
        given = _Given(data)
        out, err, said = _Taken(), _Taken(), os.pipe()
        passed = [request, given.theirs, out.theirs, err.theirs, said[1]]
        socket.send_fds(self._ours, [b"."], passed)
        for one in passed:
            os.close(one)
        for stream in (given, out, err):
            stream.start()
        try:
            with os.fdopen(said[0], "rb") as answer:
                pid = int(answer.readline())
                if not select.select([answer], [], [], timeout)[0]:
                    os.kill(pid, signal.SIGKILL)
                    raise subprocess.TimeoutExpired([str(one) for one in arguments], timeout)
                code = os.waitstatus_to_exitcode(int(answer.readline()))
        finally:
            for stream in (given, out, err):
                stream.join()
        return subprocess.CompletedProcess(arguments, code, out.data, err.data)

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        self._process.communicate(timeout=60)


class _Taken(threading.Thread):
    """What a command writes to one stream."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._ours, self.theirs = os.pipe()
        self.data = b""

    def run(self) -> None:
        with os.fdopen(self._ours, "rb") as file:
            self.data = file.read()


class _Given(threading.Thread):
    """What a command reads from its stdin."""

    def __init__(self, data: bytes | None) -> None:
        super().__init__(daemon=True)
        self._data = data
        if data is None:
            self.theirs = os.open(os.devnull, os.O_RDWR)
        else:
            self.theirs, self._ours = os.pipe()

    def run(self) -> None:
        if self._data is None:
            return
        try:
            with os.fdopen(self._ours, "wb") as file:
                file.write(self._data)
        except BrokenPipeError:  # it has not read all
            return


def serve() -> None:
    """Fork for each request until nobody can send one any more. The forks come back from it."""
    asked = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    while True:
        some, passed, _flags, _address = socket.recv_fds(asked, 1, 5)
        if not some:
            return
        if not os.fork():
            asked.close()
            _wait_for(*passed)
            return
        for one in passed:
            os.close(one)


def _wait_for(request: int, given: int, out: int, err: int, answer: int) -> None:
    """Be the parent of a command, and say how it ended; the command itself is a fork of this."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    command = os.fork()
    if not command:
        os.close(answer)
        _be_loop(request, given, out, err)
        return
    for one in (request, given, out, err):
        os.close(one)
    os.write(answer, b"%d\n" % command)
    _pid, status = os.waitpid(command, 0)
    os.write(answer, b"%d\n" % status)
    os._exit(0)


def _be_loop(request: int, *streams: int) -> None:
    os.lseek(request, 0, os.SEEK_SET)
    with os.fdopen(request, "rb") as file:
        arguments, environment, folder, mask = pickle.load(file)
    for number, one in enumerate(streams):
        os.dup2(one, number)
        os.close(one)
    os.umask(mask)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["loop", *map(os.fsdecode, arguments)]
    sys.path[0] = os.getcwd()
    import runpy

    runpy.run_module("loop_cli", run_name="__main__", alter_sys=True)


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_AT_START)}
