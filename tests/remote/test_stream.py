"""The events of a server: read in any pieces, and after a break from where they broke off."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from loop_cli.core.records.record import AuditRecord
from loop_cli.core.upkeep import Happening
from loop_cli.errors import LoopError, StorageError
from loop_cli.failures import AnswerLost, NotSignedIn, Unreachable
from loop_cli.remote import address, stream
from loop_cli.remote.client import Client
from tests.remote.canned import Asked, answer, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
BEGIN = b": loop\r\nid: place-0\r\nretry: 2000\r\n\r\n"


def change(number: int) -> bytes:
    data = json.dumps({"run_id": f"run {number}", "entity_id": "가"}, ensure_ascii=False)
    return f"id: place-{number}\r\nevent: change\r\ndata: {data}\r\n\r\n".encode()


def outside(path: str) -> bytes:
    data = json.dumps(
        {
            "path": path, "timestamp": "2026-01-09T14:35:10.123456Z", "action": "update",
            "entity_id": "a", "entity_type": "Task", "etag": "9f2c51d0a7b3e4f8", "fields": ["due"],
        }
    )  # fmt: skip
    return f"event: outside\r\ndata: {data}\r\n\r\n".encode()


def chunks(data: bytes, *, size: int = 1 << 16) -> bytes:
    """The data in pieces of so many bytes, and no end."""
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    return HEAD + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def told(url: str, count: int) -> Sequence[AuditRecord | Happening]:
    """So many events, in the order in which they were told."""
    client = Client(address.parse(url), token="secret")
    found = (event for batch in stream.events(client) for event in batch)
    return [*islice(found, count)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1 << 16])
def test_pieces_of_any_size(size: int) -> None:
    data = BEGIN + b"event: ping\r\ndata: {}\r\n\r\n" + change(1) + outside("a.md") + change(2)
    with serving(lambda _asked: chunks(data, size=size)) as server:
        first, edit, second = told(server.url, 3)

    assert isinstance(first, AuditRecord)
    assert isinstance(second, AuditRecord)
    assert (first.digest, second.digest) == ("place-1", "place-2")
    assert first.data["entity_id"] == "가"
    assert isinstance(edit, Happening)
    assert (edit.path, edit.fields, edit.etag) == ("a.md", ("due",), "9f2c51d0a7b3e4f8")


def test_after_a_break_it_goes_on_after_the_last_event() -> None:
    answers = iter([BEGIN + change(1), change(2)[:-10], change(2) + change(3)])
    with serving(lambda _asked: chunks(next(answers))) as server:
        found = told(server.url, 3)

    assert [one.digest for one in found if isinstance(one, AuditRecord)] == [
        "place-1", "place-2", "place-3",
    ]  # fmt: skip
    asked = [one.headers.get("last-event-id") for one in server.asked]
    assert asked == [None, "place-1", "place-1"]
    assert {one.headers["authorization"] for one in server.asked} == {"Bearer secret"}


def test_where_nothing_was_told_yet_the_place_where_it_began_counts() -> None:
    answers = iter([BEGIN, change(1)])
    with serving(lambda _asked: chunks(next(answers))) as server:
        told(server.url, 1)

    assert server.asked[1].headers["last-event-id"] == "place-0"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (lambda _asked: answer("{}", status="401 Unauthorized"), NotSignedIn),
        (lambda _asked: answer("<html>", status="502 Bad Gateway"), Unreachable),
        (lambda _asked: b"", AnswerLost),
        (lambda _asked: chunks(b"event: reset\r\ndata: {}\r\n\r\n"), StorageError),
        (lambda _asked: chunks(b"event: change\r\ndata: no json\r\n\r\n"), StorageError),
    ],
)
def test_what_can_not_go_on_is_an_error(
    reply: Callable[[Asked], bytes], kind: type[LoopError]
) -> None:
    with serving(reply) as server, pytest.raises(kind):
        told(server.url, 1)
