"""On a terminal: the diff is shown, the question asked, and what is hostile is only shown."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

UPDATE = ("update", "tsk-019-14", "status=doing")
QUESTION = "Apply these changes? [y/N] "
STYLE = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = "\x1b]0;owned\x07 \x1b[2J \x9b31m [bold red]x[/] :smile: \u202eright\r"


@pytest.mark.parametrize("answer", ["y\n", "yes\n", "what?\nY\n"], ids=["y", "yes", "asked again"])
def test_yes_lands_the_change_with_the_reading_as_precondition(loop: Loop, answer: str) -> None:
    etag = loop.etag()
    first, _, rest = answer.partition("\n")
    replies = [(QUESTION, first + "\n")] + ([(QUESTION, rest)] if rest else [])
    screen = loop.on_terminal(*UPDATE, replies=tuple(replies))
    assert screen.code == 0, screen.text
    shown = STYLE.sub("", screen.text)
    assert shown.index("todo → doing") < shown.index(QUESTION)
    metadata = loop.records[-1]["metadata"]
    assert (metadata["precondition"], metadata["tty"]) == ("etag", True)
    assert metadata["etag_before"] == etag
    assert "forced" not in metadata


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"], ids=["no", "enter", "ctrl-d"])
def test_anything_else_is_9_and_writes_nothing(loop: Loop, answer: str) -> None:
    before = loop.path().read_bytes()
    screen = loop.on_terminal(*UPDATE, replies=((QUESTION, answer),))
    assert screen.code == 9
    assert "left as it is" in screen.text
    assert loop.path().read_bytes() == before
    assert loop.records == []


def test_an_interrupt_at_the_question_is_130(loop: Loop) -> None:
    screen = loop.on_terminal(*UPDATE, replies=((QUESTION, "\x03"),))
    assert screen.code == 130, screen.text
    assert "Traceback" not in screen.text
    assert loop.records == []


def test_yes_as_an_option_does_not_ask(loop: Loop) -> None:
    screen = loop.on_terminal(*UPDATE, "--yes")
    assert screen.code == 0
    assert QUESTION not in screen.text
    metadata = loop.records[-1]["metadata"]
    assert metadata["precondition"] == "etag"
    assert "forced" not in metadata


@pytest.mark.parametrize("option", ["--no-input", "--json"])
def test_without_a_way_to_ask_it_is_5(loop: Loop, option: str) -> None:
    screen = loop.on_terminal(*UPDATE, option)
    assert screen.code == 5
    assert QUESTION not in screen.text
    assert loop.records == []


def test_with_a_precondition_nothing_is_asked(loop: Loop) -> None:
    screen = loop.on_terminal(*UPDATE, "--if-match", loop.etag())
    assert (screen.code, QUESTION in screen.text) == (0, False)


def test_nothing_to_change_and_a_dry_run_ask_nothing(loop: Loop) -> None:
    for arguments in (("update", "tsk-019-14", "status=todo"), (*UPDATE, "--dry-run")):
        screen = loop.on_terminal(*arguments)
        assert (screen.code, QUESTION in screen.text) == (0, False)
    assert loop.records == []


def test_a_conflict_fits_the_terminal(loop: Loop) -> None:
    etag = loop.etag()
    screen = loop.on_terminal(*UPDATE, "--if-match", "0" * 16, "--no-input")
    assert screen.code == 4
    assert etag in screen.text
    assert all(len(STYLE.sub("", line)) <= 80 for line in screen.lines if "hint" not in line)


def test_a_hint_is_one_line_even_where_it_is_long(loop: Loop) -> None:
    etag = loop.etag()
    assert loop(*UPDATE, "--if-match", etag).code == 0
    note = "notes=" + "말 " * 60
    screen = loop.on_terminal("update", "tsk-019-14", note, "--if-match", etag, "--no-input")
    assert screen.code == 4
    (hint,) = [line for line in screen.lines if line.startswith("hint: ")]
    assert hint.endswith("--on-conflict=rebase")


def test_hostile_values_are_shown_not_interpreted(loop: Loop) -> None:
    value = json.dumps(HOSTILE)
    loop.write_task("tsk-019-90", f"notes: {value}", f"{value}: 1", f"tags: [{value}]")
    path = loop.path(f"{loop.TASKS}/tsk-019-90.md")
    path.write_text(path.read_text().replace("entity_name: made", f"entity_name: {value}"))
    line = {"entity_id": "tsk-019-90", "actor": HOSTILE, "diff": {HOSTILE: {"old": HOSTILE}}}
    loop.write("_build/audit_log.jsonl", json.dumps(line) + "\n")
    wrong = ("--expected-updated-at", "2025-01-01", "--on-conflict=fail")
    for arguments in (
        ("get", "tsk-019-90"), ("get", "tsk-019-90", "--body"), ("get", "tsk-019-90", "--json"),
        ("get", "tsk-019-90", "--yaml"), ("get", "tsk-019-90", "--raw"), ("log",),
        ("get", "tsk-019-90", "--field", "notes"), ("log", "--json"), ("get", HOSTILE),
        ("update", "tsk-019-90", "notes!", *wrong), ("update", "tsk-019-90", f"notes={HOSTILE}!"),
        ("update", "tsk-019-90", f"{HOSTILE}=1"), ("update", "tsk-019-90", "notes=x", "--yes"),
    ):  # fmt: skip
        screen = loop.on_terminal(*arguments, replies=((QUESTION, "n\n"),))
        plain = STYLE.sub("", screen.text)
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", plain), arguments
        for part in ("[bold", "red]x[/]", ":smile:"):  # a narrow column is folded
            assert part in re.sub("[\r\n]", "", plain), arguments


def test_json_has_no_raw_control_characters_in_a_pipe_either(loop: Loop) -> None:
    loop.write_task("tsk-019-90", f"notes: {json.dumps(HOSTILE)}")
    done = loop("get", "tsk-019-90", "--json")
    assert done.json["fields"]["notes"] == HOSTILE
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.out)


def test_a_hostile_file_name_is_shown_not_interpreted(loop: Loop) -> None:
    folder = f"{loop.TASKS}/\x1b[2J[bold]x[/]"
    loop.write_task("tsk-019-90", folder=folder)
    screen = loop.on_terminal("get", "tsk-019-90", "--path")
    assert r"\x1b[2J[bold]x[/]" in screen.text
    assert loop("get", "tsk-019-90", "--json").json["path"] == f"{folder}/tsk-019-90.md"
    assert loop("get", "tsk-019-90", "--path").out == f"{folder}/tsk-019-90.md\n"
