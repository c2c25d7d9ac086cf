"""Opening the way to a server: its address, the token for it, and who that is there."""

from __future__ import annotations

from loop_cli.failures import BadAnswer, NotSignedIn
from loop_cli.lean.records import Struct
from loop_cli.remote import address, answers, credentials
from loop_cli.remote.client import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from loop_cli.remote.address import Address

IDENTITY = "/api/whoami"
_KEYS = ("actor", "source", "role")


class Session(Struct):
    """The way to a server, and in words where the token is from; None where there is none."""

    client: Client
    origin: str | None


def opened(
    url: str,
    environ: Mapping[str, str],
    *,
    allow_http: bool,
    run_id: Callable[[], str] | None = None,
    agent: Callable[[], str | None] = lambda: None,
) -> Session:
    """The way to a server; nothing is asked yet. Raises `UsageError`, `StorageError`."""
    at = address.parse(url, allow_http=allow_http)
    known = credentials.of_server(at.url, environ)
    token = None if known is None else known.token
    client = Client(at, token=token, run_id=run_id, agent=agent)
    return Session(client=client, origin=None if known is None else known.origin)


def checked(at: Address, token: str) -> dict[str, Any]:
    """Who a token is to a server. It goes to none but one of loop. Raises `NotSignedIn`,
    `BadAnswer` where there is no server of loop, `StorageError`."""
    health = Client(at, token=None).ask("GET", "/health")
    document = health.json() if health.status == 200 else None
    if not isinstance(document, dict):
        raise BadAnswer(
            f"{at.url} is no server of loop (status {health.status} at /health)",
            hint="'loop serve' prints its address",
        )
    return who(Client(at, token=token))


def who(client: Client) -> dict[str, Any]:
    """Who the server takes us for. Raises `NotSignedIn`, `BadAnswer`, `StorageError`."""
    found = answers.document(client.ask("GET", IDENTITY))
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in _KEYS):
        raise BadAnswer(f"{client.url} does not say who one is there")
    if not all(found[key] for key in _KEYS):
        raise NotSignedIn(f"{client.url} knows nobody by this token")
    return {key: found[key] for key in _KEYS}
