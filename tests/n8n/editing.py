"""A way to a server on which an editor changes a file between a GET and the PUT after it."""

from __future__ import annotations

import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_NOT_PASSED = ("connection", "transfer-encoding", "content-length", "accept-encoding")


class Editing:
    """Passes requests on to `url`. After each GET of a path that begins with `path`, `edit` is
    called, as long as it has not been called `times` times. `asked` are the methods, paths and
    statuses of all requests since the last call of `lead`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self) -> None:
                outer.pass_on(self)

            do_GET = do_POST = do_PUT = do_PATCH = _pass_on  # noqa: N815

            def log_message(self, *_said: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def lead(self, url: str, *, path: str, edit: Callable[[], None], times: int) -> None:
        """Lead to a server from now on."""
        self.asked = []
        self._at = urlsplit(url)
        self._path, self._edit, self._left = path, edit, times

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def pass_on(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request as the server does."""
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        headers = {name: value for name, value in request.headers.items() if _is_passed(name)}
        headers["Host"] = self._at.netloc
        connection = HTTPConnection(self._at.hostname or "", self._at.port, timeout=60)
        connection.request(request.command, request.path, body or None, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        self.asked.append((request.command, request.path, answer.status))
        if request.command == "GET" and request.path.startswith(self._path) and self._left:
            self._left -= 1
            self._edit()
        request.send_response(answer.status)
        for name, value in answer.getheaders():
            if _is_passed(name):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def __enter__(self) -> Editing:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _is_passed(header: str) -> bool:
    return header.lower() not in _NOT_PASSED
