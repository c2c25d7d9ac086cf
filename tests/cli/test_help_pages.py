"""The help of the commands: groups, forms of EXPR, exit codes, the man page, what was meant."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loop_cli.cli import forms
from loop_cli.cli.command_table import COMMANDS, PAGED, PANELS

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "loop_cli" / "docs" / "loop.1"
NAMES = [name for name in COMMANDS if "." in COMMANDS[name][0]]
WIDE = {"COLUMNS": "200"}


def test_each_command_is_in_one_group_and_listed_there(read_only: Loop) -> None:
    listed = [name for names in PANELS.values() for name in names]
    text = read_only("--help", env=WIDE).out

    assert sorted(listed) == sorted({name.partition(" ")[0] for name in COMMANDS if name})
    for title, names in PANELS.items():
        box = text.partition(f"─ {title} ─")[2].partition("╰")[0]
        assert [name for name in names if re.search(rf"^│ {name} ", box, re.M)] == list(names)


@pytest.mark.parametrize("name", NAMES)
def test_each_page_ends_with_its_exit_codes(read_only: Loop, name: str) -> None:
    text = " ".join(read_only(*name.split(), "--help", env=WIDE).out.split())

    end = text.rpartition("Exit codes: ")[2]
    assert end == forms.exit_codes(name).removeprefix("Exit codes: ")
    assert ("9 " in end) is ("--yes" in text or name == "edit")
    assert ("Forms of EXPR:" in text) is ("EXPR" in text.partition("Forms of EXPR:")[0])


def test_the_page_on_exit_codes_has_the_same(read_only: Loop) -> None:
    page = read_only("help", "exit-codes").out

    assert {int(one) for one in re.findall(r"^\| (\d+) \|", page, re.M)} == {*forms.CODES}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("updaet", "x"), "update"),
        (("view", "sav"), "save"),
        (("list", "--colums", "a"), "--columns"),
        (("get", "x", "--fild", "status"), "--field"),
        (("list", "--plian"), "--plain"),
        (("board", "--no-pagr"), "--no-pager"),
        (("help", "conflcts"), "conflicts"),
    ],
)
def test_what_was_meant(read_only: Loop, words: tuple[str, ...], meant: str) -> None:
    done = read_only(*words)

    assert done.code == 2
    assert f"did you mean {meant}" in done.err.replace("'", "").replace("Did", "did")


@pytest.mark.parametrize("columns", ["80", "200"])
def test_prose_flows_whatever_the_width(read_only: Loop, columns: str) -> None:
    text = read_only("apply", "--help", env={"COLUMNS": columns}).out
    prose = text.partition("A line is a JSON object.")[2].partition("create  ")[0]

    lines = [line.strip() for line in prose.strip().splitlines()]
    assert all(len(line) > int(columns) * 0.6 for line in lines[1:-1])
    assert re.search(r"^ create +\"type\", \"name\"", text, re.M)  # that is a table


def test_paged_commands_have_the_option(read_only: Loop) -> None:
    for name in PAGED:
        assert "--no-pager" in read_only(*name.split(), "--help", env=WIDE).out


class TestManPage:
    def test_it_is_current(self) -> None:
        place = ROOT / ".ci" / "manual.py"
        spec = importlib.util.spec_from_file_location("manual", place)
        assert spec is not None and spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)

        assert PAGE.read_text() == made.page()

    def test_it_has_every_command_and_option(self) -> None:
        text = PAGE.read_text().replace("\\-", "-")

        for name in NAMES:
            assert f"\\fBloop {name}\\fR" in text
            for one in COMMANDS[name][2:]:
                for option in re.findall(r" (--[a-z-]+)", one.partition(":")[0]):
                    assert option in text

    @pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
    def test_man_shows_it_without_a_warning(self) -> None:
        shown = subprocess.run(
            ["man", "--warnings", "-l", PAGE], env={"MANWIDTH": "80", "LC_ALL": "C.UTF-8",
                                                    "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip

        assert shown.stderr == ""
        assert "FORMS OF EXPR" in shown.stdout
        assert "내일" in shown.stdout

    def test_the_wheel_has_it_where_man_looks(self) -> None:
        text = (ROOT / "pyproject.toml").read_text()

        assert '"loop_cli/docs/loop.1" = "share/man/man1/loop.1"' in text
        assert sys.version_info >= (3, 11)
