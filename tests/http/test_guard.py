"""Who may ask, for which host, and how much comes; and that every error is the same object."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.cli import hints
from loop_cli.server import spelling
from loop_cli.server.options import Options
from loop_cli.wire import http
from tests.http import program
from tests.http.conftest import ONE, WRITER, Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.http.conftest import Vault

SERVER = Path(program.__file__).parents[2] / "loop_cli/server"
BROWSER = {"Cookie": "loop_session=session"}
ORIGIN = "http://localhost:8081"


def error_of(answer: Any) -> dict[str, Any]:
    """The object of an error, which is always the same."""
    document: dict[str, Any] = answer.json()
    http.HttpErrorDocument.model_validate(document)
    assert document["status"] == answer.status_code
    assert document["success"] is False
    return document


class TestWho:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Authorization": "Bearer nobody"},
            {"Authorization": "Basic d3JpdGVyOng="},
            {"Authorization": "writer"},
            {"x-api-token": ""},
            {"Authorization": "Bearer nobody", "x-api-token": "writer"},
            {"Cookie": "loop_session=other"},
            {"X-Forwarded-For": "127.0.0.1"},
        ],
    )
    def test_nobody_is_401_everywhere(self, client: Client, headers: dict[str, str]) -> None:
        client.headers = headers
        for method, path in (
            ("GET", ONE), ("GET", "/api/tasks"), ("PUT", ONE), ("GET", "/metrics"),
            ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/nowhere"), ("GET", "/api/events"),
        ):  # fmt: skip
            answer = client(method, path)
            assert (answer.status_code, error_of(answer)["code"]) == (401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize(
        "headers", [WRITER, {"Authorization": "bearer writer"}, {"x-api-token": "writer"}]
    )
    def test_a_token_in_either_header(self, client: Client, headers: dict[str, str]) -> None:
        client.headers = headers
        assert client("GET", ONE).status_code == 200

    def test_a_reader_may_not_write(self, client: Client, vault: Vault) -> None:
        client.headers = {"x-api-token": "reader"}

        assert client("GET", ONE).status_code == 200
        for method, path in (("PUT", ONE), ("POST", "/api/apply"), ("DELETE", ONE)):
            answer = client(method, path, {})
            assert (answer.status_code, error_of(answer)["code"]) == (403, "forbidden")
        assert vault.records() == []

    def test_a_server_that_only_reads(self, local: Callable[..., Client]) -> None:
        client = local(read_only=True)

        assert client("GET", ONE).status_code == 200
        assert error_of(client("PUT", ONE, {}))["code"] == "read_only"

    def test_actor_and_source_come_from_the_token_alone(self, client: Client, vault: Vault) -> None:
        seen = client.task()["updated"]
        body = {"status": "doing", "expected_updated_at": seen, "_actor": "user:x"}
        client.put(body, x_actor="user:x", x_source="ui", from_="user:x")

        assert [(one["actor"], one["source"]) for one in vault.records()] == [("api:n8n", "api")]


class TestBrowser:
    @pytest.fixture
    def signed_in(self, client: Client) -> Client:
        answer = client.http.get("/sign-in?key=once")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/"))
        client.headers = {"X-Loop": "1", "Origin": ORIGIN}
        return client

    def test_a_link_is_good_once(self, signed_in: Client) -> None:
        signed_in.http.cookies.clear()
        answer = signed_in.http.get("/sign-in?key=once")

        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers

    def test_who_signed_in_reads_and_writes(self, signed_in: Client, vault: Vault) -> None:
        assert signed_in.update({"status": "doing"}).status_code == 200
        (record,) = vault.records()
        assert (record["actor"], record["source"]) == ("user:김은향", "ui")

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": ORIGIN},
            {"X-Loop": "1"},
            {"X-Loop": "1", "Origin": "http://evil.example"},
            {"X-Loop": "1", "Origin": "null"},
            {"X-Loop": "1", "Origin": "https://localhost:8081"},
            {"X-Loop": "1", "Origin": "http://localhost:8082"},
        ],
    )
    def test_another_site_may_not_write(
        self, signed_in: Client, headers: dict[str, str], vault: Vault
    ) -> None:
        signed_in.headers = headers
        answer = signed_in("PUT", ONE, {"status": "done"})

        assert (answer.status_code, error_of(answer)["code"]) == (403, "wrong_origin")
        assert vault.records() == []

    def test_signing_in_with_a_token_and_out(self, client: Client) -> None:
        client.headers = {"X-Loop": "1", "Origin": ORIGIN}
        assert client("POST", "/sign-in", {"token": "nobody"}).status_code == 401
        assert client("POST", "/sign-in", {"token": "reader"}).status_code == 200
        assert client("GET", ONE).status_code == 200
        client.headers = {}
        assert client("POST", "/api/sign-out", {}).status_code == 403
        client.headers = {"X-Loop": "1", "Origin": ORIGIN}
        assert client("POST", "/api/sign-out", {}).status_code == 200
        assert client("GET", ONE).status_code == 401


class TestHost:
    @pytest.mark.parametrize(
        "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::2]"]
    )
    def test_another_name_is_refused(self, client: Client, host: str) -> None:
        answer = client("GET", ONE, host=host)

        assert (answer.status_code, error_of(answer)["code"]) == (421, "wrong_host")

    @pytest.mark.parametrize(
        "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8081", "notes.example"]
    )
    def test_its_own_and_listed_ones_are_not(self, local: Callable[..., Client], host: str) -> None:
        client = local(names=("notes.example",))

        assert client("GET", ONE, host=host).status_code == 200

    def test_what_a_proxy_says_counts_if_it_is_named(self, local: Callable[..., Client]) -> None:
        said = {
            "X-Forwarded-Host": "notes.example", "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "9.9.9.9, 10.0.0.1",
        }  # fmt: skip
        ours = local(names=("notes.example",), proxies=("testclient",))
        ours.http.get("/sign-in?key=once", headers=said)
        ours.headers = {**said, **BROWSER, "X-Loop": "1", "Origin": "https://notes.example"}
        assert ours.update({"status": "doing"}).status_code == 200

        theirs = local(names=("notes.example",))
        theirs.http.get("/sign-in?key=once", headers=said)
        theirs.headers = dict(ours.headers)
        assert theirs.put({"status": "done"}).status_code == 403


class TestBody:
    @pytest.mark.parametrize(
        "given", ["{", "[1]", "null", "1", '{"a": 1, "a": 2}', '{"a": NaN}', '"x"']
    )
    def test_what_is_no_object_of_json_is_400(self, client: Client, given: str) -> None:
        answer = self.send(client, given.encode())

        assert (answer.status_code, error_of(answer)["code"]) == (400, "usage")

    @pytest.mark.parametrize("given", [b"\xff", b'{"status": "\xff"}'])
    def test_what_is_no_text_is_400(self, client: Client, given: bytes) -> None:
        assert self.send(client, given).status_code == 400

    @pytest.mark.parametrize(
        "given",
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "json",
            "text/json+json",
        ],
    )
    def test_another_content_type_is_415(self, client: Client, given: str) -> None:
        answer = self.send(client, b"{}", given)

        assert (answer.status_code, error_of(answer)["code"]) == (415, "media_type")

    @pytest.mark.parametrize(
        "given", ["application/json; charset=utf-8", "application/merge-patch+json"]
    )
    def test_json_by_another_name_is_taken(self, client: Client, given: str) -> None:
        assert self.send(client, b"{}", given).status_code == 428

    def test_too_long_a_one_is_413_whether_it_says_so_or_not(self, client: Client) -> None:
        long = b'{"notes": "' + b"x" * (1 << 20) + b'"}'
        assert error_of(self.send(client, long))["code"] == "too_large"

        def parts() -> Any:
            for start in range(0, len(long), 1 << 16):
                yield long[start : start + (1 << 16)]

        assert self.send(client, parts()).status_code == 413

    def test_apply_takes_more(self, local: Callable[..., Client]) -> None:
        client = local(longest_apply=4_000)
        headers = {**client.headers, "content-type": "application/x-ndjson"}
        line = b'{"id": "x", "set": {"a": 1}}\n'
        few = client.http.post("/api/apply", content=line * 100, headers=headers)
        many = client.http.post("/api/apply", content=line * 200, headers=headers)

        assert (few.status_code, many.status_code) == (200, 413)

    @pytest.mark.parametrize("depth", [1_000, 100_000])
    def test_a_deep_one_is_refused(self, client: Client, depth: int) -> None:
        answer = self.send(client, b'{"a":' * depth + b"1" + b"}" * depth)

        assert answer.status_code in (400, 422)
        error_of(answer)

    def send(self, client: Client, content: Any, kind: str = "application/json") -> Any:
        headers = {**client.headers, "content-type": kind}
        return client.http.put(ONE, content=content, headers=headers)


class TestErrors:
    def test_no_such_route_and_wrong_methods(self, client: Client) -> None:
        for method, path, status in (
            ("GET", "/nowhere", 404), ("GET", "/api/nowhere", 404), ("GET", "/api", 404),
            ("POST", "/health", 405), ("PUT", "/api/tasks", 405), ("PATCH", "/api/tasks", 405),
            ("POST", "/api/search", 405), ("PUT", "/api/entities/x", 405), ("DELETE", "/api", 404),
        ):  # fmt: skip
            answer = client(method, path)
            assert answer.status_code == status, (method, path, answer.text)
            error_of(answer)

    def test_as_a_problem_where_that_is_asked_for(self, client: Client) -> None:
        plain = client.put({"status": "done"})
        problem = client.put({"status": "done"}, accept="application/problem+json")

        assert plain.headers["content-type"] == "application/json"
        assert problem.headers["content-type"] == "application/problem+json"
        assert problem.json() == {
            "type": "urn:loop:error:precondition_required", "title": "Precondition Required",
            **plain.json(),
        }  # fmt: skip

    def test_a_defect_shows_no_traceback_and_serves_on(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from loop_cli.operations.local import LocalOperations

        def broken(*_given: Any, **_more: Any) -> Any:
            raise ZeroDivisionError("secret")

        with monkeypatch.context() as patched:
            patched.setattr(LocalOperations, "get", broken)
            answer = client("GET", ONE)
        assert (answer.status_code, error_of(answer)["code"]) == (500, "internal")
        assert "secret" not in answer.text
        assert client("GET", ONE).status_code == 200

    def test_pages_of_other_sites_may_ask_if_listed(self, local: Callable[..., Client]) -> None:
        client = local(origins=("https://app.example",))
        asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT",
                 "Access-Control-Request-Headers": "authorization,if-match"}  # fmt: skip
        allowed = client.http.options(ONE, headers=asked)
        refused = client.http.options(ONE, headers={**asked, "Origin": "https://evil.example"})

        assert allowed.headers["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-origin" not in refused.headers
        answer = client("GET", "/api/tasks/no", origin="https://app.example")
        assert answer.headers["access-control-allow-origin"] == "https://app.example"


class TestWords:
    def test_http_has_words_for_what_the_command_line_has(self) -> None:
        assert set(spelling._WORDS) == set(hints._WORDS)
        assert set(spelling._EXAMPLES) == set(hints._EXAMPLES)

    def test_no_option_of_the_command_line_is_in_them(self) -> None:
        """Commands are for the owner of the server, and are in quotes."""
        texts = [
            node.value
            for node in ast.walk(ast.parse((SERVER / "spelling.py").read_bytes()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]

        for text in texts:
            assert "--if-match" not in text
            assert text.startswith(("'loop", '"')) or not text.startswith("loop ")


def test_options_have_sane_bounds() -> None:
    options = Options()

    assert options.host == "127.0.0.1"
    assert options.longest_body == 1 << 20
    assert options.longest_apply == 16 << 20
    assert not options.unconditional
