"""README and pages do what they print, lead where they say, and are no longer than they may be."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import typer

from loop_cli import docs
from loop_cli.cli import app
from tests.docs.blocks import (
    CONTRACT,
    DOCS,
    PAGES,
    README,
    ROOT,
    Command,
    blocks,
    masked,
    run,
    session,
)

if TYPE_CHECKING:
    from pathlib import Path

WITH_COMMANDS = [page for page in PAGES if session(page)]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
MOST_NOT_RUN = 6
UNBROKEN = ("|", "![", "python", "loop ", "$ ", "{")


def name_of(page: Path) -> str:
    return page.stem


class TestCommands:
    @pytest.mark.parametrize("page", WITH_COMMANDS, ids=name_of)
    def test_every_printed_command_ends_as_it_says(self, page: Path, tmp_path: Path) -> None:
        commands = session(page)

        done = run(commands, tmp_path)

        assert len(done) == len(commands)
        for command, (code, output) in zip(commands, done, strict=True):
            said = "\n".join(output)
            assert code == command.code, f"{command.line}: exit {code}, not {command.code}:\n{said}"
            if command.output is not None:
                _compare(command, output)

    def test_the_tour_shows_the_conflict(self, tmp_path: Path) -> None:
        """The README's main claim, whatever words it is printed in."""
        done = run(session(README), tmp_path)

        said = "\n".join(line for _code, output in done for line in output)
        assert "! changed since you read it, and you change it too" in said
        assert re.search(r"due +2026-01-23 → 2026-02-01", said)

    def test_few_blocks_are_not_run_and_each_says_why(self) -> None:
        marked = [(page.name, one) for page in PAGES for one in blocks(page) if one.mark]
        skipped = [(name, one) for name, one in marked if one.mark == "not run"]

        assert len(skipped) <= MOST_NOT_RUN
        assert all(one.why and len(one.why) > 15 for _name, one in skipped)
        assert [name for name, one in marked if one.mark == "ci"] == ["README.md"] * 2

    def test_no_command_hides_in_a_block_of_another_language(self) -> None:
        hidden = [
            f"{page.name}: {line}"
            for page in PAGES
            for one in blocks(page)
            if one.language not in ("sh", "console") and page != CONTRACT
            for line in one.lines
            if re.match(r"(\$ )?(loop|python|pip) ", line)
        ]
        assert hidden == []

    def test_the_two_commands_of_the_readme_are_marked_for_ci(self) -> None:
        text = README.read_text()
        for mark in ("demo", "tests"):
            assert re.search(rf"<!-- ci: {mark} -->\n```sh\npython3 -m venv [^\n]+\n```", text)

    def test_a_wrong_output_would_be_noticed(self) -> None:
        command = Command("loop x", 0, ("one", "...", "run 8f0f3a52-5d0c-4a0e-9a43-0f6f7c1f4a11"))

        _compare(command, ["one", "two", "run 00000000-5d0c-4a0e-9a43-0f6f7c1f4a11"])
        with pytest.raises(AssertionError):
            _compare(command, ["two", "run 8f0f3a52-5d0c-4a0e-9a43-0f6f7c1f4a11"])
        with pytest.raises(AssertionError):
            _compare(Command("loop x", 0, ("one",)), ["one", "two"])

    def test_the_readme_installs_extras_that_are_there(self) -> None:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        named = re.findall(r"`(pipx|uv tool|pip) install '\.\[([a-z,]+)\]'`", README.read_text())

        assert {tool for tool, _extras in named} == {"pipx", "uv tool", "pip"}
        wanted = {one for _tool, listed in named for one in listed.split(",")}
        assert wanted <= extras["optional-dependencies"].keys()
        assert README.read_text().index("pipx") < 3_000  # on the first screen


class TestInlineCommands:
    """What is mentioned within a sentence is not run; its command and its options are there."""

    @pytest.mark.parametrize("page", [page for page in PAGES if page != CONTRACT], ids=name_of)
    def test_each_is_a_command_with_options_that_it_has(self, page: Path) -> None:
        whole = app.finished(typer.main.get_command(app.build()))
        mentioned = [one for one in INLINE.findall(page.read_text()) if one.startswith("loop ")]

        assert [one for one in mentioned if not _is_command(one, whole)] == []


class TestLinks:
    @pytest.mark.parametrize("page", PAGES, ids=name_of)
    def test_each_leads_to_a_page_and_a_heading_that_are_there(self, page: Path) -> None:
        wrong = [one for one in LINK.findall(page.read_text()) if not _leads_somewhere(page, one)]

        assert wrong == []

    def test_pictures_are_there(self) -> None:
        for page in PAGES:
            for target in IMAGE.findall(page.read_text()):
                assert (page.parent / target).is_file(), f"{page.name}: {target}"

    def test_every_page_is_linked_from_the_readme(self) -> None:
        linked = {target.partition("#")[0] for target in LINK.findall(README.read_text())}

        assert {f"loop_cli/docs/{page.name}" for page in DOCS.glob("*.md")} - linked == set()


class TestForm:
    def test_the_readme_is_short(self) -> None:
        assert len(README.read_bytes()) <= 12 * 1024

    @pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=name_of)
    def test_a_page_begins_with_its_title_and_what_it_is_about(self, page: Path) -> None:
        title, blank, about, after, *_rest = page.read_text().splitlines()

        assert re.fullmatch(r"# \S.*", title)
        assert (blank, after) == ("", "")
        assert re.fullmatch(r"[A-Z`].*[.:]", about)
        assert len(about) <= 80

    def test_lines_are_no_longer_than_those_of_the_code(self) -> None:
        long = [
            f"{page.name}:{number}"
            for page in PAGES
            for number, line in enumerate(page.read_text().splitlines(), start=1)
            if page != CONTRACT and len(line) > 100 and not line.startswith(UNBROKEN)
        ]
        assert long == []

    def test_the_first_page_listed_is_the_first_to_read(self) -> None:
        assert next(docs.pages()).name == "first-steps"


def _compare(command: Command, output: list[str]) -> None:
    """Compare the printed output with the real one. A line `...` stands for any lines, and
    `...` within a line for any text."""
    assert command.output is not None
    pattern = ""
    for line in command.output:
        words = re.escape(masked(line)).replace(re.escape("..."), ".*")
        pattern += r"(.*\n)*?" if line.strip() == "..." else words + r"\n"
    real = "".join(masked(line) + "\n" for line in output)
    assert re.fullmatch(pattern, real), f"{command.line}\n{real}"


def _is_command(text: str, whole: Any) -> bool:
    words = _words(text)[1:]
    command = whole
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if command is whole and words and re.fullmatch(r"[a-z]+", words[0]):
        return words[0] == "help"
    known = {name for one in command.params for name in one.opts} | {"--help", "-h"}
    given = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"}
    return given <= known


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _leads_somewhere(page: Path, target: str) -> bool:
    if target.startswith("https://"):
        return True
    name, _hash, anchor = target.partition("#")
    path = page.parent / name if name else page
    if not path.exists() or ROOT not in path.resolve().parents:
        return False
    return not anchor or anchor in _anchors(path)


def _anchors(page: Path) -> set[str]:
    """The anchors that headings get, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


class TestArchitecture:
    FILE = re.compile(r"`([\w/]+\.py)`")
    ROW = re.compile(r"^\|.*\|$", re.MULTILINE)
    PROGRAM = (
        "import json, sys; from loop_cli.cli.start import run; run(sys.argv[1:]);"
        "print(json.dumps(sorted(sys.modules)))"
    )

    def test_the_files_that_it_names_are_there(self) -> None:
        rows = "\n".join(self.ROW.findall((DOCS / "architecture.md").read_text()))
        names = set(self.FILE.findall(rows))

        assert len(names) >= 30
        assert [name for name in sorted(names) if not (ROOT / "loop_cli" / name).is_file()] == []

    def test_an_update_makes_its_twelve_stops(self, sample_vault: Path) -> None:
        """Each file of a stop is loaded, but for those after a semicolon."""
        text = (DOCS / "architecture.md").read_text()
        stops = re.findall(r"^\| (\d+) \w+ \| ([^;|]+)", text, re.MULTILINE)
        words = ("update", "tsk-019-14", "status=doing", "--force", "--json")
        done = subprocess.run(
            [sys.executable, "-c", self.PROGRAM, *words],
            env={**os.environ, "LOOP_VAULT": str(sample_vault), "HOME": str(sample_vault.parent)},
            capture_output=True,
            text=True,
            check=True,
        )

        loaded = json.loads(done.stdout.splitlines()[-1])
        assert [int(number) for number, _files in stops] == [*range(1, 13)]
        for number, files in stops:
            modules = [
                f"loop_cli.{name[:-3].replace('/', '.')}" for name in self.FILE.findall(files)
            ]
            assert modules
            assert [name for name in modules if name not in loaded] == [], f"stop {number}"
