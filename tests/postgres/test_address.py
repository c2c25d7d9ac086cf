"""The address of a vault is one of libpq's, with the vault's name; no password is shown."""

from __future__ import annotations

import pytest

from loop_cli.errors import UsageError
from loop_cli.postgres.address import parse


@pytest.mark.parametrize(
    ("given", "conninfo", "schema", "shown"),
    [
        ("postgresql://h/d", "postgresql://h/d", "loop", "postgresql://h/d"),
        (
            "postgresql://me:se%40cret@h:5433/d?vault=notes&sslmode=require",
            "postgresql://me:se%40cret@h:5433/d?sslmode=require",
            "loop_notes",
            "postgresql://me@h:5433/d?vault=notes&sslmode=require",
        ),
        (
            "postgres:///d?host=/tmp/x&password=secret",
            "postgres:///d?host=%2Ftmp%2Fx&password=secret",
            "loop",
            "postgres:///d?host=/tmp/x",
        ),
        (
            "postgresql://a,b/d?target_session_attrs=read-write&vault=v1",
            "postgresql://a,b/d?target_session_attrs=read-write",
            "loop_v1",
            "postgresql://a,b/d?target_session_attrs=read-write&vault=v1",
        ),
    ],
)
def test_it_is_read(given: str, conninfo: str, schema: str, shown: str) -> None:
    found = parse(given)

    assert (found.conninfo, found.schema, found.shown) == (conninfo, schema, shown)


@pytest.mark.parametrize(
    "given", ["postgresql://h/d?vault=A%20b", "postgresql://h/d?vault=", "postgresql://h/d?x"]
)
def test_it_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        parse(given)
