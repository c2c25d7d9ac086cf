"""Vaults in a server: each test has one of its own, a schema that is dropped afterwards."""

from __future__ import annotations

import os

import psycopg

from loop_cli.postgres.address import parse


def fresh(server: str) -> str:
    """Return the address of a vault that is not there."""
    sign = "&" if "?" in server else "?"
    return f"{server}{sign}vault=t{os.urandom(8).hex()}"


def dropped(address: str) -> None:
    """Remove a vault."""
    found = parse(address)
    with psycopg.connect(found.conninfo, autocommit=True) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{found.schema}" CASCADE'.encode())
