"""A server over the vault that LOOP_VAULT names, on the port of the first argument, with two
tokens. It writes its access log to stderr."""

from __future__ import annotations

import json
import signal
import sys
from typing import Any

import uvicorn

from loop_cli.cli import context
from loop_cli.cli.shared import opener
from loop_cli.server.app import create_app
from loop_cli.server.metrics import Metrics
from loop_cli.server.options import Options


class Known:
    """A token."""

    def __init__(self, name: str, actor: str, source: str, role: str) -> None:
        self.name, self.actor, self.source, self.role = name, actor, source, role


class Some:
    """Two tokens, and one browser."""

    def __init__(self) -> None:
        self._tokens = {
            "writer": Known("n8n", "api:n8n", "api", "write"),
            "reader": Known("wall", "user:wall", "ui", "read"),
        }
        self._browser = Known("browser", "user:김은향", "ui", "write")
        self._sessions: set[str] = set()

    def find(self, secret: str) -> Known | None:
        return self._tokens.get(secret)

    def of_session(self, value: str) -> Known | None:
        return self._browser if value in self._sessions else None

    def sign_in(self, key: str) -> str | None:
        return self._begun() if key == "once" and not self._sessions else None

    def sign_in_with(self, secret: str) -> str | None:
        return self._begun() if secret in self._tokens else None

    def sign_out(self, value: str) -> None:
        self._sessions.discard(value)

    def _begun(self) -> str:
        self._sessions.add("session")
        return "session"


def app_of(options: Options, **more: Any) -> Any:
    """The application over the vault in force."""
    metrics = Metrics()
    settings = context.open_settings(more)
    opened = opener(settings, shared=metrics.shared)
    return create_app(opened, Some(), options, metrics=metrics, on_end=opened.close)


def main(port: int, said: dict[str, Any]) -> None:
    """Serve until a signal comes."""
    app = app_of(Options(port=port, **said))
    config = uvicorn.Config(
        app,
        port=port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    # uvicorn raises the signal that ended it once more, for whoever handled it before.
    signal.signal(signal.SIGTERM, lambda *_given: None)
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})
