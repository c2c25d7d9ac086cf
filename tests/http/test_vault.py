"""The routes about a file and about the vault as a whole; conditions, layouts and digits in a
PATCH; apply under a key and on top of others' changes; HEAD."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.http.conftest import ONE, Client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.http.conftest import Vault

ENTITY = "/api/entities/tsk-019-14"


class TestFile:
    def test_its_bytes(self, client: Client, vault: Vault) -> None:
        answer = client("GET", f"{ENTITY}/raw")

        assert answer.content == vault.task.read_bytes()
        assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
        again = client("GET", f"{ENTITY}/raw", if_none_match=answer.headers["etag"])
        assert (again.status_code, again.content) == (304, b"")

    def test_a_broken_one_is_422_unless_asked_for_and_can_be_mended(
        self, client: Client, vault: Vault
    ) -> None:
        whole = vault.task.read_text(encoding="utf-8")
        vault.edit("status: todo", "status: [todo")
        assert client("GET", f"{ENTITY}/raw").status_code == 422
        broken = client("GET", f"{ENTITY}/raw?broken=true")
        assert broken.content == vault.task.read_bytes()
        etag = broken.headers["etag"]

        still = client("POST", f"{ENTITY}/mend", {"text": "---\na: [\n---\n"}, if_match=etag)
        assert (still.status_code, vault.task.read_bytes()) == (422, broken.content)
        none = client("POST", f"{ENTITY}/mend", {"text": whole})
        assert (none.status_code, vault.task.read_bytes()) == (428, broken.content)
        stale = client("POST", f"{ENTITY}/mend", {"text": whole}, if_match='"0123456789abcdef"')
        assert (stale.status_code, vault.task.read_bytes()) == (412, broken.content)
        done = client("POST", f"{ENTITY}/mend", {"text": whole}, if_match=etag)
        assert (done.status_code, done.json()["changed"]) == (200, True)
        assert client.task()["status"] == "todo"
        assert len(vault.records()) == 1

    def test_what_leads_to_it(self, client: Client, vault: Vault) -> None:
        there = client.get("/api/entities/prj-019/backlinks")

        assert there == vault.command("backlinks", "prj-019")
        assert there["backlinks"]


class TestVault:
    def test_the_overview_is_that_of_the_command_but_for_the_folder(
        self, client: Client, vault: Vault
    ) -> None:
        client.update({"status": "doing"})
        there, here = client.get("/api/overview"), vault.command()

        assert str(vault.root) not in json.dumps(there)
        assert {**there, "vault": "", "since": ""} == {
            **{key: one for key, one in here.items() if key != "next"}, "vault": "", "since": "",
        }  # fmt: skip
        assert there["changes"]["records"] == 1

    def test_all_files_get_their_names(self, client: Client, vault: Vault) -> None:
        vault.task.rename(vault.task.with_name("odd.md"))
        plan = client("POST", "/api/rename?dry_run=true").json()
        assert [one["entity_id"] for one in plan["moved"]] == ["tsk-019-14"]
        assert vault.records() == []

        done = client("POST", "/api/rename")
        assert (done.status_code, done.json()["changed"]) == (200, True)
        assert vault.task.exists()

    def test_a_field_is_allowed(self, client: Client) -> None:
        assert client.update({"rating": 4}).status_code == 422
        body = {"entity_type": "Task", "field": "rating", "kind": "number"}
        tried = client("POST", "/api/schema/allow?dry_run=true", body)
        assert (tried.status_code, tried.json()["changed"]) == (200, True)
        assert client.update({"rating": 4}).status_code == 422

        assert client("POST", "/api/schema/allow", body).json()["changed"] is True
        assert client.update({"rating": 4}).status_code == 200
        assert client("POST", "/api/schema/close", {}).json()["changed"] is False

    def test_what_is_kept_is_listed_and_pruned(self, client: Client, vault: Vault) -> None:
        etag = client.task()["_etag"]
        gone = client("DELETE", f"{ENTITY}?orphan=true", if_match=f'"{etag}"')
        assert gone.status_code == 200, gone.text
        listed = client.get("/api/kept?entity_id=tsk-019-14")
        (copy,) = listed["kept"]
        assert listed["bytes"] == copy["bytes"] > 0

        stale = {**copy, "stamp": [1, 2, 3]}
        assert client("POST", "/api/kept/prune", {"kept": [stale]}).json()["gone"] == []
        done = client("POST", "/api/kept/prune", {"kept": [copy]}).json()
        assert (done["gone"], done["staying"]) == ([copy["name"]], [])
        assert client.get("/api/kept")["kept"] == []

    def test_a_token_that_may_only_read_changes_none_of_it(
        self, client: Client, vault: Vault
    ) -> None:
        client.headers = {"Authorization": "Bearer reader"}
        before = vault.bytes_of_all()
        for path in ("/api/rename", "/api/schema/close", "/api/kept/prune", f"{ENTITY}/mend"):
            assert client("POST", path, {}).status_code == 403
        assert vault.bytes_of_all() == before


class TestConditions:
    """`if` is a precondition of every write."""

    def test_a_claim_needs_no_reading_before(self, client: Client, vault: Vault) -> None:
        body = {"set": {"status": "doing"}, "if": ["status=todo", "missing:notes"]}
        first = client("PATCH", ENTITY, body)
        second = client("PATCH", ENTITY, body)

        assert (first.status_code, second.status_code) == (200, 409)
        assert second.json()["reason"] == "condition_unmet"
        assert second.json()["conditions"][0]["value"] == "doing"
        (record,) = vault.records()
        assert record["metadata"]["precondition"] == "condition"

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", ONE, {"status": "hold"}),
            ("DELETE", f"{ENTITY}?orphan=true", {}),
            ("DELETE", f"{ONE}?orphan=true", {}),
            ("POST", f"{ENTITY}/move", {"project": "prj-020"}),
        ],
    )
    def test_where_it_is_not_met_every_byte_stays(
        self, client: Client, vault: Vault, method: str, path: str, body: dict[str, Any]
    ) -> None:
        before = vault.bytes_of_all()
        answer = client(method, path, {**body, "if": "status=done"})

        assert (answer.status_code, answer.json()["reason"]) == (409, "condition_unmet")
        assert (vault.bytes_of_all(), vault.records()) == (before, [])
        assert client(method, path, {**body, "if": ["status=todo"]}).status_code == 200


def test_unconditional_false_is_428_even_where_the_server_does_without(
    local: Callable[..., Client], vault: Vault
) -> None:
    client = local(unconditional=True)
    body = {"set": {"priority": "low"}}

    assert client("PATCH", f"{ENTITY}?unconditional=false", body).status_code == 428
    assert vault.records() == []
    assert client("PATCH", ENTITY, body).status_code == 200


class TestDigits:
    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_a_number_stays_as_it_was_sent(self, client: Client, vault: Vault, method: str) -> None:
        fields = '{"estimated_hours": 1.10}'
        text, path = (fields, ONE) if method == "PUT" else (f'{{"set": {fields}}}', ENTITY)
        answer = client.http.request(
            method,
            f"{path}?expected_updated_at={client.task()['updated']}",
            content=text,
            headers={**client.headers, "content-type": "application/json"},
        )

        assert answer.status_code == 200, answer.text
        assert "estimated_hours: 1.10" in vault.task.read_text(encoding="utf-8")


class TestLayout:
    def test_comments_and_order_come_with_it_and_values_do_not(
        self, client: Client, vault: Vault
    ) -> None:
        text = vault.task.read_text(encoding="utf-8")
        base = text[: text.index("\n---\n", 4) + 5]
        edited = base.replace("status: todo", "status: done  # endlich")
        etag = client.task()["_etag"]
        body = {"layout": {"text": edited, "base": base}, "if_match": etag}
        answer = client("PATCH", ENTITY, body)

        assert answer.status_code == 200, answer.text
        assert "status: todo  # endlich" in vault.task.read_text(encoding="utf-8")
        assert client.task()["status"] == "todo"


class TestApplyAgain:
    def lines(self, client: Client, lines: list[Any], query: str = "", **headers: str) -> Any:
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines)
        given = {name.replace("_", "-"): one for name, one in headers.items()}
        answer = client.http.post(
            f"/api/apply{query}",
            content=text.encode(),
            headers={**client.headers, "content-type": "application/x-ndjson", **given},
        )
        return [json.loads(line) for line in answer.text.splitlines()]

    def changes(self, client: Client) -> list[dict[str, Any]]:
        names = ("tsk-019-13", "tsk-019-14")
        return [
            {
                "id": one,
                "set": {"notes": f"for {one}"},
                "if_match": client.task(f"/api/tasks/{one}")["_etag"],
            }
            for one in names
        ]

    @pytest.mark.parametrize("query", ["", "?atomic=true"])
    def test_the_same_lines_under_a_key_land_once(
        self, client: Client, vault: Vault, query: str
    ) -> None:
        lines = self.changes(client)
        first = self.lines(client, lines, query, idempotency_key="nightly")
        again = self.lines(client, lines, query, idempotency_key="nightly")

        assert again == first
        assert [one["changed"] for one in first] == [True, True]
        assert len(vault.records()) == 2

    def test_what_is_left_of_lines_that_broke_off_is_applied(
        self, client: Client, vault: Vault
    ) -> None:
        lines = self.changes(client)
        self.lines(client, lines[:1], idempotency_key="nightly")
        found = self.lines(client, lines, idempotency_key="nightly")

        assert [one["changed"] for one in found] == [True, True]
        assert [one["entity_id"] for one in vault.records()] == ["tsk-019-13", "tsk-019-14"]

    def test_other_lines_under_the_same_key_are_refused(self, client: Client, vault: Vault) -> None:
        lines = self.changes(client)
        self.lines(client, lines, idempotency_key="nightly")
        found = self.lines(client, lines[::-1], idempotency_key="nightly")

        assert [one["status"] for one in found] == [400, 400]
        assert len(vault.records()) == 2

    @pytest.mark.parametrize("query", ["", "&atomic=true"])
    def test_on_top_of_others_where_nothing_overlaps(
        self, client: Client, vault: Vault, query: str
    ) -> None:
        lines = self.changes(client)
        client.update({"priority": "low"})
        assert self.lines(client, lines)[1]["status"] == 409
        client.update({"status": "doing"})
        found = self.lines(client, lines[1:], f"?on_conflict=rebase{query}")

        assert [one.get("changed") for one in found] == [True]
        assert vault.records()[-1]["metadata"]["rebased_from"]["etag"] == lines[1]["if_match"]
        task = client.task()
        assert (task["status"], task["priority"]) == ("doing", "low")

    def test_not_on_top_of_the_same_field(self, client: Client, vault: Vault) -> None:
        lines = self.changes(client)
        client.update({"notes": "theirs"})

        found = self.lines(client, lines[1:], "?on_conflict=rebase")
        assert found[0]["status"] == 409
        assert client.task()["notes"] == "theirs"


class TestMove:
    def test_on_top_of_a_change_that_does_not_matter(self, client: Client, vault: Vault) -> None:
        stale = client.task()["updated"]
        client.update({"priority": "low"})
        body = {"project": "prj-020", "expected_updated_at": stale}
        assert client("POST", f"{ENTITY}/move", body).status_code == 409

        moved = client("POST", f"{ENTITY}/move?on_conflict=rebase", body)
        assert (moved.status_code, moved.json()["changed"]) == (200, True)
        assert vault.records()[-1]["metadata"]["rebased_from"]["updated_at"] == stale
        assert client.task()["priority"] == "low"

    def test_not_on_top_of_another_move(self, client: Client) -> None:
        stale = client.task()["updated"]
        move = {"project": "prj-020", "expected_updated_at": stale}
        assert client("POST", f"{ENTITY}/move", move).status_code == 200

        back = {"project": "prj-019", "expected_updated_at": stale}
        assert client("POST", f"{ENTITY}/move?on_conflict=rebase", back).status_code == 409


class TestHead:
    @pytest.mark.parametrize(
        "path", [ONE, ENTITY, "/api/tasks?limit=2", "/health", f"{ENTITY}/raw"]
    )
    def test_it_is_a_get_without_the_body(self, client: Client, path: str) -> None:
        head, get = client("HEAD", path), client("GET", path)

        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(get.content))
        assert head.headers.get("etag") == get.headers.get("etag")

    def test_it_is_counted_by_its_route(self, client: Client) -> None:
        client("HEAD", ENTITY)

        counted = client("GET", "/metrics").text
        assert 'method="HEAD",route="/api/entities/{entity_id:path}",status="200"' in counted

    def test_it_needs_a_token_and_finds_what_is_there(self, client: Client) -> None:
        assert client("HEAD", "/api/tasks/no").status_code == 404
        client.headers = {}
        assert client("HEAD", ONE).status_code == 401

    def test_one_that_would_never_end_is_405(self, client: Client) -> None:
        assert client("HEAD", "/api/events").status_code == 405


class TestAgent:
    def test_what_a_program_says_of_itself_is_recorded_and_is_not_the_actor(
        self, client: Client, vault: Vault
    ) -> None:
        seen = client.task()["updated"]
        body = {"status": "doing", "expected_updated_at": seen}
        assert client("PUT", ONE, body, x_loop_agent="%EC%A0%95%EB%A6%AC%20bot").status_code == 200

        (record,) = vault.records()
        assert record["metadata"]["agent"] == "정리 bot"
        assert record["actor"] == "api:n8n"

    def test_what_is_no_label_is_400(self, client: Client, vault: Vault) -> None:
        for label in ("x" * 101, "a%0Ab", "%1B[31m"):
            assert client("PUT", ONE, {"status": "doing"}, x_loop_agent=label).status_code == 400
        assert vault.records() == []


class TestViews:
    """Views of a vault behind a server are in its settings, and nothing else of them is shown."""

    SETTINGS = '# ours\nlock_timeout = 3\n\n[views.open]\nwhere = ["status=todo"]\n'

    @pytest.fixture
    def settings(self, vault: Vault) -> Path:
        path = vault.root / ".loop/config.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.SETTINGS, encoding="utf-8")
        return path

    def test_they_are_read(self, client: Client, settings: Path) -> None:
        assert client.get("/api/views") == {
            "views": {"open": {"where": ["status=todo"]}},
            "columns": {},
        }

    def test_one_is_saved_and_removed(self, client: Client, settings: Path) -> None:
        view = {"types": ["Task"], "limit": 3}
        for _again in range(2):  # the answer may not come
            saved = client("POST", "/api/views", {"name": "내 일", "settings": view})
            assert saved.status_code == 200, saved.text
        assert client.get("/api/views")["views"]["내 일"] == view
        assert settings.read_text(encoding="utf-8").startswith(self.SETTINGS)
        removed = client("POST", "/api/views", {"name": "내 일", "before": view})
        assert removed.status_code == 200, removed.text
        assert settings.read_text(encoding="utf-8").strip() == self.SETTINGS.strip()

    def test_what_another_program_has_changed_meanwhile_stays(
        self, client: Client, settings: Path
    ) -> None:
        body = {"name": "open", "settings": {"limit": 1}}
        for before in ({}, {"before": {"where": ["status=done"]}}):
            refused = client("POST", "/api/views", {**body, **before})
            assert refused.status_code == 409
            assert "just been changed" in refused.json()["message"]
        assert settings.read_text(encoding="utf-8") == self.SETTINGS

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "x", "settings": {"sorrt": "due"}},
            {"name": "x", "settings": {"limit": -1}},
            {"name": "x", "settings": {"where": "status=todo"}},
            {"name": " x", "settings": {"limit": 1}},
            {"name": "a\nb", "settings": {"limit": 1}},
            {"name": "", "settings": {"limit": 1}},
        ],
    )
    def test_what_is_no_view_is_refused(
        self, client: Client, settings: Path, body: dict[str, Any]
    ) -> None:
        assert client("POST", "/api/views", body).status_code in (400, 422)
        assert settings.read_text(encoding="utf-8") == self.SETTINGS

    def test_dry_run_and_a_key(self, client: Client, settings: Path) -> None:
        body = {"name": "x", "settings": {"limit": 1}}
        assert client("POST", "/api/views?dry_run=true", body).json()["dry_run"] is True
        assert client("POST", "/api/views", body, idempotency_key="k").status_code == 400
        assert settings.read_text(encoding="utf-8") == self.SETTINGS

    def test_a_reader_does_not_save(self, client: Client, settings: Path) -> None:
        reader = Client(client.http, {"Authorization": "Bearer reader"})
        assert reader.get("/api/views")["views"]
        body = {"name": "x", "settings": {"limit": 1}}
        assert reader("POST", "/api/views", body).status_code == 403
        assert settings.read_text(encoding="utf-8") == self.SETTINGS
