"""Who a request is from: tokens in a file, one in the environment, and browsers signed in.

A secret is shown once, when it is made. What is kept is its SHA-256: a secret has 256 random bits,
so a slow hash would add nothing.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import threading
import time
from hashlib import sha256

from loop_cli.core import timestamps
from loop_cli.core.names import nearest, nfc
from loop_cli.core.records.record import SOURCES
from loop_cli.errors import EntityNotFound, StorageError, UsageError
from loop_cli.lean.records import Struct
from loop_cli.system import home
from loop_cli.system.private import PrivateFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from loop_cli.system.private import Signature

VARIABLE = "LOOP_API_TOKEN"
ROLES = ("read", "write")
ACTORS = ("user", "api")  # what comes before the colon
KEY_SECONDS = 600
SESSION_SECONDS = 14 * 86_400  # since it was last used
_PREFIX = "loop_"  # so that scanners for secrets, and people, see what it is
_LONGEST = 100  # characters of a name
_MOST = 1000  # keys, and sessions, at one time


class Token(Struct):
    """Who a secret stands for: the actor and source of the records, and what is allowed.
    `created` is None for what is in no file."""

    name: str
    actor: str
    source: str
    role: str
    created: str | None = None

    @property
    def may_write(self) -> bool:
        """Whether it may change anything."""
        return self.role == "write"

    @property
    def in_normal_form(self) -> str:
        """The name as it is kept."""
        return nfc(self.name)

    def as_dict(self) -> dict[str, Any]:
        """The token in the JSON of `loop token list`; without its secret, which nobody has."""
        return dict(self.__dict__)


class TokenFile:
    """The tokens of one user's servers, in a file that only this user can read."""

    def __init__(self, path: str) -> None:
        self._file = PrivateFile(path)

    @property
    def path(self) -> str:
        """Where the file is, or would be."""
        return self._file.path

    def signature(self) -> Signature | None:
        """What differs after each change. Raises `StorageError`."""
        return self._file.signature()

    def read(self) -> list[tuple[str, Token]]:
        """The SHA-256 of each secret and its token, in the order they were added. Raises
        `StorageError` where the file is damaged, or others can read it."""
        return [(one["sha256"], self._token(one)) for one in self._entries(self._file.read())]

    def add(self, wanted: Token) -> str:
        """Add a token; its secret, which can't be shown again. Raises `UsageError` for what can't
        be or is there already, `StorageError`, `VaultLocked`."""
        token = _checked(wanted)
        secret = _PREFIX + secrets.token_urlsafe(32)

        def make(data: bytes | None) -> bytes:
            entries = self._entries(data)
            if any(one["name"] == token.name for one in entries):
                raise UsageError(
                    f"there is a token {token.name!r} already",
                    hint=f"loop token revoke {token.name!r} ends it; or choose another name",
                )
            return _text([*entries, {**token.as_dict(), "sha256": _digest(secret)}])

        self._file.change(make)
        return secret

    def revoke(self, name: str) -> Token:
        """End a token at once, on servers that run too. Raises `EntityNotFound` where there is
        none of the name, `StorageError`, `VaultLocked`."""
        wanted = nfc(name)
        gone: list[dict[str, Any]] = []

        def make(data: bytes | None) -> bytes:
            entries = self._entries(data)
            gone.extend(one for one in entries if one["name"] == wanted)
            if not gone:
                raise _no_token(wanted, [one["name"] for one in entries])
            return _text([one for one in entries if one["name"] != wanted])

        self._file.change(make)
        return self._token(gone[0])

    def _entries(self, data: bytes | None) -> list[dict[str, Any]]:
        if data is None:
            return []
        try:
            entries = json.loads(data)["tokens"]
            for one in entries:
                if not all(isinstance(one[key], str) for key in (*_NEEDED, "sha256")):
                    raise TypeError
                _checked(self._token(one))
        except (ValueError, TypeError, KeyError, RecursionError, UsageError):
            raise StorageError(
                f"{self.path} is damaged: it must have a list of tokens, each with "
                f"{', '.join(_NEEDED)} and sha256",
                hint="mend it, or remove it and add the tokens again",
            ) from None
        return list(entries)

    @staticmethod
    def _token(entry: Mapping[str, Any]) -> Token:
        return Token(**{key: entry[key] for key in _NEEDED}, created=entry.get("created"))


class Sessions:
    """Browsers that are signed in, in memory: they end with the server.

    Who opens the link with a one-time key is the system's user, `actor`, through the `ui`.
    """

    def __init__(self, actor: str, *, clock: Callable[[], float] | None = None) -> None:
        self._token = Token(name="browser", actor=actor, source="ui", role="write")
        self._clock = clock or _seconds
        self._keys: dict[str, float] = {}  # the digest of each key, and until when it is good
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def new_key(self) -> str:
        """A key that signs one browser in, once, within ten minutes."""
        key = secrets.token_urlsafe(32)
        with self._lock:
            self._forget_old()
            self._keys[_digest(key)] = self._clock() + KEY_SECONDS
        return key

    def sign_in(self, key: str) -> str | None:
        """Use a key up: the value of the cookie of a new session; None where the key is not good,
        or not any more."""
        with self._lock:
            self._forget_old()
            if self._keys.pop(_digest(key), None) is None:
                return None
        return self.begin(self._token)

    def begin(self, token: Token, *, secret: str | None = None) -> str:
        """A new session as a token says; with its `secret` one that ends when that does. The
        value of its cookie."""
        value = secrets.token_urlsafe(32)
        digest = None if secret is None else _digest(secret)
        with self._lock:
            self._forget_old()
            until = self._clock() + SESSION_SECONDS
            self._sessions[_digest(value)] = _Session(token, digest, until)
        return value

    def find(self, value: str) -> _Session | None:
        """The session with that value of its cookie, which begins to age anew."""
        digest = _digest(value)
        with self._lock:
            found = self._sessions.pop(digest, None)
            now = self._clock()
            if found is None or found.until <= now:
                return None
            found.until = now + SESSION_SECONDS
            self._sessions[digest] = found  # the last: what was not used for longest is first
            return found

    def end(self, value: str) -> None:
        """Sign a browser out."""
        with self._lock:
            self._sessions.pop(_digest(value), None)

    def _forget_old(self) -> None:
        """Forget what is not good any more, and the oldest where there are too many."""
        now = self._clock()
        self._keys = {key: until for key, until in self._keys.items() if until > now}
        self._sessions = {key: one for key, one in self._sessions.items() if one.until > now}
        for kept in (self._keys, self._sessions):
            while len(kept) >= _MOST:
                del kept[next(iter(kept))]


class _Session:
    def __init__(self, token: Token, secret: str | None, until: float) -> None:
        self.token = token
        self.secret = secret  # the digest of that which it was begun with
        self.until = until


class Tokens:
    """What a server asks about each request. Safe for several threads.

    `path` is the file, read anew when it changes. `environment` is the secret of one more token,
    `api:token`, that may write. `sessions` are the browsers signed in.
    """

    def __init__(
        self, path: str, *, environment: str | None = None, sessions: Sessions | None = None
    ) -> None:
        self._file = TokenFile(path)
        self._fixed = [(_digest(environment), _OF_THE_ENVIRONMENT)] if environment else []
        self.sessions = sessions or Sessions("user:nobody")
        self._listed: list[tuple[str, Token]] = []
        self._signature: Signature | None = None
        self._lock = threading.Lock()

    def find(self, secret: str) -> Token | None:
        """The token of a secret; None where there is none, or none any more. It takes as long
        whichever it is. Raises `StorageError` for a file that is damaged or open to others."""
        return self._of_digest(_digest(secret))

    def of_session(self, value: str) -> Token | None:
        """The token of a browser by the value of its cookie; None where it is not signed in, or
        the token that it signed in with is revoked. Raises as `find` does."""
        found = self.sessions.find(value)
        if found is None or found.secret is None:
            return None if found is None else found.token
        return self._of_digest(found.secret)

    def sign_in(self, key: str) -> str | None:
        """Use up a one-time key: the value of the cookie, or None."""
        return self.sessions.sign_in(key)

    def sign_in_with(self, secret: str) -> str | None:
        """Sign a browser in with a token: the value of the cookie, or None. Raises as `find`."""
        token = self.find(secret)
        return None if token is None else self.sessions.begin(token, secret=secret)

    def sign_out(self, value: str) -> None:
        """End the session of a browser, by the value of its cookie."""
        self.sessions.end(value)

    def count(self) -> int:
        """How many tokens there are. Raises as `find` does."""
        return len(self._all())

    def _of_digest(self, digest: str) -> Token | None:
        found = None
        for known, token in self._all():
            if hmac.compare_digest(known, digest):
                found = token
        return found

    def _all(self) -> list[tuple[str, Token]]:
        with self._lock:
            signature = self._file.signature()
            if signature != self._signature:
                self._listed = [] if signature is None else self._file.read()
                self._signature = signature  # of before it was read, so no change is missed
            return [*self._fixed, *self._listed]


_NEEDED = ("name", "actor", "source", "role")
_OF_THE_ENVIRONMENT = Token(name=VARIABLE, actor="api:token", source="api", role="write")


def path(environ: Mapping[str, str]) -> str:
    """The file of tokens in the user's configuration. Raises `UsageError`."""
    base = home.config(environ)
    if base is None:
        raise UsageError(f"there is no folder for tokens: {home.NO_HOME}")
    return os.path.join(base, home.NAME, "tokens.json")


def of_environment(environ: Mapping[str, str]) -> str | None:
    """The secret that `LOOP_API_TOKEN` names, if it does. Raises `UsageError` for one that no
    header can carry."""
    secret = environ.get(VARIABLE) or None
    if secret is not None and not all("!" <= character <= "~" for character in secret):
        raise UsageError(f"{VARIABLE} must be ASCII without spaces, as HTTP sends it")
    return secret


def _checked(token: Token) -> Token:
    """A token to be kept, its texts in normal form. Raises `UsageError`."""
    for what, text in (("name", token.name), ("actor", token.actor)):
        if not text.strip() or not text.isprintable() or len(text) > _LONGEST:
            raise UsageError(
                f"a token's {what} must be 1 to {_LONGEST} characters that can be seen, "
                f"not {text!r}"
            )
    kind, colon, rest = token.actor.partition(":")
    if not (colon and kind in ACTORS and rest.strip()):
        raise UsageError(
            f"--actor must be user:NAME or api:NAME, not {token.actor!r}",
            hint="user:김은향 for a person, api:n8n for a program",
        )
    for what, text, allowed in (("source", token.source, SOURCES), ("role", token.role, ROLES)):
        if text not in allowed:
            raise UsageError(f"--{what} must be one of {', '.join(allowed)}, not {text!r}")
    created = token.created or timestamps.render(time.time_ns() // 1000)
    return token.replace(name=nfc(token.name), actor=nfc(token.actor), created=created)


def _no_token(name: str, names: list[str]) -> EntityNotFound:
    close = nearest(name, names)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    return EntityNotFound(
        f"no token {name!r}{meant}", hint="loop token list shows them", nearest=close
    )


def _text(entries: list[dict[str, Any]]) -> bytes:
    return (json.dumps({"tokens": entries}, ensure_ascii=False, indent=1) + "\n").encode()


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _seconds() -> float:
    """A clock that goes on while the machine sleeps, where the system has one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
