"""What every request goes through before any route: where it came for, who sends it, what it may
do, and how much it brings. One JSON line of each goes to the log, without secrets and bodies.
"""

from __future__ import annotations

import asyncio
import time

from starlette.requests import ClientDisconnect

from loop_cli.errors import LoopError
from loop_cli.server.answers import HttpError, as_loop_error, error_response
from loop_cli.server.identity import OWN_HEADER, SIGN_OUT, identify
from loop_cli.server.visit import APPLY, EVENTS, MCP, Visit, plain_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from loop_cli.server.access import Log
    from loop_cli.server.identity import Caller, Tokens
    from loop_cli.server.metrics import Metrics
    from loop_cli.server.options import Options

SAFE = ("GET", "HEAD", "OPTIONS")
_JSON_LINES = ("application/x-ndjson", "application/jsonl", "application/json-lines")
_SIGN_IN = "an Authorization header with 'Bearer TOKEN', or x-api-token; 'loop token add' makes one"


class Guard:
    """The ASGI application `app` behind all that. `public` are the paths, or with a slash at the
    end the beginnings of paths, that need no token."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        tokens: Tokens,
        options: Options,
        metrics: Metrics,
        log: Log,
        public: tuple[str, ...],
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._options = options
        self._metrics = metrics
        self._log = log
        self._public = public
        self._names = _names(options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = Visit(scope, self._options)
        scope.setdefault("state", {})["visit"] = visit
        try:
            self._admit(visit)
            inner = visit.scope = _as_get(scope)
            await self._app(inner, self._bounded(receive, visit), visit.sender(send))
        except ClientDisconnect:  # there is nobody to answer
            return
        except Exception as error:
            if not isinstance(error, LoopError):
                self._log.defect(error, visit.path)
            if visit.status is not None:  # the answer has begun: only the connection tells
                raise
            response = error_response(as_loop_error(error), visit.headers)
            await response(scope, receive, visit.sender(send))
        finally:
            self._metrics.count(visit)
            self._log.line(visit)

    def _admit(self, visit: Visit) -> None:
        """Raises `HttpError` for a request that is not to be served."""
        self._check_host(visit)
        if visit.path == MCP:
            self._check_sender(visit)
        if visit.method != "OPTIONS" and not self._is_public(visit.path):
            caller = identify(visit.headers, lambda: visit.cookie, self._tokens)
            if caller is None:
                headers = {"WWW-Authenticate": "Bearer"}
                message = "who are you? no known token came with this request"
                raise HttpError(401, "unauthorized", message, hint=_SIGN_IN, headers=headers)
            visit.caller = caller
            if visit.method not in SAFE:
                self._check_writer(visit, caller)
        self._check_size(visit)

    def _is_public(self, path: str) -> bool:
        return any(
            path.startswith(one) if one.endswith("/") and one != "/" else path == one
            for one in self._public
        )

    def _check_host(self, visit: Visit) -> None:
        """A page of another site whose name leads here must not pass for one of ours."""
        name, _port = _split(visit.host)
        if name not in self._names and name != visit.bound:
            message = f"this server is not {visit.host[:100]!r}"
            hint = "'loop serve' lists further names with --name"
            raise HttpError(421, "wrong_host", message, hint=hint)

    def _check_sender(self, visit: Visit) -> None:
        """A page of another site must not speak to the agents' door, whatever it brings."""
        origin = visit.headers.get("origin")
        own = (f"{visit.scheme}://{visit.host}", *self._options.origins)
        if origin is not None and origin.lower() not in own:
            hint = "'loop serve' lists sites that may with --cors-origin"
            raise HttpError(403, "wrong_origin", "another site asked for this", hint=hint)

    def _check_writer(self, visit: Visit, caller: Caller) -> None:
        token = caller.token
        if visit.path in (SIGN_OUT, MCP):  # each tool looks at who calls it
            self._check_origin(visit, caller)
            return
        if self._options.read_only:
            raise HttpError(403, "read_only", "this server only reads", hint="--read-only is on")
        if token.role != "write":
            hint = "'loop token add NAME --role write' makes one that may"
            raise HttpError(403, "forbidden", f"the token {token.name!r} may only read", hint=hint)
        self._check_origin(visit, caller)

    def _check_origin(self, visit: Visit, caller: Caller) -> None:
        """A page of another site must not write with the cookie of ours."""
        if caller.by_cookie:
            origin = visit.headers.get("origin")
            if origin != f"{visit.scheme}://{visit.host}" or OWN_HEADER not in visit.headers:
                hint = f"send the Origin of this server and a header {OWN_HEADER}, or a token"
                raise HttpError(403, "wrong_origin", "another site asked for this", hint=hint)

    def _check_size(self, visit: Visit) -> None:
        if visit.method in SAFE:
            return
        length = visit.headers.get("content-length", "")
        if length.isdecimal() and int(length) > visit.longest:
            raise _too_large(visit.longest)
        given = visit.headers.get("content-type", "").partition(";")[0].strip().lower()
        allowed = (*_JSON_LINES, "application/json") if visit.path == APPLY else ()
        if given and given not in allowed and not _is_json(given):
            expected = allowed[0] if allowed else "application/json"
            message = f"the Content-Type is {given[:100]!r}, and must be {expected}"
            raise HttpError(415, "media_type", message)

    def _bounded(self, receive: Receive, visit: Visit) -> Receive:
        """What brings the body, no more than is allowed and no slower than is bearable."""
        seen = 0
        until = time.monotonic() + self._options.body_patience
        ended = False

        async def receive_some() -> Message:
            nonlocal seen, ended, until
            if ended:
                return await receive()  # when the client leaves, whenever that is
            try:
                message = await asyncio.wait_for(receive(), max(until - time.monotonic(), 0.001))
            except TimeoutError:
                words = f"the body did not come within {self._options.body_patience:.0f} seconds"
                raise HttpError(408, "too_slow", words, headers=_CLOSE) from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > visit.longest:
                    raise _too_large(visit.longest)
                if visit.path == APPLY:
                    until = time.monotonic() + self._options.body_patience
            ended = message["type"] != "http.request" or not message.get("more_body")
            return message

        return receive_some


def _as_get(scope: Scope) -> Scope:
    """A HEAD as the GET that it is, but for the body of its answer. Raises `HttpError` for one that
    would never end."""
    if scope["method"] != "HEAD":
        return scope
    if scope["path"] in (EVENTS, MCP):
        words = f"HEAD is not for {scope['path']}"
        raise HttpError(405, "method_not_allowed", words, hint="GET /docs")
    return {**scope, "method": "GET"}


_CLOSE = {"Connection": "close"}


def _names(options: Options) -> set[str]:
    """The names that a Host header may have."""
    return {plain_name(one.lower()) for one in ("localhost", options.host, *options.names)}


def _split(host: str) -> tuple[str, str]:
    """A name and its port, of a Host header."""
    if host.startswith("["):
        name, _bracket, rest = host[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _colon, port = host.partition(":")
    return name, port


def _is_json(given: str) -> bool:
    return given == "application/json" or (
        given.startswith("application/") and given.endswith("+json")
    )


def _too_large(longest: int) -> HttpError:
    return HttpError(
        413, "too_large", f"the body has more than {longest:,} bytes, the limit", headers=_CLOSE
    )
