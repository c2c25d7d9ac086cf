"""`loop list`: tables that fit, lines and CSV for programs, and what it says when it finds none."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import unicodedata
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from loop_cli.markdown import reader
from loop_cli.wire.find import ListedDocument

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

TASKS = [
    *("tsk-019-01", "tsk-019-02", "tsk-019-07", "tsk-019-13", "tsk-019-14"),
    *("tsk-020-01", "tsk-020-02", "tsk-site-a7k9m2-1765756800000"),
]


class TestTable:
    """For people."""

    @pytest.mark.parametrize("width", [60, 80, 200])
    def test_it_fits_and_its_columns_are_straight(self, read_only: Loop, width: int) -> None:
        done = read_only("list", "task", env={"COLUMNS": str(width)})

        told = "no room for due, assignee; --columns chooses\n" if width == 60 else ""
        assert done.err == told
        head, rule, *rows = done.lines[-len(TASKS) - 2 :]
        assert max(map(cell_len, done.lines)) <= width
        assert set(rule) == {"─", " "} or set(rule) == {"─"}
        ids = [row.split()[0].partition("…") for row in rows]
        assert [one for one in TASKS if one.startswith(ids[TASKS.index(one)][0])] == TASKS
        assert [one for one in TASKS if one.endswith(ids[TASKS.index(one)][2])] == TASKS
        assert [cut for _head, cut, _tail in ids].count("…") == (0 if width == 200 else 1)
        start = cell_len(head[: head.index("entity_name")])
        for row in rows:
            assert _cells(row)[start - 1] == " "
            assert _cells(row)[start] != " "

    def test_a_wide_one_has_all_and_a_narrow_one_fewer_columns(self, read_only: Loop) -> None:
        wide = read_only("list", "task", env={"COLUMNS": "200"})
        narrow = read_only("list", "task", env={"COLUMNS": "60"})

        assert wide.lines[0].split() == [
            "entity_id", "entity_name", "status", "priority", "due", "assignee"
        ]  # fmt: skip
        assert "규칙 B·C 구현: 동시 수정 방지와 변경 기록" in wide.out
        assert "2026-01-23" in wide.out
        assert len(narrow.lines[0].split()) < 6

    def test_columns_that_are_asked_for_are_all_there(self, read_only: Loop) -> None:
        names = "entity_id,status,due,tags,path,expected_impact.metric"
        done = read_only("list", "--columns", names, env={"COLUMNS": "60"})

        assert max(map(cell_len, done.lines)) <= 60
        assert len(done.lines[0].split()) == 6

    def test_in_a_pipe_nothing_is_cut(self, read_only: Loop) -> None:
        done = read_only("list", "task")

        assert "…" not in done.out
        assert "\x1b" not in done.out

    def test_colours_on_a_terminal_only_and_overdue_by_a_sign_too(self, read_only: Loop) -> None:
        shown = read_only.on_terminal("list", "task", "--columns", "entity_id,status,due")
        plain = read_only.on_terminal(
            "list", "task", "--columns", "entity_id,status,due", NO_COLOR="1"
        )

        assert "\x1b[38;2" in shown.text or "\x1b[38;5" in shown.text
        assert "\x1b[38" not in plain.text
        assert "! 2026-01-23" in plain.text
        assert "! 2026-01-08" not in plain.text  # done

    def test_decomposed_hangul_takes_the_width_that_it_has(self, loop: Loop) -> None:
        name = unicodedata.normalize("NFD", "회의록 정리")
        loop.write_task("tsk-1", f"title: {name}")

        done = loop("list", "--where", "entity_id=tsk-1", "--columns", "entity_id,title,status")

        assert done.lines[-1].split("  ")[-2:] == ["회의록 정리", "todo"]

    def test_control_characters_and_markup_are_shown(self, loop: Loop) -> None:
        loop.write_task("tsk-1", r'title: "\e[31mred [bold]x[/] \u202e"')

        done = loop("list", "--where", "entity_id=tsk-1", "--columns", "entity_id,title")

        assert r"\x1b[31mred [bold]x[/] \u202e" in done.out

    def test_more_than_a_screenful_is_cut_with_a_word(self, loop: Loop) -> None:
        for number in range(210):
            loop.write_task(f"tsk-x-{number:03}")

        done = loop("list", "--where", "entity_id~tsk-x")
        whole = loop("list", "--where", "entity_id~tsk-x", "--limit", "0")

        assert done.err == "the first 200; --limit 0 shows all\n"
        assert (done.out.count("tsk-x-"), whole.out.count("tsk-x-")) == (200, 210)
        assert whole.err == ""


def _cells(line: str) -> list[str]:
    """The line by columns of the terminal."""
    found: list[str] = []
    for character in line:
        found += [character] + [""] * (cell_len(character) - 1)
    return found


class TestJson:
    """For programs."""

    def test_a_line_an_entity_of_a_frozen_shape(self, read_only: Loop) -> None:
        done = read_only("list", "task", "--json")

        assert [ListedDocument.model_validate_json(line).entity_id for line in done.lines] == TASKS
        first = json.loads(done.lines[0])
        assert list(first) == ["entity_id", "entity_type", "path", "updated_at", "etag", "fields"]
        document = read_only("get", TASKS[0], "--json").json
        assert {**first, "body": document["body"]} == document

    def test_what_it_prints_can_be_changed_at_once(self, loop: Loop) -> None:
        line = loop("list", "--where", "entity_id=tsk-019-14", "--json").json
        by_time = ("--expected-updated-at", line["updated_at"])
        loop("update", "tsk-019-14", "status=done", *by_time, "--json").json  # noqa: B018

        again = loop("list", "--where", "entity_id=tsk-019-14", "--json").json

        assert again["etag"] == loop.etag()
        assert again["fields"]["status"] == "done"
        assert loop("update", "tsk-019-14", "status=doing", *by_time).code == 4

    def test_nothing_found_is_nothing_printed(self, read_only: Loop) -> None:
        done = read_only("list", "--where", "status=none-such", "--json")

        assert (done.code, done.out, done.err) == (0, "", "")

    def test_no_terminal_acts_on_it(self, loop: Loop) -> None:
        loop.write_task("tsk-1", r'title: "\e[31m\x7f\u2028"')

        done = loop("list", "--where", "entity_id=tsk-1", "--json")

        assert not set(done.out) & {"\x1b", "\x7f", "\u2028"}
        assert done.json["fields"]["title"] == "\x1b[31m\x7f\u2028"


class TestCsv:
    """As RFC 4180 has it."""

    def test_it_is_read_back_as_it_was(self, loop: Loop) -> None:
        title = 'a "b", c\nd\r\n가'
        loop.write_task("tsk-1", f"title: {json.dumps(title)}", "tags: [x, y]", "n: {a: [1]}")
        names = "entity_id,title,tags,n,estimated_hours,n.a"

        done = loop("list", "--where", "entity_id=tsk-1", "--csv", "--columns", names)

        rows = list(csv.reader(io.StringIO(done.stdout.decode(), newline=""), strict=True))
        assert rows[0] == names.split(",")
        assert rows[1:] == [["tsk-1", title, "x,y", '{"a": [1]}', "", "[1]"]]
        assert done.stdout.endswith(b"\r\n")
        assert done.stdout.startswith(names.encode() + b"\r\n")

    def test_its_columns_are_those_of_the_table_by_default(self, read_only: Loop) -> None:
        done = read_only("list", "--csv")

        rows = list(csv.DictReader(io.StringIO(done.out)))
        assert len(rows) == len(read_only("list", "--ids").lines)
        assert list(rows[0])[:2] == ["entity_id", "entity_name"]

    def test_without_entities_there_is_the_head(self, read_only: Loop) -> None:
        done = read_only("list", "--where", "status=none", "--csv", "--columns", "due")

        assert (done.code, done.stdout) == (0, b"due\r\n")


class TestQueries:
    """What is asked for reaches the query."""

    @pytest.mark.parametrize(
        ("arguments", "ids"),
        [
            (("tasks", "--where", "status=doing,hold"), "tsk-019-02 tsk-020-01 tsk-020-02"),
            (("task", "-w", "status=todo", "-w", "due>2026-01-20"), "tsk-019-14"),
            (("task", "--sort", "-due", "--limit", "2"), "tsk-019-14 tsk-019-07"),
            (("task", "--sort", "priority,entity_id", "-l", "2"), "tsk-020-02 tsk-019-07"),
            (("task", "--where", "entity_name~규칙 b"), "tsk-019-13 tsk-019-14"),
            (("--project", "prj-020"), "tsk-020-01 tsk-020-02"),
            (("task", "--children-of", "prj-020"), "tsk-020-01 tsk-020-02"),
            (("--where", "path~_Programs", "--where", "missing:due"), "pgm-vault-care"),
        ],
    )
    def test_ids(self, read_only: Loop, arguments: tuple[str, ...], ids: str) -> None:
        done = read_only("list", *arguments, "--ids")

        assert done.code == 0, done.err
        assert done.lines == ids.split()

    def test_dates_are_compared_with_today(self, loop: Loop) -> None:
        loop.write_task("tsk-1", "due: 2999-01-01")

        assert "tsk-1" in loop("list", "--where", "due>today+30", "--ids").lines
        assert "tsk-1" not in loop("list", "--where", "due<=today", "--ids").lines

    @pytest.mark.parametrize(
        ("arguments", "said", "hint"),
        [
            (("--where", "status"), "'status' is not a condition", "--where"),
            (("--where", "due<a,b"), "one value", "--where"),
            (("taks",), "no type 'taks'; did you mean Task or Track?", "the vault's types"),
            (("--json", "--csv"), "choose one of", "null"),
            (("--json", "--columns", "a"), "--columns is for the table", "null"),
            (("--columns", ","), "names no field", "entity_id,status"),
            (("--sort", "a,,b"), "names no field", "--sort"),
            (("--limit", "-1"), "--limit", "loop list --help"),
        ],
    )
    def test_what_is_not_understood(
        self, read_only: Loop, arguments: tuple[str, ...], said: str, hint: str
    ) -> None:
        done = read_only("list", *arguments)

        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert hint == "null" or hint in done.err

    def test_a_field_that_there_is_not_is_an_error(self, read_only: Loop) -> None:
        done = read_only("list", "task", "--where", "staus=done", "--ids")

        assert (done.code, done.out) == (2, "")
        assert done.err == (
            "loop: --where 'staus=done': no entity has a field 'staus'; "
            "did you mean status or tags?\nhint: loop schema\n"
        )

    def test_a_table_of_nothing_says_so(self, read_only: Loop) -> None:
        done = read_only("list", "--where", "status=none-such")

        assert (done.code, done.out, done.err) == (0, "", "no entities\n")

    def test_broken_files_are_told_of_and_stop_nothing(self, loop: Loop) -> None:
        loop.write(f"{loop.TASKS}/broken.md", "---\nentity_id: x\na: [\n---\n")

        done = loop("list", "task", "--ids")

        assert (done.code, done.lines) == (0, TASKS)
        assert "1 file has frontmatter that can't be read" in done.err


def test_a_reader_that_goes_away(loop: Loop) -> None:
    for number in range(300):
        loop.write_task(f"tsk-x-{number:03}", f"notes: {'x' * 1000}")
    process = loop.start("list", "--json")
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()

    assert process.wait(60) == 141
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()


def test_a_damaged_index_is_made_anew_with_one_warning(loop: Loop) -> None:
    assert loop("list", "--ids").err == ""
    (cache,) = (loop.home / ".cache" / "loop").glob("*/index-*.sqlite")
    cache.write_bytes(b"no database" * 1000)
    for beside in cache.parent.glob("*.sqlite-*"):
        beside.unlink()

    done = loop("list", "task", "--ids")

    assert done.lines == TASKS
    assert done.err.count("loop: warning:") == 1
    assert "made again" in done.err
    assert loop("list", "--ids").err == ""


def test_the_corpus_is_counted_as_by_a_plain_reading(corpus: Path, loop: Loop) -> None:
    """Each file that has an id and a type, in the folders that the schema includes."""
    shutil.rmtree(loop.vault)
    shutil.copytree(corpus, loop.vault)
    plain: dict[str, int] = {}
    todo = 0
    for path in loop.vault.rglob("*.md"):
        fields = _fields(path.read_text(encoding="utf-8"))
        if isinstance(fields.get("entity_id"), str) and isinstance(fields.get("entity_type"), str):
            inside = path.relative_to(loop.vault).as_posix()
            plain[inside] = plain.get(inside, 0) + 1
            todo += fields.get("status") == "todo"
    listed = [json.loads(line) for line in loop("list", "--json").lines]
    paths = {one["path"] for one in listed}

    assert len(listed) == len(paths) > 300
    assert paths <= plain.keys()
    assert not [one for one in plain.keys() - paths if not one.startswith(("00_Meta", "_", "."))
                and "TEMPLATE" not in one.upper() and not one.endswith("README.md")]  # fmt: skip
    found = loop("list", "--where", "status=todo", "--ids").lines
    assert len(found) == sum(one["fields"].get("status") == "todo" for one in listed) <= todo


def _fields(text: str) -> dict[str, object]:
    parts = text.split("\n---", 1)
    if not text.startswith("---\n") or len(parts) < 2:
        return {}
    try:
        return reader.read(parts[0][4:] + "\n")
    except reader.YamlSyntaxError:
        return {}


def test_help_has_the_forms_and_examples(read_only: Loop) -> None:
    done = subprocess.run(
        read_only.command("list", "--help"),
        env={**read_only.environment, "COLUMNS": "100"},
        capture_output=True,
        check=True,
    )
    for part in ("'field=a,b'", "'has:field'", "--children-of", "today+7", "RFC 4180"):
        assert part in done.stdout.decode()
