"""`loop config`, `loop demo`, `--version`, `--help`: what a newcomer types first."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from loop_cli import __version__
from loop_cli.wire import models

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

COMMANDS = ("get", "update", "log", "config", "demo")
EXAMPLE = re.compile(r"^\s*((?:[A-Z_]+=\S+ )?loop \S.*?)\s*$", re.M)


# -- config ----------------------------------------------------------------------------


def test_config_has_frozen_keys(read_only: Loop) -> None:
    document = read_only("config", "--json").json
    assert list(document) == ["settings", "protocol"]
    assert list(document["protocol"]) == ["exchange", "lease", "window"]
    for row in document["settings"]:
        assert list(row) == ["name", "value", "origin", "variable", "about"]
    models.ConfigDocument.model_validate(document)


def test_config_tells_where_each_value_came_from(loop: Loop) -> None:
    user = loop.home / "config" / "loop" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text('lock_timeout = 3\non_conflict = "rebase"\n[fields]\nname = "title"\n')
    loop.write(".loop/config.toml", 'lock_timeout = 4\non_conflict = "fail"\n')
    document = loop("config", "--json", env={"LOOP_LOCK_TIMEOUT": "5"}).json
    rows = {row["name"]: (row["value"], row["origin"]) for row in document["settings"]}
    assert rows["vault"] == (str(loop.vault), "LOOP_VAULT")
    assert rows["lock_timeout"] == (5, "LOOP_LOCK_TIMEOUT")
    assert rows["on_conflict"] == ("fail", ".loop/config.toml")
    assert rows["fields.name"] == ("title", str(user))
    assert rows["fields.id"] == ("entity_id", "default")
    named = loop("config", "--json", "--vault", str(loop.vault)).json["settings"][0]
    assert (named["value"], named["origin"]) == (str(loop.vault), "--vault")


def test_config_is_a_table_for_people_and_needs_no_vault(loop: Loop) -> None:
    done = loop("config", env={"LOOP_VAULT": None})
    assert (done.code, done.err) == (0, "")
    assert "lock_timeout" in done.out
    assert "writes to this vault" in done.out
    assert list(loop.home.iterdir()) == []


def test_config_leaves_nothing_behind(loop: Loop) -> None:
    assert loop("update", "tsk-019-14", "status=doing", "--force").code == 0
    before = sorted(loop.vault.rglob("*"))
    assert loop("config").code == 0
    assert sorted(loop.vault.rglob("*")) == before


# -- demo ------------------------------------------------------------------------------


def test_demo_walks_through_the_main_job(loop: Loop, tmp_path: Path) -> None:
    target = tmp_path / "new" / "sample"
    done = loop("demo", str(target), env={"LOOP_VAULT": "/nowhere"})
    assert (done.code, done.err) == (0, "")
    for words in ("$ loop get tsk-019-14", "todo → doing", "(exit code 4)", "when you read it"):
        assert words in done.out
    assert re.search(r"! +status +todo +doing +hold", done.out)  # both sides changed it
    assert f"export LOOP_VAULT={target}" in done.out
    assert loop("get", "tsk-019-14", "--vault", str(target), "--field", "status").out == "doing\n"
    again = loop("demo", str(target))
    assert (again.code, again.stdout) == (2, b"")
    assert "not empty" in again.err


def test_demo_without_a_folder_takes_a_temporary_one(loop: Loop, tmp_path: Path) -> None:
    done = loop("demo", env={"TMPDIR": str(tmp_path), "LOOP_RUN_ID": "not a uuid"})
    assert done.code == 0, done.err
    (folder,) = tmp_path.glob("loop-demo-*")
    assert str(folder) in done.out


def test_demo_takes_an_empty_folder_and_refuses_a_file(loop: Loop, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert loop("demo", str(tmp_path / "empty")).code == 0
    (tmp_path / "file").write_text("mine")
    assert loop("demo", str(tmp_path / "file")).code == 2
    assert (tmp_path / "file").read_text() == "mine"


# -- help and version --------------------------------------------------------------------


def test_version_and_no_command(read_only: Loop) -> None:
    assert read_only("--version").out == f"loop {__version__}\n"
    assert read_only(env={"LOOP_VAULT": None}).code == 2
    help_text = read_only("--help")
    assert help_text.code == 0
    for command in COMMANDS:
        assert command in help_text.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_every_example_parses(read_only: Loop, command: str) -> None:
    done = read_only(command, "--help", env={"COLUMNS": "120"})
    assert (done.code, done.err) == (0, "")
    assert read_only(command, "-h").code == 0
    examples = EXAMPLE.findall(done.out.partition("Examples:")[2])
    assert examples
    for example in examples:
        words = [word for word in shlex.split(example, comments=True) if "LOOP_" not in word]
        assert words[:2] == ["loop", command]
        if command == "demo":  # it would fill the home folder
            assert read_only(*words[1:], "--help").code == 0
        else:
            ran = read_only(*words[1:])
            assert ran.code in (0, 3, 4, 5) or "notes.md can't be read" in ran.err, ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("list --limit many", "'many' is not a valid whole number"),
        ("update tsk-019-14 status=done --lock-timeout soon", "'soon' is not a valid number"),
        ("audit verify --lock-timeout soon", "No such option"),
        ("audit rotate --lock-timeout soon", "'soon' is not a valid number"),
    ],
)
def test_a_wrong_value_is_told_in_words(read_only: Loop, arguments: str, said: str) -> None:
    done = read_only(*arguments.split())

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_only_help_needs_no_vault(loop: Loop) -> None:
    for arguments in (("--help",), ("get", "--help"), ("--version",)):
        assert loop(*arguments, env={"LOOP_VAULT": None}).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        "--version",
        "get tsk-019-14 --json",
        "update tsk-019-14 status=doing --force --json",
        "list Task --where status=todo --json --limit 0",
        "search 규칙 --ids",
        "create Task --name x assignee=ops project_id=prj-019 --json",
        "apply -",
        "delete tsk-019-14 --force --json --no-input",
        "log --json",
        "diff tsk-019-13 --since 2026-01-01 --json",
        "history tsk-019-14 --json",
    ],
)
def test_nothing_heavy_is_imported_for_machines(loop: Loop, arguments: str) -> None:
    heavy = {"typer", "pydantic", "rich", "yaml", "frontmatter", "loop_cli.wire.models", "inspect"}
    heavy |= {"importlib.metadata", "typing"}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "loop_cli", *arguments.split()],
        env=loop.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "loop_cli.cli.start" in imported
    assert heavy & imported == set()
