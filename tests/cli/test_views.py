"""Views: a query by name, in the vault's settings or the user's."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.cli import views
from loop_cli.config import Settings
from loop_cli.core.names import nfc
from loop_cli.errors import UsageError
from loop_cli.planning import view_text
from loop_cli.wire import find as models

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

OPEN = ("task", "--where", "status!=done", "--sort", "due", "--columns", "entity_id,due")


@pytest.mark.parametrize("name", ["mine", "내 일", "a.b", 'q"uote'])
def test_a_saved_view_lists_what_its_options_list(loop: Loop, name: str) -> None:
    saved = loop("view", "save", name, *OPEN, "--json").json
    models.ViewDocument.model_validate(saved)
    assert loop("list", f"@{name}", "--ids").out == loop("list", *OPEN[:5], "--ids").out
    assert loop("list", f"@{name}", "--csv").out == loop("list", *OPEN, "--csv").out
    text = loop.path(".loop/config.toml").read_text()
    assert tomllib.loads(text)["views"][name]["where"] == ["status!=done"]


def test_options_are_added(loop: Loop) -> None:
    loop("view", "save", "mine", *OPEN)
    both = loop("list", "@mine", "--where", "status=todo", "--limit", "1", "--ids").lines
    assert both == ["tsk-019-14"]


@pytest.mark.parametrize("command", ["board", "agenda"])
def test_board_and_agenda_take_the_types_and_conditions(loop: Loop, command: str) -> None:
    loop("view", "save", "mine", *OPEN)
    more = ("--where", "assignee!=nobody", "--json")
    assert loop(command, "@mine", *more).json == loop(command, *OPEN[:3], *more).json
    assert loop(command, "@mien").code == 3


def test_saving_again_replaces_and_leaves_the_rest_of_the_file(loop: Loop) -> None:
    text = '# ours\nlock_timeout = 3 # s\n\n[views.other]\nsort = "due"\n\n[audit]\nprivate = []\n'
    loop.write(".loop/config.toml", text)
    loop("view", "save", "mine", *OPEN)
    loop("view", "save", "mine", "project")
    assert loop.path(".loop/config.toml").read_text() == (
        text + '\n[views.mine]\ntypes = ["project"]\n'
    )
    assert loop("view", "delete", "other").code == 0
    left = tomllib.loads(loop.path(".loop/config.toml").read_text())
    assert left["views"] == {"mine": {"types": ["project"]}}
    assert left["lock_timeout"] == 3
    assert loop("get", "tsk-019-14", "--json").code == 0


def test_the_users_views_count_first(loop: Loop) -> None:
    loop("view", "save", "mine", "task")
    saved = loop("view", "save", "mine", "project", "--user", "--json").json
    assert Path(saved["origin"]).is_file()
    assert loop("view", "show", "mine", "--json").json["types"] == ["project"]
    listed = loop("view", "list", "--json").json
    models.ViewsDocument.model_validate(listed)
    loop("view", "delete", "mine")
    assert loop("view", "show", "mine", "--json").json["types"] == ["task"]


def test_a_view_that_is_not_there_names_the_nearest(loop: Loop) -> None:
    loop("view", "save", "mine", "task")
    done = loop("list", "@mien", "--json")
    assert (done.code, "did you mean @mine?" in done.error["error"]) == (3, True)


@pytest.mark.parametrize(
    "broken", ["views = 3", "[views.x]\nnope = 1", "[views.x]\nlimit = -1", "[views.x]\nwhere = 3"]
)
def test_a_view_that_is_none_is_a_usage_error_where_views_are_asked_for(
    loop: Loop, broken: str
) -> None:
    loop.write(".loop/config.toml", broken + "\n")
    assert loop("list", "@x").code == 2
    assert loop("get", "tsk-019-14").code == 0


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--where", "status"),
        ("--sort", ","),
        ("--where", "due<soon"),
        ("--where", "stauts=done"),
        ("--where", "entity_type=Taks"),
        ("--sort", "nofield"),
        ("--columns", "entity_id,nofield"),
        ("nosuch",),
        ("@other",),
    ],
)
def test_a_view_that_could_not_list_is_not_saved(loop: Loop, options: tuple[str, ...]) -> None:
    assert loop("view", "save", "mine", *options).code == 2
    assert loop("view", "list").out == ""


def test_one_of_your_own_may_be_for_another_vault(loop: Loop) -> None:
    saved = loop("view", "save", "books", "--where", "rating>3", "--user")
    assert saved.code == 0
    assert "lists nothing in this vault" in saved.err
    assert loop("view", "show", "books").code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_that_it_is_saved_is_said_where_the_result_can_t_be(loop: Loop) -> None:
    for words, said in (
        (("save", "mine", *OPEN), "@mine is saved in .loop/config.toml"),
        (("delete", "mine"), "@mine is deleted from .loop/config.toml"),
    ):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                loop.command("view", *words),
                env=loop.environment,
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert (done.returncode, said in done.stderr.decode()) == (1, True)


def test_without_a_vault_one_is_kept_in_your_own_settings(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no folder: it would be written where nothing reads it."""
    monkeypatch.chdir(own)
    with pytest.raises(UsageError, match="here is none"):
        views.Views(Settings(root=None, values={})).save(
            views.View(name="mine", types=("Task",)), of_user=False
        )
    assert list(own.iterdir()) == []


def test_what_is_replaced_is_said(loop: Loop) -> None:
    first = loop("view", "save", "mine", *OPEN)
    assert (first.code, first.err) == (0, "")
    second = loop("view", "save", "mine", "project")
    assert second.err.startswith("loop: warning: @mine was there and is replaced; it was: loop ")
    assert "'status!=done'" in second.err
    again = loop("view", "save", "mine", "task", "--json").json
    models.ViewDocument.model_validate(again)
    assert again["warnings"] == ["@mine was there and is replaced; it was: loop list project"]
    assert loop("view", "save", "mine", "task", "--user").err == ""


def test_columns_of_a_type_are_settings(loop: Loop) -> None:
    loop.write(".loop/config.toml", '[columns]\nTask = ["entity_id", "due"]\n')
    assert loop("list", "tasks", "--csv").lines[0] == "entity_id,due"
    assert loop("list", "--csv").lines[0].startswith("entity_id,entity_name,status")


def test_an_inited_vault_has_columns_of_its_own(loop: Loop, own: Path) -> None:
    for number, mood in enumerate(("fine", "fine", "bad", "bad", "fine", "bad")):
        text = f"---\ntitle: n{number}\nmood: {mood}\nrating: {number}\n---\n"
        (own / f"n{number}.md").write_text(text)
    assert loop("init", str(own), "--yes").code == 0
    head = loop("list", "--csv", "--vault", str(own)).lines[0]
    assert head == "entity_id,title,mood,rating"


def test_completion_knows_the_views(loop: Loop) -> None:
    loop("view", "save", "mine", "task")
    assert "mine" in loop("__complete", "zsh", "--", "view", "show", "").out
    assert "@mine" in loop("__complete", "zsh", "--", "list", "@").out


NAMES = st.text(min_size=1).map(nfc).filter(lambda one: one.isprintable())


@given(st.dictionaries(NAMES, st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])))))
def test_any_name_and_any_text_come_back(wanted: dict[str, list[str]]) -> None:
    text = "lock_timeout = 1\n"
    for name, where in wanted.items():
        text = view_text.with_table(text, name, {"where": where})
    read = tomllib.loads(text)
    assert read.get("views", {}) == {name: {"where": one} for name, one in wanted.items()}
    for name in wanted:
        text = view_text.with_table(text, name, None)
    assert tomllib.loads(text) == {"lock_timeout": 1}
