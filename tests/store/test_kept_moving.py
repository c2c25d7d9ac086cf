"""A file that others keep writing to while we try: given up as a conflict (SPEC §6, step 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.cli import hints
from loop_cli.core.changes import BodyChange, Edits, parse_changes
from loop_cli.core.commits import EntityChange
from loop_cli.core.conflict import Conflict, Resolution
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.errors import ConflictError
from loop_cli.operations import update as operations
from loop_cli.vault.store import VaultStore
from tests.store.conftest import ONE, text

if TYPE_CHECKING:
    from pathlib import Path

    from loop_cli.core.diff import Diff

ORIGIN = Origin(run_id="5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f", actor="user:개발팀")


class Restless:
    """A clock that others write by: whenever loop asks for the time, the file grows a line."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.now = 1_767_950_000_000_000

    def __call__(self) -> int:
        with self.file.open("a") as file:
            file.write("one more line\n")
        self.now += 1
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> VaultStore:
    file = tmp_path / ONE
    file.parent.mkdir()
    file.write_bytes(text("tsk-1", "due: 2026-02-01", "estimated_hours: 1", body="text\n"))
    return VaultStore(str(tmp_path), names=FieldNames(), clock=Restless(file))


def given_up(store: VaultStore, *texts: str, body: BodyChange | None = None) -> Conflict:
    """The conflict of a change that nothing but the edits of others was in the way of."""
    asked: list[Conflict] = []
    change = EntityChange(
        entity_id="tsk-1",
        edits=Edits(changes=parse_changes(texts, read=str), body=body),
        precondition=Precondition(forced=True),
    )

    def resolve(conflict: Conflict) -> Resolution:
        asked.append(conflict)
        return Resolution(apply=True)

    with pytest.raises(ConflictError) as caught:
        operations.update(store, change, origin=ORIGIN, resolve=resolve)
    assert asked == []
    found: Conflict = caught.value.conflict
    return found


def test_it_is_a_conflict_that_no_resolver_is_asked_about(store: VaultStore) -> None:
    found = given_up(store, "status=done")

    assert (found.reason, found.kept_moving) == ("edited_outside", True)
    assert "kept_moving" not in found.as_dict()


def test_it_shows_what_was_asked_for_as_it_would_have_been_written(store: VaultStore) -> None:
    found = given_up(
        store,
        "estimated_hours=5",
        "due!",
        "tags+=c",
        "tags+=d",
        body=BodyChange(text="new\n"),
    )

    requested: Diff = {one.field: one.as_dict() for one in found.fields}
    assert {name: one["requested"] for name, one in requested.items()} == {
        "estimated_hours": 5,
        "due": None,
        "tags": ["a", "b", "c", "d"],
        "body": "new\n",
    }


def test_its_hint_is_to_read_again(store: VaultStore) -> None:
    found = given_up(store, "status=done")

    for one in (found, found.replace(fields=())):
        hint = hints.after_conflict(one, ["update", "tsk-1", "status=done", "--force"])
        assert hint == "loop get tsk-1 --json"
