"""The name of a new field is one line of text, whichever way the change comes in. A field that is
there already can be changed and removed, whatever its name is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core.changes import Change
from loop_cli.core.entity import FieldNames
from loop_cli.core.intent import intend
from loop_cli.core.names import is_field_name
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build
from loop_cli.errors import InvalidChange

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done, Loop

BAD = ["", "  ", "n\0l", "n\nl", "a\u2028b", "\u202ex", "x\t"]
GOOD = ["새 필드", "a b", "x!", "x:", "a.b", "ⓐ", "👩‍👧"]


@pytest.fixture
def place(loop: Loop, own: Path) -> tuple[str, str]:
    (own / "t1.md").write_text("---\ntitle: T\n---\nBody.\n")
    assert loop("init", str(own), "--yes").code == 0
    return "--vault", str(own)


def by_apply(loop: Loop, fields: dict[str, Any], place: tuple[str, str]) -> Done:
    line = json.dumps({"id": "t1", "set": fields})
    return loop("apply", "-", "--force", "--json", *place, stdin=line)


def by_update(loop: Loop, fields: dict[str, Any], place: tuple[str, str]) -> Done:
    given = json.dumps(fields)
    return loop("update", "t1", "--set-json", "-", "--force", "--json", *place, stdin=given)


def by_apply_create(loop: Loop, fields: dict[str, Any], place: tuple[str, str]) -> Done:
    line = json.dumps({"op": "create", "type": "Note", "name": "N", "set": fields})
    return loop("apply", "-", "--json", *place, stdin=line)


WAYS = [by_apply, by_update, by_apply_create]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_a_name_that_is_no_line_is_refused(
    loop: Loop,
    own: Path,
    place: tuple[str, str],
    way: Callable[[Loop, dict[str, Any], tuple[str, str]], Done],
    name: str,
) -> None:
    before = (own / "t1.md").read_bytes()

    done = way(loop, {name: "v", "good": "v"}, place)

    assert done.code == 6
    said = json.loads((done.stdout or done.stderr).splitlines()[0])
    (problem,) = said["problems"]
    assert (problem["field"], problem["problem"]) == (name, "name")
    assert f"{name!r} can't be the name of a field" in said["error"]
    assert (own / "t1.md").read_bytes() == before
    assert loop("list", "--ids", *place).lines == ["t1"]


@pytest.mark.parametrize("name", ["n\0l", "n\nl", " "], ids=ascii)
def test_on_the_command_line_too(loop: Loop, place: tuple[str, str], name: str) -> None:
    if "\0" not in name:  # which no argument of a program can hold
        assert loop("update", "t1", f"{name}=v", "--force", *place).code == 6
        assert loop("create", "Note", "--name", "N", f"{name}=v", *place).code == 6
    assert loop("schema", "allow", "Note", name.replace("\0", "\t"), *place).code == 2


@pytest.mark.parametrize("name", GOOD)
def test_any_other_is_written_and_can_be_removed(
    loop: Loop, own: Path, place: tuple[str, str], name: str
) -> None:
    assert by_apply(loop, {name: "v"}, place).code == 0
    assert loop("get", "t1", "--json", *place).json["fields"][name] == "v"
    line = json.dumps({"id": "t1", "unset": [name]})
    assert loop("apply", "-", "--force", *place, stdin=line).code == 0
    assert name not in loop("get", "t1", "--json", *place).json["fields"]


@pytest.mark.parametrize(
    ("name", "written"), [("", "''"), ("n\0l", r'"n\0l"'), ("n\nl", r'"n\nl"')], ids=ascii
)
def test_one_that_is_there_can_be_changed_and_removed(
    loop: Loop, own: Path, place: tuple[str, str], name: str, written: str
) -> None:
    (own / "t1.md").write_text(f"---\ntitle: T\n{written}: v\n---\nBody.\n")
    assert repr(name) in loop("check", *place).out
    assert by_apply(loop, {name: "w"}, place).code == 0
    assert f"{written}: w\n" in (own / "t1.md").read_text()
    if name:
        line = json.dumps({"id": "t1", "unset": [name]})
        assert loop("apply", "-", "--force", *place, stdin=line).code == 0
    else:
        assert loop("update", "t1", "--unset", "", "--force", *place).code == 0
    assert written not in (own / "t1.md").read_text()
    assert loop("undo", "--last", "--yes", *place).code == 0
    assert f"{written}: w\n" in (own / "t1.md").read_text()


@given(st.text(max_size=4), st.booleans())
def test_only_such_names_become_fields(name: str, is_there: bool) -> None:
    rules = Rules(build({"open": True, "entity_types": ["x"]}), FieldNames())
    fields = {name: "old"} if is_there else {}
    change = Change(path=(name,), operation="set", value="new", typed=True)
    if name in rules.names.read_only():
        return
    try:
        made = intend(fields, [change], entity_id="e", entity_type="x", rules=rules).fields
    except InvalidChange as error:
        codes = {one["problem"] for one in error.details["problems"]}
        assert codes != {"name"} or not (is_there or is_field_name(name))
    else:
        assert is_there or is_field_name(name)
        assert made[name] == "new"
