"""A proxy that cuts the connection at each byte of the answer to a PUT: the client asks again under
the same key, and no change is made twice."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from loop_cli.failures import AnswerLost
from loop_cli.remote import address, answers
from loop_cli.remote.client import Client as Remote
from tests.http.conftest import ONE, TASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.http.conftest import Server, Vault

RUN = "5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f"
WHOLE = 1 << 30


class Proxy:
    """Passes on what comes, but of the next answers only so many bytes each, in `cuts`."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.cuts: list[int] = []
        self.longest = 0
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                client, _peer = self._listening.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self._upstream))
            with client, upstream, suppress(OSError):
                self._pass_on(client, upstream)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """One request and its answer; the connection ends with them."""
        request = client.recv(1 << 16)
        if not request:
            return
        server.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        answer = b""
        while part := server.recv(1 << 16):
            answer += part
        self.longest = max(self.longest, len(answer))
        client.sendall(answer[: self.cuts.pop(0) if self.cuts else WHOLE])


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    made = Proxy(port)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    yield made
    made.close()
    thread.join(10)


def put(remote: Remote, notes: str, seen: str) -> str:
    """Change the notes; the `updated` that the answer has."""
    body = json.dumps({"notes": notes, "expected_updated_at": seen}).encode()
    document = answers.document(remote.ask("PUT", ONE, body=body, changes=True))
    assert document["changed"] is True
    return str(document["task"]["updated"])


def test_cut_at_each_byte_no_change_is_made_twice_and_none_is_lost(
    serve: Callable[..., Server], vault: Vault
) -> None:
    server = serve()
    with proxy(server.port) as between:
        remote = Remote(address.parse(between.url), token="writer", run_id=lambda: RUN)
        seen = str(server.client().task()["updated"])
        seen = put(remote, "whole", seen)
        longest = between.longest
        assert longest > 500
        for cut in range(longest):
            between.cuts[:] = [cut]
            seen = put(remote, f"note {cut}", seen)

    records = vault.records()
    assert [one["diff"]["notes"]["new"] for one in records] == [
        "whole", *(f"note {cut}" for cut in range(longest)),
    ]  # fmt: skip
    keys = [one["metadata"]["idempotency_key"] for one in records]
    assert len({*keys}) == len(keys)
    assert f"note {longest - 1}" in (vault.root / TASK).read_text(encoding="utf-8")
    assert vault.command("audit", "verify")["ok"] is True


def test_cut_each_time_it_says_that_the_change_may_have_landed(
    serve: Callable[..., Server], vault: Vault
) -> None:
    server = serve()
    seen = str(server.client().task()["updated"])
    with proxy(server.port) as between:
        remote = Remote(address.parse(between.url), token="writer", run_id=lambda: RUN)
        between.cuts[:] = [100, 0, 17]
        try:
            put(remote, "once", seen)
        except AnswerLost as error:
            assert "may have landed" in error.message
            assert RUN in str(error.hint)
        else:
            raise AssertionError("the answer never came whole")

    (record,) = vault.records()
    assert record["run_id"] == RUN
