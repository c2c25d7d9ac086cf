"""What every store does with files that are no entities: their links follow a file that moves."""

from __future__ import annotations

import pytest

from loop_cli.core.changes import BodyChange, Edits
from loop_cli.core.commits import EntityChange, Move
from loop_cli.core.entity import Precondition
from loop_cli.errors import ConflictError, EntityNotFound, InvalidFile
from loop_cli.planning.snapshot import etag_of
from loop_cli.wire.models import AuditRecord as RecordModel
from tests.store.conftest import ONE, Bench
from tests.store.life.conftest import commit, is_there, refused

NOTE, BOARD = "inbox/메모.md", "board.canvas"
TEXT = b"\xef\xbb\xbf---\r\nbroken: [\r\n---\r\nsee [[tsk-1]]\r\nno end"
NEW = TEXT.replace(b"tsk-1", b"x")


@pytest.fixture
def noted(bench: Bench) -> Bench:
    bench.harness.edit_outside(NOTE, TEXT)
    bench.harness.edit_outside(BOARD, b"{}")
    return bench


def change(data: bytes = TEXT, new: bytes = NEW, path: str = NOTE) -> EntityChange:
    return EntityChange(
        entity_id=path,
        path=path,
        edits=Edits(body=BodyChange(text=new.decode(), exact=True)),
        precondition=Precondition(if_match=etag_of(data)),
        note=True,
    )


def move(bench: Bench) -> Move:
    seen = bench.change(if_match=bench.find().revision.etag)
    return Move(**{**seen.__dict__, "to": "work/x.md"})


def test_the_text_is_what_was_asked_for_and_nothing_else(noted: Bench) -> None:
    (done,) = commit(noted, change())

    assert noted.harness.bytes_of(NOTE) == NEW == done.after.raw
    assert noted.store.note(NOTE).body == NEW.decode()
    record = noted.records()[-1]
    RecordModel.model_validate(record)
    assert (record["entity_id"], record["entity_type"]) == (NOTE, "Note")
    assert record["diff"] == {"body": {"old": TEXT.decode(), "new": NEW.decode()}}
    assert record["metadata"]["note"] is True
    assert record["metadata"]["etag_after"] == etag_of(NEW)


def test_a_canvas_is_one(noted: Bench) -> None:
    commit(noted, change(b"{}", b'{"nodes": []}', BOARD))

    assert noted.harness.bytes_of(BOARD) == b'{"nodes": []}'


def test_a_change_that_changes_nothing_writes_nothing(noted: Bench) -> None:
    (done,) = commit(noted, change(new=TEXT))

    assert not done.changed and noted.records() == []


def test_with_a_move_all_or_none(noted: Bench) -> None:
    noted.harness.edit_outside(NOTE, TEXT + b" mine")
    group = [move(noted), change()]

    with pytest.raises(ConflictError):
        noted.store.commit(group, origin=noted.origin, atomic=True)

    assert is_there(noted, ONE) and noted.records() == []
    assert noted.harness.bytes_of(NOTE) == TEXT + b" mine"
    group[1] = change(TEXT + b" mine")
    commit(noted, *group, atomic=True)
    assert not is_there(noted, ONE)
    assert noted.harness.bytes_of(NOTE) == NEW


def test_an_entity_is_none(noted: Bench) -> None:
    data = noted.harness.bytes_of(ONE)

    assert isinstance(refused(noted, change(data, data + b"x", ONE)), InvalidFile)
    with pytest.raises(InvalidFile):
        noted.store.note(ONE)


def test_none_becomes_an_entity(noted: Bench) -> None:
    found = refused(noted, change(new=noted.harness.bytes_of(ONE)))

    assert isinstance(found, InvalidFile)
    assert noted.harness.bytes_of(NOTE) == TEXT


@pytest.mark.parametrize(
    "path", [".loop/config.toml", ".git/hooks/x.md", "../x.md", "_build/x.md", "work/x.txt"]
)
def test_other_files_are_none(noted: Bench, path: str) -> None:
    assert isinstance(refused(noted, change(path=path)), InvalidFile)


def test_what_is_not_there(noted: Bench) -> None:
    assert isinstance(refused(noted, change(path="work/none.md")), EntityNotFound)


def test_files_that_may_have_links_and_files_that_links_may_lead_to(noted: Bench) -> None:
    noted.harness.edit_outside("img/p.png", b"")
    found = {one.path: one.entity for one in noted.store.links_to([NOTE, BOARD, ONE])}

    assert {"img/p.png", NOTE, BOARD, ONE} <= set(noted.store.paths())
    assert "img/p.png" not in found
    assert found[NOTE] is None and found[BOARD] is None
    entity = found[ONE]
    assert entity is not None and entity.id == "tsk-1"
    (only,) = (one for one in noted.store.links_to([NOTE]) if one.path == NOTE)
    assert only.data == TEXT
