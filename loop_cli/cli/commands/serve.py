"""`loop serve`: the vault over HTTP, until it is interrupted."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from loop_cli.cli import context, output
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastapi import FastAPI
    from starlette.types import Scope

    from loop_cli.config import Settings
    from loop_cli.mcp.endpoint import Endpoint
    from loop_cli.mcp.server import Door
    from loop_cli.server.options import Options
    from loop_cli.server.service import OpenOperations
    from loop_cli.server.tokens import Tokens

EXAMPLES = """'loop token add' makes the tokens that programs need. On a terminal a link is
printed that signs a browser in, once, within ten minutes. 'loop help deployment' has the rest.

Examples:

\b
loop serve
loop serve --open
loop serve --port 8082 --read-only
loop serve --name notes.example --proxy 127.0.0.1
"""
NEEDED = ("fastapi", "uvicorn", "sse_starlette", "prometheus_client")
SIGN_IN = "/sign-in"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SHORT = 20  # characters of a token that may be guessed


def serve(
    *,
    host: str,
    port: int,
    read_only: bool,
    allow_unconditional: bool,
    cors_origin: list[str] | None,
    no_dashboard: bool,
    open_browser: bool,
    name: list[str] | None,
    proxy: list[str] | None,
    log_level: str,
    lock_timeout: float | None,
    vault: str | None,
) -> None:
    """Run `loop serve`."""
    _need_extra()
    from loop_cli.server import serving
    from loop_cli.server.options import Options

    if log_level not in serving.LEVELS:
        raise UsageError(
            f"--log-level must be one of {', '.join(serving.LEVELS)}, not {log_level!r}"
        )
    options = {"vault": vault, "lock_timeout": lock_timeout}
    settings = context.open_settings(options, remote=False)
    known = _tokens(context.actor(settings))
    listening = serving.listen(host, port)
    allowed = Options(
        host=host,
        port=listening.getsockname()[1],
        names=tuple(name or ()),
        proxies=tuple(proxy or ()),
        origins=tuple(map(_origin, cors_origin or ())),
        read_only=read_only,
        unconditional=allow_unconditional,
        dashboard=not no_dashboard,
        sign_in_link=not no_dashboard,
        log_level=log_level,
    )
    app = application(settings, known, allowed)
    where = serving.address(listening, host)
    output.line(f"serving {context.vault_name(settings)} at {where}")
    _introduce(known, allowed, where, open_browser=open_browser)
    serving.run(app, listening, log_level=log_level)


def application(settings: Settings, known: Tokens, options: Options) -> Any:
    """The application over the vault in force. Raises what opening the vault raises."""
    from loop_cli.cli.shared import opener
    from loop_cli.server.app import create_app
    from loop_cli.server.metrics import Metrics

    counted = Metrics()
    made: list[FastAPI] = []

    def warn(what: str) -> None:
        """Tell the owner of the server: in its log, once there is one."""
        if made:
            made[0].state.service.log.warn(what)
        else:
            output.warn([what])

    opened = opener(settings, shared=counted.shared, warn=warn)
    agents = _agents(opened, options)
    app = create_app(opened, known, options, metrics=counted, on_end=opened.close, agents=agents)
    made.append(app)
    return app


def _agents(opened: OpenOperations, options: Options) -> Endpoint | None:
    """What serves agents, where the extra for it is installed; loaded when the first one comes."""
    if find_spec("mcp") is None:
        return None
    from loop_cli.mcp.endpoint import Endpoint
    from loop_cli.server.visit import visit_of

    def door() -> Door:
        from loop_cli.cli.agents import ServedDoor

        return ServedDoor(opened, options)

    def owner(scope: Scope) -> str:
        caller = visit_of(scope).caller
        return "" if caller is None else caller.token.name

    return Endpoint(door, owner)


def _need_extra() -> None:
    missing = [one for one in NEEDED if find_spec(one) is None]
    if missing:
        raise UsageError(
            f"loop serve needs {', '.join(missing)}, not installed here",
            hint="pip install 'loop-cli[serve]'",
        )


def _tokens(actor: str) -> Tokens:
    """Who is known. Raises `StorageError` for a file that others can read, before anything is
    served."""
    from loop_cli.server import tokens

    given = tokens.of_environment(os.environ)
    if given is not None and len(given) < _SHORT:
        output.warn([f"{tokens.VARIABLE} has fewer than {_SHORT} characters; it can be guessed"])
    sessions = tokens.Sessions(actor)
    known = tokens.Tokens(tokens.path(os.environ), environment=given, sessions=sessions)
    known.count()
    return known


def _introduce(known: Tokens, options: Options, where: str, *, open_browser: bool) -> None:
    """Say what a person who starts it needs to know."""
    if options.host not in _LOOPBACK:
        output.warn(
            [
                f"{options.host} can be reached from other machines, and http:// can be read on "
                "the way; put a proxy with TLS in front ('loop help deployment')"
            ]
        )
    person = output.is_terminal(sys.stderr)
    link = where
    if options.sign_in_link and (person or open_browser):
        link = f"{where}{SIGN_IN}?key={known.sessions.new_key()}"
    if options.sign_in_link and person:
        output.note(f"open {link} to sign in; it is good once, within ten minutes")
    elif not known.count():
        output.note("there are no tokens, so nobody can use it: loop token add NAME makes one")
    if open_browser:
        import webbrowser

        webbrowser.open(link)


def _origin(given: str) -> str:
    """The origin of a site, as browsers send it. Raises `UsageError`."""
    scheme, sep, rest = given.partition("://")
    host = rest.rstrip("/")
    if given == "*" or not sep or scheme not in ("http", "https") or not host or "/" in host:
        raise UsageError(
            f"--cors-origin must be a site such as https://app.example, not {given!r}",
            hint="each site is named by itself; * is not taken",
        )
    return f"{scheme}://{host.lower()}"
