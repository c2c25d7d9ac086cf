"""The HTTP API beside a bare one, and beside the same commits in a process.

    python tests/bench/http.py [--folder DIR] [--runs N] [--requests N] [--entities N] [--sync MS]

Rounds in turn, on one generated vault: reads of a bare FastAPI route that reads a file and answers
JSON, and of `GET /api/tasks/{id}`; durable commits in a process, durable PUTs of one client, and of
32 clients on 32 entities. Then, on a vault of so many entities, the first page of a list once the
index is there, and the memory of the server. Clients send prepared bytes, so that they cost little.
With `--sync` each sync takes so many milliseconds more, as on a slower disk.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a program sees its own folder

from tests.bench import common, generate
from tests.bench.slow_disk import slow
from tests.bench.throughput import Writer, rate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CLIENTS = 32
READERS = 4
SMALL = 500  # entities of the vault for reads and writes
BARE, READ = "GET, a bare route that reads a file", "GET /api/tasks/{id}"
COMMIT, PUT, PUTS = "commit in a process", "PUT, one client", f"PUT, {CLIENTS} clients"
LIST, MEMORY = "first page of a list, warm", "memory of the server"
_BARE_SERVER = """
import sys
from pathlib import Path
import uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/api/tasks/{name}")
def read(name: str):
    return {"task": {"id": name, "text": Path(sys.argv[2]).read_text()}}
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
"""


class Connection:
    """A connection that stays open, and sends prepared requests."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def __call__(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        self._socket.sendall(request)
        head, data = self._until_blank_line()
        lines = head.split(b"\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in lines
            if line.lower().startswith(b"content-length:")
        )
        while len(data) < length:
            data += self._received()
        self._rest = data[length:]
        return int(lines[0].split()[1]), data[:length]

    def _until_blank_line(self) -> tuple[bytes, bytes]:
        data = self._rest
        while b"\r\n\r\n" not in data:
            data += self._received()
        head, _blank, rest = data.partition(b"\r\n\r\n")
        return head, rest

    def _received(self) -> bytes:
        part = self._socket.recv(1 << 16)
        if not part:
            raise SystemExit("the server closed a connection")
        return part


def request(method: str, path: str, body: Any = None, etag: str | None = None) -> bytes:
    """The bytes of a request of somebody who may write."""
    data = b"" if body is None else json.dumps(body).encode()
    match = f'If-Match: "{etag}"\r\n' if etag else ""
    kind = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n" if data else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer writer\r\n"
    return f"{head}{match}{kind}\r\n".encode() + data


class Server:
    """A context manager: a server in a process of its own."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        with socket.socket() as some:
            some.bind(("127.0.0.1", 0))
            self.port = int(some.getsockname()[1])
        self._process = subprocess.Popen(
            [sys.executable, *(one.replace("PORT", str(self.port)) for one in command)],
            env={**os.environ, "PYTHONPATH": str(common.PROJECT), **environment},
            cwd=common.PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Server:
        for _each in range(600):
            try:
                Connection(self.port)
            except OSError:
                time.sleep(0.1)
            else:
                return self
        raise SystemExit("a server did not begin")

    def __exit__(self, *_raised: object) -> None:
        self._process.terminate()
        self._process.wait()

    @property
    def memory(self) -> float:
        """What it has in memory, in MiB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        line = next(one for one in status.splitlines() if one.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


class Putter:
    """Changes one entity again and again, each time with the etag of the time before."""

    def __init__(self, port: int, entity_id: str) -> None:
        self._ask = Connection(port)
        self._path = f"/api/tasks/{entity_id}"
        _status, data = self._ask(request("GET", self._path))
        self._etag = json.loads(data)["task"]["_etag"]

    def put(self) -> None:
        """One durable change."""
        body = {"entity_name": f"bench {time.time_ns()}"}
        status, data = self._ask(request("PUT", self._path, body, self._etag))
        document = json.loads(data)
        if status != 200 or not document["changed"]:
            raise SystemExit(f"a PUT was answered with {status}: {document}")
        self._etag = document["task"]["_etag"]


def together(works: list[Callable[[], None]], count: int) -> float:
    """Calls a second of all together, each so many times in a thread of its own."""
    start = threading.Barrier(len(works) + 1)
    failed: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        work()
        start.wait()
        try:
            for _index in range(count):
                work()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    start.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    if failed:
        raise SystemExit(f"a client failed: {failed[0]}")
    return count * len(works) / seconds


def reader(port: int, entity_id: str) -> Callable[[], None]:
    """Reads one entity again and again."""
    ask, prepared = Connection(port), request("GET", f"/api/tasks/{entity_id}")

    def read() -> None:
        status, _data = ask(prepared)
        if status != 200:
            raise SystemExit(f"a GET was answered with {status}")

    return read


def served(vault: Path, *, sync: float = 0.0) -> Server:
    """Our server over a vault."""
    home = {"LOOP_VAULT": str(vault), "HOME": str(vault.parent)}
    program = ["tests.http.program", "PORT"]
    slowly = ["tests.bench.slow_disk", f"{sync}"] if sync else []
    return Server(["-m", *slowly, *program], home)


def rates(folder: Path, *, runs: int, requests: int, sync: float) -> dict[str, list[float]]:
    """Reads and writes a second, round by round."""
    if sync:
        slow(sync)
    vault = folder / "small"
    generate.lay_out(vault, entities=SMALL)
    ids = generate.task_ids(vault, CLIENTS + 2)
    file = next(vault.rglob(f"{ids[0]}.md"))
    found: dict[str, list[float]] = {name: [] for name in (BARE, READ, COMMIT, PUT, PUTS)}
    beside = Server(["-c", _BARE_SERVER, "PORT", str(file)], {})
    with beside as bare, served(vault, sync=sync) as ours:
        for _round in range(runs):
            for name, server in ((BARE, bare), (READ, ours)):
                readers = [reader(server.port, ids[0]) for _each in range(READERS)]
                found[name].append(together(readers, requests // READERS))
            writes = max(1, requests // 10)
            found[COMMIT].append(rate(Writer(vault, ids[1]).update, writes))
            found[PUT].append(together([Putter(ours.port, ids[1]).put], writes))
            putters = [Putter(ours.port, one).put for one in ids[2:]]
            found[PUTS].append(together(putters, max(1, 4 * writes // CLIENTS)))
    return found


def of_many(folder: Path, *, entities: int, runs: int) -> tuple[float, float]:
    """The milliseconds of the first page of a list, and the MiB of the server."""
    vault = folder / "large"
    generate.lay_out(vault, entities=entities)
    prepared = request("GET", "/api/tasks?limit=50")
    with served(vault) as ours:
        ask = Connection(ours.port)
        ask(prepared)  # makes the index
        time.sleep(2 + entities / 20_000)  # until the folders are watched
        ask = Connection(ours.port)  # the other one was idle for too long
        ask(prepared)
        found = []
        for _each in range(max(5, 5 * runs)):
            begin = time.perf_counter()
            status, _data = ask(prepared)
            found.append(time.perf_counter() - begin)
            if status != 200:
                raise SystemExit(f"a list was answered with {status}")
        return 1000 * statistics.median(found), ours.memory


def sync_time(folder: Path) -> float:
    """The milliseconds that the disk takes to make a few bytes durable."""
    found = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _each in range(100):
            begin = time.perf_counter()
            file.write(b"x" * 500)
            os.fsync(file.fileno())
            found.append(time.perf_counter() - begin)
    return 1000 * statistics.median(found)


def main() -> None:
    """Measure and print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="loop-bench-", dir=options.folder) as folder:
        sync = sync_time(Path(folder)) + options.sync
        found = rates(Path(folder), runs=options.runs, requests=options.requests, sync=options.sync)
        page, memory = of_many(Path(folder), entities=options.entities, runs=options.runs)
    units = {READ: BARE, PUT: COMMIT, PUTS: PUT}
    rows = [
        [
            name,
            f"{statistics.median(values):.0f} a second",
            f"{common.paired_ratio(values, found[units[name]]):.2f}" if name in units else "",
        ]
        for name, values in found.items()
    ]
    rows.append([LIST, f"{page:.1f} ms", ""])
    rows.append([MEMORY, f"{memory:.0f} MiB", ""])
    print(
        f"on generated vaults of {SMALL} and {options.entities} entities; {options.runs} rounds of "
        f"{options.requests} requests; {os.cpu_count()} processors; a sync of this disk takes "
        f"{sync:.2f} ms, and what clients share is that"
    )
    common.print_table(["what", "how much", "of the one it is compared with"], rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where to work: the disk to measure")
    parser.add_argument("--runs", type=int, default=5, help="rounds")
    parser.add_argument("--requests", type=int, default=2_000, help="reads of each loop a round")
    parser.add_argument("--entities", type=int, default=100_000, help="of the large vault")
    parser.add_argument("--sync", type=float, default=0.0, help="ms that a sync takes more")
    return parser.parse_args()


if __name__ == "__main__":
    main()
