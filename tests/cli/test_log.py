"""`loop log`: what was changed, by whom, whoever wrote the line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.wire import models

if TYPE_CHECKING:
    from tests.cli.conftest import Loop


def foreign(entity_id: str, timestamp: str, **more: Any) -> str:
    """A line as the dashboard or an automation writes it."""
    return json.dumps({"entity_id": entity_id, "timestamp": timestamp, **more}, ensure_ascii=False)


LINES = [
    foreign("tsk-019-14", "2026-01-05T10:00:00Z", actor="user:기획팀", source="ui",
            action="update", diff={"status": {"old": "hold", "new": "todo"}}),
    "not JSON",
    foreign("tsk-019-01", "2026-01-06", actor="api:n8n", source="api", action="create"),
    "[1, 2]",
    '{"no": "entity"}',
    foreign("tsk-019-14", "2026-01-07T10:00:00+09:00", actor="user:ops", source="script"),
]  # fmt: skip


@pytest.fixture(scope="module")
def logged(read_only: Loop) -> Loop:
    """A vault whose log others wrote to, and loop too."""
    read_only.write("_build/audit_log.jsonl", "\n".join(LINES))
    read_only("update", "tsk-019-14", "status=doing", "--force")
    return read_only


def test_json_is_one_record_a_line_newest_first(logged: Loop) -> None:
    done = logged("log", "--json")
    records = [json.loads(line) for line in done.lines]
    assert [record["source"] for record in records] == ["cli", "script", "api", "ui"]
    models.AuditRecord.model_validate(records[0])
    assert records[1] == json.loads(LINES[5])
    assert (done.code, done.err) == (
        0, "loop: warning: 3 lines of the audit log can't be read; passed over\n",
    )  # fmt: skip


def test_the_table_is_for_people(logged: Loop) -> None:
    done = logged("log")
    assert done.code == 0
    assert "todo → doing" in done.out
    assert "hold → todo" in done.out
    assert done.err.count("warning") == 1
    assert [line for line in done.lines if line != line.rstrip()] == []


@pytest.mark.parametrize(
    ("zone", "time", "is_of_the_day"),
    [
        ("UTC", "2026-01-05T23:30:00Z", False),
        ("Asia/Seoul", "2026-01-05T15:00:00Z", True),
        ("Asia/Seoul", "2026-01-05T14:59:59Z", False),
        ("America/New_York", "2026-01-06T04:30:00Z", False),
        ("America/New_York", "2026-01-06T05:00:00Z", True),
    ],
)
def test_a_bare_day_begins_at_midnight_of_the_zone(
    loop: Loop, zone: str, time: str, is_of_the_day: bool
) -> None:
    loop.write("_build/audit_log.jsonl", foreign("tsk-019-14", time, action="update"))
    found = loop("log", "--since", "2026-01-06", "--json", env={"TZ": zone}).lines
    assert bool(found) is is_of_the_day


def test_a_time_is_the_same_in_every_zone(loop: Loop) -> None:
    loop.write("_build/audit_log.jsonl", foreign("tsk-019-14", "2026-01-05T15:00:00Z"))
    zone = {"TZ": "Asia/Seoul"}
    assert loop("log", "--since", "2026-01-05T15:00", "--json", env=zone).lines
    assert loop("log", "--since", "2026-01-05T15:01", "--json", env=zone).lines == []


@pytest.mark.parametrize(
    ("arguments", "sources"),
    [
        (["--limit", "2"], ["cli", "script"]),
        (["-l", "1"], ["cli"]),
        (["--limit", "0"], ["cli", "script", "api", "ui"]),
        (["--since", "2026-01-06"], ["cli", "script", "api"]),
        (["--since", "2026-01-07T01:00:00.000000Z"], ["cli", "script"]),
        (["--since", "2026-01-07T01:00:01Z"], ["cli"]),
        (["--actor", "user:기획팀"], ["ui"]),
        (["--actor", "n8n"], ["api"]),
        (["--actor", "nobody"], []),
        (["--source", "ui"], ["ui"]),
        (["tsk-019-01"], ["api"]),
        (["rules B and C"], ["cli", "script", "ui"]),
        (["tsk-019-14", "--source", "script", "--limit", "5"], ["script"]),
    ],
    ids=" ".join,
)
def test_filters(logged: Loop, arguments: list[str], sources: list[str]) -> None:
    done = logged("log", *arguments, "--json")
    assert done.code == 0
    assert [json.loads(line)["source"] for line in done.lines] == sources


@pytest.fixture
def copied(loop: Loop) -> Loop:
    """A vault whose log has a record of a task that two files carry now."""
    loop("update", "tsk-019-14", "status=doing", "--force")
    loop.write(f"{loop.TASKS}/copy.md", loop.path().read_text())
    return loop


def test_two_files_with_one_id_have_the_records_of_both(copied: Loop) -> None:
    assert copied("get", "tsk-019-14").code == 7
    assert len(copied("log", "tsk-019-14", "--json").lines) == 1


def test_so_have_files_that_can_not_be_read(copied: Loop) -> None:
    for path in (copied.path(), copied.path(f"{copied.TASKS}/copy.md")):
        path.write_text(path.read_text().replace("\n---", "\nbroken: [\n---", 1))

    assert copied("get", "tsk-019-14").code == 6
    assert len(copied("log", "tsk-019-14", "--json").lines) == 1


def test_what_was_never_recorded_has_none_whatever_its_file(copied: Loop) -> None:
    copied.log_path.unlink()
    assert (copied("log", "tsk-019-14", "--json").code, copied("log", "rules B and C").code) == (
        0, 7,
    )  # fmt: skip
    assert copied("log", "rules B and C", "--json").error["hint"] == "give the id: tsk-019-14"
    broken = copied.write("60_Hypotheses/hyp-4-11.md", "---\nentity_id: hyp-4-11\nx: [\n---\n")
    assert broken.exists()
    assert (copied("get", "hyp-4-11").code, copied("log", "hyp-4-11").code) == (6, 0)


def test_of_one_entity_only_its_lines_are_read(loop: Loop) -> None:
    loop("update", "tsk-019-14", "status=doing", "--force")
    broken = ('{"entity_id": "tsk-019-14"', '{"entity_id": "tsk-019-01"')
    with loop.log_path.open("a") as log:
        log.write("".join(line + "\n" for line in broken))

    done = loop("log", "tsk-019-14", "--json")

    assert len(done.lines) == 1
    assert done.err == "loop: warning: a line of the audit log can't be read; passed over\n"
    assert "2 lines" in loop("log", "--json").err


def test_a_run_is_found_by_its_id(logged: Loop) -> None:
    run_id = json.loads(logged("log", "--limit", "1", "--json").out)["run_id"]
    assert len(logged("log", "--run", run_id, "--json").lines) == 1


def test_an_unknown_source_or_limit_is_2(logged: Loop) -> None:
    assert logged("log", "--source", "web").code == 2
    assert logged("log", "--limit", "-1").code == 2
    assert logged("log", "--limit", "many").code == 2


def test_foreign_lines_stay_and_an_unterminated_one_gets_its_end(logged: Loop) -> None:
    text = logged.log_path.read_text()
    assert text.startswith("\n".join(LINES) + "\n{")
    assert text.endswith("}\n")


def test_no_log_is_no_error(loop: Loop) -> None:
    done = loop("log")
    assert (done.code, done.out, done.err) == (0, "", "no records\n")
    assert loop("log", "--json").out == ""


def test_a_table_has_thirty_unless_told(loop: Loop) -> None:
    loop.write("_build/audit_log.jsonl", (foreign("x", "2026-01-01", action="update") + "\n") * 40)
    short, whole = loop("log"), loop("log", "--limit", "0")
    assert (short.out.count("2026-01-01"), whole.out.count("2026-01-01")) == (30, 40)
    assert "--limit 0 shows all" in short.err
    assert len(loop("log", "--json").lines) == 40


def test_times_are_spoken_on_a_terminal_and_exact_elsewhere(loop: Loop) -> None:
    loop("update", "tsk-019-14", "status=doing", "--force")
    exact = loop.records[-1]["timestamp"][:16].replace("T", " ")
    assert exact in loop("log").out
    assert exact in loop.on_terminal("log", "--utc").text
    shown = loop.on_terminal("log").text
    assert ("just now" in shown, "(UTC)" in shown) == (True, False)


def test_older_segments_are_part_of_the_log(loop: Loop) -> None:
    loop.write("_build/audit_log.20260101T000000Z.jsonl", LINES[0] + "\n")
    loop("update", "tsk-019-14", "status=doing", "--force")
    sources = [json.loads(line)["source"] for line in loop("log", "--json").lines]
    assert sources == ["cli", "ui"]
    assert loop.records[0]["metadata"]["previous"] is not None


@pytest.mark.parametrize(
    "odd",
    [
        {"modified_fields": 5, "actor": 7, "timestamp": 8},
        {"modified_fields": {"a": 1}, "diff": [1]},
        {"diff": {"status": 5, "x": {"old": 1}}, "metadata": []},
        {"diff": {"a.b": {"old": {"c": [None]}, "new": 1.5}}, "action": None},
        {"actor": "\ud800", "entity_type": "\udcff"},
        {"timestamp": "9999-12-31T23:59:59.999999Z", "run_id": ["x"]},
        {"deep": json.loads("[" * 400 + "]" * 400)},
    ],
    ids=["numbers", "shapes", "half", "nested", "surrogates", "late", "deep"],
)
def test_odd_lines_of_others_break_nothing(loop: Loop, odd: dict[str, Any]) -> None:
    metadata = {"etag_after": "0" * 16, "updated_after": "2026-02-01T00:00:00Z"}
    line = {"entity_id": "tsk-019-14", "timestamp": "2026-02-01", "metadata": metadata, **odd}
    loop.write("_build/audit_log.jsonl", json.dumps(line) + "\n")
    shown = loop("log", "--json")
    assert shown.code == 0
    assert json.loads(shown.out)["entity_id"] == "tsk-019-14"
    assert loop("log").code == 0
    expected = ("update", "tsk-019-14", "status=done", "--expected-updated-at", "2026-01-01")
    models.ConflictDocument.model_validate(loop(*expected, "--json").error)
    told = loop(*expected)
    assert told.code == 4
    assert "when you read it" in told.err
    assert loop("update", "tsk-019-14", "status=done", "--force").code == 0


def test_a_log_that_cannot_be_read_is_1(loop: Loop) -> None:
    with loop.unreadable_log():
        done = loop("log", "--json")
    assert done.code == 1
    assert done.error["code"] == "io"


def test_what_was_made_goes_by_its_name(loop: Loop) -> None:
    """Its fields are all new; one line has no place for them, and `loop history` tells them."""
    loop("create", "Task", "--name", "새 일", "project_id=prj-019", "assignee=ops")

    (line,) = [one for one in loop("log", "--limit", "1").lines if "tsk-2funwc-" in one]

    assert line.rstrip().endswith("create Task: 새 일")


def test_an_undo_says_what_it_takes_back(loop: Loop) -> None:
    task = ("create", "Task", "--name", "잠깐", "project_id=prj-019", "assignee=ops")
    made = loop(*task, "--json").json
    gone = loop("undo", made["run_id"], "--yes", "--json").json
    loop("undo", gone["run_id"], "--yes")

    said = [line.split()[-2:] for line in loop("log").lines if made["entity_id"] in line]

    assert said[:2] == [["undo", "delete"], ["undo", "create"]]
