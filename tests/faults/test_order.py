"""What is durable before what: each sync of the protocol, and what a watcher sees of it."""

from __future__ import annotations

import ctypes
import os
import re
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from loop_cli.system import platform
from loop_cli.vault import schema_file
from tests.faults.vault import Vault, change, origin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.tracing import Tracer

MOVED_FROM, MOVED_TO, ALL = 0x40, 0x80, 0xFFF


def steps(vault: Vault, tracer: Tracer) -> list[str]:
    """The writes, renames and syncs of one update, each as call and file."""
    program = ["-m", "loop_cli", "update", vault.id(), "status=hold", "--force", "--json"]
    run = tracer(vault, program)
    assert run.code == 0, run.err
    found = []
    for stop in run.stops:
        call = stop.call
        pairs = re.findall(r'<(/[^>]*)>(?:, "([^"/]*)")?', stop.text)
        relative = "at" in call
        names = [os.path.join(folder, name) if relative else folder for folder, name in pairs]
        place = next(name for name in names if name.startswith(str(vault.root)))
        kind = os.path.splitext(place)[1] or place.removeprefix(str(vault.root))
        found.append(f"{call} {os.path.basename(kind)}".strip())
    return found


def test_each_step_is_durable_before_the_next(vault: Vault, tracer: Tracer) -> None:
    vault.store().commit([change(vault.id(), "status=doing")], origin=origin())
    found = [
        step for step in steps(vault, tracer) if step.split()[0] in ("write", "fsync", "renameat2")
    ]
    assert found == [
        "write .intent",
        "write .new",
        "fsync .intent",
        "fsync .new",
        "fsync staged",
        "write .jsonl",
        "fsync .jsonl",
        "renameat2 .md",
        "fsync Tasks",
        "fsync staged",
    ]


@pytest.mark.parametrize("log", [".loop", "_build"])
def test_the_first_change_makes_the_names_durable_too(
    vault: Vault, tracer: Tracer, log: str
) -> None:
    if log == "_build":
        schema = vault.root / "00_Meta/schema_constants.yaml"
        schema.parent.mkdir()
        schema.write_bytes(schema_file.shipped_bytes())
    found = steps(vault, tracer)
    recorded = found.index("write .jsonl")
    before = found[:recorded]
    for folder in (".loop", log, vault.root.name):
        assert f"fsync {folder}" in before or "fsync" in before, folder
    assert before.index("mkdirat staged") < before.index("fsync .loop")
    after_staging = before[before.index("fsync staged") :]
    assert f"fsync {log}" in after_staging
    assert "fsync" in after_staging  # the root, which has no name there


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_a_watcher_sees_the_entity_last_as_there(tmp_path: Path) -> None:
    """An editor that watches the folder must not take the exchange for a removal."""
    entity, staged = tmp_path / "entity.md", tmp_path / "elsewhere" / "content"
    staged.parent.mkdir()
    entity.write_bytes(b"old")
    staged.write_bytes(b"new")
    libc = ctypes.CDLL(None)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    libc.inotify_add_watch(watch, bytes(tmp_path), ALL)
    platform.exchange(str(entity), str(staged))
    events = os.read(watch, 4096)
    os.close(watch)
    seen, offset = [], 0
    while offset < len(events):
        _watch, mask, _cookie, length = struct.unpack_from("iIII", events, offset)
        seen.append(mask)
        offset += 16 + length
    assert seen == [MOVED_FROM, MOVED_TO]
    assert entity.read_bytes() == b"new"


def test_who_opens_the_entity_meanwhile_waits_and_is_noticed(vault: Vault) -> None:
    lease = platform.Lease(str(vault.path()))
    if not lease.held:
        pytest.skip("no leases on this file system")
    assert not lease.writer_came
    with pytest.raises(BlockingIOError):
        os.open(vault.path(), os.O_RDONLY | os.O_NONBLOCK)
    assert not lease.writer_came, "a reader is no matter"
    with pytest.raises(BlockingIOError):
        os.open(vault.path(), os.O_WRONLY | os.O_NONBLOCK)
    assert lease.writer_came
    lease.close()


def test_a_read_that_comes_short_goes_on(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    data = vault.path().read_bytes()
    pread = os.pread
    lease = platform.Lease(str(vault.path()))
    monkeypatch.setattr(os, "pread", lambda one, size, at: pread(one, min(size, 7), at))

    assert lease.read() == data
    assert lease.is_unchanged
    lease.close()


def test_a_reader_that_keeps_it_open_does_not_hide_a_writer(vault: Vault) -> None:
    with vault.path().open("rb"):
        lease = platform.Lease(str(vault.path()))
        if not lease.held:
            pytest.skip("no leases on this file system")
        assert not lease.writer_came
        with pytest.raises(BlockingIOError):
            os.open(vault.path(), os.O_WRONLY | os.O_NONBLOCK)
        assert lease.writer_came
        lease.close()
