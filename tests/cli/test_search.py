"""`loop search`: what is found, where, and that it is so now."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import time
import unicodedata
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from loop_cli.wire.find import FoundDocument

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


@pytest.fixture
def meetings(loop: Loop) -> Loop:
    """A task that has a meeting in its name, and one in its body."""
    loop.write_task("tsk-x-1")
    path = loop.write_task("tsk-x-2")
    path.write_text(path.read_text().replace("body", "주간바늘회의록 and a Needle\nend"))
    path = loop.write_task("tsk-x-3")
    path.write_text(path.read_text().replace("name: made", "name: 바늘 needle"))
    return loop


def test_names_before_bodies_with_place_and_line(meetings: Loop) -> None:
    done = meetings("search", "바늘")

    assert done.code == 0
    assert done.lines == [
        "tsk-x-3  «바늘» needle",
        f"  {meetings.TASKS}/tsk-x-3.md",
        "tsk-x-2  made",
        f"  {meetings.TASKS}/tsk-x-2.md:12",
        "  주간«바늘»회의록 and a Needle",
    ]
    text = meetings.path(f"{meetings.TASKS}/tsk-x-2.md").read_text()
    assert text.split("\n")[11] == "주간바늘회의록 and a Needle"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("바늘", ["tsk-x-3", "tsk-x-2"]),
        (unicodedata.normalize("NFD", "바늘"), ["tsk-x-3", "tsk-x-2"]),
        ("늘회", ["tsk-x-2"]),
        ("NEED", ["tsk-x-3", "tsk-x-2"]),
        ("eedle", []),
        ("회의 need", ["tsk-x-2"]),
        ('"needle 바늘"', []),
        ("tsk-x", ["tsk-x-1", "tsk-x-2", "tsk-x-3"]),
    ],
)
def test_words(meetings: Loop, text: str, ids: list[str]) -> None:
    done = meetings("search", text, "--ids")

    assert (done.code, done.lines) == (0, ids)


def test_options_narrow_it(meetings: Loop) -> None:
    assert meetings("search", "needle", "project", "--ids").lines == []
    assert meetings("search", "needle", "--where", "entity_name=made", "--ids").lines == ["tsk-x-2"]
    assert meetings("search", "needle", "--limit", "1", "--ids").lines == ["tsk-x-3"]


def test_json_lines_of_a_frozen_shape(meetings: Loop) -> None:
    done = meetings("search", "needle", "--json")

    first, second = (json.loads(line) for line in done.lines)
    for one in (first, second):
        FoundDocument.model_validate(one)
    assert list(first) == [
        "entity_id", "entity_type", "path", "updated_at", "etag", "entity_name", "in_names",
        "line", "text",
    ]  # fmt: skip
    assert (first["in_names"], first["line"], first["text"]) == (True, None, None)
    assert (second["line"], second["text"]) == (12, "주간바늘회의록 and a Needle")
    assert second["etag"] == meetings.etag("tsk-x-2")


def test_a_hit_is_never_of_yesterday(meetings: Loop) -> None:
    assert meetings("search", "needle", "--ids").lines == ["tsk-x-3", "tsk-x-2"]
    path = meetings.path(f"{meetings.TASKS}/tsk-x-2.md")
    before = path.stat()
    path.write_text(path.read_text().replace("Needle", "Nothin"))
    assert path.stat().st_size == before.st_size

    assert meetings("search", "needle", "--ids").lines == ["tsk-x-3"]
    meetings("update", "tsk-x-1", "--append-body", "-", "--force", stdin="needle\n")
    assert meetings("search", "needle", "--ids").lines == ["tsk-x-3", "tsk-x-1"]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_fit_and_the_word_is_in_sight(meetings: Loop, width: int) -> None:
    path = meetings.path(f"{meetings.TASKS}/tsk-x-2.md")
    path.write_text(path.read_text().replace("주간", "가 나 " * 60).replace("end", "끝 " * 200))

    done = meetings("search", "needle", "task", "--where", "entity_name=made", env={
        "COLUMNS": str(width)})  # fmt: skip

    assert max(map(cell_len, done.lines)) <= width
    assert "«Needle»" in done.lines[-1]


def test_the_word_is_marked_without_colours_too(meetings: Loop) -> None:
    colours = meetings.on_terminal("search", "needle")
    plain = meetings.on_terminal("search", "needle", NO_COLOR="1")

    assert "\x1b[38;5;136m«needle»" in colours.text
    assert "\x1b[38" not in plain.text
    assert "«needle»" in plain.text


def test_control_characters_and_markup_are_shown(meetings: Loop) -> None:
    path = meetings.path(f"{meetings.TASKS}/tsk-x-2.md")
    path.write_text(path.read_text().replace("Needle", "Needle \x1b[31m [bold]x[/]"))

    assert r"«Needle» \x1b[31m [bold]x[/]" in meetings("search", "needle").out
    assert "\x1b" not in meetings("search", "needle", "--json").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("",), "no word to search for"),
        (("--", "--"), "without letter or digit"),
        (("!?",), "without letter or digit"),
        (("x", "--json", "--ids"), "choose one of"),
        (("x", "--where", "y"), "is not a condition"),
        ((), "TEXT"),
    ],
)
def test_what_is_not_understood(read_only: Loop, arguments: tuple[str, ...], said: str) -> None:
    done = read_only("search", *arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_nothing_found_is_no_error(read_only: Loop) -> None:
    done = read_only("search", "바늘")

    assert (done.code, done.out, done.err) == (0, "", "nothing found\n")
    assert read_only("search", "바늘", "--json").stderr == b""


def test_without_a_cache_it_finds_the_same(meetings: Loop) -> None:
    (meetings.home / ".cache").write_text("in the way")

    done = meetings("search", "needle", "--ids")

    assert done.lines == ["tsk-x-3", "tsk-x-2"]
    assert done.err.count("loop: warning:") == 1


def test_interrupted_the_next_one_is_whole(meetings: Loop) -> None:
    for number in range(1500):
        meetings.write_task(f"tsk-y-{number:04}")
    process = meetings.start("search", "needle", "--ids")
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode in (0, 130)
    assert meetings("search", "needle", "--ids").lines == ["tsk-x-3", "tsk-x-2"]


def many_first_searches(meetings: Loop) -> list[tuple[bytes, bytes]]:
    """What each of some says of a vault that nobody has read."""
    for number in range(300):
        meetings.write_task(f"tsk-y-{number:04}")
    running = [meetings.start("search", "needle", "--ids") for _one in range(4)]
    return [process.communicate(timeout=60) for process in running]


def test_many_first_searches_at_once(meetings: Loop) -> None:
    assert many_first_searches(meetings) == [(b"tsk-x-3\ntsk-x-2\n", b"")] * 4


def test_many_first_searches_at_once_leave_a_whole_index(meetings: Loop) -> None:
    many_first_searches(meetings)
    (cache,) = (meetings.home / ".cache" / "loop").glob("*/index-*.sqlite")
    with sqlite3.connect(cache) as database:
        ((files,),) = database.execute("SELECT count(*) FROM file WHERE id IS NOT NULL")
        ((entries,),) = database.execute("SELECT count(*) FROM searched")
    assert entries == files


def test_the_corpus_is_searched_as_by_a_plain_reading(corpus: Path, loop: Loop) -> None:
    shutil.rmtree(loop.vault)
    shutil.copytree(corpus, loop.vault)
    listed = [json.loads(line) for line in loop("list", "--json").lines]
    for word in ("회의", "실험", "가설", "의"):
        expected = set()
        for one in listed:
            text = (loop.vault / one["path"]).read_text(encoding="utf-8")
            body = unicodedata.normalize("NFC", text.split("\n---", 1)[1])
            names = f"{one['entity_id']}\n{one['fields'].get('entity_name')}"
            if word in body or word in unicodedata.normalize("NFC", names):
                expected.add(one["path"])
        found = [json.loads(line)["path"] for line in loop("search", word, "--json").lines]
        assert set(found) == expected, word
        assert len(found) == len(expected)
