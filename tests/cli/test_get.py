"""`loop get`: one document in several forms, the same in each."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
import yaml
import yaml12

from loop_cli.wire import models

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

KEYS = ["entity_id", "entity_type", "path", "updated_at", "etag", "fields", "body"]
COLOUR = re.compile(r"\x1b\[[0-9;]*\b3[0-9]")
STYLE = re.compile(r"\x1b\[[0-9;]*m")
IDS = ["tsk-019-14", "tsk-019-13", "prj-019", "exp-001", "trk-1", "cond-a", "prj-site-a7k9m2"]


def test_json_has_frozen_keys_in_this_order(read_only: Loop) -> None:
    document = read_only("get", "tsk-019-14", "--json").json
    assert list(document) == KEYS
    models.EntityDocument.model_validate(document)
    assert list(document["fields"])[:4] == ["entity_type", "entity_id", "entity_name", "created"]
    assert document["fields"]["created"] == "2026-01-08"
    assert document["path"] == read_only.TASK


def test_warnings_come_last_and_inside_the_document(loop: Loop) -> None:
    loop.write_task("tsk-019-90", "notes: a", "notes: b")
    document = loop("get", "tsk-019-90", "--json").json
    assert list(document) == [*KEYS, "warnings"]
    human = loop("get", "tsk-019-90", "--field", "notes")
    assert (human.code, human.out) == (0, "b\n")
    assert human.err.startswith("loop: warning: ")


@pytest.mark.parametrize("entity_id", IDS)
def test_yaml_reads_as_the_json_in_both_dialects(read_only: Loop, entity_id: str) -> None:
    document = read_only("get", entity_id, "--json").json
    text = read_only("get", entity_id, "--yaml").out
    assert yaml.safe_load(text) == document
    assert yaml12.parse_yaml(text) == document


def test_yaml_of_what_only_yaml_can_say_is_the_json_too(loop: Loop) -> None:
    loop.write_task(
        "tsk-019-90", "notes: {2026: a, true: b, null: c, .nan: d, 1.5: .inf}", "links: [-.inf]"
    )
    document = loop("get", "tsk-019-90", "--json").json
    expected = {"2026": "a", "true": "b", "null": "c", ".nan": "d", "1.5": ".inf"}
    assert document["fields"]["notes"] == expected
    text = loop("get", "tsk-019-90", "--yaml").out
    assert yaml.safe_load(text) == document
    assert yaml12.parse_yaml(text) == document


@pytest.mark.parametrize("body", ["줄: 하나\n" * 120_000, "x" * 2_000_000, "\t\x07\r\n" * 300_000])
def test_yaml_of_a_body_longer_than_a_frontmatter_may_be(loop: Loop, body: str) -> None:
    path = loop.write_task("tsk-019-90")
    path.write_bytes(path.read_bytes() + body.encode())
    document = loop("get", "tsk-019-90", "--json").json
    done = loop("get", "tsk-019-90", "--yaml")
    assert done.code == 0
    assert yaml.load(done.stdout, yaml.CSafeLoader) == document
    assert document["body"] == "body\n" + body


def test_raw_is_the_file_byte_for_byte(loop: Loop) -> None:
    for relative in (
        loop.TASK,
        f"{loop.TASKS}/tsk-019-07.md",
        "50_Projects/2026/prj-020_입문_안내서/Tasks/tsk-020-01.md",
    ):
        stem = relative.rpartition("/")[2].removesuffix(".md")
        assert loop("get", stem, "--raw").stdout == loop.path(relative).read_bytes()
    path = loop.write_task("tsk-019-90", "notes: x")
    path.write_bytes("\ufeff".encode() + path.read_bytes() + b"\x1b[31m\x00")
    assert loop("get", "tsk-019-90", "--raw").stdout == path.read_bytes()


def test_field_gives_bare_values_in_the_order_asked(read_only: Loop) -> None:
    document = read_only("get", "tsk-019-14", "--json").json
    done = read_only(
        *("get", "tsk-019-14", "--field", "status", "--field", "due", "--field", "tags"),
        *("--field", "estimated_hours", "--field", "start_date", "--field", "closed"),
        *("--field", "etag", "--field", "updated_at", "--field", "path"),
    )
    assert done.lines == [
        *("todo", "2026-01-23", '["ssot", "rule-b", "rule-c", "audit"]', "16", "", ""),
        *(document["etag"], document["updated_at"], read_only.TASK),
    ]


def test_field_reaches_into_mappings(read_only: Loop) -> None:
    done = read_only(
        *("get", "prj-site-a7k9m2", "--field", "realized_impact.metrics_snapshot.visitors"),
        *("--field", "realized_impact.metrics_snapshot"),
    )
    assert done.lines == ["230", '{"asked_again": 0.17, "visitors": 230}']


def test_field_of_the_body_is_its_text(read_only: Loop) -> None:
    document = read_only("get", "prj-020", "--json").json
    assert read_only("get", "prj-020", "--field", "body").out == document["body"]


def test_an_unknown_field_is_2_with_the_nearest(read_only: Loop) -> None:
    done = read_only("get", "tsk-019-14", "--field", "stauts")
    assert (done.code, done.stdout) == (2, b"")
    assert "did you mean status" in done.err


def test_path_alone_prints_it_and_with_a_file_chooses(read_only: Loop) -> None:
    assert read_only("get", "tsk-019-14", "--path").out == read_only.TASK + "\n"
    chosen = read_only("get", "tsk-019-14", "--path", read_only.TASK, "--field", "status")
    assert chosen.out == "todo\n"
    chosen = read_only("get", "tsk-019-14", "--path", f"./{read_only.TASK}", "--json")
    assert chosen.json["path"] == read_only.TASK
    other = read_only("get", "tsk-019-14", "--path", f"{read_only.TASKS}/tsk-019-01.md")
    assert other.code == 3
    assert "its id is 'tsk-019-01'" in other.err


def test_body_is_shown_when_asked_for(read_only: Loop) -> None:
    without = read_only("get", "tsk-019-14")
    assert "--body shows it" in without.out
    assert "끝났다고 말할 수 있는 때" not in without.out
    assert "끝났다고 말할 수 있는 때" in read_only("get", "tsk-019-14", "--body").out


def test_an_alias_and_other_normal_forms_find_the_entity(loop: Loop) -> None:
    decomposed = unicodedata.normalize("NFD", "규칙 B·C 구현")
    for name in ("rules B and C", "규칙 B·C 구현", decomposed):
        assert loop("get", name, "--field", "entity_id").out == "tsk-019-14\n"
    loop.write_task(unicodedata.normalize("NFD", "tsk-한글"))
    for form in ("NFC", "NFD"):
        wanted = unicodedata.normalize(form, "tsk-한글")
        assert loop("get", wanted, "--field", "status").out == "todo\n"


def test_labels_are_shown_to_people(read_only: Loop) -> None:
    lines = [line for line in read_only("get", "tsk-019-14").lines if line.startswith("status")]
    assert lines == ["status           todo  To do"]


@pytest.mark.parametrize("mode", [(), ("--body",), ("--json",), ("--yaml",)], ids=str)
def test_a_pipe_gets_no_colour_and_no_trailing_blanks(
    read_only: Loop, mode: tuple[str, ...]
) -> None:
    done = read_only("get", "prj-019", *mode)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert [line for line in done.lines if line != line.rstrip()] == []


def test_colour_can_be_forced_and_refused(read_only: Loop) -> None:
    forced: dict[str, str | None] = {"FORCE_COLOR": "1"}
    assert "\x1b[" in read_only("get", "prj-019", env=forced).out
    assert "\x1b" not in read_only("get", "prj-019", "--json", env=forced).out
    screen = read_only.on_terminal("get", "prj-019")
    assert COLOUR.search(screen.text)
    plain = read_only.on_terminal("get", "prj-019", NO_COLOR="1")
    assert (plain.code, COLOUR.search(plain.text)) == (0, None)


def test_the_terminal_is_not_overrun(read_only: Loop) -> None:
    screen = read_only.on_terminal("get", "prj-019", "--body")
    assert screen.code == 0
    assert [line for line in screen.lines if width(STYLE.sub("", line)) > 80] == []


def test_the_root_is_found_from_a_folder_inside(read_only: Loop) -> None:
    inside = read_only.path(read_only.TASKS)
    done = read_only("get", "tsk-019-14", "--field", "status", cwd=inside, env={"LOOP_VAULT": None})
    assert done.out == "todo\n"
    before = read_only("--vault", str(read_only.vault), "get", "tsk-019-14", "--path")
    assert before.out == read_only.TASK + "\n"


def width(line: str) -> int:
    wide: Any = unicodedata.east_asian_width
    return sum(2 if wide(character) in "WF" else 1 for character in line)


@pytest.mark.parametrize("name", ["expected_impact.nosuch", "status.foo", "stauts"])
def test_a_field_that_nothing_has_is_a_usage_error(read_only: Loop, name: str) -> None:
    done = read_only("get", "prj-019", "--field", name)
    assert (done.code, done.out) == (2, "")
    assert name in done.err
