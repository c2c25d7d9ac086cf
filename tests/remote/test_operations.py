"""The command line over a server does what it does on the files, and says the same."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.remote.conftest import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Done
    from tests.remote.conftest import Served

TASK = "tsk-019-14"
READS = (
    ("get", TASK),
    ("get", TASK, "--json"),
    ("get", TASK, "--yaml"),
    ("get", TASK, "--body"),
    ("get", TASK, "--field", "status", "--field", "etag", "--field", "body"),
    ("get", "rules B and C", "--json"),
    ("get", TASK, "--path"),
    ("get", "nope", "--json"),
    ("get", TASK, "--field", "statuss"),
    ("list",),
    ("list", "task", "--json"),
    ("list", "task", "--where", "status=todo,doing", "--sort", "-due,entity_id", "--ids"),
    ("list", "--where", "has:tags", "--limit", "3", "--csv"),
    ("list", "--project", "prj-019", "--ids"),
    ("list", "task", "--where", "due<2026-01-20", "--json"),
    ("list", "--where", "nofield=1"),
    ("list", "taks"),
    ("board", "--json"),
    ("board", "--by", "assignee", "--json"),
    ("agenda", "--json"),
    ("stats", "--json"),
    ("search", "규칙", "--json"),
    ("search", "규칙", "task", "--ids", "--limit", "2"),
    ("search", "nowhere-to-be-found"),
    ("schema",),
    ("schema", "Task"),
    ("schema", "Task", "--json"),
    ("history", TASK, "--json"),
    ("log", "--json"),
    ("log", TASK),
    ("check", "Task"),
    ("check", TASK, "--json"),
    ("diff", "prj-019"),
)


@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_what_is_read_is_the_same(shared: Served, words: tuple[str, ...]) -> None:
    if not shared.files.records:
        shared.files("update", TASK, "status=doing", "tags+=x", "--force")
    over, here = shared.loop(*words), shared.files(*words)

    assert (over.code, over.out) == (here.code, here.out)
    assert _same_errors(over, here)


def _same_errors(over: Done, here: Done) -> bool:
    if over.err.startswith("{"):
        return bool(json.loads(over.err) == json.loads(here.err))
    return over.err == here.err


class TestUpdate:
    def test_it_lands_as_who_the_token_says(self, served: Served) -> None:
        seen = served.loop.etag()
        changes = ("status=doing", "tags+=급함", "estimated_hours=1.10", "notes=@@x", "due!")
        done = served.loop("update", TASK, *changes, "--if-match", seen, "--json").json

        (record,) = served.files.records
        assert (record["actor"], record["source"]) == ("user:김은향", "script")
        assert record["run_id"] == done["run_id"]
        assert record["metadata"]["precondition"] == "etag"
        assert record["modified_fields"] == done["modified_fields"]
        assert done == {**served.files("get", TASK, "--json").json, **_of(done)}
        text = served.files.path().read_text()
        assert "estimated_hours: 1.10 " in text
        assert done["fields"]["notes"] == "@x"
        assert "due" not in done["fields"]

    @pytest.mark.parametrize(
        ("words", "stdin"),
        [
            (("status=doing", "priority=low"), None),
            (("a\\.b=1", "outer.inner:=[1, 2.50]"), None),
            (("tags-=ssot", "tags+=x", "tags+=y"), None),
            (("--unset", "due", "notes=  spaces  "), None),
            (("--set-json", "-"), '{"x!": 1, "y+": null, "tags": ["a"]}'),
            (("--append-body", "-"), "more\n"),
            (("--body-file", "-"), "new\r\nbody"),
            (("status=nowhere", "entity_id=x"), None),
            (("status=doing",), None),
        ],
    )
    def test_the_same_change_here_and_there(
        self, served: Served, tmp_path: Path, words: tuple[str, ...], stdin: str | None
    ) -> None:
        """On two vaults that are alike, with a schema that allows the fields."""
        from tests.cli.conftest import new_loop

        other = new_loop(tmp_path / "other")
        seen = served.loop.etag()
        assert other.etag() == seen

        over = served.loop("update", TASK, *words, "--if-match", seen, stdin=stdin)
        here = other("update", TASK, *words, "--if-match", seen, stdin=stdin)

        assert over.code == here.code, over.err
        assert _lines(served.files.path()) == _lines(other.path())
        assert [one["diff"] for one in served.files.records] == [
            one["diff"] for one in other.records
        ]
        assert _same_errors(over, here)

    def test_a_dry_run_writes_nothing(self, served: Served) -> None:
        before = served.files.path().read_bytes()
        words = ("status=doing", "--if-match", served.loop.etag(), "--dry-run", "--json")

        assert served.loop("update", TASK, *words).json["dry_run"] is True
        assert served.files.path().read_bytes() == before
        assert served.files.records == []

    def test_a_stale_revision_is_4_and_shows_the_three_states(self, served: Served) -> None:
        seen = served.loop.etag()
        served.files("update", TASK, "status=doing", "--force")
        words = ("update", TASK, "status=done", "--if-match", seen)
        over, here = served.loop(*words, "--json"), served.files(*words, "--json")

        assert over.code == here.code == 4
        assert over.error == here.error
        assert served.loop(*words).err == served.files(*words).err
        assert len(served.files.records) == 1

    def test_a_rebase_where_nothing_overlaps(self, served: Served) -> None:
        seen = served.loop.etag()
        served.files("update", TASK, "status=doing", "--force")
        rebase = ("--if-match", seen, "--on-conflict=rebase")

        assert served.loop("update", TASK, "due=2026-02-01", *rebase).code == 0
        assert served.loop("update", TASK, "status=done", *rebase).code == 4
        last = served.files.records[-1]
        assert last["modified_fields"] == ["due"]
        assert last["metadata"]["rebased_from"]

    def test_without_a_revision_off_a_terminal_it_is_5(self, served: Served) -> None:
        over = served.loop("update", TASK, "status=doing")
        here = served.files("update", TASK, "status=doing")

        assert over.code == here.code == 5
        assert over.err == here.err

    def test_a_condition_is_compared_there(self, served: Served) -> None:
        claim = ("update", TASK, "status=doing", "--if", "status=todo", "--json")
        assert served.loop(*claim).json["changed"] is True

        again = served.loop(*claim)

        assert (again.code, again.error["reason"]) == (4, "condition_unmet")
        assert again.error["conditions"] == served.files(*claim).error["conditions"]

    def test_at_a_terminal_the_change_is_shown_and_asked_for(self, served: Served) -> None:
        screen = served.loop.on_terminal(
            "update", TASK, "status=doing", replies=(("Apply", "y\n"),)
        )

        assert screen.code == 0, screen.text
        assert "todo" in screen.text
        (record,) = served.files.records
        assert record["metadata"]["precondition"] == "etag"

    def test_at_a_terminal_a_conflict_is_a_question(self, served: Served) -> None:
        seen = served.loop.etag()
        served.files("update", TASK, "status=doing", "--force")

        screen = served.loop.on_terminal(
            "update", TASK, "status=blocked", "--if-match", seen, replies=(("What now?", "m\n"),)
        )
        assert screen.code in (0, 4), screen.text
        assert "when you read it" in screen.text

    def test_a_run_of_several_commands(self, served: Served) -> None:
        run = "5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f"
        for change in ("status=doing", "priority=low"):
            words = ("update", TASK, change, "--if-match", served.loop.etag())
            assert served.loop(*words, env={"LOOP_RUN_ID": run}).code == 0

        assert [one["run_id"] for one in served.files.records] == [run, run]


def _of(done: dict[str, Any]) -> dict[str, Any]:
    return {key: done[key] for key in ("changed", "run_id", "modified_fields", "diff")}


def _lines(path: Path) -> list[str]:
    """The lines of a file but for the time of the change."""
    return [one for one in path.read_text().splitlines() if not one.startswith("updated:")]


class TestLife:
    def test_create(self, served: Served) -> None:
        words = ("--name", "새 일", "project_id=prj-019", "assignee=ops", "estimated_hours=2")
        dry = served.loop("create", "task", *words, "--dry-run", "--json").json
        made = served.loop("create", "task", *words, "--json").json

        assert dry["dry_run"] is True
        assert made["created"] is True
        assert made["fields"]["estimated_hours"] == 2
        assert made["fields"]["entity_name"] == "새 일"
        (record,) = served.files.records
        assert (record["action"], record["actor"]) == ("create", "user:김은향")
        found = served.files("get", made["entity_id"], "--json").json
        assert {key: made[key] for key in found} == found

    def test_the_same_create_with_its_key_makes_one(self, served: Served) -> None:
        words = ("create", "task", "--name", "한 번", "project_id=prj-019", "assignee=ops")
        first = served.loop(*words, "--idempotency-key", "k1", "--json").json
        again = served.loop(*words, "--idempotency-key", "k1", "--json").json

        assert first["entity_id"] == again["entity_id"]
        assert len(served.files.records) == 1

    def test_what_is_required_is_said_at_once(self, served: Served) -> None:
        over = served.loop("create", "task", "--json")
        here = served.files("create", "task", "--json")

        assert over.code == here.code == 6
        assert over.error["problems"] == here.error["problems"]

    def test_delete_and_undo(self, served: Served) -> None:
        seen = served.loop.etag()
        before = served.files.path().read_bytes()
        done = served.loop("delete", TASK, "--if-match", seen, "--json").json
        assert not served.files.path().exists()
        assert done["removed"][0]["kept"]

        assert served.loop("undo", TASK, "--yes").code == 0
        assert served.files.path().read_bytes() == before
        assert [one["actor"] for one in served.files.records] == ["user:김은향"] * 2

    def test_a_stale_delete_is_4(self, served: Served) -> None:
        done = served.loop("delete", TASK, "--if-match", "1111111111111111", "--json")

        assert done.code == 4
        assert done.error["current_etag"] == served.loop.etag()
        assert served.files.path().exists()

    def test_what_others_refer_to_stays(self, served: Served) -> None:
        words = ("delete", "prj-019", "--if-match", served.loop.etag("prj-019"))
        over, here = served.loop(*words, "--json"), served.files(*words, "--json")

        assert over.code == 6
        assert over.error == here.error

    def test_move_and_rename(self, served: Served) -> None:
        words = ("move", TASK, "--project", "prj-020", "--if-match", served.loop.etag())
        dry = served.loop(*words, "--dry-run")
        assert "prj-019 → prj-020" in dry.out
        moved = served.loop(*words, "--json").json

        assert moved["moved"][0]["diff"]["project_id"] == {"old": "prj-019", "new": "prj-020"}
        assert served.files("get", TASK, "--path").out.strip() == moved["moved"][0]["path"]
        assert "nothing to rename" in served.loop("rename", TASK, "--yes").out

    def test_undo_of_a_run_and_of_the_last(self, served: Served) -> None:
        for change in ("status=doing", "priority=low"):
            served.loop("update", TASK, change, "--if-match", served.loop.etag())
        run = served.files.records[0]["run_id"]

        assert served.loop("undo", run[:8], "--yes", "--json").json["undoes"] == run
        assert served.loop("undo", "--last", "--yes", "--json").json["changed"] is True
        assert served.loop("undo", "00000000-0000-4000-8000-000000000000", "--yes").code == 3

    def test_an_undo_of_what_was_changed_since_is_4(self, served: Served) -> None:
        served.loop("update", TASK, "status=doing", "--if-match", served.loop.etag())
        run = served.files.records[0]["run_id"]
        served.files("update", TASK, "status=hold", "--force")

        over = served.loop("undo", run, "--yes", "--json")
        here = served.files("undo", run, "--yes", "--json")
        assert over.code == here.code == 4
        assert over.error == here.error


class TestMany:
    def test_all_that_a_query_finds(self, served: Served) -> None:
        words = ("update", "--where", "entity_type=Task", "--where", "assignee=ops", "priority=low")
        done = served.loop(*words, "--yes", "--json")

        assert done.code == 0, done.err
        told = [json.loads(line) for line in done.lines]
        changed = [one for one in told if one["changed"]]
        assert len(changed) == len(served.files.records) > 0
        assert {one["run_id"] for one in changed} == {served.files.records[0]["run_id"]}

    def test_lines_each_with_its_outcome(self, served: Served) -> None:
        lines = [
            {"id": TASK, "set": {"status": "doing"}, "if_match": served.loop.etag()},
            {"id": "nope", "set": {"status": "doing"}, "if_match": "1111111111111111"},
            {"id": TASK, "set": {"status": "done"}, "if_match": "1111111111111111"},
        ]
        text = "\n\n".join(map(json.dumps, lines)) + "\n"
        done = served.loop("apply", "-", stdin=text)

        told = [json.loads(line) for line in done.lines]
        assert [one["line"] for one in told] == [1, 3, 5]
        assert [one.get("code") for one in told] == [None, "not_found", "conflict"]
        assert done.code == 3
        assert json.loads(done.err)["changed"] == 1

    def test_all_or_none(self, served: Served) -> None:
        lines = [
            {"id": TASK, "set": {"status": "doing"}, "if_match": served.loop.etag()},
            {"id": TASK, "set": {"status": "nowhere"}, "if_match": served.loop.etag()},
        ]
        done = served.loop("apply", "-", "--atomic", stdin="\n".join(map(json.dumps, lines)))

        assert done.code == 6
        assert served.files.records == []

    def test_what_a_line_makes_is_known_to_lines_that_go_in_another_request(
        self, served: Served
    ) -> None:
        fields = {"project_id": "prj-020", "assignee": "개발팀"}
        first = {"op": "create", "as": "$t", "type": "Task", "name": "첫째", "set": fields}
        blank = [{"id": "nope", "set": {"status": "doing"}, "if_match": "1" * 16}] * 100
        later = {"op": "delete", "id": "$t", "if": "assignee=개발팀"}
        text = "\n".join(map(json.dumps, [first, *blank, later]))
        done = served.loop("apply", "-", stdin=text)

        told = [json.loads(line) for line in done.lines]
        assert [(one["line"], one["op"]) for one in (told[0], told[-1])] == [
            (1, "create"),
            (102, "delete"),
        ]
        assert told[-1]["removed"][0]["entity_id"] == told[0]["entity_id"]

    def test_another_name(self, served: Served) -> None:
        done = served.loop("rename", TASK, "--name", "다른 이름", "--yes", "--json")

        assert done.code == 0, done.err
        assert served.loop("get", TASK, "--field", "entity_name").out == "다른 이름\n"


class TestRefused:
    @pytest.mark.parametrize(
        "words",
        [
            ("kept", "--aside"),
            ("audit", "verify"),
            ("audit", "rotate"),
            ("audit", "redact", TASK, "notes", "--yes"),
            ("audit", "migrate"),
            ("check", "--fix", "--yes"),
        ],
    )
    def test_what_needs_the_files_says_so(self, shared: Served, words: tuple[str, ...]) -> None:
        done = shared.loop(*words)

        assert done.code == 2
        assert "server" in done.err

    def test_without_a_token_or_with_another(self, shared: Served) -> None:
        for token in ("", "other"):
            done = shared.loop("get", TASK, env={"LOOP_API_TOKEN": token})
            assert done.code == 1
            assert "does not know the token" in done.err

    def test_a_token_that_may_only_read(self, tmp_path: Path) -> None:
        from tests.remote.conftest import _skip_without_the_server

        _skip_without_the_server()
        found = serve(tmp_path, role="read")
        try:
            seen = found.loop.etag()
            done = found.loop("update", TASK, "status=doing", "--if-match", seen)
        finally:
            found.stop()

        assert done.code == 1
        assert "may only read" in done.err
        assert found.files.records == []


class TestBrokenOff:
    def test_a_change_whose_answer_is_cut_anywhere_lands_once(self, served: Served) -> None:
        """A proxy that cuts the first answer, at places all over it."""
        size = 0
        for cut in (0, 1, 17, 100, 250, 400, 700, 1000):
            seen, before = served.loop.etag(), len(served.files.records)
            with cutting(served.url, after=cut) as (url, passed):
                words = ("update", TASK, f"notes=cut {cut}", "--if-match", seen)
                done = served.loop(*words, env={"LOOP_API_URL": url})
            size = max(size, *passed)

            assert done.code == 0, (cut, done.err)
            assert len(served.files.records) == before + 1, cut
        assert size > 400

    def test_a_server_that_never_answers_is_1_and_names_the_run(self, served: Served) -> None:
        seen = served.loop.etag()
        with cutting(served.url, after=0, times=10) as (url, _passed):
            words = ("update", TASK, "notes=x", "--if-match", seen, "--json")
            done = served.loop(*words, env={"LOOP_API_URL": url})

        assert done.code == 1
        assert done.error["code"] == "answer_lost"
        (record,) = served.files.records
        assert done.error["run_id"] == record["run_id"]

    def test_a_server_that_is_gone(self, served: Served) -> None:
        served.stop()

        done = served.loop("update", TASK, "notes=x", "--if-match", "1" * 16, "--json")
        assert done.code == 1
        assert done.error["code"] == "unreachable"
        assert "nothing was changed" in done.error["error"]


@contextmanager
def cutting(url: str, *, after: int, times: int = 1) -> Iterator[tuple[str, list[int]]]:
    """A proxy that passes so many bytes of the first answers, and the others whole."""
    target = ("127.0.0.1", int(url.rpartition(":")[2]))
    listening = socket.create_server(("127.0.0.1", 0))
    passed = [0]

    def run() -> None:
        for number in range(1000):
            try:
                near, _peer = listening.accept()
            except OSError:
                return
            with near, socket.create_connection(target) as far:
                request = b""
                while b"\r\n\r\n" not in request or not _is_whole(request):
                    part = near.recv(65536)
                    if not part:
                        break
                    request += part
                far.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                answer = b""
                while part := far.recv(65536):
                    answer += part
                passed.append(len(answer))
                with suppress(OSError):
                    near.sendall(answer[:after] if number < times else answer)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", passed
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def _is_whole(request: bytes) -> bool:
    head, _blank, body = request.partition(b"\r\n\r\n")
    lengths = [one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")]
    return not lengths or len(body) >= int(lengths[0].partition(b":")[2])


def test_a_server_that_allows_no_force_says_so(shared: Served) -> None:
    line = json.dumps({"id": TASK, "set": {"status": "doing"}})

    errors = [
        shared.loop("update", TASK, "status=doing", "--force").err,
        shared.loop("delete", TASK, "--force").err,
        shared.loop("apply", "-", "--force", stdin=line).out,
    ]

    for error in errors:
        assert "this server does not allow --force" in error
        assert "--force skips the check" not in error
    unseen = shared.loop("update", TASK, "status=doing").err
    assert "say which revision you have seen: --if-match" in unseen
    assert "does not allow" not in unseen
