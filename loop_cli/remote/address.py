"""The address of a server, taken apart; and whether its secrets may go there."""

from __future__ import annotations

from loop_cli.errors import UsageError
from loop_cli.lean.records import Struct

_PORTS = {"http": 80, "https": 443}


class Address(Struct):
    """Where a server is. `url` has no slash at its end; `base` is what its paths begin with."""

    url: str
    scheme: str
    host: str
    port: int
    base: str

    @property
    def authority(self) -> str:
        """The host, and the port where it is not the scheme's: as a Host header has it."""
        return self.url.partition("://")[2].removesuffix(self.base)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, so that nobody can read along."""
        return self.host in ("localhost", "::1") or _is_127(self.host)


def parse(url: str, *, allow_http: bool = False) -> Address:
    """Take an address apart. Raises `UsageError`, also for `http://` to another machine unless
    that is allowed."""
    scheme, sep, rest = url.partition("://")
    scheme = scheme.lower()
    authority, _slash, base = rest.partition("/")
    host, port = _host_and_port(authority, _PORTS.get(scheme, 0))
    odd = any(one in authority for one in "@?#\\") or "?" in base or "#" in base
    if not sep or scheme not in _PORTS or not host or port is None or odd or not _is_plain(url):
        raise UsageError(f"{url!r} is no address of a server", hint="such as https://notes.example")
    base = f"/{base.rstrip('/')}" if base.strip("/") else ""
    authority = authority.lower().removesuffix(f":{_PORTS[scheme]}")
    found = Address(
        url=f"{scheme}://{authority}{base}", scheme=scheme, host=host, port=port, base=base
    )
    if scheme == "http" and not found.is_loopback and not allow_http:
        raise UsageError(
            f"{found.url} is not encrypted: others could read the token and the notes",
            hint="use https://, or allow it: allow_http = true in your config.toml",
        )
    return found


def _host_and_port(authority: str, default: int) -> tuple[str, int | None]:
    """The host in lower case, and the port; None where that is none."""
    if authority.startswith("["):
        host, _bracket, after = authority[1:].partition("]")
    else:
        host, _colon, after = authority.partition(":")
        after = f":{after}" if _colon else ""
    if after in ("", ":"):
        return host.lower(), default
    text = after[1:]
    good = after[0] == ":" and text.isascii() and text.isdecimal() and len(text) < 6
    return host.lower(), int(text) if good and 0 < int(text) < 65_536 else None


def _is_127(host: str) -> bool:
    parts = host.split(".")
    numbers = [one for one in parts if one.isascii() and one.isdecimal() and len(one) < 4]
    return len(parts) == len(numbers) == 4 and parts[0] == "127"


def _is_plain(url: str) -> bool:
    return all("!" <= one <= "~" for one in url)
