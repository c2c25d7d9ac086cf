"""Marks of direction, and what breaks lines: a terminal is shown them, and never acts on them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

STYLE = re.compile(r"\x1b\[[0-9;]*m")
# In the order of their numbers: C1, ALM, LRM, RLM, separators, embeddings, isolates, annotations.
MARKS = "\x7f\x85\x9b\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e" + (
    "\u2066\u2067\u2068\u2069\u206a\u206f\ufff9\ufffb"
)
ACTED_ON = re.compile(f"[{MARKS}\x00-\x08\x0b\x0c\x0e-\x1f]")
HOSTILE = f"a{MARKS}b"
KEPT = "\u200c\u200d\u3000\u00a0"  # joiners and blanks that writing needs


@pytest.fixture
def marked(loop: Loop) -> Loop:
    """With a task that has them in every place where text can be."""
    value = json.dumps(HOSTILE)
    path = loop.write_task("tsk-019-90", f"notes: {value}", f"{value}: 1", f"tags: [{value}]")
    text = path.read_text().replace("entity_name: made", f"entity_name: {value}")
    path.write_text(text.replace("body\n", f"{HOSTILE} word\n"))
    line = {"entity_id": "tsk-019-90", "actor": HOSTILE, "diff": {HOSTILE: {"old": HOSTILE}}}
    loop.write("_build/audit_log.jsonl", json.dumps(line) + "\n")
    return loop


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "arguments",
    [
        *(("get", "tsk-019-90"), ("get", "tsk-019-90", "--json"), ("get", "tsk-019-90", "--yaml")),
        *(("get", "tsk-019-90", "--raw"), ("get", "tsk-019-90", "--body")),
        *(("get", "tsk-019-90", "--field", "notes"), ("get", HOSTILE), ("get", HOSTILE, "--json")),
        *(("list",), ("list", "--json"), ("list", "--columns", "id,notes", "--where", "has:notes")),
        *(("list", "--where", f"notes~{HOSTILE}", "--json"), ("list", HOSTILE)),
        *(("search", "word"), ("search", "word", "--json"), ("search", HOSTILE)),
        *(("log",), ("log", "--json"), ("history", "tsk-019-90"), ("check",), ("check", "--json")),
        ("update", "tsk-019-90", f"{HOSTILE}=1", "--force"),
        ("update", "tsk-019-90", f"{HOSTILE}=1", "--force", "--json"),
        ("update", "tsk-019-90", f"notes={HOSTILE}2", "--force", "--dry-run"),
        ("update", "tsk-019-90", f"status={HOSTILE}", "--force", "--json"),
        *((HOSTILE,), ("get", f"--{HOSTILE}"), ("--vault", HOSTILE, "list"), ("schema", HOSTILE)),
        ("create", HOSTILE, "--name", HOSTILE, "--json"),
    ],
    ids=lambda arguments: " ".join(arguments).replace(HOSTILE, "HOSTILE"),
)
def test_nothing_of_them_reaches_a_terminal(
    marked: Loop, arguments: tuple[str, ...], plain: bool
) -> None:
    marked.extra.update({"LOOP_PLAIN": "true"} if plain else {})
    screen = marked.on_terminal(*arguments)
    assert "internal" not in screen.text
    assert not ACTED_ON.search(STYLE.sub("", screen.text).replace("\r\n", "\n"))
    if "--json" in arguments:
        assert [json.loads(line) for line in screen.lines]


def test_json_on_a_terminal_is_the_same_json(marked: Loop) -> None:
    for arguments in (("get", "tsk-019-90", "--json"), ("list", "--json"), ("get", "x", "--json")):
        done = marked(*arguments)
        piped = (done.out or done.err).splitlines()
        shown = marked.on_terminal(*arguments).lines
        assert [json.loads(line) for line in shown] == [json.loads(line) for line in piped]
    (line,) = marked.on_terminal("get", "tsk-019-90", "--json").lines
    assert r"\u202e" in line
    assert json.loads(line)["fields"]["notes"] == HOSTILE


def test_json_in_a_pipe_and_a_field_stay_as_they_are(marked: Loop) -> None:
    assert "\u202e" in marked("get", "tsk-019-90", "--json").out
    assert marked("get", "tsk-019-90", "--field", "notes").stdout == f"{HOSTILE}\n".encode()


def test_what_writing_needs_is_shown_as_it_is(loop: Loop) -> None:
    loop.write_task("tsk-019-90", f'notes: "a{KEPT}b"')
    assert KEPT in loop.on_terminal("get", "tsk-019-90", "--json").text
    assert KEPT in loop.on_terminal("get", "tsk-019-90", "--field", "notes").text


def test_a_completion_has_none_of_them(marked: Loop) -> None:
    assert marked("list").code == 0
    for shell in ("zsh", "fish"):
        out = marked("__complete", shell, "--", "get", "tsk-019-9").out
        assert "tsk-019-90" in out
        assert not ACTED_ON.search(out)
    assert not ACTED_ON.search(marked("__complete", "bash", "loop get tsk-019-9").out)
