"""The address of a vault in PostgreSQL: `postgresql://user@host/database?vault=NAME`.

It is an address as libpq reads it, with several hosts if there are, and one word more: `vault`
names one of several vaults in a database. Each is a schema of its own.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from loop_cli.errors import UsageError
from loop_cli.lean.records import Struct

SCHEMES = ("postgresql://", "postgres://")
_NAME = re.compile(r"[a-z0-9_]{1,40}")
_SECRET = ("password", "sslpassword")


class Address(Struct):
    """Where a vault is: what libpq connects to, the schema, and how to show it to people."""

    conninfo: str
    schema: str
    shown: str


def is_address(text: str) -> bool:
    """Whether a text is meant as the address of a database."""
    return text.startswith(SCHEMES)


def parse(text: str) -> Address:
    """Read an address. Raises `UsageError`."""
    try:
        parts = urlsplit(text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise UsageError(f"the address of the database can't be read: {error}") from None
    names = [value for key, value in pairs if key == "vault"]
    name = names[-1] if names else "loop"
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"?vault={name}: a vault's name has up to 40 of a-z, 0-9 and _",
            hint="postgresql://host/database?vault=notes",
        )
    rest = [(key, value) for key, value in pairs if key != "vault"]
    conninfo = urlunsplit(parts._replace(query=urlencode(rest, quote_via=quote)))
    return Address(conninfo=conninfo, schema=_schema(name), shown=_shown(text))


def _schema(name: str) -> str:
    return name if name == "loop" else f"loop_{name}"


def _shown(text: str) -> str:
    """Return the address without its password."""
    parts = urlsplit(text)
    user, at, place = parts.netloc.rpartition("@")
    plain = user.partition(":")[0] + at + place
    pairs = [
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if key not in _SECRET
    ]
    return urlunsplit(parts._replace(netloc=plain, query=urlencode(pairs, safe="/")))
