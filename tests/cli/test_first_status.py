"""The status that a new entity gets without asking: only where its type has one, and never one that
says the work has ended. In vaults that `loop init` made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml12

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


def lay_out(folder: Path, statuses: list[str]) -> None:
    """Tasks t1, t2, ... with these statuses, and a person, who has none."""
    for number, status in enumerate(statuses, start=1):
        text = f"---\ntype: task\ntitle: T{number}\nstatus: {status}\ntags: [a]\n---\n"
        (folder / "task").mkdir(exist_ok=True)
        (folder / f"task/t{number}.md").write_text(text)
    (folder / "person").mkdir()
    (folder / "person/Kim.md").write_text("---\ntype: person\ntitle: Kim\n---\n")


def made_of(loop: Loop, folder: Path, statuses: list[str]) -> tuple[str, str]:
    lay_out(folder, statuses)
    assert loop("init", str(folder), "--yes").code == 0
    return "--vault", str(folder)


class TestATypeWithoutOne:
    @pytest.fixture
    def place(self, loop: Loop, own: Path) -> tuple[str, str]:
        return made_of(loop, own, ["done", "todo"] * 10)

    @pytest.mark.parametrize("template", [(), ("--template", "plain")])
    def test_gets_none(self, loop: Loop, place: tuple[str, str], template: tuple[str, ...]) -> None:
        made = loop("create", "person", "--name", "Lee", *template, "--json", *place).json
        assert "status" not in made["fields"]
        assert "warnings" not in made
        assert loop("check", "--json", *place).json["findings"] == []

    @pytest.mark.parametrize("given", [(), ("status:=null",)])
    def test_can_be_made_where_the_schema_is_closed(
        self, loop: Loop, place: tuple[str, str], given: tuple[str, ...]
    ) -> None:
        assert loop("schema", "close", *place).code == 0
        done = loop("create", "person", "--name", "Park", *given, *place)
        assert done.code == (6 if given else 0), done.err

    def test_gets_none_by_apply(self, loop: Loop, place: tuple[str, str]) -> None:
        line = json.dumps({"op": "create", "type": "person", "name": "Choi"})
        (made,) = map(json.loads, loop("apply", "-", "--json", *place, stdin=line).lines)
        assert "warnings" not in made
        assert loop("get", "Choi", "--field", "status", *place).out.strip() in ("", "null")

    def test_is_no_type_of_the_schema(self, loop: Loop, place: tuple[str, str]) -> None:
        made = loop("create", "Note", "--name", "Today", "--json", *place)
        assert "status" not in (made.out + made.err)

    def test_even_where_most_types_have_one(self, loop: Loop, own: Path) -> None:
        (own / "idea").mkdir()
        for number in range(4):
            text = f"---\ntype: idea\ntitle: I{number}\nstatus: todo\n---\n"
            (own / f"idea/i{number}.md").write_text(text)
        place = made_of(loop, own, ["done", "todo"] * 3)
        made = loop("create", "person", "--name", "Lee", "--json", *place).json
        assert "status" not in made["fields"]
        assert loop("check", "--json", *place).json["findings"] == []


class TestANewTask:
    @pytest.mark.parametrize(
        ("statuses", "values"),
        [
            (["todo"] * 3 + ["done"] * 9, ["todo", "done"]),
            (["done"] * 9 + ["doing"] * 4 + ["todo"] * 2, ["todo", "doing", "done"]),
            (["완료"] * 9 + ["진행"] * 3 + ["할 일"] * 3, ["할 일", "진행", "완료"]),
            (["Cancelled"] * 9 + ["b"] * 5 + ["a"] * 3, ["b", "a", "Cancelled"]),
        ],
    )
    def test_is_not_born_finished(
        self, loop: Loop, own: Path, statuses: list[str], values: list[str]
    ) -> None:
        place = made_of(loop, own, statuses)
        schema: Any = yaml12.parse_yaml((own / ".loop/schema.yaml").read_text())
        assert schema["status"]["values"] == values
        made = loop("create", "task", "--name", "Fresh", "--json", *place).json
        assert made["fields"]["status"] == values[0]
        line = json.dumps({"op": "create", "type": "task", "name": "Next"})
        loop("apply", "-", "--json", *place, stdin=line)
        assert loop("get", "Next", "--field", "status", *place).out.strip() == values[0]


@pytest.mark.parametrize(("count", "required"), [(2, False), (3, True)])
def test_what_tells_entities_apart_is_required_from_three_files_on(
    loop: Loop, own: Path, count: int, *, required: bool
) -> None:
    """any-folder.md says so; other fields need twenty files (see `test_init`)."""
    for number in range(count):
        (own / f"n{number}.md").write_text(f"---\ntype: x\ntitle: N{number}\nmood: b\n---\n")
    assert loop("init", str(own), "--yes").code == 0
    place = "--vault", str(own)
    assert (loop("update", "n1", "title!", "--force", *place).code == 6) == required
    assert loop("update", "n1", "mood!", "--force", *place).code == 0
