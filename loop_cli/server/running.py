"""Running an operation that writes: how a conflict is answered, and what a writer may leave out."""

from __future__ import annotations

from loop_cli.errors import ConflictError
from loop_cli.server.answers import PreconditionFailed
from loop_cli.server.service import service_of
from loop_cli.server.spelling import after_conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Request
    from starlette.responses import Response

    from loop_cli.core.records.record import AuditRecord
    from loop_cli.operations.boundary import Operations
    from loop_cli.server.asking import HowToWrite

    Work = Callable[[Operations], Response]
    Again = Callable[[Operations, list[AuditRecord]], Response]


async def run(request: Request, how: HowToWrite, body: bytes, work: Work, again: Again) -> Response:
    """What `work` answers. A conflict with the If-Match header has a status of its own."""

    def with_words(loop: Operations) -> Response:
        try:
            return work(loop)
        except ConflictError as error:
            rebases = request.method in ("PUT", "PATCH") and how.on_conflict == "fail"
            error.hint = error.hint or after_conflict(error.conflict, rebases=rebases)
            if how.etag is not None and error.conflict.current_etag != how.etag:
                raise PreconditionFailed(error) from None
            raise

    return await service_of(request).write(request, body, with_words, again, dry_run=how.dry_run)


def unconditional(request: Request) -> bool:
    """Whether this server lets a write do without a precondition."""
    return service_of(request).options.unconditional
