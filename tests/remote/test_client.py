"""Requests to a server: what is known where it is gone, breaks off, or answers something else."""

from __future__ import annotations

import json
import socket

import pytest

from loop_cli.errors import ConflictError, InvalidChange, InvalidFile, LoopError
from loop_cli.failures import (
    AnswerLost,
    BadAnswer,
    NotAllowed,
    NotSignedIn,
    Unreachable,
    VaultLocked,
)
from loop_cli.remote import address, answers
from loop_cli.remote.client import Client
from tests.remote.canned import Asked, answer, serving

RUN = "5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f"
DONE = answer('{"changed": true, "text": "한글"}')


def client(url: str, token: str | None = "secret") -> Client:
    return Client(address.parse(url), token=token, run_id=lambda: RUN)


def change(one: Client) -> object:
    return one.ask("PATCH", "/api/entities/a", body=b"{}", changes=True).json()


class TestRequests:
    def test_a_read_brings_the_token_and_no_key(self) -> None:
        with serving(lambda _asked: DONE) as server:
            found = client(server.url + "/base/").ask(
                "GET", "/x", query=[("q", "가 &"), ("q", "b")]
            )

        assert found.json() == {"changed": True, "text": "한글"}
        (asked,) = server.asked
        assert asked.target == "/base/x?q=%EA%B0%80%20%26&q=b"
        assert asked.headers["authorization"] == "Bearer secret"
        assert "idempotency-key" not in asked.headers
        assert "x-run-id" not in asked.headers

    def test_a_change_brings_its_run_and_a_key_of_its_own(self) -> None:
        with serving(lambda _asked: DONE) as server:
            one = client(server.url)
            change(one)
            change(one)

        keys = [asked.headers["idempotency-key"] for asked in server.asked]
        assert len({*keys}) == len(keys) == 2
        assert {asked.headers["x-run-id"] for asked in server.asked} == {RUN}
        assert {asked.headers["content-type"] for asked in server.asked} == {"application/json"}


class TestBrokenOff:
    @pytest.mark.parametrize("cut", range(len(DONE)))
    def test_an_answer_cut_anywhere_is_asked_for_again_under_the_same_key(self, cut: int) -> None:
        replies = iter([DONE[:cut], DONE])
        with serving(lambda _asked: next(replies)) as server:
            assert change(client(server.url)) == {"changed": True, "text": "한글"}

        first, second = server.asked
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
        assert (first.method, first.target, first.body) == (
            second.method,
            second.target,
            second.body,
        )

    @pytest.mark.parametrize("cut", [0, 12, len(DONE) - 1])
    def test_where_no_answer_comes_the_change_may_have_landed(self, cut: int) -> None:
        with serving(lambda _asked: DONE[:cut]) as server:
            with pytest.raises(AnswerLost, match="may have landed") as raised:
                change(client(server.url))
            assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 1

        assert raised.value.exit_code == 1
        assert RUN in str(raised.value.hint)
        assert raised.value.details == {"run_id": RUN}

    def test_what_has_no_key_is_sent_once(self) -> None:
        with serving(lambda _asked: b"") as server:
            with pytest.raises(AnswerLost, match="may have landed"):
                client(server.url).ask("POST", "/api/apply", body=b"", changes=True, keyed=False)

            assert len(server.asked) == 1
            assert "idempotency-key" not in server.asked[0].headers

    def test_a_read_that_gets_no_answer_changed_nothing(self) -> None:
        with (
            serving(lambda _asked: DONE[:-1]) as server,
            pytest.raises(AnswerLost, match="nothing was changed"),
        ):
            client(server.url).ask("GET", "/x")

    def test_a_server_that_is_gone_was_not_reached(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]

        with pytest.raises(Unreachable, match="not reached: connection refused; nothing was"):
            change(client(f"http://127.0.0.1:{port}"))

    def test_a_server_that_goes_after_it_was_asked_may_have_changed_it(self) -> None:
        """It takes the request, and is gone when the client comes back."""
        listening = socket.create_server(("127.0.0.1", 0))

        def reply(_asked: Asked) -> bytes:
            listening.close()
            return b""

        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        import threading

        def once() -> None:
            connection, _peer = listening.accept()
            connection.recv(65536)
            listening.close()
            connection.close()

        thread = threading.Thread(target=once)
        thread.start()
        with pytest.raises(AnswerLost, match="may have landed"):
            change(client(url))
        thread.join()

    def test_a_name_that_is_none(self) -> None:
        with pytest.raises(Unreachable):
            client("http://localhost:1").ask("GET", "/x")


class TestAnswers:
    def raised(self, body: object, status: str) -> LoopError:
        text = body if isinstance(body, str) else json.dumps(body)
        with serving(lambda _asked: answer(text, status=status)) as server:
            found = client(server.url).ask("GET", "/x")
            with pytest.raises(LoopError) as raised:
                answers.document(found)
        return raised.value

    def error(self, code: str, **more: object) -> dict[str, object]:
        return {
            "error": "words",
            "code": code,
            "retryable": False,
            "hint": None,
            "success": False,
            "status": 400,
            "message": "words",
            "detail": "words",
            **more,
        }

    def test_an_error_is_that_which_was_raised_there(self) -> None:
        body = self.error("invalid_change", entity_id="a", problems=[{"field": "x"}])
        error = self.raised(body, "422 Unprocessable Entity")

        assert isinstance(error, InvalidChange)
        assert error.as_dict() == {
            "error": "words",
            "entity_id": "a",
            "problems": [{"field": "x"}],
            "code": "invalid_change",
            "retryable": False,
            "hint": None,
        }
        assert error.exit_code == 6

    def test_of_each_kind(self) -> None:
        for code, kind in (("locked", VaultLocked), ("invalid_change", InvalidChange)):
            assert type(self.raised(self.error(code), "500 X")) is kind
        broken = self.raised(self.error("invalid_file", path="a.md", line=3, reason="no"), "422 X")
        assert isinstance(broken, InvalidFile)
        assert broken.details == {"path": "a.md", "line": 3, "reason": "no"}

    def test_an_action_is_said_in_the_words_of_this_door(self) -> None:
        from loop_cli.cli import hints

        body = self.error("precondition_required", hint="GET", action={"action": "check"})
        body["error_parts"] = ["say ", {"action": "verify_log"}]
        error = self.raised(body, "428 X")

        assert hints.spelled(error.hint) == "loop check"
        assert hints.spelled(error.message) == "say loop audit verify"

    def test_an_action_of_a_newer_server_is_said_by_its_name(self) -> None:
        from loop_cli.cli import hints

        error = self.raised(self.error("usage", action={"action": "do_it_so", "of": 1}), "400 X")
        assert hints.spelled(error.hint) == "do it so"

    def test_a_conflict_has_all_that_is_needed_to_decide(self) -> None:
        field = {
            "field": "status",
            "base": "todo",
            "base_known": True,
            "current": "doing",
            "requested": "done",
            "wanted": True,
            "overlap": True,
        }
        changes = [
            {
                "run_id": RUN,
                "timestamp": "2026-01-09T14:35:10.123456Z",
                "actor": "user:김은향",
                "source": "ui",
                "modified_fields": ["status"],
            }
        ]
        body = self.error(
            "conflict",
            entity_id="tsk-1",
            path="a.md",
            reason="etag_changed",
            current_updated_at="2026-01-09T14:35:10.123456Z",
            expected_updated_at=None,
            current_etag="9f2c51d0a7b3e4f8",
            expected_etag="1111111111111111",
            fields=[field],
            changes=changes,
        )
        for status in ("409 Conflict", "412 Precondition Failed"):
            error = self.raised(body, status)
            assert isinstance(error, ConflictError)
            told = error.as_dict()
            assert told["fields"] == [field]
            assert told["changes"] == changes
            assert told["current_etag"] == "9f2c51d0a7b3e4f8"
            assert error.conflict.overlaps

    def test_who_is_not_known_and_who_may_not(self) -> None:
        assert isinstance(self.raised(self.error("unauthorized"), "401 X"), NotSignedIn)
        error = self.raised(self.error("forbidden"), "403 Forbidden")
        assert isinstance(error, NotAllowed)
        assert error.message == "words"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ("<html>", "200 OK"),
            ("<html>", "404 Not Found"),
            ("{}", "500 X"),
            ("[]", "500 X"),
            ('{"error": 1}', "418 X"),
            ("", "302 Found"),
            ('{"error": "a", "code": "conflict"}', "409 X"),
            ('{"error": "a", "code": "conflict", "fields": [1], "changes": []}', "409 X"),
        ],
    )
    def test_what_is_no_answer_of_a_server_of_loop(self, body: str, status: str) -> None:
        assert isinstance(self.raised(body, status), BadAnswer)

    def test_a_proxy_without_its_server(self) -> None:
        assert isinstance(self.raised("<html>", "502 Bad Gateway"), Unreachable)
