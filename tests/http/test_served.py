"""A real server in a process of its own: the requirement's verifications, events, what goes on
beside it, how it ends, and what it does when the system refuses."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.http.conftest import CONFLICT_KEYS, ONE, WRITER, Client
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.http.conftest import Server, Vault

OLD = "2026-01-01T00:00:00"


def curl(server: Server, *arguments: str) -> tuple[int, Any]:
    """The status and the JSON that curl gets."""
    done = subprocess.run(
        ["curl", "-s", "-w", "\n%{http_code}", "-H", "Authorization: Bearer writer", *arguments],
        capture_output=True,
        check=True,
        text=True,
    )
    text, _newline, status = done.stdout.rpartition("\n")
    return int(status), json.loads(text)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_verifications_of_the_requirement(serve: Callable[..., Server], vault: Vault) -> None:
    server = serve()
    url = server.url + ONE
    put = ("-X", "PUT", "-H", "Content-Type: application/json", "-d")

    status, read = curl(server, url)
    assert status == 200
    updated = read["task"]["updated"]

    status, written = curl(
        server, *put, json.dumps({"status": "doing", "expected_updated_at": updated}), url
    )
    assert (status, written["success"]) == (200, True)

    status, conflict = curl(
        server, *put, json.dumps({"status": "done", "expected_updated_at": OLD}), url
    )
    assert status == 409
    assert [conflict[key] for key in CONFLICT_KEYS] == [
        "Conflict: Entity was modified", written["task"]["updated"], OLD,
    ]  # fmt: skip

    (record,) = vault.records()
    assert record["entity_id"] == "tsk-019-14"
    assert record["diff"] == {"status": {"old": "todo", "new": "doing"}}
    assert record["run_id"] == written["run_id"]


class Events:
    """A stream of events, read by a thread."""

    def __init__(self, server: Server, last: str | None = None) -> None:
        self.seen: list[dict[str, Any]] = []
        self.begun = threading.Event()
        self.error: Exception | None = None
        headers = {**WRITER, **({"Last-Event-ID": last} if last else {})}
        self._client = server.client(headers=headers).http
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self.begun.wait(30)

    def _read(self) -> None:
        event: dict[str, Any] = {}
        try:
            with self._client.stream("GET", "/api/events") as answer:
                for line in answer.iter_lines():
                    self.begun.set()
                    key, _colon, value = line.partition(": ")
                    if key in ("event", "id", "data"):
                        event[key] = json.loads(value) if key == "data" else value
                    elif not line and "event" in event:
                        self.seen.append(event)
                        event = {}
        except Exception as error:  # the server, or the test, is over
            self.error = error

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.seen if one["event"] == kind]

    def wait_for(self, kind: str, count: int) -> list[dict[str, Any]]:
        wait_until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)


class TestEvents:
    def test_a_change_inside_comes_with_its_record(
        self, serve: Callable[..., Server], vault: Vault
    ) -> None:
        server = serve()
        events = Events(server)
        server.client().update({"status": "doing"})
        vault.command("update", "tsk-019-14", "status=hold", "--force")

        changes = events.wait_for("change", 2)
        assert [one["data"] for one in changes] == vault.records()
        assert [one["data"]["source"] for one in changes] == ["api", "cli"]

    def test_an_edit_outside_is_told_by_its_fields(
        self, serve: Callable[..., Server], vault: Vault
    ) -> None:
        _need_watches()
        server = serve()
        events = Events(server)
        server.client().update({"status": "doing"})
        events.wait_for("change", 1)
        values = ["high", "low"]

        def told() -> bool:
            """Until the files are watched, an edit is told of by no event."""
            vault.edit(f"priority: {values[0]}", f"priority: {values[1]}")
            values.reverse()
            time.sleep(0.5)
            return bool(events.of("outside"))

        wait_until(told)
        outside = events.of("outside")[-1]["data"]
        assert (outside["entity_id"], outside["action"]) == ("tsk-019-14", "update")
        assert outside["fields"] == ["priority"]
        assert len(outside["etag"]) == 16

    def test_an_edit_outside_right_after_one_of_ours_is_told(
        self, serve: Callable[..., Server], vault: Vault
    ) -> None:
        _need_watches()
        server = serve()
        client, events = server.client(), Events(server)
        old, new = "high", "low"
        for _attempt in range(20):  # until the files are watched, no event tells of an edit outside
            vault.edit(f"priority: {old}", f"priority: {new}")
            old, new = new, old
            time.sleep(0.5)
            if events.of("outside"):
                break
        for number in range(4):
            before = len(events.of("outside"))
            client.update({"notes": f"n{number}"})
            vault.edit(f"priority: {old}", f"priority: {new}")
            old, new = new, old
            told = events.wait_for("outside", before + 1)
            assert [one["data"]["fields"] for one in told[before:]] == [["priority"]]

    def test_who_comes_back_misses_nothing_and_hears_nothing_twice(
        self, serve: Callable[..., Server], vault: Vault
    ) -> None:
        server = serve()
        client = server.client()
        statuses = ["doing", "hold", "todo", "doing", "hold"]
        events = Events(server)
        for status in statuses[:2]:
            client.update({"status": status})
        last = events.wait_for("change", 2)[0]["id"]
        for status in statuses[2:]:
            client.update({"status": status})
        again = Events(server, last)
        client.update({"status": "todo"})

        changes = again.wait_for("change", 5)
        assert [one["data"] for one in changes] == vault.records()[1:]
        assert server.end() == 0
        assert (
            Events(serve(), changes[1]["id"]).wait_for("change", 3)[0]["data"]
            == (vault.records()[3])
        )

    def test_an_id_that_the_log_has_not_is_told(self, serve: Callable[..., Server]) -> None:
        events = Events(serve(), "0" * 64)

        assert events.wait_for("reset", 1)

    def test_a_sign_of_life(self, serve: Callable[..., Server]) -> None:
        assert Events(serve(ping=1.0)).wait_for("ping", 2)

    def test_more_streams_than_allowed_are_503(self, serve: Callable[..., Server]) -> None:
        server = serve(streams=1)
        Events(server)

        answer = server.client()("GET", "/api/events")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]


class TestLists:
    def test_an_edit_outside_comes_to_lists_and_search(
        self, serve: Callable[..., Server], vault: Vault
    ) -> None:
        client = serve().client()
        client.get("/api/tasks")
        vault.edit("priority: high", "priority: low")
        folder = vault.task.parent
        new = vault.task.read_text(encoding="utf-8").replace("tsk-019-14", "tsk-019-77")
        (folder / "tsk-019-77.md").write_text(new + "\n고슴도치\n", encoding="utf-8")
        (folder / "tsk-019-13.md").unlink()

        def ids(query: str) -> set[str]:
            return {one["entity_id"] for one in client.get(f"/api/tasks?{query}")["tasks"]}

        wait_until(lambda: {"tsk-019-14", "tsk-019-77"} <= ids("priority=low"))
        wait_until(lambda: "tsk-019-13" not in ids(""))
        wait_until(lambda: client.get("/api/search?q=고슴도치")["count"] == 1)

    def test_a_new_folder_and_one_that_moved(
        self, serve: Callable[..., Server], vault: Vault
    ) -> None:
        client = serve().client()
        total = client.get("/api/tasks")["total"]
        project = vault.task.parents[1]
        (project / "more").mkdir()
        text = vault.task.read_text(encoding="utf-8")
        for number in range(3):
            copy = text.replace("tsk-019-14", f"tsk-019-8{number}")
            (project / f"more/tsk-019-8{number}.md").write_text(copy, encoding="utf-8")
        wait_until(lambda: client.get("/api/tasks")["total"] == total + 3)
        (project / "more").rename(project / "other")

        def places() -> set[str]:
            found = client.get("/api/tasks")["tasks"]
            return {one["_path"].split("/")[-2] for one in found if "tsk-019-8" in one["_path"]}

        wait_until(lambda: places() == {"other"})


class TestEnd:
    def test_what_was_accepted_is_finished_and_answered(
        self, serve: Callable[..., Server], vault: Vault
    ) -> None:
        server = serve()
        client = server.client()
        client.update({"priority": "low"})
        seen = client.task()["updated"]
        answers: list[Any] = []

        def write() -> None:
            body = {"status": "doing", "expected_updated_at": seen}
            answers.append(client.put(body))

        lock = os.open(vault.root / ".loop/lock", os.O_RDWR)
        _lock(lock)
        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.5)  # until it waits for the lock
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        os.close(lock)
        writer.join(60)

        assert [one.status_code for one in answers] == [200]
        assert server.process.wait(60) == 0
        assert len(vault.records()) == 2

    def test_streams_end_with_it(self, serve: Callable[..., Server]) -> None:
        server = serve()
        Events(server)

        assert server.end() == 0

    def test_after_a_kill_the_next_goes_on(
        self, serve: Callable[..., Server], vault: Vault
    ) -> None:
        server = serve()
        server.client().update({"status": "doing"})
        server.process.kill()
        server.process.wait()

        assert serve().client().update({"status": "hold"}).status_code == 200
        assert vault.command("audit", "verify")["ok"] is True


def _lock(descriptor: int) -> None:
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX)


class TestLog:
    def test_a_line_of_json_for_each_request_without_secrets(
        self, serve: Callable[..., Server]
    ) -> None:
        server = serve()
        client = server.client()
        client.update({"status": "doing", "notes": "geheim"})
        client.http.get("/sign-in?key=einmal")
        client.get("/api/tasks?q=wort")
        assert server.end() == 0

        lines = [one for one in server.lines() if one["event"] == "request"]
        assert {(one["method"], one["path"], one["status"]) for one in lines} >= {
            ("PUT", ONE, 200), ("GET", "/api/tasks", 200), ("GET", "/sign-in", 401),
        }  # fmt: skip
        (put,) = [one for one in lines if one["method"] == "PUT"]
        assert put["token"] == "n8n"
        assert put["run_id"]
        text = server.log.read_text()
        for secret in ("writer", "geheim", "einmal", "wort", "Bearer"):
            assert secret not in text


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody can write to a folder meanwhile, root neither."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    done = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("root may write everywhere, and nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class TestRefusals:
    """What the system refuses is said, and goes on without a restart when it does not any more."""

    def test_a_folder_that_can_not_be_written(
        self, serve: Callable[..., Server], vault: Vault
    ) -> None:
        server = serve()
        before = vault.bytes_of_all()
        with read_only(vault.task.parent):
            refused = server.client().update({"status": "doing"})
        self.was_refused(refused, vault, before)
        assert server.client().update({"status": "doing"}).status_code == 200

    def test_a_log_that_can_not_be_written(
        self, serve: Callable[..., Server], vault: Vault
    ) -> None:
        server = serve()
        client = server.client()
        client.update({"priority": "low"})
        before = vault.bytes_of_all()
        log = vault.root / "_build/audit_log.jsonl"
        aside = log.with_name("aside")
        log.rename(aside)
        log.mkdir()
        refused = client.put({"status": "doing"}, if_match=self.etag(before, vault))
        log.rmdir()
        aside.rename(log)

        self.was_refused(refused, vault, before)
        assert client.update({"status": "doing"}).status_code == 200

    def test_a_full_disk(self, serve: Callable[..., Server], vault: Vault, full: None) -> None:
        """Files may have no more than so many bytes, which the system says as it does of a disk
        that is full."""
        server = serve()
        client = server.client()
        before = vault.bytes_of_all()
        seen = client.task()["updated"]
        none = (1, resource.RLIM_INFINITY)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, none)
        refused = client.put({"status": "doing", "expected_updated_at": seen})
        enough = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, enough)

        self.was_refused(refused, vault, before)
        assert client.update({"status": "doing"}).status_code == 200

    @pytest.fixture
    def full(self) -> Iterator[None]:
        if not hasattr(resource, "prlimit") or os.geteuid() != 0:
            pytest.skip("limits of another process can't be changed here")
        yield

    def test_a_lock_that_is_kept_is_503(self, serve: Callable[..., Server], vault: Vault) -> None:
        vault.command("update", "tsk-019-14", "priority=low", "--force")
        (vault.root / ".loop/config.toml").write_text("lock_timeout = 0.2\n")
        server = serve()
        client = server.client()
        lock = os.open(vault.root / ".loop/lock", os.O_RDWR)
        _lock(lock)
        refused = client.update({"status": "doing"})
        reads = client("GET", ONE)
        os.close(lock)

        assert (refused.status_code, refused.json()["code"]) == (503, "locked")
        assert refused.headers["retry-after"]
        assert reads.status_code == 200
        assert client.update({"status": "doing"}).status_code == 200

    def etag(self, files: dict[str, bytes], vault: Vault) -> str:
        from hashlib import sha256

        return f'"{sha256(files[str(vault.task)]).hexdigest()[:16]}"'

    def was_refused(self, answer: Any, vault: Vault, before: dict[str, bytes]) -> None:
        assert answer.status_code in (500, 503), answer.text
        assert answer.json()["success"] is False
        assert answer.json()["error"]
        assert vault.bytes_of_all() == before


class TestRudeClients:
    def test_others_are_served_meanwhile(self, serve: Callable[..., Server]) -> None:
        server = serve(body_patience=2.0)
        head = (
            f"PUT {ONE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer writer\r\n"
            "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        )
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _each in range(40)]
        for one in slow:
            one.sendall(head.encode())
        deaf = socket.create_connection(("127.0.0.1", server.port))
        deaf.sendall(
            b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer writer\r\n\r\n"
        )
        nobody = Client(server.client().http, {"Authorization": "Bearer nobody"})
        for _each in range(200):
            assert nobody("GET", ONE).status_code == 401
        client = server.client()
        for status in ("doing", "hold", "todo"):
            assert client.update({"status": status}).status_code == 200

        answers = [one.recv(100) for one in slow]
        assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers)
        for one in (*slow, deaf):
            one.close()

    def test_a_gigabyte_is_cut_off(self, serve: Callable[..., Server]) -> None:
        server = serve()
        with socket.create_connection(("127.0.0.1", server.port)) as sender:
            sender.sendall(
                f"PUT {ONE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer writer\r\n"
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            )
            sent = 0
            chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
            try:
                while sent < 1 << 30:
                    sender.sendall(chunk)
                    sent += len(chunk)
            except OSError:
                pass
        assert sent < 64 << 20
        assert server.client()("GET", ONE).status_code == 200


def _need_watches() -> None:
    """Skip where this user has no instances of inotify left, of which a server needs two."""
    library = ctypes.CDLL(None)
    opened = [library.inotify_init() for _ in range(4)]
    for one in opened:
        if one >= 0:
            os.close(one)
    if min(opened) < 0:
        pytest.skip("no instance of inotify is left for this user")
