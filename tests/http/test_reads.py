"""What a GET answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from loop_cli.core.schema.type_words import plural_of
from loop_cli.wire import find, http, models
from tests.http.conftest import ONE, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.http.conftest import Client, Vault


class TestOneEntity:
    def test_it_has_its_fields_its_revision_and_its_body(self, client: Client) -> None:
        answer = client("GET", ONE)
        task = answer.json()["task"]

        assert task["entity_id"] == "tsk-019-14"
        assert task["entity_name"].startswith("규칙 B·C")
        assert timestamp(task["updated"])
        assert task["_path"].endswith("Tasks/tsk-019-14.md")
        assert task["_body"].startswith("\n#")
        assert answer.headers["etag"] == f'"{task["_etag"]}"'
        http.FlatEntity.model_validate(task)

    def test_updated_is_that_of_the_revision_whatever_the_file_says(
        self, client: Client, vault: Vault
    ) -> None:
        assert "updated: 2026-01-09" in vault.task.read_text(encoding="utf-8")

        assert client.task()["updated"] == vault.command("get", "tsk-019-14")["updated_at"]

    def test_its_document_is_that_of_the_command_line(self, client: Client, vault: Vault) -> None:
        document = client.get("/api/entities/tsk-019-14")

        models.EntityDocument.model_validate(document)
        assert document == vault.command("get", "tsk-019-14")

    def test_who_has_it_already_gets_304(self, client: Client) -> None:
        etag = client("GET", ONE).headers["etag"]

        for given in (etag, f"W/{etag}", f'"0000000000000000", {etag}', "*"):
            again = client("GET", ONE, if_none_match=given)
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
        assert client("GET", ONE, if_none_match='"0000000000000000"').status_code == 200

    def test_an_edit_outside_is_seen_at_once(self, client: Client, vault: Vault) -> None:
        before = client.task()
        vault.edit("priority: high", "priority: low")
        after = client.task()

        assert after["priority"] == "low"
        assert after["_etag"] != before["_etag"]

    def test_an_alias_finds_it(self, client: Client) -> None:
        assert client.task("/api/tasks/rules B and C")["entity_id"] == "tsk-019-14"

    @pytest.mark.parametrize("path", ["/api/tasks/tsk-0", "/api/tasks/prj-019", "/api/tasks/%00"])
    def test_one_that_is_not_there_is_404(self, client: Client, path: str) -> None:
        answer = client("GET", path)

        assert answer.status_code == 404, answer.text
        assert answer.json()["code"] == "not_found"

    def test_a_broken_file_is_422_and_names_the_line(self, client: Client, vault: Vault) -> None:
        vault.edit("status: todo", "status: [todo")
        answer = client("GET", ONE)

        assert answer.status_code == 422
        assert answer.json()["line"]


class TestLists:
    def test_all_of_a_type(self, client: Client) -> None:
        found = client.get("/api/tasks")

        assert {one["entity_type"] for one in found["tasks"]} == {"Task"}
        assert found["total"] == len(found["tasks"])
        assert found["next"] is None
        assert all("_body" not in one and timestamp(one["updated"]) for one in found["tasks"])

    def test_every_field_is_a_filter(self, client: Client) -> None:
        doing = client.get("/api/tasks?status=doing&assignee=ops")["tasks"]

        assert [one["entity_id"] for one in doing] == ["tsk-019-02"]
        assert client.get("/api/tasks?status=nothing")["tasks"] == []

    def test_conditions_are_those_of_the_command_line(self, client: Client) -> None:
        where = "where=status%3Dtodo,doing&where=has:due&sort=-due"
        found = client.get(f"/api/tasks?{where}")["tasks"]
        dues = [one["due"] for one in found]

        assert dues
        assert dues == sorted(dues, reverse=True)
        assert {one["status"] for one in found} <= {"todo", "doing"}

    @pytest.mark.parametrize("sort", ["", "&sort=-due,status"])
    def test_pages_make_the_whole(self, client: Client, sort: str) -> None:
        whole = client.get(f"/api/tasks?{sort}")
        found, cursor = [], ""
        while cursor is not None:
            page = client.get(f"/api/tasks?limit=2{sort}{cursor and '&cursor=' + cursor}")
            assert len(page["tasks"]) <= 2
            assert page["total"] == whole["total"]
            found += page["tasks"]
            cursor = page["next"]

        assert found == whole["tasks"]

    def test_the_tasks_of_a_project(self, client: Client) -> None:
        found = client.get("/api/projects/prj-019/tasks?limit=1")

        assert found["total"] > 1
        assert found["tasks"][0]["project_id"] == "prj-019"
        assert client("GET", "/api/projects/prj-9/tasks").status_code == 404

    def test_all_entities_as_documents(self, client: Client) -> None:
        found = client.get("/api/entities")
        some = client.get("/api/entities?type=Track&type=condition")

        assert found["total"] == len(found["entities"]) == 22
        for one in found["entities"]:
            find.ListedDocument.model_validate(one)
        assert {one["entity_type"] for one in some["entities"]} == {"Track", "Condition"}

    def test_every_type_of_the_schema_has_its_plural(self, client: Client) -> None:
        for name in client.get("/api/constants")["entity_types"]:
            plural = plural_of(name)
            assert set(client.get(f"/api/{plural}")) == {plural, "total", "next"}

    @pytest.mark.parametrize(
        ("name", "plural"),
        [
            ("Task", "tasks"),
            ("Hypothesis", "hypotheses"),
            ("Strategy", "strategies"),
            ("Box", "boxes"),
        ],
    )
    def test_plurals(self, name: str, plural: str) -> None:
        assert plural_of(name) == plural

    def test_words_are_looked_for(self, client: Client) -> None:
        assert client.get("/api/tasks?q=규칙")["total"] > 1
        found = client.get("/api/search?q=규칙&limit=3")

        assert found["count"] == len(found["results"]) == 3
        for one in found["results"]:
            find.FoundDocument.model_validate(one)

    @pytest.mark.parametrize(
        "query", ["where=no", "limit=x", "limit=-1", "cursor=zz", "sort=,", "where=due%3Cno,no"]
    )
    def test_what_is_not_understood_is_400(self, client: Client, query: str) -> None:
        answer = client("GET", f"/api/tasks?{query}")

        assert (answer.status_code, answer.json()["code"]) == (400, "usage")

    def test_a_page_has_an_etag_of_its_own(self, client: Client) -> None:
        etag = client("GET", "/api/tasks?limit=3").headers["etag"]

        assert client("GET", "/api/tasks?limit=3", if_none_match=etag).status_code == 304
        client.update({"status": "doing"})
        first = client("GET", "/api/tasks?limit=30").headers["etag"]
        assert client("GET", "/api/tasks?limit=30", if_none_match=first).status_code == 304

    def test_ones_own_change_is_in_the_next_list(self, client: Client) -> None:
        for status in ("doing", "hold", "todo"):
            client.update({"status": status})
            ids = [one["entity_id"] for one in client.get(f"/api/tasks?status={status}")["tasks"]]
            assert "tsk-019-14" in ids


class TestTheRest:
    def test_history_and_difference(self, client: Client) -> None:
        client.update({"status": "doing"})
        (event,) = client.get("/api/entities/tsk-019-14/history")["events"]
        difference = client.get("/api/entities/tsk-019-14/diff?since=1")

        assert event["diff"]["status"] == {"old": "todo", "new": "doing"}
        assert difference["diff"]["status"] == {"old": "todo", "new": "doing"}

    def test_the_log_as_older_clients_read_it(self, client: Client) -> None:
        client.update({"status": "doing"})
        found = client.get("/api/audit?entity_id=tsk-019-14&source=api&action=update")
        (record,) = found["logs"]

        assert found["total"] == 1
        assert record["user"] == record["actor"] == "api:n8n"
        assert record["details"] == {"changed_fields": ["status"]}
        models.AuditRecord.model_validate(
            {key: value for key, value in record.items() if key not in ("user", "details")}
        )
        assert client.get("/api/audit?actor=nobody")["logs"] == []
        assert client.get("/api/audit?action=delete")["logs"] == []
        of_one = client.get("/api/audit/entity/tsk-019-14")
        assert (of_one["total_actions"], of_one["history"]) == (1, [record])

    def test_what_the_vault_is_made_of(self, client: Client, vault: Vault) -> None:
        told = client.get("/api/schema")
        assert set(told.pop("x-loop")) == {"vault"}  # what the command line needs of it
        assert told == vault.command("schema")
        assert client.get("/api/schema/task") == vault.command("schema", "Task")
        assert client("GET", "/api/schema/Tsk").status_code == 404
        constants = client.get("/api/constants")
        assert constants["task"]["status"][0] == "todo"
        assert "개발팀" in {one["name"] for one in client.get("/api/members")["members"].values()}

    def test_what_is_wrong_with_it(self, client: Client, vault: Vault) -> None:
        assert client.get("/api/check")["ok"] is True
        vault.edit("status: todo", "status: no")
        assert client.get("/api/check?name=tsk-019-14")["ok"] is False

    def test_a_changed_schema_counts_at_once(self, client: Client, vault: Vault) -> None:
        schema = vault.root / "00_Meta/schema_constants.yaml"
        text = schema.read_text(encoding="utf-8")
        assert client.update({"status": "paused"}).status_code == 422
        schema.write_text(text.replace("hold", "paused"), encoding="utf-8")

        assert client.update({"status": "paused"}).status_code == 200

    def test_health_needs_nobody(self, client: Client) -> None:
        assert client.http.get("/health").json()["status"] == "ok"

    def test_who_one_is(self, client: Client) -> None:
        assert client.get("/api/whoami") == {
            "name": "n8n", "actor": "api:n8n", "source": "api", "role": "write", "read_only": False,
        }  # fmt: skip

    def test_metrics_are_text_of_prometheus(self, client: Client) -> None:
        client.update({"status": "doing"})
        text = client("GET", "/metrics").text

        route = 'route="/api/{collection:plural}/{entity_id:path}",status="200"'
        assert f'loop_http_requests_total{{method="PUT",{route}}} 1.0' in text
        assert "loop_commit_calls_count 1.0" in text

    def test_the_documentation_loads_nothing_from_elsewhere(self, client: Client) -> None:
        page = client("GET", "/docs").text

        assert "/api/entities/{entity_id}" in page
        assert "http://" not in page.replace("http://localhost", "")
        assert "https://" not in page
        assert "<script" not in page

    def test_the_description_names_every_body(self, client: Client) -> None:
        described = client.get("/openapi.json")
        names = set(described["components"]["schemas"])

        for path, methods in described["paths"].items():
            for method, one in methods.items():
                text = json.dumps(one)
                for part in text.split('"#/components/schemas/')[1:]:
                    assert part.partition('"')[0] in names, (path, method)


def test_json_acts_on_no_terminal(local: Callable[..., Client], vault: Vault) -> None:
    vault.edit("priority: high", 'priority: high\nnotes: "\\e[31m\\u2028"')
    answer = local()("GET", ONE)

    assert b"\x1b" not in answer.content
    assert answer.json()["task"]["notes"] == "\x1b[31m\u2028"
