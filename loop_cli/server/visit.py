"""One request from its beginning to its end: who sends it, for whom it came, what became of it."""

from __future__ import annotations

import time
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders

from loop_cli.server.identity import COOKIE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from starlette.types import Message, Scope, Send

    from loop_cli.server.identity import Caller
    from loop_cli.server.options import Options

APPLY = "/api/apply"
EVENTS = "/api/events"
MCP = "/mcp"


class Visit:
    """One request and what becomes of it. A proxy that is named may say for whom it asks."""

    def __init__(self, scope: Scope, options: Options) -> None:
        self.began = time.monotonic()
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers = Headers(scope=scope)
        self.caller: Caller | None = None
        self.status: int | None = None
        self.sent = 0
        self.run_id: str | None = None
        self.longest = options.longest_apply if self.path == APPLY else options.longest_body
        self.scope = scope  # that of the routes, which put there which of them answers
        peer = scope.get("client")
        self.client: str = peer[0] if peer else ""
        self.host = self.headers.get("host", "").lower()
        self.scheme: str = scope["scheme"]
        server = scope.get("server")
        self.bound: str = plain_name(server[0]) if server else ""
        if self.client in options.proxies:
            self.client = _last(self.headers, "x-forwarded-for") or self.client
            self.host = _last(self.headers, "x-forwarded-host").lower() or self.host
            self.scheme = _last(self.headers, "x-forwarded-proto") or self.scheme

    @property
    def route(self) -> str:
        """The route that answers, with the names of its parameters; empty for none."""
        return getattr(self.scope.get("route"), "path", "")

    @property
    def cookie(self) -> str | None:
        """The value of the session's cookie."""
        try:
            found = SimpleCookie(self.headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        return None if found is None else found.value

    def sender(self, send: Send) -> Send:
        """What sends the answer, noting what it is."""

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-cache")
                headers["X-Content-Type-Options"] = "nosniff"
                if self.run_id is not None:
                    headers.setdefault("X-Run-Id", self.run_id)
            elif self.method == "HEAD":
                message = {**message, "body": b""}
            else:
                self.sent += len(message.get("body", b""))
            await send(message)

        return send_noted


def visit_of(scope: Scope) -> Visit:
    """The visit that a request of a route is."""
    found: Visit = scope["state"]["visit"]
    return found


def plain_name(name: str) -> str:
    return name.removeprefix("[").removesuffix("]")


def _last(headers: Headers, name: str) -> str:
    """What the nearest proxy says: it appends to what came."""
    return headers.get(name, "").rpartition(",")[2].strip()
