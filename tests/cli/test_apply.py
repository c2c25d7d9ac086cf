"""`loop apply`: a line a change, a result line each, durable when it is printed."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.wire import find as models_find

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

ONE, TWO = "tsk-019-14", "tsk-019-02"


def lines(*changes: Any) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in changes)


def etag(loop: Loop, entity_id: str) -> str:
    found: str = loop("get", entity_id, "--json").json["etag"]
    return found


def test_each_line_has_its_result_in_order_and_the_rest_goes_on(loop: Loop) -> None:
    done = loop(
        "apply",
        "-",
        stdin=lines(
            {"id": ONE, "set": {"status": "hold"}, "if_match": etag(loop, ONE)},
            {"id": "nobody", "set": {"status": "done"}},
            {"id": TWO, "set": {"status": "dne"}, "if_match": etag(loop, TWO)},
            {"id": TWO, "set": {"status": "hold"}, "if_match": "0" * 16},
            {"id": TWO, "set": {"status": "hold"}},
            {"id": TWO, "add": {"tags": ["새것", 5]}, "if_match": etag(loop, TWO)},
        ),
    )

    found = [json.loads(line) for line in done.lines]
    assert [one["line"] for one in found] == [1, 2, 3, 4, 5, 6]
    codes = [one.get("code") for one in found]
    assert codes == [
        None, "not_found", "invalid_change", "conflict", "precondition_required", None,
    ]  # fmt: skip
    assert done.code == 3
    error = json.loads(done.err)
    assert (error["code"], error["changed"], error["unchanged"], error["failed"]) == (
        "not_found", 2, 0, 4,
    )  # fmt: skip
    for one in (found[0], found[5]):
        models_find.OutcomeDocument.model_validate(one)
    assert loop("get", TWO, "--json").json["fields"]["tags"][-2:] == ["새것", "5"]
    assert len({one["run_id"] for one in found if "run_id" in one}) == 1


def test_every_key(loop: Loop) -> None:
    before = loop("get", ONE, "--json").json
    tag = before["fields"]["tags"][0]
    change = {
        "id": ONE,
        "path": before["path"],
        "set": {"estimated_hours": 7, "notes": "새 메모"},
        "unset": ["due"],
        "remove": {"tags": tag},
        "body": "새 본문\n",
        "expected_updated_at": before["updated_at"],
    }

    done = loop("apply", "-", stdin=lines(change))

    after = loop("get", ONE, "--json").json
    assert done.code == 0
    assert after["fields"]["estimated_hours"] == 7
    assert after["fields"]["notes"] == "새 메모"
    assert "due" not in after["fields"]
    assert tag not in after["fields"]["tags"]
    assert after["body"] == "새 본문\n"
    (said,) = (json.loads(line) for line in done.lines)
    assert (said["etag"], said["updated_at"]) == (after["etag"], after["updated_at"])
    assert sorted(said["modified_fields"]) == ["body", "due", "estimated_hours", "notes", "tags"]


def test_what_is_there_already_is_no_change(loop: Loop) -> None:
    status = loop("get", ONE, "--field", "status").out.strip()

    done = loop("apply", "-", "--force", stdin=lines({"id": ONE, "set": {"status": status}}))

    assert json.loads(done.lines[0])["changed"] is False
    assert loop("log", ONE, "--json").lines == []


def test_two_changes_of_one_entity_land_one_after_the_other(loop: Loop) -> None:
    changes = [{"id": ONE, "set": {"estimated_hours": hours}} for hours in (1, 2, 3)]

    done = loop("apply", "-", "--force", stdin=lines(*changes))

    assert done.code == 0
    records = [json.loads(line) for line in loop("log", ONE, "--json").lines]
    assert [one["diff"]["estimated_hours"]["new"] for one in records] == [3, 2, 1]
    assert loop("audit", "verify").code == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"[]\n", "a JSON object with an id"),
        (b'{"id": ""}\n', "a JSON object with an id"),
        (b'{"id": "x"}\n', "nothing to change"),
        (b'{"id": "x", "sett": {}}\n', "did you mean set?"),
        (b'{"id": "x", "sett": {}}\n', "'sett' is none of op, id, path, set, "),
        (b'{"id": "x", "opp": "move"}\n', "did you mean op?"),
        (b'{"id": "x", "set": []}\n', "set must be an object"),
        (b'{"id": "x", "unset": 5}\n', "unset must be a list"),
        (b'{"id": "x", "add": {"tags": [[1]]}}\n', "add.tags must be"),
        (b'{"id": "x", "body": 5}\n', "body must be a text"),
        (b'{"id": "x", "set": {"a": 1}, "unset": ["a"]}\n', "say each field once"),
        (b"nonsense\n", "is not JSON"),
        (b"[" * 100_000 + b"\n", "nested too deeply"),
    ],
)
def test_a_line_that_is_no_change_is_its_own_error(loop: Loop, line: bytes, words: str) -> None:
    done = loop("apply", "-", "--force", stdin=line + lines({"id": ONE, "set": {"status": "hold"}}))

    first, second = (json.loads(one) for one in done.lines)
    assert words in first["error"]
    assert (first["line"], first["code"], done.code) == (1, "usage", 2)
    assert second["changed"] is True


def test_atomic_is_all_or_none(loop: Loop) -> None:
    good = {"id": ONE, "set": {"status": "hold"}}
    bad = {"id": TWO, "set": {"status": "dne"}}
    before = loop("get", ONE, "--json").json

    refused = loop("apply", "-", "--atomic", "--force", stdin=lines(good, bad))
    unread = loop("apply", "-", "--atomic", "--force", stdin=lines(good, {"id": TWO, "sett": 1}))

    assert (refused.code, refused.out, refused.error["code"]) == (6, "", "invalid_change")
    assert (unread.code, unread.out, unread.error["line"]) == (2, "", 2)
    assert loop("get", ONE, "--json").json == before
    done = loop(
        "apply", "-", "--atomic", "--force", stdin=lines(good, {**bad, "set": {"status": "hold"}})
    )
    assert done.code == 0
    records = [json.loads(line) for line in loop("log", "--json", "--limit", "2").lines]
    assert {one["metadata"]["group"]["count"] for one in records} == {2}


def test_a_dry_run_writes_nothing(loop: Loop) -> None:
    before = loop("get", ONE, "--json").json
    change = {"id": ONE, "set": {"status": "hold"}, "if_match": before["etag"]}

    done = loop("apply", "-", "--dry-run", stdin=lines(change))

    said = json.loads(done.lines[0])
    assert (said["dry_run"], said["changed"]) == (True, True)
    assert loop("get", ONE, "--json").json == before


def test_a_file_that_is_not_there_or_no_text(loop: Loop, tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b'{"id": "\xe9"}\n')

    assert loop("apply", str(tmp_path / "none")).code == 2
    assert "not UTF-8" in loop("apply", str(tmp_path / "latin")).error["error"]


def test_who_waits_for_each_result_gets_it(loop: Loop) -> None:
    """And Ctrl-C leaves what landed landed, and says how far it came."""
    process = loop.start("apply", "-", "--force", stdin=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    for hours in range(1, 6):
        process.stdin.write(lines({"id": ONE, "set": {"estimated_hours": hours}}))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["line"] == hours
        assert loop("get", ONE, "--field", "estimated_hours").out == f"{hours}\n"
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "5 changed" in json.loads(err)["error"]


def test_interrupted_in_the_middle_it_tells_of_all_that_landed(loop: Loop, tmp_path: Path) -> None:
    changes = [{"id": ONE, "set": {"estimated_hours": hours}} for hours in range(1, 5_000)]
    (tmp_path / "changes.jsonl").write_bytes(lines(*changes))
    before = len(loop("log", ONE, "--json").lines)
    with (tmp_path / "told").open("wb") as file:
        process = loop.start("apply", str(tmp_path / "changes.jsonl"), "--force", stdout=file)
        while process.poll() is None and (tmp_path / "told").stat().st_size < 10_000:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=60)

    told = len((tmp_path / "told").read_bytes().splitlines())
    assert process.returncode == 130
    assert 50 <= told < len(changes)
    assert f"{told} changed" in json.loads(err)["error"]
    assert len(loop("log", ONE, "--json", "--limit", "9999").lines) - before == told
    assert loop("get", ONE, "--field", "estimated_hours").out == f"{told}\n"
    assert loop("audit", "verify").code == 0


def test_json_is_accepted_since_every_command_for_programs_has_it(loop: Loop) -> None:
    change = lines({"id": ONE, "set": {"estimated_hours": 7}})

    with_it = loop("apply", "-", "--dry-run", "--force", "--json", stdin=change)
    without = loop("apply", "-", "--dry-run", "--force", stdin=change)

    assert (with_it.code, with_it.err) == (without.code, without.err) == (0, "")
    one, other = json.loads(with_it.out), json.loads(without.out)
    own = ("run_id", "updated_at", "etag")  # of each run, and of the time
    assert [one.pop(key) != other.pop(key) for key in own] == [True, True, True]
    assert one == other


def test_hundreds_land_and_the_log_is_whole(loop: Loop) -> None:
    ids = loop("list", "task", "--ids").lines
    changes = [
        {"id": one, "set": {"estimated_hours": hours}} for hours in range(1, 40) for one in ids
    ]

    done = loop("apply", "-", "--force", stdin=lines(*changes))

    assert done.code == 0
    assert len(done.lines) == len(changes)
    assert loop("audit", "verify").code == 0
    listed = [json.loads(line) for line in loop("list", "task", "--json").lines]
    assert {one["fields"]["estimated_hours"] for one in listed} == {39}
    for one in listed:
        assert loop("get", one["entity_id"], "--field", "etag").out.strip() == one["etag"]


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ([{"id": ONE, "if": ["status=hold"]}, {"id": "nobody"}], 4, (1, ONE)),
        ([{"id": "nobody"}, {"id": ONE, "if": ["status=hold"]}], 3, (1, "nobody")),
        ([{"id": ONE}, {"id": "nobody"}], 3, (2, "nobody")),
        ([{"id": ONE}, {"id": TWO, "if": ["status=nonsense"]}], 4, (2, TWO)),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_all_or_none_says_which_line_is_the_first_that_fails(
    loop: Loop, changes: list[Any], code: int, named: tuple[int, str], dry: tuple[str, ...]
) -> None:
    """The exit code is that of its error, as where each line lands by itself."""
    asked = lines(*({"set": {"notes": "x"}, "if": ["missing:notes"], **one} for one in changes))

    done = loop("apply", "-", "--atomic", *dry, stdin=asked)
    each = loop("apply", "-", "--dry-run", stdin=asked)

    assert (done.code, each.code) == (code, code)
    assert (done.error["line"], done.error["entity_id"]) == named
    assert loop("log", "--json").lines == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"if_match": "zz", "set": {"status": "done"}},
        {"expected_updated_at": "now", "set": {"status": "done"}},
        {"if": ["status"], "set": {"status": "done"}},
        {"if": ["status=todo"]},
        {"changes": ["status"]},
        {"op": "rename", "if_match": "zz"},
    ],
)
def test_what_is_wrong_in_a_line_is_said_of_the_entity_that_it_names(
    loop: Loop, wrong: dict[str, Any]
) -> None:
    asked = lines({"id": ONE, **wrong})

    (said,) = loop("apply", "-", stdin=asked).lines

    assert json.loads(said)["entity_id"] == ONE
    assert loop("apply", "-", "--atomic", stdin=asked).error["entity_id"] == ONE


def test_a_line_without_a_change_hears_what_would_be_one(loop: Loop) -> None:
    (said,) = loop("apply", "-", stdin=lines({"id": ONE, "body": None, "if": ["x=1"]})).lines

    ways = "set, unset, add, remove, changes, body, append_body"
    assert json.loads(said)["error"] == f"nothing to change: the line has none of {ways}"
