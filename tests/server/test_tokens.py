"""Tokens: who a request is from. The file, the environment, browsers that are signed in."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.errors import EntityNotFound, StorageError, UsageError
from loop_cli.server import tokens
from loop_cli.server.tokens import Sessions, Token, TokenFile, Tokens

N8N = Token(name="n8n", actor="api:n8n", source="api", role="write")
KIM = Token(name="김은향의 노트북", actor="user:김은향", source="ui", role="read")


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(str(tmp_path / "config" / "loop" / "tokens.json"))


class Time:
    """Seconds that pass only when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class TestFile:
    def test_a_secret_is_found_as_its_token(self, file: TokenFile) -> None:
        secrets = [file.add(one) for one in (N8N, KIM)]
        found = [Tokens(file.path).find(secret) for secret in secrets]

        assert [one and (one.name, one.actor, one.source, one.role) for one in found] == [
            ("n8n", "api:n8n", "api", "write"),
            ("김은향의 노트북", "user:김은향", "ui", "read"),
        ]
        assert [one and one.may_write for one in found] == [True, False]

    def test_only_the_hash_of_a_secret_is_kept(self, file: TokenFile) -> None:
        secret = file.add(N8N)

        assert secret.encode() not in Path(file.path).read_bytes()
        assert len(secret) > 40
        assert file.add(KIM) != secret

    def test_the_file_is_for_its_user_alone_whatever_the_umask(self, file: TokenFile) -> None:
        before = os.umask(0)
        try:
            file.add(N8N)
        finally:
            os.umask(before)

        assert stat.S_IMODE(os.stat(file.path).st_mode) == 0o600
        assert stat.S_IMODE(os.stat(os.path.dirname(file.path)).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(file.path + ".lock").st_mode) & 0o077 == 0

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o610])
    def test_a_file_that_others_have_rights_to_is_refused(self, file: TokenFile, mode: int) -> None:
        secret = file.add(N8N)
        os.chmod(file.path, mode)

        for refused in (file.read, lambda: Tokens(file.path).find(secret), lambda: file.add(KIM)):
            with pytest.raises(StorageError, match="can be read or written by others") as raised:
                refused()
            assert f"chmod 600 {file.path}" in str(raised.value.hint)

    def test_a_server_refuses_it_as_soon_as_others_have_rights(self, file: TokenFile) -> None:
        secret = file.add(N8N)
        known = Tokens(file.path)
        assert known.find(secret)

        os.chmod(file.path, 0o644)
        with pytest.raises(StorageError):
            known.find(secret)
        os.chmod(file.path, 0o600)
        assert known.find(secret)

    def test_a_link_in_its_place_is_not_followed(self, file: TokenFile, tmp_path: Path) -> None:
        file.add(N8N)
        elsewhere = tmp_path / "elsewhere.json"
        os.rename(file.path, elsewhere)
        os.symlink(elsewhere, file.path)

        with pytest.raises(StorageError):
            file.read()

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "{}",
            "null",
            '{"tokens": null}',
            '{"tokens": ["a"]}',
            '{"tokens": [{"name": "a"}]}',
            '{"tokens": [{"name": "a", "actor": "api:a", "source": "cli", "role": "write"}]}',
            '{"tokens": [{"name": "a", "actor": "api:a", "source": "cli", "role": "root", '
            '"sha256": "00"}]}',
            "[" * 100_000,
        ],
    )
    def test_a_damaged_file_is_an_error_and_stays_as_it_is(
        self, file: TokenFile, text: str
    ) -> None:
        file.add(N8N)
        with open(file.path, "w") as opened:
            opened.write(text)

        for use in (file.read, lambda: file.add(KIM), lambda: file.revoke("n8n")):
            with pytest.raises(StorageError, match="is damaged"):
                use()
        assert Path(file.path).read_text() == text

    def test_what_a_later_version_wrote_besides_is_kept(self, file: TokenFile) -> None:
        file.add(N8N)
        with open(file.path) as opened:
            data = json.load(opened)
        data["tokens"][0]["expires"] = "2027-01-01"
        with open(file.path, "w") as opened:
            json.dump(data, opened)

        file.add(KIM)

        with open(file.path) as opened:
            assert json.load(opened)["tokens"][0]["expires"] == "2027-01-01"

    def test_no_file_is_no_tokens(self, file: TokenFile) -> None:
        assert file.read() == []
        assert Tokens(file.path).find("x") is None

    def test_a_name_is_taken_once(self, file: TokenFile) -> None:
        file.add(N8N)

        with pytest.raises(UsageError, match="already"):
            file.add(N8N)
        assert len(file.read()) == 1

    def test_a_name_is_the_same_composed_and_decomposed(self, file: TokenFile) -> None:
        file.add(N8N.replace(name=unicodedata.normalize("NFD", "한글")))

        assert file.revoke("한글").name == "한글"
        assert file.read() == []

    def test_what_is_not_there_is_not_revoked(self, file: TokenFile) -> None:
        file.add(N8N)

        with pytest.raises(EntityNotFound, match="did you mean n8n"):
            file.revoke("n8m")
        assert len(file.read()) == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": ""},
            {"name": "a\nb"},
            {"name": "x" * 101},
            {"actor": "kim"},
            {"actor": "user:"},
            {"actor": "root:kim"},
            {"actor": "user:a\x1b[2J"},
            {"source": "web"},
            {"role": "admin"},
        ],
    )
    def test_what_can_not_be_a_token_is_refused(
        self, file: TokenFile, wrong: dict[str, str]
    ) -> None:
        with pytest.raises(UsageError):
            file.add(N8N.replace(**wrong))
        assert not os.path.exists(file.path)


class TestChanges:
    def test_a_running_server_sees_what_is_added_and_revoked(self, file: TokenFile) -> None:
        known = Tokens(file.path)
        first = file.add(N8N)
        assert known.find(first)
        second = file.add(KIM)
        assert known.find(second)

        file.revoke("n8n")

        assert known.find(first) is None
        assert known.find(second)
        os.unlink(file.path)
        assert known.find(second) is None

    @given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcde")), max_size=12))
    def test_at_any_time_exactly_those_added_and_not_revoked_are_found(
        self, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, str]]
    ) -> None:
        file = TokenFile(str(tmp_path_factory.mktemp("any") / "tokens.json"))
        server = Tokens(file.path)
        live: dict[str, str] = {}
        ended: list[str] = []
        for adds, name in steps:
            if adds and name not in live:
                live[name] = file.add(N8N.replace(name=name))
            elif not adds and name in live:
                file.revoke(name)
                ended.append(live.pop(name))
            found = {name: server.find(secret) for name, secret in live.items()}
            assert {name: one and one.name for name, one in found.items()} == {n: n for n in live}
            assert [one for one in ended if server.find(one)] == []
            assert server.count() == len(live)

    @given(st.text(max_size=60))
    def test_no_other_text_is_a_secret(
        self, tmp_path_factory: pytest.TempPathFactory, text: str
    ) -> None:
        file = TokenFile(str(tmp_path_factory.mktemp("any") / "tokens.json"))
        secret = file.add(N8N)
        server = Tokens(file.path)

        for wrong in (text, secret + text if text else "", secret[:-1], secret.upper()):
            assert server.find(wrong) is None
        with open(file.path) as opened:
            assert server.find(json.load(opened)["tokens"][0]["sha256"]) is None


class TestAtOnce:
    ADD = (
        "import sys; from loop_cli.server.tokens import Token, TokenFile\n"
        "file = TokenFile(sys.argv[1])\n"
        "for number in range(10):\n"
        "    print(file.add(Token(name=f'{sys.argv[2]}{number}', actor='api:x', source='api',"
        " role='read')))\n"
    )

    def test_processes_that_add_at_once_lose_nothing(self, file: TokenFile) -> None:
        running = [
            subprocess.Popen(
                [sys.executable, "-c", self.ADD, file.path, name], stdout=subprocess.PIPE
            )
            for name in "abcd"
        ]
        printed = [one.communicate(timeout=60)[0].decode().split() for one in running]

        server = Tokens(file.path)
        assert [one.returncode for one in running] == [0] * 4
        assert {one.name for _digest, one in file.read()} == {
            f"{name}{number}" for name in "abcd" for number in range(10)
        }
        assert all(server.find(secret) for secrets in printed for secret in secrets)
        assert not os.path.exists(file.path + ".new")

    def test_threads_that_look_while_it_changes_see_what_stays(self, file: TokenFile) -> None:
        secret = file.add(KIM)
        server, ends, seen = Tokens(file.path), threading.Event(), []

        def look() -> None:
            while not ends.is_set():
                seen.append(server.find(secret))

        threads = [threading.Thread(target=look) for _one in range(4)]
        for one in threads:
            one.start()
        for _one in range(20):
            file.add(N8N)
            file.revoke("n8n")
        ends.set()
        for one in threads:
            one.join()

        assert len(seen) > 20
        assert None not in seen

    def test_what_a_killed_process_left_is_no_obstacle(self, file: TokenFile) -> None:
        file.add(N8N)
        with open(file.path + ".new", "w") as left:
            left.write("half of")

        file.add(KIM)

        assert len(file.read()) == 2


class TestEnvironment:
    def test_it_is_one_more_token_that_may_write(self, file: TokenFile) -> None:
        token = Tokens(file.path, environment="s3cret").find("s3cret")

        assert token is not None
        assert (token.actor, token.source, token.role) == ("api:token", "api", "write")

    def test_an_empty_one_is_none(self, file: TokenFile) -> None:
        assert tokens.of_environment({"LOOP_API_TOKEN": ""}) is None
        assert Tokens(file.path, environment=tokens.of_environment({})).find("") is None

    @pytest.mark.parametrize("secret", ["a b", "비밀", "a\n", "\x7f"])
    def test_one_that_no_header_carries_is_refused(self, secret: str) -> None:
        with pytest.raises(UsageError, match="LOOP_API_TOKEN"):
            tokens.of_environment({"LOOP_API_TOKEN": secret})


class TestSessions:
    @pytest.fixture
    def time(self) -> Time:
        return Time()

    @pytest.fixture
    def sessions(self, time: Time) -> Sessions:
        return Sessions("user:개발팀", clock=time)

    def test_a_key_signs_in_as_the_systems_user(self, sessions: Sessions, file: TokenFile) -> None:
        server = Tokens(file.path, sessions=sessions)
        cookie = server.sign_in(sessions.new_key())

        assert cookie is not None
        token = server.of_session(cookie)
        assert token is not None
        assert (token.actor, token.source, token.role) == ("user:개발팀", "ui", "write")
        assert server.find(cookie) is None  # a cookie is no token

    def test_a_key_is_good_once(self, sessions: Sessions) -> None:
        key = sessions.new_key()

        assert sessions.sign_in(key) is not None
        assert sessions.sign_in(key) is None

    def test_of_many_who_use_a_key_at_once_one_comes_in(self, sessions: Sessions) -> None:
        key, cookies = sessions.new_key(), list[str | None]()
        threads = [
            threading.Thread(target=lambda: cookies.append(sessions.sign_in(key)))
            for _one in range(16)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

        assert len(cookies) == 16
        assert len([one for one in cookies if one is not None]) == 1

    @pytest.mark.parametrize(("seconds", "good"), [(599, True), (600, False), (10**6, False)])
    def test_a_key_is_good_for_ten_minutes(
        self, sessions: Sessions, time: Time, seconds: int, good: bool
    ) -> None:
        key = sessions.new_key()
        time.now += seconds

        assert (sessions.sign_in(key) is not None) is good

    def test_a_session_ends_when_it_was_not_used_for_long(
        self, sessions: Sessions, time: Time
    ) -> None:
        cookie = sessions.sign_in(sessions.new_key()) or ""
        for _use in range(3):
            time.now += tokens.SESSION_SECONDS - 1
            assert sessions.find(cookie)
        time.now += tokens.SESSION_SECONDS

        assert sessions.find(cookie) is None

    def test_a_browser_can_sign_out(self, sessions: Sessions) -> None:
        cookie = sessions.sign_in(sessions.new_key()) or ""
        sessions.end(cookie)

        assert sessions.find(cookie) is None

    def test_a_session_ends_with_the_token_that_began_it(
        self, sessions: Sessions, file: TokenFile
    ) -> None:
        server = Tokens(file.path, sessions=sessions)
        cookie = server.sign_in_with(file.add(KIM)) or ""
        token = server.of_session(cookie)
        assert token is not None
        assert (token.actor, token.source, token.role) == ("user:김은향", "ui", "read")

        file.revoke(KIM.name)

        assert server.of_session(cookie) is None
        assert server.sign_in_with("wrong") is None

    @given(st.text(max_size=50))
    def test_no_other_text_is_a_key_or_a_cookie(self, text: str) -> None:
        sessions = Sessions("user:개발팀")
        sessions.sign_in(sessions.new_key())
        sessions.new_key()

        assert sessions.sign_in(text) is None
        assert sessions.find(text) is None

    def test_what_is_kept_in_memory_is_bounded(self, sessions: Sessions) -> None:
        cookies = [sessions.begin(KIM) for _one in range(1500)]
        first = cookies[500]
        assert sessions.find(cookies[0]) is None

        assert sessions.find(first)  # used, so it outlives those that were not
        for _one in range(999):
            sessions.begin(KIM)
        assert sessions.find(first)
        assert sessions.find(cookies[501]) is None
