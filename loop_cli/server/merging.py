"""`POST /api/merge`: two changed versions of a text, merged by lines, for a person to look at.

It writes nothing. Pages show what it gives, and have no rule of their own for it.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002  FastAPI reads the annotations

from loop_cli.core.merge import merge
from loop_cli.server import asking
from loop_cli.server.answers import HttpError, json_response
from loop_cli.server.asking import body_of
from loop_cli.server.service import service_of
from loop_cli.wire import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_LINES = 20_000  # of all three together; comparing costs more than in proportion

router = APIRouter(tags=["entities"])


@router.post("/api/merge", openapi_extra=body_of(http.MergeBody))
async def merged(request: Request) -> Response:
    """Merge by lines what two sides made of a text. `text` has the lines of `mine` where both
    changed the same ones; `pieces` are settled texts, and pairs of what the two sides have."""
    body, _given = asking.parsed(await request.body(), http.MergeBody)

    if sum(one.count("\n") for one in (body.base or "", body.theirs, body.mine)) > MOST_LINES:
        raise HttpError(413, "too_large", f"at most {MOST_LINES:,} lines are merged here")

    def work() -> dict[str, Any]:
        found = merge(body.base, body.theirs, body.mine)
        pieces = [
            {"text": one} if isinstance(one, str) else {"theirs": one.theirs, "mine": one.mine}
            for one in found.pieces
        ]
        told = {"clashes": found.clashes, "text": found.taking("mine"), "pieces": pieces}
        return {**told, "changed": False}

    return json_response(await service_of(request).in_thread(work))
