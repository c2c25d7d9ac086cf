"""One of the processes that create at once: each entity as by a command of its own, but without
an interpreter's start for it, which would be all that a test of thousands measures.

    python -m tests.cli.creator ROOT CACHE KIND NAME COUNT FIELD=VALUE...
"""

from __future__ import annotations

import json
import sys
import time
import uuid

from loop_cli.core.changes import parse_changes
from loop_cli.core.entity import FieldNames
from loop_cli.core.records.record import Origin
from loop_cli.lean.basics import sha256_hex
from loop_cli.operations import create
from loop_cli.vault import template_files
from loop_cli.vault.store import VaultStore


def clock() -> int:
    """Now, in microseconds."""
    return time.time_ns() // 1000


def main(root: str, cache: str, kind: str, name: str, count: str, *fields: str) -> None:
    """Create that many and print them."""
    for number in range(int(count)):
        store = VaultStore(
            root, names=FieldNames(), clock=clock, cache=cache, lock_timeout=600
        )  # as every command has one of its own
        request = create.Request(
            entity_type=kind,
            name=f"{name} {number}",
            now=clock(),
            sha256=sha256_hex,
            fields=parse_changes(fields, read=lambda _path: ""),
            template=template_files.load(root, kind),
        )
        origin = Origin(run_id=str(uuid.uuid4()), actor="user:creator")
        print(json.dumps(create.create(store, request, origin=origin).as_dict()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
