"""`loop watch`: a change is told once, as inside or as outside, by who and by what."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.core.schema.paths import Places
from loop_cli.vault.store import VaultStore
from loop_cli.vault.upkeep.watch import Watcher, is_place
from loop_cli.wire import check as models_check
from tests.waiting import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Loop
    from tests.conftest import Clock

PATIENCE = 30


class Running:
    """A `loop watch` at work."""

    def __init__(self, loop: Loop, *arguments: str) -> None:
        self.process = loop.start("watch", *arguments)
        self._rest = b""

    def says_something(self, seconds: float) -> bool:
        """Whether something comes within that time."""
        assert self.process.stdout is not None
        return readable(self.process.stdout, seconds)

    def line(self, stream: Any = None) -> str:
        """The next line, awaited."""
        source = self.process.stdout if stream is None else stream
        assert source is not None
        end = time.monotonic() + PATIENCE
        while b"\n" not in self._rest:
            assert time.monotonic() < end, f"nothing came but {self._rest!r}"
            if readable(source, 0.2):
                part = os.read(source.fileno(), 1 << 16)
                assert part, "it ended"
                self._rest += part
        first, _newline, self._rest = self._rest.partition(b"\n")
        return first.decode()

    def event(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.line())
        models_check.WatchEvent.model_validate(data)
        return data


@pytest.fixture
def told(loop: Loop) -> Iterator[Running]:
    """A watcher for people that has begun."""
    running = Running(loop)
    assert running.line(running.process.stderr).startswith("watching ")
    yield running
    running.process.kill()
    running.process.wait()


@pytest.fixture
def events(loop: Loop) -> Iterator[Running]:
    """A watcher for programs that has begun: a change that nobody asks about shows it."""
    running = Running(loop, "--json")
    for number in range(PATIENCE * 2):
        assert loop("update", "tsk-019-01", f"notes=x{number}", "--force").code == 0
        if running.says_something(0.5):
            break
    assert loop("update", "tsk-019-01", "notes=last", "--force").code == 0
    while running.event()["diff"]["notes"]["new"] != "last":
        pass
    yield running
    running.process.kill()
    running.process.wait()


def test_a_change_inside(loop: Loop, events: Running) -> None:
    loop("update", "tsk-019-14", "status=doing", "tags+=x", "--force")
    event = events.event()
    record = loop.records[-1]
    assert (event["event"], event["source"], event["entity_id"]) == ("inside", "cli", "tsk-019-14")
    assert (event["actor"], event["run_id"]) == (record["actor"], record["run_id"])
    assert event["modified_fields"] == ["status", "tags"]
    assert event["diff"]["status"] == {"old": "todo", "new": "doing"}


def test_changes_outside(loop: Loop, events: Running) -> None:
    path = loop.path()
    text = path.read_text()
    path.write_text(text.replace("status: todo", "status: hold") + "\nmore\n")
    event = events.event()
    assert (event["event"], event["actor"], event["action"]) == ("outside", None, "update")
    assert event["modified_fields"] == ["status", "body"]
    os.utime(path)  # no change
    loop.write_task("tsk-019-90")
    event = events.event()
    assert (event["action"], event["entity_id"]) == ("create", "tsk-019-90")
    loop.path(f"{loop.TASKS}/tsk-019-90.md").unlink()
    event = events.event()
    assert (event["action"], event["path"]) == ("delete", f"{loop.TASKS}/tsk-019-90.md")


def edit_outside(path: Path) -> None:
    """As an editor that puts a new file in the place of the old: no reader meets half of it."""
    new = path.with_name("new.tmp")
    new.write_bytes(path.read_bytes() + b"more\n")
    new.replace(path)


def test_each_is_told_once(loop: Loop, events: Running) -> None:
    """Inside, outside, inside: three lines, in this order."""
    loop("update", "tsk-019-14", "status=doing", "--force")
    assert events.event()["event"] == "inside"
    edit_outside(loop.path())
    assert events.event()["modified_fields"] == ["body"]
    loop("update", "tsk-019-14", "status=hold", "--force")
    event = events.event()
    assert (event["event"], event["diff"]["status"]["new"]) == ("inside", "hold")
    assert not events.says_something(1)


def test_an_edit_outside_right_after_one_of_ours(loop: Loop, events: Running) -> None:
    """However the two and the looks of the watcher fall together, both are told; in order, but
    for a server, which follows the log and the files apart."""
    for number in range(8):
        loop("update", "tsk-019-14", f"notes=n{number}", "--force")
        edit_outside(loop.path())
        told = [events.event() for _each in range(2)]
        if loop.door is not None:
            told.sort(key=lambda one: str(one["event"]))
        assert [one["event"] for one in told] == ["inside", "outside"]
        assert [one["modified_fields"] for one in told] == [["notes"], ["body"]]
    assert not events.says_something(1)


def test_lines_for_people(loop: Loop, told: Running) -> None:
    loop("update", "tsk-019-14", "status=doing", "--force")
    line = told.line()
    assert ", cli  tsk-019-14  status: todo → doing" in line


def test_lines_for_people_about_changes_outside(loop: Loop, told: Running) -> None:
    edit_outside(loop.path())
    assert told.line().endswith("  outside  tsk-019-14  edited: body")
    loop.write_task('tsk-019-90"\x1b', "x: 1")
    assert "\x1b" not in told.line()


def test_until_interrupted(told: Running) -> None:
    told.process.send_signal(signal.SIGINT)
    assert told.process.wait(PATIENCE) == 130


def test_until_nobody_reads(loop: Loop) -> None:
    """Without a further change too."""
    process = subprocess.Popen(
        loop.command("watch", "--json"), env=loop.environment, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    time.sleep(1)
    process.stdout.close()
    assert process.wait(PATIENCE) == 141


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("a/x.md", True),
        ("a/b/x.md", True),
        ("x.md", False),
        ("b/x.md", False),
        ("a/no/x.md", False),
        ("a/no/deep/x.md", False),
        ("a/README.md", False),
        ("a/.hidden/x.md", False),
        ("a/.x.md", False),
        ("a/x.txt", False),
    ],
)
def test_where_entities_are(path: str, inside: bool) -> None:
    places = Places(include=("a",), exclude=("a/no",), exclude_files=("README.md",))
    assert is_place(path, places) is inside
    assert is_place("x.md", Places())


def test_a_walk_and_a_watch_agree(sample_vault: Path, clock: Clock) -> None:
    store = VaultStore(str(sample_vault), names=FieldNames(), clock=clock)
    watcher = Watcher(store.handle)
    walked = set(store.locator().paths())
    files = (path.relative_to(sample_vault).as_posix() for path in sample_vault.rglob("*.md"))
    assert {path for path in files if watcher.watches(path)} == walked
    assert watcher.watches("_build/audit_log.jsonl")


class TestOnlyTheVault:
    """What is outside is neither watched nor told, whatever links there are."""

    def watched(self, running: Running) -> int:
        """How many folders the system watches for it."""
        described = Path(f"/proc/{running.process.pid}/fdinfo")
        return sum(one.read_text().count("inotify wd:") for one in described.iterdir())

    def outside(self, loop: Loop) -> Path:
        """A folder with many others, beside the vault."""
        outside = loop.vault.parent / "outside"
        for number in range(50):
            (outside / f"d{number}").mkdir(parents=True)
        (outside / "x.md").write_bytes(loop.path().read_bytes())
        return outside

    def touch(self, outside: Path, number: int = 0) -> None:
        for name in ("x.md", f"new-{number}.md", f"d1/new-{number}.md"):
            with (outside / name).open("a") as file:
                file.write("---\nentity_type: Task\nentity_id: out\nentity_name: n\n---\n")

    def linked(self, loop: Loop) -> Path:
        """A folder outside, to which links in the vault lead."""
        outside = self.outside(loop)
        loop.path("out").symlink_to(outside)
        loop.path("one.md").symlink_to(outside / "x.md")
        loop.path("50_Projects/up").symlink_to("../..")
        return outside

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts inotify watches")
    def test_behind_links_nothing_is_watched(self, loop: Loop) -> None:
        self.linked(loop)
        running = Running(loop, "--json")
        time.sleep(2)
        assert 0 < self.watched(running) < 40
        running.process.kill()
        running.process.wait()

    def test_links_that_are_there(self, loop: Loop) -> None:
        outside = self.linked(loop)
        running = Running(loop, "--json")
        time.sleep(2)
        self.touch(outside)
        assert not running.says_something(2)
        loop("update", "tsk-019-14", "status=doing", "--force")
        assert running.event()["entity_id"] == "tsk-019-14"
        running.process.kill()
        running.process.wait()

    def test_a_link_that_comes_while_it_runs(self, loop: Loop, events: Running) -> None:
        outside = self.outside(loop)
        loop.path("come").symlink_to(outside)
        loop.path("come.md").symlink_to(outside / "x.md")
        self.touch(outside, 1)
        assert not events.says_something(2)

    def test_a_link_in_the_place_of_a_folder(self, loop: Loop, events: Running) -> None:
        """What the folder had is gone; what is changed where it is now is not the vault's."""
        outside = self.outside(loop)
        tasks = loop.path(loop.TASKS)
        there = {path.name for path in tasks.glob("*.md")}
        away = outside / "away"
        tasks.rename(away)
        tasks.symlink_to(outside)
        gone = [events.event() for _each in there]
        assert {(one["action"], one["path"].rpartition("/")[2]) for one in gone} == {
            ("delete", name) for name in there
        }
        self.touch(outside, 2)
        (away / "tsk-019-14.md").write_text("changed")
        assert not events.says_something(2)

    def test_new_folders_are_watched_and_what_came_with_them_told(
        self, loop: Loop, events: Running
    ) -> None:
        loop.write_task("tsk-019-91", folder="30_New/deep/er")
        assert events.event()["entity_id"] == "tsk-019-91"
        time.sleep(1)
        loop.write_task("tsk-019-92", folder="30_New/deep/er")
        assert events.event()["entity_id"] == "tsk-019-92"
        loop.path("30_New").rename(loop.vault.parent / "gone")
        assert {events.event()["action"] for _each in range(2)} == {"delete"}
        assert not events.says_something(1)

    def test_folders_that_the_schema_leaves_out_are_not_watched(self, loop: Loop) -> None:
        schema = loop.path("00_Meta/schema_constants.yaml")
        schema.write_text("paths:\n  include: [yet/to/come]\n  exclude: [yet/to/come/no]\n")
        running = Running(loop, "--json")
        time.sleep(2)
        loop.write_task("tsk-1", folder="50_Projects")
        loop.write_task("tsk-2", folder="yet/to/come/no")
        assert not running.says_something(2)
        loop.write_task("tsk-3", folder="yet/to/come")
        assert running.event()["entity_id"] == "tsk-3"
        running.process.kill()
        running.process.wait()
