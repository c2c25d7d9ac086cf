"""Who one is here, and how a browser signs in: by a link with a one-time key, or with a token."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from loop_cli.server import asking
from loop_cli.server.answers import HttpError, json_response
from loop_cli.server.identity import COOKIE, SIGN_OUT
from loop_cli.server.service import service_of
from loop_cli.server.visit import visit_of
from loop_cli.wire import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.server.identity import Tokens

SIGN_IN = "/sign-in"
_LONGEST = 14 * 86_400  # seconds

router = APIRouter(tags=["server"])


@router.get("/api/whoami")
async def whoami(request: Request) -> Response:
    """Whom the token stands for, and what it may do."""
    caller = visit_of(request.scope).caller
    assert caller is not None, "the guard lets nobody else in"
    token = caller.token
    found = {"name": token.name, "actor": token.actor, "source": token.source, "role": token.role}
    return json_response({**found, "read_only": service_of(request).options.read_only})


@router.get(SIGN_IN, include_in_schema=False)
async def follow_link(request: Request, key: str = Query()) -> Response:
    """Sign a browser in by the link that `loop serve` prints; it is good once."""
    value = _tokens(request).sign_in(key)
    if value is None:
        hint = "'loop serve' prints a new one when it is started"
        raise HttpError(401, "unauthorized", "this link was used, or is too old", hint=hint)
    where = "/" if service_of(request).options.dashboard else "/docs"
    answer = Response(status_code=303, headers={"Location": where, "Cache-Control": "no-store"})
    _keep(request, answer, value)
    return answer


@router.post(SIGN_IN, include_in_schema=False)
async def sign_in(request: Request) -> Response:
    """Sign a browser in with a token."""
    body, _given = asking.parsed(await request.body(), http.SignInBody)
    value = _tokens(request).sign_in_with(body.token)
    if value is None:
        raise HttpError(401, "unauthorized", "nobody is known by this token")
    answer = json_response({"success": True})
    _keep(request, answer, value)
    return answer


@router.post(SIGN_OUT, include_in_schema=False)
async def sign_out(request: Request) -> Response:
    """End the session of a browser."""
    value = visit_of(request.scope).cookie
    if value is not None:
        _tokens(request).sign_out(value)
    answer = json_response({"success": True})
    answer.delete_cookie(COOKIE, path="/")
    return answer


def _keep(request: Request, answer: Response, value: str) -> None:
    answer.set_cookie(
        COOKIE,
        value,
        max_age=_LONGEST,
        path="/",
        secure=visit_of(request.scope).scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _tokens(request: Request) -> Tokens:
    found: Tokens = request.app.state.tokens
    return found
