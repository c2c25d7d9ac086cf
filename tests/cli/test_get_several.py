"""`loop get ID...`: several at once, and by the path of a file; `--count`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from loop_cli.wire import models

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

TWO = ("tsk-019-14", "tsk-019-07")


def test_json_has_a_line_for_each_in_the_order_given(read_only: Loop) -> None:
    lines = read_only("get", *TWO, "--json").lines
    assert lines == [read_only("get", one, "--json").out.strip() for one in TWO]
    for line in lines:
        models.EntityDocument.model_validate(json.loads(line))


def test_fields_and_paths_of_each(read_only: Loop) -> None:
    expected = [read_only("get", one, "--field", "etag").out.strip() for one in TWO]
    assert read_only("get", *TWO, "--field", "etag").lines == expected
    assert [one.rpartition("/")[2] for one in read_only("get", *TWO, "--path").lines] == [
        "tsk-019-14.md", "tsk-019-07.md",
    ]  # fmt: skip
    assert all(one in read_only("get", *TWO).out for one in TWO)
    assert read_only("get", *TWO, "--yaml").out.count("\n---\n") == 1


def test_one_that_is_not_there_is_an_error_and_nothing_is_printed(read_only: Loop) -> None:
    done = read_only("get", "tsk-019-14", "tsk-019-999", "--json")
    assert done.code == 3
    assert done.error["entity_id"] == "tsk-019-999"


@pytest.mark.parametrize("option", [("--raw",), ("--path", "x.md")])
def test_what_is_for_one_is_refused_for_several(read_only: Loop, option: tuple[str, ...]) -> None:
    assert read_only("get", *TWO, *option).code == 2


def test_a_path_names_the_entity_in_the_file(read_only: Loop) -> None:
    entity = read_only("get", "tsk-019-14", "--json").json
    assert read_only("get", entity["path"], "--json").json == entity
    here = read_only.path(entity["path"]).parent
    assert read_only("get", "tsk-019-14.md", "--json", cwd=here).json == entity
    whole = str(read_only.path(entity["path"]))
    assert read_only("get", whole, "--json").json == entity


def test_a_path_chooses_where_several_files_carry_the_id(loop: Loop) -> None:
    path = loop.write_task("tsk-019-80")
    copy = path.with_name("copy.md")
    copy.write_text(path.read_text().replace("made", "copied"))
    assert loop("get", "tsk-019-80").code == 7
    assert "copied" in loop("get", f"{loop.TASKS}/copy.md", "--json").json["fields"]["entity_name"]


def test_a_path_of_no_entity_is_not_found(loop: Loop, own: Path) -> None:
    loop.write("note.md", "text\n")
    outside = own / "x.md"
    outside.write_text("---\nentity_id: x\nentity_type: Task\n---\n")
    for one in ("note.md", "nothing.md", str(outside)):
        assert loop("get", one).code == 3


def test_count_is_the_number_of_what_is_listed(read_only: Loop) -> None:
    listed = read_only("list", "task", "--ids").lines
    assert read_only("list", "task", "--count").out == f"{len(listed)}\n"
    assert read_only("list", "--where", "status=nothing", "--count").out == "0\n"
    found = read_only("search", "규칙", "--ids").lines
    assert read_only("search", "규칙", "--count").out == f"{len(found)}\n"
    assert read_only("list", "--count", "--ids").code == 2
