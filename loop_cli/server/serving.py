"""Listening, and serving an application until the process is asked to end."""

from __future__ import annotations

import errno
import os
import signal
import socket

import uvicorn

from loop_cli.errors import StorageError, UsageError
from loop_cli.failures import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

LEVELS = ("debug", "info", "warning", "error")
_FINISHING = 30  # seconds for what was accepted, after which streams are cut too
_WAITING = 512  # connections that wait to be accepted
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any free one. Raises `UsageError` for a host or a port
    that can't be, `StorageError` where the port is in use or not allowed."""
    if not 0 <= port <= 65_535:
        raise UsageError(f"--port must be a number up to 65535, not {port}")
    try:
        family, _kind, _protocol, _name, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(place[:2], family=family, backlog=_WAITING)
    except (socket.gaierror, UnicodeError):
        raise UsageError(f"--host {host!r} is no address of this machine") from None
    except OSError as error:
        raise _refused(host, port, error) from None


def address(listening: socket.socket, host: str) -> str:
    """Where a browser on this machine reaches it."""
    port = listening.getsockname()[1]
    name = _ANY.get(host, host)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def run(app: Any, listening: socket.socket, *, log_level: str) -> None:
    """Serve until SIGTERM or SIGINT; what was accepted is finished and answered first.

    Raises `Interrupted` for SIGINT.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level=log_level,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_FINISHING,
    )
    server = uvicorn.Server(config)
    seen: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        server.should_exit = True  # it may not listen to signals yet

    # uvicorn raises the signal that ended it once more, for whoever handled it before.
    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[listening])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if signal.SIGINT in seen:
        raise Interrupted("interrupted")


def _refused(host: str, port: int, error: OSError) -> StorageError | UsageError:
    where = f"port {port} of {host}"
    if error.errno == errno.EADDRINUSE:
        return StorageError(
            f"{where} is in use by another program",
            hint="--port N takes another one, --port 0 any that is free",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return StorageError(f"{where} may not be used by this user", hint="--port 8081, say")
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError(f"--host {host!r} is no address of this machine")
    return StorageError(f"{where} can't be listened on: {os.strerror(error.errno or 0)}")
