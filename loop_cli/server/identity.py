"""Who a request is from. Actor and source of every record come from here and from nowhere else."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from starlette.datastructures import Headers

    class Token(Protocol):
        """Whom a secret stands for."""

        @property
        def name(self) -> str: ...
        @property
        def actor(self) -> str: ...
        @property
        def source(self) -> str: ...
        @property
        def role(self) -> str: ...

    class Tokens(Protocol):
        """What knows the secrets. All may raise `StorageError`."""

        def find(self, secret: str) -> Token | None:
            """The token of a secret."""

        def of_session(self, value: str) -> Token | None:
            """The token of a browser, by the value of its cookie."""

        def sign_in(self, key: str) -> str | None:
            """Use up a one-time key: the value of the cookie of a new session."""

        def sign_in_with(self, secret: str) -> str | None:
            """The value of the cookie of a new session that a token begins."""

        def sign_out(self, value: str) -> None:
            """End a session."""


COOKIE = "loop_session"
SIGN_OUT = "/api/sign-out"  # for which no right to write is needed
OWN_HEADER = "x-loop"  # no form and no other site's page can send it


class Caller:
    """The token of a request, and whether a browser's cookie brought it."""

    def __init__(self, token: Token, *, by_cookie: bool) -> None:
        self.token = token
        self.by_cookie = by_cookie


def identify(
    headers: Headers, cookie_of: Callable[[], str | None], tokens: Tokens
) -> Caller | None:
    """Who sends a request; None where nobody is known by what it brings."""
    secret = _secret(headers)
    if secret is not None:
        token = tokens.find(secret)
        return None if token is None else Caller(token, by_cookie=False)
    cookie = cookie_of()
    token = None if cookie is None else tokens.of_session(cookie)
    return None if token is None else Caller(token, by_cookie=True)


def _secret(headers: Headers) -> str | None:
    """The secret that a header brings. One that is wrong is not made up for by a cookie."""
    given = headers.get("authorization")
    if given is not None:
        scheme, _blank, secret = given.partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else ""
    return headers.get("x-api-token")
