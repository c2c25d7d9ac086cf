"""A second file with an id that came by a sync: a write that does not name the bytes of the file it
means finds it first, wherever it lies, and acts on neither of the two."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from loop_cli.core.changes import Change, Edits
from loop_cli.core.commits import Delete, EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.failures import AmbiguousId
from loop_cli.vault.store import VaultStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Loop

TASK = "tsk-019-14"
OLD = 10**9  # seconds
ARRIVALS = ["30_Ontology/copy.md", "new folder/deep/er/copy.md", "copy.md"]


def age(loop: Loop) -> None:
    """Make all files and folders old, and let loop look at them as they are then."""
    for folder, names, files in os.walk(loop.vault):
        for name in (*names, *files):
            with suppress(OSError):
                os.utime(os.path.join(folder, name), (OLD, OLD))
    os.utime(loop.vault, (OLD, OLD))
    assert loop("list", "--json").code == 0


def arrive(loop: Loop, path: str, text: str | None = None) -> Path:
    """A file comes as a sync brings it: whole, with its own old time."""
    place = loop.path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_suffix(".tmp")
    new.write_text(loop.path().read_text() if text is None else text)
    os.utime(new, (OLD, OLD))
    new.rename(place)
    return place


def entity(entity_id: str, *lines: str) -> str:
    head = [f"entity_id: {entity_id}", "entity_type: Memo", *lines]
    return "\n".join(["---", *head, "---", "text", ""])


@pytest.fixture(autouse=True)
def _aged(loop: Loop) -> None:
    loop("update", TASK, "status=doing", "--force")
    age(loop)


WRITES = {
    "update --force": ("update", TASK, "status=done", "--force"),
    "update by time": ("update", TASK, "status=done", "--expected-updated-at", "{time}"),
    "delete --force": ("delete", TASK, "--force", "--orphan"),
    "delete --archive": ("delete", TASK, "--force", "--orphan", "--archive"),
    "move --force": ("move", TASK, "--project", "prj-020", "--force"),
    "rename": ("rename", TASK, "--yes"),
    "undo": ("undo", TASK, "--yes"),
}


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("write", ["update --force", "delete --force"])
def test_one_that_came_to_any_folder_is_met(loop: Loop, write: str, arrival: str) -> None:
    copy = arrive(loop, arrival)
    records = loop.records

    done = loop(*WRITES[write])

    assert done.code == 7, done.err
    assert arrival in done.err
    assert (copy.exists(), loop.path().exists(), loop.records) == (True, True, records)


@pytest.mark.parametrize("write", WRITES)
def test_whatever_the_write(loop: Loop, write: str) -> None:
    reported = loop("get", TASK, "--field", "updated_at").out.strip()
    arrive(loop, ARRIVALS[0])
    records = loop.records

    done = loop(*(one.format(time=reported) for one in WRITES[write]))

    assert (done.code, loop.records) == (7, records), done.err


def test_a_file_that_became_one_by_a_pull_is_met(loop: Loop) -> None:
    """Its name is known, and its content another."""
    arrive(loop, "notes/other.md", entity("other"))
    age(loop)
    arrive(loop, "notes/other.md")

    assert loop(*WRITES["update --force"]).code == 7


def test_an_alias_gives_way_to_the_id_that_came(loop: Loop) -> None:
    arrive(loop, "notes/first.md", entity("first", "aliases: [meant]"))
    age(loop)
    arrive(loop, "elsewhere/second.md", entity("meant"))

    assert loop("update", "meant", "notes=x", "--force").code == 0
    assert "notes: x" in loop.path("elsewhere/second.md").read_text()
    assert "notes" not in loop.path("notes/first.md").read_text()


def test_one_of_two_that_went_leaves_no_doubt(loop: Loop) -> None:
    copy = arrive(loop, ARRIVALS[0])
    assert loop(*WRITES["update --force"]).code == 7
    copy.unlink()

    assert loop(*WRITES["update --force"]).code == 0


def test_a_path_chooses(loop: Loop) -> None:
    copy = arrive(loop, ARRIVALS[0])

    assert loop(*WRITES["update --force"], "--path", ARRIVALS[0]).code == 0
    assert "status: done" in copy.read_text()


def test_a_person_is_told_before_anything_is_asked(loop: Loop) -> None:
    arrive(loop, ARRIVALS[0])

    for command in ("update", "delete"):
        words = ("status=done",) if command == "update" else ("--orphan",)
        screen = loop.on_terminal(command, TASK, *words, replies=(("[y/N]", "n\r"),))
        assert (screen.code, "[y/N]" in screen.text) == (7, False)


class TestUnderTheLock:
    """What comes while the write waits for its turn."""

    @pytest.fixture
    def store(self, loop: Loop, tmp_path: Path) -> Callable[[], VaultStore]:
        def opened() -> VaultStore:
            return VaultStore(
                str(loop.vault),
                names=FieldNames(),
                clock=lambda: time.time_ns() // 1000,
                cache=str(tmp_path / "cache"),
            )

        return opened

    @pytest.mark.parametrize("kind", ["update", "delete"])
    @pytest.mark.parametrize("own_reading", [False, True])
    def test_a_second_one_is_met(
        self, loop: Loop, store: Callable[[], VaultStore], kind: str, own_reading: bool
    ) -> None:
        etag = store().find(TASK).revision.etag
        seen = Precondition(forced=True)
        if own_reading:
            seen = Precondition(if_match=etag, own_reading=True)
        edits = Edits(changes=(Change.to(("status",), "done"),))
        change: EntityChange | Delete = Delete(entity_id=TASK, precondition=seen, orphan=True)
        if kind == "update":
            change = EntityChange(entity_id=TASK, edits=edits, precondition=seen)
        outcomes = []
        origin = Origin(run_id="5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f", actor="user:개발팀")
        writer = threading.Thread(
            target=lambda: outcomes.extend(store().commit([change], origin=origin))
        )
        before = loop.path().read_bytes()
        with store().lock():
            writer.start()
            time.sleep(0.5)
            arrive(loop, ARRIVALS[1])
        writer.join()

        assert [type(one) for one in outcomes] == [AmbiguousId]
        assert loop.path().read_bytes() == before


def test_one_that_names_the_bytes_is_not_kept_from_them(loop: Loop) -> None:
    """The caller has read this very file."""
    etag = loop.etag()
    arrive(loop, ARRIVALS[0])

    assert loop("update", TASK, "status=done", "--if-match", etag).code == 0
