"""Every form of SPEC §4's table, and what is refused as usage (exit 2)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loop_cli.core.changes import (
    BodyChange,
    Change,
    Edits,
    parse_change,
    parse_changes,
)
from loop_cli.core.names import listed_items
from loop_cli.errors import Action, UsageError

FILES = {"notes.txt": "line 1\r\nline 2\n\n", "-": "from standard input", "a=b": "odd name"}


def parsed(text: str) -> Change:
    return parse_change(text, read=FILES.__getitem__)


def changes(*texts: str, **more: Any) -> tuple[Change, ...]:
    return parse_changes(texts, read=FILES.__getitem__, **more)


def text_of(*path: str, value: str) -> Change:
    return Change(path=path, operation="set", value=value)


def json_of(*path: str, value: Any) -> Change:
    return Change(path=path, operation="set", value=value, typed=True)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("status=done", text_of("status", value="done")),
        ("notes=", text_of("notes", value="")),
        ("notes= two  words ", text_of("notes", value=" two  words ")),
        ("notes=첫 줄\n둘째 줄", text_of("notes", value="첫 줄\n둘째 줄")),
        ("confidence:=0.5", json_of("confidence", value=0.5)),
        ("due:=null", json_of("due", value=None)),
        ('tags:=["a", "b"]', json_of("tags", value=["a", "b"])),
        ('m:={"x": {"y": 1}}', json_of("m", value={"x": {"y": 1}})),
        ("n:= true ", json_of("n", value=True)),
        ('n:="=@x"', json_of("n", value="=@x")),
        ("notes=@notes.txt", text_of("notes", value="line 1\r\nline 2\n\n")),
        ("notes=@-", text_of("notes", value="from standard input")),
        ("notes=@a=b", text_of("notes", value="odd name")),
        ("notes=@@x", text_of("notes", value="@x")),
        ("notes=@@", text_of("notes", value="@")),
        ("notes=@@@x", text_of("notes", value="@@x")),
        ("notes= @x", text_of("notes", value=" @x")),
        ("tags+=new", Change(path=("tags",), operation="add", value="new")),
        ("tags-=old", Change(path=("tags",), operation="remove", value="old")),
        ("tags+=@x", Change(path=("tags",), operation="add", value="@x")),
        ("tags+=a,b", Change(path=("tags",), operation="add", value="a,b")),
        ("due!", Change(path=("due",), operation="unset")),
        ("outer.inner!", Change(path=("outer", "inner"), operation="unset")),
        ("outer.inner=1", text_of("outer", "inner", value="1")),
        (r"v1\.2=x", text_of("v1.2", value="x")),
        ("outer.list+=x", Change(path=("outer", "list"), operation="add", value="x")),
        ("이름=값", text_of("이름", value="값")),
    ],
)
def test_a_form_means_what_the_table_says(text: str, change: Change) -> None:
    assert parsed(text) == change


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("a=b:=c", text_of("a", value="b:=c")),
        ("a=b+=c", text_of("a", value="b+=c")),
        ("a==", text_of("a", value="=")),
        ("a=!", text_of("a", value="!")),
        ("a+==b", Change(path=("a",), operation="add", value="=b")),
        ("a-=@b=c", Change(path=("a",), operation="remove", value="@b=c")),
        ("a:b=c", text_of("a:b", value="c")),
        ("a-b=c", text_of("a-b", value="c")),
        ("a!b=c", text_of("a!b", value="c")),
        ("a-b!", Change(path=("a-b",), operation="unset")),
    ],
)
def test_the_operator_is_the_leftmost_and_all_after_it_is_the_value(
    text: str, change: Change
) -> None:
    assert parsed(text) == change


@given(st.text(), st.sampled_from(["=", "+=", "-="]))
def test_any_text_can_be_a_value(value: str, operator: str) -> None:
    if operator == "=" and value.startswith("@"):
        value = "@" + value
    if operator == "+=":
        assume(listed_items(value))

    found = parsed(f"field{operator}{value}")

    assert found.path == ("field",)
    assert found.value == (value[1:] if operator == "=" and value.startswith("@") else value)


@pytest.mark.parametrize(
    "text",
    [
        "a!=b",
        "a!!",
        "a+!",
        "a-!",
        "a:!",
        "a+:=1",
        "a-:=1",
        "a::=1",
        "a!:=1",
        "a++=b",
        "a-+=b",
        "a:+=b",
        "a!-=b",
        "a--=b",
        "outer.in!=x",
    ],
)
def test_a_key_that_ends_in_an_operators_sign_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="ends in") as caught:
        parsed(text)

    assert caught.value.hint == Action("example", of="any_name")


def test_unset_refuses_such_a_key_too_and_set_json_has_any() -> None:
    with pytest.raises(UsageError, match="ends in"):
        changes(unset=["a!"])

    assert changes(fields={"a!": 1, "x.y": 2, "+": 3}) == (
        json_of("a!", value=1),
        json_of("x.y", value=2),
        json_of("+", value=3),
    )


@pytest.mark.parametrize(
    "text", ["", "status", "=x", ":=1", "+=x", "!", ".a=x", "a.=x", "a..b=x", ".=x"]
)
def test_what_names_no_field_or_has_no_operator_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parsed(text)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "done",
        "'x'",
        "[1,]",
        "{a: 1}",
        "1 2",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "[-1e999]",
        '{"a": 1, "a": 2}',
        "[" * 100_000,
        "9" * 5000,
    ],
)
def test_what_is_no_json_value_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match=r"not JSON|too deeply") as caught:
        parsed(f"field:={value}")

    assert caught.value.exit_code == 2


class TestSeveral:
    """Which changes may stand together in one command."""

    def test_changes_of_different_fields_keep_their_order(self) -> None:
        found = changes("b=1", "a.x=2", "a.y=3", "c!", unset=["d"], fields={"e": 5})

        assert [change.name for change in found] == ["b", "a.x", "a.y", "c", "d", "e"]

    def test_several_list_changes_of_one_field_are_fine(self) -> None:
        assert len(changes("tags+=a", "tags-=b", "tags+=c")) == 3

    @pytest.mark.parametrize(
        "texts",
        [
            ("a=1", "a=1"),
            ("a=1", "a:=1"),
            ("a=1", "a!"),
            ("a!", "a!"),
            ("a+=x", "a=1"),
            ("a=1", "a-=x"),
            ("a=1", "a.b=2"),
            ("a.b.c=1", "a!"),
            ("a.b+=1", "a+=2"),
        ],
    )
    def test_any_other_pair_on_a_field_or_its_parent_is_refused(
        self, texts: tuple[str, str]
    ) -> None:
        with pytest.raises(UsageError, match="two changes of"):
            changes(*texts)

    def test_every_door_counts(self) -> None:
        with pytest.raises(UsageError, match="two changes of a"):
            changes("a=1", unset=["a"])
        with pytest.raises(UsageError, match="two changes of a"):
            changes("a=1", fields={"a": 2})

    def test_a_literal_dotted_key_is_no_nested_field(self) -> None:
        assert len(changes("a.b=1", fields={"a.b": 2})) == 2

    def test_names_that_only_begin_alike_do_not_overlap(self) -> None:
        assert len(changes("a=1", "ab=2", "a_b.c=3")) == 3


@pytest.mark.parametrize("text", ["tags+=", "tags+= ", "tags+=,", "tags+= , "])
def test_nothing_is_no_item_to_add(text: str) -> None:
    with pytest.raises(UsageError, match="names no item to add"):
        parsed(text)


def test_an_empty_item_that_is_there_can_be_removed() -> None:
    assert parsed("tags-=").value == ""


def test_edits_are_true_where_there_is_something_to_do() -> None:
    assert not Edits()
    assert Edits(changes=(text_of("a", value="1"),))
    assert Edits(body=BodyChange(text=""))
