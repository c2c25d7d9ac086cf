"""Addresses of servers, and which of them are safe; tokens that are kept for them."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.errors import StorageError, UsageError
from loop_cli.remote import address, credentials
from loop_cli.remote.credentials import Credentials


class TestAddress:
    @pytest.mark.parametrize(
        ("given", "url", "host", "port", "base"),
        [
            ("https://notes.example", "https://notes.example", "notes.example", 443, ""),
            ("HTTPS://Notes.Example:443/", "https://notes.example", "notes.example", 443, ""),
            ("https://a.b:8443/loop//", "https://a.b:8443/loop", "a.b", 8443, "/loop"),
            ("http://localhost:8081", "http://localhost:8081", "localhost", 8081, ""),
            ("http://127.0.0.1", "http://127.0.0.1", "127.0.0.1", 80, ""),
            ("http://[::1]:8081", "http://[::1]:8081", "::1", 8081, ""),
        ],
    )
    def test_its_parts(self, given: str, url: str, host: str, port: int, base: str) -> None:
        found = address.parse(given)

        assert (found.url, found.host, found.port, found.base) == (url, host, port, base)
        assert address.parse(found.url) == found

    @pytest.mark.parametrize(
        "given",
        [
            "", "notes.example", "ftp://a.b", "https://", "https:///x", "https://a b", "//a.b",
            "https://user:pw@a.b", "https://a.b/?x=1", "https://a.b/#x", "https://a.b:0",
            "https://a.b:65536", "https://a.b:x", "https://한글.kr", "https://a.b\n", "file:///etc",
        ],
    )  # fmt: skip
    def test_what_is_none(self, given: str) -> None:
        with pytest.raises(UsageError, match="is no address of a server"):
            address.parse(given)

    @pytest.mark.parametrize(
        "given",
        ["http://notes.example", "http://10.0.0.1:8081", "http://127.0.0.1.evil.example",
         "http://localhost.evil.example", "http://1270.0.0.1", "http://[::2]", "http://127.1"],
    )  # fmt: skip
    def test_no_secret_goes_to_another_machine_in_the_clear(self, given: str) -> None:
        with pytest.raises(UsageError, match="not encrypted"):
            address.parse(given)
        assert address.parse(given, allow_http=True).scheme == "http"

    @given(st.text(max_size=40))
    def test_any_text_is_an_address_or_an_error_in_words(self, text: str) -> None:
        for prefix in ("", "http://", "https://"):
            try:
                found = address.parse(prefix + text)
            except UsageError:
                continue
            assert found.is_loopback or found.scheme == "https"
            assert found.url.isascii()
            assert 0 < found.port < 65536


class TestCredentials:
    @pytest.fixture
    def kept(self, tmp_path: Path) -> Credentials:
        return Credentials(str(tmp_path / "loop" / "credentials.json"))

    def test_each_server_has_its_own(self, kept: Credentials) -> None:
        kept.keep("https://a.example", "one")
        kept.keep("https://b.example", "two")
        kept.keep("https://a.example", "three")

        assert kept.servers() == {"https://a.example": "three", "https://b.example": "two"}
        assert stat.S_IMODE(os.stat(kept.path).st_mode) == 0o600

    def test_one_is_forgotten_or_all(self, kept: Credentials) -> None:
        for name in "abc":
            kept.keep(f"https://{name}.example", "secret")

        assert kept.forget("https://a.example") == ["https://a.example"]
        assert kept.forget("https://a.example") == []
        assert kept.forget(None) == ["https://b.example", "https://c.example"]
        assert kept.servers() == {}

    def test_none_are_kept_before_the_first(self, kept: Credentials) -> None:
        assert kept.servers() == {}
        assert kept.forget(None) == []
        assert not os.path.exists(kept.path)

    def test_several_that_sign_in_at_once_are_all_kept(self, kept: Credentials) -> None:
        urls = [f"https://{number}.example" for number in range(20)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda url: kept.keep(url, "secret"), urls))

        assert {*kept.servers()} == {*urls}

    def test_a_file_that_others_can_read_is_refused(self, kept: Credentials) -> None:
        kept.keep("https://a.example", "secret")
        os.chmod(kept.path, 0o644)

        with pytest.raises(StorageError, match="can be read or written by others"):
            kept.servers()

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"servers": {"a": {}}}', '{"servers": {"a": {"token": "b c"}}}']
    )
    def test_a_damaged_file_is_an_error_in_words(self, kept: Credentials, text: str) -> None:
        kept.keep("https://a.example", "secret")
        Path(kept.path).write_text(text)

        with pytest.raises(StorageError, match="is damaged"):
            kept.servers()
        assert Path(kept.path).read_text() == text

    def test_the_environment_goes_before_the_file(self, tmp_path: Path) -> None:
        environ = {"XDG_CONFIG_HOME": str(tmp_path)}
        credentials.opened(environ).keep("https://a.example", "kept")
        url = "https://a.example"

        found = credentials.of_server(url, environ)
        assert found is not None
        assert (found.token, found.origin) == ("kept", str(tmp_path / "loop/credentials.json"))
        given = credentials.of_server(url, {**environ, "LOOP_API_TOKEN": "given"})
        assert given is not None
        assert (given.token, given.origin) == ("given", "LOOP_API_TOKEN")
        assert credentials.of_server("https://b.example", environ) is None
        with pytest.raises(UsageError, match="LOOP_API_TOKEN"):
            credentials.of_server(url, {**environ, "LOOP_API_TOKEN": "비밀"})
