"""`loop login`, `loop logout`, `loop whoami`: whose changes these are, here and on a server."""

from __future__ import annotations

import os
import sys

from loop_cli.cli import context, output
from loop_cli.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.config import Settings

EXAMPLES = """The token is asked for at a terminal, and read from standard input otherwise. It is
kept in credentials.json in your configuration folder, for you alone. 'loop token add' makes one,
on the machine of the server.

Examples:

\b
loop login https://notes.example
loop login http://127.0.0.1:8081 < n8n.token
"""
LOGIN_EXAMPLES = EXAMPLES
LOGOUT_EXAMPLES = """The token itself stays good: 'loop token revoke' ends it, on the server.

Examples:

\b
loop logout https://notes.example
loop logout
"""
WHOAMI_EXAMPLES = """Examples:

\b
loop whoami
loop whoami --json
LOOP_API_URL=https://notes.example loop whoami
"""
_LONGEST = 4096  # characters of a token


def login(*, url: str, as_json: bool, no_input: bool) -> None:
    """Run `loop login`."""
    from loop_cli.remote import address, credentials, session

    settings = context.open_settings({}, need_vault=False, remote=False)
    at = address.parse(url, allow_http=settings["allow_http"])
    token = _token(at.url, ask=output.may_ask(as_json=as_json, no_input=no_input))
    if not credentials.is_token(token):
        raise UsageError(
            "that is no token: it must be ASCII without spaces",
            hint="'loop token add' prints one, on the machine of the server",
        )
    who = session.checked(at, token)
    kept = credentials.opened(os.environ)
    kept.keep(at.url, token)
    context.did(f"you are signed in to {at.url}")
    if as_json:
        output.json_document({"server": at.url, "file": kept.path, **who})
        return
    output.line(f"signed in to {at.url} as {who['actor']}, who may {who['role']}")
    if context.open_settings({}, need_vault=False)["server"] != at.url:
        output.note(f"commands ask it with LOOP_API_URL={at.url} or --server {at.url}")


def _token(url: str, *, ask: bool) -> str:
    """The token that a person types unseen, or that standard input has."""
    if ask:
        import getpass

        try:
            return getpass.getpass(f"Token for {url}: ", stream=sys.stderr).strip()
        except EOFError:
            return ""
    if output.is_terminal(sys.stdin):
        raise UsageError("a token is to be asked for, and nobody may be", hint="give it on stdin")
    return sys.stdin.read(_LONGEST).strip()


def logout(*, url: str | None, as_json: bool) -> None:
    """Run `loop logout`."""
    from loop_cli.remote import address, credentials

    settings = context.open_settings({}, need_vault=False)
    server = url or settings["server"]
    wanted = None if server is None else address.parse(server, allow_http=True).url
    kept = credentials.opened(os.environ)
    gone = kept.forget(wanted)
    if gone:
        context.did(f"you are signed out of {' and '.join(gone)}")
    if as_json:
        output.json_document({"forgotten": gone})
        return
    where = wanted or "any server"
    output.lines([f"signed out of {one}" for one in gone] or [f"no token was kept for {where}"])


def whoami(*, as_json: bool, vault: str | None) -> None:
    """Run `loop whoami`."""
    settings = context.open_settings({"vault": vault}, need_vault=False)
    said = _here(settings) if settings["server"] is None else _there(settings)
    if as_json:
        output.json_document(said)
        return
    from loop_cli.cli.render import access

    output.show(access.identity(said))


def _here(settings: Settings) -> dict[str, str | None]:
    return {
        "door": "local",
        "actor": context.actor(settings),
        "source": "cli",
        "role": "write",
        "vault": settings.root if settings.database is None else context.vault_name(settings),
        "server": None,
        "token": None,
    }


def _there(settings: Settings) -> dict[str, str | None]:
    from loop_cli.cli import there
    from loop_cli.remote import session

    at = there.session(settings)
    who = session.who(at.client)
    return {
        "door": "remote",
        "actor": who["actor"],
        "source": who["source"],
        "role": who["role"],
        "vault": None,
        "server": at.client.url,
        "token": at.origin,
    }
