"""Many at once, and rude ones among them: others are served meanwhile."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from typing import TYPE_CHECKING

import httpx2

from tests.http.conftest import ONE, Client
from tests.waiting import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.http.conftest import Server, Vault

STREAMS = 500
ASKING = b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer writer\r\n\r\n"


def opened(server: Server, count: int) -> list[socket.socket]:
    """Event streams that have begun."""
    streams = []
    for _each in range(count):
        stream = socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT)
        stream.sendall(ASKING)
        streams.append(stream)
    for stream in streams:
        head = b""
        while b"retry: 2000" not in head:
            part = stream.recv(1 << 16)
            assert part, head
            head += part
    return streams


def heard(streams: list[socket.socket], words: bytes) -> int:
    """How many of them are told something, in time."""
    until = time.monotonic() + TIMEOUT
    waiting = {stream.fileno(): stream for stream in streams}
    seen = dict.fromkeys(waiting, b"")
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLIN)
    while waiting and time.monotonic() < until:
        for number, _event in poll.poll(1000):
            part = waiting[number].recv(1 << 16)
            seen[number] += part
            if words in seen[number] or not part:
                poll.unregister(number)
                del waiting[number]
    return sum(words in one for one in seen.values())


def test_five_hundred_streams_are_all_told_and_others_are_served(
    serve: Callable[..., Server], vault: Vault
) -> None:
    server = serve()
    streams = opened(server, STREAMS)
    client = server.client()

    assert client.update({"notes": "gehört von allen"}).status_code == 200
    assert client.get("/api/tasks")["total"] > 0
    assert heard(streams, json.dumps("gehört von allen", ensure_ascii=False).encode()) == STREAMS
    for stream in streams:
        stream.close()
    assert server.end() == 0


def test_who_reads_nothing_is_left_behind_and_nobody_else(serve: Callable[..., Server]) -> None:
    """A reader that stops keeps a queue of its own, which ends; a writer does not wait for it."""
    server = serve()
    deaf = opened(server, 20)
    (listening,) = opened(server, 1)
    client = server.client()
    long = "글" * 20_000
    for number in range(60):
        assert client.update({"notes": f"{number} {long}"}).status_code == 200

    assert heard([listening], b'"59 ') == 1
    assert client("GET", ONE).status_code == 200
    for stream in (*deaf, listening):
        stream.close()


def test_a_byte_a_second_and_a_flood_of_bad_tokens(serve: Callable[..., Server]) -> None:
    server = serve(body_patience=5.0)
    over = threading.Event()
    head = (
        f"PUT {ONE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer writer\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    ).encode()

    def slow() -> None:
        with socket.create_connection(("127.0.0.1", server.port)) as one:
            one.sendall(head)
            while not over.wait(1):
                try:
                    one.sendall(b" ")
                except OSError:
                    return

    statuses: list[int] = []

    def flood(number: int) -> None:
        with httpx2.Client(base_url=server.url, timeout=TIMEOUT) as http:
            nobody = Client(http, {"Authorization": f"Bearer guess-{number}"})
            while not over.is_set():
                statuses.append(nobody("GET", ONE).status_code)

    threads = [
        *(threading.Thread(target=slow) for _each in range(10)),
        *(threading.Thread(target=flood, args=(number,)) for number in range(8)),
    ]
    for one in threads:
        one.start()
    client = server.client()
    for status in ("doing", "hold", "todo", "doing", "hold"):
        assert client.update({"status": status}).status_code == 200
    over.set()
    for one in threads:
        one.join(TIMEOUT)

    assert {*statuses} == {401}
