"""`loop serve` on a sample vault for the conformance suite, whose client sends no token: each
request gets one here, before the guard. Prints the address.

Run as `python -m tests.mcp.conformed FOLDER`, with the vault made in the folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from loop_cli import demo
from loop_cli.cli import context
from loop_cli.cli.commands.serve import application
from loop_cli.server import serving, tokens
from loop_cli.server.options import Options

SECRET = "conformance-" + "x" * 20


class WithToken:
    """An application whose every caller brings the token."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            token = (b"authorization", f"Bearer {SECRET}".encode())
            scope = {**scope, "headers": [*scope["headers"], token]}
        await self._app(scope, receive, send)


def main(folder: Path) -> None:
    """Serve until a signal comes."""
    root = folder / "vault"
    demo.lay_out(str(root))
    os.environ |= {"LOOP_VAULT": str(root), tokens.VARIABLE: SECRET}
    settings = context.open_settings({})
    known = tokens.Tokens(
        str(folder / "tokens"),
        environment=tokens.of_environment(os.environ),
        sessions=tokens.Sessions("user:x"),
    )
    listening = serving.listen("127.0.0.1", 0)
    options = Options(port=listening.getsockname()[1], log_level="error")
    app = WithToken(application(settings, known, options))
    print(f"{serving.address(listening, '127.0.0.1')}/mcp", flush=True)
    serving.run(app, listening, log_level="error")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
