"""Every route that takes a precondition compares all that are given, wherever they are given; the
others refuse one. What is given is in the If-Match header, the query or the body."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.http.conftest import Client, Vault

ID = "tsk-019-14"
ENTITY = f"/api/entities/{ID}"
OTHER_ETAG = "a" * 16
OTHER_TIME = "2020-01-01"


class Source(NamedTuple):
    """A place where a request may say what was read."""

    place: str
    key: str

    def value(self, read: dict[str, str], *, right: bool) -> str:
        wrong = {"if_match": OTHER_ETAG, "expected_updated_at": OTHER_TIME, "if": "status=done"}
        return read[self.key] if right else wrong[self.key]


KEYS = ("if_match", "expected_updated_at", "if")
SOURCES = (
    Source("header", "if_match"),
    *(Source(place, key) for place in ("query", "body") for key in KEYS),
)
ROUTES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "patch": ("PATCH", ENTITY, {"set": {"status": "hold"}}),
    "put": ("PUT", f"/api/tasks/{ID}", {"status": "hold"}),
    "put of nothing": ("PUT", f"/api/tasks/{ID}", {}),
    "delete": ("DELETE", f"{ENTITY}?orphan=true", {}),
    "delete of a type": ("DELETE", f"/api/tasks/{ID}?orphan=true", {}),
    "move": ("POST", f"{ENTITY}/move", {"project": "prj-020"}),
    "rename": ("POST", f"{ENTITY}/rename", {"name": "다른 이름"}),
    "undo": ("POST", f"{ENTITY}/undo", {}),
    "undo of the last run": ("POST", "/api/undo", {"last": True}),
}


def sent(
    client: Client, name: str, said: Iterable[tuple[Source, str]], *, dry_run: bool = False
) -> Any:
    """The answer of a route to a request that says some things of what was read."""
    method, path, body = ROUTES[name]
    asked, in_body, headers = [("dry_run", "true")] if dry_run else [], {**body}, {}
    for source, value in said:
        if source.place == "header":
            headers["if_match"] = f'"{value}"'
        elif source.place == "query":
            asked.append((source.key, value))
        else:
            in_body[source.key] = value
    mark = "&" if "?" in path else "?"
    return client(method, f"{path}{mark}{urlencode(asked)}", in_body, **headers)


@pytest.fixture
def read(client: Client) -> dict[str, str]:
    """What holds of the entity, once something can be undone."""
    assert client.update({"status": "doing"}).status_code == 200
    now = client.task()
    return {"if_match": now["_etag"], "expected_updated_at": now["updated"], "if": "status=doing"}


@pytest.mark.parametrize("name", ROUTES)
class TestOnEveryRoute:
    def test_each_source_is_taken(self, client: Client, read: dict[str, str], name: str) -> None:
        for source in SOURCES:
            right = sent(client, name, [(source, read[source.key])], dry_run=True)
            assert right.status_code == 200, (source, right.text)

    def test_all_sources_together_are_taken(
        self, client: Client, read: dict[str, str], name: str
    ) -> None:
        said = [(source, read[source.key]) for source in SOURCES]
        assert sent(client, name, said, dry_run=True).status_code == 200

    def test_a_wrong_one_is_never_hidden_by_a_right_one(
        self, client: Client, vault: Vault, read: dict[str, str], name: str
    ) -> None:
        before = vault.bytes_of_all(), vault.records()

        for wrong in SOURCES:
            alone = sent(client, name, [(wrong, wrong.value(read, right=False))])
            assert alone.status_code in (409, 412), (wrong, alone.text)
        for wrong, right in itertools.permutations(SOURCES, 2):
            said = [(one, one.value(read, right=one is right)) for one in (wrong, right)]
            answer = sent(client, name, said)
            clash = wrong.key == right.key != "if"
            assert answer.status_code in ((400,) if clash else (409, 412)), (said, answer.text)
            assert not clash or "at most one of them can hold" in answer.json()["message"]
        assert (vault.bytes_of_all(), vault.records()) == before

    def test_a_malformed_one_is_never_hidden_either(
        self, client: Client, vault: Vault, read: dict[str, str], name: str
    ) -> None:
        for wrong, right in itertools.permutations(SOURCES, 2):
            said = [(wrong, "no such"), (right, read[right.key])]
            assert sent(client, name, said).status_code in (400, 409), said

    def test_one_said_twice_in_the_query_counts_twice(
        self, client: Client, vault: Vault, read: dict[str, str], name: str
    ) -> None:
        before = vault.bytes_of_all()
        for source in SOURCES:
            if source.place == "query":
                both = [(source, source.value(read, right=one)) for one in (False, True)]
                for said in (both, both[::-1]):
                    assert sent(client, name, said).status_code in (400, 409), said
        assert vault.bytes_of_all() == before


class TestTimes:
    def test_one_instant_written_in_two_ways_is_no_contradiction(
        self, client: Client, read: dict[str, str]
    ) -> None:
        time = read["expected_updated_at"]
        said = [
            (Source("query", "expected_updated_at"), time.replace("Z", "+00:00")),
            (Source("body", "expected_updated_at"), time),
        ]
        assert sent(client, "patch", said).status_code == 200


class TestHeader:
    def test_two_lines_of_if_match_are_400(self, client: Client, read: dict[str, str]) -> None:
        lines = [*client.headers.items(), ("If-Match", OTHER_ETAG), ("If-Match", read["if_match"])]
        answer = client.http.request("PATCH", ENTITY, headers=lines, json={"set": {"notes": "x"}})
        assert answer.status_code == 400


class TestPutWritesNoPreconditionAsAField:
    @pytest.mark.parametrize("key", KEYS)
    def test_a_key_of_the_body(
        self, client: Client, vault: Vault, read: dict[str, str], key: str
    ) -> None:
        etag = f'"{read["if_match"]}"'
        done = client.put({"notes": "x", key: read[key]}, if_match=etag)
        assert (done.status_code, done.json()["modified_fields"]) == (200, ["notes"]), done.text
        assert f"\n{key}:" not in vault.task.read_text(encoding="utf-8")


class TestUndoOfSeveral:
    def test_a_time_counts_beside_the_etag_by_id(
        self, client: Client, vault: Vault, read: dict[str, str]
    ) -> None:
        before = vault.bytes_of_all()
        etags = {"last": True, "if_match": {ID: read["if_match"]}}

        stale = client("POST", "/api/undo", {**etags, "expected_updated_at": OTHER_TIME})
        clash = client("POST", "/api/undo", etags, if_match=f'"{OTHER_ETAG}"')
        other = {"last": True, "if_match": {ID: read["if_match"], "tsk-019-07": OTHER_ETAG}}
        unknown = client("POST", "/api/undo", other)

        assert (stale.status_code, clash.status_code, unknown.status_code) == (409, 400, 400)
        assert "tsk-019-07" in unknown.json()["message"]
        assert vault.bytes_of_all() == before
        assert client("POST", "/api/undo", etags).status_code == 200

    def test_what_was_deleted_has_no_revision(self, client: Client, read: dict[str, str]) -> None:
        etag = f'"{read["if_match"]}"'
        assert client("DELETE", f"{ENTITY}?orphan=true", if_match=etag).status_code == 200

        refused = client("POST", f"{ENTITY}/undo", if_match=etag)

        assert refused.status_code == 400
        assert "was deleted" in refused.json()["message"]
        assert client("POST", f"{ENTITY}/undo").status_code == 200


class TestLines:
    def test_a_wrong_one_is_never_hidden_by_a_right_one(
        self, client: Client, vault: Vault, read: dict[str, str]
    ) -> None:
        before = vault.bytes_of_all()
        ops: list[dict[str, Any]] = [
            {"set": {"status": "hold"}},
            {"op": "delete", "orphan": True},
            {"op": "move", "project": "prj-020"},
            {"op": "rename", "name": "다른 이름"},
        ]
        sources = [one for one in SOURCES if one.place == "body"]
        for op, (wrong, right) in itertools.product(ops, itertools.permutations(sources, 2)):
            said = {one.key: one.value(read, right=one is right) for one in (wrong, right)}
            answer = apply(client, {"id": ID, **op, **said})
            assert answer["status"] == 409, (op, said, answer)
        assert vault.bytes_of_all() == before


def apply(client: Client, line: dict[str, Any], query: str = "", **headers: str) -> Any:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.http.post(
        f"/api/apply{query}", content=json.dumps(line), headers={**client.headers, **given}
    )
    return json.loads(answer.text.splitlines()[0])


NEW = {"entity_name": "새 일", "project_id": "prj-019", "assignee": "개발팀", "status": "todo"}


class TestWhereThereIsNothingToCompare:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/api/tasks", NEW),
            ("/api/entities", {"type": "Task", **NEW}),
            ("/api/rename", {}),
            ("/api/schema/allow", {"entity_type": "Task", "field": "mood"}),
            ("/api/schema/close", {}),
            ("/api/kept/prune", {"kept": []}),
        ],
    )
    def test_one_in_the_header_or_the_query_is_400(
        self, client: Client, vault: Vault, path: str, body: dict[str, Any]
    ) -> None:
        before = vault.bytes_of_all()
        assert client("POST", path, body, if_match=f'"{OTHER_ETAG}"').status_code == 400
        for key, value in zip(KEYS, (OTHER_ETAG, OTHER_TIME, "status=done"), strict=True):
            refused = client("POST", f"{path}?{urlencode({key: value})}", body)
            assert (refused.status_code, key in refused.json()["message"]) == (400, True), key
        assert vault.bytes_of_all() == before

    @pytest.mark.parametrize("key", KEYS)
    @pytest.mark.parametrize("path", ["/api/tasks", "/api/entities"])
    def test_one_in_the_body_of_a_new_entity_is_400(
        self, client: Client, vault: Vault, path: str, key: str
    ) -> None:
        before = vault.bytes_of_all()
        refused = client("POST", path, {"type": "Task", **NEW, key: "status=done"})
        assert (refused.status_code, "revision" in refused.json()["message"]) == (400, True)
        assert vault.bytes_of_all() == before

    def test_one_for_all_lines_is_400(self, client: Client, read: dict[str, str]) -> None:
        line = {"id": ID, "set": {"status": "hold"}, "if_match": read["if_match"]}
        header = apply(client, line, if_match=f'"{OTHER_ETAG}"')
        query = apply(client, line, f"?expected_updated_at={OTHER_TIME}")
        assert (header["status"], query["status"]) == (400, 400)
