"""Files that are synced together wait for it open, but never too many, and none stays open."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from loop_cli.system import platform
from loop_cli.system.folders import Folder, Folders, Syncs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _open_in(folder: Path) -> int:
    """How many files of a folder this process has open."""
    ours = {(one.stat().st_dev, one.stat().st_ino) for one in folder.iterdir()}
    count = 0
    for name in os.listdir("/dev/fd"):
        with suppress(OSError):  # that of the listing itself
            status = os.fstat(int(name))
            count += (status.st_dev, status.st_ino) in ours
    return count


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folders(str(tmp_path)) as folders:
        yield folders.root


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes that were synced, in order."""
    found: list[int] = []
    monkeypatch.setattr(platform, "sync", lambda one: found.append(os.fstat(one).st_ino))
    return found


def test_all_are_synced_and_closed(tmp_path: Path, folder: Folder, synced: list[int]) -> None:
    most = 0
    syncs = Syncs()
    paths = [tmp_path / str(number) for number in range(250)]
    for path in paths:
        folder.write_new(path.name, b"x", syncs=syncs)
        most = max(most, _open_in(tmp_path))
    assert most == 100
    syncs.run()
    assert _open_in(tmp_path) == 0
    assert synced == [path.stat().st_ino for path in paths]
    syncs.run()
    assert len(synced) == len(paths)


def test_what_is_not_to_be_synced_any_more_is_closed(
    tmp_path: Path, folder: Folder, synced: list[int]
) -> None:
    syncs = Syncs()
    folder.write_new("one", b"x", syncs=syncs)
    syncs.close()
    syncs.run()
    assert (_open_in(tmp_path), synced) == (0, [])


def test_a_disk_that_fails_leaves_none_open(
    tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = Syncs()
    for name in ("one", "other"):
        folder.write_new(name, b"x", syncs=syncs)

    def fail(_descriptor: int) -> None:
        raise OSError(5, "the disk is broken")

    monkeypatch.setattr(platform, "sync", fail)
    with pytest.raises(OSError, match="broken"):
        syncs.run()
    assert _open_in(tmp_path) == 0


def test_a_file_that_could_not_be_taken_is_not_left(
    tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = Syncs()
    folder.write_new("one", b"x", syncs=syncs)

    def refuse(_descriptor: int) -> None:
        raise OSError(5, "no")

    monkeypatch.setattr(platform, "begin_to_write_out", refuse)
    with pytest.raises(OSError, match="no"):
        folder.write_new("other", b"x", syncs=syncs)
    syncs.close()
    assert (_open_in(tmp_path), os.listdir(tmp_path)) == (0, ["one"])


class SlowDisk:
    """A disk that takes a while for each sync; `broken` is the number of one that fails."""

    def __init__(self, *, broken: int = -1) -> None:
        self.synced: list[int] = []
        self.at_once = self.most = 0
        self._broken = broken
        self._lock = threading.Lock()

    def sync(self, descriptor: int) -> None:
        with self._lock:
            number = len(self.synced)
            self.synced.append(os.fstat(descriptor).st_ino)
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(0.005)
        with self._lock:
            self.at_once -= 1
        if number == self._broken:
            raise OSError(5, "the disk is broken")


def test_a_slow_disk_gets_several_at_once(
    tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk()
    monkeypatch.setattr(platform, "sync", disk.sync)
    syncs = Syncs()
    for number in range(30):
        folder.write_new(str(number), b"x", syncs=syncs)

    syncs.run()

    assert disk.synced[0] == (tmp_path / "0").stat().st_ino
    assert sorted(disk.synced) == sorted(one.stat().st_ino for one in tmp_path.iterdir())
    assert disk.most > 1
    assert (disk.at_once, _open_in(tmp_path)) == (0, 0)


@pytest.mark.parametrize("broken", [0, 1, 17, 29])
def test_a_slow_disk_that_fails_is_waited_for(
    tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    disk = SlowDisk(broken=broken)
    monkeypatch.setattr(platform, "sync", disk.sync)
    syncs = Syncs()
    for number in range(30):
        folder.write_new(str(number), b"x", syncs=syncs)

    with pytest.raises(OSError, match="broken"):
        syncs.run()

    assert (disk.at_once, _open_in(tmp_path)) == (0, 0)


def test_where_no_thread_can_start_all_are_synced(
    tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk()
    monkeypatch.setattr(platform, "sync", disk.sync)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    syncs = Syncs()
    for number in range(30):
        folder.write_new(str(number), b"x", syncs=syncs)

    syncs.run()

    assert {one.stat().st_ino for one in tmp_path.iterdir()} == set(disk.synced)
    assert _open_in(tmp_path) == 0
