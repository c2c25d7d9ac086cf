"""The address of a vault in PostgreSQL: `postgresql://user@host/database?vault=NAME`.

It is an address as libpq reads it, with several hosts if there are, and one word more: `vault`
names one of several vaults in a database. Each is a schema of its own.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode

from loop_cli.errors import UsageError
from loop_cli.lean.records import Struct

_NAME = re.compile(r"[a-z0-9_]{1,40}")
_SECRET = ("password", "sslpassword")


class Address(Struct):
    """Where a vault is: what libpq connects to, the schema, and how to show it to people."""

    conninfo: str
    schema: str
    shown: str


def parse(text: str) -> Address:
    """Read an address. Raises `UsageError`."""
    place, _mark, query = text.partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
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
    return Address(
        conninfo=_joined(place, urlencode(rest, quote_via=quote)),
        schema=name if name == "loop" else f"loop_{name}",
        shown=_shown(place, pairs),
    )


def _shown(place: str, pairs: list[tuple[str, str]]) -> str:
    """Return an address without its password."""
    scheme, sep, rest = place.partition("://")
    host, slash, path = rest.partition("/")
    user, at, hosts = host.rpartition("@")
    public = [(key, value) for key, value in pairs if key not in _SECRET]
    query = urlencode(public, safe="/,")
    return _joined(f"{scheme}{sep}{user.partition(':')[0]}{at}{hosts}{slash}{path}", query)


def _joined(place: str, query: str) -> str:
    return f"{place}?{query}" if query else place
