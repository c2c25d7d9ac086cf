"""`loop backlinks`: who refers to an entity by a field, and who links to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.wire import life as models_life

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

ID = "tsk-019-14"


@pytest.fixture
def linked(loop: Loop) -> Loop:
    """A task that names it in a field by its id, and links to it; a note and a canvas."""
    loop.write_task("tsk-019-80", f"validates: ['[[{ID}]]']", f"see: '[[{ID}|it]]'")
    loop.write("00_Inbox/memo.md", f"\n`[[{ID}]]` ![x](../{loop.TASK}#part)\n")
    card = f'{{"nodes":[\n{{"type":"file","file":"{loop.TASK}"}}]}}'
    loop.write("board.canvas", card)
    return loop


def found(loop: Loop, entity_id: str = ID) -> list[dict[str, Any]]:
    done = loop("backlinks", entity_id, "--json").json
    models_life.BacklinksDocument.model_validate(done)
    assert (done["entity_id"], done["path"]) == (ID, loop.TASK)
    backlinks: list[dict[str, Any]] = done["backlinks"]
    return backlinks


def test_fields_links_notes_and_canvases(linked: Loop) -> None:
    places = [(one["path"], one["line"], one["field"], one["kind"]) for one in found(linked)]

    task = f"{linked.TASKS}/tsk-019-80.md"
    lines = linked.path(task).read_text().splitlines()
    validates, see = (
        next(at for at, line in enumerate(lines, start=1) if line.startswith(name))
        for name in ("validates", "see")
    )
    assert {
        ("00_Inbox/memo.md", 2, None, "inline"),
        (task, validates, "validates", "reference"),
        (task, see, "see", "wiki"),
        ("board.canvas", 2, None, "card"),
    } <= set(places)
    assert len(places) == len(set(places))
    assert places == sorted(places, key=lambda place: place[:2])
    assert linked.TASK not in {place[0] for place in places}


def test_an_alias_names_it_as_well(loop: Loop) -> None:
    loop.write_task("tsk-019-80", "validates: [rules B and C]")

    said = [one["entity_id"] for one in found(loop) if one["text"] == "rules B and C"]
    assert said == ["tsk-019-80"]


def test_a_table_for_people(linked: Loop) -> None:
    shown = linked("backlinks", ID).out

    assert "tsk-019-80" in shown and "validates" in shown
    assert "00_Inbox/memo.md:2" in shown and "board.canvas:2" in shown


def test_nobody(loop: Loop) -> None:
    done = loop("backlinks", "tsk-019-01")

    assert (done.code, done.out) == (0, "")
    assert "nothing refers or links to it" in done.err


def test_no_such_entity(loop: Loop) -> None:
    assert loop("backlinks", "tsk-019-99", "--json").error["code"] == "not_found"
