"""`POST /api/apply`: many changes, a line of JSON each, taken in and answered as they come.

One thread applies the lines, as `loop apply` does. It asks for the next ones only when it has done
with those before, so a client that sends faster than the vault can write is made to wait, and
nothing piles up here.
"""

from __future__ import annotations

from typing import Annotated, Literal

import anyio
import anyio.from_thread
from fastapi import APIRouter, Header, Query, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from loop_cli.errors import LoopError, UsageError
from loop_cli.lean.jsontext import harmless_json
from loop_cli.operations import clock
from loop_cli.operations.bulk import AT_ONCE
from loop_cli.server.answers import LINES, as_loop_error, error_document
from loop_cli.server.asking import refuse_precondition
from loop_cli.server.service import service_of, writer_of
from loop_cli.server.spelling import told
from loop_cli.server.visit import APPLY, visit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from contextlib import AbstractContextManager
    from typing import Any

    from anyio.streams.memory import MemoryObjectSendStream
    from starlette.types import Receive, Scope, Send

    from loop_cli.operations.boundary import Operations
    from loop_cli.operations.bulk import Outcome
    from loop_cli.server.service import Service

router = APIRouter(tags=["entities"])

Atomic = Annotated[bool, Query(description="All lines or none.")]
DryRun = Annotated[bool, Query(description="Do everything but writing.")]
OnConflict = Annotated[
    Literal["fail", "rebase"],
    Query(description="rebase: apply on top, unless a wanted field was changed."),
]
Unconditional = Annotated[
    bool, Query(description="False: a line without a precondition is 428 in any case.")
]
Key = Annotated[
    str | None, Header(description="The same lines again are applied once; each is answered.")
]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {LINES: {"schema": {"$ref": "#/components/schemas/LineBody"}}},
    }
}


@router.post(APPLY, openapi_extra=_BODY)
async def apply(
    request: Request,
    atomic: Atomic = False,
    dry_run: DryRun = False,
    on_conflict: OnConflict = "fail",
    unconditional: Unconditional = True,
    idempotency_key: Key = None,
) -> Response:
    """Carry out each line: a change, or what its op says. The answer has a line for each, in order,
    once it is durable. A line that fails does not keep the next from being applied. Under an
    idempotency key a line that landed before is answered again, and the others are applied."""
    del idempotency_key  # said for the documentation
    refuse_precondition(request, "each line has its own")
    service = service_of(request)
    origin = writer_of(request, b"")
    visit_of(request.scope).run_id = origin.run_id
    how = {
        "force": service.options.unconditional and unconditional,
        "atomic": atomic,
        "on_conflict": on_conflict,
        "dry_run": dry_run,
    }
    alone = service.alone(origin)
    return _Applied(service.open_operations(origin), request.stream(), how, service, alone)


class _Applied(Response):
    """The answer, which is made while the request still comes."""

    media_type = LINES

    def __init__(
        self,
        loop: Operations,
        incoming: AsyncGenerator[bytes, None],
        how: dict[str, Any],
        service: Service,
        alone: AbstractContextManager[object],
    ) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._loop = loop
        self._incoming = incoming
        self._how = how
        self._alone = alone
        self._log = service.log
        self._appliers = service.appliers()
        self._begun = False
        self._error: LoopError | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Answer. Raises `LoopError` where it ended before anything was answered."""
        out, answers = anyio.create_memory_object_stream[bytes](AT_ONCE)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._in_thread, out)
            async with answers:
                async for line in answers:
                    await self._send(send, line)
        if self._error is not None and not self._begun:
            raise self._error
        if self._error is not None:
            await self._send(send, _line(error_document(self._error)))
        await self._send(send, b"", more=False)

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        if not self._begun:
            self._begun = True
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": body, "more_body": more})

    async def _in_thread(self, out: MemoryObjectSendStream[bytes]) -> None:
        async with out:
            try:
                await anyio.to_thread.run_sync(self._run, out, limiter=self._appliers)
            except (anyio.BrokenResourceError, ClientDisconnect):  # the client went away
                return
            except Exception as error:
                if not isinstance(error, LoopError):
                    self._log.defect(error, APPLY)
                self._error = as_loop_error(error)

    def _run(self, out: MemoryObjectSendStream[bytes]) -> None:
        """Apply all that comes; in a thread."""
        with self._alone:
            for one in self._loop.apply(
                self._lines(), today=clock.today(), now=clock.now(), **self._how
            ):
                anyio.from_thread.run(out.send, _answer(one))

    def _lines(self) -> Iterator[list[str]]:
        """The lines, so many at once as are there."""
        rest = b""
        while (part := anyio.from_thread.run(self._next)) is not None:
            *whole, rest = (rest + part).split(b"\n")
            for start in range(0, len(whole), AT_ONCE):
                yield [_decoded(line) for line in whole[start : start + AT_ONCE]]
        yield [_decoded(rest)]

    async def _next(self) -> bytes | None:
        return await anext(self._incoming, None)


def _answer(one: Outcome) -> bytes:
    document = one.as_dict()
    if one.error is not None:
        document = {**document, **error_document(one.error)}
    return _line(document)


def _line(document: dict[str, object]) -> bytes:
    return harmless_json(told(document)).encode() + b"\n"


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise UsageError("a line is not UTF-8 text", hint="nothing after it was read") from None
