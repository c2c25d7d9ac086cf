"""`loop help`: pages by name, commands by name, pages by words, and how each is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loop_cli import docs as pages
from loop_cli.cli import command_table as table
from loop_cli.wire import check as models_check

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

COMMANDS = [name for name in table.COMMANDS if name]
CONFLICTS = Path(pages.FOLDER, "conflicts.md")


class TestTheList:
    def test_it_has_a_line_for_every_page_in_its_group(self, read_only: Loop) -> None:
        done = read_only("help")

        assert (done.code, done.err) == (0, "")
        lines = [line.split(maxsplit=1) for line in done.lines]
        for page in pages.pages():
            assert [page.group] in lines or page.group.split() in lines
            assert [page.name, page.about] in lines

    def test_as_json(self, read_only: Loop) -> None:
        document = models_check.TopicsDocument.model_validate(read_only("help", "--json").json)

        assert [one.name for one in document.topics] == [one.name for one in pages.pages()]

    def test_every_page_that_is_there_is_listed(self) -> None:
        there = {path.stem for path in Path(pages.FOLDER).glob("*.md")}

        assert there == {one.name for one in pages.pages()}

    def test_no_page_has_the_name_of_a_command(self) -> None:
        names = {name for group in pages.GROUPS.values() for name in group}

        assert names & {command.replace(" ", "-") for command in COMMANDS} == set()


class TestAPage:
    def test_in_a_pipe_it_is_markdown(self, read_only: Loop) -> None:
        done = read_only("help", "conflicts")

        kept = [x for x in CONFLICTS.read_text().splitlines() if not x.startswith("<!--")]
        assert (done.code, done.err, done.lines) == (0, "", kept)

    def test_its_name_may_be_said_in_words(self, read_only: Loop) -> None:
        assert read_only("help", "Exit", "Codes").out == read_only("help", "exit-codes").out

    def test_it_needs_neither_vault_nor_sound_settings(self, loop: Loop) -> None:
        (loop.vault / ".loop").mkdir()
        (loop.vault / ".loop" / "config.toml").write_text("nonsense")

        for vault in (None, "/nowhere", str(loop.vault)):
            assert loop("help", "conflicts", env={"LOOP_VAULT": vault}).code == 0

    def test_as_json(self, read_only: Loop) -> None:
        done = read_only("help", "conflicts", "--json")

        document = models_check.PageDocument.model_validate(done.json)
        assert (document.name, document.group) == ("conflicts", "Concepts")
        assert document.text == read_only("help", "conflicts").out


class TestOnATerminal:
    def test_a_page_is_formatted(self, read_only: Loop) -> None:
        shown = read_only.on_terminal("help", "conflicts", "--no-pager")

        assert shown.code == 0
        assert not any("# " in line[:12] for line in shown.lines)
        assert "](" not in shown.text
        assert "loop help solving-conflicts" in shown.text.replace("\r\n", " ")

    @pytest.mark.parametrize("name", ["LOOP_PAGER", "PAGER"])
    def test_it_is_shown_in_the_pager(self, read_only: Loop, tmp_path: Path, name: str) -> None:
        program = tmp_path / "a pager"
        program.write_text("#!/bin/sh\necho paged: $(wc -l) lines\n")
        program.chmod(0o755)

        pager = {"PAGER": "false", name: f"'{program}'"}
        shown = read_only.on_terminal("help", "conflicts", replies=(), **pager)

        assert shown.code == 0
        assert "paged: " in shown.text
        assert "Conflicts" not in shown.text

    def test_loop_pager_goes_before_pager_and_empty_is_none(self, read_only: Loop) -> None:
        shown = read_only.on_terminal("help", "conflicts", LOOP_PAGER="", PAGER="false")

        assert (shown.code, "Conflicts" in shown.text) == (0, True)

    def test_a_pager_that_is_not_there_is_no_obstacle(self, read_only: Loop) -> None:
        shown = read_only.on_terminal("help", "conflicts", LOOP_PAGER="no-such-pager --now")

        assert shown.code == 0
        assert "'no-such-pager' can't be run" in shown.text
        assert "Conflicts" in shown.text

    def test_no_pager_and_plain_print_all_at_once(self, read_only: Loop) -> None:
        by_option = read_only.on_terminal("help", "conflicts", "--no-pager", PAGER="false")
        plain = read_only.on_terminal("help", "conflicts", "--plain", PAGER="false")
        by_setting = read_only.on_terminal("help", "conflicts", PAGER="false", LOOP_PLAIN="1")

        assert "Conflicts" in by_option.text
        assert plain.text.startswith("# Conflicts\r\n")
        assert by_setting.text == plain.text


class TestWords:
    def test_a_title_with_the_words_goes_first(self, read_only: Loop) -> None:
        assert read_only("help", "audit", "record").out.startswith("# The audit record\n")
        assert read_only("help", "REVISIONS").out.startswith("# Entities and revisions\n")

    def test_several_are_listed_with_the_line_that_has_the_words(self, read_only: Loop) -> None:
        done = read_only("help", "if-match")

        assert (done.code, done.err) == (0, "")
        rows = dict(line.split(maxsplit=1) for line in done.lines if line.startswith("  "))
        assert "preconditions" in rows
        assert len(rows) > 2
        assert all("if-match" in line.casefold() for line in rows.values())

    def test_one_is_shown(self, read_only: Loop) -> None:
        assert read_only("help", "inotify").out.startswith("# A million entities\n")
        assert read_only("help", "inotify", "--json").json["matches"][0]["name"] == "scale"

    def test_words_may_be_one_argument(self, read_only: Loop) -> None:
        assert read_only("help", "exit codes").out == read_only("help", "exit-codes").out
        assert read_only("help", "audit verify").out == read_only("help", "audit", "verify").out
        assert read_only("help", " ").out == read_only("help").out

    def test_as_json(self, read_only: Loop) -> None:
        done = read_only("help", "if-match", "--json")

        document = models_check.MatchesDocument.model_validate(done.json)
        assert document.query == "if-match"
        assert "preconditions" in [one.name for one in document.matches]

    def test_no_such_topic_is_a_usage_error_with_the_nearest(self, read_only: Loop) -> None:
        done = read_only("help", "confilcts")

        assert (done.code, done.out) == (2, "")
        assert "did you mean conflicts" in done.err
        error = read_only("help", "confilcts", "--json").error
        assert (error["code"], error["nearest"][0]) == ("usage", "conflicts")
        assert read_only("help", "updaet").err.count("update") == 1


class TestCommands:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_a_command_is_shown_as_by_its_own_help(self, command: str) -> None:
        """In one process: each of these builds Typer's whole app."""
        program = (
            "import sys; from loop_cli.cli.start import run\n"
            "words = sys.argv[1].split()\n"
            "run(['help', *words]); print('@@', flush=True); run([*words, '--help'])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, command], capture_output=True, text=True, check=True
        )

        by_help, by_option = done.stdout.split("@@\n")
        assert by_help == by_option
        assert by_help.strip()

    def test_each_ends_with_where_the_exit_codes_are(self, read_only: Loop) -> None:
        for command in ("", "get", "list", "audit", "audit verify", "help"):
            done = read_only(*command.split(), "--help")
            group = command in ("", "audit")
            end = "Exit codes: loop help exit-codes" if group else "says what to do."
            assert " ".join(done.out.split()).endswith(end), command
            assert "loop help exit-codes" in " ".join(done.out.split()[-7:])

    def test_as_json(self, read_only: Loop) -> None:
        document = read_only("help", "audit", "verify", "--json").json

        models_check.CommandHelpDocument.model_validate(document)
        assert document["command"] == "audit verify"
        assert "Verify the audit log" in document["text"]


def test_nothing_of_it_is_loaded_by_other_commands(read_only: Loop) -> None:
    program = (
        "import json, sys; from loop_cli.cli.start import run; run(sys.argv[1:]);"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "get", "tsk-019-14", "--json"],
        env=read_only.environment,
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = json.loads(done.stdout.splitlines()[-1])
    names = ("commands.help", "pager", "commands.overview", "render.help", "render.overview")
    assert [name for name in names if f"loop_cli.cli.{name}" in loaded] == []
