"""How a server is to be: what `loop serve` was asked for, and the limits of what it takes."""

from __future__ import annotations

from loop_cli.lean.records import Struct

MIB = 1 << 20


class Options(Struct):
    """What a server allows.

    `host` and `port` are where it listens; `names` are further names that a Host header may have,
    `proxies` the addresses of peers whose `X-Forwarded-*` headers count, `origins` the sites whose
    pages may call it. `unconditional` lets writes do without a precondition. `dashboard` tells
    whether there is a page for people at `/`, `sign_in_link` whether `loop serve` makes a link that
    signs a browser in. Bodies are in bytes, times in seconds.
    """

    host: str = "127.0.0.1"
    port: int = 8081
    names: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    read_only: bool = False
    unconditional: bool = False
    dashboard: bool = True
    sign_in_link: bool = True
    log_level: str = "info"
    longest_body: int = MIB
    longest_apply: int = 16 * MIB
    body_patience: float = 30.0
    ping: float = 15.0
    streams: int = 1_000
    writers: int = 64
    readers: int = 24
