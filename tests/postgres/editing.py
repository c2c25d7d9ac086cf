"""Another program replaces text in a file of a vault in PostgreSQL:
`python -m tests.postgres.editing ADDRESS PATH OLD NEW`."""

from __future__ import annotations

import os
import sys
import time

from loop_cli.core.entity import FieldNames
from loop_cli.postgres import outside
from loop_cli.postgres.store import PostgresStore


def main(address: str, path: str, old: str, new: str) -> None:
    """Write the file again, with all of the old text replaced."""
    store = PostgresStore(address, names=FieldNames(), clock=lambda: 0)
    (data,) = store.handle.database.read(
        lambda connection: connection.execute(
            "SELECT data FROM file WHERE path = %s", (os.fsencode(path),)
        ).fetchall()[0]
    )
    changed = data.replace(old.encode(), new.encode())
    outside.put(store.handle, path, changed, time.time_ns() // 1000)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
