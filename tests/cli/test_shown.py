"""How values and names are shown: the same at every place, and a name in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

PERSON = "owner: {name: Kim, mail: k@x}"


@pytest.fixture
def task(loop: Loop) -> Loop:
    """A vault with a task that has a mapping, and a name of two lines."""
    loop.path("00_Meta/schema_constants.yaml").unlink()
    folder = loop.path(".loop")
    folder.mkdir(exist_ok=True)
    (folder / "schema.yaml").write_text("open: true\nentity_types: [Task]\n")
    path = loop.path("n/t-1.md")
    path.parent.mkdir()
    path.write_text(
        "---\nentity_id: t-1\nentity_type: Task\n"
        f'entity_name: "two\\nlines"\nstatus: todo\ndue: 2026-01-01\n{PERSON}\n---\n'
    )
    return loop


@pytest.mark.parametrize(
    "command",
    [
        ("board", "--where", "entity_id=t-1"),
        ("board", "--where", "entity_id=t-1", "--by", "owner"),
        ("agenda", "--where", "entity_id=t-1"),
        ("list", "--where", "entity_id=t-1", "--columns", "entity_id,owner"),
        ("get", "t-1"),
    ],
)
def test_a_mapping(task: Loop, command: tuple[str, ...]) -> None:
    done = task(*command)
    assert done.code == 0, done.err
    assert "{name: Kim, mail: k@x}" in done.out


def test_a_mapping_as_json(task: Loop) -> None:
    columns = task("board", "--json", "--where", "entity_id=t-1").json["columns"]
    [card] = [card for one in columns for card in one["cards"]]
    assert card["who"] == "{name: Kim, mail: k@x}"


@pytest.mark.parametrize(
    "command",
    [
        ("list", "--where", "entity_id=t-1"),
        ("board", "--where", "entity_id=t-1"),
        ("agenda", "--where", "entity_id=t-1"),
        ("get", "t-1"),
        ("update", "t-1", "status=doing", "--force"),
        ("update", "--where", "entity_id=t-1", "status=doing", "--dry-run"),
        ("search", "two"),
        ("diff", "t-1", "--since", "1"),
        ("history", "t-1"),
        ("delete", "t-1", "--dry-run", "--force"),
    ],
)
def test_a_name_of_two_lines_is_one_line(task: Loop, command: tuple[str, ...]) -> None:
    task("update", "t-1", "notes=x", "--force")
    done = task(*command)
    assert done.code == 0, done.err
    head = next(line for line in done.lines if "t-1" in line)
    assert "two" in head.replace("«", "").replace("»", "")
    assert r"\nlines" in head.replace("…", r"\nlines")


def test_a_new_field_that_is_null(task: Loop) -> None:
    done = task("update", "t-1", "nf:=null", "--force")
    [line] = [one for one in done.lines if one.strip().startswith("nf")]
    assert line.endswith("(new)")
    assert "written again" not in done.out


def test_what_does_not_move_and_why(loop: Loop) -> None:
    text = loop.path().read_text().replace("entity_type: Task", "entity_type: task")
    loop.path().write_text(text)
    done = loop("move", "tsk-019-14", "--project", "prj-020", "--force")
    assert done.code == 6
    assert "has the type 'task', and only a 'Task' moves: the type is spelled so" in done.err
