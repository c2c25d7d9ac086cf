"""The events of a server, as they come. Where the connection breaks, it is made again, and nothing
is missed: the server tells what came since the last event."""

from __future__ import annotations

import time

from loop_cli.core.records.record import AuditRecord
from loop_cli.core.upkeep import Happening
from loop_cli.errors import StorageError
from loop_cli.failures import AnswerLost, Unreachable
from loop_cli.lean import jsontext
from loop_cli.lean.http import Broken
from loop_cli.remote import answers, rebuilt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from loop_cli.remote.client import Client

    Event = AuditRecord | Happening

PATH = "/api/events"
_WAIT = 0.2  # seconds, after which the caller may look around
_SILENCE = 60.0  # seconds in which a server that is there says something
_TRIES = 10
_PAUSE = 1.0  # seconds between two tries


def events(client: Client) -> Iterator[list[Event]]:
    """Yield what changes, in batches, for ever. From the first batch on, which is empty, nothing is
    missed; others are empty so that the caller may look around.

    Raises what the server answers, and `Unreachable` or `AnswerLost` where it stays away.
    """
    last, tried = "", 0
    while True:
        try:
            for event in _connection(client, last):
                tried, last = 0, event.id or last
                yield [*_happened(event)]
        except (Broken, OSError, Unreachable) as error:
            tried += 1
            if tried > _TRIES or not last:
                raise _away(error, client) from None
        yield []
        time.sleep(_PAUSE)


class _Event:
    """One event of the stream; without a kind it tells that the connection lives."""

    def __init__(self) -> None:
        self.kind = self.id = ""
        self.data: list[str] = []

    def take(self, line: str) -> None:
        """Take a line of the stream in."""
        name, _colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self.kind = value
        elif name == "id":
            self.id = value
        elif name == "data":
            self.data.append(value)


def _connection(client: Client, last: str) -> Iterator[_Event]:
    """The events of one connection, after the last one that was seen."""
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
    answer, pieces = client.listen(PATH, headers, wait=_WAIT)
    if answer.status != 200:
        raise answers.error_of(answer)
    rest, event, heard = b"", _Event(), time.monotonic()
    for piece in pieces:
        if not piece:
            if time.monotonic() - heard > _SILENCE:
                raise Broken
            yield _Event()
            continue
        heard = time.monotonic()
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            text = line.rstrip(b"\r").decode("utf-8", "replace")
            if text:
                event.take(text)
                continue
            yield event
            event = _Event()


def _happened(event: _Event) -> Iterator[Event]:
    if event.kind == "reset":
        raise StorageError(
            "the server's log does not have the last record any more; some may have been missed",
            hint="start again",
        )
    if event.kind not in ("change", "outside"):
        return
    data = _document("\n".join(event.data))
    if event.kind == "change":
        yield AuditRecord(data=data, digest=event.id)
        return
    said = rebuilt.texts(data, "path", "timestamp", "action")
    fields = data.get("fields")
    entity_id, kind, etag = (data.get(key) for key in ("entity_id", "entity_type", "etag"))
    yield Happening(
        path=said["path"],
        timestamp=said["timestamp"],
        action=said["action"],
        entity_id=entity_id if isinstance(entity_id, str) else None,
        entity_type=kind if isinstance(kind, str) else None,
        fields=tuple(map(str, fields)) if isinstance(fields, list) else None,
        etag=etag if isinstance(etag, str) else None,
    )


def _document(text: str) -> dict[str, Any]:
    try:
        found = jsontext.loads(text.encode())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise rebuilt.bad_answer()
    return found


def _away(error: Exception, client: Client) -> StorageError:
    if isinstance(error, Unreachable):
        return error
    return AnswerLost(f"{client.url} broke the connection", hint="start again")
