"""What a write does, what it answers, and what it needs to have seen."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.wire import http, life, models
from tests.http.conftest import CONFLICT_KEYS, ONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.http.conftest import Client, Vault

OLD = "2026-01-01T00:00:00"
NEW_TASK = {"entity_name": "새 일", "project_id": "prj-019", "assignee": "개발팀", "status": "todo"}


class TestPut:
    def test_with_the_value_that_a_get_gave(self, client: Client, vault: Vault) -> None:
        before = client.task()
        answer = client.put({"status": "doing", "expected_updated_at": before["updated"]})
        document = answer.json()

        assert answer.status_code == 200
        http.WrittenDocument.model_validate(document)
        assert document["task_id"] == "tsk-019-14"
        assert document["task"] == client.task()
        assert document["task"]["updated"] > before["updated"]
        assert document["diff"] == {"status": {"old": "todo", "new": "doing"}}
        assert answer.headers["etag"] == f'"{document["task"]["_etag"]}"'
        (record,) = vault.records()
        models.AuditRecord.model_validate(record)
        assert (record["actor"], record["source"]) == ("api:n8n", "api")
        assert record["run_id"] == document["run_id"] == answer.headers["x-run-id"]

    def test_with_all_that_a_get_gave(self, client: Client, vault: Vault) -> None:
        before = client.task()
        answer = client.put({**before, "status": "doing", "expected_updated_at": before["updated"]})

        assert (answer.status_code, list(answer.json()["diff"])) == (200, ["status"])
        (record,) = vault.records()
        assert list(record["diff"]) == ["status"]

    def test_with_another_value_of_what_nobody_may_write_is_422(self, client: Client) -> None:
        before = client.task()
        body = {**before, "created": "2020-01-01", "expected_updated_at": before["updated"]}

        assert client.put(body).status_code == 422
        assert client.task() == before

    def test_with_an_old_value_is_409_with_the_three_keys(
        self, client: Client, vault: Vault
    ) -> None:
        before = vault.bytes_of_all()
        answer = client.put({"status": "done", "expected_updated_at": OLD})
        conflict = answer.json()

        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/json"
        models.ConflictDocument.model_validate(conflict)
        http.HttpErrorDocument.model_validate(conflict)
        assert [conflict[key] for key in CONFLICT_KEYS] == [
            "Conflict: Entity was modified", client.task()["updated"], OLD,
        ]  # fmt: skip
        assert vault.bytes_of_all() == before
        assert vault.records() == []

    def test_only_what_was_asked_for_changes(self, client: Client, vault: Vault) -> None:
        before = vault.task.read_text(encoding="utf-8").splitlines()
        client.update({"status": "doing", "priority": None})
        after = vault.task.read_text(encoding="utf-8").splitlines()

        changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        assert [new.partition(":")[0] for _old, new in changed] == ["updated", "status"]

    def test_two_with_one_expectation_on_one_day(self, client: Client, vault: Vault) -> None:
        seen = client.task()["updated"]
        first = client.put({"status": "doing", "expected_updated_at": seen})
        second = client.put({"status": "done", "expected_updated_at": seen})

        assert (first.status_code, second.status_code) == (200, 409)
        (change,) = second.json()["changes"]
        assert change["actor"] == "api:n8n"
        assert len(vault.records()) == 1

    @pytest.mark.parametrize(
        "updated",
        ["2026-01-09", "'2026-01-09'", "2026-01-09T14:30:45", "2026-01-09 14:30:45 +0900"],
    )
    def test_updated_is_taken_verbatim_whatever_the_file_has(
        self, client: Client, vault: Vault, updated: str
    ) -> None:
        vault.edit("updated: 2026-01-09", f"updated: {updated}")
        stale = client.put({"status": "done", "expected_updated_at": OLD})
        fresh = client.update({"status": "doing"})

        assert (stale.status_code, fresh.status_code) == (409, 200), (stale.text, fresh.text)

    def test_a_file_edited_outside_between_get_and_put(self, client: Client, vault: Vault) -> None:
        client.update({"priority": "low"})
        seen = client.task()
        vault.edit("status: todo", "status: hold")
        by_time = client.put({"status": "done", "expected_updated_at": seen["updated"]})
        by_etag = client.put({"status": "done"}, if_match=f'"{seen["_etag"]}"')

        assert (by_time.status_code, by_etag.status_code) == (409, 412)
        assert by_time.json()["reason"] == "edited_outside"
        assert client.task()["status"] == "hold"

    def test_unknown_keys_of_the_older_api_are_left_out(self, client: Client) -> None:
        body = {"status": "doing", "attachments": [], "closed_inferred": "x", "auto_validate": True}

        assert client.update(body).json()["modified_fields"] == ["status"]

    def test_what_a_get_gave_put_back_is_no_change(self, client: Client, vault: Vault) -> None:
        task = client.task()
        own = ("entity_id", "entity_type", "created", "updated", "parent_id", "aliases")
        again = {key: value for key, value in task.items() if key not in own}
        answer = client.put({**again, "expected_updated_at": task["updated"]})

        assert (answer.status_code, answer.json()["changed"]) == (200, False), answer.text
        assert vault.records() == []

    def test_all_that_is_wrong_is_said_at_once(self, client: Client, vault: Vault) -> None:
        before = vault.bytes_of_all()
        answer = client.update({"status": "no", "zork": 1, "created": "2026-01-01"})

        assert answer.status_code == 422
        models.InvalidChangeDocument.model_validate(answer.json())
        assert {one["field"] for one in answer.json()["problems"]} == {"status", "zork", "created"}
        assert vault.bytes_of_all() == before

    def test_of_nothing_needs_to_have_seen_it_too(self, client: Client, vault: Vault) -> None:
        etag = client("GET", ONE).headers["etag"]
        nothing: dict[str, Any] = {"status": None, "attachments": []}

        assert client.put(nothing).status_code == 428
        assert client.put({**nothing, "expected_updated_at": OLD}).status_code == 409
        assert client.put(nothing, if_match=etag).json()["changed"] is False
        assert vault.records() == []

    def test_the_body_too(self, client: Client, vault: Vault) -> None:
        answer = client.update({"body": "\n# 새 글\n"})

        assert answer.json()["modified_fields"] == ["body"]
        assert vault.task.read_text(encoding="utf-8").endswith("---\n\n# 새 글\n")

    def test_of_another_type_is_404(self, client: Client) -> None:
        assert client.put({"status": "doing"}, path="/api/projects/tsk-019-14").status_code == 404


class TestPrecondition:
    def test_none_is_428_and_names_both(self, client: Client, vault: Vault) -> None:
        answer = client.put({"status": "done"})

        assert answer.status_code == 428
        assert "If-Match" in answer.json()["error"]
        assert ": say which revision you have seen: an If-Match" in answer.json()["error"]
        assert "nobody can be asked" not in answer.text
        assert "--if-match" not in answer.text
        assert vault.records() == []

    def test_in_the_header_a_stale_one_is_412(self, client: Client) -> None:
        answer = client.put({"status": "done"}, if_match='"0123456789abcdef"')

        assert answer.status_code == 412
        assert answer.json()["status"] == 412
        assert answer.json()["expected_etag"] == "0123456789abcdef"
        assert answer.json()["hint"]

    def test_in_the_query(self, client: Client) -> None:
        assert (
            client.put({"status": "done"}, path=f"{ONE}?expected_updated_at={OLD}").status_code
            == 409
        )
        seen = client.task()["updated"]
        answer = client.put({"status": "done"}, path=f"{ONE}?expected_updated_at={seen}")
        assert answer.status_code == 200

    @pytest.mark.parametrize("given", ["abc", '"abc"', "*", '"0123456789abcdef", "1"', ""])
    def test_a_malformed_etag_is_400(self, client: Client, given: str) -> None:
        assert client.put({"status": "done"}, if_match=given).status_code == 400

    @pytest.mark.parametrize("given", ["yesterday", "2026-13-01", "", 5, ["x"]])
    def test_a_malformed_time_is_refused(self, client: Client, given: Any) -> None:
        answer = client.put({"status": "done", "expected_updated_at": given})

        assert answer.status_code == (400 if isinstance(given, str) else 422)

    def test_both_must_hold(self, client: Client) -> None:
        task = client.task()
        etag = f'"{task["_etag"]}"'

        stale = client.put({"status": "done", "expected_updated_at": OLD}, if_match=etag)
        assert stale.status_code == 409
        both = client.put({"status": "done", "expected_updated_at": task["updated"]}, if_match=etag)
        assert both.status_code == 200

    def test_a_server_may_let_do_without(self, local: Callable[..., Client], vault: Vault) -> None:
        assert local(unconditional=True).put({"status": "done"}).status_code == 200
        assert vault.records()[0]["metadata"]["forced"] is True

    def test_rebase_applies_on_top_of_what_does_not_clash(
        self, client: Client, vault: Vault
    ) -> None:
        seen = client.task()["updated"]
        client.put({"priority": "low", "expected_updated_at": seen})
        stale = {"status": "doing", "expected_updated_at": seen}

        refused = client.put(stale)
        assert (refused.status_code, refused.json()["hint"]) == (
            409, "the same call with ?on_conflict=rebase",
        )  # fmt: skip
        assert client.put(stale, path=f"{ONE}?on_conflict=rebase").status_code == 200
        assert vault.records()[-1]["metadata"]["rebased_from"]["updated_at"] == seen
        clash = {"priority": "high", "expected_updated_at": seen}
        assert client.put(clash, path=f"{ONE}?on_conflict=rebase").status_code == 409

    def test_dry_run_writes_nothing(self, client: Client, vault: Vault) -> None:
        before = vault.bytes_of_all()
        seen = client.task()["updated"]
        answer = client.put(
            {"status": "doing", "expected_updated_at": seen}, path=f"{ONE}?dry_run=true"
        )

        assert answer.json()["dry_run"] is True
        assert answer.json()["modified_fields"] == ["status"]
        assert vault.bytes_of_all() == before
        assert vault.records() == []


class TestPatch:
    def test_a_line_of_apply(self, client: Client, vault: Vault) -> None:
        etag = client.task()["_etag"]
        line = {"set": {"status": "doing"}, "add": {"tags": ["api"]}, "unset": ["estimated_hours"]}
        answer = client("PATCH", "/api/entities/tsk-019-14", {**line, "if_match": etag})

        assert answer.status_code == 200, answer.text
        models.UpdateDocument.model_validate(answer.json())
        assert set(answer.json()["modified_fields"]) == {"status", "tags", "estimated_hours"}
        again = client("PATCH", "/api/entities/tsk-019-14", {**line, "if_match": etag})
        assert again.status_code == 409

    def test_another_id_in_the_body_is_400(self, client: Client) -> None:
        answer = client("PATCH", "/api/entities/tsk-019-14", {"id": "x", "set": {"status": "done"}})

        assert answer.status_code == 400


class TestMakingAndRemoving:
    def test_a_new_task(self, client: Client, vault: Vault) -> None:
        answer = client("POST", "/api/tasks", {**NEW_TASK, "tags": ["a"], "due": None})
        document = answer.json()

        assert answer.status_code == 201, answer.text
        assert document["success"] is True
        assert client.get(answer.headers["location"])["entity_id"] == document["task_id"]
        assert (vault.root / document["file_path"]).exists()
        (record,) = vault.records()
        assert record["action"] == "create"

    def test_of_any_type(self, client: Client) -> None:
        body = {**NEW_TASK, "type": "task", "fields": {"type": "ops"}, "body": "\n본문\n"}
        answer = client("POST", "/api/entities", body)

        assert answer.status_code == 201, answer.text
        assert answer.json()["task"]["type"] == "ops"
        assert answer.json()["task"]["_body"] == "\n본문\n"

    def test_what_lacks_is_said_at_once(self, client: Client, vault: Vault) -> None:
        answer = client("POST", "/api/tasks", {"status": "no"})

        assert answer.status_code == 422
        fields = {one["field"] for one in answer.json()["problems"]}
        assert {"project_id", "entity_name", "status"} <= fields
        assert client("POST", "/api/entities", {"type": "Tsk"}).status_code == 422
        assert client("POST", "/api/entities", {}).status_code == 422
        assert vault.records() == []

    @pytest.mark.parametrize("name", ["", "n\0l", "n\nl"], ids=ascii)
    def test_a_field_needs_a_name_of_one_line(
        self, client: Client, vault: Vault, name: str
    ) -> None:
        etag = client("GET", ONE).headers["etag"]
        path = "/api/entities/tsk-019-14"
        changed = client("PATCH", path, {"set": {name: "v"}}, if_match=etag)
        made = client("POST", "/api/entities", {**NEW_TASK, "type": "task", "fields": {name: "v"}})

        for answer in (changed, made):
            assert answer.status_code == 422, answer.text
            problems = [(one["field"], one["problem"]) for one in answer.json()["problems"]]
            assert problems == [(name, "name")]
        assert vault.records() == []

    def test_what_others_refer_to_is_not_deleted(self, client: Client) -> None:
        etag = client("GET", "/api/projects/prj-019").headers["etag"]
        answer = client("DELETE", "/api/projects/prj-019", if_match=etag)

        assert answer.status_code == 422
        life.StillReferredDocument.model_validate(answer.json())
        assert "?cascade=true" in answer.json()["hint"]
        dry = client("DELETE", "/api/projects/prj-019?force=true&dry_run=true", if_match=etag)
        assert len(dry.json()["removed"]) > 1

    def test_a_task_goes_and_comes_back(self, client: Client, vault: Vault) -> None:
        before = vault.task.read_bytes()
        assert client("DELETE", ONE).status_code == 428
        etag = client("GET", ONE).headers["etag"]
        gone = client("DELETE", ONE, if_match=etag)

        assert gone.status_code == 200, gone.text
        assert (gone.json()["success"], gone.json()["task"]) == (True, None)
        assert not vault.task.exists()
        assert client("GET", ONE).status_code == 404
        back = client("POST", "/api/undo", {"run_id": gone.json()["run_id"]})
        assert back.status_code == 200, back.text
        assert vault.task.read_bytes() == before

    def test_a_move_and_a_rename(self, client: Client, vault: Vault) -> None:
        etag = client("GET", ONE).headers["etag"]
        to = {"project": "prj-020"}
        assert client("POST", "/api/entities/tsk-019-14/move", to).status_code == 428
        moved = client("POST", "/api/entities/tsk-019-14/move", to, if_match=etag)

        assert moved.status_code == 200, moved.text
        life.MoveDocument.model_validate(moved.json())
        assert "prj-020" in client.task()["_path"]
        renamed = client("POST", "/api/entities/tsk-019-14/rename")
        assert renamed.json()["changed"] is False
        named = client("POST", "/api/entities/tsk-019-14/rename", {"name": "다른 이름"})
        assert named.json()["changed"] is True
        assert client.task()["entity_name"] == "다른 이름"

    def test_undo_of_an_entity_and_of_the_last_run(self, client: Client, vault: Vault) -> None:
        client.update({"status": "doing"})
        assert client("POST", "/api/entities/tsk-019-14/undo").json()["changed"] is True
        assert client.task()["status"] == "todo"
        client.update({"status": "hold"})
        assert client("POST", "/api/undo", {"last": True}).json()["changed"] is True
        assert client.task()["status"] == "todo"
        assert client("POST", "/api/undo", {}).status_code == 400
        unknown = client("POST", "/api/undo", {"run_id": str(uuid.uuid4())})
        assert unknown.status_code == 404

    def test_an_undo_by_what_was_read(self, client: Client, vault: Vault) -> None:
        seen = client("GET", ONE).headers["etag"]
        client.update({"status": "doing"})
        client.update({"notes": "theirs"})
        before = vault.task.read_bytes()

        stale = client("POST", "/api/entities/tsk-019-14/undo", if_match=seen)
        named = client("POST", "/api/entities/tsk-019-14/undo", {"if_match": seen.strip('"')})

        assert (stale.status_code, named.status_code) == (412, 409), (stale.text, named.text)
        assert named.json()["reason"] == "etag_changed"
        assert vault.task.read_bytes() == before
        now = {"expected_updated_at": client.task()["updated"]}
        assert client("POST", "/api/entities/tsk-019-14/undo", now).json()["changed"] is True
        assert "notes" not in client.task()

    def test_an_undo_of_a_run_names_the_etag_of_each(self, client: Client, vault: Vault) -> None:
        run = str(uuid.uuid4())
        ids = ("tsk-019-14", "tsk-019-07")
        for one in ids:
            etag = client("GET", f"/api/tasks/{one}").headers["etag"]
            done = client("PUT", f"/api/tasks/{one}", {"notes": "x"}, if_match=etag, x_run_id=run)
            assert done.status_code == 200, done.text
        etags = {one: client.task(f"/api/tasks/{one}")["_etag"] for one in ids}
        wrong = {**etags, "tsk-019-07": "1111111111111111"}
        before = vault.bytes_of_all()

        one_for_two = client("POST", "/api/undo", {"run_id": run, "if_match": "1" * 16})
        stale = client("POST", "/api/undo", {"run_id": run, "if_match": wrong})

        assert (one_for_two.status_code, stale.status_code) == (400, 409)
        assert stale.json()["entity_id"] == "tsk-019-07"
        assert vault.bytes_of_all() == before
        done = client("POST", "/api/undo", {"run_id": run, "if_match": etags})
        assert len(done.json()["entities"]) == 2, done.text

    def test_a_condition_is_a_precondition(self, client: Client, vault: Vault) -> None:
        claim = {"set": {"status": "doing"}, "if": ["status=todo"]}
        done = client("PATCH", "/api/entities/tsk-019-14", claim)
        again = client("PATCH", "/api/entities/tsk-019-14", claim)

        assert (done.status_code, again.status_code) == (200, 409), done.text
        assert vault.records()[-1]["metadata"]["precondition"] == "condition"
        assert again.json()["conditions"][0]["value"] == "doing"


class TestApply:
    def lines(self, client: Client, lines: list[Any], query: str = "") -> Any:
        text = "".join(
            (one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)) + "\n"
            for one in lines
        )
        return client.http.post(
            f"/api/apply{query}",
            content=text.encode(),
            headers={**client.headers, "content-type": "application/x-ndjson"},
        )

    def test_a_line_each_in_order(self, client: Client, vault: Vault) -> None:
        etags = {
            name: client.get(f"/api/tasks/{name}")["task"]["_etag"]
            for name in ("tsk-019-13", "tsk-019-14")
        }
        good = [
            {"id": name, "set": {"priority": "low"}, "if_match": etag}
            for name, etag in etags.items()
        ]
        answer = self.lines(client, [good[0], {"id": "no", "set": {"a": 1}}, "", "{no", good[1]])
        found = [json.loads(line) for line in answer.text.splitlines()]

        assert answer.status_code == 200
        assert [one["line"] for one in found if "line" in one] == [1, 2, 4, 5]
        assert [one.get("status", 200) for one in found] == [200, 404, 400, 200]
        assert {one["run_id"] for one in vault.records()} == {answer.headers["x-run-id"]}
        assert len(vault.records()) == 2

    def test_all_or_none(self, client: Client, vault: Vault) -> None:
        before = vault.bytes_of_all()
        etag = client.task()["_etag"]
        good = {"id": "tsk-019-14", "set": {"priority": "low"}, "if_match": etag}
        answer = self.lines(client, [good, {**good, "id": "tsk-019-13"}], "?atomic=true")

        assert answer.status_code == 409, answer.text
        assert vault.bytes_of_all() == before
        assert vault.records() == []

    @pytest.mark.parametrize("query", ["", "?atomic=true"])
    def test_what_is_made_is_named_by_later_lines(
        self, client: Client, vault: Vault, query: str
    ) -> None:
        fields = {"project_id": "prj-020", "assignee": "개발팀"}
        made = {"op": "create", "as": "$t", "type": "Task", "name": "첫째", "set": fields}
        tagged = {"id": "tsk-019-14", "add": {"tags": "$t"}, "if": ["status=todo"]}
        gone = {"op": "delete", "id": "tsk-019-07", "orphan": True, "if": "entity_type=Task"}
        answer = self.lines(client, [made, tagged, gone], query)

        found = [json.loads(line) for line in answer.text.splitlines()]
        assert [one.get("op") for one in found] == ["create", None, "delete"], found
        assert found[0]["entity_id"] in client.task()["tags"]
        assert len(vault.records()) == 3

    def test_no_line_is_no_answer(self, client: Client) -> None:
        answer = self.lines(client, [])

        assert (answer.status_code, answer.text) == (200, "")

    def test_without_a_revision_a_line_is_428(self, client: Client) -> None:
        answer = self.lines(client, [{"id": "tsk-019-14", "set": {"priority": "low"}}])

        assert json.loads(answer.text)["status"] == 428


class TestTheSameCallAgain:
    @pytest.fixture(params=["remembered", "forgotten"])
    def forget(self, request: pytest.FixtureRequest, client: Client) -> Callable[[], None]:
        """Between two calls the server may have been started anew: then the log tells."""

        def nothing() -> None:
            return

        service = client.http._transport.app.state.service  # type: ignore[attr-defined]
        return service._replies._by_key.clear if request.param == "forgotten" else nothing

    def twice(
        self, client: Client, forget: Callable[[], None], *call: Any, **headers: str
    ) -> tuple[Any, Any]:
        first = client(*call, idempotency_key="job-7", **headers)
        forget()
        return first, client(*call, idempotency_key="job-7", **headers)

    def test_a_put(self, client: Client, vault: Vault, forget: Callable[[], None]) -> None:
        body = {"status": "doing", "expected_updated_at": client.task()["updated"]}
        first, second = self.twice(client, forget, "PUT", ONE, body)

        assert first.status_code == 200
        assert (second.status_code, second.json()) == (200, first.json())
        assert second.headers["x-run-id"] == first.headers["x-run-id"]
        assert len(vault.records()) == 1

    def test_a_put_after_which_others_wrote(
        self, client: Client, vault: Vault, forget: Callable[[], None]
    ) -> None:
        body = {"status": "doing", "expected_updated_at": client.task()["updated"]}
        first = client("PUT", ONE, body, idempotency_key="job-7")
        client.update({"priority": "low", "body": "\nother\n"})
        forget()
        second = client("PUT", ONE, body, idempotency_key="job-7")

        assert second.json() == first.json()
        assert client.task()["priority"] == "low"

    def test_a_patch(self, client: Client, vault: Vault, forget: Callable[[], None]) -> None:
        etag = client("GET", ONE).headers["etag"]
        call = ("PATCH", "/api/entities/tsk-019-14", {"add": {"tags": "x"}})
        first, second = self.twice(client, forget, *call, if_match=etag)

        assert (second.status_code, second.json()) == (200, first.json())

    def test_a_create(self, client: Client, vault: Vault, forget: Callable[[], None]) -> None:
        first, second = self.twice(client, forget, "POST", "/api/tasks", NEW_TASK)

        assert (second.status_code, second.json()) == (201, first.json())
        assert len(vault.records()) == 1

    def test_a_delete(self, client: Client, vault: Vault, forget: Callable[[], None]) -> None:
        etag = client("GET", ONE).headers["etag"]
        first, second = self.twice(client, forget, "DELETE", ONE, None, if_match=etag)

        assert (second.status_code, second.json()) == (200, first.json())

    def test_a_move(self, client: Client, vault: Vault, forget: Callable[[], None]) -> None:
        etag = client("GET", ONE).headers["etag"]
        call = ("POST", "/api/entities/tsk-019-14/move", {"project": "prj-020"})
        first, second = self.twice(client, forget, *call, if_match=etag)

        assert (second.status_code, second.json()) == (200, first.json())

    def test_an_undo(self, client: Client, vault: Vault, forget: Callable[[], None]) -> None:
        client.update({"status": "doing"})
        first, second = self.twice(client, forget, "POST", "/api/entities/tsk-019-14/undo", {})

        assert second.status_code == 200
        assert second.json()["run_id"] == first.json()["run_id"]
        assert client.task()["status"] == "todo"

    def test_another_call_with_the_key_is_400(
        self, client: Client, vault: Vault, forget: Callable[[], None]
    ) -> None:
        body = {"status": "doing", "expected_updated_at": client.task()["updated"]}
        client("PUT", ONE, body, idempotency_key="job-7")
        forget()
        other = client("PUT", ONE, {**body, "status": "hold"}, idempotency_key="job-7")

        assert other.status_code == 400
        assert client.task()["status"] == "doing"

    def test_a_preview_under_the_key_is_no_call(
        self, client: Client, vault: Vault, forget: Callable[[], None]
    ) -> None:
        body = {"status": "doing", "expected_updated_at": client.task()["updated"]}
        preview, first = (
            client("PUT", path, body, idempotency_key="job-7")
            for path in (f"{ONE}?dry_run=true", ONE)
        )
        forget()
        again = client("PUT", f"{ONE}?dry_run=true", {"status": None}, idempotency_key="job-7")

        assert (preview.json()["dry_run"], first.json()["changed"]) == (True, True)
        assert again.status_code == 428
        assert len(vault.records()) == 1

    def test_what_failed_is_tried_again(
        self, client: Client, vault: Vault, forget: Callable[[], None]
    ) -> None:
        stale = {"status": "doing", "expected_updated_at": OLD}
        assert client("PUT", ONE, stale, idempotency_key="a").status_code == 409
        forget()
        fresh = {"status": "doing", "expected_updated_at": client.task()["updated"]}
        assert client("PUT", ONE, fresh, idempotency_key="b").status_code == 200

    def test_a_run_of_several_calls(self, client: Client, vault: Vault) -> None:
        run = str(uuid.uuid4())
        for status in ("doing", "hold"):
            seen = client.task()["updated"]
            client.put({"status": status, "expected_updated_at": seen}, x_run_id=run.upper())

        assert {one["run_id"] for one in vault.records()} == {run}
        assert client.put({"status": "done"}, x_run_id="no").status_code == 400


def test_many_at_once_lose_nothing(client: Client, vault: Vault) -> None:
    """Each adds a tag of its own to one of two tasks, and tries again where others were faster."""
    places = [ONE, "/api/tasks/tsk-019-13"]

    def add(number: int) -> int:
        tries = 0
        while True:
            tries += 1
            task = client.task(places[number % 2])
            tags = [*(task.get("tags") or []), f"t{number}"]
            body = {"tags": tags, "expected_updated_at": task["updated"]}
            answer = client.put(body, path=places[number % 2])
            assert answer.status_code in (200, 409), answer.text
            if answer.status_code == 200:
                return tries

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(24)))

    tags = [tag for place in places for tag in client.task(place)["tags"]]
    assert {f"t{number}" for number in range(24)} <= set(tags)
    assert len(vault.records()) == 24
    assert vault.command("audit", "verify")["ok"] is True


class TestAKeyThatIsNotThere:
    """It is said in the same words, wherever it is."""

    @pytest.mark.parametrize(
        ("method", "path", "body", "nearest"),
        [
            ("PATCH", "/api/entities/tsk-019-14", {"sett": {"status": "doing"}}, "set"),
            ("PATCH", "/api/entities/tsk-019-14", {"seen": {"fieldss": {}}}, "fields"),
            ("DELETE", "/api/entities/tsk-019-14", {"if_mach": "9f2c51d0a7b3e4f8"}, "if_match"),
            ("DELETE", "/api/tasks/tsk-019-14", {"expected_updated": "x"}, "expected_updated_at"),
            ("POST", "/api/entities/tsk-019-14/move", {"projekt": "prj-020"}, "project"),
            ("POST", "/api/entities/tsk-019-14/rename", {"nmae": "x"}, "name"),
            ("POST", "/api/entities/tsk-019-14/undo", {"if_matsch": "x"}, "if_match"),
            ("POST", "/api/entities/tsk-019-14/mend", {"txt": "x"}, "text"),
            ("POST", "/api/undo", {"runid": "x"}, "run_id"),
            ("POST", "/api/entities", {"type": "Task", "edits": {"ad": {}}}, "add"),
            ("POST", "/api/entities", {"type": "Task", "template": {"txt": ""}}, "text"),
            ("POST", "/api/schema/allow", {"entity_type": "Task", "feild": "x"}, "field"),
            ("POST", "/api/kept/prune", {"keep": []}, "kept"),
            ("POST", "/api/merge", {"their": "x"}, "theirs"),
        ],
    )
    def test_is_400_with_the_nearest(
        self, client: Client, method: str, path: str, body: dict[str, Any], nearest: str
    ) -> None:
        answer = client(method, path, body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["code"] == "usage"
        assert answer.json()["message"].endswith(f"did you mean {nearest}?")

    def test_as_a_line_says_it(self, client: Client) -> None:
        body = {"id": "tsk-019-14", "sett": {"status": "doing"}}
        alone = client("PATCH", "/api/entities/tsk-019-14", body).json()
        lines = client.http.post("/api/apply", content=json.dumps(body), headers=client.headers)
        end = "; did you mean set?"

        for one in (alone, json.loads(lines.text)):
            assert (one["status"], one["code"]) == (400, "usage")
            assert one["message"].startswith("'sett' is none of ") and one["message"].endswith(end)
