"""The application: routes over `Operations`, behind the guard. No rule of its own."""

from __future__ import annotations

from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route

from loop_cli import __version__
from loop_cli.server import events, openapi, route_order, signing
from loop_cli.server.access import Log
from loop_cli.server.answers import HttpError, error_response, json_response
from loop_cli.server.guard import Guard
from loop_cli.server.identity import OWN_HEADER
from loop_cli.server.metrics import CONTENT_TYPE, Metrics
from loop_cli.server.service import Service
from loop_cli.server.visit import MCP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from typing import Protocol

    from starlette.types import Receive, Scope, Send

    from loop_cli.server.identity import Tokens
    from loop_cli.server.options import Options
    from loop_cli.server.service import OpenOperations

    class Agents(Protocol):
        """What serves agents."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

        async def close(self) -> None:
            """End all sessions."""


PUBLIC = ("/health", signing.SIGN_IN)
_SENT = (
    "authorization", "x-api-token", "content-type", "if-match", "if-none-match",
    "idempotency-key", "x-run-id", "last-event-id", "mcp-session-id", "mcp-protocol-version",
    "mcp-method", "mcp-name",
)  # fmt: skip
_SEEN = ("ETag", "Location", "X-Run-Id", "Retry-After", "Mcp-Session-Id")


def create_app(
    open_operations: OpenOperations,
    tokens: Tokens,
    options: Options,
    *,
    metrics: Metrics | None = None,
    public: tuple[str, ...] = (),
    on_end: Callable[[], None] = lambda: None,
    agents: Agents | None = None,
) -> FastAPI:
    """The application over what `open_operations` gives for the origin of a request.

    `metrics` are counted further; `public` are further paths that need no token. `on_end` is called
    after the last request. `agents` serves them, where it is given.
    """
    counted = metrics or Metrics()
    log = Log(options.log_level)
    service = Service(open_operations, options=options, metrics=counted, log=log)
    hub = events.Hub(service.open_reader, counted, log)
    app = FastAPI(
        title="loop",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(hub, log, on_end, agents),
    )
    app.state.service = service
    app.state.hub = hub
    app.state.tokens = tokens
    if agents is not None:
        app.router.routes.append(Route(MCP, agents))
    _own_routes(app, counted)
    for router in route_order.ROUTERS:
        app.include_router(router)
    if options.dashboard:
        app.include_router(route_order.page.router)
        public = (*public, *route_order.page.PUBLIC)
    openapi.describe(app)
    app.exception_handler(HTTPException)(_of_http)
    app.exception_handler(RequestValidationError)(_of_parameters)
    app.add_middleware(
        Guard,
        tokens=tokens,
        options=options,
        metrics=counted,
        log=log,
        public=(*PUBLIC, *public),
    )
    if options.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=options.origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[*_SENT, OWN_HEADER],
            expose_headers=_SEEN,
        )
    return app


def _lifespan(  # type: ignore[no-untyped-def]
    hub: events.Hub, log: Log, on_end: Callable[[], None], agents: Agents | None
):
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        log.begin()
        yield
        if agents is not None:
            await agents.close()
        hub.stop()
        on_end()
        log.end()

    return lifespan


def _own_routes(app: FastAPI, metrics: Metrics) -> None:
    """Those about the server itself."""

    @app.get("/health", tags=["server"])
    async def health() -> Response:
        """Whether the server answers."""
        return json_response({"status": "ok", "version": __version__})

    @app.get("/metrics", tags=["server"])
    async def all_metrics() -> Response:
        """What the server counts, in the text form of Prometheus."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        """The documentation of the API as a page that loads nothing from elsewhere."""
        return Response(openapi.page(app), media_type="text/html; charset=utf-8")


async def _of_http(request: Request, error: Exception) -> Response:
    """No such route, or a method that a route does not have."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    code, message = {
        404: ("no_such_route", f"there is no {path[:200]}"),
        405: ("method_not_allowed", f"{request.method} is not for {path[:200]}"),
    }.get(error.status_code, ("http", str(error.detail)))
    found = HttpError(
        error.status_code, code, message, hint="GET /docs", headers=error.headers or {}
    )
    return error_response(found, request.headers)


async def _of_parameters(request: Request, error: Exception) -> Response:
    """A parameter of the path, the query or a header that is not as it must be."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:])
    return error_response(HttpError(400, "usage", f"{name}: {first['msg']}"), request.headers)
