"""An option that a command does not have: the one that was meant, or nothing; never a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.cli.app import _nearest_options
from loop_cli.cli.command_table import COMMANDS
from loop_cli.cli.parser import parameters

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

OPTIONS = {
    name: [word for one in parameters(name) for word in one.options if word[:2] == "--"]
    for name in COMMANDS
}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("list", "--wher", "x"), "--where"),
        (("update", "x", "--forec"), "--force"),
        (("get", "x", "--rwa"), "--raw"),
        (("log", "--acter", "x"), "--actor"),
        (("list", "--colums", "x"), "--columns"),
        (("update", "x", "--dry"), "--dry-run"),
        (("--versoin",), "--version"),
        (("--no-pagr", "list"), "--no-pager"),
    ],
)
def test_what_is_nearly_one_names_it(words: tuple[str, ...], meant: str, read_only: Loop) -> None:
    done = read_only(*words)
    assert done.code == 2
    assert done.err.splitlines()[0].endswith(f"; did you mean {meant}?")


@pytest.mark.parametrize(
    "words",
    [
        ("log", "--field", "x"),
        ("log", "--until", "x"),
        ("undo", "--since", "x"),
        ("serve", "--json"),
        ("list", "--stauts", "x"),
        ("get", "-x"),
    ],
)
def test_what_is_near_to_none_names_none(words: tuple[str, ...], read_only: Loop) -> None:
    done = read_only(*words)
    assert done.code == 2
    assert "No such option" in done.err
    assert "did you mean" not in done.err


@given(st.data())
def test_two_letters_exchanged_name_the_option(data: st.DataObject) -> None:
    options = OPTIONS[data.draw(st.sampled_from(sorted(name for name in OPTIONS if OPTIONS[name])))]
    option = data.draw(st.sampled_from(options))
    at = data.draw(st.integers(2, len(option) - 2))
    typed = option[:at] + option[at + 1] + option[at] + option[at + 2 :]
    assert option in _nearest_options(typed, options)


class TestFieldsAfterJson:
    @pytest.mark.parametrize("words", [("log",), ("history", "tsk-019-14"), ("board",)])
    def test_the_commands_that_take_some_are_named(
        self, words: tuple[str, ...], read_only: Loop
    ) -> None:
        error = read_only(*words, "--json=run_id").error
        assert "--json=FIELD,FIELD is for get, list and search" in error["error"]
        assert error["code"] == "usage"

    @pytest.mark.parametrize("words", [("get", "tsk-019-14"), ("list", "task"), ("search", "규칙")])
    def test_those_take_them(self, words: tuple[str, ...], read_only: Loop) -> None:
        assert read_only(*words, "--json=entity_id").code == 0


class TestBeforeTheCommand:
    """As git has it: options of the program stand before a command."""

    @pytest.mark.parametrize(
        "words",
        [
            ("list", "task", "--ids"),
            ("get", "tsk-019-14", "--json"),
            ("help", "json"),
            ("update", "tsk-019-14", "status=todo", "--force", "--dry-run", "--json"),
        ],
    )
    @pytest.mark.parametrize("option", ["--no-pager", "--plain"])
    def test_no_pager_and_plain(self, option: str, words: tuple[str, ...], read_only: Loop) -> None:
        assert read_only(option, *words).code == 0

    def test_there_is_no_pager_then(self, loop: Loop) -> None:
        pager = loop.home / "pager"
        pager.write_text("#!/bin/sh\necho PAGED\ncat\n")
        pager.chmod(0o755)
        words = ("schema", "Task")
        assert "PAGED" in loop.on_terminal(*words, LOOP_PAGER=str(pager)).text
        assert "PAGED" not in loop.on_terminal("--no-pager", *words, LOOP_PAGER=str(pager)).text
        assert "PAGED" in loop.on_terminal("help", "json", LOOP_PAGER=str(pager)).text
        shown = loop.on_terminal("--no-pager", "help", "json", LOOP_PAGER=str(pager))
        assert "PAGED" not in shown.text

    def test_it_is_completed(self, read_only: Loop) -> None:
        assert "--no-pager" in read_only("__complete", "zsh", "--", "--no").out
