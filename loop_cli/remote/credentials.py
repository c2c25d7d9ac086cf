"""The tokens of this user for servers, as `loop login` keeps them: by address, 0600."""

from __future__ import annotations

import os

from loop_cli.errors import StorageError, UsageError
from loop_cli.lean import jsontext
from loop_cli.lean.records import Struct
from loop_cli.system import home
from loop_cli.system.private import PrivateFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

VARIABLE = "LOOP_API_TOKEN"


class Credential(Struct):
    """A token, and in words where it came from."""

    token: str
    origin: str


class Credentials:
    """The file of tokens at `path`; nothing need be there. All raise `StorageError` where it is
    damaged, or others can read it."""

    def __init__(self, path: str) -> None:
        self._file = PrivateFile(path)

    @property
    def path(self) -> str:
        """Where the file is, or would be."""
        return self._file.path

    def servers(self) -> dict[str, str]:
        """The token of each server by its address."""
        return self._parsed(self._file.read())

    def keep(self, url: str, token: str) -> None:
        """Keep a token, in the place of one that is kept for the server. Raises `VaultLocked`."""
        self._file.change(lambda data: self._text({**self._parsed(data), url: token}))

    def forget(self, url: str | None) -> list[str]:
        """Remove the token of a server, or of all; the addresses of those that there were.
        Raises `VaultLocked`."""
        gone: list[str] = []

        def make(data: bytes | None) -> bytes | None:
            known = self._parsed(data)
            gone.extend(one for one in known if url in (None, one))
            kept = {one: token for one, token in known.items() if one not in gone}
            return self._text(kept) if gone else None

        self._file.change(make)
        return gone

    def _parsed(self, data: bytes | None) -> dict[str, str]:
        if data is None:
            return {}
        try:
            servers = jsontext.loads(data)["servers"]
            found = {url: one["token"] for url, one in servers.items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            found = {"": None}
        if not all(isinstance(token, str) and is_token(token) for token in found.values()):
            raise StorageError(
                f"{self.path} is damaged: it must have servers, each with a token",
                hint="remove it, and run 'loop login' again",
            )
        return found

    @staticmethod
    def _text(servers: Mapping[str, str]) -> bytes:
        import json

        document: dict[str, Any] = {
            "servers": {url: {"token": token} for url, token in servers.items()}
        }
        return (json.dumps(document, indent=1) + "\n").encode()


def path(environ: Mapping[str, str]) -> str | None:
    """The file in the user's configuration; None where there is no folder for one."""
    base = home.config(environ)
    return None if base is None else os.path.join(base, home.NAME, "credentials.json")


def opened(environ: Mapping[str, str]) -> Credentials:
    """The user's. Raises `UsageError` where there is no folder for them."""
    found = path(environ)
    if found is None:
        raise UsageError(f"there is no folder for tokens: {home.NO_HOME}")
    return Credentials(found)


def of_server(url: str, environ: Mapping[str, str]) -> Credential | None:
    """The token for a server: that in `LOOP_API_TOKEN`, else that kept. Raises `UsageError` for
    one that no header can carry, `StorageError`."""
    given = environ.get(VARIABLE)
    if given:
        if not is_token(given):
            raise UsageError(f"{VARIABLE} must be ASCII without spaces, as HTTP sends it")
        return Credential(token=given, origin=VARIABLE)
    place = path(environ)
    token = None if place is None else Credentials(place).servers().get(url)
    return None if token is None else Credential(token=token, origin=str(place))


def is_token(text: str) -> bool:
    """Whether a header can carry it."""
    return bool(text) and all("!" <= one <= "~" for one in text)
