"""What `loop watch` and the events of a server tell: each edit outside, also right before or after
a change of ours, and no change of ours as one outside, whenever the watcher comes to look."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import Delete, EntityChange
from loop_cli.core.entity import Precondition
from loop_cli.core.records.record import Origin
from loop_cli.errors import only
from loop_cli.system import platform
from loop_cli.vault.commit import landing
from loop_cli.vault.upkeep.watch import Watcher
from tests.store.folder import Folder, entity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loop_cli.core.upkeep import Happening
    from loop_cli.vault.store import VaultStore

ORIGIN = Origin(run_id="00000000-0000-4000-8000-000000000000", actor="user:x")
FORCED = Precondition(forced=True)
ONE = "n/one.md"
SCHEMA = b"open: true\nentity_types: [Task]\npaths: {exclude: [old]}\n"


class Watched:
    """A vault with one entity, its store, and a watcher that has begun."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(root)
        self.folder.put(".loop/schema.yaml", SCHEMA)
        self.folder.put(ONE, entity("one", "status: a", "tags: [x]", "in: {ner: 1}", body="text\n"))
        self.store: VaultStore = self.folder.store()
        self.watcher = Watcher(self.store.handle)
        assert self.look() == []

    def ours(self, *texts: str) -> None:
        edits = Edits(changes=parse_changes(list(texts), read=str))
        change = EntityChange(entity_id="one", edits=edits, precondition=FORCED)
        only(self.store.commit([change], origin=ORIGIN))

    def delete(self) -> None:
        only(self.store.commit([Delete(entity_id="one", precondition=FORCED)], origin=ORIGIN))

    def outside(self, old: str, new: str) -> None:
        path = self.folder.root / ONE
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    def look(self, *paths: str) -> list[Happening]:
        return list(self.watcher.happenings([ONE, *paths]))

    def told(self) -> list[Any]:
        """The kind of each event, and the fields."""
        return [(one.as_dict()["event"], one.as_dict()["modified_fields"]) for one in self.look()]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ("status: b", "status: OUT", ["status"]),
        ("tags: [x]", "tags: [y]", ["tags"]),
        ("text", "other", ["body"]),
        ("status: b\n", "", ["status"]),
    ],
)
def test_right_after_ours(watched: Watched, old: str, new: str, fields: list[str]) -> None:
    """The watcher reads the log and the file only when both have happened."""
    watched.ours("status=b")
    watched.outside(old, new)
    assert watched.told() == [("inside", ["status"]), ("outside", fields)]
    assert watched.told() == []


def test_right_after_ours_inside_a_mapping(watched: Watched) -> None:
    """A digest of the whole field is known; what it is after a change within it is not."""
    watched.ours("in.ner=2")
    watched.outside("ner: 2", "ner: 3")
    assert watched.told() == [("inside", ["in.ner"]), ("outside", None)]


def test_right_before_ours(watched: Watched) -> None:
    watched.outside("tags: [x]", "tags: [y]")
    watched.ours("status=b")
    assert watched.told() == [("outside", None), ("inside", ["status"])]
    assert watched.told() == []


def test_between_two_of_ours(watched: Watched) -> None:
    watched.ours("status=b")
    watched.outside("tags: [x]", "tags: [y]")
    watched.ours("status=c")
    assert [kind for kind, _fields in watched.told()] == ["inside", "outside", "inside"]


def test_put_back_outside_to_what_it_was_before_ours(watched: Watched) -> None:
    before = (watched.folder.root / ONE).read_bytes()
    watched.ours("status=b")
    watched.folder.put(ONE, before)
    assert watched.told() == [("inside", ["status"]), ("outside", ["status"])]


def test_removed_outside_right_after_ours(watched: Watched) -> None:
    watched.ours("status=b")
    (watched.folder.root / ONE).unlink()
    assert [one.action for one in watched.look()] == ["update", "delete"]


def test_there_again_right_after_our_deletion(watched: Watched) -> None:
    before = (watched.folder.root / ONE).read_bytes()
    watched.delete()
    watched.folder.put(ONE, before)
    assert [(one.action, one.record is None) for one in watched.look()] == [
        ("delete", False),
        ("create", True),
    ]


def land_slowly(monkeypatch: pytest.MonkeyPatch, look: Callable[[], object]) -> None:
    """Look after the record is in the log, and before the file is new, as on a system without
    leases; where there are some, whoever opens the file waits until it is new."""
    monkeypatch.setattr(platform.Lease, "_take", lambda _self: False)
    land = landing._land

    def slow(*arguments: Any) -> None:
        look()
        land(*arguments)

    monkeypatch.setattr(landing, "_land", slow)


@pytest.mark.parametrize("work", ["ours", "delete"])
def test_a_change_of_ours_that_has_not_landed_yet(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    """The log has the record; the file is as before. No event of the file may come later."""
    seen: list[Happening] = []
    land_slowly(monkeypatch, lambda: seen.extend(watched.look()))
    watched.ours("status=b") if work == "ours" else watched.delete()
    assert [one.record is None for one in seen] == [False]
    assert list(watched.watcher.happenings([])) == []


def test_a_change_of_ours_that_has_not_landed_yet_and_is_put_back(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is looked at again, although nothing says that it has changed."""
    before = (watched.folder.root / ONE).read_bytes()
    land_slowly(monkeypatch, watched.look)
    watched.ours("status=b")
    watched.folder.put(ONE, before)
    assert [one.record for one in watched.watcher.happenings([])] == [None]


def test_ours_while_the_watcher_reads(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log was read, then comes a change of ours, then the file is read."""
    read, values = watched.watcher._read, iter("bcd")

    def late(path: str) -> Any:
        value = next(values, None)
        if value is not None:
            watched.ours(f"status={value}")
        return read(path)

    monkeypatch.setattr(watched.watcher, "_read", late)
    found = [*watched.told(), *watched.told()]
    assert found == [("inside", ["status"])] * 3


def test_a_file_in_a_folder_that_is_not_watched(watched: Watched) -> None:
    """It was there before; nobody has edited it outside."""
    path = "old/two.md"
    watched.folder.put(path, entity("two", "status: a"))
    edits = Edits(changes=parse_changes(["status=b"], read=str))
    change = EntityChange(entity_id="two", path=path, edits=edits, precondition=FORCED)
    only(watched.store.commit([change], origin=ORIGIN))
    assert watched.told() == [("inside", ["status"])]


STEPS = st.lists(st.sampled_from(["ours", "outside", "delete", "look"]), max_size=12)


@settings(max_examples=60)
@given(steps=STEPS)
def test_whatever_comes_in_whatever_order(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each change of ours is told once; so is what was done outside since the last of ours or the
    last look, and only that."""
    root = tmp_path_factory.mktemp("vault")
    watched = Watched(root)
    there, dirty = True, False
    expected: list[bool] = []
    found: list[bool] = []
    for number, step in enumerate([*steps, "look"]):
        if step == "look":
            expected += [False] if dirty else []
            dirty = False
            found += [one.record is not None for one in watched.look()]
        elif step == "outside":
            text = entity("one", "status: a", f"number: {number}")
            watched.folder.put(ONE, text, old=False)
            there = dirty = True
        elif there:
            expected += [False, True] if dirty else [True]
            dirty = False
            watched.ours(f"number:={number}") if step == "ours" else watched.delete()
            there = step == "ours"
    assert found == expected
    shutil.rmtree(root)
