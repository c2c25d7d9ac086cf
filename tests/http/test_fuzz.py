"""Requests of every kind that the description of the API allows, made up by schemathesis: nothing
is ever 500, a refused write leaves every byte, and each write that is answered has its record."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loop_cli.wire import http
from tests.http.conftest import WRITER

schemathesis = pytest.importorskip("schemathesis", reason="the extra 'dev' is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.http.conftest import Client, Vault

EXAMPLES = int(os.environ.get("LOOP_FUZZ_EXAMPLES", "25"))
HEADERS = {**WRITER, "Host": "localhost"}
NOT_HERE = ("/api/events",)  # which never ends
MANY = ("/api/apply",)  # whose answer is a line for each change
NO_RECORD = ("/api/kept/prune", "/api/views")  # which change no entity
IDS = ("tsk-019-01", "tsk-019-02", "tsk-019-13", "tsk-019-14", "prj-020", "trk-1", "없다")
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["todo", "doing", "done", "no", None]),
        "priority": st.sampled_from(["low", "high"]),
        "due": st.sampled_from(["2026-02-01", "2026-02-30", "", None]),
        "tags": st.lists(st.text(max_size=5), max_size=2),
        "notes": st.text(max_size=30),
        "entity_name": st.text(max_size=30),
        "body": st.text(max_size=30),
    },
)
MATCHES = st.sampled_from(["etag", "updated", "stale", "none"])


@schemathesis.serializer("application/x-ndjson")  # type: ignore[untyped-decorator]
def lines(_context: Any, value: Any) -> bytes:
    """A body of one line, twice."""
    return (json.dumps(value) + "\n").encode() * 2


class Fuzz:
    """Sends cases to one application, and checks what each one did."""

    def __init__(self, client: Client, vault: Vault) -> None:
        self.client = client
        self.vault = vault
        self.app = client.http._transport.app  # type: ignore[attr-defined]
        schema = schemathesis.openapi.from_asgi("/openapi.json", self.app, headers=HEADERS)
        self.operations = [found.ok() for found in schema.get_all_operations()]

    def of(self, method: str, path: str) -> Any:
        return next(
            one for one in self.operations if (one.method.upper(), one.path) == (method, path)
        )

    def prepare(self, case: Any, entity_id: str, fields: dict[str, Any], match: str) -> None:
        """Most of what is made up finds nothing: have it meet an entity."""
        case.headers = {**(case.headers or {}), **HEADERS}
        for name in ("entity_id", "project_id"):
            if name in case.path_parameters:
                case.path_parameters[name] = entity_id
        if "collection" in case.path_parameters:
            case.path_parameters["collection"] = "tasks"
        if isinstance(case.body, dict) and case.operation.path != "/api/undo":
            case.body = {**case.body, **fields}
            if case.operation.method == "patch":
                case.body = {"set": {key: one for key, one in fields.items() if key != "body"}}
        read = self.client("GET", f"/api/entities/{entity_id}")
        if read.status_code == 200 and match == "etag":
            case.headers["If-Match"] = read.headers["etag"]
        if read.status_code == 200 and match == "updated":
            case.query = {**(case.query or {}), "expected_updated_at": read.json()["updated_at"]}
        if match == "stale":
            case.headers["If-Match"] = '"0123456789abcdef"'

    def call(self, case: Any) -> None:
        files, records = self.vault.bytes_of_all(), self.vault.records()
        answer = case.call(headers=case.headers)
        after, now = self.vault.bytes_of_all(), self.vault.records()
        new = now[len(records) :]

        assert now[: len(records)] == records
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert (after, new) == (files, [])
            http.HttpErrorDocument.model_validate(answer.json())
        elif case.operation.method == "get" or case.operation.path in NO_RECORD:
            assert (after, new) == (files, [])
        elif case.operation.path not in MANY:
            self.check_written(case, answer.json(), new, changed=after != files)

    def check_written(self, case: Any, said: Any, new: list[Any], *, changed: bool) -> None:
        if said.get("dry_run"):
            assert (new, changed) == ([], False)
            return
        if "idempotency-key" in {name.lower() for name in case.headers} and not changed:
            assert new == []  # the same call was made before
            return
        assert bool(new) == changed == said.get("changed", True)
        if case.operation.method in ("put", "patch"):
            assert len(new) == changed
        for record in new:
            assert record["run_id"] == said["run_id"]
            assert (record["actor"], record["source"]) == ("api:n8n", "api")


@pytest.fixture
def fuzz(client: Client, vault: Vault) -> Fuzz:
    return Fuzz(client, vault)


def test_every_operation(fuzz: Fuzz) -> None:
    """As they are made up, and with what leads to an entity."""
    for operation in fuzz.operations:
        if operation.path in NOT_HERE:
            continue
        bounded(_as_made(fuzz, operation))()
        bounded(_with_an_entity(fuzz, operation))()
    assert fuzz.vault.command("audit", "verify")["ok"] is True
    assert len(fuzz.operations) > 25


def _as_made(fuzz: Fuzz, operation: Any) -> Callable[..., None]:
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        case.headers = {**(case.headers or {}), **HEADERS}
        fuzz.call(case)

    return send


def _with_an_entity(fuzz: Fuzz, operation: Any) -> Callable[..., None]:
    @given(case=operation.as_strategy(), entity=st.sampled_from(IDS), fields=FIELDS, match=MATCHES)
    def send(case: Any, entity: str, fields: dict[str, Any], match: str) -> None:
        fuzz.prepare(case, entity, fields, match)
        fuzz.call(case)

    return send


def bounded(test: Callable[..., None]) -> Callable[[], None]:
    """So many examples, and no look for smaller ones: what came before counts too."""
    found: Callable[[], None] = settings(
        derandomize=True,  # so that a run can be repeated
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(test)
    return found
